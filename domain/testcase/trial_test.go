package testcase_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tapedeck/domain/recording"
	"tapedeck/domain/testcase"
)

func signUp() recording.Document {
	fill := func(id, text string) recording.Step {
		return recording.Step{ID: id, Type: recording.Fill, Value: &recording.Value{Text: text}, Evidence: &recording.Evidence{}}
	}
	return recording.Document{ID: "r1", Steps: []recording.Step{
		{ID: "open", Type: recording.Navigate, URL: "http://shop.test/"},
		{ID: "hello", Type: recording.Assert},
		fill("name-1", "Ad"), fill("name", "Ada"),
		{ID: "filled", Type: recording.Assert},
		{ID: "off", Type: recording.Click, Disabled: true},
		{ID: "terms", Type: recording.Check},
		{ID: "send", Type: recording.Click},
		{ID: "sure", Type: recording.Dialog},
		{ID: "done", Type: recording.Assert},
	}}
}

func ids(doc recording.Document) (out []string) {
	for _, s := range doc.Steps {
		out = append(out, s.ID)
	}
	return out
}

func TestATrialIsAPartOfTheRecording(t *testing.T) {
	t.Parallel()
	doc := signUp()
	apply := func(trial testcase.Trial) recording.Document {
		t.Helper()
		out, err := trial.Apply(doc)
		require.NoError(t, err)
		return out
	}
	require.Equal(t, []string{"open", "hello", "name-1", "name", "filled", "terms", "send", "sure", "done"}, ids(apply(testcase.Trial{Outcome: testcase.OutcomeRecorded})))
	require.Equal(t, []string{"open", "hello", "name-1", "name", "filled", "terms", "send", "sure"},
		ids(apply(testcase.Trial{Outcome: testcase.OutcomeRecorded, Last: "send"})), "what a step brings belongs to it")

	other := apply(testcase.Trial{Outcome: testcase.OutcomeBlocked, Last: "send", Entered: "name", Text: ""})
	require.Equal(t, []string{"open", "hello", "name-1", "name", "terms", "send"}, ids(other), "a dialog is not asked for what is not sent, and claims of another text are not made")
	require.Equal(t, &recording.Value{}, other.Steps[3].Value)
	require.Equal(t, "Ada", doc.Steps[3].Value.Text, "the recording stays as it is")
	require.NotNil(t, doc.Steps[3].Evidence)

	require.Equal(t, []string{"open", "hello", "name-1", "name", "filled", "send"}, ids(apply(testcase.Trial{Outcome: testcase.OutcomeBlocked, Last: "send", Entered: "terms", Left: true})))

	for _, gone := range []testcase.Trial{{Last: "x"}, {Last: "send", Entered: "x"}, {Last: "send", Entered: "terms", Text: "y"}, {Last: "name", Entered: "terms", Left: true}, {Last: "off"}} {
		_, err := gone.Apply(doc)
		require.Error(t, err, "%+v", gone)
	}
	require.Len(t, doc.Steps, 10)
}

// TestAnotherCaseIsNoTrial edits a case: what a program did for its old steps it does not do for new ones.
func TestAnotherCaseIsNoTrial(t *testing.T) {
	t.Parallel()
	s := given(t, complete("a")...)
	i := 0
	s.Cases[i].Trial, s.Cases[i].Candidate = &testcase.Trial{Outcome: testcase.OutcomeBlocked, Last: "send", Entered: "name"}, testcase.ClientOnly
	text := content(s.Cases[i].Case)
	text.Title = "Another title"
	facts, err := testcase.Decide(s, testcase.Edit{CaseID: "a", Content: text, Word: ada})
	require.NoError(t, err)
	require.NotNil(t, facts[0].(testcase.Edited).Case.Trial, "the title changes nothing")
	text.Steps[0].Action = "Do something else"
	facts, err = testcase.Decide(s, testcase.Edit{CaseID: "a", Content: text, Word: ada})
	require.NoError(t, err)
	require.Nil(t, facts[0].(testcase.Edited).Case.Trial)
	require.Empty(t, facts[0].(testcase.Edited).Case.Candidate)
}
