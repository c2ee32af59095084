package tape

import (
	"context"
	"sort"
	"sync"

	"tapedeck/domain/job"
	"tapedeck/eventstore"
)

const pageSize = 500

// output is the fold of one output stream as far as it was read, kept so that the next reader goes on from there. It
// only ever grows: a stream does not change behind its head.
type output struct {
	mu    sync.Mutex
	fold  job.Output
	at    eventstore.Cursor
	marks []mark
}

// mark says which line an event begins with; there is one for every markEvery events of log lines.
type mark struct {
	version uint64
	line    int64
}

const markEvery = 16

// Output folds an attempt's output and answers the cursor of its last event, zero when there is none.
func (r *Reader) Output(ctx context.Context, id string, attempt int, u Until) (job.Output, eventstore.Cursor, error) {
	stream := job.OutputStream(id, attempt)
	if !u.IsZero() {
		o := &output{}
		o.fold.Progress.Percent = -1
		err := o.read(ctx, r.log, stream, u)
		return o.fold, o.at, err
	}
	o := r.output(stream)
	o.mu.Lock()
	defer o.mu.Unlock()
	err := o.read(ctx, r.log, stream, u)
	return o.fold, o.at, err
}

func (o *output) read(ctx context.Context, log eventstore.Log, stream string, u Until) error {
	for {
		events, err := log.ReadStream(ctx, stream, o.fold.Version+1, pageSize)
		if err != nil {
			return err
		}
		for _, e := range events {
			if u.passed(e) {
				return nil
			}
			if err := o.add(e, log.Epoch()); err != nil {
				return err
			}
		}
		if len(events) < pageSize {
			return nil
		}
	}
}

func (o *output) add(e eventstore.Recorded, epoch string) error {
	before := o.fold.Lines
	fold, err := job.FoldOutput(o.fold, e.Event, e.Hash)
	if err != nil {
		return err
	}
	if fold.Lines > before && (len(o.marks) == 0 || e.Sequence >= o.marks[len(o.marks)-1].version+markEvery) {
		o.marks = append(o.marks, mark{version: e.Sequence, line: before + 1})
	}
	o.fold, o.at = fold, e.Cursor(epoch)
	return nil
}

// before is the last mark at or before a line.
func (o *output) before(line int64) mark {
	i := sort.Search(len(o.marks), func(i int) bool { return o.marks[i].line > line })
	if i == 0 {
		return mark{version: 1, line: 1}
	}
	return o.marks[i-1]
}

// generation bounds the outputs that are kept: two of them.
const generation = 1000

func (r *Reader) output(stream string) *output {
	r.mu.Lock()
	defer r.mu.Unlock()
	if o, ok := r.young[stream]; ok {
		return o
	}
	o, ok := r.old[stream]
	if !ok {
		o = &output{}
		o.fold.Progress.Percent = -1
	}
	if len(r.young) >= generation {
		r.old, r.young = r.young, map[string]*output{}
	}
	r.young[stream] = o
	return o
}
