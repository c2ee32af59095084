package tape

import (
	"context"

	"tapedeck/domain/job"
	"tapedeck/eventstore"
)

// Line is a log line with its number, 1…n in its attempt.
type Line struct {
	job.Line
	Seq     int64
	Attempt int
}

// Page is a stretch of one attempt's log.
type Page struct {
	Lines []Line
	// Total is how many lines the attempt has.
	Total     int64
	Truncated *job.Truncation
	// Cursor is that of the output's last event, zero when there is none.
	Cursor eventstore.Cursor
}

// Lines returns up to limit lines from a number on; from 0 or less counts from the end (0 is behind it, -10 are the
// last ten).
func (r *Reader) Lines(ctx context.Context, id string, attempt int, from int64, limit int, u Until) (Page, error) {
	stream := job.OutputStream(id, attempt)
	o := r.output(stream)
	o.mu.Lock()
	err := o.read(ctx, r.log, stream, Until{})
	fold, at := o.fold, o.at
	if err == nil && !u.IsZero() {
		fold, at, err = r.Output(ctx, id, attempt, u)
	}
	if from <= 0 {
		from = max(1, fold.Lines+1+from)
	}
	start := o.before(from)
	o.mu.Unlock()
	p := Page{Total: fold.Lines, Truncated: fold.Truncated, Cursor: at}
	if err != nil || from > fold.Lines {
		return p, err
	}
	want := min(int64(limit), fold.Lines-from+1)
	p.Lines = make([]Line, 0, want)
	return p, r.collect(ctx, stream, attempt, start, from, want, &p)
}

// collect reads on from a mark until it has the lines that it wants; they are known to exist.
func (r *Reader) collect(ctx context.Context, stream string, attempt int, at mark, from, want int64, p *Page) error {
	version, seq := at.version, at.line
	for {
		events, err := r.log.ReadStream(ctx, stream, version, markEvery*4)
		if err != nil || len(events) == 0 {
			return err
		}
		for _, e := range events {
			fact, err := job.Decode(e.Type, e.SchemaVersion, e.Data)
			if err != nil {
				return err
			}
			logged, _ := fact.(job.Logged)
			for _, l := range logged.Lines {
				if seq >= from {
					p.Lines = append(p.Lines, Line{Line: l, Seq: seq, Attempt: attempt})
				}
				if int64(len(p.Lines)) == want {
					return nil
				}
				seq++
			}
		}
		version = events[len(events)-1].Sequence + 1
	}
}
