package projections

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tapedeck/domain/event"
	"tapedeck/domain/knowledge"
	"tapedeck/domain/testcase"
)

const rulesText = "# Booking\n\nThe guest name must not exceed 30 characters.\n\nA table must be held for an hour.\n\nInvoices must be sent by post.\n\nDogs are welcome.\n"

// rules are the passages of a text, as a citation has them.
func rules(source, key, text string) []testcase.Citation {
	var out []testcase.Citation
	for _, p := range knowledge.Split(docOf(source, key), []byte(text)) {
		out = append(out, testcase.Citation{
			Origin: testcase.FromPassage, Quote: p.Text, SourceID: sourceOf(source), DocumentID: docOf(source, key), Version: 1, PassageID: p.ID,
		})
	}
	return out
}

var recorded = testcase.Citation{Origin: testcase.FromStep, Quote: "click", RecordingID: "rec", StepID: "s1"}

// caseOf is a case that cites something as a whole, and in the expected result of its second step.
func caseOf(id string, cites []testcase.Citation, expected ...testcase.Citation) testcase.Case {
	return testcase.Case{
		ID: id, Title: "Case " + id, Type: testcase.Positive, Priority: testcase.High, Proof: testcase.Manual, Sources: cites,
		Steps: []testcase.Step{{ID: "1", Action: "Open /", Sources: []testcase.Citation{recorded}}, {ID: "2", Action: "Book", Expected: "It is booked", ExpectedSources: expected}},
	}
}

// set has a job of a project write a set of a recording.
func (l *library) set(id, project, recording string, whole bool, cases ...testcase.Case) testcase.State {
	commands := []testcase.Command{
		testcase.Start{Started: testcase.Started{Attempt: 1, RecordingID: recording, RecordingVersion: 1, Name: "Set " + id, Sources: []string{sourceOf("specs")}}},
		testcase.Add{Generated: testcase.Generated{Cases: cases}},
	}
	if whole {
		commands = append(commands, testcase.Finish{})
	}
	s, err := l.repo.ApplyTestCases(l.ctx().Context(), testcase.State{ID: id, Owner: project}, by, l.now, nil, commands...)
	require.NoError(l.tb, err)
	return s
}

func (l *library) review(id string, c testcase.Command) {
	_, err := l.repo.ReviewTestCases(l.ctx().Context(), id, by, 0, l.now, c)
	require.NoError(l.tb, err)
}

var ada = testcase.Word{By: "Ada", Reason: "so it is"}

func (l *library) specs(text string) {
	l.ingest("specs", []page{{key: "/booking", title: "Booking", kind: "page", text: text}})
}

func coverage(t *testing.T, k *Knowledge) Coverage {
	t.Helper()
	out, ok, err := k.SourceCoverage(t.Context(), sourceOf("specs"), 0, "")
	require.NoError(t, err)
	require.True(t, ok)
	require.EqualValues(t, len(out.Items), out.Uncovered)
	return out.Coverage
}

