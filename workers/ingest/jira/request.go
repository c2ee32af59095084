package jira

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// call is one request; it only ever reads, so that it can be sent again.
type call struct {
	op     string
	method string
	path   string // below the base URL, escaped
	query  url.Values
	body   any // sent as JSON unless nil
}

// do sends a call and reads the answer's JSON into out. It tries again after 429, 502, 503, 504 and network failures,
// waiting as long as Retry-After says, else twice as long each time. The error is an *Error or the context's.
func (c *Client) do(ctx context.Context, cl call, out any) (http.Header, error) {
	for attempt := 1; ; attempt++ {
		header, err := c.once(ctx, cl, out)
		if err == nil {
			return header, nil
		}
		if err := c.again(ctx, attempt, err); err != nil {
			return nil, err
		}
	}
}

// again waits before the next try; it answers the failure when there is to be none.
func (c *Client) again(ctx context.Context, attempt int, failure error) error {
	var e *Error
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if !errors.As(failure, &e) || e.Code != RateLimited && e.Code != Unavailable || e.Status == http.StatusInternalServerError {
		return failure
	}
	wait := e.RetryAfter
	if wait == 0 {
		wait = min(time.Second<<min(attempt-1, 10), c.cfg.MaxWait)
	}
	if attempt >= c.cfg.Attempts || wait > c.cfg.MaxWait {
		return failure
	}
	return c.cfg.Sleep(ctx, wait+rand.N(wait/4+1)) // never earlier than asked for, and not all at once
}

func (c *Client) once(ctx context.Context, cl call, out any) (http.Header, error) {
	req, err := c.request(ctx, cl)
	if err != nil {
		return nil, err
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, c.lost(cl.op, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, c.cfg.MaxAnswer+1))
	switch {
	case err != nil:
		return nil, c.lost(cl.op, err)
	case int64(len(body)) > c.cfg.MaxAnswer:
		return nil, &Error{Code: TooLarge, Op: cl.op, Status: res.StatusCode,
			Hint: fmt.Sprintf("the answer has more than %d bytes: ask for smaller pages or fewer fields", c.cfg.MaxAnswer)}
	case res.StatusCode/100 != 2:
		return nil, c.refusal(cl.op, res, body)
	case failedLogin(res.Header):
		// Cloud answers an expired token as if nobody had signed in: 200, and no issues.
		return nil, &Error{Code: Unauthorized, Op: cl.op, Status: res.StatusCode,
			Hint: "the token is wrong or has expired: make a new one in Jira and store it here"}
	}
	if err := json.Unmarshal(body, out, jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true)); err != nil {
		return nil, &Error{Code: Malformed, Op: cl.op, Status: res.StatusCode,
			Hint: fmt.Sprintf("the answer (%s) is not what Jira answers: check that the base URL leads to Jira and not to a login page",
				c.mask(shorten(oneLine(res.Header.Get("Content-Type")), 60)))}
	}
	return res.Header, nil
}

func failedLogin(h http.Header) bool {
	reason := h.Get("X-Seraph-Loginreason")
	return reason == "AUTHENTICATED_FAILED" || reason == "AUTHENTICATION_DENIED"
}

func (c *Client) request(ctx context.Context, cl call) (*http.Request, error) {
	var body io.Reader
	if cl.body != nil {
		raw, err := json.Marshal(cl.body)
		if err != nil {
			return nil, fmt.Errorf("jira: %s: %w", cl.op, err)
		}
		body = bytes.NewReader(raw)
	}
	target := c.base.String() + cl.path
	if len(cl.query) > 0 {
		target += "?" + cl.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, cl.method, target, body)
	if err != nil {
		return nil, &Error{Code: Invalid, Op: cl.op, Hint: "the address cannot be read"}
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Authorization", c.auth())
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

// lost is a failure without an answer. The URL that net/http puts into its error is left out: a redirect's may hold
// tokens.
func (c *Client) lost(op string, err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return &Error{Code: Unavailable, Op: op, Err: err, Hint: "Jira took too long to answer"}
	}
	return &Error{Code: Unavailable, Op: op, Err: errors.New(c.mask(err.Error())),
		Hint: "check the base URL, and that this server may connect to it"}
}

// retryAfter reads the header in both of its forms (RFC 9110 §10.2.3); 0 when there is none.
func (c *Client) retryAfter(h http.Header) time.Duration {
	v := h.Get("Retry-After")
	if s, err := strconv.ParseUint(v, 10, 31); err == nil {
		return time.Duration(s) * time.Second
	}
	if t, err := http.ParseTime(v); err == nil {
		return max(t.Sub(c.cfg.Now()), 0)
	}
	return 0
}
