package handlers_test

import (
	"flag"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"tapedeck/domain/environment"
	"tapedeck/domain/event"
	"tapedeck/domain/job"
	"tapedeck/domain/knowledge"
	"tapedeck/domain/proof"
	"tapedeck/domain/queue"
	"tapedeck/domain/recording"
	"tapedeck/domain/suite"
	"tapedeck/domain/testcase"
)

var update = flag.Bool("update", false, "write the event schemas anew")

// TestEventSchemasFollowTheTypes holds handlers/schemas against the events' Go types: `go test ./handlers -update`.
func TestEventSchemasFollowTheTypes(t *testing.T) {
	t.Parallel()
	want := map[string]any{"event.json": envelopeSchema()}
	for _, name := range job.Types() {
		zero, ok := job.Prototype(name)
		require.True(t, ok)
		want[name+".json"] = schemaDocument(name, schemaOf(reflect.TypeOf(zero)))
	}
	for _, name := range queue.Types() {
		want[name+".json"] = schemaDocument(name, schemaOf(reflect.TypeFor[queue.Changed]()))
	}
	for _, name := range recording.Types() {
		zero, ok := recording.Prototype(name)
		require.True(t, ok)
		want[name+".json"] = schemaDocument(name, schemaOf(reflect.TypeOf(zero)))
	}
	for _, name := range knowledge.Types() {
		zero, ok := knowledge.Prototype(name)
		require.True(t, ok)
		want[name+".json"] = schemaDocument(name, schemaOf(reflect.TypeOf(zero)))
	}
	for _, name := range proof.Types() {
		zero, ok := proof.Prototype(name)
		require.True(t, ok)
		want[name+".json"] = schemaDocument(name, schemaOf(reflect.TypeOf(zero)))
	}
	for _, name := range testcase.Types() {
		zero, ok := testcase.Prototype(name)
		require.True(t, ok)
		want[name+".json"] = schemaDocument(name, schemaOf(reflect.TypeOf(zero)))
	}
	for _, name := range suite.Types() {
		zero, ok := suite.Prototype(name)
		require.True(t, ok)
		want[name+".json"] = schemaDocument(name, schemaOf(reflect.TypeOf(zero)))
	}
	for _, name := range environment.Types() {
		zero, ok := environment.Prototype(name)
		require.True(t, ok)
		want[name+".json"] = schemaDocument(name, schemaOf(reflect.TypeOf(zero)))
	}
	// The schema of recording.json is made in the domain; here is the copy that is served.
	file, err := os.ReadFile("../domain/recording/recording.schema.json")
	require.NoError(t, err)
	want["recording.json"] = jsontext.Value(file)
	for name, schema := range want {
		text, err := json.Marshal(schema, json.Deterministic(true), jsontext.WithIndent("  "))
		require.NoError(t, err)
		path := filepath.Join("schemas", name)
		if *update {
			require.NoError(t, os.WriteFile(path, append(text, '\n'), 0o644))
		}
		got, err := os.ReadFile(path)
		require.NoError(t, err, "go test ./handlers -update")
		require.Equal(t, string(text)+"\n", string(got), "go test ./handlers -update")
	}
	files, err := filepath.Glob("schemas/*.json")
	require.NoError(t, err)
	require.Len(t, files, len(want), "a schema without a type")
}

func schemaDocument(name string, schema map[string]any) map[string]any {
	schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	schema["$id"] = "/api/schemas/" + name + ".json"
	schema["title"] = "Data of " + name
	return schema
}

