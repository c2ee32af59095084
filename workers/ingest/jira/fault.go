package jira

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

// Code says what kind of fault an Error is, in the product's words.
type Code string

// The codes of an Error.
const (
	Invalid      Code = "invalid"      // Jira refused the query or the settings
	Unauthorized Code = "unauthorized" // the credentials are wrong or have expired
	Forbidden    Code = "forbidden"
	NotFound     Code = "not_found"
	Gone         Code = "gone" // the endpoint was removed
	TooLarge     Code = "too_large"
	RateLimited  Code = "rate_limited" // even after waiting
	Unavailable  Code = "unavailable"  // the network or the server failed, after all tries
	Malformed    Code = "malformed"    // the answer is not what Jira answers
)

// Error is why a request failed and what to do. It never holds credentials.
type Error struct {
	Code Code
	// Op is what was asked for: "search", "fields", "comments of A-1".
	Op string
	// Status is HTTP's, 0 when there was no answer.
	Status int
	// Messages are Jira's own.
	Messages []string
	// Hint says what to do.
	Hint string
	// RetryAfter is how long Jira asked to wait, when it did.
	RetryAfter time.Duration
	// Err is the cause below, if any.
	Err error
}

// Error is one line: what was asked, what came back, what to do.
func (e *Error) Error() string {
	var out strings.Builder
	fmt.Fprintf(&out, "jira: %s: %s", e.Op, strings.ReplaceAll(string(e.Code), "_", " "))
	if e.Status != 0 {
		fmt.Fprintf(&out, " (%d)", e.Status)
	}
	for _, m := range e.Messages {
		out.WriteString(": " + m)
	}
	if e.Err != nil {
		out.WriteString(": " + oneLine(e.Err.Error()))
	}
	if e.Hint != "" {
		out.WriteString("; " + e.Hint)
	}
	return out.String()
}

// Unwrap is the cause.
func (e *Error) Unwrap() error { return e.Err }

// refusal makes an Error of an answer that is none of success. Secrets that the answer repeats are masked.
func (c *Client) refusal(op string, res *http.Response, body []byte) *Error {
	e := &Error{Op: op, Status: res.StatusCode, Messages: c.messages(res, body), RetryAfter: c.retryAfter(res.Header)}
	said := strings.ToLower(strings.Join(e.Messages, " "))
	switch res.StatusCode {
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		e.Code, e.Hint = Invalid, invalidHint(said)
	case http.StatusUnauthorized:
		e.Code, e.Hint = Unauthorized, "the token is wrong or has expired: make a new one in Jira and store it here"
	case http.StatusForbidden:
		e.Code, e.Hint = Forbidden, "give the account permission to browse these projects"
		if strings.Contains(res.Header.Get("X-Authentication-Denied-Reason"), "CAPTCHA") {
			e.Hint = "Jira wants a captcha after failed logins: sign in once in a browser as this account"
		}
	case http.StatusNotFound:
		e.Code, e.Hint = NotFound, "check the base URL with its context path, and that the account may see this"
	case http.StatusGone:
		e.Code, e.Hint = Gone, "this Jira has removed the endpoint: is it Cloud where Data Center is set?"
	case http.StatusRequestEntityTooLarge:
		e.Code, e.Hint = TooLarge, "shorten the query"
	case http.StatusTooManyRequests:
		e.Code, e.Hint = RateLimited, "try again later, or with a smaller filter"
	default:
		e.Code, e.Hint = Unavailable, "try again later; if it stays, ask who runs this Jira"
		if res.StatusCode >= 300 && res.StatusCode < 400 {
			e.Code, e.Hint = Invalid, c.redirectHint(res)
		}
	}
	return e
}

func invalidHint(said string) string {
	switch {
	case strings.Contains(said, "unbounded"):
		return "restrict the query: add a project, a filter or a time, such as project = ABC"
	case strings.Contains(said, "does not exist for the field"), strings.Contains(said, "no permission"):
		return "check the spelling, and that the account may see it"
	}
	return "correct the query; it can be tried out in Jira's issue search"
}

// redirectHint names the host that an answer points to, not the address, whose query may hold tokens.
func (c *Client) redirectHint(res *http.Response) string {
	to, err := res.Location()
	if err != nil {
		return "Jira redirects to nowhere: check the base URL"
	}
	return c.mask("Jira redirects to " + to.Scheme + "://" + to.Host + ": set the base URL to where Jira is, and check the token if that is a login page")
}

// messages are what Jira says in its errors' two forms, or the text of an answer that is no JSON and no page.
func (c *Client) messages(res *http.Response, body []byte) []string {
	var said struct {
		ErrorMessages []string          `json:"errorMessages"`
		Errors        map[string]string `json:"errors"`
		Message       string            `json:"message"`
		ErrorMessage  string            `json:"errorMessage"`
		Detail        string            `json:"detail"`
	}
	if json.Unmarshal(body, &said) != nil {
		if strings.HasPrefix(res.Header.Get("Content-Type"), "text/plain") {
			said.Message = string(body[:min(len(body), 300)])
		}
	}
	all := said.ErrorMessages
	for _, field := range slices.Sorted(maps.Keys(said.Errors)) {
		all = append(all, field+": "+said.Errors[field])
	}
	all = append(all, cmp.Or(said.Message, said.ErrorMessage, said.Detail))
	var out []string
	for _, m := range all {
		if m = c.mask(shorten(oneLine(m), 500)); m != "" && len(out) < 5 {
			out = append(out, m)
		}
	}
	return out
}

// mask takes the credentials out of a text from outside.
func (c *Client) mask(s string) string {
	for _, secret := range c.cfg.secrets() {
		s = strings.ReplaceAll(s, secret, "***")
	}
	return s
}

func shorten(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit], "") + "…"
}
