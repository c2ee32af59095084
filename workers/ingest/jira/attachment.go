package jira

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

const maxRedirects = 5

// Attachment writes a file to w and answers its size in bytes. It follows redirects to https addresses and to Jira
// itself; credentials go to Jira only. A file above Config.MaxAttachment is too_large: nothing is written when Jira says
// so beforehand, else w has got more than is of use. It is tried again only while nothing was written.
func (c *Client) Attachment(ctx context.Context, id string, w io.Writer) (int64, error) {
	op := "attachment " + shorten(oneLine(id), 40)
	if id == "" || strings.Trim(id, "0123456789") != "" {
		return 0, &Error{Code: Invalid, Op: op, Hint: "an attachment's id is a number"}
	}
	if _, err := c.Account(ctx); err != nil {
		return 0, err
	}
	path, err := c.contentPath(ctx, op, id)
	if err != nil {
		return 0, err
	}
	for attempt := 1; ; attempt++ {
		n, err := c.download(ctx, op, c.base.String()+path, w)
		if err == nil || n > 0 {
			return n, err
		}
		if err := c.again(ctx, attempt, err); err != nil {
			return 0, err
		}
	}
}

// contentPath is where a file lies below the base URL. Data Center names an absolute address, which need not be the one
// that it is reached at from here.
func (c *Client) contentPath(ctx context.Context, op, id string) (string, error) {
	if c.flavour == Cloud {
		return "/rest/api/3/attachment/content/" + id, nil
	}
	var meta struct {
		Filename string `json:"filename"`
	}
	if _, err := c.do(ctx, call{op: op, method: http.MethodGet, path: c.api("/attachment/" + id)}, &meta); err != nil {
		return "", err
	}
	return "/secure/attachment/" + id + "/" + url.PathEscape(meta.Filename), nil
}

func (c *Client) download(ctx context.Context, op, target string, w io.Writer) (int64, error) {
	for range maxRedirects + 1 {
		res, err := c.get(ctx, op, target)
		if err != nil {
			return 0, err
		}
		if res.StatusCode/100 != 3 {
			defer res.Body.Close()
			return c.save(op, res, w)
		}
		res.Body.Close()
		if target, err = c.follow(op, res); err != nil {
			return 0, err
		}
	}
	return 0, &Error{Code: Invalid, Op: op, Hint: "Jira redirects in a circle"}
}

func (c *Client) get(ctx context.Context, op, target string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return nil, &Error{Code: Invalid, Op: op, Hint: "the address of the file cannot be read"}
	}
	if c.own(req.URL) {
		req.Header.Set("Authorization", c.auth())
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, c.lost(op, err)
	}
	return res, nil
}

// own says whether an address is Jira's own: the same scheme, host and port.
func (c *Client) own(u *url.URL) bool {
	return u.Scheme == c.base.Scheme && strings.EqualFold(u.Host, c.base.Host)
}

func (c *Client) follow(op string, res *http.Response) (string, error) {
	to, err := res.Location()
	switch {
	case err != nil:
		return "", &Error{Code: Malformed, Op: op, Status: res.StatusCode, Hint: "Jira redirects to nowhere"}
	case c.own(to) && strings.HasSuffix(to.Path, "/login.jsp"):
		return "", &Error{Code: Unauthorized, Op: op, Status: res.StatusCode, Hint: "Jira asks to sign in: the token may not read this file"}
	case to.User != nil || to.Scheme != "https" && !c.own(to):
		return "", &Error{Code: Forbidden, Op: op, Status: res.StatusCode, Hint: c.mask("Jira redirects to " + to.Scheme + "://" + to.Host + ": only https and Jira itself are followed")}
	}
	return to.String(), nil
}

func (c *Client) save(op string, res *http.Response, w io.Writer) (int64, error) {
	limit := c.cfg.MaxAttachment
	tooLarge := &Error{Code: TooLarge, Op: op, Status: res.StatusCode, Hint: fmt.Sprintf("the file has more than %d bytes", limit)}
	switch {
	case res.StatusCode/100 != 2:
		body, _ := io.ReadAll(io.LimitReader(res.Body, 64<<10))
		return 0, c.refusal(op, res, body)
	case res.ContentLength > limit:
		return 0, tooLarge
	}
	out := &watched{w: w}
	n, err := io.Copy(out, io.LimitReader(res.Body, limit+1))
	switch {
	case out.failed != nil:
		return n, fmt.Errorf("jira: %s: %w", op, out.failed)
	case err != nil:
		return n, c.lost(op, err)
	case n > limit:
		return n, tooLarge
	}
	return n, nil
}

// watched tells a failure of the writer from one of the network.
type watched struct {
	w      io.Writer
	failed error
}

func (w *watched) Write(p []byte) (int, error) {
	n, err := w.w.Write(p)
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	w.failed = errors.Join(w.failed, err)
	return n, err
}
