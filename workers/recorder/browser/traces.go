package browser

import (
	"os"
	"path/filepath"
)

// traceDir is where the driver gathers the traces of all contexts. It shares
// files between them and removes none before the browser ends, although they
// hold all that was typed and loaded.
func (e *engine) traceDir() string { return filepath.Join(e.dir, "traces") }

// enter counts a context from before it is made until it is closed.
func (p *Pool) enter(e *engine) {
	p.mu.Lock()
	defer p.mu.Unlock()
	e.users++
}

// leave ends what enter began. When nobody is left, the traces are removed.
func (p *Pool) leave(e *engine) {
	p.mu.Lock()
	e.users--
	aside := ""
	if e.users == 0 {
		aside = e.setTracesAside() // under the lock: a context that is made now must find the place empty
	}
	p.mu.Unlock()
	if aside != "" {
		wipe(aside)
	}
}

// setTracesAside moves the traces out of the driver's way; "" when there are none.
func (e *engine) setTracesAside() string {
	dir, err := os.MkdirTemp(e.dir, "old-")
	if err != nil {
		return ""
	}
	if err := os.Rename(e.traceDir(), filepath.Join(dir, "traces")); err != nil {
		_ = os.Remove(dir)
		return ""
	}
	return dir
}
