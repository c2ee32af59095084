package model

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/azure"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/shared"
)

// Client asks one model. It is safe for concurrent use.
type Client struct {
	cfg  Config
	base *url.URL
	chat openai.ChatCompletionService
	// plainly is set once the server has refused to be asked for a form.
	plainly atomic.Bool
}

// Question is what is asked.
type Question struct {
	// System is a text of ours; nothing that anybody else wrote belongs into it.
	System string
	// Data is the user message: one JSON document.
	Data jsontext.Value
	// Form is the JSON Schema of the answer, called FormName. Servers that know no forms are asked without it.
	Form     map[string]any
	FormName string
}

// New checks the settings and connects to nothing.
func New(cfg Config) (*Client, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = cfg.WithDefaults()
	base, err := baseURL(cfg.URL)
	if err != nil {
		return nil, err
	}
	h := *cfg.HTTP
	h.Jar = nil
	h.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	opts := []option.RequestOption{
		option.WithHTTPClient(&h), option.WithMaxRetries(cfg.Attempts - 1), option.WithMaxRetryDelay(cfg.MaxWait), option.WithRequestTimeout(cfg.Timeout),
	}
	switch {
	case cfg.APIVersion != "":
		opts = append(opts, azure.WithEndpoint(base.String(), cfg.APIVersion), azure.WithAPIKey(cfg.APIKey))
		if base.Scheme == "http" { // of this machine: Validate
			opts = append(opts, azure.WithUnsafeAllowHTTP())
		}
	default:
		opts = append(opts, option.WithBaseURL(base.String()+"/"))
		if cfg.APIKey != "" {
			opts = append(opts, option.WithAPIKey(cfg.APIKey))
		}
	}
	return &Client{cfg: cfg, base: base, chat: openai.NewChatCompletionService(opts...)}, nil
}

// Name is the model's, or that of Azure's deployment.
func (c *Client) Name() string { return c.cfg.Name }

// String names the model and its server only.
func (c *Client) String() string { return c.cfg.String() }

// GoString is String: a key is not for printing.
func (c *Client) GoString() string { return c.String() }

// Ask answers the JSON object that the model gives for a question. It fails with an *Error, or with the cause of ctx's end,
// which stops a call at once.
func (c *Client) Ask(ctx context.Context, q Question) (jsontext.Value, error) {
	answer, err := c.ask(ctx, q, c.plainly.Load())
	var f *Error
	if errors.As(err, &f) && f.plainly && !c.plainly.Swap(true) {
		return c.ask(ctx, q, true)
	}
	return answer, err
}

func (c *Client) ask(ctx context.Context, q Question, plainly bool) (jsontext.Value, error) {
	params := openai.ChatCompletionNewParams{
		Model:    c.cfg.Name,
		Messages: []openai.ChatCompletionMessageParamUnion{openai.SystemMessage(q.System), openai.UserMessage(string(q.Data))},
	}
	if !plainly {
		params.ResponseFormat.OfJSONSchema = &shared.ResponseFormatJSONSchemaParam{
			JSONSchema: shared.ResponseFormatJSONSchemaJSONSchemaParam{Name: q.FormName, Schema: q.Form, Strict: openai.Bool(true)},
		}
	}
	status := 0
	got, err := c.chat.New(ctx, params, option.WithMiddleware(func(r *http.Request, next option.MiddlewareNext) (*http.Response, error) {
		status = 0
		resp, err := next(r)
		if resp != nil {
			status, resp.Body = resp.StatusCode, &bounded{ReadCloser: resp.Body, left: c.cfg.MaxAnswer}
		}
		return resp, err
	}))
	if err != nil || status >= http.StatusMultipleChoices {
		return nil, c.fault(ctx, err, status)
	}
	return c.object(got)
}

// object is what a completion says, when it is one JSON object.
func (c *Client) object(got *openai.ChatCompletion) (jsontext.Value, error) {
	unusable := func(text string) error { return &Error{Reason: Unusable, text: text} }
	if len(got.Choices) == 0 {
		return nil, unusable("it answered nothing")
	}
	choice := got.Choices[0]
	text := unfenced(choice.Message.Content)
	value := jsontext.Value(text)
	switch {
	case choice.FinishReason == "length":
		return nil, unusable("its answer was cut off: the model may write too little at a time")
	case choice.FinishReason == "content_filter", choice.Message.Refusal != "":
		return nil, unusable("it would not answer")
	case text == "":
		return nil, unusable("it answered nothing")
	case !value.IsValid() || value.Kind() != '{':
		return nil, unusable("what it answered is no JSON object")
	}
	if c.cfg.APIKey != "" && strings.Contains(text, c.cfg.APIKey) {
		return nil, unusable("its answer holds the key")
	}
	return value, nil
}

// unfenced takes away the marks of a code block, which models put around JSON when they are not held to a form.
func unfenced(text string) string {
	text = strings.TrimSpace(text)
	rest, ok := strings.CutPrefix(text, "```")
	if !ok {
		return text
	}
	rest, ok = strings.CutSuffix(strings.TrimPrefix(rest, "json"), "```")
	if !ok {
		return text
	}
	return strings.TrimSpace(rest)
}

// bounded fails with errTooLarge instead of reading more than so many bytes.
type bounded struct {
	io.ReadCloser
	left int64
}

// Read implements io.Reader.
func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left+1)])
	if b.left -= int64(n); b.left < 0 {
		return 0, errTooLarge
	}
	return n, err
}