func TestDocumentsKnowTheTestsThatCiteThem(t *testing.T) {
	t.Parallel()
	l := newLibrary(t)
	l.specs(rulesText)
	name, table, invoice, dogs := rules("specs", "/booking", rulesText)[0], rules("specs", "/booking", rulesText)[1], rules("specs", "/booking", rulesText)[2], rules("specs", "/booking", rulesText)[3]
	k := l.index(t, "")
	doc := docOf("specs", "/booking")
	got, ok, err := k.DocumentTests(t.Context(), doc, false)
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, Coverage{Requirements: 3, Uncovered: 3}, got.Coverage)
	require.Len(t, got.Passages, 3, "a passage that demands nothing and is not cited is not told")

	l.set("one", "default", "rec", true,
		caseOf("a", []testcase.Citation{name}, name, recorded), caseOf("b", nil, table), caseOf("c", []testcase.Citation{invoice, dogs}))
	l.set("foreign", "other", "rec", true, caseOf("x", []testcase.Citation{invoice}))
	l.set("open", "default", "rec-2", false, caseOf("y", []testcase.Citation{invoice}))
	l.catchUp(t, k)
	got, _, err = k.DocumentTests(t.Context(), doc, false)
	require.NoError(t, err)
	require.Equal(t, Coverage{Requirements: 3, Covered: 3, Asserted: 1}, got.Coverage)
	require.Len(t, got.Passages, 4)
	require.Empty(t, got.Gone)
	require.Equal(t, []CitingCase{{
		SetID: "one", SetName: "Set one", RecordingID: "rec", CaseID: "a", Title: "Case a", Type: testcase.Positive, Standing: testcase.IsProposed, Proof: testcase.Manual,
		Places: []CasePlace{{}, {StepID: "2", Expected: true, Asserted: true}},
	}}, got.Passages[0].Tests)
	require.Equal(t, coverage(t, k), got.Coverage)

	// What a person rejects covers nothing, and neither does an expected result that she takes away.
	l.review("one", testcase.Reject{CaseID: "c", Word: ada})
	l.review("one", testcase.Edit{CaseID: "b", Word: ada, Content: testcase.Content{
		Title: "B", Type: testcase.Edge, Priority: testcase.Low, Steps: []testcase.ContentStep{{ID: "2", Action: "Book"}},
	}})
	l.review("one", testcase.Prove{Proven: testcase.Proven{CaseID: "a", Class: testcase.TwinProven, ProofID: "p", Test: "t", Word: ada}})
	l.catchUp(t, k)
	got, _, err = k.DocumentTests(t.Context(), doc, false)
	require.NoError(t, err)
	require.Equal(t, Coverage{Requirements: 3, Covered: 1, Asserted: 1, Uncovered: 2}, got.Coverage)
	require.Equal(t, testcase.TwinProven, got.Passages[0].Tests[0].Proof)
	require.Empty(t, got.Passages[1].Tests)
	require.Equal(t, testcase.IsRejected, got.Passages[2].Tests[0].Standing, "a rejected one is still told")
	require.Equal(t, coverage(t, k), got.Coverage)

	// A newer set of the recording counts instead; the older one can still be found.
	l.set("two", "default", "rec", true, caseOf("a", []testcase.Citation{table}))
	l.catchUp(t, k)
	got, _, err = k.DocumentTests(t.Context(), doc, false)
	require.NoError(t, err)
	require.Equal(t, Coverage{Requirements: 3, Covered: 1, Uncovered: 2}, got.Coverage)
	require.Empty(t, got.Passages[0].Tests)
	require.Equal(t, "two", got.Passages[1].Tests[0].SetID)
	got, _, err = k.DocumentTests(t.Context(), doc, true)
	require.NoError(t, err)
	require.True(t, got.Passages[0].Tests[0].Superseded)
	require.Equal(t, Coverage{Requirements: 3, Covered: 1, Uncovered: 2}, got.Coverage, "it covers nothing")
	old, ok, err := k.CaseSet(t.Context(), "one")
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, "two", old.SupersededBy)

	_, ok, err = k.DocumentTests(t.Context(), "none", false)
	require.NoError(t, err)
	require.False(t, ok)
	_, ok, err = k.SourceCoverage(t.Context(), "none", 0, "")
	require.NoError(t, err)
	require.False(t, ok)
}

