package model_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"

	"tapedeck/internal/modeltest"
	"tapedeck/workers/model"
)

const apiVersion = "2024-10-21"

var question = model.Question{
	System: "The user message is a JSON document. Answer how many words its text has.",
	Data:   jsontext.Value(`{"text":"a tape \"deck\""}`),
	Form: map[string]any{
		"type": "object", "required": []string{"words"}, "additionalProperties": false, "properties": map[string]any{"words": map[string]any{"type": "integer"}},
	},
	FormName: "words",
}

// servers are what the contract is held against: the stand-in in both forms, and a real one when the environment names it.
func servers(t *testing.T) map[string]model.Config {
	t.Helper()
	counts := func(modeltest.Asked) string { return `{"words":3}` }
	plain, azure := modeltest.New(t, modeltest.Options{Answer: counts}), modeltest.New(t, modeltest.Options{Azure: apiVersion, Answer: counts})
	formless := modeltest.New(t, modeltest.Options{Formless: true, Answer: func(modeltest.Asked) string { return "```json\n{\"words\":3}\n```" }})
	out := map[string]model.Config{
		"openai":   {URL: plain.Base(), Name: modeltest.Name, APIKey: modeltest.Key},
		"azure":    {URL: azure.Base(), Name: modeltest.Name, APIKey: modeltest.Key, APIVersion: apiVersion},
		"formless": {URL: formless.Base() + "/", Name: modeltest.Name, APIKey: modeltest.Key},
	}
	if url := os.Getenv("TAPEDECK_TEST_MODEL_URL"); url != "" {
		out["the real one"] = model.Config{
			URL: url, Name: os.Getenv("TAPEDECK_TEST_MODEL_NAME"), APIKey: os.Getenv("TAPEDECK_TEST_MODEL_KEY"), APIVersion: os.Getenv("TAPEDECK_TEST_MODEL_API_VERSION"),
		}
	}
	return out
}

func client(t *testing.T, cfg model.Config) *model.Client {
	t.Helper()
	c, err := model.New(cfg)
	require.NoError(t, err)
	return c
}

// TestContract holds for every server that Tapedeck can be set to. TAPEDECK_TEST_MODEL_URL, _NAME, _KEY and _API_VERSION name
// a real one.
func TestContract(t *testing.T) {
	t.Parallel()
	for name, cfg := range servers(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := client(t, cfg)
			for range 2 {
				answer, err := c.Ask(t.Context(), question)
				require.NoError(t, err)
				var got struct {
					Words int `json:"words"`
				}
				require.NoError(t, json.Unmarshal(answer, &got))
				require.Positive(t, got.Words)
			}
			other := cfg
			other.Name = "no-such-model-7"
			requireFault(t, other, model.Unknown, "MODEL_NAME")
			if cfg.APIKey != "" {
				other = cfg
				other.APIKey = "sk-wrong-8d1f02"
				require.NotContains(t, requireFault(t, other, model.Denied, "MODEL_API_KEY"), other.APIKey)
			}
			ctx, cancel := context.WithCancelCause(t.Context())
			why := errors.New("somebody cancelled it")
			cancel(why)
			_, err := c.Ask(ctx, question)
			require.ErrorIs(t, err, why)
		})
	}
}

func requireFault(t *testing.T, cfg model.Config, reason model.Reason, says string) string {
	t.Helper()
	_, err := client(t, cfg).Ask(t.Context(), question)
	var f *model.Error
	require.ErrorAs(t, err, &f)
	require.Equal(t, reason, f.Reason, "%s", f)
	require.Contains(t, f.Error(), says)
	return f.Error()
}

func TestWhatIsSent(t *testing.T) {
	t.Parallel()
	for name, azure := range map[string]string{"openai": "", "azure": apiVersion} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := modeltest.New(t, modeltest.Options{Azure: azure})
			_, err := client(t, model.Config{URL: s.Base(), Name: modeltest.Name, APIKey: modeltest.Key, APIVersion: azure}).Ask(t.Context(), question)
			require.NoError(t, err)
			require.Len(t, s.Asked(), 1)
			a := s.Asked()[0]
			require.Equal(t, question.System, a.Only(t, "system"))
			require.Equal(t, string(question.Data), a.Only(t, "user"))
			require.Len(t, a.Messages, 2)
			require.Equal(t, azure, a.Version)
			form, err := json.Marshal(question.Form)
			require.NoError(t, err)
			require.JSONEq(t, string(form), string(a.Form))
		})
	}
}

func TestAKeyIsNotNeededEverywhere(t *testing.T) {
	t.Setenv("OPENAI_API_KEY", "sk-of-another-program")
	t.Setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/")
	t.Setenv("OPENAI_ORG_ID", "org-1")
	s := modeltest.New(t, modeltest.Options{Open: true})
	_, err := client(t, model.Config{URL: s.Base(), Name: modeltest.Name}).Ask(t.Context(), question)
	require.NoError(t, err)
	h := s.Asked()[0].Header
	require.Empty(t, h.Get("Authorization"))
	require.Empty(t, h.Get("Openai-Organization"))
}

