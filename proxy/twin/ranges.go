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
// when the recording has a part only (RFC 9110, 14). It says what is lacking, or "".
func partly(req *http.Request, a *Answer) string {
	asked := req.Header.Get("Range")
	switch {
	case a.Status == http.StatusPartialContent && asked == "":
		return join(a)
	case a.Status == http.StatusPartialContent && asked != a.Entry.Request.Header.Get("Range"):
		return cutPart(asked, a)
	case a.Status == http.StatusOK && asked != "":
		if a.Header.Get("Accept-Ranges") == "none" || a.Entry.Request.Header.Get("Range") != "" {
			return "" // the server does not do it
		}
		w := httptest.NewRecorder()
		for name, values := range a.Header {
			w.Header()[name] = values
		}
		part := &http.Request{Method: http.MethodGet, Header: http.Header{"Range": {asked}}}
		http.ServeContent(w, part, "", time.Time{}, bytes.NewReader(a.Body))
		a.Status, a.Header, a.Body = w.Code, w.Header(), w.Body.Bytes()
		a.Header.Del("Content-Length")
	}
	return ""
}

// join makes a whole of a part that is all of it.
func join(a *Answer) string {
	from, to, total, ok := contentRange(a.Header.Get("Content-Range"))
	if !ok || from != 0 || strconv.FormatInt(to+1, 10) != total || int64(len(a.Body)) != to+1 {
		return "the recording holds only a part of it: " + a.Header.Get("Content-Range")
	}
	a.Status = http.StatusOK
	a.Header.Del("Content-Range")
	return ""
}

// cutPart takes what was asked out of a recorded part.
func cutPart(asked string, a *Answer) string {
	held := a.Header.Get("Content-Range")
	lacking := "the recording holds " + held + ", not " + asked
	from, to, total, ok := contentRange(held)
	if !ok || int64(len(a.Body)) != to-from+1 {
		return lacking
	}
	first, last, ok := byteRange(asked)
	if !ok || first < from || first > to {
		return lacking
	}
	if size, err := strconv.ParseInt(total, 10, 64); err == nil && (last < 0 || last >= size) {
		last = size - 1
	}
	if last < 0 || last > to {
		last = to
	} else {
		lacking = ""
	}
	a.Body = a.Body[first-from : last-from+1]
	a.Header.Set("Content-Range", "bytes "+strconv.FormatInt(first, 10)+"-"+strconv.FormatInt(last, 10)+"/"+total)
	return lacking
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
