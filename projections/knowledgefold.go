package projections

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"zombiezen.com/go/sqlite"

	"tapedeck/domain/event"
	"tapedeck/domain/knowledge"
	"tapedeck/eventstore"
)

//go:embed knowledge.sql
var knowledgeSchema string

// ErrNoText says that a document's text is not where it was kept.
var ErrNoText = errors.New("the text is missing in the artefact store")

// Texts opens the documents' texts.
type Texts interface {
	// OpenText fails with ErrNoText, or with an error after which it is tried again.
	OpenText(ctx context.Context, digest event.Hash) (io.ReadCloser, error)
}

func knowledgeModel(texts Texts) *model {
	return &model{
		name: "indexes of what is known", schema: knowledgeSchema, version: 3, words: "passage_text", sections: knowledgeSections,
		tables: func(conn *sqlite.Conn) tables { return &knowledgeTables{conn: conn, texts: texts} },
	}
}

var knowledgeSections = []section{
	{"source", 1, "SELECT id, num, project, kind, removed, doc FROM source ORDER BY 1"},
	{"document", 1, "SELECT id, num, source, project, kind, url, title, removed, updated, changed, requirements, fault, doc FROM document ORDER BY 1"},
	{"version", 2, "SELECT document, version, doc FROM document_version ORDER BY 1, 2"},
	{"label", 2, "SELECT label, document FROM document_label ORDER BY 1, 2"},
	{"relation", 2, "SELECT document, seq, type, target, url, doc FROM relation ORDER BY 1, 2"},
	{"passage", 1, "SELECT id, document, seq, requirement, doc FROM passage ORDER BY 1"},
	{"text", 1, "SELECT id, title, headings, text FROM passage CROSS JOIN passage_text ON passage_text.rowid = passage.num ORDER BY 1"},
	{"word", 1, "SELECT term, doc, cnt FROM temp.word ORDER BY 1"},
	{"case set", 1, "SELECT id, num, project, recording, complete, doc FROM case_set ORDER BY 1"},
	{"test case", 2, "SELECT owner, id, seq, standing, doc FROM test_case ORDER BY 1, 2"},
	{"citation", 5, "SELECT owner, test_case, passage, step, expected, asserted, seq, document, doc FROM citation ORDER BY 1, 2, 3, 4, 5"},
}

// knowledgeTables implements tables.
type knowledgeTables struct {
	conn    *sqlite.Conn
	texts   Texts
	retried bool // documents whose texts were missing when another process looked
}

func (t *knowledgeTables) begin(at *progress) batchFold {
	return &knowledgeFold{knowledgeTables: t, at: at, sources: map[string]*sourceRow{}, documents: map[string]*documentRow{}, sets: map[string]*caseSetRow{}}
}

func (t *knowledgeTables) forget() { t.retried = false }

// knowledgeFold implements batchFold: each source and document that the batch touches is read once and written once.
type knowledgeFold struct {
	*knowledgeTables
	at        *progress
	sources   map[string]*sourceRow
	documents map[string]*documentRow
	touched   []*documentRow // in the order of the log
	sets      map[string]*caseSetRow
}

// sourceRow is a source while it is folded. What it knows of single documents is in their own rows.
type sourceRow struct {
	num int64
	knowledge.Source
	Faults []knowledge.Fault `json:"faults,omitempty"`
}

func (d *knowledgeFold) event(e *eventstore.Recorded) error {
	switch {
	case strings.HasPrefix(e.Stream, "source/"):
		return d.source(e)
	case strings.HasPrefix(e.Stream, "document/"):
		return d.document(e)
	case strings.HasPrefix(e.Stream, "testcases/"):
		return d.caseSet(e)
	}
	return nil
}

func (d *knowledgeFold) source(e *eventstore.Recorded) error {
	r, err := d.sourceRow(e.Subject)
	if err != nil {
		return err
	}
	if e.Stream != knowledge.SourceStream(e.Subject) || e.Sequence != r.Version+1 {
		d.at.skipped++
		return nil
	}
	if err := r.Fold(&e.Event, e.Hash); err != nil {
		d.at.skipped++
		return nil
	}
	if r.num == 0 {
		d.at.rows++
		r.num = d.at.rows
	}
	r.slim()
	return nil
}

// slim forgets what single documents are: a source may have very many.
func (r *sourceRow) slim() {
	r.Faults, r.Entries, r.Run.Pending = r.Source.Faults, nil, nil
	if r.Run.Outcome == knowledge.Running {
		r.Run.Done = map[string]bool{} // the run takes what it gathers
	}
}

