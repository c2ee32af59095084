package testcase_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tapedeck/domain/testcase"
)

var now = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)

// given is the state after commands, each of which is accepted.
func given(t require.TestingT, commands ...testcase.Command) testcase.State {
	s := testcase.State{ID: "t1"}
	for _, c := range commands {
		events, err := testcase.Decide(s, c)
		require.NoError(t, err)
		for _, e := range events {
			s = testcase.Evolve(s, e, now)
		}
	}
	return s
}

func start(attempt int) testcase.Start {
	return testcase.Start{Started: testcase.Started{Attempt: attempt, RecordingID: "r1", RecordingVersion: 3, Name: "Notes"}}
}

func sample(id string) testcase.Case {
	return testcase.Case{
		ID: id, Title: "Case " + id, Type: testcase.Positive, Priority: testcase.High, Proof: testcase.Manual, Candidate: testcase.TwinProven,
		Preconditions: []string{"The application is there"}, Tags: []string{"notes"},
		Steps: []testcase.Step{
			{ID: "1", Action: "Open /", Sources: []testcase.Citation{{Origin: testcase.FromStep, RecordingID: "r1", StepID: "s1", Quote: "navigate /"}}},
			{ID: "2", Action: `Click the button "Add"`, Expected: "An alert says so"},
		},
	}
}

func generated(ids ...string) testcase.Add {
	var g testcase.Generated
	for _, id := range ids {
		g.Cases = append(g.Cases, sample(id))
	}
	return testcase.Add{Generated: g}
}

func complete(ids ...string) []testcase.Command {
	return []testcase.Command{start(1), generated(ids...), testcase.Finish{Finished: testcase.Finished{Documents: 1}}}
}

var ada = testcase.Word{By: "Ada", Reason: "it reads better"}

func content(c testcase.Case) testcase.Content {
	out := testcase.Content{Title: c.Title, Type: c.Type, Priority: c.Priority, Preconditions: c.Preconditions, Tags: c.Tags}
	for _, s := range c.Steps {
		out.Steps = append(out.Steps, testcase.ContentStep{ID: s.ID, Action: s.Action, Data: s.Data, Expected: s.Expected})
	}
	return out
}

func TestACaseIsReviewed(t *testing.T) {
	t.Parallel()
	history := complete("a", "b")
	edited := content(sample("a"))
	edited.Steps[1].Expected = "An alert says that the note needs a text"
	edited.Steps = append(edited.Steps, testcase.ContentStep{Action: "Close the alert"})
	history = append(history, testcase.Edit{CaseID: "a", Content: edited, Word: ada})

	s := given(t, history...)
	a, ok := s.Case("a")
	require.True(t, ok)
	require.Equal(t, testcase.IsEdited, a.Standing)
	require.Equal(t, "An alert says so", a.Generated.Steps[1].Expected, "both versions are kept")
	want := []testcase.Change{
		{Path: "steps/2/expected", Before: "An alert says so", After: "An alert says that the note needs a text"},
		{Path: "steps/3/action", After: "Close the alert"},
	}
	require.Equal(t, want, a.Changes)
	require.Equal(t, []testcase.Entry{{At: now, What: "edited", Word: ada, Changes: want}}, a.History)
	require.NotEmpty(t, a.Steps[0].Sources, "a step that stays keeps what it cites")
	require.Empty(t, a.Steps[2].Sources)

	s = given(t, append(history,
		testcase.Accept{CaseID: "a", Word: testcase.Word{By: "Grace"}},
		testcase.Reject{CaseID: "b", Word: testcase.Word{By: "Grace", Reason: "the same as a"}},
		testcase.Export{Exported: testcase.Exported{CaseIDs: []string{"a"}, Format: "csv", Word: ada}})...)
	a, _ = s.Case("a")
	b, _ := s.Case("b")
	require.Equal(t, testcase.IsAccepted, a.Standing, "an export does not change what people think")
	require.Equal(t, "csv", a.History[2].Format)
	require.Equal(t, testcase.IsRejected, b.Standing)
	require.Equal(t, "the same as a", b.History[0].Reason)
	require.Len(t, b.History, 1)
}

