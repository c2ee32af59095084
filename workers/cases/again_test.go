package cases_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"tapedeck/domain/job"
	"tapedeck/domain/knowledge"
	"tapedeck/domain/testcase"
	"tapedeck/eventstore/jobs"
	"tapedeck/workers/cases"
)

// rewrite stores another version of the document of a source; with no text it removes it.
func (b *bundle) rewrite(source, text string) {
	b.Helper()
	s, err := b.repo.LoadSource(b.Context(), source)
	require.NoError(b, err)
	d, err := b.repo.LoadDocument(b.Context(), knowledge.DocumentID(source, "/notes"), 0)
	require.NoError(b, err)
	facts, err := s.Begin(knowledge.SourceDefined{Kind: s.Kind, Key: s.Key, Name: s.Name}, knowledge.RunStarted{JobID: "later", Attempt: 1})
	require.NoError(b, err)
	g := knowledge.Gathered{JobID: "later"}
	change := jobs.Change{Document: d, Fact: knowledge.DocumentRemoved{Reason: "gone", JobID: "later"}}
	if text == "" {
		g.Removed = []string{"/notes"}
	} else {
		digest, err := b.files.PutText(b.Context(), []byte(text))
		require.NoError(b, err)
		next := d.Facts
		next.Text = knowledge.Text{SHA256: digest, Size: int64(len(text))}
		g.Stored, change.Fact = map[string]knowledge.Entry{"/notes": {DocumentID: d.ID}}, knowledge.DocumentStored{Facts: next}
	}
	facts = append(facts, g, knowledge.RunFinished{JobID: "later", Outcome: knowledge.Complete})
	require.NoError(b, b.repo.ApplyKnowledge(b.Context(), tester, time.Now(), nil, s, facts, change))
}

func (b *bundle) review(set string, c testcase.Command) {
	b.Helper()
	_, err := b.repo.ReviewTestCases(b.Context(), set, tester, 0, time.Now(), c)
	require.NoError(b, err)
}

func (b *bundle) set(done job.State) testcase.State {
	b.Helper()
	require.Equal(b, job.StatusSucceeded, done.Status, "%+v", done.Error)
	s, err := b.repo.LoadTestCases(b.Context(), done.ID)
	require.NoError(b, err)
	return s
}

// citing are the cases that cite a text.
func citing(s testcase.State, quote string) (ids []string) {
	for _, r := range s.Cases {
		of := func(list []testcase.Citation) bool {
			return slices.ContainsFunc(list, func(c testcase.Citation) bool {
				return c.Origin == testcase.FromPassage && strings.Contains(c.Quote, quote)
			})
		}
		if of(r.Sources) || slices.ContainsFunc(r.Steps, func(s testcase.Step) bool { return of(s.Sources) || of(s.ExpectedSources) }) {
			ids = append(ids, r.ID)
		}
	}
	return ids
}

const limits = "# Notes\n\n## New notes\n\nThe note text is required.\n\nThe note text must have at least 3 characters.\n\nA new note must appear at the top of the notes after it was added.\n"

var ada = testcase.Word{By: "Ada", Reason: "it is so"}

func content(c testcase.Case, title string) testcase.Content {
	out := testcase.Content{Title: title, Type: c.Type, Priority: c.Priority, Preconditions: c.Preconditions, Tags: c.Tags}
	for _, s := range c.Steps {
		out.Steps = append(out.Steps, testcase.ContentStep{ID: s.ID, Action: s.Action, Data: s.Data, Expected: s.Expected})
	}
	return out
}

