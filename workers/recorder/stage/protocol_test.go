package stage_test

import (
	"bytes"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"tapedeck/workers/recorder/stage"
)

// document is the protocol as it is published, a schema for each message.
var document = sync.OnceValues(func() (map[string]*jsonschema.Schema, error) {
	raw, err := os.ReadFile("../../../handlers/asyncapi-stage.yaml")
	if err != nil {
		return nil, err
	}
	var doc map[string]any
	if err := yaml.Unmarshal(raw, &doc); err != nil {
		return nil, err
	}
	text, err := json.Marshal(doc)
	if err != nil {
		return nil, err
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("mem:///stage", value); err != nil {
		return nil, err
	}
	schemas := map[string]*jsonschema.Schema{}
	for name := range doc["components"].(map[string]any)["messages"].(map[string]any) {
		if schemas[name], err = compiler.Compile("mem:///stage#/components/messages/" + name + "/payload"); err != nil {
			return nil, err
		}
	}
	return schemas, nil
})

// conforms says whether the document has such a message; way is "send_" or "show_".
func conforms(way string, message []byte) error {
	schemas, err := document()
	if err != nil {
		return err
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(message))
	if err != nil {
		return err
	}
	op, _ := value.(map[string]any)["op"].(string)
	schema, ok := schemas[way+op]
	if !ok {
		return os.ErrNotExist
	}
	return schema.Validate(value)
}

func TestOpsAreThoseOfTheDocument(t *testing.T) {
	t.Parallel()
	schemas, err := document()
	require.NoError(t, err)
	ops := map[string]bool{}
	for _, sample := range stage.Samples {
		require.NoError(t, conforms("send_", []byte(sample)), sample)
		op, _, _ := strings.Cut(strings.TrimPrefix(sample, `{"op":"`), `"`)
		ops[op] = true
	}
	for name := range schemas {
		if op, sent := strings.CutPrefix(name, "send_"); sent {
			require.True(t, ops[op], "the stage does not take %s", op)
		}
	}
}