func TestWhatPassesIsTriedAgain(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusServiceUnavailable} {
		s := modeltest.New(t, modeltest.Options{})
		s.Fail(modeltest.Status(status), modeltest.Status(status))
		_, err := client(t, model.Config{URL: s.Base(), Name: modeltest.Name, APIKey: modeltest.Key}).Ask(t.Context(), question)
		require.NoError(t, err)
		require.Len(t, s.Asked(), 3)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	elsewhere := modeltest.New(t, modeltest.Options{Open: true})
	many := func(f modeltest.Fault) []modeltest.Fault { return []modeltest.Fault{f, f, f} }
	for name, c := range map[string]struct {
		faults []modeltest.Fault
		reason model.Reason
		says   string
		calls  int
	}{
		"down":                      {many(modeltest.Status(503)), model.Broken, "503", 3},
		"too much":                  {many(modeltest.Status(429)), model.Busy, "429", 3},
		"asks to wait for too long": {many(modeltest.Wait(3600)), model.Busy, "429", 1},
		"refuses":                   {many(modeltest.Status(400)), model.Refused, "400", 1},
		"forbidden":                 {many(modeltest.Status(403)), model.Denied, "MODEL_API_KEY", 1},
		"sends elsewhere":           {many(modeltest.Elsewhere(elsewhere.Base() + "/chat/completions")), model.Refused, "MODEL_URL", 1},
		"a page":                    {many(modeltest.Body("text/html", "<h1>Sign in</h1>")), model.Unusable, "no chat completion", 1},
		"not JSON":                  {many(modeltest.Body("application/json", "not { json")), model.Unusable, "no chat completion", 1},
		"another object":            {many(modeltest.Body("application/json", `{"choices":[]}`)), model.Unusable, "answered nothing", 1},
		"cut within the body":       {many(modeltest.Cut()), model.Unusable, "no chat completion", 1},
		"prose":                     {many(modeltest.Says("Sure! Here are your cases.", "stop")), model.Unusable, "no JSON object", 1},
		"a list":                    {many(modeltest.Says("[1]", "stop")), model.Unusable, "no JSON object", 1},
		"half an object":            {many(modeltest.Says(`{"words":`, "length")), model.Unusable, "cut off", 1},
		"will not":                  {many(modeltest.Says("", "content_filter")), model.Unusable, "would not answer", 1},
		"nothing":                   {many(modeltest.Says(" ", "stop")), model.Unusable, "answered nothing", 1},
		"huge":                      {many(modeltest.Huge(1 << 20)), model.Unusable, "more than 65536 bytes", 1},
		"the key":                   {many(modeltest.Says(fmt.Sprintf(`{"words":%q}`, modeltest.Key), "stop")), model.Unusable, "holds the key", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := modeltest.New(t, modeltest.Options{})
			s.Fail(c.faults...)
			text := requireFault(t, model.Config{URL: s.Base(), Name: modeltest.Name, APIKey: modeltest.Key, MaxAnswer: 64 << 10}, c.reason, c.says)
			require.NotContains(t, text, modeltest.Key)
			require.Len(t, s.Asked(), c.calls)
		})
	}
	require.Empty(t, elsewhere.Asked(), "a redirect is not followed")
}

func TestNobodyThere(t *testing.T) {
	t.Parallel()
	s := modeltest.New(t, modeltest.Options{})
	s.Close()
	requireFault(t, model.Config{URL: s.Base(), Name: modeltest.Name, Attempts: 1}, model.Unreachable, s.Base()+" cannot be reached")
}

func TestSlow(t *testing.T) {
	t.Parallel()
	s := modeltest.New(t, modeltest.Options{})
	s.Fail(modeltest.Silent(make(chan struct{})))
	requireFault(t, model.Config{URL: s.Base(), Name: modeltest.Name, APIKey: modeltest.Key, Timeout: 50 * time.Millisecond}, model.Slow, "within 50ms")
}

func TestACancelEndsACall(t *testing.T) {
	t.Parallel()
	s := modeltest.New(t, modeltest.Options{})
	begun := make(chan struct{})
	s.Fail(modeltest.Silent(begun))
	why := errors.New("somebody cancelled it")
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		<-begun
		cancel(why)
	}()
	_, err := client(t, model.Config{URL: s.Base(), Name: modeltest.Name, APIKey: modeltest.Key, Timeout: time.Hour}).Ask(ctx, question)
	require.ErrorIs(t, err, why)
}

func TestSettings(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		cfg  model.Config
		want string
	}{
		{model.Config{}, "needs a scheme"},
		{model.Config{URL: "https://models.example/v1"}, "no name"},
		{model.Config{URL: "models.example/v1", Name: "m"}, "needs a scheme"},
		{model.Config{URL: "https://a:hunter22@models.example", Name: "m"}, "must not hold credentials"},
		{model.Config{URL: "https://models.example/v1?key=hunter22", Name: "m"}, "no query"},
		{model.Config{URL: "https://a:hunter22@models.example:x/", Name: "m"}, "cannot be read"},
		{model.Config{URL: "https://n.openai.azure.com", Name: "m", APIVersion: apiVersion}, "needs a key"},
		{model.Config{URL: "http://n.openai.azure.com", Name: "m", APIVersion: apiVersion, APIKey: "k"}, "by https"},
		{model.Config{URL: "https://models.example/v1", Name: "m", Timeout: -1}, "must not be negative"},
	} {
		_, err := model.New(c.cfg)
		require.ErrorContains(t, err, c.want)
		require.NotContains(t, err.Error(), "hunter22")
	}
	c := client(t, model.Config{URL: "https://models.example/v1/", Name: "m", APIKey: modeltest.Key})
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		text := fmt.Sprintf(format, c)
		require.Contains(t, text, "m at https://models.example/v1")
		require.NotContains(t, text, modeltest.Key)
	}
}