// TestOnlyWhatWasAskedForIsMadeAnew: a limit changes, and only the cases that cite it are made again; what people said of
// the others stays, and what they wrote of those that are made again stays beside what is proposed.
func TestOnlyWhatWasAskedForIsMadeAnew(t *testing.T) {
	t.Parallel()
	b := setup(t)
	source, recording := b.know("default", limits), b.record()
	base := b.set(b.generate(map[string]any{"recordingId": recording, "sources": []string{source}}))
	asked := citing(base, "at least 3")
	require.Len(t, asked, 3, "the flow, at the limit and beyond it")
	edited, _ := base.Case(asked[2])
	b.review(base.ID, testcase.Edit{CaseID: edited.ID, Content: content(edited.Case, "Ada's own words"), Word: ada})
	var kept string
	for _, r := range base.Cases {
		if !slices.Contains(asked, r.ID) {
			kept = r.ID
		}
	}
	b.review(base.ID, testcase.Accept{CaseID: kept, Word: ada})
	base, err := b.repo.LoadTestCases(t.Context(), base.ID)
	require.NoError(t, err)

	b.rewrite(source, strings.ReplaceAll(limits, "at least 3 ", "at least 5 "))
	next := b.set(b.generate(map[string]any{"recordingId": recording, "sources": []string{source}, "base": base.ID, "only": asked}))
	require.Equal(t, base.ID, next.Base)
	require.Len(t, next.Cases, len(base.Cases))
	require.Empty(t, citing(next, "at least 3"))
	anew := citing(next, "at least 5")
	require.Len(t, anew, 3)
	for i, r := range next.Cases {
		if old := base.Cases[i]; !slices.Contains(asked, old.ID) {
			require.Equal(t, old, r, "in its place, with all that became of it")
			continue
		}
		require.Contains(t, anew, r.ID, "in the place of the old one")
	}
	still, _ := next.Case(kept)
	require.Equal(t, testcase.IsAccepted, still.Standing)
	first, _ := next.Case(anew[1])
	require.Equal(t, testcase.IsProposed, first.Standing)
	hers, _ := next.Case(anew[2])
	require.Equal(t, "Ada's own words", hers.Title)
	require.Equal(t, testcase.IsEdited, hers.Standing)
	require.Contains(t, hers.Generated.Title, "characters")
	require.NotEqual(t, edited.Title, hers.Generated.Title, "what is proposed now")
	require.NotEmpty(t, hers.History)
	require.Contains(t, strings.Join(next.Notes, "\n"), "“Ada's own words” was edited")

	// One case alone: the other one of the same passage stays as it is.
	alone := b.set(b.generate(map[string]any{"recordingId": recording, "sources": []string{source}, "base": base.ID, "only": asked[1:2]}))
	require.Len(t, alone.Cases, len(base.Cases))
	require.Len(t, citing(alone, "at least 5"), 1)
	require.Equal(t, []string{asked[0], asked[2]}, citing(alone, "at least 3"))
}

func TestCasesThatNothingDemandsAnyMoreAreSaid(t *testing.T) {
	t.Parallel()
	b := setup(t)
	source, recording := b.know("default", limits), b.record()
	base := b.set(b.generate(map[string]any{"recordingId": recording, "sources": []string{source}}))
	asked := citing(base, "at the top of the notes")
	require.Len(t, asked, 2, "the flow and a case of its own")
	asked = asked[1:]
	old, _ := base.Case(asked[0])
	b.rewrite(source, strings.ReplaceAll(limits, "A new note must appear at the top of the notes after it was added.", "All else is open."))
	input := map[string]any{"recordingId": recording, "sources": []string{source}, "base": base.ID, "only": asked}
	next := b.set(b.generate(input))
	require.Len(t, next.Cases, len(base.Cases)-1)
	require.Contains(t, strings.Join(next.Notes, "\n"), "“"+old.Title+"” is left out")

	b.review(base.ID, testcase.Edit{CaseID: old.ID, Content: content(old.Case, "Ada wants it"), Word: ada})
	next = b.set(b.generate(input))
	require.Len(t, next.Cases, len(base.Cases), "what a person wrote is never dropped")
	require.Contains(t, strings.Join(next.Notes, "\n"), "“Ada wants it” does not follow any more")

	b.rewrite(source, "")
	flow := base.Cases[0].ID
	input["only"] = []string{flow}
	next = b.set(b.generate(input))
	require.Len(t, next.Cases, len(base.Cases))
	require.Equal(t, flow, next.Cases[0].ID)
}

func TestSetsThatCannotBeBuiltOn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	recording := b.record()
	base := b.set(b.generate(map[string]any{"recordingId": recording}))
	one := base.Cases[0].ID
	write := func(owner, of string, whole bool) string {
		id := uuid.Must(uuid.NewV7()).String()
		commands := []testcase.Command{testcase.Start{Started: testcase.Started{Attempt: 1, RecordingID: of}}}
		if whole {
			commands = append(commands, testcase.Finish{})
		}
		_, err := b.repo.ApplyTestCases(t.Context(), testcase.State{ID: id, Owner: owner}, tester, time.Now(), nil, commands...)
		require.NoError(t, err)
		return id
	}
	for want, input := range map[string]map[string]any{
		"there are no test cases nothing": {"base": "nothing", "only": []string{one}},
		"in the project default":          {"base": write("other", recording, true), "only": []string{one}},
		"are not whole":                   {"base": write("default", recording, false), "only": []string{one}},
		"are of the recording another":    {"base": write("default", "another", true), "only": []string{one}},
		"have no case tc-none":            {"base": base.ID, "only": []string{"tc-none"}},
		"say which cases of " + base.ID:   {"base": base.ID},
		"say which set the cases are of":  {"only": []string{one}},
	} {
		input["recordingId"] = recording
		done := b.generate(input)
		require.Equal(t, job.StatusFailed, done.Status, want)
		require.Equal(t, cases.CodeBase, done.Error.Code)
		require.Contains(t, done.Error.Message, want)
		_, err := b.repo.LoadTestCases(t.Context(), done.ID)
		require.ErrorIs(t, err, testcase.ErrNotFound, "nothing was begun")
	}
}
