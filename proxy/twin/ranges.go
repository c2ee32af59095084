package twin

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"time"
)

// partly answers a request for a part of a body of which the recording has the whole, and as much of it as there is
// when the recording has a part only (RFC 9110, 14).
func partly(req *http.Request, a *Answer) {
	asked := req.Header.Get("Range")
	if asked == "" {
		return
	}
	switch a.Status {
	case http.StatusOK:
		if a.Header.Get("Accept-Ranges") == "none" {
			return
		}
		w := httptest.NewRecorder()
		for name, values := range a.Header {
			w.Header()[name] = values
		}
		part := &http.Request{Method: http.MethodGet, Header: http.Header{"Range": {asked}}}
		http.ServeContent(w, part, "", time.Time{}, bytes.NewReader(a.Body))
		a.Status, a.Header, a.Body = w.Code, w.Header(), w.Body.Bytes()
		a.Header.Del("Content-Length")
	case http.StatusPartialContent:
		cutPart(asked, a)
	}
}

// cutPart takes what was asked out of a recorded part.
func cutPart(asked string, a *Answer) {
	from, to, total, ok := contentRange(a.Header.Get("Content-Range"))
	if !ok || int64(len(a.Body)) != to-from+1 {
		return
	}
	first, last, ok := byteRange(asked)
	if !ok || first < from || first > to {
		return
	}
	if last < 0 || last > to {
		last = to
	}
	if first == from && last == to {
		return
	}
	a.Body = a.Body[first-from : last-from+1]
	a.Header.Set("Content-Range", "bytes "+strconv.FormatInt(first, 10)+"-"+strconv.FormatInt(last, 10)+"/"+total)
}

func contentRange(s string) (from, to int64, total string, ok bool) {
	span, found := strings.CutPrefix(s, "bytes ")
	span, total, cut := strings.Cut(span, "/")
	a, b, dash := strings.Cut(span, "-")
	from, err1 := strconv.ParseInt(a, 10, 64)
	to, err2 := strconv.ParseInt(b, 10, 64)
	return from, to, total, found && cut && dash && err1 == nil && err2 == nil && from >= 0 && to >= from
}

// byteRange reads one range "bytes=a-b"; last is -1 for an open end.
func byteRange(s string) (first, last int64, ok bool) {
	span, found := strings.CutPrefix(s, "bytes=")
	a, b, dash := strings.Cut(span, "-")
	first, err := strconv.ParseInt(a, 10, 64)
	if !found || !dash || err != nil {
		return 0, 0, false
	}
	if b == "" {
		return first, -1, true
	}
	last, err = strconv.ParseInt(b, 10, 64)
	return first, last, err == nil && last >= first
}
