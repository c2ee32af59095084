package projections

import (
	"errors"
	"time"

	"zombiezen.com/go/sqlite"

	"tapedeck/domain/job"
	"tapedeck/eventstore"
)

// widths are the stretches, in seconds, that statistics are kept for.
var widths = []int64{10, 300, 3600}

type statKey struct {
	width, start  int64
	project, kind string
}

type statRow struct {
	Tally
	duration, wait histogram
}

// count adds a step of a job to the statistics, at the time that its event carries.
func (d *fold) count(e *eventstore.Recorded, before, after *job.State) {
	for _, w := range widths {
		key := statKey{w, stretch(e.Time, w), after.Project, after.Kind}
		s, ok := d.stats[key]
		if !ok {
			s = &statRow{}
			d.stats[key] = s
		}
		s.count(e, before, after)
	}
}

// stretch is the start of the stretch of this width that t falls into.
func stretch(t time.Time, width int64) int64 {
	return t.Unix() - ((t.Unix()%width)+width)%width
}

func (s *statRow) count(e *eventstore.Recorded, before, after *job.State) {
	switch e.Type {
	case typeSubmitted:
		s.Submitted++
	case typeStarted:
		s.Started++
		if !before.QueuedAt.IsZero() {
			s.wait.add(e.Time.Sub(before.QueuedAt))
		}
	case typeSucceeded:
		s.Succeeded++
		s.ran(e.Time, before)
	case typeFailed:
		if after.Status == job.StatusFailed {
			s.Failed++
		}
		s.ran(e.Time, before)
	case typeCancelled:
		s.Cancelled++
	case typeDeadLettered:
		s.Dead++
	case typeRetryScheduled:
		s.Retried++
	}
}

// ran adds the duration of the attempt that ends now, if one was under way.
func (s *statRow) ran(now time.Time, before *job.State) {
	if n := len(before.Attempts); n > 0 && before.Status.Active() {
		s.duration.add(now.Sub(before.Attempts[n-1].StartedAt))
	}
}

func (d *fold) writeStats() error {
	for k, s := range d.stats {
		if s.Tally == (Tally{}) && len(s.duration)+len(s.wait) == 0 {
			continue
		}
		if err := s.mergeStored(d.file.conn, k); err != nil {
			return err
		}
		err := exec(d.file.conn, "INSERT OR REPLACE INTO stat VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", nil,
			k.width, k.start, k.project, k.kind, s.Submitted, s.Started, s.Succeeded, s.Failed, s.Cancelled, s.Dead,
			s.Retried, s.duration.encode(), s.wait.encode())
		if err != nil {
			return err
		}
	}
	return nil
}

const statColumns = "submitted, started, succeeded, failed, cancelled, dead, retried, duration, wait"

func (s *statRow) mergeStored(conn *sqlite.Conn, k statKey) error {
	return exec(conn, "SELECT "+statColumns+" FROM stat WHERE width = ? AND start = ? AND project = ? AND kind = ?",
		func(stmt *sqlite.Stmt) error { return s.addColumns(stmt, 0) }, k.width, k.start, k.project, k.kind)
}

// addColumns adds statColumns, which begin at col.
func (s *statRow) addColumns(stmt *sqlite.Stmt, col int) error {
	for i, n := range []*int64{&s.Submitted, &s.Started, &s.Succeeded, &s.Failed, &s.Cancelled, &s.Dead, &s.Retried} {
		*n += stmt.ColumnInt64(col + i)
	}
	duration, err1 := decodeHistogram(columnBytes(stmt, col+7))
	wait, err2 := decodeHistogram(columnBytes(stmt, col+8))
	s.duration.merge(duration)
	s.wait.merge(wait)
	return errors.Join(err1, err2)
}

var (
	typeSubmitted      = job.Submitted{}.EventType()
	typeStarted        = job.Started{}.EventType()
	typeSucceeded      = job.Succeeded{}.EventType()
	typeFailed         = job.Failed{}.EventType()
	typeCancelled      = job.Cancelled{}.EventType()
	typeDeadLettered   = job.DeadLettered{}.EventType()
	typeRetryScheduled = job.RetryScheduled{}.EventType()
)