func TestAProofIsOfWhatWasProven(t *testing.T) {
	t.Parallel()
	prove := testcase.Prove{Proven: testcase.Proven{CaseID: "a", Class: testcase.TwinProven, ProofID: "p1", Test: "t1", Word: ada}}
	s := given(t, append(complete("a"), prove)...)
	a, _ := s.Case("a")
	require.Equal(t, testcase.TwinProven, a.Proof)
	again, err := testcase.Decide(s, prove)
	require.NoError(t, err)
	require.Empty(t, again)

	other := content(sample("a"))
	other.Title = "Another"
	s = given(t, append(complete("a"), prove, testcase.Edit{CaseID: "a", Content: other, Word: ada})...)
	a, _ = s.Case("a")
	require.Equal(t, testcase.Manual, a.Proof, "another text is not proven")
	require.Empty(t, a.ProofID)

	prove.Proven.Class = testcase.Manual
	_, err = testcase.Decide(s, prove)
	require.ErrorContains(t, err, "want a proof")
}

func TestWhatIsRefused(t *testing.T) {
	t.Parallel()
	done := given(t, complete("a")...)
	running := given(t, start(1), generated("a"))
	bad := content(sample("a"))
	bad.Title, bad.Type = "", "odd"
	bad.Steps[0].Action = strings.Repeat("x", testcase.MaxText+1)
	for name, c := range map[string]struct {
		state   testcase.State
		command testcase.Command
		want    string
	}{
		"a review too early":         {running, testcase.Accept{CaseID: "a", Word: ada}, "still being generated"},
		"an export too early":        {running, testcase.Export{Exported: testcase.Exported{CaseIDs: []string{"a"}, Word: ada}}, "still being generated"},
		"a case that is not there":   {done, testcase.Accept{CaseID: "z", Word: ada}, "no such test case"},
		"nobody":                     {done, testcase.Accept{CaseID: "a"}, "say who you are"},
		"a rejection without reason": {done, testcase.Reject{CaseID: "a", Word: testcase.Word{By: "Ada"}}, "say why"},
		"an edit that is no case":    {done, testcase.Edit{CaseID: "a", Content: bad, Word: ada}, "title is needed"},
		"an export of nothing":       {done, testcase.Export{Exported: testcase.Exported{Word: ada}}, "no case"},
		"the same attempt again":     {running, start(1), "attempt 1 follows attempt 1"},
		"another attempt afterwards": {done, start(2), "which is complete"},
		"more of it afterwards":      {done, generated("b"), "not being generated"},
		"an end without a beginning": {testcase.State{ID: "t"}, testcase.Finish{}, "not being generated"},
	} {
		events, err := testcase.Decide(c.state, c.command)
		require.ErrorContains(t, err, c.want, name)
		require.Empty(t, events, name)
	}
	_, err := testcase.Decide(done, testcase.Edit{CaseID: "a", Content: bad, Word: ada})
	var invalid *testcase.InvalidError
	require.ErrorAs(t, err, &invalid)
	var paths []string
	for _, f := range invalid.Faults {
		paths = append(paths, f.Path)
	}
	require.Equal(t, []string{"title", "type", "steps/0/action"}, paths)
}

func TestALaterAttemptBeginsAnew(t *testing.T) {
	t.Parallel()
	s := given(t, start(1), generated("a", "b"), start(2), generated("a"))
	require.Len(t, s.Cases, 1)
	require.Equal(t, 2, s.Attempt)
}

