package projections

import (
	"context"
	"slices"
	"strings"

	"zombiezen.com/go/sqlite"

	"tapedeck/domain/job"
	"tapedeck/domain/queue"
)

// Queues implements Reader.
func (p *Projector) Queues(ctx context.Context, project string) (Queues, error) {
	var out Queues
	err := p.read(ctx, func(conn *sqlite.Conn, at progress) error {
		out.Cursor = at.checkpoint
		found := map[string]*Queue{}
		if err := tallyQueues(conn, project, found); err != nil {
			return err
		}
		if err := queueModes(conn, found); err != nil {
			return err
		}
		for _, q := range found {
			out.Items = append(out.Items, *q)
		}
		slices.SortFunc(out.Items, func(a, b Queue) int { return strings.Compare(a.Name, b.Name) })
		return nil
	})
	return out, err
}

func named(found map[string]*Queue, name string) *Queue {
	q, ok := found[name]
	if !ok {
		q = &Queue{
			State:    queue.State{Name: name, Mode: queue.ModeRunning},
			ByStatus: map[job.Status]int64{}, Waiting: map[job.Priority]int64{},
		}
		found[name] = q
	}
	return q
}

func tallyQueues(conn *sqlite.Conn, project string, found map[string]*Queue) error {
	w := where{}
	if project != "" {
		w.and("project = ?", project)
	}
	query := "SELECT queue, kind, priority, status, n FROM tally WHERE " + w.String() + " ORDER BY queue, kind"
	return exec(conn, query, func(s *sqlite.Stmt) error {
		q, kind, n := named(found, s.ColumnText(0)), s.ColumnText(1), s.ColumnInt64(4)
		if len(q.Kinds) == 0 || q.Kinds[len(q.Kinds)-1] != kind {
			q.Kinds = append(q.Kinds, kind)
		}
		status := statusOf(s.ColumnInt64(3))
		q.ByStatus[status] += n
		if status == job.StatusQueued {
			q.Waiting[priorityOf(s.ColumnInt64(2))] += n
		}
		return nil
	}, w.args...)
}

// queueModes adds what queue events say: a queue is of no project.
func queueModes(conn *sqlite.Conn, found map[string]*Queue) error {
	var names []string
	err := exec(conn, "SELECT name FROM queue", func(s *sqlite.Stmt) error {
		names = append(names, s.ColumnText(0))
		return nil
	})
	for _, name := range names {
		s, err := readQueue(conn, name)
		if err != nil {
			return err
		}
		named(found, name).State = *s
	}
	return err
}

// Projects implements Reader.
func (p *Projector) Projects(ctx context.Context) ([]string, error) {
	var out []string
	err := p.read(ctx, func(conn *sqlite.Conn, _ progress) error {
		return exec(conn, "SELECT DISTINCT project FROM tally ORDER BY project", func(s *sqlite.Stmt) error {
			out = append(out, s.ColumnText(0))
			return nil
		})
	})
	return out, err
}
