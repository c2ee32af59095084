package workers

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
)

// lineWriter cuts a stream of bytes into log lines.
type lineWriter struct {
	out           *output
	stream, level string

	mu   sync.Mutex
	rest []byte
}

// Write implements io.Writer.
func (w *lineWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rest = append(w.rest, p...)
	for {
		i := bytes.IndexByte(w.rest, '\n')
		if i < 0 {
			return len(p), w.cut()
		}
		line := string(w.rest[:i])
		w.rest = w.rest[i+1:]
		if err := w.out.log(w.level, w.stream, line); err != nil {
			return 0, err
		}
	}
}

// cut writes the beginning of a line that is too long to wait for its end, but for the bytes at its
// end that may be the first part of a secret or of a rune.
func (w *lineWriter) cut() error {
	if keep := w.out.secret.overlap() + 4; len(w.rest) > w.out.budget.Line+keep {
		masked := w.out.secret.text(string(w.rest))
		head := cutRunes(masked, max(len(masked)-keep, 0))
		w.rest = []byte(masked[len(head):])
		return w.out.log(w.level, w.stream, head)
	}
	return nil
}

// Close implements io.Closer.
func (w *lineWriter) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.rest) == 0 {
		return nil
	}
	line := string(w.rest)
	w.rest = nil
	return w.out.log(w.level, w.stream, line)
}

// logHandler is a slog.Handler that writes "message key=value …" lines to a job's log.
type logHandler struct {
	out    *output
	prefix string // of attribute names: the open groups
	attrs  string // formatted already
}

// Enabled implements slog.Handler.
func (h *logHandler) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelDebug }

// Handle implements slog.Handler.
func (h *logHandler) Handle(_ context.Context, r slog.Record) error {
	var b strings.Builder
	b.WriteString(r.Message)
	b.WriteString(h.attrs)
	r.Attrs(func(a slog.Attr) bool {
		writeAttr(&b, h.prefix, a)
		return true
	})
	return h.out.log(levelName(r.Level), "", b.String())
}

// WithAttrs implements slog.Handler.
func (h *logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	var b strings.Builder
	b.WriteString(h.attrs)
	for _, a := range attrs {
		writeAttr(&b, h.prefix, a)
	}
	return &logHandler{out: h.out, prefix: h.prefix, attrs: b.String()}
}

// WithGroup implements slog.Handler.
func (h *logHandler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	return &logHandler{out: h.out, prefix: h.prefix + name + ".", attrs: h.attrs}
}

func writeAttr(b *strings.Builder, prefix string, a slog.Attr) {
	value := a.Value.Resolve()
	if a.Equal(slog.Attr{}) {
		return
	}
	if value.Kind() == slog.KindGroup {
		if a.Key != "" {
			prefix += a.Key + "."
		}
		for _, member := range value.Group() {
			writeAttr(b, prefix, member)
		}
		return
	}
	b.WriteString(" " + prefix + a.Key + "=" + value.String())
}
