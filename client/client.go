// Package client talks to a Tapedeck server over its HTTP API: for the command line, tests and
// benchmarks.
package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Client is safe for concurrent use.
type Client struct {
	base string
	http *http.Client
}

// New returns a client of the server at base, for example "http://127.0.0.1:8000".
func New(base string) (*Client, error) { return NewWithToken(base, "") }

// NewWithToken is New for a server that asks for a token.
func NewWithToken(base, token string) (*Client, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, fmt.Errorf("server %q is not http://host:port", base)
	}
	return &Client{base: strings.TrimRight(base, "/"), http: &http.Client{Transport: bearer{token}}}, nil
}

// bearer shows the token, if there is one, with every request.
type bearer struct{ token string }

// RoundTrip implements http.RoundTripper.
func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	if b.token != "" {
		r = r.Clone(r.Context())
		r.Header.Set("Authorization", "Bearer "+b.token)
	}
	return http.DefaultTransport.RoundTrip(r)
}

// CloseIdleConnections is what http.Client.CloseIdleConnections calls.
func (b bearer) CloseIdleConnections() {
	http.DefaultTransport.(interface{ CloseIdleConnections() }).CloseIdleConnections()
}

// Close ends idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Problem is the server's refusal (RFC 9457).
type Problem struct {
	Title  string  `json:"title"`
	Status int     `json:"status"`
	Detail string  `json:"detail"`
	Code   string  `json:"code"`
	Reason string  `json:"reason"`
	Errors []Fault `json:"errors"`
}

// Fault is one thing wrong with a request.
type Fault struct {
	Path    string `json:"path"`
	Message string `json:"message"`
}

// Error implements error.
func (p *Problem) Error() string {
	msg := p.Title
	if p.Detail != "" && p.Detail != p.Title {
		msg += ": " + p.Detail
	}
	for _, f := range p.Errors {
		msg += fmt.Sprintf("\n  %s: %s", f.Path, f.Message)
	}
	return msg
}

// ErrUnreachable is wrapped when no answer came from the server at all.
var ErrUnreachable = errors.New("server cannot be reached")

// Job is a job as the API answers it.
type Job struct {
	JobID       string            `json:"jobId"`
	Project     string            `json:"project"`
	Kind        string            `json:"kind"`
	Status      string            `json:"status"`
	Queue       string            `json:"queue"`
	Priority    string            `json:"priority"`
	Labels      map[string]string `json:"labels,omitempty"`
	Input       jsontext.Value    `json:"input,omitempty"`
	Result      jsontext.Value    `json:"result,omitempty"`
	Error       *JobError         `json:"error,omitempty"`
	Attempt     int               `json:"attempt"`
	MaxAttempts int               `json:"maxAttempts"`
	Progress    *Progress         `json:"progress,omitempty"`
	CreatedAt   time.Time         `json:"createdAt"`
	UpdatedAt   time.Time         `json:"updatedAt"`
	FinishedAt  time.Time         `json:"finishedAt,omitzero"`
	Version     uint64            `json:"version"`
	Cursor      string            `json:"cursor,omitempty"`
	// Other is what else the answer says of the job, so that printing a Job loses nothing.
	Other jsontext.Value `json:",embed"`
}

// JobError is why a job failed.
type JobError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Detail  string `json:"detail,omitempty"`
}

// Progress is how far a job is.
type Progress struct {
	Percent float64 `json:"percent"`
	Message string  `json:"message,omitempty"`
}

// Final reports whether the job has ended.
func (j Job) Final() bool { return Final(j.Status) }

// Final reports whether a job of this status has ended.
func Final(status string) bool {
	switch status {
	case "succeeded", "failed", "cancelled", "dead":
		return true
	}
	return false
}

// Submission asks for a job.
type Submission struct {
	Kind     string            `json:"kind"`
	Input    jsontext.Value    `json:"input,omitempty"`
	Queue    string            `json:"queue,omitempty"`
	Priority string            `json:"priority,omitempty"`
	Labels   map[string]string `json:"labels,omitempty"`
	Project  string            `json:"project,omitempty"`
	RunAt    time.Time         `json:"runAt,omitzero"`
	Delay    string            `json:"delay,omitempty"`
	Timeout  string            `json:"timeout,omitempty"`
	Retry    *Retry            `json:"retry,omitempty"`
	After    []After           `json:"after,omitempty"`
	ParentID string            `json:"parentId,omitempty"`
}

