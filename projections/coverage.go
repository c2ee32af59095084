package projections

import (
	"context"

	"github.com/go-json-experiment/json"
	"zombiezen.com/go/sqlite"

	"tapedeck/domain/testcase"
	"tapedeck/eventstore"
)

// Coverage counts requirements: passages of current documents that demand something, and those that a case cites which is
// not rejected, of the newest set of its recording.
type Coverage struct {
	Requirements int64 `json:"requirements"`
	Covered      int64 `json:"covered"`
	// Asserted are those of Covered that an expected result cites which the recording shows as well.
	Asserted  int64 `json:"asserted"`
	Uncovered int64 `json:"uncovered"`
}

func (c *Coverage) add(covered, asserted bool) {
	c.Requirements++
	switch {
	case !covered:
		c.Uncovered++
		return
	case asserted:
		c.Asserted++
	}
	c.Covered++
}

// covering selects the passages that count as covered in a project, its one argument, with whether one of their citations
// is asserted.
const covering = `SELECT citation.passage AS id, max(citation.asserted) AS asserted FROM citation
	CROSS JOIN test_case ON test_case.owner = citation.owner AND test_case.id = citation.test_case
	WHERE citation.owner IN ` + newestSets + ` AND test_case.standing <> 'rejected' GROUP BY citation.passage`

// CasePlace is a place of a case that cites a passage.
type CasePlace struct {
	// StepID is empty for the case as a whole.
	StepID string `json:"stepId,omitempty"`
	// Expected says that it is the step's expected result, Asserted that the recording shows that as well.
	Expected bool `json:"expected,omitzero"`
	Asserted bool `json:"asserted,omitzero"`
}

// CitingCase is a test case that cites a passage.
type CitingCase struct {
	SetID       string            `json:"jobId"`
	SetName     string            `json:"setName"`
	RecordingID string            `json:"recordingId"`
	CaseID      string            `json:"caseId"`
	Title       string            `json:"title"`
	Type        testcase.Type     `json:"type"`
	Standing    testcase.Standing `json:"standing"`
	Proof       testcase.Class    `json:"proof"`
	// Superseded says that the recording has a newer set.
	Superseded bool        `json:"superseded,omitzero"`
	Places     []CasePlace `json:"places"`
}

// PassageTests is a passage with the cases that cite it.
type PassageTests struct {
	Passage
	Tests []CitingCase `json:"tests"`
}

// GonePassage is a passage that cases cite and that the document has no more.
type GonePassage struct {
	PassageID string            `json:"passageId"`
	Citation  testcase.Citation `json:"citation"`
	Tests     []CitingCase      `json:"tests"`
}

// DocumentTests is a document with the test cases that cite it.
type DocumentTests struct {
	Coverage Coverage `json:"coverage"`
	// Passages are those that demand something or are cited, in the order of the text.
	Passages []PassageTests `json:"passages"`
	// Gone are those that are cited and are in no current text.
	Gone []GonePassage `json:"gone"`
}

// DocumentTests answers the cases that cite a document; with older those of superseded sets too, which cover nothing. ok is
// false when the index does not have the document (yet).
func (k *Knowledge) DocumentTests(ctx context.Context, id string, older bool) (out DocumentTests, ok bool, err error) {
	out.Passages, out.Gone = []PassageTests{}, []GonePassage{}
	err = k.read(ctx, func(conn *sqlite.Conn, _ progress) error {
		project := ""
		err := exec(conn, "SELECT project FROM document WHERE id = ?", func(s *sqlite.Stmt) error {
			project, ok = s.ColumnText(0), true
			return nil
		}, id)
		if err != nil || !ok {
			return err
		}
		cited, order, err := citing(conn, project, id, older)
		if err != nil {
			return err
		}
		err = exec(conn, passageColumns+" WHERE document.id = ? ORDER BY passage.seq", func(s *sqlite.Stmt) error {
			p, err := scanPassage(s, 0)
			one := PassageTests{Passage: p, Tests: []CitingCase{}}
			if c := cited[p.ID]; c != nil {
				one.Tests = c.Tests
			}
			delete(cited, p.ID)
			if p.Requirement != "" {
				out.Coverage.add(covers(one.Tests))
			}
			if p.Requirement != "" || len(one.Tests) > 0 {
				out.Passages = append(out.Passages, one)
			}
			return err
		}, id)
		for _, passage := range order {
			if c := cited[passage]; c != nil {
				out.Gone = append(out.Gone, *c)
			}
		}
		return err
	})
	return out, ok, err
}

// covers says whether cases cover what they cite.
func covers(tests []CitingCase) (covered, asserted bool) {
	for _, t := range tests {
		if t.Superseded || t.Standing == testcase.IsRejected {
			continue
		}
		covered = true
		for _, p := range t.Places {
			asserted = asserted || p.Asserted
		}
	}
	return covered, asserted
}