// TestAnyHistoryFolds draws commands: what Decide answers, Evolve takes after a round through JSON; no case is there twice,
// and what is proven is never an edited text.
func TestAnyHistoryFolds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := testcase.State{ID: "t1"}
		attempt := 0
		id := rapid.SampledFrom([]string{"a", "b", "c", "z"})
		word := func() testcase.Word {
			return testcase.Word{By: rapid.SampledFrom([]string{"", "Ada", "Grace\n"}).Draw(t, "by"), Reason: rapid.String().Draw(t, "reason")}
		}
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			var c testcase.Command
			switch rapid.IntRange(0, 7).Draw(t, "command") {
			case 0:
				attempt++
				c = start(attempt)
			case 1:
				c = generated(id.Draw(t, "id"), id.Draw(t, "id"))
			case 2:
				c = testcase.Finish{}
			case 3:
				to := content(sample("a"))
				to.Title = rapid.String().Draw(t, "title")
				to.Steps = to.Steps[:rapid.IntRange(0, 2).Draw(t, "kept")]
				for range rapid.IntRange(0, 2).Draw(t, "more") {
					to.Steps = append(to.Steps, testcase.ContentStep{Action: rapid.String().Draw(t, "action")})
				}
				c = testcase.Edit{CaseID: id.Draw(t, "id"), Content: to, Word: word()}
			case 4:
				c = testcase.Accept{CaseID: id.Draw(t, "id"), Word: word()}
			case 5:
				c = testcase.Reject{CaseID: id.Draw(t, "id"), Word: word()}
			case 6:
				c = testcase.Export{Exported: testcase.Exported{CaseIDs: []string{id.Draw(t, "id")}, Format: "csv", Word: word()}}
			case 7:
				c = testcase.Prove{Proven: testcase.Proven{CaseID: id.Draw(t, "id"), Class: testcase.ClientOnly, ProofID: "p", Test: "t", Word: word()}}
			}
			before := s
			events, err := testcase.Decide(s, c)
			if err != nil {
				var refused *testcase.RefusedError
				var invalid *testcase.InvalidError
				require.True(t, errors.As(err, &refused) || errors.As(err, &invalid) || errors.Is(err, testcase.ErrNoCase), "%v", err)
				continue
			}
			for _, e := range events {
				data, err := testcase.Encode(e)
				require.NoError(t, err)
				back, err := testcase.Decode(e.EventType(), 1, data)
				require.NoError(t, err)
				require.Equal(t, e, back)
				s = testcase.Evolve(s, back, now)
			}
			require.Equal(t, before.Version+uint64(len(events)), s.Version)
			seen := map[string]bool{}
			for _, r := range s.Cases {
				require.False(t, seen[r.ID], r.ID)
				seen[r.ID] = true
				if r.Generated != nil {
					require.Equal(t, testcase.Diff(*r.Generated, r.Case), r.Changes)
				}
				require.Equal(t, r.Proof == testcase.Manual, r.ProofID == "")
			}
		}
	})
}

// TestTextsAreBounded: whatever a page or a document holds, a kept text is valid, bounded, and has no character that a
// person does not see.
func TestTextsAreBounded(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")) + rapid.String().Draw(t, "text")
		most := rapid.IntRange(1, 50).Draw(t, "most")
		got := testcase.Cut(text, most)
		require.LessOrEqual(t, utf8.RuneCountInString(got), most)
		require.True(t, utf8.ValidString(got))
		require.Equal(t, got, testcase.Clean(got), "what is clean stays")
		require.NotContains(t, testcase.Line(text), "\n")
	})
	require.Equal(t, "a\nb c", testcase.Clean(" a\r\nb\tc\x00\u202e\x1b "))
	require.Equal(t, "a b c", testcase.Line(" a\r\nb\tc"))
	require.Equal(t, "ab…", testcase.Cut("abcdef", 3))
}

func TestADiffNamesEveryPart(t *testing.T) {
	t.Parallel()
	a, b := sample("a"), sample("a")
	require.Empty(t, testcase.Diff(a, b))
	b.Title, b.Type, b.Priority, b.Tags = "T", testcase.Edge, testcase.Low, nil
	b.Preconditions = append(b.Preconditions, "Another")
	b.Steps = []testcase.Step{b.Steps[1], b.Steps[0]}
	b.Steps[0].Data = "x"
	var got []string
	for _, c := range testcase.Diff(a, b) {
		got = append(got, fmt.Sprintf("%s: %s → %s", c.Path, c.Before, c.After))
	}
	require.Equal(t, []string{
		"title: Case a → T", "type: positive → edge", "priority: high → low", "preconditions/1:  → Another", "steps/2/data:  → x",
		"order: 1 2 → 2 1", "tags: notes → ",
	}, got)
	b.Steps = b.Steps[:1]
	require.Contains(t, testcase.Diff(a, b), testcase.Change{Path: "steps/1", Before: "Open /"})
}
