package recorder

import (
	"bufio"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"tapedeck/domain/recording"
)

// line is one line of console.ndjson.
type line struct {
	Time     time.Time `json:"time"`
	OffsetMS int64     `json:"offsetMs"`
	Page     string    `json:"page,omitempty"`
	Level    string    `json:"level"`
	Text     string    `json:"text"`
	URL      string    `json:"url,omitempty"`
	Line     int       `json:"line,omitempty"`
}

// maxLine bounds one line's text in bytes.
const maxLine = 16 << 10

// console keeps what pages say until it is full: a page may say a hundred
// thousand lines. Texts are kept as they were said and masked when they are read.
type console struct {
	mask      func(string) string
	maskURL   func(string) string
	maxLines  int
	maxBytes  int
	mu        sync.Mutex
	lines     []line
	bytes     int
	fullSince time.Time
	// full is called once, with the lock held, when the first line was left out.
	full func()
}

func (c *console) add(l line) {
	if len(l.Text) > maxLine {
		l.Text = l.Text[:maxLine] + "…"
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.lines) >= c.maxLines || c.bytes+len(l.Text) > c.maxBytes {
		if c.fullSince.IsZero() {
			c.fullSince = l.Time
			c.full()
		}
		return
	}
	c.lines = append(c.lines, l)
	c.bytes += len(l.Text)
}

// between lists what was said within a time; to is zero for no end.
func (c *console) between(from, to time.Time, limit int) []recording.ConsoleLine {
	c.mu.Lock()
	i, _ := slices.BinarySearchFunc(c.lines, from, func(l line, t time.Time) int { return l.Time.Compare(t) })
	var found []line
	for _, l := range c.lines[i:] {
		if !to.IsZero() && !l.Time.Before(to) || len(found) >= limit {
			break
		}
		found = append(found, l)
	}
	c.mu.Unlock()
	var out []recording.ConsoleLine
	for _, l := range found {
		out = append(out, recording.ConsoleLine{Level: l.Level, Text: c.mask(short(l.Text, 2000))})
	}
	return out
}

func short(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return s[:n] + "…"
}

// write writes console.ndjson, masked.
func (c *console) write(w io.Writer) error {
	c.mu.Lock()
	lines, since := c.lines, c.fullSince
	c.mu.Unlock()
	bw := bufio.NewWriter(w)
	for _, l := range lines {
		l.Text, l.URL = c.mask(l.Text), c.maskURL(l.URL)
		if err := writeLine(bw, l); err != nil {
			return err
		}
	}
	if !since.IsZero() {
		mark := line{Time: since, Level: "warning", Text: "lines from here on were not kept"}
		if err := writeLine(bw, mark); err != nil {
			return err
		}
	}
	return bw.Flush()
}

func writeLine(w *bufio.Writer, v any) error {
	if err := json.MarshalWrite(w, v, jsontext.AllowInvalidUTF8(true)); err != nil {
		return err
	}
	return w.WriteByte('\n')
}

func (c *console) count() (kept int, full bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.lines), !c.fullSince.IsZero()
}
