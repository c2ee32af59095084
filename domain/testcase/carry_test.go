package testcase_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tapedeck/domain/testcase"
)

func TestCasesAreCarriedOverWithWhatBecameOfThem(t *testing.T) {
	t.Parallel()
	edit := content(sample("a"))
	edit.Title = "A better title"
	old := given(t, append(complete("a", "b", "c"),
		testcase.Edit{CaseID: "a", Content: edit, Word: ada},
		testcase.Accept{CaseID: "b", Word: ada},
		testcase.Prove{Proven: testcase.Proven{CaseID: "b", Class: testcase.TwinProven, ProofID: "p1", Test: "t1", Word: ada}},
	)...)
	carry := testcase.Carry{Carried: testcase.Carried{From: "t1", Cases: old.Cases}}
	next := given(t, start(1), generated("c"), carry, carry, testcase.Finish{})
	require.Equal(t, []string{"c", "a", "b"}, []string{next.Cases[0].ID, next.Cases[1].ID, next.Cases[2].ID}, "each once")
	for _, id := range []string{"a", "b"} {
		was, _ := old.Case(id)
		is, _ := next.Case(id)
		require.Equal(t, was, is)
	}
	again := given(t, start(1), carry, start(2), generated("c"), testcase.Finish{})
	require.Len(t, again.Cases, 1, "a later attempt begins anew")

	_, err := testcase.Decide(next, carry)
	var refused *testcase.RefusedError
	require.ErrorAs(t, err, &refused)
	bad := old.Cases[0]
	bad.Standing = "odd"
	_, err = testcase.Decide(given(t, start(1)), testcase.Carry{Carried: testcase.Carried{From: "t1", Cases: []testcase.Reviewed{bad}}})
	var invalid *testcase.InvalidError
	require.ErrorAs(t, err, &invalid)
	require.Equal(t, "standing", invalid.Faults[0].Path)
}

func TestAnEditStaysOnWhatIsGeneratedAnew(t *testing.T) {
	t.Parallel()
	edit := content(sample("a"))
	edit.Steps[1].Expected = "An alert in red says so"
	edit.Steps = append(edit.Steps, testcase.ContentStep{Action: "Close it"})
	old := given(t, append(complete("a"), testcase.Edit{CaseID: "a", Content: edit, Word: ada})...)
	anew := sample("a2")
	anew.Steps[1].Expected = "A new alert says so"
	anew.Steps[1].ExpectedSources = []testcase.Citation{{Origin: testcase.FromPassage, Quote: "new", PassageID: "p2"}}

	r := old.Cases[0].Onto(anew)
	require.Equal(t, "a2", r.ID)
	require.Equal(t, testcase.IsEdited, r.Standing)
	require.Equal(t, testcase.Manual, r.Proof)
	require.Equal(t, "An alert in red says so", r.Steps[1].Expected, "the person's text")
	require.Equal(t, "p2", r.Steps[1].ExpectedSources[0].PassageID, "with what is cited now")
	require.Equal(t, "Close it", r.Steps[2].Action)
	require.Equal(t, anew, *r.Generated)
	require.Contains(t, r.Changes, testcase.Change{Path: "steps/2/expected", Before: "A new alert says so", After: "An alert in red says so"})
	require.Equal(t, old.Cases[0].History, r.History)

	same := old.Cases[0].Case
	r = old.Cases[0].Onto(same)
	require.Equal(t, testcase.IsProposed, r.Standing)
	require.Nil(t, r.Generated)
	require.Len(t, r.History, 1)
}
