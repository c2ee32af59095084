package projections

import (
	"context"
	"errors"
	"time"

	"zombiezen.com/go/sqlite"

	"tapedeck/eventstore"
)

// The pause after a fault that is not the store's being away.
const (
	minPause = 50 * time.Millisecond
	maxPause = 5 * time.Second
)

func (p *follower) run(ctx context.Context) {
	pause := minPause
	for {
		before, _ := p.standing()
		err := p.follow(ctx)
		if ctx.Err() != nil {
			return
		}
		if why := beyondRepair(err); why != "" {
			err = p.reset(why)
		}
		p.note(err)
		if err == nil {
			continue
		}
		if after, _ := p.standing(); after.folded > before.folded {
			pause = minPause
		}
		p.cfg.Logger.Error("the "+p.model.name+" do not get on", "error", err, "pause", pause)
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		pause = min(2*pause, maxPause)
	}
}

// beyondRepair says why the file can only be built again, empty when it need not be.
func beyondRepair(err error) string {
	var gone *eventstore.GoneError
	if errors.As(err, &gone) {
		return gone.Error()
	}
	switch code := sqlite.ErrCode(err).ToPrimary(); {
	case errors.Is(err, errNoFile), code == sqlite.ResultCorrupt, code == sqlite.ResultNotADB:
		return err.Error()
	}
	return ""
}

var errNoFile = errors.New("the file could not be made")

func (p *follower) follow(ctx context.Context) error {
	s, _ := p.standing()
	src := &guard{follower: p, src: newAhead(ctx, p.cfg.Source), doubtful: true}
	defer src.src.stop()
	return eventstore.Follow(ctx, src, s.at.scanned, p.cfg.Batch, p.fold)
}

// fold takes one batch into the file, and tells.
func (p *follower) fold(b eventstore.Batch, caughtUp bool) error {
	if len(b.Events)+b.Malformed > 0 {
		began := time.Now()
		at, err := p.apply(b)
		p.cost = time.Since(began)
		if err != nil {
			return err
		}
		p.set(func(s *standing) {
			s.at = at
			s.folded += int64(len(b.Events))
			if n := len(b.Events); n > 0 {
				s.took = 0
				if s.caughtUp {
					s.took = max(0, time.Since(b.Events[0].Time))
				}
				s.lastTime, s.committed = b.Events[n-1].Time, time.Now()
			}
		})
	}
	p.set(func(s *standing) { s.caughtUp, s.err = caughtUp, nil })
	return nil
}

func (p *follower) apply(b eventstore.Batch) (progress, error) {
	p.folding.Lock()
	defer p.folding.Unlock()
	if p.file == nil {
		return progress{}, errNoFile
	}
	err := p.file.apply(b)
	return p.file.at, err
}

// note remembers why the fold does not get on.
func (p *follower) note(err error) {
	if err != nil {
		p.set(func(s *standing) { s.err = err })
	}
}

// reset begins again from nothing.
func (p *follower) reset(why string) error {
	p.cfg.Logger.Warn("building the "+p.model.name+" again", "because", why)
	p.folding.Lock()
	defer p.folding.Unlock()
	p.exchange.Lock()
	defer p.exchange.Unlock()
	if p.file != nil {
		_ = p.file.close()
		p.file = nil
	}
	f, err := createFile(p.model, p.path, p.log.Epoch())
	if err != nil {
		return err
	}
	p.file = f
	p.set(func(s *standing) { s.at, s.rebuilt, s.caughtUp, s.lastTime = f.at, why, false, time.Time{} })
	return nil
}

// guard is the source that the projector follows. Whenever the store was away, and now and then while
// nothing comes, it first asks whether the log still has the checkpoint: a log that lost events would
// otherwise be continued behind them in silence.
type guard struct {
	*follower
	src      *ahead
	doubtful bool
	last     time.Time // when the log's end was reached last
}

// ReadAll implements eventstore.Source.
func (g *guard) ReadAll(ctx context.Context, after eventstore.Position, limit int) (eventstore.Batch, error) {
	if g.doubtful {
		if err := g.verify(ctx); err != nil {
			g.note(err)
			return eventstore.Batch{Next: after}, err
		}
		g.doubtful = false
	}
	g.gather(ctx)
	b, err := g.src.ReadAll(ctx, after, limit)
	switch {
	case err != nil:
		g.doubtful = true
		g.note(err)
	case len(b.Events)+b.Malformed < limit:
		g.last = time.Now()
	default:
		g.last = time.Time{}
	}
	return b, err
}

// gather lets events come together for a while, so that a busy log does not cost a transaction for each,
// nor a job a rewrite of its row for each. The first event after a pause is not kept waiting, nor are
// events that somebody waits for.
func (g *guard) gather(ctx context.Context) {
	rest := g.cfg.pace(g.cost) - time.Since(g.last)
	if g.last.IsZero() || rest <= 0 {
		return
	}
	timer := time.NewTimer(rest)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-g.wanted():
	case <-ctx.Done():
	}
}

// A log that keeps the fold busy is folded less often, and more at a time: the fold works for a part of
// 1/busyPart of the time, or the pace has grown busiestPace times.
const (
	busyPart    = 4
	busiestPace = 5
)

// pace is how long events gather when the last batch took so long.
func (c Config) pace(cost time.Duration) time.Duration {
	return max(c.Pace, min(busyPart*cost, busiestPace*c.Pace))
}

// Wait implements eventstore.Source.
func (g *guard) Wait(ctx context.Context, after eventstore.Position) error {
	short, cancel := context.WithTimeout(ctx, g.cfg.Verify)
	defer cancel()
	err := g.src.Wait(short, after)
	if err == nil {
		return nil
	}
	g.doubtful = true
	if ctx.Err() == nil && short.Err() != nil {
		return nil
	}
	g.note(err)
	return err
}

func (g *guard) verify(ctx context.Context) error {
	s, _ := g.standing()
	if s.at.checkpoint.Position == (eventstore.Position{}) {
		return nil
	}
	return g.log.Resolve(ctx, s.at.checkpoint)
}
