package projections

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"zombiezen.com/go/sqlite"

	"tapedeck/domain/recording"
	"tapedeck/eventstore"
)

// Recording is a row of the library.
type Recording struct {
	ID      string `json:"recordingId"`
	Project string `json:"project"`
	recording.Meta
	Name    string            `json:"name"`
	Folder  string            `json:"folder,omitempty"`
	Steps   int               `json:"steps"`
	Version uint64            `json:"version"`
	Cursor  eventstore.Cursor `json:"cursor"`
}

// RecordingQuery asks for a page of the library. Every field that is set must match.
type RecordingQuery struct {
	Project string
	// Folder selects a folder with all below it; "" is everything.
	Folder   string
	Statuses []recording.Status
	// Text is what a person typed: see Filter.Text. It covers name, folder, address and the steps as they are now.
	Text string
	// Removed selects the removed ones instead of the others.
	Removed bool
	// Sort is by createdAt, updatedAt, name, steps or duration; the zero Sort is the newest first.
	Sort Sort
	// Limit defaults to 50 and is at most MaxPage.
	Limit int
	// Page is the Next of the page before; it holds only for the same query.
	Page string
}

// RecordingPage is a page of the library.
type RecordingPage struct {
	Items []Recording
	// Next continues the list; empty on the last page.
	Next string
	// Cursor is what the page reflects.
	Cursor eventstore.Cursor
}

// Folder is a folder with how many recordings lie right in it.
type Folder struct {
	Name  string `json:"name"`
	Count int64  `json:"count"`
}

// Recordings implements Reader.
func (p *Projector) Recordings(ctx context.Context, q RecordingQuery) (RecordingPage, error) {
	var page RecordingPage
	err := p.read(ctx, func(conn *sqlite.Conn, at progress) error {
		page.Cursor = at.checkpoint
		return q.run(conn, at.epoch, &page)
	})
	return page, err
}

// The sort keys that only recordings have.
const (
	SortName  SortKey = "name"
	SortSteps SortKey = "steps"
)

func (q RecordingQuery) order() (order, error) {
	switch q.Sort.Key {
	case "":
		return order{desc: true}, nil
	case SortCreatedAt:
		return order{desc: q.Sort.Descending}, nil
	case SortUpdatedAt:
		return order{expr: "updated", desc: q.Sort.Descending}, nil
	case SortDuration:
		return order{expr: "duration", desc: q.Sort.Descending}, nil
	case SortSteps:
		return order{expr: "steps", desc: q.Sort.Descending}, nil
	case SortName:
		return order{expr: "name", text: true, desc: q.Sort.Descending}, nil
	}
	return order{}, fmt.Errorf("%w: cannot sort recordings by %q", ErrBadQuery, q.Sort.Key)
}

func (q RecordingQuery) where() (*where, error) {
	w := &where{from: "recording", num: "num"}
	if q.Project != "" {
		w.and("project = ?", q.Project)
	}
	if q.Folder != "" {
		w.and("(folder = ? OR substr(folder, 1, ?) = ?)", q.Folder, len([]rune(q.Folder))+1, q.Folder+"/")
	}
	if len(q.Statuses) > maxValues {
		return nil, fmt.Errorf("%w: more than %d values", ErrBadQuery, maxValues)
	}
	if len(q.Statuses) > 0 {
		values := make([]any, len(q.Statuses))
		for i, s := range q.Statuses {
			values[i] = string(s)
		}
		w.and(in("status", len(values)), values...)
	}
	removed := 0
	if q.Removed {
		removed = 1
	}
	w.and("removed = ?", removed)
	if q.Text == "" {
		return w, nil
	}
	query, err := match(q.Text)
	if query == "" {
		w.and("FALSE")
		return w, err
	}
	w.from, w.num = "recording_text CROSS JOIN recording ON recording.num = recording_text.rowid", "recording_text.rowid"
	w.and("recording_text MATCH ?", query)
	return w, err
}

func (q RecordingQuery) run(conn *sqlite.Conn, epoch string, page *RecordingPage) error {
	o, err := q.order()
	if err != nil {
		return err
	}
	if q.Limit == 0 {
		q.Limit = defaultLimit
	}
	if q.Limit < 0 || q.Limit > MaxPage {
		return fmt.Errorf("%w: limit is 1 to %d", ErrBadQuery, MaxPage)
	}
	w, err := q.where()
	if err != nil {
		return err
	}
	list := q.list(epoch)
	if q.Page != "" {
		from, err := parsePlace(q.Page, list)
		if err != nil {
			return err
		}
		o.behind(w, from)
	}
	query := fmt.Sprintf("SELECT recording.num, %s, doc FROM %s WHERE %s ORDER BY %s LIMIT ?", o.column(), w.from, w, o.by(w.num))
	var last place
	page.Items = []Recording{}
	return ask(conn, query, func(s *sqlite.Stmt) error {
		if len(page.Items) == q.Limit {
			page.Next = last.token()
			return nil
		}
		var r Recording
		if err := json.Unmarshal(columnBytes(s, 2), &r); err != nil {
			return err
		}
		page.Items, last = append(page.Items, r), o.placeOf(s, list)
		return nil
	}, append(slices.Clone(w.args), q.Limit+1)...)
}

// list is the digest that binds page tokens to what they page through.
func (q RecordingQuery) list(epoch string) []byte {
	q.Limit, q.Page = 0, ""
	b, _ := json.Marshal(struct { // plain fields cannot fail
		Epoch string
		Query RecordingQuery
	}{epoch, q}, json.Deterministic(true), jsontext.AllowInvalidUTF8(true))
	sum := sha256.Sum256(b)
	return sum[:8]
}

// Folders implements Reader.
func (p *Projector) Folders(ctx context.Context, project string) ([]Folder, error) {
	out := []Folder{}
	err := p.read(ctx, func(conn *sqlite.Conn, _ progress) error {
		w := where{}
		w.and("removed = 0")
		if project != "" {
			w.and("project = ?", project)
		}
		return ask(conn, "SELECT folder, count(*) FROM recording WHERE "+w.String()+" GROUP BY folder ORDER BY folder", func(s *sqlite.Stmt) error {
			out = append(out, Folder{Name: s.ColumnText(0), Count: s.ColumnInt64(1)})
			return nil
		}, w.args...)
	})
	return out, err
}
