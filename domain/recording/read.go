package recording

import (
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"tapedeck/domain/job"
)

// Bounds of a document that comes from outside.
const (
	MaxDocument = 64 << 20 // bytes
	MaxSecrets  = 100
	maxDepth    = 32
)

// ReadDocument reads recording.json strictly: no unknown, repeated or mistyped member, no bytes that are not UTF-8, and
// nothing that recording.schema.json does not allow. It fails with a *job.InvalidError; each fault's path is the place
// in the document.
func ReadDocument(raw []byte) (Document, error) {
	if len(raw) > MaxDocument {
		return Document{}, invalid(one("", "at most %d bytes", MaxDocument))
	}
	if deeper(raw, maxDepth) {
		return Document{}, invalid(one("", "nested too deeply"))
	}
	var d Document
	if err := json.Unmarshal(raw, &d, json.RejectUnknownMembers(true)); err != nil {
		return Document{}, invalid(parsing(err))
	}
	if err := invalid(d.Check()); err != nil {
		return Document{}, err
	}
	return d, nil
}

func one(path, format string, args ...any) []job.Fault {
	return []job.Fault{{Path: path, Message: fmt.Sprintf(format, args...)}}
}

// parsing says where bytes are no document.
func parsing(err error) []job.Fault {
	var semantic *json.SemanticError
	var syntactic *jsontext.SyntacticError
	switch {
	case errors.As(err, &syntactic):
		return one(place(syntactic.JSONPointer), "not valid JSON: %s", cause(syntactic.Err, "it ends too early"))
	case errors.Is(err, json.ErrUnknownName) && errors.As(err, &semantic):
		return one(place(semantic.JSONPointer), "unknown member")
	case errors.As(err, &semantic):
		return one(place(semantic.JSONPointer), "%s", cause(semantic.Err, "wrong type"))
	}
	return one("", "not valid JSON")
}

func place(p jsontext.Pointer) string { return strings.TrimPrefix(string(p), "/") }

func cause(err error, otherwise string) string {
	if err == nil {
		return otherwise
	}
	return strings.TrimPrefix(strings.TrimPrefix(err.Error(), "jsontext: "), "json: ")
}

// deeper says whether brackets outside of strings are nested deeper than limit, before anything is parsed.
func deeper(raw []byte, limit int) bool {
	depth, inString := 0, false
	for i := 0; i < len(raw); i++ {
		switch b := raw[i]; {
		case inString && b == '\\':
			i++
		case b == '"':
			inString = !inString
		case inString:
		case b == '{', b == '[':
			if depth++; depth > limit {
				return true
			}
		case b == '}', b == ']':
			depth--
		}
	}
	return false
}

// Check returns all that is wrong with a document.
func (d Document) Check() []job.Fault {
	c := &checker{}
	c.want(d.Format == Format, "format", "this build reads %q", Format)
	c.want(len(d.ID) <= 64, "recordingId", "at most 64 bytes")
	c.want(len(d.Project) <= MaxName, "project", "at most %d bytes", MaxName)
	c.want(len(d.URL) <= MaxText, "url", "at most %d bytes", MaxText)
	c.want(len(d.Browser) <= MaxName, "browser", "at most %d bytes", MaxName)
	c.want(d.Viewport == Size{} || d.Viewport.fits(), "viewport", "want 1 to %d pixels each way", maxPixels)
	c.want(len(d.Secrets) <= MaxSecrets, "secrets", "at most %d", MaxSecrets)
	for i, name := range d.Secrets {
		c.want(name != "" && len(name) <= MaxName, fmt.Sprintf("secrets/%d", i), "want 1 to %d bytes", MaxName)
	}
	c.faults = append(c.faults, checkName(d.Name)...)
	c.faults = append(c.faults, checkFolder(d.Folder)...)
	c.faults = append(c.faults, checkVariables(d.Variables)...)
	c.faults = append(c.faults, checkSteps(d.Steps)...)
	return c.faults
}

// maxFaults is how many faults of steps are listed: nobody reads thousands.
const maxFaults = 100

func checkSteps(steps []Step) []job.Fault {
	if len(steps) > MaxSteps {
		return one("steps", "at most %d", MaxSteps)
	}
	var faults []job.Fault
	first := map[string]int{}
	for i, s := range steps {
		path := fmt.Sprintf("steps/%d", i)
		if j, there := first[s.ID]; there && s.ID != "" {
			faults = append(faults, one(path+"/id", "the same as of steps/%d", j)...)
		} else {
			first[s.ID] = i
		}
		faults = append(faults, s.check(path)...)
		if len(faults) > maxFaults {
			return faults[:maxFaults]
		}
	}
	return faults
}
