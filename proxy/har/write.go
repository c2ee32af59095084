package har

import (
	"bufio"
	"fmt"
	"io"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"tapedeck/proxy"
)

// Redactor takes secrets out of what is written. It must answer the same for
// the same value, and may be asked at the same time by several goroutines.
type Redactor interface {
	// Header answers what may be written for a header line's value.
	Header(name, value string) string
	// URL answers what may be written for a URL.
	URL(string) string
	// Body answers what may be written for a decoded body, a WebSocket message
	// (text/plain or application/octet-stream) or a stream's event (text/plain).
	Body(contentType string, b []byte) []byte
}

// Page groups the entries that began while it was shown.
type Page struct {
	ID, Title string
	Started   time.Time
	// ContentLoad and Load are the time to these events; 0 when not known.
	ContentLoad, Load time.Duration
}

// Options say how a file is written.
type Options struct {
	// Redactor takes secrets out. Defaults to none.
	Redactor Redactor
	// Creator is the program that made the recording. Defaults to Tapedeck.
	Creator Tool
	// Browser is what was recorded. Defaults to none.
	Browser *Tool
	// Pages, in the order of their start. Defaults to none.
	Pages []Page
	// MaxText is how much of one decoded body is written. Defaults to 64 MiB.
	MaxText int64
}

// Write writes entries as a HAR file, one after the other: no more than one
// entry's bodies are in memory. The error is w's, or that of a kept body that
// can no longer be read.
func Write(w io.Writer, entries []proxy.Entry, o Options) error {
	if o.Creator == (Tool{}) {
		o.Creator = Tool{Name: "Tapedeck", Version: "1"}
	}
	if o.MaxText <= 0 {
		o.MaxText = 64 << 20
	}
	bw := bufio.NewWriter(w)
	e := exporter{o}
	head, err := json.Marshal(log{Version: "1.2", Creator: o.Creator, Browser: o.Browser, Pages: e.pages()}, tolerant)
	if err != nil {
		return fmt.Errorf("write HAR: %w", err)
	}
	// The log's last member is the list that is written piece by piece.
	_, _ = fmt.Fprintf(bw, `{"log":%s,"entries":[`, head[:len(head)-1])
	for i, in := range entries {
		if i > 0 {
			_ = bw.WriteByte(',')
		}
		_ = bw.WriteByte('\n')
		out, err := e.entry(in)
		if err != nil {
			return fmt.Errorf("write HAR: entry %d: %w", in.ID, err)
		}
		if err := json.MarshalWrite(bw, out, tolerant); err != nil {
			return fmt.Errorf("write HAR: entry %d: %w", in.ID, err)
		}
	}
	_, _ = bw.WriteString("\n]}}\n")
	if err := bw.Flush(); err != nil {
		return fmt.Errorf("write HAR: %w", err)
	}
	return nil
}

// tolerant writes what servers send, valid UTF-8 or not.
var tolerant = json.JoinOptions(jsontext.AllowInvalidUTF8(true))
