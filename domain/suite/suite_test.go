package suite_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tapedeck/domain/suite"
	"tapedeck/domain/testcase"
)

var (
	now   = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	ada   = suite.Word{By: "Ada", Reason: "it reads better"}
	grace = suite.Word{By: "Grace"}
)

// given is the state after commands, each of which is accepted.
func given(t require.TestingT, commands ...suite.Command) suite.State {
	s := suite.State{ID: "s1", Owner: "default"}
	for _, c := range commands {
		events, err := suite.Decide(s, c)
		require.NoError(t, err)
		for _, e := range events {
			s = suite.Evolve(s, e, now)
		}
	}
	return s
}

func proposed(text string, attempt int) suite.Propose {
	return suite.Propose{Proposed: suite.Proposed{Digest: suite.DigestOf(text), About: suite.About{
		Attempt: attempt, RecordingID: "r1", RecordingVersion: 3, Name: "Notes", Spec: "tests/notes.spec.ts", Runs: 5, Mutants: 200, BudgetSeconds: 120,
	}}}
}

func prove(text int, id string) suite.BeginProof {
	return suite.BeginProof{ProofBegun: suite.ProofBegun{Text: text, ProofID: id, Word: grace}}
}

func export(text int) suite.Export {
	return suite.Export{Exported: suite.Exported{Text: text, Format: suite.FormatZip, Word: grace}}
}

func TestASuiteIsReviewed(t *testing.T) {
	t.Parallel()
	s := given(t, proposed("one", 1), prove(1, "p1"), suite.Edit{Text: "two", Word: ada}, prove(2, "p2"), suite.Accept{Word: grace}, export(2))
	require.Equal(t, testcase.IsAccepted, s.Standing)
	require.Equal(t, suite.DigestOf("two"), s.Current().Digest)
	require.Equal(t, suite.DigestOf("one"), s.Proposal().Digest)
	require.Equal(t, "tests/notes.spec.ts", s.Spec)
	var said []string
	for _, e := range s.History {
		said = append(said, e.What+" by "+e.By)
	}
	require.Equal(t, []string{"proposed by ", "proof_begun by Grace", "edited by Ada", "proof_begun by Grace", "accepted by Grace", "exported by Grace"}, said)
	require.Equal(t, "p1", s.ProofsOf(1)[0].ProofID)
	require.Equal(t, "p2", s.ProofsOf(2)[0].ProofID)

	s = given(t, proposed("one", 1), suite.Accept{Word: grace}, suite.Edit{Text: "two", Word: ada})
	require.Equal(t, testcase.IsEdited, s.Standing, "another text is for review anew")
}

func TestATextThatComesBackKeepsItsProofs(t *testing.T) {
	t.Parallel()
	s := given(t, proposed("one", 1), prove(1, "p1"), suite.Edit{Text: "two", Word: ada}, suite.Edit{Text: "one", Word: ada})
	require.Len(t, s.Texts, 3)
	require.Len(t, s.ProofsOf(3), 1)
	require.Empty(t, s.ProofsOf(2))
}

func TestWhatIsSoAlreadyChangesNothing(t *testing.T) {
	t.Parallel()
	for name, history := range map[string][]suite.Command{
		"the same proposal":  {proposed("one", 1), proposed("one", 1)},
		"the same text":      {proposed("one", 1), suite.Edit{Text: "one", Word: ada}},
		"accepted twice":     {proposed("one", 1), suite.Accept{Word: ada}, suite.Accept{Word: grace}},
		"rejected twice":     {proposed("one", 1), suite.Reject{Word: ada}, suite.Reject{Word: ada}},
		"a proof told twice": {proposed("one", 1), prove(1, "p1"), prove(1, "p1")},
	} {
		before := given(t, history[:len(history)-1]...)
		require.Equal(t, before, given(t, history...), name)
	}
}

func TestALaterAttemptProposesAnew(t *testing.T) {
	t.Parallel()
	s := given(t, proposed("one", 1), proposed("two", 2))
	require.Equal(t, 2, s.Attempt)
	require.Equal(t, 2, s.Proposal().Number)
	_, err := suite.Decide(s, proposed("one", 1))
	require.ErrorContains(t, err, "attempt 1 follows attempt 2")
}

