package model

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/openai/openai-go/v3"

	"tapedeck/domain/testcase"
)

// Reason says why a model gave no answer that can be used.
type Reason string

// The reasons of an Error.
const (
	Unreachable Reason = "unreachable" // no connection
	Slow        Reason = "slow"        // no answer within the timeout
	Denied      Reason = "denied"      // the key is not taken: 401, 403
	Unknown     Reason = "unknown"     // no such model, deployment or address: 404
	Busy        Reason = "busy"        // too much is asked: 429
	Broken      Reason = "broken"      // 5xx
	Refused     Reason = "refused"     // any other status that is no success
	Unusable    Reason = "unusable"    // an answer that is no JSON object, was cut off, or is too large
)

// Error says why there is no answer. Its text is a sentence for whoever set the model up, without the key.
type Error struct {
	Reason Reason
	text   string
	err    error
	// plainly says that the server may answer when it is not asked for a form.
	plainly bool
}

// Error implements error.
func (e *Error) Error() string { return e.text }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.err }

// Useless says whether the model answered, and only this answer is of no use: another question may fare better.
func (e *Error) Useless() bool { return e.Reason == Unusable }

// errTooLarge ends the reading of an answer.
var errTooLarge = errors.New("the answer is too large")

// maxSaid bounds what is repeated of a server's own words, in characters.
const maxSaid = 300

// fault words why a call failed; status is 0 when nothing answered.
func (c *Client) fault(ctx context.Context, err error, status int) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	say := func(reason Reason, format string, args ...any) *Error {
		return &Error{Reason: reason, text: c.without(fmt.Sprintf(format, args...)), err: err}
	}
	said := c.said(err)
	switch {
	case errors.Is(err, errTooLarge):
		return say(Unusable, "it answered more than %d bytes", c.cfg.MaxAnswer)
	case errors.Is(err, context.DeadlineExceeded):
		return say(Slow, "it did not answer within %s: set MODEL_TIMEOUT if it needs longer", c.cfg.Timeout)
	case status == 0:
		return say(Unreachable, "%s cannot be reached: %s", c.base, testcase.CutLine(err.Error(), maxSaid))
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return say(Denied, "it does not take the key (%d): set MODEL_API_KEY to one that may use %s%s", status, c.cfg.Name, said)
	case status == http.StatusNotFound:
		return say(Unknown, "it has no %s at %s (404): set MODEL_NAME to %s, and MODEL_URL to %s%s", c.cfg.Name, c.base, c.what(), c.where(), said)
	case status == http.StatusTooManyRequests:
		return say(Busy, "it takes no more for now (429)%s", said)
	case status >= http.StatusInternalServerError:
		return say(Broken, "it fails (%d)%s", status, said)
	case status >= http.StatusBadRequest:
		f := say(Refused, "it does not take what it is asked (%d)%s", status, said)
		f.plainly = (status == http.StatusBadRequest || status == http.StatusUnprocessableEntity) && aboutForm(err)
		return f
	case status >= http.StatusMultipleChoices:
		return say(Refused, "it sends elsewhere (%d): set MODEL_URL to where it is now", status)
	}
	return say(Unusable, "what it answered is no chat completion")
}

// what and where are what a person should set.
func (c *Client) what() string {
	if c.cfg.APIVersion != "" {
		return "the deployment's name"
	}
	return "a model that it has"
}

func (c *Client) where() string {
	if c.cfg.APIVersion != "" {
		return "the resource's address alone, such as https://NAME.openai.azure.com"
	}
	return "the address before /chat/completions, such as https://api.openai.com/v1"
}

// said is what the server says about it.
func (c *Client) said(err error) string {
	var api *openai.Error
	if !errors.As(err, &api) || api.Message == "" {
		return ""
	}
	return ": “" + testcase.CutLine(c.without(api.Message), maxSaid) + "”"
}

// aboutForm says whether a server's complaint is about response_format, which not all of them know.
func aboutForm(err error) bool {
	var api *openai.Error
	if !errors.As(err, &api) {
		return false
	}
	return strings.Contains(api.Message+" "+api.Param, "response_format") || strings.Contains(api.Message, "json_schema")
}

// without takes the key out of a text: servers repeat what they were given.
func (c *Client) without(text string) string {
	if c.cfg.APIKey == "" {
		return text
	}
	return strings.ReplaceAll(text, c.cfg.APIKey, "[redacted]")
}
