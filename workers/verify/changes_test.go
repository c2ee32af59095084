package verify

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tapedeck/domain/proof"
	"tapedeck/workers/verify/runner"
)

// shows is a run in which a page looked like this after assertion 2 and at the end.
func shows(then, end string, asked map[string]int) view {
	page := func(aria string) []runner.PageView {
		return []runner.PageView{{URL: "http://app.test/?t=1", Aria: aria}}
	}
	return view{shown: map[int][]runner.PageView{0: page(end), 2: page(then)}, requests: asked}
}

func survivor() *proof.Judgement {
	return &proof.Judgement{Test: "t", Mutant: "m", Visible: true, Fate: proof.Survived}
}

func TestAChangeIsWhereTheTestFirstSawIt(t *testing.T) {
	t.Parallel()
	list := "- list:\n  - listitem: a\n  - listitem: b\n  - listitem: c\n  - listitem: d\n- status: 4 notes"
	normal := []view{shows(list, "- text: done", map[string]int{"GET /": 1, "POST /a": 1}), shows(list, "- text: done", map[string]int{"GET /": 1, "POST /a": 1})}
	c := &changes{name: "mutants/r-1.json"}
	j := survivor()
	c.add(j, shows(strings.Replace(list, "4 notes", "5 notes", 1), "- text: gone", map[string]int{"GET /": 1, "POST /a": 2}), normal)
	require.Equal(t, []string{"mutants/r-1.json"}, j.Evidence)
	require.Equal(t, []changePart{
		{What: "page", After: 2, Before: "  - listitem: b\n  - listitem: c\n  - listitem: d\n- status: 4 notes", Now: "  - listitem: b\n  - listitem: c\n  - listitem: d\n- status: 5 notes"},
		{What: "requests", Before: "POST /a", Now: "POST /a (2 times)"},
	}, c.list[0].Parts)

	killed := survivor()
	killed.Fate = proof.Killed
	c.add(killed, shows(list, "- text: gone", map[string]int{"GET /": 1}), normal)
	require.Equal(t, []changePart{{What: "page", Before: "at http://app.test/\n- text: done", Now: "at http://app.test/\n- text: gone"}}, c.list[1].Parts,
		"the end is looked at last, and what a run that ended early did not ask for is no change")

	same, unseen := survivor(), survivor()
	unseen.Visible = false
	c.add(same, normal[1], normal)
	c.add(unseen, shows("- text: x", "", nil), normal)
	require.Empty(t, same.Evidence)
	require.Empty(t, unseen.Evidence)
	require.Len(t, c.list, 2)
}

func TestAChangeIsBounded(t *testing.T) {
	t.Parallel()
	var a, b []string
	for i := range 5000 {
		a, b = append(a, fmt.Sprintf("- text: ä%d", i)), append(b, fmt.Sprintf("- text: ö%d", i))
	}
	before, now := excerpts(a, b)
	for _, s := range []string{before, now} {
		require.LessOrEqual(t, len(s), maxExcerpt+len("\n…"))
		require.True(t, strings.HasSuffix(s, "\n…"))
		require.Greater(t, strings.Count(s, "\n"), 100)
	}
}
