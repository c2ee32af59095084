package handlers_test

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/go-json-experiment/json"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"tapedeck/handlers/live"
)

// protocol checks messages with asyncapi.yaml.
type protocol struct {
	ops      []string
	payloads map[string]*jsonschema.Schema
}

func loadProtocol(t *testing.T) protocol {
	t.Helper()
	compiler := jsonschema.NewCompiler()
	var doc any
	for _, name := range []string{"openapi.yaml", "asyncapi.yaml"} {
		raw, err := os.ReadFile(name)
		require.NoError(t, err)
		doc = nil
		require.NoError(t, yaml.Unmarshal(raw, &doc))
		text, err := json.Marshal(doc)
		require.NoError(t, err)
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
		require.NoError(t, err)
		require.NoError(t, compiler.AddResource("mem:///"+name, value))
	}
	p := protocol{payloads: map[string]*jsonschema.Schema{}}
	messages := doc.(map[string]any)["components"].(map[string]any)["messages"].(map[string]any)
	for op := range messages {
		schema, err := compiler.Compile("mem:///asyncapi.yaml#/components/messages/" + op + "/payload")
		require.NoError(t, err, op)
		p.payloads[op] = schema
		p.ops = append(p.ops, op)
	}
	slices.Sort(p.ops)
	return p
}

// check holds one message against the payload of its op.
func (p protocol) check(t *testing.T, raw []byte) string {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(string(raw)))
	require.NoError(t, err)
	op, _ := value.(map[string]any)["op"].(string)
	require.Contains(t, p.payloads, op, "%s", raw)
	require.NoError(t, p.payloads[op].Validate(value), "%s", raw)
	return op
}

func TestOpsAreThoseOfTheDocument(t *testing.T) {
	t.Parallel()
	ops := live.Ops()
	slices.Sort(ops)
	require.Equal(t, loadProtocol(t).ops, ops)
}

// TestMessagesAreThoseOfTheDocument plays every message in both directions.
func TestMessagesAreThoseOfTheDocument(t *testing.T) {
	t.Parallel()
	p := loadProtocol(t)
	b := setup(t)
	j := b.submit(`{"kind":"any.thing"}`)
	_, out := b.begin(j.JobID)
	b.logs(out, 1, 2)
	conn, _, err := websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(b.base, "http")+"/api/ws", nil)
	require.NoError(t, err)
	defer func() { _ = conn.CloseNow() }()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	heard := map[string]bool{}
	hear := func(op string) {
		for {
			_, raw, err := conn.Read(ctx)
			require.NoError(t, err)
			got := p.check(t, raw)
			if heard[got] = true; got == op {
				return
			}
		}
	}
	say := func(text, answer string) {
		heard[p.check(t, []byte(text))] = true
		require.NoError(t, conn.Write(t.Context(), websocket.MessageText, []byte(text)))
		hear(answer)
	}
	hear("hello")
	say(`{"op":"ping","ref":"1"}`, "pong")
	say(`{"op":"subscribe","ref":"a","from":"beginning","filter":{"project":"default","jobs":["`+j.JobID+`"],"statuses":["running","queued"],"labels":{}}}`, "caught_up")
	require.True(t, heard["subscribed"] && heard["events"])
	say(`{"op":"unsubscribe","ref":"a"}`, "unsubscribed")
	say(`{"op":"subscribe","mode":"coalesce","from":"beginning"}`, "coalesced")
	say(`{"op":"subscribe","ref":"g","from":"0therl0g.1.00000000"}`, "gone")
	say(`{"op":"subscribe","from":"beginning","filter":{"types":["nothing.*"],"kinds":["x?"],"stateOnly":true,"text":"y"}}`, "caught_up")
	b.submit(`{"kind":"any.thing"}`)
	hear("scanned")
	say(`{"op":"unsubscribe","ref":"unknown"}`, "error")
	for _, op := range p.ops {
		require.True(t, heard[op], op)
	}
}
