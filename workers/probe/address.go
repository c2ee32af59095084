package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"

	"tapedeck/proxy/egress"
)

// Bounds of what is asked.
const (
	maxRedirects = 10
	maxBody      = 1 << 20 // bytes; what is over it is not read
)

// foreignError is a redirect to where tests may not go.
type foreignError struct{ host string }

// Error implements error.
func (e *foreignError) Error() string {
	return fmt.Sprintf("it leads to %s, which tests may not reach: add it to the allowed hosts, or change the address", e.host)
}

// address asks the base URL, and follows redirects as far as tests may go.
func (l *look) address(ctx context.Context, header http.Header) Finding {
	ctx, cancel := context.WithTimeout(ctx, l.cfg.Timeout)
	defer cancel()
	f := Finding{Subject: "baseUrl", Level: Error}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, l.env.BaseURL, http.NoBody)
	if err != nil {
		f.Message = "is no address"
		return f
	}
	if err := l.cfg.Policy.CheckURL(req.URL); err != nil {
		f.Message = plain(err)
		return f
	}
	send(req, header)
	res, err := l.client(header).Do(req)
	if err != nil {
		f.Message = l.explain(ctx, err)
		var foreign *foreignError
		if errors.As(err, &foreign) {
			f.Level = Warning
		}
		return f
	}
	defer res.Body.Close()
	_, _ = io.CopyN(io.Discard, res.Body, maxBody) // that it answers is what is asked
	f.Level, f.Message = judge(res.StatusCode)
	if at := res.Request.URL; at.String() != req.URL.String() {
		f.Message += ", at " + (&url.URL{Scheme: at.Scheme, Host: at.Host, Path: at.Path}).String()
	}
	return f
}

func send(req *http.Request, header http.Header) {
	req.Header = header.Clone()
	if req.Header.Get("User-Agent") == "" {
		req.Header.Set("User-Agent", "Tapedeck")
	}
}

// client has connections of its own: none outlives the look.
func (l *look) client(header http.Header) *http.Client {
	jar, _ := cookiejar.New(nil) // cannot fail
	return &http.Client{
		Jar: jar,
		Transport: &http.Transport{
			DialContext:       l.cfg.Policy.DialContext,
			TLSClientConfig:   &tls.Config{InsecureSkipVerify: l.env.IgnoreHTTPSErrors, MinVersion: tls.VersionTLS12}, //nolint:gosec // as it was asked for
			ForceAttemptHTTP2: true, DisableKeepAlives: true, MaxResponseHeaderBytes: 256 << 10,
		},
		CheckRedirect: func(req *http.Request, via []*http.Request) error {
			if len(via) > maxRedirects {
				return fmt.Errorf("it redirects more than %d times", maxRedirects)
			}
			if !l.env.Allows(req.URL) {
				return &foreignError{req.URL.Host}
			}
			if err := l.cfg.Policy.CheckURL(req.URL); err != nil {
				return err
			}
			send(req, http.Header{})
			if l.env.Owns(req.URL) {
				send(req, header)
			}
			return nil
		},
	}
}

func judge(status int) (Level, string) {
	text := fmt.Sprintf("it answers %d %s", status, http.StatusText(status))
	switch {
	case status >= http.StatusInternalServerError:
		return Error, text
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return Warning, text + ": tests need a header or a login (this look is without the login)"
	case status >= http.StatusBadRequest:
		return Warning, text
	}
	return OK, text
}

// explain says why there is no answer, without the address that net/http puts before it: a redirect's may hold a secret.
func (l *look) explain(ctx context.Context, err error) string {
	var certificate *tls.CertificateVerificationError
	var dns *net.DNSError
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fmt.Sprintf("it does not answer within %s", l.cfg.Timeout)
	case errors.As(err, &certificate):
		return "its certificate is not valid (" + certificate.Err.Error() + "): set it right, or ignore HTTPS errors"
	case errors.As(err, &dns) && dns.IsNotFound:
		return "its name has no address"
	}
	return plain(err)
}

func plain(err error) string {
	var denied *egress.Denied
	var outer *url.Error
	switch {
	case errors.As(err, &denied):
		return denied.Error() + ": RECORDER_ALLOW_HOSTS and its neighbours say what may be reached"
	case errors.As(err, &outer):
		return outer.Err.Error()
	}
	return err.Error()
}