func (d *knowledgeFold) sourceRow(id string) (*sourceRow, error) {
	if r := d.sources[id]; r != nil {
		return r, nil
	}
	r := &sourceRow{}
	err := exec(d.conn, "SELECT num, doc FROM source WHERE id = ?", func(s *sqlite.Stmt) error {
		r.num = s.ColumnInt64(0)
		return json.Unmarshal(columnBytes(s, 1), r)
	}, id)
	r.Source.Faults = r.Faults
	r.slim()
	d.sources[strings.Clone(id)] = r
	return r, err
}

// documentRow is a document while it is folded.
type documentRow struct {
	num int64
	knowledge.Document
	fault string
	fresh []DocumentVersion
	// indexed is the version whose passages the index has; nil when it has none.
	indexed *knowledge.Document
}

func (d *knowledgeFold) document(e *eventstore.Recorded) error {
	r, err := d.documentRow(e.Subject)
	if err != nil {
		return err
	}
	if e.Stream != knowledge.DocumentStream(e.Subject) || e.Sequence != r.Version+1 {
		d.at.skipped++
		return nil
	}
	if err := r.Fold(&e.Event, e.Hash); err != nil {
		d.at.skipped++
		return nil
	}
	if r.num == 0 {
		d.at.rows++
		r.num = d.at.rows
	}
	r.fresh = append(r.fresh, DocumentVersion{
		Version: r.Version, At: e.Time, Title: r.Title, JobID: r.JobID, Removed: r.Removed, Reason: r.Reason, Text: r.Text,
		Passages: r.Passages, Requirements: r.Requirements,
	})
	d.touch(r)
	return nil
}

func (d *knowledgeFold) touch(r *documentRow) {
	if d.documents[r.ID] == r {
		return
	}
	d.documents[strings.Clone(r.ID)] = r
	d.touched = append(d.touched, r)
}

func (d *knowledgeFold) documentRow(id string) (*documentRow, error) {
	if r := d.documents[id]; r != nil {
		return r, nil
	}
	r := &documentRow{}
	err := exec(d.conn, "SELECT num, fault, doc FROM document WHERE id = ?", func(s *sqlite.Stmt) error {
		r.num, r.fault = s.ColumnInt64(0), s.ColumnText(1)
		return json.Unmarshal(columnBytes(s, 2), &r.Document)
	}, id)
	if r.num != 0 && !r.Removed && r.fault == "" {
		before := r.Document
		r.indexed = &before
	}
	return r, err
}

func (d *knowledgeFold) write() error {
	if err := d.retry(); err != nil {
		return err
	}
	for _, r := range d.sources {
		if r.num == 0 {
			continue
		}
		doc, err := json.Marshal(r, json.Deterministic(true))
		if err != nil {
			return err
		}
		err = exec(d.conn, `INSERT INTO source VALUES (?, ?, ?, ?, ?, CAST(? AS TEXT)) ON CONFLICT DO UPDATE
			SET kind = excluded.kind, removed = excluded.removed, doc = excluded.doc`, nil,
			r.num, r.ID, r.Project, string(r.Kind), flag(r.Removed), doc)
		if err != nil {
			return err
		}
	}
	for _, r := range d.touched {
		if err := d.writeDocument(r); err != nil {
			return fmt.Errorf("document %s: %w", r.ID, err)
		}
	}
	return d.writeCaseSets()
}

// retry looks once in each process for the texts that were missing.
func (d *knowledgeFold) retry() error {
	if d.retried {
		return nil
	}
	d.retried = true
	var ids []string
	err := exec(d.conn, "SELECT id FROM document WHERE fault <> '' AND removed = 0 ORDER BY num", func(s *sqlite.Stmt) error {
		ids = append(ids, s.ColumnText(0))
		return nil
	})
	for _, id := range ids {
		if err != nil {
			return err
		}
		var r *documentRow
		if r, err = d.documentRow(id); err == nil {
			d.touch(r)
		}
	}
	return err
}

