package proxy

import (
	"context"
	"errors"
	"fmt"
	"html"
	"net/http"
	"strings"
)

// ErrorHeader carries the Failure's code on the pages that the proxy itself
// answers; it is taken off what origins send.
const ErrorHeader = "X-Tapedeck-Proxy-Error"

// refuse answers with a page of ours.
func (s *Session) refuse(w http.ResponseWriter, r *http.Request, x *exchange, f *Failure) {
	x.fail(f)
	x.done()
	writeFailure(w, r, f)
}

// failure names why an origin's answer did not come, or not to its end.
func (s *Session) failure(ctx context.Context, r *http.Request, err error) *Failure {
	var cause *Failure
	switch {
	case s.ctx.Err() != nil:
		return &Failure{CodeStopped, "the recording's proxy was stopped"}
	case r.Context().Err() != nil:
		return &Failure{CodeCancelled, "the browser gave up"}
	case errors.As(context.Cause(ctx), &cause):
		return cause
	default:
		return failureOf(err)
	}
}

func writeFailure(w http.ResponseWriter, r *http.Request, f *Failure) {
	status := http.StatusBadGateway
	switch f.Code {
	case CodeDenied, CodeNoise:
		status = http.StatusForbidden
	case CodeTimeout:
		status = http.StatusGatewayTimeout
	case CodeRequest:
		status = http.StatusBadRequest
	case CodeStopped:
		status = http.StatusServiceUnavailable
	}
	h := w.Header()
	clear(h)
	h.Set(ErrorHeader, f.Code)
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'")
	if !acceptsHTML(r) {
		h.Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(status)
		_, _ = fmt.Fprintln(w, f.Message)
		return
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, "<!doctype html><title>Not reached: %s</title><h1>Not reached</h1><p>%s</p><p>Tapedeck's recording proxy answered this, not the site.</p>\n",
		html.EscapeString(f.Code), html.EscapeString(f.Message))
}

func acceptsHTML(r *http.Request) bool { return strings.Contains(r.Header.Get("Accept"), "text/html") }
