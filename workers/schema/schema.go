// Package schema derives the JSON Schema of a job kind's input from its Go type and decodes input
// strictly against both.
//
// A field's tags say what its type cannot: `title`, `doc` (description), `min`, `max` (numbers),
// `minlen`, `maxlen` (strings in characters, arrays in items), `enum` (comma-separated), `pattern`,
// `format` and `required:"true"`. The defaults are the prototype's own values.
package schema

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"tapedeck/domain/job"
)

// Schema is the input of one kind. It is safe for concurrent use.
type Schema[T any] struct {
	prototype T
	raw       jsontext.Value
	compiled  *jsonschema.Schema
	emptyFits bool
}

// Of derives the schema of a struct type. It fails for a type that it cannot express and for
// defaults that the schema itself refuses.
func Of[T any](prototype T) (*Schema[T], error) {
	root, err := describe(reflect.ValueOf(prototype))
	if err != nil {
		return nil, fmt.Errorf("schema of %T: %w", prototype, err)
	}
	root.Schema = "https://json-schema.org/draft/2020-12/schema"
	raw, err := json.Marshal(root, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("schema of %T: %w", prototype, err)
	}
	compiled, err := compile(raw)
	if err != nil {
		return nil, fmt.Errorf("schema of %T: %w", prototype, err)
	}
	s := &Schema[T]{prototype: prototype, raw: raw, compiled: compiled}
	s.emptyFits = s.check([]byte("{}")) == nil
	defaults, err := json.Marshal(prototype, json.OmitZeroStructFields(true))
	if err != nil {
		return nil, fmt.Errorf("schema of %T: %w", prototype, err)
	}
	if err := s.check(defaults); err != nil && s.emptyFits {
		return nil, fmt.Errorf("defaults of %T: %w", prototype, err)
	}
	return s, nil
}

func compile(raw []byte) (*jsonschema.Schema, error) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("kind:input", doc); err != nil {
		return nil, err
	}
	return c.Compile("kind:input")
}

// JSON is the schema as it is served.
func (s *Schema[T]) JSON() jsontext.Value { return s.raw }

// Decode reads input, or the defaults when it is empty. Every error is a *job.InvalidError whose
// faults name their path, beginning with "input".
func (s *Schema[T]) Decode(input jsontext.Value) (T, error) {
	value := s.prototype
	trimmed := bytes.TrimSpace(input)
	if s.emptyFits && (len(trimmed) == 0 || string(trimmed) == "{}") {
		return value, nil
	}
	if len(trimmed) == 0 {
		trimmed = []byte("{}")
	}
	err := json.Unmarshal(trimmed, &value, json.RejectUnknownMembers(true), json.MatchCaseInsensitiveNames(false))
	if err != nil {
		return s.prototype, decodeFault(err)
	}
	return value, s.check(trimmed)
}

func (s *Schema[T]) check(input []byte) error {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(input))
	if err != nil {
		return fault("input", "%v", err)
	}
	err = s.compiled.Validate(doc)
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		return err
	}
	out := &job.InvalidError{}
	collect(invalid, out)
	return out
}

var english = message.NewPrinter(language.English)

func collect(e *jsonschema.ValidationError, out *job.InvalidError) {
	if len(e.Causes) == 0 {
		path := strings.Join(append([]string{"input"}, e.InstanceLocation...), ".")
		out.Faults = append(out.Faults, job.Fault{Path: path, Message: e.ErrorKind.LocalizedString(english)})
	}
	for _, cause := range e.Causes {
		collect(cause, out)
	}
}

// decodeFault words a decoder's error without its Go types.
func decodeFault(err error) error {
	var syntactic *jsontext.SyntacticError
	if errors.As(err, &syntactic) {
		why := syntactic.Err.Error()
		if errors.Is(err, jsontext.ErrDuplicateName) {
			why = "this name stands twice"
		}
		return fault(pathOf(syntactic.JSONPointer), "%s", why)
	}
	var semantic *json.SemanticError
	if !errors.As(err, &semantic) {
		return fault("input", "%v", err)
	}
	path := pathOf(semantic.JSONPointer)
	switch {
	case errors.Is(semantic.Err, json.ErrUnknownName):
		return fault(path, "unknown member")
	case semantic.GoType != nil && semantic.Err != nil:
		return fault(path, "want %s: %v", typeName(semantic.GoType), semantic.Err)
	case semantic.GoType != nil:
		return fault(path, "want %s, got %s", typeName(semantic.GoType), kindName(semantic.JSONKind))
	}
	return fault(path, "%v", semantic.Err)
}

func kindName(k jsontext.Kind) string {
	switch k {
	case '{':
		return "object"
	case '[':
		return "array"
	case 't', 'f':
		return "boolean"
	}
	return k.String()
}

func pathOf(p jsontext.Pointer) string {
	path := "input"
	for token := range p.Tokens() {
		path += "." + token
	}
	return path
}

func fault(path, format string, args ...any) error {
	return &job.InvalidError{Faults: []job.Fault{{Path: path, Message: fmt.Sprintf(format, args...)}}}
}
