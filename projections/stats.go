package projections

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"zombiezen.com/go/sqlite"

	"tapedeck/domain/job"
)

// maxBuckets bounds Stats.Throughput.
const maxBuckets = 2000

// chosen are the widths to choose from, in seconds; each is a multiple of one that is kept.
var chosen = []int64{10, 30, 60, 300, 600, 1800, 3600, 3 * 3600, 6 * 3600, 24 * 3600}

// Stats implements Reader.
func (p *Projector) Stats(ctx context.Context, q StatsQuery) (Stats, error) {
	out, err := q.frame()
	if err != nil {
		return out, err
	}
	err = p.read(ctx, func(conn *sqlite.Conn, at progress) error {
		out.Cursor = at.checkpoint
		if err := q.sum(conn, &out); err != nil {
			return err
		}
		w := where{counted: true}
		if q.Project != "" {
			w.and("project = ?", q.Project)
		}
		return w.countByStatus(conn, out.ByStatus)
	})
	return out, err
}

// frame lays out the empty buckets.
func (q StatsQuery) frame() (Stats, error) {
	span := int64((q.To.Sub(q.From) + time.Second - 1) / time.Second)
	if span <= 0 {
		return Stats{}, fmt.Errorf("%w: the window is empty", ErrBadQuery)
	}
	width := int64(q.Bucket / time.Second)
	if width == 0 {
		width = choose(span)
	}
	if width%widths[0] != 0 || width < 0 || q.Bucket%time.Second != 0 {
		return Stats{}, fmt.Errorf("%w: a bucket is a multiple of %d seconds", ErrBadQuery, widths[0])
	}
	if span/width > maxBuckets {
		return Stats{}, fmt.Errorf("%w: more than %d buckets", ErrBadQuery, maxBuckets)
	}
	from, to := stretch(q.From, width), stretch(q.To.Add(time.Duration(width)*time.Second-1), width)
	out := Stats{
		From: time.Unix(from, 0).UTC(), To: time.Unix(to, 0).UTC(), Bucket: time.Duration(width) * time.Second,
		ByStatus: map[job.Status]int64{},
	}
	for t := from; t < to; t += width {
		out.Throughput = append(out.Throughput, Bucket{Time: time.Unix(t, 0).UTC()})
	}
	return out, nil
}

// choose is the least width that gives at most 180 buckets.
func choose(span int64) int64 {
	for _, w := range chosen {
		if span/w <= 180 {
			return w
		}
	}
	days := span/180/(24*3600) + 1
	return days * 24 * 3600
}

// kept is the widest kept stretch that buckets of this width can be summed from.
func kept(width int64) int64 {
	out := widths[0]
	for _, w := range widths {
		if width%w == 0 {
			out = w
		}
	}
	return out
}

func (q StatsQuery) sum(conn *sqlite.Conn, out *Stats) error {
	width, from := int64(out.Bucket/time.Second), out.From.Unix()
	kinds := map[string]*statRow{}
	query := "SELECT start, kind, " + statColumns + ` FROM stat
		WHERE width = ? AND start >= ? AND start < ? AND (? = '' OR project = ?)`
	err := exec(conn, query, func(s *sqlite.Stmt) error {
		var row statRow
		if err := row.addColumns(s, 2); err != nil {
			return err
		}
		out.Throughput[(s.ColumnInt64(0)-from)/width].Tally.add(row.Tally)
		k, ok := kinds[s.ColumnText(1)]
		if !ok {
			k = &statRow{}
			kinds[s.ColumnText(1)] = k
		}
		k.Tally.add(row.Tally)
		k.duration.merge(row.duration)
		k.wait.merge(row.wait)
		return nil
	}, kept(width), from, out.To.Unix(), q.Project, q.Project)
	for kind, row := range kinds {
		out.Kinds = append(out.Kinds, KindStats{
			Kind: kind, Tally: row.Tally, Duration: row.duration.percentiles(), Wait: row.wait.percentiles(),
		})
	}
	slices.SortFunc(out.Kinds, func(a, b KindStats) int { return strings.Compare(a.Kind, b.Kind) })
	return err
}

func (t *Tally) add(o Tally) {
	t.Submitted += o.Submitted
	t.Started += o.Started
	t.Succeeded += o.Succeeded
	t.Failed += o.Failed
	t.Cancelled += o.Cancelled
	t.Dead += o.Dead
	t.Retried += o.Retried
}
