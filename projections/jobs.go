package projections

import (
	"context"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json"
	"zombiezen.com/go/sqlite"

	"tapedeck/domain/job"
)

// Jobs implements Reader.
func (p *Projector) Jobs(ctx context.Context, q JobQuery) (JobPage, error) {
	page := JobPage{Total: -1}
	err := p.read(ctx, func(conn *sqlite.Conn, at progress) error {
		page.Cursor = at.checkpoint
		return q.run(conn, at.epoch, &page)
	})
	return page, err
}

const defaultLimit = 50

func (q JobQuery) run(conn *sqlite.Conn, epoch string, page *JobPage) error {
	order, err := q.Sort.order()
	if err != nil {
		return err
	}
	if q.Limit == 0 {
		q.Limit = defaultLimit
	}
	if q.Limit < 0 || q.Limit > MaxPage {
		return fmt.Errorf("%w: limit is 1 to %d", ErrBadQuery, MaxPage)
	}
	w, err := q.Filter.where(conn)
	if err != nil {
		return err
	}
	if q.Count {
		if page.Total, err = w.count(conn); err != nil {
			return err
		}
	}
	return q.page(conn, w, order, q.list(epoch), page)
}

func (q JobQuery) page(conn *sqlite.Conn, w *where, o order, list []byte, page *JobPage) error {
	if q.Page != "" {
		from, err := parsePlace(q.Page, list)
		if err != nil {
			return err
		}
		o.behind(w, from)
	}
	query := fmt.Sprintf("SELECT job.num, %s FROM %s WHERE %s ORDER BY %s LIMIT ?", o.column(), w.from, w, o.by(w.num))
	var places []place
	err := ask(conn, query, func(s *sqlite.Stmt) error {
		places = append(places, o.placeOf(s, list))
		return nil
	}, append(w.args, q.Limit+1)...)
	if err != nil {
		return err
	}
	if len(places) > q.Limit {
		places = places[:q.Limit]
		page.Next = places[q.Limit-1].token()
	}
	page.Items = make([]Job, 0, len(places))
	for _, place := range places {
		j, _, err := readJob(conn, "SELECT num, doc FROM doc WHERE num = ?", place.Num)
		if err != nil {
			return err
		}
		page.Items = append(page.Items, j)
	}
	return nil
}

// readJob reads the num and document that a query finds by its one argument.
func readJob(conn *sqlite.Conn, query string, arg any) (j Job, ok bool, err error) {
	err = exec(conn, query, func(s *sqlite.Stmt) error {
		var d document
		err := json.Unmarshal(columnBytes(s, 1), &d)
		j, ok = d.job(), err == nil
		return err
	}, arg)
	return j, ok, err
}

// count counts what matches, from the tally when that can answer.
func (w *where) count(conn *sqlite.Conn) (n int64, err error) {
	query := fmt.Sprintf("SELECT count(*) FROM %s WHERE %s", w.from, w)
	if w.counted {
		query = "SELECT coalesce(sum(n), 0) FROM tally WHERE " + w.String()
	}
	err = ask(conn, query, func(s *sqlite.Stmt) error {
		n = s.ColumnInt64(0)
		return nil
	}, w.args...)
	return n, err
}

// Job implements Reader.
func (p *Projector) Job(ctx context.Context, id string) (j Job, ok bool, err error) {
	err = p.read(ctx, func(conn *sqlite.Conn, _ progress) (err error) {
		j, ok, err = readJob(conn, findDoc, id)
		return err
	})
	return j, ok, err
}

// Select implements Reader.
func (p *Projector) Select(ctx context.Context, f Filter, limit int) (Selection, error) {
	sel := Selection{ByStatus: map[job.Status]int64{}}
	err := p.read(ctx, func(conn *sqlite.Conn, at progress) error {
		sel.Cursor = at.checkpoint
		w, err := f.where(conn)
		if err != nil {
			return err
		}
		if err := w.countByStatus(conn, sel.ByStatus); err != nil {
			return err
		}
		for _, n := range sel.ByStatus {
			sel.Total += n
		}
		query := fmt.Sprintf("SELECT id FROM %s WHERE %s ORDER BY %s LIMIT ?", w.from, w, w.num)
		return ask(conn, query, func(s *sqlite.Stmt) error {
			sel.IDs = append(sel.IDs, s.ColumnText(0))
			return nil
		}, append(slices.Clone(w.args), limit)...)
	})
	return sel, err
}

func (w *where) countByStatus(conn *sqlite.Conn, into map[job.Status]int64) error {
	query := fmt.Sprintf("SELECT status, count(*) FROM %s WHERE %s GROUP BY status", w.from, w)
	if w.counted {
		query = fmt.Sprintf("SELECT status, sum(n) FROM tally WHERE %s GROUP BY status", w)
	}
	return ask(conn, query, func(s *sqlite.Stmt) error {
		into[statusOf(s.ColumnInt64(0))] += s.ColumnInt64(1)
		return nil
	}, w.args...)
}

func statusOf(rank int64) job.Status {
	if rank < int64(len(job.Statuses)) {
		return job.Statuses[rank]
	}
	return ""
}

func priorityOf(rank int64) job.Priority {
	if rank < int64(len(job.Priorities)) {
		return job.Priorities[rank]
	}
	return ""
}
