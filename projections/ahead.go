package projections

import (
	"context"

	"tapedeck/eventstore"
)

// ahead reads the next stretch of a log while the one before is folded, as long as the log has full
// ones. It is used by one goroutine and must be stopped.
type ahead struct {
	src    eventstore.Source
	ctx    context.Context
	cancel context.CancelFunc

	pending chan stretchRead // nil when nothing is being read
	after   eventstore.Position
}

type stretchRead struct {
	batch eventstore.Batch
	err   error
}

func newAhead(ctx context.Context, src eventstore.Source) *ahead {
	a := &ahead{src: src}
	a.ctx, a.cancel = context.WithCancel(ctx)
	return a
}

func (a *ahead) stop() {
	a.cancel()
	a.take()
}

// take waits for what is being read.
func (a *ahead) take() (r stretchRead, ok bool) {
	if a.pending == nil {
		return r, false
	}
	r = <-a.pending
	a.pending = nil
	return r, true
}

// ReadAll implements eventstore.Source.
func (a *ahead) ReadAll(ctx context.Context, after eventstore.Position, limit int) (eventstore.Batch, error) {
	r, ok := a.take()
	if !ok || a.after != after {
		r.batch, r.err = a.src.ReadAll(ctx, after, limit)
	}
	if r.err == nil && len(r.batch.Events)+r.batch.Malformed >= limit {
		a.begin(r.batch.Next, limit)
	}
	return r.batch, r.err
}

func (a *ahead) begin(after eventstore.Position, limit int) {
	pending := make(chan stretchRead, 1)
	a.pending, a.after = pending, after
	go func() {
		b, err := a.src.ReadAll(a.ctx, after, limit)
		pending <- stretchRead{b, err}
	}()
}

// Wait implements eventstore.Source.
func (a *ahead) Wait(ctx context.Context, after eventstore.Position) error {
	return a.src.Wait(ctx, after)
}
