package projections

import (
	"context"
	"time"

	"github.com/go-json-experiment/json"
	"zombiezen.com/go/sqlite"

	"tapedeck/domain/testcase"
	"tapedeck/eventstore"
)

// newestSets selects the nums of the sets that count in a project, its one argument: of each recording the newest that is
// whole. Older ones are superseded.
const newestSets = "(SELECT max(num) FROM case_set WHERE project = ? AND complete = 1 GROUP BY recording)"

// staleWhen is when a citation of a case is stale, of citedRows: the passage is in no current text of its document, and the
// text is not merely missing. Nobody wants a rejected case.
const staleWhen = "passage.num IS NULL AND (document.removed = 1 OR document.fault = '') AND test_case.standing <> 'rejected'"

const citedRows = `citation CROSS JOIN test_case ON test_case.owner = citation.owner AND test_case.id = citation.test_case
	CROSS JOIN document ON document.id = citation.document LEFT JOIN passage ON passage.id = citation.passage`

// CaseSet is a set of test cases with how many of them are stale.
type CaseSet struct {
	ID          string          `json:"jobId"`
	Project     string          `json:"project"`
	RecordingID string          `json:"recordingId"`
	Name        string          `json:"name"`
	Status      testcase.Status `json:"status"`
	// Base is the set whose other cases it took over.
	Base    string   `json:"base,omitempty"`
	Sources []string `json:"sources"`
	Cases   int64    `json:"cases"`
	Stale   int64    `json:"stale"`
	// SupersededBy is the newest whole set of the recording, when that is another one that is newer.
	SupersededBy string    `json:"supersededBy,omitempty"`
	CreatedAt    time.Time `json:"createdAt"`
	UpdatedAt    time.Time `json:"updatedAt"`
	Version      uint64    `json:"version"`
}

// CaseSetQuery asks for a page of sets, the newest first. Every field that is set must match.
type CaseSetQuery struct {
	Project, Recording string
	// Limit defaults to 50 and is at most MaxPage.
	Limit int
	// Page is the Next of the page before; it holds only for the same query.
	Page string
}

// CaseSetPage is a page of sets.
type CaseSetPage struct {
	Items []CaseSet
	// Next continues the list; empty on the last page.
	Next string
	// Cursor is what the page reflects.
	Cursor eventstore.Cursor
}

const caseSetColumns = `SELECT case_set.num, 0, case_set.doc, (SELECT count(*) FROM test_case WHERE owner = case_set.num),
	(SELECT count(DISTINCT test_case) FROM ` + citedRows + ` WHERE citation.owner = case_set.num AND ` + staleWhen + `),
	coalesce((SELECT id FROM case_set AS other WHERE other.project = case_set.project AND other.complete = 1 AND other.recording = case_set.recording
		AND other.num > case_set.num ORDER BY other.num DESC LIMIT 1), '') FROM case_set`

func scanCaseSet(s *sqlite.Stmt) (out CaseSet, err error) {
	var doc testcase.State
	if err := json.Unmarshal(columnBytes(s, 2), &doc); err != nil {
		return out, err
	}
	out = CaseSet{
		ID: doc.ID, Project: doc.Owner, RecordingID: doc.RecordingID, Name: doc.Name, Status: doc.Status, Base: doc.Base, Sources: doc.Sources,
		Cases: s.ColumnInt64(3), Stale: s.ColumnInt64(4), SupersededBy: s.ColumnText(5), CreatedAt: doc.CreatedAt, UpdatedAt: doc.UpdatedAt, Version: doc.Version,
	}
	if out.Sources == nil {
		out.Sources = []string{}
	}
	return out, nil
}

// CaseSets returns a page of sets.
func (k *Knowledge) CaseSets(ctx context.Context, q CaseSetQuery) (CaseSetPage, error) {
	page := CaseSetPage{Items: []CaseSet{}}
	limit, err := pageLimit(q.Limit)
	if err != nil {
		return page, err
	}
	err = k.read(ctx, func(conn *sqlite.Conn, at progress) error {
		page.Cursor = at.checkpoint
		w, o := &where{from: "case_set", num: "case_set.num"}, order{desc: true}
		if q.Project != "" {
			w.and("case_set.project = ?", q.Project)
		}
		if q.Recording != "" {
			w.and("case_set.recording = ?", q.Recording)
		}
		bare := q
		bare.Limit, bare.Page = 0, ""
		list := listDigest(at.epoch, bare)
		if q.Page != "" {
			from, err := parsePlace(q.Page, list)
			if err != nil {
				return err
			}
			o.behind(w, from)
		}
		var last place
		return ask(conn, caseSetColumns+" WHERE "+w.String()+" ORDER BY "+o.by(w.num)+" LIMIT ?", func(s *sqlite.Stmt) error {
			if len(page.Items) == limit {
				page.Next = last.token()
				return nil
			}
			set, err := scanCaseSet(s)
			page.Items, last = append(page.Items, set), o.placeOf(s, list)
			return err
		}, append(w.args, limit+1)...)
	})
	return page, err
}

// CaseSet returns one set; ok is false when the index does not have it (yet).
func (k *Knowledge) CaseSet(ctx context.Context, id string) (set CaseSet, ok bool, err error) {
	err = k.read(ctx, func(conn *sqlite.Conn, _ progress) error {
		return exec(conn, caseSetColumns+" WHERE case_set.id = ?", func(s *sqlite.Stmt) (err error) {
			set, err = scanCaseSet(s)
			ok = true
			return err
		}, id)
	})
	return set, ok, err
}

// Gone says why a passage that is cited is in no current text.
type Gone string

// The reasons.
const (
	// PassageChanged: the document's newest version has it no more, or not with these words under these headings.
	PassageChanged Gone = "changed"
	// DocumentGone: the document was removed.
	DocumentGone Gone = "removed"
)

// StaleCitation is a citation whose passage is in no current text.
type StaleCitation struct {
	CaseID string `json:"caseId"`
	Reason Gone   `json:"reason"`
	// Citation is what the case cites, as it was.
	Citation testcase.Citation `json:"citation"`
	// Version is the document's now.
	Version uint64 `json:"version"`
}

// Stale lists what the cases of a set cite that is in no current text, each passage once for each case, in the order of the
// cases.
func (k *Knowledge) Stale(ctx context.Context, setID string) (stale []StaleCitation, err error) {
	stale = []StaleCitation{}
	err = k.read(ctx, func(conn *sqlite.Conn, _ progress) error {
		return exec(conn, `SELECT citation.test_case, min(citation.seq), citation.doc, document.removed, document.doc ->> 'version' FROM `+citedRows+` WHERE citation.owner = (SELECT num FROM case_set WHERE id = ?) AND `+staleWhen+`
			GROUP BY citation.test_case, citation.passage ORDER BY test_case.seq, 2`, func(s *sqlite.Stmt) error {
			one := StaleCitation{CaseID: s.ColumnText(0), Reason: PassageChanged, Version: uint64(s.ColumnInt64(4))}
			if s.ColumnInt64(3) != 0 {
				one.Reason = DocumentGone
			}
			err := json.Unmarshal(columnBytes(s, 2), &one.Citation)
			stale = append(stale, one)
			return err
		}, setID)
	})
	return stale, err
}
