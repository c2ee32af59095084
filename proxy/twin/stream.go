package twin

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"strings"

	"tapedeck/proxy"
)

// playStream sends a stream's events, each after what preceded it.
func (r *Run) playStream(q query, x *exchange) (*http.Response, error) {
	if len(x.entry.Events) == 0 && x.over() {
		return r.answer(q, x)
	}
	ctx := q.Context()
	body, w := io.Pipe()
	go func() {
		p := r.pace(x)
		if len(x.entry.Events) == 0 { // another program's file, or nothing but comments
			if _, err := io.WriteString(w, r.renamed(string(x.body))); err != nil {
				return
			}
		}
		for _, e := range x.entry.Events {
			if !p.until(ctx, e.Time, nil) {
				_ = w.CloseWithError(errEnded)
				return
			}
			if _, err := io.WriteString(w, r.renamed(eventText(e))); err != nil {
				return
			}
		}
		if ended, _ := x.ended(); x.over() && p.until(ctx, ended, nil) {
			_ = w.Close()
			return
		}
		select { // the recording, or the page, ended first
		case <-ctx.Done():
		case <-r.ctx.Done():
		}
		_ = w.CloseWithError(errEnded)
	}()
	r.mu.Lock()
	r.serveLocked(q, x.entry.ID, x.entry.Response.Status)
	r.sayLostLocked(x)
	r.mu.Unlock()
	resp := respond(q.Request, x.entry.Response.Status, x.entry.Response.StatusText, r.headerOf(x), nil)
	resp.Body, resp.ContentLength = body, -1
	return resp, nil
}

// over says that the server ended a stream, or its connection broke.
func (x *exchange) over() bool {
	e := x.entry.Error
	return x.entry.Done && (e == nil || e.Code != proxy.CodeStopped && e.Code != proxy.CodeCancelled)
}

// eventText is an event as it stands in a stream (HTML, 9.2.6).
func eventText(e proxy.Event) string {
	var b bytes.Buffer
	if e.Type != "" && e.Type != "message" {
		b.WriteString("event: " + e.Type + "\n")
	}
	if e.ID != "" {
		b.WriteString("id: " + e.ID + "\n")
	}
	if e.Retry > 0 {
		b.WriteString("retry: " + strconv.FormatInt(e.Retry.Milliseconds(), 10) + "\n")
	}
	for line := range strings.SplitSeq(e.Data, "\n") {
		b.WriteString("data: " + line + "\n")
	}
	b.WriteString("\n")
	return b.String()
}