func (d *knowledgeFold) writeDocument(r *documentRow) error {
	if err := d.index(r); err != nil {
		return err
	}
	doc, err := json.Marshal(&r.Document, json.Deterministic(true))
	if err != nil {
		return err
	}
	changed := r.ChangedAt
	if changed.IsZero() {
		changed = r.UpdatedAt
	}
	err = exec(d.conn, `INSERT INTO document VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, CAST(? AS TEXT)) ON CONFLICT (num) DO UPDATE
		SET source = excluded.source, kind = excluded.kind, url = excluded.url, title = excluded.title, removed = excluded.removed,
		updated = excluded.updated, changed = excluded.changed, requirements = excluded.requirements, fault = excluded.fault, doc = excluded.doc`, nil,
		r.num, r.ID, r.SourceID, r.Project, r.Kind, r.URL, r.Title, flag(r.Removed), nanos(r.UpdatedAt), nanos(changed), r.Requirements, r.fault, doc)
	if err == nil {
		err = d.writeVersions(r)
	}
	if err == nil {
		err = d.writeLabels(r)
	}
	return err
}

func (d *knowledgeFold) writeVersions(r *documentRow) error {
	for _, v := range r.fresh {
		doc, err := json.Marshal(v, json.Deterministic(true))
		if err == nil {
			err = exec(d.conn, "INSERT INTO document_version VALUES (?, ?, CAST(? AS TEXT))", nil, r.num, int64(v.Version), doc)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (d *knowledgeFold) writeLabels(r *documentRow) error {
	if err := exec(d.conn, "DELETE FROM document_label WHERE document = ?", nil, r.num); err != nil {
		return err
	}
	for _, label := range r.Labels {
		if err := exec(d.conn, "INSERT OR IGNORE INTO document_label VALUES (?, ?)", nil, label, r.num); err != nil {
			return err
		}
	}
	return nil
}

// index has the passages and relations of the newest version in the place of those that it has.
func (d *knowledgeFold) index(r *documentRow) error {
	if was := r.indexed; was != nil && !r.Removed && was.Text == r.Text && was.Title == r.Title {
		return d.writeRelations(r)
	}
	err := exec(d.conn, "DELETE FROM passage_text WHERE rowid IN (SELECT num FROM passage WHERE document = ?)", nil, r.num)
	if err == nil {
		err = exec(d.conn, "DELETE FROM passage WHERE document = ?", nil, r.num)
	}
	if err == nil {
		err = d.writeRelations(r)
	}
	r.fault = ""
	if err != nil || r.Removed {
		return err
	}
	text, err := d.text(r)
	if errors.Is(err, ErrNoText) {
		r.fault = ErrNoText.Error()
		return nil
	}
	if err != nil {
		return err
	}
	for i, p := range knowledge.Split(r.ID, text) {
		if err := d.writePassage(r, i, p); err != nil {
			return err
		}
	}
	return nil
}

func (d *knowledgeFold) text(r *documentRow) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), textTimeout)
	defer cancel()
	in, err := d.texts.OpenText(ctx, r.Text.SHA256)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(in, r.Text.Size+1))
	return text, errors.Join(err, in.Close())
}

const textTimeout = time.Minute

func (d *knowledgeFold) writePassage(r *documentRow, seq int, p knowledge.Passage) error {
	text := unmarked(p.Text)
	p.Text = ""
	doc, err := json.Marshal(p, json.Deterministic(true))
	if err != nil {
		return err
	}
	err = exec(d.conn, "INSERT INTO passage (id, document, seq, requirement, doc) VALUES (?, ?, ?, ?, CAST(? AS TEXT))", nil,
		p.ID, r.num, seq, string(p.Requirement), doc)
	if err != nil {
		return err
	}
	above := strings.Join(append(p.Headings, p.Context), "\n")
	return exec(d.conn, "INSERT INTO passage_text (rowid, title, headings, text) VALUES (?, ?, ?, ?)", nil,
		d.conn.LastInsertRowID(), unmarked(r.Title), unmarked(above), text)
}

func (d *knowledgeFold) writeRelations(r *documentRow) error {
	if err := exec(d.conn, "DELETE FROM relation WHERE document = ?", nil, r.num); err != nil || r.Removed {
		return err
	}
	for i, rel := range r.Relations {
		target := ""
		if rel.Key != "" {
			target = knowledge.DocumentID(r.SourceID, rel.Key)
		}
		doc, err := json.Marshal(rel, json.Deterministic(true))
		if err == nil {
			err = exec(d.conn, "INSERT INTO relation VALUES (?, ?, ?, ?, ?, CAST(? AS TEXT))", nil, r.num, i, rel.Type, target, rel.URL, doc)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}