func TestCasesBecomeStale(t *testing.T) {
	t.Parallel()
	l := newLibrary(t)
	l.specs(rulesText)
	l.ingest("help", []page{{key: "/help", title: "Help", kind: "page", text: "It must help.\n"}})
	k := l.index(t, "")
	cites := rules("specs", "/booking", rulesText)
	help := rules("help", "/help", "It must help.\n")[0]
	l.set("one", "default", "rec", true, caseOf("a", cites[:1], cites[0]), caseOf("b", cites[1:2]), caseOf("c", []testcase.Citation{help}), caseOf("d", cites[:1]))
	l.review("one", testcase.Reject{CaseID: "d", Word: ada})
	l.catchUp(t, k)
	stale := func() (out []string) {
		list, err := k.Stale(t.Context(), "one")
		require.NoError(t, err)
		for _, s := range list {
			out = append(out, fmt.Sprint(s.CaseID, " ", s.Reason, " ", s.Citation.Quote, " ", s.Version))
		}
		set, _, err := k.CaseSet(t.Context(), "one")
		require.NoError(t, err)
		require.EqualValues(t, len(out), set.Stale)
		return out
	}
	require.Empty(t, stale())

	next := "# Booking\n\nA table must be held for an hour.\n\nThe guest name must not exceed 20 characters.\n"
	l.specs(next)
	l.catchUp(t, k)
	require.Equal(t, []string{"a changed The guest name must not exceed 30 characters. 2"}, stale(), "a passage that only moved is the same, and nobody wants what was rejected")
	got, _, err := k.DocumentTests(t.Context(), docOf("specs", "/booking"), false)
	require.NoError(t, err)
	require.Len(t, got.Gone, 1)
	require.Equal(t, "a", got.Gone[0].Tests[0].CaseID)
	require.Equal(t, Coverage{Requirements: 2, Covered: 1, Uncovered: 1}, got.Coverage)

	l.ingest("help", nil, "/help")
	l.catchUp(t, k)
	require.Equal(t, []string{"a changed The guest name must not exceed 30 characters. 2", "c removed It must help. 2"}, stale())

	// What comes back is as good as before.
	l.specs(rulesText)
	l.catchUp(t, k)
	require.Equal(t, []string{"c removed It must help. 2"}, stale())
	list, err := k.Stale(t.Context(), "none")
	require.NoError(t, err)
	require.Empty(t, list)
}

// A text that is missing says nothing of what it demands: it makes no case stale.
func TestNothingIsStaleForAMissingText(t *testing.T) {
	t.Parallel()
	l := newLibrary(t)
	l.specs(rulesText)
	l.set("one", "default", "rec", true, caseOf("a", rules("specs", "/booking", rulesText)[:1]))
	l.lose(rulesText, true)
	k := l.index(t, "")
	list, err := k.Stale(t.Context(), "one")
	require.NoError(t, err)
	require.Empty(t, list)
}

func TestUncoveredRequirementsArePaged(t *testing.T) {
	t.Parallel()
	l := newLibrary(t)
	l.specs(rulesText)
	l.ingest("specs", []page{{key: "/more", title: "More", kind: "page", text: "It must be quick.\n\nIt must be cheap.\n"}})
	l.set("one", "default", "rec", true, caseOf("a", rules("specs", "/booking", rulesText)[:1]))
	k := l.index(t, "")
	var texts []string
	for next := ""; ; {
		out, ok, err := k.SourceCoverage(t.Context(), sourceOf("specs"), 3, next)
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, Coverage{Requirements: 5, Covered: 1, Uncovered: 4}, out.Coverage)
		for _, p := range out.Items {
			texts = append(texts, p.Text)
		}
		if next = out.Next; next == "" {
			break
		}
	}
	require.Equal(t, []string{"A table must be held for an hour.", "Invoices must be sent by post.", "It must be quick.", "It must be cheap."}, texts)
	_, _, err := k.SourceCoverage(t.Context(), sourceOf("specs"), 3, "zzz")
	require.ErrorIs(t, err, ErrBadPage)
	_, _, err = k.SourceCoverage(t.Context(), sourceOf("specs"), MaxPage+1, "")
	require.ErrorIs(t, err, ErrBadQuery)
}

func TestSetsOfCasesAreListed(t *testing.T) {
	t.Parallel()
	l := newLibrary(t)
	for i := range 5 {
		l.set(fmt.Sprint("s", i), "default", fmt.Sprint("rec-", i%2), i != 4, caseOf("a", nil))
	}
	l.set("foreign", "other", "rec-0", true, caseOf("a", nil))
	k := l.index(t, "")
	var ids []string
	for next := ""; ; {
		page, err := k.CaseSets(t.Context(), CaseSetQuery{Project: "default", Limit: 2, Page: next})
		require.NoError(t, err)
		for _, s := range page.Items {
			ids = append(ids, s.ID+">"+s.SupersededBy)
			require.EqualValues(t, 1, s.Cases)
		}
		if next = page.Next; next == "" {
			break
		}
	}
	require.Equal(t, []string{"s4>", "s3>", "s2>", "s1>s3", "s0>s2"}, ids, "one that is not whole supersedes nothing")
	page, err := k.CaseSets(t.Context(), CaseSetQuery{Recording: "rec-0", Limit: 1})
	require.NoError(t, err)
	require.Equal(t, "foreign", page.Items[0].ID)
	_, err = k.CaseSets(t.Context(), CaseSetQuery{Recording: "rec-1", Page: page.Next})
	require.ErrorIs(t, err, ErrBadPage)
	_, err = k.CaseSets(t.Context(), CaseSetQuery{Limit: -1})
	require.ErrorIs(t, err, ErrBadQuery)
}

