package likeness_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tapedeck/domain/recording"
	"tapedeck/workers/recorder/likeness"
)

func way(by, selector string, matches int) recording.Candidate {
	return recording.Candidate{By: by, Selector: selector, Matches: matches}
}

var (
	byRole  = way("role", `internal:role=button[name="Open"i]`, 1)
	byPlace = way("css", "li:nth-of-type(1) > button", 1)
	byMake  = way("css", "button.open", 1)
	scoped  = way("role", `internal:testid=[data-testid="bar"s] >> internal:role=img`, 1)
)

func know(t *testing.T, ways ...recording.Candidate) likeness.Known {
	t.Helper()
	k, ok := likeness.Know(&recording.Facts{Tag: "button", Name: "Open", Near: "Ada"}, ways)
	require.True(t, ok)
	return k
}

func TestTooLittleIsKnownToCompare(t *testing.T) {
	t.Parallel()
	for _, facts := range []*recording.Facts{nil, {}, {Tag: "button"}, {Name: "Open"}} {
		_, ok := likeness.Know(facts, nil)
		require.False(t, ok)
	}
}

func TestWaysThatTellElementsApart(t *testing.T) {
	t.Parallel()
	for selector, tells := range map[string]bool{"#save": true, "input#save": true, `input[name="q"]`: true, "button.save": false, "li:nth-of-type(2) > a": false, "#list > li": false} {
		require.Equal(t, tells, likeness.Tells(way("css", selector, 1)), selector)
	}
	require.True(t, likeness.Tells(byRole))
	require.False(t, likeness.Tells(way("role", "internal:role=img", 1)))
	require.False(t, likeness.Tells(way("xpath", "xpath=/html/body/p", 1)))
}

func TestWhatAWayLeadsToIsJudged(t *testing.T) {
	t.Parallel()
	shared := []recording.Candidate{way("role", byRole.Selector, 3)}
	for _, c := range []struct {
		ways []recording.Candidate
		by   recording.Candidate
		seen likeness.Seen
		is   bool
	}{
		{nil, byRole, likeness.Seen{Telling: 4, Told: 1, Near: 0}, true},
		{nil, byRole, likeness.Seen{Telling: 4, Told: 0, Near: 1}, false},
		{nil, byPlace, likeness.Seen{Telling: 4, Told: 1, Near: 1, Place: true}, false},
		{nil, byPlace, likeness.Seen{Telling: 4, Told: 2, Near: 0, Place: true}, true},
		{shared, byPlace, likeness.Seen{Telling: 1.5, Told: 1.5, Near: 0, Place: true}, false}, // the next row's
		{shared, byPlace, likeness.Seen{Telling: 1.5, Told: 1.5, Near: 1, Place: true}, true},
		{nil, byPlace, likeness.Seen{Class: 1, Near: 0, Place: true}, false}, // nothing has a name
		{nil, byPlace, likeness.Seen{Class: 0, Near: 1, Place: true}, false},
		{nil, byPlace, likeness.Seen{Class: -1, Near: -1, Place: true}, true}, // of an older recording
		{nil, byMake, likeness.Seen{Class: 1, Near: 0}, true},
		{nil, scoped, likeness.Seen{Class: 0, Near: 0}, true},
	} {
		is, why := know(t, c.ways...).Is(c.by, c.seen)
		require.Equal(t, c.is, is, "%+v", c)
		require.Equal(t, c.is, why == "", "%+v", c)
	}
}

func TestAnotherWayHoldsUnlessAnElementIsMoreAlike(t *testing.T) {
	t.Parallel()
	k := know(t, byRole)
	seen := likeness.Seen{Path: "a", Telling: 2, Told: 1, Near: 1, Score: 0.6}
	require.True(t, k.Holds(byRole, seen, nil))
	require.True(t, k.Holds(byRole, seen, []likeness.Seen{{Path: "b", Score: 0.65}}))
	require.False(t, k.Holds(byRole, seen, []likeness.Seen{{Path: "b", Score: 0.8}}))
	require.False(t, k.Holds(way("role", byRole.Selector, 2), seen, nil), "it found two once: the other one may be left")
	require.False(t, k.Holds(byPlace, seen, nil))
	seen.Path = ""
	require.True(t, k.Holds(byPlace, seen, nil), "a shadow tree has no ranking")
}

func TestTheMostAlikeIsNotTakenByGuess(t *testing.T) {
	t.Parallel()
	good := likeness.Seen{Telling: 3, Told: 2, Class: 1, Near: 1, Score: 0.8}
	nameless := likeness.Seen{Class: 1, Near: 1, Score: 0.8}
	with := func(s likeness.Seen, change func(*likeness.Seen)) likeness.Seen {
		change(&s)
		return s
	}
	for _, c := range []struct {
		about  string
		first  likeness.Seen
		second float64
		crowd  likeness.Crowd
		stands bool
	}{
		{"it leads", good, 0.6, likeness.Uncounted, true},
		{"two are alike", good, 0.75, likeness.Uncounted, false},
		{"little is alike", with(good, func(s *likeness.Seen) { s.Score = 0.4 }), 0.1, likeness.Uncounted, false},
		{"little is known, and is the same", with(good, func(s *likeness.Seen) { s.Score, s.Told = 0.4, 3 }), 0.1, likeness.Uncounted, true},
		{"one of its kind is missing", with(good, func(s *likeness.Seen) { s.Near = 0.7 }), 0.1, likeness.Fewer, false},
		{"one is missing, but it is where it was", good, 0.1, likeness.Fewer, true},
		{"no name, the same text around it", nameless, 0.5, likeness.Uncounted, true},
		{"no name, another text around it", with(nameless, func(s *likeness.Seen) { s.Near = 0 }), 0.5, likeness.Uncounted, false},
		{"no name, its place, all there", with(nameless, func(s *likeness.Seen) { s.Near, s.Place = 0, true }), 0.5, likeness.Complete, true},
		{"no name, its place, one missing", with(nameless, func(s *likeness.Seen) { s.Near, s.Place = 0, true }), 0.5, likeness.Fewer, false},
		{"no name, no class, no place", with(nameless, func(s *likeness.Seen) { s.Class, s.Score = -1, 0.6 }), 0.1, likeness.Uncounted, false},
	} {
		stands, why := know(t).Stands([]likeness.Seen{c.first, {Score: c.second}}, c.crowd)
		require.Equal(t, c.stands, stands, "%s: %s", c.about, why)
	}
	stands, _ := know(t).Stands(nil, likeness.Complete)
	require.False(t, stands)
}

func TestAnswersOfAPageAreNotTrusted(t *testing.T) {
	t.Parallel()
	for _, answer := range []any{nil, "x", []any{}, []any{1, "x"}, []any{1, nil}} {
		_, _, err := likeness.ReadLook(answer)
		require.Error(t, err)
	}
	n, seen, err := likeness.ReadLook([]any{3, nil})
	require.NoError(t, err)
	require.Equal(t, 3, n)
	require.Nil(t, seen)
	_, seen, err = likeness.ReadLook([]any{1, map[string]any{"tag": "b", "telling": 2, "told": 1.5, "place": true}})
	require.NoError(t, err)
	require.Equal(t, likeness.Seen{Tag: "b", Telling: 2, Told: 1.5, Place: true}, *seen)
	_, err = likeness.ReadRanking([]any{"x"})
	require.Error(t, err)
	_, err = likeness.ReadRanking("x")
	require.Error(t, err)
}
