package projections

import (
	"context"
	"errors"
	"fmt"
	"os"

	"zombiezen.com/go/sqlite"

	"tapedeck/eventstore"
)

// Report says what was built.
type Report struct {
	Checkpoint    eventstore.Cursor
	Jobs, Skipped int64
}

// Comparison is the outcome of a check: the read models beside ones that were built from nothing up
// to the same checkpoint.
type Comparison struct {
	Checkpoint eventstore.Cursor
	// Live and Rebuilt are the digests of the two dumps.
	Live, Rebuilt string
	// Differences are the first lines that only one of the dumps has: "- " only live, "+ " only rebuilt.
	Differences []string
}

// Equal reports whether there is no difference.
func (c Comparison) Equal() bool { return c.Live == c.Rebuilt && len(c.Differences) == 0 }

// Rebuild builds the read models in path again from nothing and puts them in the place of the old
// ones at once when they are complete. It is for a file that no Projector has open and fails with
// ErrLocked otherwise.
func Rebuild(ctx context.Context, log eventstore.Log, path string) (Report, error) {
	return rebuild(ctx, jobModel, log, path)
}

// RebuildKnowledge is Rebuild for the indexes of what is known.
func RebuildKnowledge(ctx context.Context, log eventstore.Log, texts Texts, path string) (Report, error) {
	return rebuild(ctx, knowledgeModel(texts), log, path)
}

func rebuild(ctx context.Context, m *model, log eventstore.Log, path string) (r Report, err error) {
	lock, err := lockFile(path)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	tail, err := log.Tail(ctx)
	if err != nil {
		return r, err
	}
	shadow, err := buildShadow(ctx, m, log, path+".rebuild", tail.Position)
	if err != nil {
		return r, err
	}
	r = shadow.report()
	return r, shadow.replace(path)
}

// Check compares the read models in path with ones that are built from nothing up to the same
// checkpoint. It changes nothing. It is for a file that no Projector has open and fails with
// ErrLocked otherwise, and with a *eventstore.GoneError when the checkpoint is not of this log.
func Check(ctx context.Context, log eventstore.Log, path string) (Comparison, error) {
	return check(ctx, jobModel, log, path)
}

// CheckKnowledge is Check for the indexes of what is known.
func CheckKnowledge(ctx context.Context, log eventstore.Log, texts Texts, path string) (Comparison, error) {
	return check(ctx, knowledgeModel(texts), log, path)
}

func check(ctx context.Context, m *model, log eventstore.Log, path string) (c Comparison, err error) {
	lock, err := lockFile(path)
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	live, err := tryOpen(m, path)
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, live.close()) }()
	err = transaction(live.conn, func() error {
		c, err = compare(ctx, m, log, live.conn, live.at, path+".check")
		return err
	})
	return c, err
}

// Rebuild builds the read models again beside the ones that serve, and exchanges them when the new
// ones have caught up.
func (p *follower) Rebuild(ctx context.Context) (r Report, err error) {
	p.building.Lock()
	defer p.building.Unlock()
	if s, _ := p.standing(); !s.running {
		return r, ErrStopped
	}
	tail, err := p.log.Tail(ctx)
	if err != nil {
		return r, err
	}
	shadow, err := buildShadow(ctx, p.model, p.log, p.path+".rebuild", tail.Position)
	if err != nil {
		return r, err
	}
	p.folding.Lock()
	defer p.folding.Unlock()
	if p.file == nil {
		return r, errors.Join(ErrStopped, shadow.discard())
	}
	err = shadow.foldTo(ctx, p.log, p.file.at.scanned)
	if err == nil && p.file.at.scanned.After(shadow.at.scanned) {
		err = fmt.Errorf("the log ends at %s, before the read models at %s", shadow.at.scanned, p.file.at.scanned)
	}
	if err != nil {
		return r, errors.Join(err, shadow.discard())
	}
	return p.exchangeFor(shadow)
}

// exchangeFor puts a complete shadow in the place of the file; folding is held.
func (p *follower) exchangeFor(shadow *file) (Report, error) {
	p.exchange.Lock()
	defer p.exchange.Unlock()
	r := shadow.report()
	_ = p.file.close()
	p.file = nil // a failure below is mended by the fold, which begins again
	if err := shadow.replace(p.path); err != nil {
		return r, err
	}
	f, err := tryOpen(p.model, p.path)
	if err != nil {
		return r, err
	}
	p.file = f
	p.set(func(s *standing) { s.at = f.at })
	return r, nil
}

// Check compares the read models that serve with ones that are built from nothing up to the same
// checkpoint, in a snapshot: the fold goes on meanwhile.
func (p *follower) Check(ctx context.Context) (c Comparison, err error) {
	p.building.Lock()
	defer p.building.Unlock()
	err = p.readWith(ctx, func(ctx context.Context, conn *sqlite.Conn, at progress) error {
		c, err = compare(ctx, p.model, p.log, conn, at, p.path+".check")
		return err
	})
	return c, err
}

func compare(ctx context.Context, m *model, log eventstore.Log, live *sqlite.Conn, at progress, path string) (Comparison, error) {
	c := Comparison{Checkpoint: at.checkpoint}
	if at.checkpoint.Position != (eventstore.Position{}) {
		if err := log.Resolve(ctx, at.checkpoint); err != nil {
			return c, err
		}
	}
	shadow, err := buildShadow(ctx, m, log, path, at.scanned)
	if err != nil {
		return c, err
	}
	err = transaction(shadow.conn, func() error {
		return c.compare(m, live, shadow.conn)
	})
	return c, errors.Join(err, shadow.discard())
}

// buildShadow folds the log up to a position into a new file.
func buildShadow(ctx context.Context, m *model, log eventstore.Log, path string, to eventstore.Position) (*file, error) {
	f, err := createFile(m, path, log.Epoch())
	if err != nil {
		return nil, err
	}
	if err := f.foldTo(ctx, log, to); err != nil {
		return nil, errors.Join(err, f.discard())
	}
	return f, nil
}

const shadowBatch = 5000

// foldTo folds the log up to a position, and no event behind it.
func (f *file) foldTo(ctx context.Context, log eventstore.Log, to eventstore.Position) error {
	src := newAhead(ctx, log)
	defer src.stop()
	for to.After(f.at.scanned) {
		b, err := src.ReadAll(ctx, f.at.scanned, shadowBatch)
		if err != nil {
			return err
		}
		if len(b.Events)+b.Malformed == 0 {
			return nil
		}
		for len(b.Events) > 0 && b.Events[len(b.Events)-1].Position.After(to) {
			b.Events = b.Events[:len(b.Events)-1]
		}
		if b.Next.After(to) {
			b.Next = to
		}
		if err := f.apply(b); err != nil {
			return err
		}
	}
	return nil
}

func (f *file) report() Report {
	return Report{Checkpoint: f.at.checkpoint, Jobs: f.at.rows, Skipped: f.at.skipped}
}

func (f *file) discard() error {
	return errors.Join(f.close(), removeFile(f.path))
}

// replace closes the file, which folds its -wal into it, and moves it to path.
func (f *file) replace(path string) error {
	if err := f.close(); err != nil {
		return err
	}
	if err := removeFile(path); err != nil {
		return err
	}
	if err := os.Rename(f.path, path); err != nil {
		return fmt.Errorf("put the rebuilt read models in place: %w", err)
	}
	return nil
}