// schemaOf writes a Go type as JSON writes its values. Unknown members are allowed: a newer build may have added them.
func schemaOf(t reflect.Type) map[string]any {
	switch t {
	case reflect.TypeFor[time.Time]():
		return map[string]any{"type": "string", "format": "date-time"}
	case reflect.TypeFor[jsontext.Value]():
		return map[string]any{}
	case reflect.TypeFor[event.Hash]():
		return map[string]any{"type": "string", "pattern": "^[0-9a-f]{64}$"}
	case reflect.TypeFor[job.Status]():
		return words(job.Statuses)
	case reflect.TypeFor[job.Priority]():
		return words(job.Priorities)
	case reflect.TypeFor[job.OnFailure]():
		return words([]job.OnFailure{job.OnFailureFail, job.OnFailureCancel, job.OnFailureRun})
	case reflect.TypeFor[recording.Action]():
		return words(recording.Actions)
	case reflect.TypeFor[recording.Claim]():
		return words(recording.Claims)
	case reflect.TypeFor[testcase.Type]():
		return words(testcase.CaseTypes)
	case reflect.TypeFor[testcase.Priority]():
		return words(testcase.Priorities)
	case reflect.TypeFor[testcase.Class]():
		return words(testcase.Classes)
	case reflect.TypeFor[knowledge.SourceKind]():
		return words([]knowledge.SourceKind{knowledge.Jira, knowledge.Website, knowledge.Files, knowledge.Bucket})
	case reflect.TypeFor[knowledge.Outcome]():
		return words([]knowledge.Outcome{knowledge.Complete, knowledge.Partial, knowledge.Failed})
	case reflect.TypeFor[queue.Mode]():
		return words([]queue.Mode{queue.ModeRunning, queue.ModePaused, queue.ModeDraining})
	}
	switch t.Kind() {
	case reflect.Pointer:
		return schemaOf(t.Elem())
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Float64:
		return map[string]any{"type": "number"}
	case reflect.Int, reflect.Int64, reflect.Uint64:
		return map[string]any{"type": "integer"}
	case reflect.Slice:
		return map[string]any{"type": "array", "items": schemaOf(t.Elem())}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": schemaOf(t.Elem())}
	case reflect.Struct:
		return objectOf(t)
	}
	panic("no schema for " + t.String())
}

func words[S ~string](values []S) map[string]any {
	return map[string]any{"type": "string", "enum": values}
}

func objectOf(t reflect.Type) map[string]any {
	properties, required := map[string]any{}, []string{}
	for i := range t.NumField() {
		if field := t.Field(i); field.Anonymous && field.Tag.Get("json") == "" { // its members stand among the others
			inner := objectOf(field.Type)
			maps.Copy(properties, inner["properties"].(map[string]any))
			required = append(required, inner["required"].([]string)...)
			continue
		}
		name, options, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		properties[name] = schemaOf(t.Field(i).Type)
		if !strings.Contains(options, "omit") {
			required = append(required, name)
		}
	}
	return map[string]any{"type": "object", "properties": properties, "required": required}
}

// envelopeSchema is written out: the envelope is encoded by hand in domain/event.
func envelopeSchema() map[string]any {
	text := map[string]any{"type": "string"}
	hash := schemaOf(reflect.TypeFor[event.Hash]())
	instant := schemaOf(reflect.TypeFor[time.Time]())
	count := map[string]any{"type": "integer", "minimum": 1}
	return map[string]any{
		"$schema": "https://json-schema.org/draft/2020-12/schema",
		"$id":     "/api/schemas/event.json",
		"title":   "A CloudEvents 1.0 envelope; data by type in its own schema",
		"type":    "object",
		"properties": map[string]any{
			"specversion": map[string]any{"const": "1.0"}, "id": text, "source": text, "type": text, "subject": text, "time": instant,
			"datacontenttype": map[string]any{"const": "application/json"}, "stream": text, "project": text, "sequence": count,
			"kind": text, "attempt": count, "parentid": text, "actor": text, "correlationid": text, "causationid": text,
			"traceparent": text, "schemaversion": count, "prevhash": hash, "datadigest": hash, "cursor": text, "data": map[string]any{},
		},
		"required": []string{
			"specversion", "id", "source", "type", "subject", "time", "stream", "project", "sequence", "schemaversion", "prevhash", "data",
		},
	}
}

// schemas compiles all schemas, so that tests can check the events that they see.
func schemas(t *testing.T) func(t *testing.T, envelope jsontext.Value) {
	t.Helper()
	compiler := jsonschema.NewCompiler()
	compiled := map[string]*jsonschema.Schema{}
	for _, name := range slices.Concat(job.Types(), queue.Types(), recording.Types(), knowledge.Types(), proof.Types(), testcase.Types(), suite.Types(), environment.Types(), []string{"event"}) {
		path := filepath.Join("schemas", name+".json")
		file, err := os.Open(path)
		require.NoError(t, err)
		doc, err := jsonschema.UnmarshalJSON(file)
		require.NoError(t, err)
		require.NoError(t, file.Close())
		require.NoError(t, compiler.AddResource("mem://"+name, doc))
		compiled[name], err = compiler.Compile("mem://" + name)
		require.NoError(t, err)
	}
	return func(t *testing.T, envelope jsontext.Value) {
		t.Helper()
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(envelope)))
		require.NoError(t, err)
		require.NoError(t, compiled["event"].Validate(doc), "%s", envelope)
		e := doc.(map[string]any)
		require.NoError(t, compiled[e["type"].(string)].Validate(e["data"]), "%s", envelope)
	}
}
