package projections

import (
	"fmt"
	"slices"
	"strings"

	"zombiezen.com/go/sqlite"

	"tapedeck/domain/job"
)

// where is a condition over the table job, and its arguments.
type where struct {
	// from joins job to what finds its rows in the order of num; num names that column.
	from, num string
	terms     []string
	args      []any
	// counted says that the table tally answers it too, so that counting needs no scan.
	counted bool
}

func (w *where) and(term string, args ...any) {
	w.terms = append(w.terms, term)
	w.args = append(w.args, args...)
}

func (w *where) scan(term string, args ...any) {
	w.counted = false
	w.and(term, args...)
}

func (w *where) String() string {
	if len(w.terms) == 0 {
		return "TRUE"
	}
	return strings.Join(w.terms, " AND ")
}

// find lets another table find the rows, whose column num has the jobs' nums in order.
func (w *where) find(table, num string) {
	w.from, w.num = table+" CROSS JOIN job ON job.num = "+num, num
}

func (f Filter) where(conn *sqlite.Conn) (*where, error) {
	if err := f.validate(); err != nil {
		return nil, err
	}
	w := &where{from: "job", num: "num", counted: true}
	if f.Project != "" {
		w.and("project = ?", f.Project)
	}
	if err := f.whereStatus(w); err != nil {
		return nil, err
	}
	if err := f.whereKind(conn, w); err != nil {
		return nil, err
	}
	if len(f.Queues) > 0 {
		w.and(in("queue", len(f.Queues)), anys(f.Queues)...)
	}
	f.whereFamily(w)
	if len(f.IDs) > 0 {
		w.scan(in("id", len(f.IDs)), anys(f.IDs)...)
	}
	if !f.CreatedAfter.IsZero() {
		w.scan("created >= ?", nanos(f.CreatedAfter))
	}
	if !f.CreatedBefore.IsZero() {
		w.scan("created < ?", nanos(f.CreatedBefore))
	}
	return w, f.whereText(w)
}

func (f Filter) whereStatus(w *where) error {
	if len(f.Statuses) == 0 {
		return nil
	}
	ranks := make([]any, len(f.Statuses))
	for i, s := range f.Statuses {
		if !slices.Contains(job.Statuses, s) {
			return fmt.Errorf("%w: no status %q", ErrBadQuery, s)
		}
		ranks[i] = statusRank(s)
	}
	w.and(in("status", len(ranks)), ranks...)
	return nil
}

// whereKind turns globs into the kinds that there are, so that the index over kinds serves.
func (f Filter) whereKind(conn *sqlite.Conn, w *where) error {
	if len(f.Kinds) == 0 {
		return nil
	}
	var kinds []string
	for _, glob := range f.Kinds {
		// In SQLite's globs [ begins a class; here it is a character like any other.
		err := exec(conn, "SELECT DISTINCT kind FROM tally WHERE kind GLOB ?", func(s *sqlite.Stmt) error {
			kinds = append(kinds, s.ColumnText(0))
			return nil
		}, strings.ReplaceAll(glob, "[", "[[]"))
		if err != nil {
			return err
		}
	}
	if len(kinds) == 0 {
		w.and("FALSE")
	} else {
		w.and(in("kind", len(kinds)), anys(kinds)...)
	}
	return nil
}

// whereFamily selects by parent and labels. One table leads; the others are asked for each of its rows.
func (f Filter) whereFamily(w *where) {
	lead := f.Text == ""
	if f.ParentID != "" && lead {
		w.find("child", "child.num")
		w.scan("child.parent = ?", f.ParentID)
		lead = false
	} else if f.ParentID != "" {
		w.scan("EXISTS (SELECT 1 FROM child AS c WHERE c.parent = ? AND c.num = job.num)", f.ParentID)
	}
	for _, k := range sortedKeys(f.Labels) {
		if lead {
			w.find("label", "label.num")
			w.scan("label.key = ? AND label.value = ?", k, f.Labels[k])
			lead = false
		} else {
			w.scan("EXISTS (SELECT 1 FROM label AS l WHERE l.key = ? AND l.value = ? AND l.num = job.num)", k, f.Labels[k])
		}
	}
}

func (f Filter) whereText(w *where) error {
	if f.Text == "" {
		return nil
	}
	query, err := match(f.Text)
	if query == "" {
		w.scan("FALSE")
		return err
	}
	w.find("job_text", "job_text.rowid")
	w.scan("job_text MATCH ?", query)
	return err
}

// What a filter may ask for: SQLite takes 32766 arguments, and each label and glob is a query.
const (
	maxIDs    = 10_000
	maxValues = 100
)

func (f Filter) validate() error {
	values := max(len(f.Statuses), len(f.Kinds), len(f.Queues), len(f.Labels))
	if len(f.IDs) > maxIDs || values > maxValues {
		return fmt.Errorf("%w: more than %d values, or %d ids", ErrBadQuery, maxValues, maxIDs)
	}
	return nil
}

func in(column string, n int) string {
	return column + " IN (" + strings.Repeat("?, ", n-1) + "?)"
}

func anys(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}
