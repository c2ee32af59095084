package sqlite

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"zombiezen.com/go/sqlite"

	"tapedeck/eventstore"
)

// call is one change that somebody wants. apply runs on the writer's goroutine inside a transaction
// that it shares with other calls. When it refuses (see refused) it must not have written anything;
// any other error undoes the whole transaction, and then each of its calls is tried alone. after
// runs when the transaction is durable.
type call struct {
	apply func(*tx) (after func(), err error)
	done  chan error // nil when nobody waits
}

// writer owns the one connection that writes.
type writer struct {
	store   *Store
	conn    *sqlite.Conn
	tx      *tx
	inbox   chan *call
	closing chan struct{}
	ended   chan struct{}
	// failing says that the last transaction could not be written.
	failing atomic.Bool

	checkpoints *checkpointer
}

func newWriter(s *Store, conn *sqlite.Conn) (*writer, error) {
	w := &writer{
		store: s, conn: conn, closing: s.closing,
		inbox: make(chan *call, s.cfg.Group), ended: make(chan struct{}),
	}
	var err error
	w.tx, err = prepare(conn, s.clock)
	return w, err
}

func (w *writer) start() (err error) {
	if w.checkpoints, err = newCheckpointer(w.store); err != nil {
		return err
	}
	go w.run()
	go w.checkpoints.run()
	return nil
}

// stop waits for the transaction under way; what still waits in the inbox is dropped.
func (w *writer) stop() error {
	<-w.ended
	return errors.Join(w.checkpoints.stop(), w.conn.Close())
}

func (w *writer) run() {
	defer close(w.ended)
	for {
		select {
		case <-w.closing:
			return
		default:
		}
		select {
		case c := <-w.inbox:
			w.commit(w.group(c))
		case <-w.checkpoints.due:
			w.checkpoints.restart(w.conn)
		case <-w.closing:
			return
		}
	}
}

// group takes what waits behind first, without waiting itself: a lone call is committed at once, and
// under load the next group gathers while this one is synced.
func (w *writer) group(first *call) []*call {
	g := []*call{first}
	for len(g) < w.store.cfg.Group {
		select {
		case c := <-w.inbox:
			g = append(g, c)
		default:
			return g
		}
	}
	return g
}

func (w *writer) commit(group []*call) {
	afters, answers, err := w.transact(group)
	if err != nil && len(group) > 1 { // one call's trouble must not be the others'
		for i := range group {
			w.commit(group[i : i+1])
		}
		return
	}
	if failed := w.failing.Swap(err != nil); err != nil {
		if !failed { // say it once
			w.store.cfg.Logger.Error("the log cannot be written", "error", err)
		}
		signal(w.checkpoints.kick) // on a full disk this lets the WAL's room be used again
		answers = []error{storeError(err)}
	} else {
		w.store.tail.advance(w.tx.committed.pos)
		w.checkpoints.wrote(len(group), w.tx.committed.bytes)
	}
	for _, after := range afters {
		after()
	}
	for i, c := range group {
		if c.done != nil {
			c.done <- answers[i]
		}
	}
}

// transact applies the group in one transaction. The answers are refusals and nils; err is why the
// whole transaction was undone.
func (w *writer) transact(group []*call) (afters []func(), answers []error, err error) {
	if err := w.store.file.check(); err != nil {
		return nil, nil, err
	}
	if err := w.tx.exec(w.tx.begin); err != nil {
		return nil, nil, fmt.Errorf("begin: %w", err)
	}
	answers = make([]error, len(group))
	for i, c := range group {
		after, err := c.apply(w.tx)
		if err != nil && !refused(err) {
			return nil, nil, errors.Join(err, w.tx.undo())
		}
		if answers[i] = err; err == nil && after != nil {
			afters = append(afters, after)
		}
	}
	if err := w.tx.exec(w.tx.commit); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("commit: %w", err), w.tx.undo())
	}
	w.tx.committed = w.tx.at
	return afters, answers, nil
}

// write hands a change to the writer and waits until it is durable or refused.
func (s *Store) write(ctx context.Context, apply func(*tx) (func(), error)) error {
	c := &call{apply: apply, done: make(chan error, 1)}
	if err := s.submit(ctx, c); err != nil {
		return err
	}
	select {
	case err := <-c.done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", eventstore.ErrUnavailable, ctx.Err())
	case <-s.writer.ended:
	}
	select {
	case err := <-c.done:
		return err
	default:
		return eventstore.ErrClosed
	}
}

func (s *Store) submit(ctx context.Context, c *call) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case <-s.closing:
		return eventstore.ErrClosed
	default:
	}
	select {
	case s.writer.inbox <- c:
		return nil
	case <-s.closing:
		return eventstore.ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}
