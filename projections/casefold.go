package projections

import (
	"strings"

	"github.com/go-json-experiment/json"
	"zombiezen.com/go/sqlite"

	"tapedeck/domain/testcase"
	"tapedeck/eventstore"
)

// caseSetRow is a set of test cases while it is folded. Its cases are rows of their own.
type caseSetRow struct {
	num   int64
	cases int64 // how many rows it has; -1 when that was not looked up yet
	testcase.State
}

// slim forgets what has rows of its own, or is not shown here.
func (r *caseSetRow) slim() { r.Cases, r.Findings, r.Uncovered, r.Notes = nil, nil, nil, nil }

// caseRow is what is shown of a test case where it cites something.
type caseRow struct {
	Title    string            `json:"title"`
	Type     testcase.Type     `json:"type"`
	Priority testcase.Priority `json:"priority"`
	Proof    testcase.Class    `json:"proof"`
	ProofID  string            `json:"proofId,omitempty"`
	Test     string            `json:"test,omitempty"`
}

func (d *knowledgeFold) caseSet(e *eventstore.Recorded) error {
	r, err := d.caseSetRow(e.Subject)
	if err != nil {
		return err
	}
	if e.Stream != testcase.Stream(e.Subject) || e.Sequence != r.Version+1 {
		d.at.skipped++
		return nil
	}
	fact, err := testcase.Decode(e.Type, e.SchemaVersion, e.Data)
	if err == nil {
		r.State, err = testcase.Fold(r.State, e.Event, e.Hash)
	}
	if err != nil {
		d.at.skipped++
		return nil
	}
	if r.num == 0 {
		d.at.rows++
		r.num = d.at.rows
	}
	r.slim()
	return d.foldCases(r, fact)
}

func (d *knowledgeFold) caseSetRow(id string) (*caseSetRow, error) {
	if r := d.sets[id]; r != nil {
		return r, nil
	}
	r := &caseSetRow{cases: -1}
	err := exec(d.conn, "SELECT num, doc FROM case_set WHERE id = ?", func(s *sqlite.Stmt) error {
		r.num = s.ColumnInt64(0)
		return json.Unmarshal(columnBytes(s, 1), &r.State)
	}, id)
	r.slim()
	d.sets[strings.Clone(id)] = r
	return r, err
}

// foldCases writes what a fact says of single cases.
func (d *knowledgeFold) foldCases(r *caseSetRow, fact testcase.Event) error {
	switch fact := fact.(type) {
	case testcase.Started:
		r.cases = 0
		if err := exec(d.conn, "DELETE FROM citation WHERE owner = ?", nil, r.num); err != nil {
			return err
		}
		return exec(d.conn, "DELETE FROM test_case WHERE owner = ?", nil, r.num)
	case testcase.Generated:
		for _, c := range fact.Cases {
			if err := d.addCase(r, testcase.Reviewed{Case: c, Standing: testcase.IsProposed}); err != nil {
				return err
			}
		}
	case testcase.Carried:
		for _, c := range fact.Cases {
			if err := d.addCase(r, c); err != nil {
				return err
			}
		}
	case testcase.Edited:
		return d.editCase(r, fact.Case)
	case testcase.Accepted:
		return d.standing(r, fact.CaseID, testcase.IsAccepted)
	case testcase.Rejected:
		return d.standing(r, fact.CaseID, testcase.IsRejected)
	case testcase.Proven:
		return d.proveCase(r, fact)
	case testcase.Finished, testcase.Exported, testcase.Unknown:
	}
	return nil
}

func (d *knowledgeFold) addCase(r *caseSetRow, c testcase.Reviewed) error {
	if r.cases < 0 {
		err := exec(d.conn, "SELECT count(*) FROM test_case WHERE owner = ?", func(s *sqlite.Stmt) error {
			r.cases = s.ColumnInt64(0)
			return nil
		}, r.num)
		if err != nil {
			return err
		}
	}
	r.cases++
	doc, err := json.Marshal(shown(c), json.Deterministic(true))
	if err == nil {
		err = exec(d.conn, "INSERT OR IGNORE INTO test_case VALUES (?, ?, ?, ?, CAST(? AS TEXT))", nil, r.num, c.ID, r.cases, string(c.Standing), doc)
	}
	if err != nil || d.conn.Changes() == 0 {
		return err
	}
	return d.cite(r, c.Case)
}

