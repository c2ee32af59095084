package recording_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tapedeck/domain/event"
	"tapedeck/domain/job"
	"tapedeck/domain/recording"
)

var at = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// given folds what the commands decide; every one of them must be accepted.
func given(t require.TestingT, s recording.State, commands ...recording.Command) recording.State {
	for _, c := range commands {
		facts, err := recording.Decide(s, c)
		require.NoError(t, err, "%#v", c)
		for _, f := range facts {
			data, err := recording.Encode(f)
			require.NoError(t, err)
			s, err = recording.Fold(s, event.Event{
				Type: f.EventType(), Subject: "r1", Project: "p", Data: data, Time: at, SchemaVersion: event.SchemaVersion,
			}, event.Hash{byte(s.Version + 1)})
			require.NoError(t, err)
		}
	}
	return s
}

func started() recording.Start {
	return recording.Start{Started: recording.Started{Attempt: 1, Name: "Sign in", Mode: "script", URL: "http://localhost/"}}
}

func press(id string) recording.Step {
	return recording.Step{ID: id, Type: recording.Press, Key: "Enter", Page: "page"}
}

func finished() recording.Finish {
	return recording.Finish{Finished: recording.Finished{Outcome: "complete", Attempt: 1, DurationMS: 5}}
}

func ids(s recording.State) []string {
	out := []string{}
	for _, st := range s.Steps {
		out = append(out, st.ID)
	}
	return out
}

func TestARecordingGrowsAndIsFinished(t *testing.T) {
	t.Parallel()
	s := given(t, recording.State{}, started(), recording.Record{Step: press("1")}, recording.Record{Step: press("2")})
	require.Equal(t, recording.StatusRecording, s.Status)
	amended := press("2")
	amended.Title = "Press Enter"
	s = given(t, s, recording.Amend{Step: amended}, recording.Retract{StepID: "1"}, finished())
	require.Equal(t, recording.StatusComplete, s.Status)
	require.Equal(t, []recording.Step{amended}, s.Steps)
	require.False(t, s.CanUndo, "what was recorded is no edit")
	require.Equal(t, "r1", s.ID)
	require.Equal(t, "p", s.Project)
	_, err := recording.Decide(s, recording.Record{Step: press("3")})
	var refused *recording.RefusedError
	require.ErrorAs(t, err, &refused)
}

func TestALaterAttemptBeginsAnew(t *testing.T) {
	t.Parallel()
	second := started()
	second.Started.Attempt = 2
	s := given(t, recording.State{}, started(), recording.Record{Step: press("1")}, second)
	require.Empty(t, s.Steps)
	require.Equal(t, 2, s.Attempt)
	_, err := recording.Decide(s, started())
	require.Error(t, err, "an attempt that is over cannot begin")
}

func TestEditsAreUndoneAndDoneAgain(t *testing.T) {
	t.Parallel()
	s := given(t, recording.State{}, started(), recording.Record{Step: press("1")}, recording.Record{Step: press("2")}, finished(),
		recording.MoveStep{StepID: "2", Index: 0}, recording.RemoveStep{StepID: "1"}, recording.Rename{Name: "Log in"},
		recording.InsertStep{Step: press("3"), Index: 1})
	require.Equal(t, []string{"2", "3"}, ids(s))
	s = given(t, s, recording.Undo{}, recording.Undo{}, recording.Undo{})
	require.Equal(t, []string{"2", "1"}, ids(s))
	require.Equal(t, "Sign in", s.Name)
	s = given(t, s, recording.Redo{}, recording.Redo{})
	require.Equal(t, []string{"2"}, ids(s))
	require.Equal(t, "Log in", s.Name)
	s = given(t, s, recording.Rename{Name: "Other"})
	require.False(t, s.CanRedo, "an edit makes another future")
	s = given(t, s, recording.RestoreVersion{Version: 3}, recording.Undo{})
	require.Equal(t, "Other", s.Name)
}

func TestAnEditKeepsTheEvidence(t *testing.T) {
	t.Parallel()
	seen := press("1")
	seen.Evidence = &recording.Evidence{URL: "http://localhost/", OffsetMS: 7}
	edited := press("1")
	edited.Note = "the first time"
	s := given(t, recording.State{}, started(), recording.Record{Step: seen}, finished(), recording.ReplaceStep{Step: edited})
	require.Equal(t, "the first time", s.Steps[0].Note)
	require.Equal(t, seen.Evidence, s.Steps[0].Evidence)
	facts, err := recording.Decide(s, recording.ReplaceStep{Step: edited})
	require.NoError(t, err)
	require.Empty(t, facts, "the same again changes nothing")
}