func TestWhatIsRefused(t *testing.T) {
	t.Parallel()
	one := given(t, proposed("one", 1))
	rejected := given(t, proposed("one", 1), suite.Reject{Word: ada})
	for name, c := range map[string]struct {
		state   suite.State
		command suite.Command
		want    string
	}{
		"no review":                 {suite.State{ID: "s1"}, suite.Accept{Word: ada}, "no such review"},
		"nothing proposed":          {suite.State{ID: "s1"}, suite.Propose{}, "no text"},
		"nobody":                    {one, suite.Accept{}, "say who you are"},
		"a rejection without why":   {one, suite.Reject{Word: grace}, "say why"},
		"a text by nobody":          {one, suite.Edit{Text: "two"}, "say who you are"},
		"an empty text":             {one, suite.Edit{Text: " \n", Word: ada}, "is empty"},
		"a text that is none":       {one, suite.Edit{Text: "a\x00b", Word: ada}, "control characters"},
		"bytes":                     {one, suite.Edit{Text: "a\xff", Word: ada}, "not UTF-8"},
		"a text that is too large":  {one, suite.Edit{Text: strings.Repeat("x", suite.MaxText+1), Word: ada}, "at most 1048576"},
		"a proof of no text":        {one, prove(2, "p"), "no such text"},
		"a proof without a job":     {one, prove(1, ""), "want the job"},
		"an export of no text":      {one, export(0), "no such text"},
		"an export in no format":    {one, suite.Export{Exported: suite.Exported{Text: 1, Format: "pdf", Word: ada}}, "want zip or git"},
		"an export of one rejected": {rejected, export(1), "rejected by Ada: it reads better"},
	} {
		events, err := suite.Decide(c.state, c.command)
		require.ErrorContains(t, err, c.want, name)
		require.Empty(t, events, name)
	}
	require.NoError(t, suite.CheckText(strings.Repeat("x", suite.MaxText)), "the largest")
	require.Equal(t, suite.FormatZip, given(t, proposed("one", 1), suite.Reject{Word: ada}, suite.Accept{Word: grace}, export(1)).History[3].Format)
}

func TestStreams(t *testing.T) {
	t.Parallel()
	id, ok := suite.ParseStream(suite.Stream("j1"))
	require.True(t, ok)
	require.Equal(t, "j1", id)
	_, ok = suite.ParseStream("proof/j1")
	require.False(t, ok)
}

// TestAnyHistoryFolds draws commands: what Decide answers, Evolve takes after a round through JSON; no text is ever lost, and
// the numbers of texts are their places.
func TestAnyHistoryFolds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := suite.State{ID: "s1"}
		text := rapid.SampledFrom([]string{"one", "two", "", "\x00"})
		word := func() suite.Word {
			return suite.Word{By: rapid.SampledFrom([]string{"", "Ada", "Grace\n"}).Draw(t, "by"), Reason: rapid.String().Draw(t, "reason")}
		}
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			var c suite.Command
			switch rapid.IntRange(0, 5).Draw(t, "command") {
			case 0:
				c = proposed(text.Draw(t, "text"), rapid.IntRange(1, 3).Draw(t, "attempt"))
			case 1:
				c = suite.Edit{Text: text.Draw(t, "text"), Word: word()}
			case 2:
				c = suite.Accept{Word: word()}
			case 3:
				c = suite.Reject{Word: word()}
			case 4:
				c = suite.BeginProof{ProofBegun: suite.ProofBegun{Text: rapid.IntRange(-1, 4).Draw(t, "n"), ProofID: rapid.SampledFrom([]string{"", "p", "q"}).Draw(t, "proof"), Word: word()}}
			case 5:
				c = suite.Export{Exported: suite.Exported{Text: rapid.IntRange(-1, 4).Draw(t, "n"), Format: rapid.SampledFrom([]string{"zip", "git", "pdf"}).Draw(t, "format"), Word: word()}}
			}
			before := s
			events, err := suite.Decide(s, c)
			if err != nil {
				var refused *suite.RefusedError
				var invalid *suite.InvalidError
				require.True(t, errors.As(err, &refused) || errors.As(err, &invalid) || errors.Is(err, suite.ErrNotFound) || errors.Is(err, suite.ErrNoText), "%v", err)
				continue
			}
			for _, e := range events {
				data, err := suite.Encode(e)
				require.NoError(t, err)
				back, err := suite.Decode(e.EventType(), 1, data)
				require.NoError(t, err)
				require.Equal(t, e, back)
				s = suite.Evolve(s, back, now)
			}
			require.Equal(t, before.Version+uint64(len(events)), s.Version)
			require.GreaterOrEqual(t, len(s.Texts), len(before.Texts))
			require.Equal(t, before.Texts, append([]suite.Text(nil), s.Texts[:len(before.Texts)]...), "no text is lost")
			for i, text := range s.Texts {
				require.Equal(t, i+1, text.Number)
			}
			for _, p := range s.Proofs {
				require.Contains(t, s.ProofsOf(p.Text), p)
			}
		}
	})
}
