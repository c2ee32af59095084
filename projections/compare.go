package projections

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"iter"

	"zombiezen.com/go/sqlite"
)

// maxDifferences bounds Comparison.Differences.
const maxDifferences = 20

// compare walks two dumps side by side; both are in the order of their keys.
func (c *Comparison) compare(m *model, live, rebuilt *sqlite.Conn) error {
	a, b := newWalk(m, live), newWalk(m, rebuilt)
	defer a.stop()
	defer b.stop()
	for a.ok || b.ok {
		switch order := a.order(b); {
		case order < 0:
			c.differs("- ", a.now)
			a.step()
		case order > 0:
			c.differs("+ ", b.now)
			b.step()
		default:
			if a.now.text != b.now.text {
				c.differs("- ", a.now)
				c.differs("+ ", b.now)
			}
			a.step()
			b.step()
		}
	}
	c.Live, c.Rebuilt = a.digest(), b.digest()
	return errors.Join(a.err, b.err)
}

func (c *Comparison) differs(mark string, l line) {
	if len(c.Differences) < maxDifferences {
		c.Differences = append(c.Differences, mark+clip(l.text, 500))
	}
}

// walk goes through a dump line by line.
type walk struct {
	next func() (line, bool)
	stop func()
	now  line
	ok   bool
	err  error
	hash hash.Hash
}

var errStopped = errors.New("dump was stopped")

func newWalk(m *model, conn *sqlite.Conn) *walk {
	w := &walk{hash: sha256.New()}
	w.next, w.stop = iter.Pull(func(yield func(line) bool) {
		err := m.dump(conn, func(l line) error {
			if !yield(l) {
				return errStopped
			}
			return nil
		})
		if !errors.Is(err, errStopped) {
			w.err = err
		}
	})
	w.step()
	return w
}

func (w *walk) step() {
	if w.now, w.ok = w.next(); w.ok {
		fmt.Fprintln(w.hash, w.now.text)
	}
}

// order compares the lines that two walks stand at; an ended walk stands behind everything.
func (w *walk) order(v *walk) int {
	switch {
	case !w.ok:
		return 1
	case !v.ok:
		return -1
	}
	return w.now.compare(v.now)
}

func (w *walk) digest() string { return fmt.Sprintf("%x", w.hash.Sum(nil)) }