// Events that are no part of a set, or are not what their type says, are passed over.
func TestAlienEventsOfCasesAreSkipped(t *testing.T) {
	t.Parallel()
	l := newLibrary(t)
	l.specs(rulesText)
	l.raw(event.Event{Type: "testcases.started", Subject: "odd", Project: "default", Stream: "testcases/odd", Sequence: 1, SchemaVersion: 1, Data: []byte(`{"attempt":"no number"}`)})
	l.raw(event.Event{Type: "testcases.generated", Subject: "other", Project: "default", Stream: "testcases/mine", Sequence: 1, SchemaVersion: 1, Data: []byte(`{}`)})
	l.set("one", "default", "rec", true, caseOf("a", nil))
	path := filepath.Join(t.TempDir(), "knowledge.db")
	k := l.index(t, path)
	page, err := k.CaseSets(t.Context(), CaseSetQuery{})
	require.NoError(t, err)
	require.Len(t, page.Items, 1)
	require.NoError(t, k.Stop())
	c, err := CheckKnowledge(t.Context(), l.store, l, path)
	require.NoError(t, err)
	require.True(t, c.Equal(), "%v", c.Differences)
}

// drawCases has sets of test cases live: begun, begun anew, finished, reviewed, carried over.
func (l *library) drawCases(t *rapid.T) {
	id := rapid.SampledFrom([]string{"t1", "t2"}).Draw(t, "set")
	ctx := l.ctx().Context()
	s, err := l.repo.LoadTestCases(ctx, id)
	if err != nil {
		require.ErrorIs(l.tb, err, testcase.ErrNotFound)
		s = testcase.State{ID: id, Owner: "default"}
	}
	cite := testcase.Citation{Origin: testcase.FromPassage, Quote: "q", DocumentID: docOf("s", "/a"), PassageID: drawWord(t)}
	drawn := caseOf(rapid.SampledFrom([]string{"a", "b"}).Draw(t, "case"), []testcase.Citation{cite}, cite, recorded)
	for _, c := range []testcase.Command{
		testcase.Start{Started: testcase.Started{Attempt: s.Attempt + 1, RecordingID: "rec", Name: "S"}},
		testcase.Add{Generated: testcase.Generated{Cases: []testcase.Case{drawn}}},
		testcase.Carry{Carried: testcase.Carried{From: "t0", Cases: []testcase.Reviewed{{Case: caseOf("c", []testcase.Citation{cite}), Standing: testcase.IsAccepted}}}},
		testcase.Finish{},
		testcase.Edit{CaseID: drawn.ID, Word: ada, Content: testcase.Content{Title: drawWord(t), Type: testcase.Edge, Priority: testcase.Low, Steps: []testcase.ContentStep{{ID: "2", Action: "x", Expected: drawWord(t)}}}},
		testcase.Reject{CaseID: "c", Word: ada},
		testcase.Accept{CaseID: drawn.ID, Word: ada},
		testcase.Prove{Proven: testcase.Proven{CaseID: drawn.ID, Class: testcase.LiveProven, ProofID: "p", Test: drawWord(t), Word: ada}},
	} {
		if rapid.IntRange(0, 3).Draw(t, "skip") == 0 {
			continue
		}
		if next, err := l.repo.ApplyTestCases(ctx, s, by, l.now, nil, c); err == nil { // what is refused changes nothing
			s = next
		}
	}
}
