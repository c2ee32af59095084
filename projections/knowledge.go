package projections

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"zombiezen.com/go/sqlite"

	"tapedeck/domain/knowledge"
	"tapedeck/eventstore"
)

// Knowledge keeps the index of what is known: sources, documents, and their passages for search. It is a file of its
// own, so that lists of jobs never wait for texts. All methods are safe for concurrent use, may fail with ErrStopped or
// ctx's error, and fail with ErrBadQuery or ErrBadPage where they take a query.
type Knowledge struct{ *follower }

// NewKnowledge returns an index of the log. It does nothing until Start.
func NewKnowledge(log eventstore.Log, texts Texts, cfg Config) *Knowledge {
	return &Knowledge{newFollower(knowledgeModel(texts), log, cfg)}
}

// Source is a source with the faults of its newest run, at most knowledge.MaxFaults.
type Source struct {
	knowledge.Source
	Faults []knowledge.Fault `json:"faults,omitempty"`
	// Documents counts those that are not removed.
	Documents int64 `json:"documents"`
}

// DocumentVersion is what became of a document with one event.
type DocumentVersion struct {
	Version      uint64         `json:"version"`
	At           time.Time      `json:"at"`
	Title        string         `json:"title"`
	JobID        string         `json:"jobId,omitempty"`
	Removed      bool           `json:"removed,omitzero"`
	Reason       string         `json:"reason,omitempty"`
	Text         knowledge.Text `json:"text"`
	Passages     int            `json:"passages"`
	Requirements int            `json:"requirements"`
}

// Document is a document of the index.
type Document struct {
	knowledge.Document
	// Fault is why it has no passages, empty when it has.
	Fault string `json:"fault,omitempty"`
}

// DocumentQuery asks for a page of documents. Every field that is set must match.
type DocumentQuery struct {
	Project, Source string
	Kinds, Labels   []string
	// Text is what a person typed; it covers titles and passages.
	Text string
	// Removed selects the removed ones instead of the others.
	Removed bool
	// Sort is by updatedAt, title or requirements; the zero Sort is the newest first.
	Sort Sort
	// Limit defaults to 50 and is at most MaxPage.
	Limit int
	// Page is the Next of the page before; it holds only for the same query.
	Page string
}

// The sort keys that only documents have.
const (
	SortTitle        SortKey = "title"
	SortRequirements SortKey = "requirements"
)

// DocumentPage is a page of documents.
type DocumentPage struct {
	Items []Document
	// Next continues the list; empty on the last page.
	Next string
	// Cursor is what the page reflects.
	Cursor eventstore.Cursor
}

// Passage is a passage with the document that it stands in.
type Passage struct {
	knowledge.Passage
	DocumentID string `json:"documentId"`
	SourceID   string `json:"sourceId"`
	Title      string `json:"title"`
	URL        string `json:"url,omitempty"`
}

// Sources lists the sources of a project in the order of their beginning; project "" is all. Removed ones are left out.
func (k *Knowledge) Sources(ctx context.Context, project string) (sources []Source, at eventstore.Cursor, err error) {
	sources = []Source{}
	err = k.read(ctx, func(conn *sqlite.Conn, p progress) error {
		at = p.checkpoint
		w := &where{}
		w.and("removed = 0")
		if project != "" {
			w.and("project = ?", project)
		}
		return ask(conn, sourceColumns+" WHERE "+w.String()+" ORDER BY num", func(s *sqlite.Stmt) error {
			source, err := scanSource(s)
			sources = append(sources, source)
			return err
		}, w.args...)
	})
	return sources, at, err
}

const sourceColumns = "SELECT doc, (SELECT count(*) FROM document WHERE document.source = source.id AND document.removed = 0) FROM source"

func scanSource(s *sqlite.Stmt) (out Source, err error) {
	var row sourceRow
	err = json.Unmarshal(columnBytes(s, 0), &row)
	return Source{Source: row.Source, Faults: row.Faults, Documents: s.ColumnInt64(1)}, err
}

// Source returns one source, a removed one too; ok is false when the index does not have it (yet).
func (k *Knowledge) Source(ctx context.Context, id string) (source Source, ok bool, err error) {
	err = k.read(ctx, func(conn *sqlite.Conn, _ progress) error {
		return exec(conn, sourceColumns+" WHERE id = ?", func(s *sqlite.Stmt) (err error) {
			source, err = scanSource(s)
			ok = true
			return err
		}, id)
	})
	return source, ok, err
}

