package recording_test

import (
	"bytes"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"tapedeck/domain/recording"
)

var update = flag.Bool("update", false, "write recording.schema.json anew")

const schemaFile = "recording.schema.json"

// TestTheSchemaFollowsTheTypes holds recording.schema.json against the Go types and their comments:
// `go test ./domain/recording -update`.
func TestTheSchemaFollowsTheTypes(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(documentSchema(t), json.Deterministic(true), jsontext.WithIndent("  "))
	require.NoError(t, err)
	if *update {
		require.NoError(t, os.WriteFile(schemaFile, append(text, '\n'), 0o644))
	}
	got, err := os.ReadFile(schemaFile)
	require.NoError(t, err, "go test ./domain/recording -update")
	require.Equal(t, string(text)+"\n", string(got), "go test ./domain/recording -update")
}

// schemas makes the schema of each struct once; docs are the comments, by "Type" and "Type.Field".
type schemas struct {
	docs map[string]string
	defs map[string]any
}

func documentSchema(t *testing.T) map[string]any {
	t.Helper()
	s := &schemas{docs: comments(t), defs: map[string]any{}}
	root := s.object(reflect.TypeFor[recording.Document]())
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["$id"] = "/api/schemas/recording.json"
	root["title"] = "recording.json"
	root["$defs"] = s.defs
	step := s.defs["Step"].(map[string]any)
	step["allOf"] = conditions()
	return root
}

// limits are what the reader wants beyond a field's Go type, by "Type.Field".
var limits = map[string]map[string]any{
	"Document.Format":     {"const": recording.Format},
	"Document.Name":       {"minLength": 1, "maxLength": recording.MaxName},
	"Document.Folder":     {"maxLength": recording.MaxFolder},
	"Document.ID":         {"maxLength": 64},
	"Document.Steps":      {"maxItems": recording.MaxSteps},
	"Document.Secrets":    {"maxItems": recording.MaxSecrets},
	"Document.Variables":  {"maxItems": recording.MaxVariables},
	"Step.ID":             {"minLength": 1, "maxLength": 64},
	"Step.Type":           {"enum": recording.Actions},
	"Step.Page":           {"maxLength": 64},
	"Step.Opener":         {"maxLength": 64},
	"Step.History":        {"enum": orEmpty(recording.Histories)},
	"Step.Button":         {"enum": orEmpty(recording.Buttons)},
	"Step.Count":          {"minimum": 0, "maximum": 10},
	"Step.Modifiers":      {"items": map[string]any{"enum": recording.Modifiers}},
	"DialogBox.Kind":      {"enum": orEmpty(recording.DialogKinds)},
	"Assertion.Claim":     {"enum": recording.Claims},
	"Assertion.Match":     {"enum": orEmpty(recording.Matches)},
	"Target.Candidates":   {"maxItems": 50},
	"Target.Frames":       {"maxItems": 20},
	"Variable.Name":       {"pattern": "^[A-Za-z][A-Za-z0-9_]{0,63}$"},
	"Variable.Rows":       {"maxItems": recording.MaxRows},
	"Candidate.Selector":  {"maxLength": recording.MaxText},
	"Size.Width":          {"minimum": 0, "maximum": 16384},
	"Size.Height":         {"minimum": 0, "maximum": 16384},
	"Assertion.Expected":  {"maxLength": recording.MaxText},
	"Evidence.DurationMS": {"minimum": 0},
}

func orEmpty(words []string) []string { return append([]string{""}, words...) }

// conditions are what each action needs.
func conditions() []any {
	needs := map[recording.Action][]string{
		recording.Click: {"target"}, recording.Fill: {"target", "value"}, recording.Press: {"key"}, recording.Check: {"target"},
		recording.Uncheck: {"target"}, recording.Select: {"target"}, recording.Upload: {"target"}, recording.Hover: {"target"},
		recording.Drag: {"target", "to"}, recording.Scroll: {"scroll"}, recording.Dialog: {"dialog"}, recording.Assert: {"assertion"},
		recording.SetViewport: {"viewport"}, recording.Wait: {"target"},
	}
	var out []any
	for _, a := range recording.Actions {
		if needs[a] != nil {
			out = append(out, when(a, map[string]any{"required": needs[a]}))
		}
	}
	either := []any{map[string]any{"required": []string{"url"}}, map[string]any{"required": []string{"history"}}}
	return append(out, when(recording.Navigate, map[string]any{"anyOf": either}))
}

func when(a recording.Action, then map[string]any) map[string]any {
	return map[string]any{"if": map[string]any{"properties": map[string]any{"type": map[string]any{"const": a}}}, "then": then}
}

func (s *schemas) of(t reflect.Type) map[string]any {
	switch t {
	case reflect.TypeFor[time.Time]():
		return map[string]any{"type": "string", "format": "date-time"}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return s.of(t.Elem())
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Float64:
		return map[string]any{"type": "number"}
	case reflect.Int, reflect.Int64:
		return map[string]any{"type": "integer"}
	case reflect.Uint64:
		return map[string]any{"type": "integer", "minimum": 0}
	case reflect.Slice:
		return map[string]any{"type": "array", "items": s.of(t.Elem())}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": s.of(t.Elem())}
	case reflect.Struct:
		if _, done := s.defs[t.Name()]; !done {
			s.defs[t.Name()] = nil // a type may hold itself
			s.defs[t.Name()] = s.object(t)
		}
		return map[string]any{"$ref": "#/$defs/" + t.Name()}
	}
	panic("no schema for " + t.String())
}

func (s *schemas) object(t reflect.Type) map[string]any {
	properties, required := map[string]any{}, []string{}
	for f := range t.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		property := s.of(f.Type)
		for k, v := range limits[t.Name()+"."+f.Name] {
			property[k] = v
		}
		if doc := s.docs[t.Name()+"."+f.Name]; doc != "" {
			property["description"] = doc
		}
		properties[name] = property
		if !strings.Contains(options, "omit") {
			required = append(required, name)
		}
	}
	out := map[string]any{"type": "object", "properties": properties, "required": required, "additionalProperties": false}
	if doc := s.docs[t.Name()]; doc != "" {
		out["description"] = doc
	}
	return out
}

// comments are what the code says of its types and fields.
func comments(t *testing.T) map[string]string {
	t.Helper()
	docs := map[string]string{}
	for _, name := range []string{"step.go", "document.go"} {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		require.NoError(t, err)
		for _, d := range file.Decls {
			gen, ok := d.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, spec := range gen.Specs {
				if typ, ok := spec.(*ast.TypeSpec); ok {
					docs[typ.Name.Name] = line(gen.Doc)
					fields(docs, typ)
				}
			}
		}
	}
	return docs
}

func fields(docs map[string]string, typ *ast.TypeSpec) {
	def, ok := typ.Type.(*ast.StructType)
	if !ok {
		return
	}
	for _, f := range def.Fields.List {
		for _, name := range f.Names {
			docs[typ.Name.Name+"."+name.Name] = strings.TrimSpace(line(f.Doc) + " " + line(f.Comment))
		}
	}
}

func line(c *ast.CommentGroup) string { return strings.Join(strings.Fields(c.Text()), " ") }

func compiled(t require.TestingT) *jsonschema.Schema {
	raw, err := os.ReadFile(schemaFile)
	require.NoError(t, err)
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	require.NoError(t, c.AddResource("mem:///recording", doc))
	schema, err := c.Compile("mem:///recording")
	require.NoError(t, err)
	return schema
}

func fits(schema *jsonschema.Schema, raw []byte) error {
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return err
	}
	return schema.Validate(v)
}