// Retry bounds the attempts.
type Retry struct {
	MaxAttempts int `json:"maxAttempts,omitempty"`
}

// After names a job to wait for.
type After struct {
	JobID     string `json:"jobId"`
	OnFailure string `json:"onFailure,omitempty"`
}

// Submit creates a job; with a key, a repeated call answers the same job.
func (c *Client) Submit(ctx context.Context, s Submission, key string) (Job, error) {
	header := http.Header{}
	if key != "" {
		header.Set("Idempotency-Key", key)
	}
	var j Job
	return j, c.call(ctx, http.MethodPost, "/api/jobs", header, s, &j)
}

// Job reads one job; query may time-travel with "version" or "at".
func (c *Client) Job(ctx context.Context, id string, query url.Values) (Job, error) {
	var j Job
	return j, c.call(ctx, http.MethodGet, withQuery("/api/jobs/"+url.PathEscape(id), query), nil, nil, &j)
}

// JobPage is one page of a list.
type JobPage struct {
	Items    []Job  `json:"items"`
	NextPage string `json:"nextPage,omitempty"`
	Cursor   string `json:"cursor"`
}

// Jobs lists jobs.
func (c *Client) Jobs(ctx context.Context, query url.Values) (JobPage, error) {
	var p JobPage
	return p, c.call(ctx, http.MethodGet, withQuery("/api/jobs", query), nil, nil, &p)
}

// Command sends cancel, stop or retry with an optional reason, or annotate with a text.
func (c *Client) Command(ctx context.Context, id, action string, body any) (Job, error) {
	var j Job
	return j, c.call(ctx, http.MethodPost, "/api/jobs/"+url.PathEscape(id)+"/"+action, nil, body, &j)
}

// Post sends a body, nil for none, to any path and reads the answer into out.
func (c *Client) Post(ctx context.Context, path string, body, out any) error {
	return c.call(ctx, http.MethodPost, path, nil, body, out)
}

// Get reads any path into out, for example a *jsontext.Value.
func (c *Client) Get(ctx context.Context, path string, query url.Values, out any) error {
	return c.call(ctx, http.MethodGet, withQuery(path, query), nil, nil, out)
}

// Put sends what is to stand at any path and reads the answer into out; header may have If-Match or If-None-Match.
func (c *Client) Put(ctx context.Context, path string, header http.Header, body, out any) error {
	return c.call(ctx, http.MethodPut, path, header, body, out)
}

// Delete removes what is at any path and reads the answer into out.
func (c *Client) Delete(ctx context.Context, path string, query url.Values, out any) error {
	return c.call(ctx, http.MethodDelete, withQuery(path, query), nil, nil, out)
}

// Download copies a path's body to w.
func (c *Client) Download(ctx context.Context, path string, w io.Writer) error {
	res, err := c.do(ctx, http.MethodGet, path, nil, nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	_, err = io.Copy(w, res.Body)
	return err
}

func withQuery(path string, query url.Values) string {
	if len(query) == 0 {
		return path
	}
	return path + "?" + query.Encode()
}

func (c *Client) call(ctx context.Context, method, path string, header http.Header, in, out any) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(b)
	}
	res, err := c.do(ctx, method, path, header, body)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if err := json.UnmarshalRead(res.Body, out); err != nil {
		return fmt.Errorf("answer of %s %s: %w", method, path, err)
	}
	return nil
}

// do sends a request and turns any answer but 2xx into a *Problem.
func (c *Client) do(ctx context.Context, method, path string, header http.Header, body io.Reader) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return nil, err
	}
	for name, values := range header {
		req.Header[name] = values
	}
	if body != nil && req.Header.Get("Content-Type") == "" {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := c.http.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fmt.Errorf("%w: %s (is `tapedeck serve` running there? see --server): %w", ErrUnreachable, c.base, err)
	}
	if res.StatusCode/100 == 2 {
		return res, nil
	}
	defer res.Body.Close()
	p := &Problem{Status: res.StatusCode, Title: res.Status}
	if b, err := io.ReadAll(io.LimitReader(res.Body, 1<<20)); err == nil {
		_ = json.Unmarshal(b, p) // an answer that is no problem document keeps the status line
	}
	return nil, p
}