// citing reads what cites a document, by passages, and these in the order of the cases.
func citing(conn *sqlite.Conn, project, document string, older bool) (cited map[string]*GonePassage, order []string, err error) {
	cited = map[string]*GonePassage{}
	err = exec(conn, `SELECT citation.passage, citation.doc, citation.step, citation.expected, citation.asserted,
			test_case.id, test_case.standing, test_case.doc, case_set.id, case_set.recording, case_set.doc ->> 'name', case_set.num NOT IN `+newestSets+` AS old
		FROM citation CROSS JOIN case_set ON case_set.num = citation.owner
		CROSS JOIN test_case ON test_case.owner = citation.owner AND test_case.id = citation.test_case
		WHERE citation.document = ? AND case_set.project = ? AND case_set.complete = 1 AND (? OR old = 0)
		ORDER BY case_set.num DESC, test_case.seq, citation.seq`, func(s *sqlite.Stmt) error {
		passage := s.ColumnText(0)
		p := cited[passage]
		if p == nil {
			p = &GonePassage{PassageID: passage}
			cited[passage], order = p, append(order, passage)
			if err := json.Unmarshal(columnBytes(s, 1), &p.Citation); err != nil {
				return err
			}
		}
		one := CasePlace{StepID: s.ColumnText(2), Expected: s.ColumnInt64(3) != 0, Asserted: s.ColumnInt64(4) != 0}
		set, id := s.ColumnText(8), s.ColumnText(5)
		if n := len(p.Tests); n > 0 && p.Tests[n-1].SetID == set && p.Tests[n-1].CaseID == id {
			p.Tests[n-1].Places = append(p.Tests[n-1].Places, one)
			return nil
		}
		var row caseRow
		if err := json.Unmarshal(columnBytes(s, 7), &row); err != nil {
			return err
		}
		p.Tests = append(p.Tests, CitingCase{
			SetID: set, SetName: s.ColumnText(10), RecordingID: s.ColumnText(9), CaseID: id, Title: row.Title, Type: row.Type,
			Standing: testcase.Standing(s.ColumnText(6)), Proof: row.Proof, Superseded: s.ColumnInt64(11) != 0, Places: []CasePlace{one},
		})
		return nil
	}, project, document, project, flag(older))
	return cited, order, err
}

// UncoveredPage is a page of requirements that no case covers.
type UncoveredPage struct {
	Coverage
	Items []Passage
	// Next continues the list; empty on the last page.
	Next string
	// Cursor is what the page reflects.
	Cursor eventstore.Cursor
}

// SourceCoverage counts the requirements of a source's documents and lists, by documents, those that no case covers. Limit
// defaults to 50 and is at most MaxPage; page is the Next of the page before. ok is false when the index does not have the
// source (yet).
func (k *Knowledge) SourceCoverage(ctx context.Context, id string, limit int, page string) (out UncoveredPage, ok bool, err error) {
	out.Items = []Passage{}
	if limit, err = pageLimit(limit); err != nil {
		return out, false, err
	}
	err = k.read(ctx, func(conn *sqlite.Conn, at progress) error {
		out.Cursor = at.checkpoint
		project := ""
		err := exec(conn, "SELECT project FROM source WHERE id = ?", func(s *sqlite.Stmt) error {
			project, ok = s.ColumnText(0), true
			return nil
		}, id)
		if err != nil || !ok {
			return err
		}
		err = exec(conn, `SELECT count(*), count(covering.id), coalesce(sum(covering.asserted), 0)
			FROM document CROSS JOIN passage ON passage.document = document.num LEFT JOIN (`+covering+`) AS covering ON covering.id = passage.id
			WHERE document.source = ? AND document.removed = 0 AND passage.requirement <> ''`, func(s *sqlite.Stmt) error {
			out.Coverage = Coverage{Requirements: s.ColumnInt64(0), Covered: s.ColumnInt64(1), Asserted: s.ColumnInt64(2), Uncovered: s.ColumnInt64(0) - s.ColumnInt64(1)}
			return nil
		}, project, id)
		if err != nil {
			return err
		}
		return out.list(conn, at.epoch, project, id, limit, page)
	})
	return out, ok, err
}

func (p *UncoveredPage) list(conn *sqlite.Conn, epoch, project, source string, limit int, page string) error {
	list := listDigest(epoch, "uncovered of "+source)
	from := place{}
	if page != "" {
		var err error
		if from, err = parsePlace(page, list); err != nil {
			return err
		}
	}
	var last place
	return exec(conn, `SELECT passage.doc, passage_text.text, document.id, document.source, document.title, document.url, document.num, passage.seq
		FROM document CROSS JOIN passage ON passage.document = document.num CROSS JOIN passage_text ON passage_text.rowid = passage.num
		WHERE document.source = ? AND document.removed = 0 AND passage.requirement <> '' AND (document.num, passage.seq) > (?, ?)
			AND passage.id NOT IN (SELECT id FROM (`+covering+`))
		ORDER BY document.num, passage.seq LIMIT ?`, func(s *sqlite.Stmt) error {
		if len(p.Items) == limit {
			p.Next = last.token()
			return nil
		}
		one, err := scanPassage(s, 0)
		p.Items, last = append(p.Items, one), place{List: list, Int: s.ColumnInt64(6), Num: s.ColumnInt64(7)}
		return err
	}, source, from.Int, from.Num, project, limit+1)
}