// Documents returns a page.
func (k *Knowledge) Documents(ctx context.Context, q DocumentQuery) (DocumentPage, error) {
	page := DocumentPage{Items: []Document{}}
	err := k.read(ctx, func(conn *sqlite.Conn, at progress) error {
		page.Cursor = at.checkpoint
		return q.run(conn, at.epoch, &page)
	})
	return page, err
}

func (q DocumentQuery) order() (order, error) {
	switch q.Sort.Key {
	case "":
		return order{desc: true}, nil
	case SortUpdatedAt:
		return order{expr: "document.updated", desc: q.Sort.Descending}, nil
	case SortRequirements:
		return order{expr: "document.requirements", desc: q.Sort.Descending}, nil
	case SortTitle:
		return order{expr: "document.title", text: true, desc: q.Sort.Descending}, nil
	}
	return order{}, fmt.Errorf("%w: cannot sort documents by %q", ErrBadQuery, q.Sort.Key)
}

func (q DocumentQuery) where() (*where, error) {
	w := &where{from: "document", num: "document.num"}
	w.and("document.removed = ?", flag(q.Removed))
	err := documentFilter{Project: q.Project, Sources: some(q.Source), Kinds: q.Kinds, Labels: q.Labels}.add(w)
	if err != nil || q.Text == "" {
		return w, err
	}
	query, err := parseSearch(q.Text)
	if err == nil {
		w.and("document.num IN (SELECT passage.document FROM passage_text CROSS JOIN passage ON passage.num = passage_text.rowid WHERE passage_text MATCH ?)", query.all())
	}
	return w, err
}

