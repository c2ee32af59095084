package tape

import (
	"context"

	"tapedeck/domain/job"
	"tapedeck/eventstore"
)

// Events hands a job's events behind a position to each, in log order: those of its state, and with output those of
// its attempts too. It stops when each returns false, and at the end that the log had when it began: the streams are
// read one after the other, and an event that came meanwhile in one of them must not be passed over.
// It fails with job.ErrNotFound.
func (r *Reader) Events(ctx context.Context, id string, after eventstore.Position, output bool, each func(eventstore.Recorded) bool) error {
	tail, err := r.log.Tail(ctx)
	if err != nil {
		return err
	}
	m, err := r.merge(ctx, id, output)
	if err != nil {
		return err
	}
	for {
		e, ok, err := m.next(ctx)
		if err != nil || !ok || e.Position.After(tail.Position) {
			return err
		}
		if e.Position.After(after) && !each(e) {
			return nil
		}
	}
}

func (r *Reader) merge(ctx context.Context, id string, output bool) (*merge, error) {
	state, err := r.repo.Load(ctx, id)
	if err != nil {
		return nil, err
	}
	m := &merge{log: r.log, streams: []*cursor{{stream: job.Stream(id), next: 1}}}
	for n := 1; output && n <= state.Attempt; n++ {
		m.streams = append(m.streams, &cursor{stream: job.OutputStream(id, n), next: 1})
	}
	return m, nil
}

// merge reads several streams as one, ordered by position.
type merge struct {
	log     eventstore.Log
	streams []*cursor
}

type cursor struct {
	stream string
	next   uint64
	page   []eventstore.Recorded
	ended  bool
}

func (m *merge) next(ctx context.Context) (eventstore.Recorded, bool, error) {
	var first *cursor
	for _, c := range m.streams {
		if err := c.fill(ctx, m.log); err != nil {
			return eventstore.Recorded{}, false, err
		}
		if len(c.page) > 0 && (first == nil || first.page[0].Position.After(c.page[0].Position)) {
			first = c
		}
	}
	if first == nil {
		return eventstore.Recorded{}, false, nil
	}
	e := first.page[0]
	first.page = first.page[1:]
	return e, true, nil
}

func (c *cursor) fill(ctx context.Context, log eventstore.Log) error {
	if len(c.page) > 0 || c.ended {
		return nil
	}
	page, err := log.ReadStream(ctx, c.stream, c.next, pageSize)
	c.page, c.ended = page, len(page) < pageSize
	c.next += uint64(len(page))
	return err
}