func shown(c testcase.Reviewed) caseRow {
	return caseRow{Title: c.Title, Type: c.Type, Priority: c.Priority, Proof: c.Proof, ProofID: c.ProofID, Test: c.Test}
}

// editCase has another content in the place of a case's; what was proven of it was another text.
func (d *knowledgeFold) editCase(r *caseSetRow, c testcase.Case) error {
	doc, err := json.Marshal(shown(testcase.Reviewed{Case: c}), json.Deterministic(true))
	if err == nil {
		err = exec(d.conn, "UPDATE test_case SET standing = ?, doc = CAST(? AS TEXT) WHERE owner = ? AND id = ?", nil, string(testcase.IsEdited), doc, r.num, c.ID)
	}
	if err != nil || d.conn.Changes() == 0 {
		return err
	}
	if err := exec(d.conn, "DELETE FROM citation WHERE owner = ? AND test_case = ?", nil, r.num, c.ID); err != nil {
		return err
	}
	return d.cite(r, c)
}

func (d *knowledgeFold) standing(r *caseSetRow, id string, is testcase.Standing) error {
	return exec(d.conn, "UPDATE test_case SET standing = ? WHERE owner = ? AND id = ?", nil, string(is), r.num, id)
}

func (d *knowledgeFold) proveCase(r *caseSetRow, p testcase.Proven) error {
	var row caseRow
	found := false
	err := exec(d.conn, "SELECT doc FROM test_case WHERE owner = ? AND id = ?", func(s *sqlite.Stmt) error {
		found = true
		return json.Unmarshal(columnBytes(s, 0), &row)
	}, r.num, p.CaseID)
	if err != nil || !found {
		return err
	}
	row.Proof, row.ProofID, row.Test = p.Class, p.ProofID, p.Test
	doc, err := json.Marshal(row, json.Deterministic(true))
	if err != nil {
		return err
	}
	return exec(d.conn, "UPDATE test_case SET doc = CAST(? AS TEXT) WHERE owner = ? AND id = ?", nil, doc, r.num, p.CaseID)
}

// cite keeps where a case cites passages. An expected result that the recording shows too cites it beside the passage.
func (d *knowledgeFold) cite(r *caseSetRow, c testcase.Case) error {
	seq := 0
	add := func(list []testcase.Citation, step string, expected, asserted int) error {
		for _, one := range list {
			if one.Origin != testcase.FromPassage || one.PassageID == "" {
				continue
			}
			doc, err := json.Marshal(one, json.Deterministic(true))
			if err != nil {
				return err
			}
			err = exec(d.conn, "INSERT OR IGNORE INTO citation VALUES (?, ?, ?, ?, ?, ?, ?, ?, CAST(? AS TEXT))", nil,
				r.num, c.ID, one.PassageID, step, expected, asserted, seq, one.DocumentID, doc)
			if err != nil {
				return err
			}
			seq++
		}
		return nil
	}
	if err := add(c.Sources, "", 0, 0); err != nil {
		return err
	}
	for _, s := range c.Steps {
		if err := add(s.Sources, s.ID, 0, 0); err != nil {
			return err
		}
		if s.Expected == "" { // a person took it away
			continue
		}
		asserted := 0
		for _, one := range s.ExpectedSources {
			if one.Origin != testcase.FromPassage {
				asserted = 1
			}
		}
		if err := add(s.ExpectedSources, s.ID, 1, asserted); err != nil {
			return err
		}
	}
	return nil
}

func (d *knowledgeFold) writeCaseSets() error {
	for _, r := range d.sets {
		if r.num == 0 {
			continue
		}
		doc, err := json.Marshal(&r.State, json.Deterministic(true))
		if err != nil {
			return err
		}
		err = exec(d.conn, `INSERT INTO case_set VALUES (?, ?, ?, ?, ?, CAST(? AS TEXT)) ON CONFLICT (num) DO UPDATE
			SET recording = excluded.recording, complete = excluded.complete, doc = excluded.doc`, nil,
			r.num, r.ID, r.Owner, r.RecordingID, flag(r.Status == testcase.Complete), doc)
		if err != nil {
			return err
		}
	}
	return nil
}
