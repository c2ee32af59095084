package modeltest

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"
)

// What the stand-in knows.
const (
	Key  = "sk-stand-in-3f9c1d7be0a24"
	Name = "stand-in-1"
)

// Options say what kind of server it is.
type Options struct {
	// Azure is the api-version of an Azure OpenAI resource; empty is OpenAI.
	Azure string
	// Open asks for no key.
	Open bool
	// Formless refuses response_format, as older servers do.
	Formless bool
	// Answer is what the model says to a question. Defaults to "{}".
	Answer func(Asked) string
}

// Asked is one call.
type Asked struct {
	Path, Version string
	Header        http.Header
	Model         string
	Messages      []Message
	// Form is the JSON Schema that was asked for; empty for none.
	Form jsontext.Value
	// Body is the call as it was sent.
	Body jsontext.Value
}

// Message is one message of a call.
type Message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// Server is one stand-in. Its methods are safe for concurrent use.
type Server struct {
	*httptest.Server
	opts Options

	mu    sync.Mutex
	asked []Asked
	next  []Fault
}

// New starts one, which ends with the test.
func New(t testing.TB, opts Options) *Server {
	t.Helper()
	if opts.Answer == nil {
		opts.Answer = func(Asked) string { return "{}" }
	}
	s := &Server{opts: opts}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	return s
}

// Base is the address to set: with /v1 for OpenAI, the resource's for Azure.
func (s *Server) Base() string {
	if s.opts.Azure != "" {
		return s.URL
	}
	return s.URL + "/v1"
}

// Asked are the calls so far, also those that a Fault answered.
func (s *Server) Asked() []Asked {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Asked(nil), s.asked...)
}

// Fail answers the next calls by these faults, one each.
func (s *Server) Fail(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next = append(s.next, faults...)
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	a := Asked{Path: r.URL.Path, Version: r.URL.Query().Get("api-version"), Header: r.Header.Clone()}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	var sent struct {
		Model          string    `json:"model"`
		Messages       []Message `json:"messages"`
		ResponseFormat struct {
			Type       string `json:"type"`
			JSONSchema struct {
				Name   string         `json:"name"`
				Strict bool           `json:"strict"`
				Schema jsontext.Value `json:"schema"`
			} `json:"json_schema"`
		} `json:"response_format"`
	}
	if err := json.Unmarshal(body, &sent); err != nil {
		refuse(w, http.StatusBadRequest, "We could not parse the JSON body of your request.")
		return
	}
	a.Body, a.Model, a.Messages, a.Form = body, sent.Model, sent.Messages, sent.ResponseFormat.JSONSchema.Schema
	s.mu.Lock()
	s.asked = append(s.asked, a)
	var fault Fault
	if len(s.next) > 0 {
		fault, s.next = s.next[0], s.next[1:]
	}
	s.mu.Unlock()
	switch {
	case fault != nil:
		fault(w, r)
	case r.Method != http.MethodPost || !s.here(r.URL.Path):
		refuse(w, http.StatusNotFound, "Resource not found")
	case s.opts.Azure != "" && a.Version != s.opts.Azure:
		refuse(w, http.StatusNotFound, "Resource not found")
	case !s.opts.Open && !s.admits(r.Header):
		refuse(w, http.StatusUnauthorized, "Incorrect API key provided: "+key(r.Header))
	case sent.Model != Name:
		refuse(w, http.StatusNotFound, fmt.Sprintf("The model %q does not exist", sent.Model))
	case len(sent.Messages) == 0:
		refuse(w, http.StatusBadRequest, "Missing required parameter: 'messages'.")
	case s.opts.Formless && sent.ResponseFormat.Type != "":
		refuse(w, http.StatusBadRequest, "Unknown parameter: 'response_format'.")
	case sent.ResponseFormat.Type != "" && (sent.ResponseFormat.Type != "json_schema" || sent.ResponseFormat.JSONSchema.Name == "" || len(a.Form) == 0):
		refuse(w, http.StatusBadRequest, "Invalid value of 'response_format'.")
	default:
		complete(w, s.opts.Answer(a), "stop")
	}
}

func (s *Server) here(path string) bool {
	if s.opts.Azure != "" {
		return path == "/openai/deployments/"+Name+"/chat/completions"
	}
	return path == "/v1/chat/completions"
}

// admits checks the key where the kind of server has it, and that it is nowhere else.
func (s *Server) admits(h http.Header) bool {
	if s.opts.Azure != "" {
		return h.Get("Api-Key") == Key && h.Get("Authorization") == ""
	}
	return h.Get("Authorization") == "Bearer "+Key && h.Get("Api-Key") == ""
}

// key is what was shown as one: servers repeat it.
func key(h http.Header) string {
	return h.Get("Api-Key") + strings.TrimPrefix(h.Get("Authorization"), "Bearer ")
}

func refuse(w http.ResponseWriter, status int, message string) {
	answer(w, status, map[string]any{"error": map[string]any{"message": message, "type": "invalid_request_error", "param": nil, "code": nil}})
}

func complete(w http.ResponseWriter, content, finish string) {
	answer(w, http.StatusOK, map[string]any{
		"id": "chatcmpl-1", "object": "chat.completion", "created": 1700000000, "model": Name,
		"choices": []any{map[string]any{"index": 0, "finish_reason": finish, "message": map[string]any{"role": "assistant", "content": content, "refusal": nil}}},
		"usage":   map[string]any{"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12},
	})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.MarshalWrite(w, body)
}

// Only is what a role said in a call, which has to be one message.
func (a Asked) Only(t testing.TB, role string) string {
	t.Helper()
	var said []string
	for _, m := range a.Messages {
		if m.Role == role {
			said = append(said, m.Content)
		}
	}
	require.Len(t, said, 1, "messages of %s", role)
	return said[0]
}
