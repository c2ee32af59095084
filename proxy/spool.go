package proxy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
)

// spool keeps the bodies of a session: the small ones in memory, the others in
// files of a private folder, all of them within one budget.
type spool struct {
	dir    string // "" keeps nothing beyond memory
	limits Limits
	total  budget
	memory budget
	shut   atomic.Bool
}

// budget is what is left of a limit.
type budget struct{ left atomic.Int64 }

// take asks for n and answers how much is granted.
func (b *budget) take(n int64) int64 {
	for {
		left := b.left.Load()
		granted := max(min(n, left), 0)
		if granted == 0 || b.left.CompareAndSwap(left, left-granted) {
			return granted
		}
	}
}

// whole takes n or nothing.
func (b *budget) whole(n int64) bool {
	granted := b.take(n)
	if granted == n {
		return true
	}
	b.left.Add(granted)
	return false
}

func newSpool(parent string, limits Limits) (*spool, error) {
	s := &spool{limits: limits}
	s.total.left.Store(limits.MaxTotal)
	s.memory.left.Store(limits.MaxMemory)
	if parent == "" {
		return s, nil
	}
	dir, err := os.MkdirTemp(parent, "bodies-") // 0700
	if err != nil {
		return nil, fmt.Errorf("spool folder: %w", err)
	}
	s.dir = dir
	return s, nil
}

// wipe removes what is on disk.
func (s *spool) wipe() error {
	s.shut.Store(true)
	if s.dir == "" {
		return nil
	}
	return os.RemoveAll(s.dir)
}

// capture takes a body in as it passes. It never fails: what cannot be kept is
// counted and the body marked. A nil capture takes nothing.
type capture struct {
	spool *spool

	mu    sync.Mutex
	size  int64
	kept  int64
	mem   []byte
	file  *os.File
	path  string
	cause string // why it is truncated
}

func (s *spool) capture() *capture { return &capture{spool: s} }

func (c *capture) take(p []byte) {
	if c == nil || len(p) == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.size += int64(len(p))
	if c.cause == "" {
		c.keep(p)
	}
}

func (c *capture) keep(p []byte) {
	n, cause := int64(len(p)), ""
	if room := c.spool.limits.MaxBody - c.kept; n > room {
		n, cause = room, "over the limit for one body"
	}
	if granted := c.spool.total.take(n); granted < n {
		n, cause = granted, "over the limit for the session"
	}
	if err := c.store(p[:n]); err != nil {
		cause = err.Error()
	} else {
		c.kept += n
	}
	c.cause = cause
}

func (c *capture) store(p []byte) error {
	if c.file == nil && int64(len(c.mem)+len(p)) <= c.spool.limits.MemoryBody && c.spool.memory.whole(int64(len(p))) {
		c.mem = append(c.mem, p...)
		return nil
	}
	if c.file == nil {
		if err := c.spill(); err != nil {
			return err
		}
	}
	if _, err := c.file.Write(p); err != nil {
		return errors.New("no room in the spool folder")
	}
	return nil
}

func (c *capture) spill() error {
	if c.spool.dir == "" {
		return errors.New("over the limit for memory, and there is no spool folder")
	}
	if c.spool.shut.Load() {
		return errors.New("the session is closed")
	}
	f, err := os.CreateTemp(c.spool.dir, "") // 0600
	if err != nil {
		return errors.New("the spool folder takes no files")
	}
	if _, err := f.Write(c.mem); err != nil {
		_ = f.Close()
		return errors.New("no room in the spool folder")
	}
	c.spool.memory.left.Add(int64(len(c.mem)))
	c.file, c.path, c.mem = f, f.Name(), nil
	return nil
}

// end closes the file: what is open is bounded by what is under way.
func (c *capture) end() {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.file != nil {
		_ = c.file.Close()
	}
}

// body is what is there now; nil when nothing passed.
func (c *capture) body() *Body {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.size == 0 {
		return nil
	}
	return &Body{Size: c.size, Kept: c.kept, Cause: c.cause, mem: c.mem[:len(c.mem):len(c.mem)], path: c.path}
}

// Body is what was kept of a body.
type Body struct {
	// Size is how many bytes passed, Kept how many of them can be read.
	Size, Kept int64
	// Cause says why Kept is less than Size; "" when all is there.
	Cause string

	mem  []byte
	path string
}

// Truncated says that not all bytes were kept.
func (b *Body) Truncated() bool { return b.Cause != "" }

// Open reads the kept bytes as they were sent. The error is that of the file,
// which is gone once the session is closed.
func (b *Body) Open() (io.ReadCloser, error) {
	if b.path == "" {
		return io.NopCloser(bytes.NewReader(b.mem)), nil
	}
	f, err := os.Open(b.path)
	if err != nil {
		return nil, fmt.Errorf("open a kept body: %w", err)
	}
	return struct {
		io.Reader
		io.Closer
	}{io.LimitReader(f, b.Kept), f}, nil
}

// Bytes reads all kept bytes.
func (b *Body) Bytes() ([]byte, error) {
	if b == nil {
		return nil, nil
	}
	r, err := b.Open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	return io.ReadAll(r)
}

// NewBody is a body that is all in memory, for entries that come from elsewhere.
func NewBody(data []byte) *Body {
	if len(data) == 0 {
		return nil
	}
	return &Body{Size: int64(len(data)), Kept: int64(len(data)), mem: data}
}