func TestBadStepsAreRefused(t *testing.T) {
	t.Parallel()
	s := given(t, recording.State{}, started())
	for name, step := range map[string]recording.Step{
		"no id":         {Type: recording.Press, Key: "a"},
		"unknown type":  {ID: "x", Type: "jump"},
		"no target":     {ID: "x", Type: recording.Click},
		"no candidates": {ID: "x", Type: recording.Click, Target: &recording.Target{}},
		"no value":      {ID: "x", Type: recording.Fill, Target: &recording.Target{Chosen: "#a"}},
		"no number": {ID: "x", Type: recording.Assert, Target: &recording.Target{Chosen: "li"},
			Assertion: &recording.Assertion{Claim: recording.HasCount, Expected: "many"}},
		"variable": {ID: "x", Type: recording.Fill, Target: &recording.Target{Chosen: "#a"}, Value: &recording.Value{Variable: "1a"}},
	} {
		_, err := recording.Decide(s, recording.Record{Step: step})
		var bad *job.InvalidError
		require.ErrorAs(t, err, &bad, name)
	}
	_, err := recording.Decide(recording.State{}, recording.Undo{})
	require.ErrorIs(t, err, recording.ErrNotFound)
}

// Whatever is edited, undoing it all leads back to what was recorded, and redoing it all to the end.
func TestUndoIsTheInverse(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := given(t, recording.State{}, started(), recording.Record{Step: press("a")}, recording.Record{Step: press("b")}, finished())
		first := s
		for n := range rapid.IntRange(1, 12).Draw(t, "edits") {
			s = given(t, s, draw(t, s, n))
		}
		last := s
		for s.CanUndo {
			s = given(t, s, recording.Undo{})
		}
		require.Equal(t, first.Content, s.Content)
		for s.CanRedo {
			s = given(t, s, recording.Redo{})
		}
		require.Equal(t, last.Content, s.Content)
	})
}

func draw(t *rapid.T, s recording.State, n int) recording.Command {
	choices := []recording.Command{
		recording.Rename{Name: rapid.StringMatching(`[a-c]{1,2}`).Draw(t, "name")},
		recording.PutInFolder{Folder: rapid.StringMatching(`[a-c]{1,2}`).Draw(t, "folder")},
		recording.InsertStep{Step: press(fmt.Sprint("n", n)), Index: rapid.IntRange(0, len(s.Steps)).Draw(t, "index")},
	}
	if len(s.Steps) > 0 {
		id := s.Steps[rapid.IntRange(0, len(s.Steps)-1).Draw(t, "step")].ID
		choices = append(choices, recording.RemoveStep{StepID: id},
			recording.MoveStep{StepID: id, Index: rapid.IntRange(0, len(s.Steps)-1).Draw(t, "to")})
	}
	return choices[rapid.IntRange(0, len(choices)-1).Draw(t, "edit")]
}

func TestEveryEventComesBackFromItsJSON(t *testing.T) {
	t.Parallel()
	require.Len(t, slices.Compact(slices.Sorted(slices.Values(recording.Types()))), 13)
	for _, name := range recording.Types() {
		zero, ok := recording.Prototype(name)
		require.True(t, ok)
		data, err := recording.Encode(zero)
		require.NoError(t, err)
		back, err := recording.Decode(name, event.SchemaVersion, data)
		require.NoError(t, err)
		require.Equal(t, name, back.EventType())
	}
	later, err := recording.Decode("recording.dreamt", event.SchemaVersion, []byte(`{"a":1}`))
	require.NoError(t, err)
	require.Equal(t, recording.Unknown{Type: "recording.dreamt"}, later)
}

func TestBestPrefersWhatMatchedOnce(t *testing.T) {
	t.Parallel()
	target := recording.Target{Candidates: []recording.Candidate{{Selector: "li", Matches: 3}, {Selector: "#a", Matches: 1}}}
	require.Equal(t, "#a", target.Best())
	target.Chosen = "li"
	require.Equal(t, "li", target.Best())
	target = recording.Target{Candidates: []recording.Candidate{{Selector: "li", Matches: 3}}}
	require.Equal(t, "li", target.Best())
	require.Empty(t, (&recording.Target{}).Best())
}
