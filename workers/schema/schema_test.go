package schema_test

import (
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"

	"tapedeck/domain/job"
	"tapedeck/workers/schema"
)

type input struct {
	Lines int               `json:"lines" title:"Lines" doc:"How many." min:"0" max:"100"`
	Rate  float64           `json:"rate" min:"0"`
	Mode  string            `json:"mode" enum:"slow,fast"`
	Name  string            `json:"name" minlen:"2" maxlen:"5" pattern:"^[a-z]+$"`
	Tags  []string          `json:"tags" maxlen:"2"`
	Env   map[string]string `json:"env"`
	Deep  nested            `json:"deep"`
	Any   jsontext.Value    `json:"any"`
}

type nested struct {
	On bool `json:"on"`
}

func inputSchema(t testing.TB) *schema.Schema[input] {
	s, err := schema.Of(input{Lines: 10, Mode: "slow"})
	require.NoError(t, err)
	return s
}

func TestSchemaIsDerived(t *testing.T) {
	t.Parallel()
	require.JSONEq(t, `{
		"$schema":"https://json-schema.org/draft/2020-12/schema",
		"type":"object","additionalProperties":false,
		"x-order":["lines","rate","mode","name","tags","env","deep","any"],
		"properties":{
			"lines":{"type":"integer","title":"Lines","description":"How many.","default":10,"minimum":0,"maximum":100},
			"rate":{"type":"number","minimum":0},
			"mode":{"type":"string","enum":["slow","fast"],"default":"slow"},
			"name":{"type":"string","minLength":2,"maxLength":5,"pattern":"^[a-z]+$"},
			"tags":{"type":"array","maxItems":2,"items":{"type":"string"}},
			"env":{"type":"object","additionalProperties":{"type":"string"}},
			"deep":{"type":"object","additionalProperties":false,"properties":{"on":{"type":"boolean"}},"x-order":["on"]},
			"any":{}
		}}`, string(inputSchema(t).JSON()))
}

func TestDecodeFillsDefaults(t *testing.T) {
	t.Parallel()
	s := inputSchema(t)
	for _, empty := range []string{"", "  ", "{}", " {} "} {
		got, err := s.Decode(jsontext.Value(empty))
		require.NoError(t, err)
		require.Equal(t, input{Lines: 10, Mode: "slow"}, got)
	}
	got, err := s.Decode(jsontext.Value(`{"lines":3,"tags":["a"],"deep":{"on":true},"any":[1]}`))
	require.NoError(t, err)
	require.Equal(t, input{Lines: 3, Mode: "slow", Tags: []string{"a"}, Deep: nested{On: true}, Any: jsontext.Value("[1]")}, got)
}

func TestFaultsNameTheirPath(t *testing.T) {
	t.Parallel()
	s := inputSchema(t)
	for given, want := range map[string][]job.Fault{
		`{"nope":1}`:                 {{Path: "input.nope", Message: "unknown member"}},
		`{"Lines":1}`:                {{Path: "input.Lines", Message: "unknown member"}},
		`{"deep":{"off":1}}`:         {{Path: "input.deep.off", Message: "unknown member"}},
		`{"lines":1,"lines":2}`:      {{Path: "input.lines", Message: "this name stands twice"}},
		`{"lines":"1"}`:              {{Path: "input.lines", Message: "want integer, got string"}},
		`{"deep":[]}`:                {{Path: "input.deep", Message: "want object, got array"}},
		`{"tags":["a",2]}`:           {{Path: "input.tags.1", Message: "want string, got number"}},
		`{"lines":101}`:              {{Path: "input.lines", Message: "maximum: got 101, want 100"}},
		`{"mode":"x"}`:               {{Path: "input.mode", Message: "value must be one of 'slow', 'fast'"}},
		`{"tags":["a","b","c"]}`:     {{Path: "input.tags", Message: "maxItems: got 3, want 2"}},
		`[]`:                         {{Path: "input", Message: "want object, got array"}},
		`null`:                       {{Path: "input", Message: "got null, want object"}},
		`{"env":{"a":"\ud800"}}`:     nil,
		"{\"env\":{\"a\":\"\xff\"}}": nil,
		`{"lines":1e999}`:            nil,
		`{"lines":1`:                 nil,
		`{} {}`:                      nil,
	} {
		_, err := s.Decode(jsontext.Value(given))
		var invalid *job.InvalidError
		require.ErrorAs(t, err, &invalid, given)
		if want != nil {
			require.Equal(t, want, invalid.Faults, given)
		}
	}
	_, err := s.Decode(jsontext.Value(`{"lines":-1,"name":"A"}`))
	var invalid *job.InvalidError
	require.ErrorAs(t, err, &invalid)
	require.Len(t, invalid.Faults, 3, "all faults at once")
}

func TestRequired(t *testing.T) {
	t.Parallel()
	s, err := schema.Of(struct {
		URL string `json:"url" required:"true" format:"uri"`
	}{})
	require.NoError(t, err)
	_, err = s.Decode(nil)
	require.ErrorContains(t, err, "url")
	_, err = s.Decode(jsontext.Value(`{"url":"https://x"}`))
	require.NoError(t, err)
}

func TestOfRefusesWhatItCannotExpress(t *testing.T) {
	t.Parallel()
	_, err := schema.Of(struct{ A int }{})
	require.ErrorContains(t, err, "no json name")
	_, err = schema.Of(struct {
		A chan int `json:"a"`
	}{})
	require.ErrorContains(t, err, "no JSON Schema")
	_, err = schema.Of(struct {
		A []int `json:"a"`
	}{A: []int{1}})
	require.ErrorContains(t, err, "default")
	_, err = schema.Of(struct {
		A int `json:"a" max:"1"`
	}{A: 2})
	require.ErrorContains(t, err, "defaults")
}

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{"", "{}", `{"lines":1}`, `{"lines":1,"lines":2}`, `{"deep":{"on":0}}`, "\xff", `{"any":{"a":[null]}}`} {
		f.Add([]byte(seed))
	}
	s := inputSchema(f)
	f.Fuzz(func(t *testing.T, given []byte) {
		got, err := s.Decode(given)
		var invalid *job.InvalidError
		if err != nil {
			require.ErrorAs(t, err, &invalid)
			require.NotEmpty(t, invalid.Faults)
			return
		}
		require.True(t, got.Lines >= 0 && got.Lines <= 100 && len(got.Tags) <= 2)
	})
}
