package secretshop

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/coder/websocket"
)

func write(w http.ResponseWriter, contentType, body string) {
	w.Header().Set("Content-Type", contentType)
	_, _ = io.WriteString(w, body)
}

// told is JSON that repeats what the address says, under names that mean nothing.
func told(r *http.Request) string {
	return fmt.Sprintf(`{"text":%q,"list":[{"card":%q}]}`, r.FormValue("q"), r.FormValue("c"))
}

func (s *Shop) gzip(w http.ResponseWriter, r *http.Request) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.WriteString(z, told(r))
	_ = z.Close()
	w.Header().Set("Content-Encoding", "gzip")
	write(w, "application/json", b.String())
}

func (s *Shop) brotli(w http.ResponseWriter, r *http.Request) {
	var b bytes.Buffer
	z := brotli.NewWriter(&b)
	_, _ = io.WriteString(z, told(r))
	_ = z.Close()
	w.Header().Set("Content-Encoding", "br")
	write(w, "application/json", b.String())
}

func (s *Shop) escapes(w http.ResponseWriter, r *http.Request) {
	var b strings.Builder
	for _, c := range r.FormValue("q") {
		fmt.Fprintf(&b, `\u%04x`, c)
	}
	write(w, "application/json", `{"text":"`+b.String()+`"}`)
}

// upload repeats what came.
func (s *Shop) upload(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseMultipartForm(1 << 20); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	write(w, "text/plain", "comment: "+r.FormValue("comment")+"\nother: "+r.FormValue("password")+"\n")
}

// socket repeats what comes, compressed where the browser takes it.
func (s *Shop) socket(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, &websocket.AcceptOptions{CompressionMode: websocket.CompressionContextTakeover, CompressionThreshold: 1})
	if err != nil {
		return
	}
	defer func() { _ = c.CloseNow() }()
	for {
		kind, data, err := c.Read(r.Context())
		if err != nil || c.Write(r.Context(), kind, append([]byte("echo "), data...)) != nil {
			return
		}
	}
}