func some(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

// documentFilter is what lists and search have in common.
type documentFilter struct {
	Project                string
	Sources, Kinds, Labels []string
	Since, Until           time.Time
}

func (f documentFilter) add(w *where) error {
	if max(len(f.Sources), len(f.Kinds), len(f.Labels)) > maxValues {
		return fmt.Errorf("%w: more than %d values", ErrBadQuery, maxValues)
	}
	if f.Project != "" {
		w.and("document.project = ?", f.Project)
	}
	if len(f.Sources) > 0 {
		w.and(in("document.source", len(f.Sources)), anys(f.Sources)...)
	}
	if len(f.Kinds) > 0 {
		w.and(in("document.kind", len(f.Kinds)), anys(f.Kinds)...)
	}
	if len(f.Labels) > 0 {
		w.and("document.num IN (SELECT document FROM document_label WHERE "+in("label", len(f.Labels))+")", anys(f.Labels)...)
	}
	if !f.Since.IsZero() {
		w.and("document.changed >= ?", nanos(f.Since))
	}
	if !f.Until.IsZero() {
		w.and("document.changed < ?", nanos(f.Until))
	}
	return nil
}

func (q DocumentQuery) run(conn *sqlite.Conn, epoch string, page *DocumentPage) error {
	o, err := q.order()
	if err != nil {
		return err
	}
	limit, err := pageLimit(q.Limit)
	if err != nil {
		return err
	}
	w, err := q.where()
	if err != nil {
		return err
	}
	bare := q
	bare.Limit, bare.Page = 0, ""
	list := listDigest(epoch, bare)
	if q.Page != "" {
		from, err := parsePlace(q.Page, list)
		if err != nil {
			return err
		}
		o.behind(w, from)
	}
	query := fmt.Sprintf("SELECT document.num, %s, doc, fault FROM %s WHERE %s ORDER BY %s LIMIT ?", o.column(), w.from, w, o.by(w.num))
	var last place
	return ask(conn, query, func(s *sqlite.Stmt) error {
		if len(page.Items) == limit {
			page.Next = last.token()
			return nil
		}
		d, err := scanDocument(s, 2)
		page.Items, last = append(page.Items, d), o.placeOf(s, list)
		return err
	}, append(slices.Clone(w.args), limit+1)...)
}

func pageLimit(limit int) (int, error) {
	if limit == 0 {
		limit = defaultLimit
	}
	if limit < 0 || limit > MaxPage {
		return 0, fmt.Errorf("%w: limit is 1 to %d", ErrBadQuery, MaxPage)
	}
	return limit, nil
}

// listDigest binds page tokens to what they page through.
func listDigest(epoch string, query any) []byte {
	b, _ := json.Marshal(struct { // plain fields cannot fail
		Epoch string
		Query any
	}{epoch, query}, json.Deterministic(true), jsontext.AllowInvalidUTF8(true))
	sum := sha256.Sum256(b)
	return sum[:8]
}

// scanDocument reads the columns doc and fault.
func scanDocument(s *sqlite.Stmt, col int) (d Document, err error) {
	err = json.Unmarshal(columnBytes(s, col), &d.Document)
	d.Fault = s.ColumnText(col + 1)
	return d, err
}

// Document returns one document with its versions, the newest first; ok is false when the index does not have it (yet).
func (k *Knowledge) Document(ctx context.Context, id string) (d Document, versions []DocumentVersion, ok bool, err error) {
	err = k.read(ctx, func(conn *sqlite.Conn, _ progress) error {
		num := int64(0)
		err := exec(conn, "SELECT num, doc, fault FROM document WHERE id = ?", func(s *sqlite.Stmt) (err error) {
			num, ok = s.ColumnInt64(0), true
			d, err = scanDocument(s, 1)
			return err
		}, id)
		if err != nil {
			return err
		}
		return exec(conn, "SELECT doc FROM document_version WHERE document = ? ORDER BY version DESC LIMIT 1000", func(s *sqlite.Stmt) error {
			var v DocumentVersion
			err := json.Unmarshal(columnBytes(s, 0), &v)
			versions = append(versions, v)
			return err
		}, num)
	})
	return d, versions, ok, err
}

const passageColumns = `SELECT passage.doc, passage_text.text, document.id, document.source, document.title, document.url, document.kind
	FROM passage CROSS JOIN passage_text ON passage_text.rowid = passage.num CROSS JOIN document ON document.num = passage.document`

func scanPassage(s *sqlite.Stmt, col int) (p Passage, err error) {
	err = json.Unmarshal(columnBytes(s, col), &p.Passage)
	p.Text, p.DocumentID, p.SourceID, p.Title, p.URL = s.ColumnText(col+1), s.ColumnText(col+2), s.ColumnText(col+3), s.ColumnText(col+4), s.ColumnText(col+5)
	return p, err
}

// Passages returns a document's passages in the order of its text.
func (k *Knowledge) Passages(ctx context.Context, documentID string) (passages []Passage, err error) {
	passages = []Passage{}
	err = k.read(ctx, func(conn *sqlite.Conn, _ progress) error {
		return exec(conn, passageColumns+" WHERE document.id = ? ORDER BY passage.seq", func(s *sqlite.Stmt) error {
			p, err := scanPassage(s, 0)
			passages = append(passages, p)
			return err
		}, documentID)
	})
	return passages, err
}

// Passage returns one passage; ok is false when the index does not have it (yet, or any more).
func (k *Knowledge) Passage(ctx context.Context, id string) (p Passage, ok bool, err error) {
	err = k.read(ctx, func(conn *sqlite.Conn, _ progress) error {
		return exec(conn, passageColumns+" WHERE passage.id = ?", func(s *sqlite.Stmt) (err error) {
			p, err = scanPassage(s, 0)
			ok = true
			return err
		}, id)
	})
	return p, ok, err
}

// Related is a relation as it is seen from one of its documents.
type Related struct {
	knowledge.Relation
	// Incoming: the other document names this one.
	Incoming bool `json:"incoming,omitzero"`
	// DocumentID is the other document's; empty when it is not known.
	DocumentID string `json:"documentId,omitempty"`
}

// maxRelated bounds the relations of either direction.
const maxRelated = 1000

// Relations returns what a document names and what names it, at most 1000 of each.
func (k *Knowledge) Relations(ctx context.Context, documentID string) (related []Related, err error) {
	related = []Related{}
	err = k.read(ctx, func(conn *sqlite.Conn, _ progress) error {
		err := exec(conn, `SELECT relation.doc, coalesce(
				(SELECT id FROM document AS other WHERE other.id = relation.target AND other.removed = 0),
				(SELECT id FROM document AS other WHERE other.url = relation.url AND relation.url <> '' AND other.removed = 0 LIMIT 1), '')
			FROM document CROSS JOIN relation ON relation.document = document.num WHERE document.id = ? ORDER BY relation.seq LIMIT ?`, func(s *sqlite.Stmt) error {
			r := Related{DocumentID: s.ColumnText(1)}
			err := json.Unmarshal(columnBytes(s, 0), &r.Relation)
			related = append(related, r)
			return err
		}, documentID, maxRelated)
		if err != nil {
			return err
		}
		return exec(conn, `SELECT relation.type, other.id, other.url, other.title FROM relation CROSS JOIN document AS other ON other.num = relation.document
			WHERE relation.target = ? ORDER BY relation.document, relation.seq LIMIT ?`, func(s *sqlite.Stmt) error {
			related = append(related, Related{
				Relation: knowledge.Relation{Type: s.ColumnText(0), URL: s.ColumnText(2), Title: s.ColumnText(3)}, Incoming: true, DocumentID: s.ColumnText(1),
			})
			return nil
		}, documentID, maxRelated)
	})
	return related, err
}
