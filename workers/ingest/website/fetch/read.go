package fetch

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"tapedeck/proxy"
)

// read takes an answer that is no redirect.
func (f *Fetcher) read(at *url.URL, resp *http.Response, r Request) (*Response, error) {
	page := &Response{URL: at, Status: resp.StatusCode, Header: resp.Header, Validators: Validators{
		ETag: resp.Header.Get("ETag"), LastModified: resp.Header.Get("Last-Modified"),
	}}
	if resp.StatusCode == http.StatusNotModified {
		page.NotModified = true
		page.Validators = page.Validators.or(r.Known)
		return page, nil
	}
	if proxyRefused(f.cfg.Proxy, resp) {
		return nil, failure(CodeProxy, at.String(), "the proxy wants a user name and password: set them in its URL")
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return nil, statusFailure(at, resp)
	}
	types := f.cfg.Types
	if r.Types != nil {
		types = r.Types
	}
	declared := mediaType(resp.Header.Get("Content-Type"))
	if !vague(declared) && !accepts(types, declared) {
		return nil, failure(CodeType, at.String(), "content type %s is not read", declared)
	}
	body, err := f.body(at, resp, r)
	if err != nil {
		return nil, err
	}
	page.Body = body
	page.MediaType, err = actualType(declared, types, at, body)
	return page, err
}

func (v Validators) or(other Validators) Validators {
	setDefault(&v.ETag, other.ETag)
	setDefault(&v.LastModified, other.LastModified)
	return v
}

func statusFailure(at *url.URL, resp *http.Response) *Failure {
	fault := failure(Status(resp.StatusCode), at.String(), "the server answered %d %s", resp.StatusCode, http.StatusText(resp.StatusCode))
	fault.Status = resp.StatusCode
	fault.RetryAfter = retryAfter(resp.Header.Get("Retry-After"), time.Now())
	fault.Temporary = slices.Contains([]int{408, 425, 429, 500, 502, 503, 504}, resp.StatusCode)
	return fault
}

func (f *Fetcher) body(at *url.URL, resp *http.Response, r Request) ([]byte, error) {
	limit := f.cfg.MaxSize
	if r.MaxSize > 0 {
		limit = r.MaxSize
	}
	if resp.ContentLength > limit && !r.Cut {
		return nil, failure(CodeTooLarge, at.String(), "%d bytes, over the limit of %d", resp.ContentLength, limit)
	}
	raw := &io.LimitedReader{R: resp.Body, N: limit + 1}
	broken := &faults{r: raw}
	body, err := decompress(resp.Header.Get("Content-Encoding"), broken, limit)
	switch {
	case r.Cut && int64(len(body)) >= limit:
		return body[:limit], nil
	case raw.N <= 0 || int64(len(body)) > limit:
		return nil, failure(CodeTooLarge, at.String(), "over the limit of %d bytes", limit)
	case broken.err != nil:
		return nil, broken.err
	case err != nil:
		return nil, failure(CodeEncoding, at.String(), "%v", err)
	}
	return body, nil
}

// decompress reads one byte more than the limit at most.
func decompress(encoding string, r io.Reader, limit int64) ([]byte, error) {
	plain, err := proxy.Decode(encoding, r)
	if errors.Is(err, io.EOF) {
		return nil, nil // an empty body has no encoding
	}
	if err != nil {
		return nil, err
	}
	defer plain.Close()
	var b bytes.Buffer
	_, err = io.Copy(&b, io.LimitReader(plain, limit+1))
	return b.Bytes(), err
}

// faults tells a connection's error from a decoder's.
type faults struct {
	r   io.Reader
	err error
}

func (f *faults) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		f.err = err
	}
	return n, err
}

func mediaType(header string) string {
	t, _, err := mime.ParseMediaType(header)
	if err != nil {
		t, _, _ = strings.Cut(header, ";")
	}
	return strings.ToLower(strings.TrimSpace(t))
}

// vague says that a type tells nothing: the content has to.
func vague(t string) bool {
	return t == "" || !strings.Contains(t, "/") || t == "application/octet-stream" || t == "binary/octet-stream" || t == "application/unknown"
}

func accepts(types []string, t string) bool {
	return slices.ContainsFunc(types, func(want string) bool {
		family, ok := strings.CutSuffix(want, "/*")
		return want == t || want == "*/*" || ok && strings.HasPrefix(t, family+"/")
	})
}

// actualType looks at the content: what is declared to be text must be text, and
// what is declared vaguely is what it looks like.
func actualType(declared string, types []string, at *url.URL, body []byte) (string, error) {
	sniffed := mediaType(http.DetectContentType(body))
	textual := strings.HasPrefix(sniffed, "text/") || len(body) == 0
	switch {
	case vague(declared) && accepts(types, sniffed):
		return sniffed, nil
	case vague(declared):
		return "", failure(CodeType, at.String(), "no content type, and the content looks like %s", sniffed)
	case isText(declared) && !textual && !utf16(body):
		return "", failure(CodeType, at.String(), "declared %s, but the content looks like %s", declared, sniffed)
	}
	return declared, nil
}

func isText(t string) bool {
	return strings.HasPrefix(t, "text/") || strings.HasSuffix(t, "xml") || strings.HasSuffix(t, "json")
}

// utf16 says whether bytes without a mark are text in two bytes a character:
// markup is ASCII, so one byte of each pair is zero.
func utf16(body []byte) bool {
	head := body[:min(len(body), 512)&^1]
	var even, odd int
	for i, c := range head {
		if c == 0 && i%2 == 0 {
			even++
		} else if c == 0 {
			odd++
		}
	}
	return len(head) > 0 && (even == 0 && odd > len(head)/4 || odd == 0 && even > len(head)/4)
}
