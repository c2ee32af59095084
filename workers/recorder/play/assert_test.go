package play_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tapedeck/domain/recording"
	"tapedeck/workers/recorder/play"
)

const shelf = `<title>Shelf of books</title><h1>Books</h1><ul><li>One</li><li>Two</li></ul><p id=gone hidden>gone</p>
	<input id=in value=" v " disabled><input type=checkbox id=c checked><a id=l href="/x?y=1" class="a b">Link   text</a>
	<script>setTimeout(() => { document.querySelector("h1").textContent = "Books, sorted" }, 400)</script>`

func match(s recording.Step, how string) recording.Step {
	s.Assertion.Match = how
	return s
}

func named(s recording.Step, name string) recording.Step {
	s.Assertion.Name = name
	return s
}

func TestClaimsThatHold(t *testing.T) {
	t.Parallel()
	b := setup(t, pagesOf{"/": shelf}, play.Options{})
	for _, s := range []recording.Step{
		claim(recording.HasText, "sorted", "h1"), // it comes later
		claim(recording.Visible, "", "h1"),
		not(claim(recording.Hidden, "", "h1")),
		claim(recording.Hidden, "", "#gone"),
		claim(recording.Hidden, "", "#never"),
		not(claim(recording.Visible, "", "#never")),
		claim(recording.HasCount, "2", "li"),
		claim(recording.HasCount, "0", "#never"),
		not(claim(recording.HasCount, "3", "li")),
		match(claim(recording.HasText, "Link text", "#l"), "exact"),
		match(claim(recording.HasText, `^Link\s+(?=text)`, "#l"), "regex"),
		not(claim(recording.HasText, "Nothing", "#l")),
		claim(recording.HasValue, " v ", "#in"),
		not(claim(recording.IsEnabled, "", "#in")),
		claim(recording.IsEnabled, "", "#c"),
		claim(recording.IsChecked, "", "#c"),
		named(claim(recording.HasAttr, "/x?y=1", "#l"), "href"),
		named(match(claim(recording.HasAttr, "b", "#l"), "contains"), "class"),
		named(not(claim(recording.HasAttr, "x", "#l")), "title"),
		claim(recording.HasTitle, "of books"),
		match(claim(recording.HasTitle, "Shelf of books"), "exact"),
		match(claim(recording.HasURL, `:\d+/$`), "regex"),
		claim(recording.IsAria, "- heading \"Books, sorted\" [level=1]\n- list:\n  - listitem: One\n  - listitem: Two", "body"),
	} {
		b.run(s)
	}
}

func TestClaimsThatDoNotHold(t *testing.T) {
	t.Parallel()
	b := setup(t, pagesOf{"/": shelf}, play.Options{Timeout: 500 * time.Millisecond, HealAfter: 100 * time.Millisecond})
	for _, c := range []struct {
		reason play.Reason
		step   recording.Step
	}{
		{play.NotFound, claim(recording.Visible, "", "#never")},
		{play.Failed, claim(recording.Visible, "", "#gone")},
		{play.Failed, claim(recording.Hidden, "", "h1")},
		{play.Failed, claim(recording.HasText, "absent", "#l")},
		{play.NotFound, not(claim(recording.HasText, "absent", "#never"))},
		{play.NotFound, not(claim(recording.IsChecked, "", "#never"))},
		{play.NotFound, not(claim(recording.IsEnabled, "", "#never"))},
		{play.NotFound, named(not(claim(recording.HasAttr, "x", "#never")), "title")},
		{play.Failed, match(claim(recording.HasText, "Link", "#l"), "exact")},
		{play.Failed, match(claim(recording.HasText, "^text", "#l"), "regex")},
		{play.Invalid, match(claim(recording.HasText, "(", "#l"), "regex")},
		{play.Invalid, claim(recording.HasText, " ", "#l")},
		{play.Invalid, claim(recording.IsAria, "", "body")},
		{play.Failed, claim(recording.HasValue, "w", "#in")},
		{play.Failed, not(claim(recording.IsChecked, "", "#c"))},
		{play.Failed, claim(recording.IsEnabled, "", "#in")},
		{play.Failed, claim(recording.HasCount, "3", "li")},
		{play.Failed, not(claim(recording.HasCount, "3", "#never"))},
		{play.Ambiguous, claim(recording.HasText, "One", "li")},
		{play.Failed, named(claim(recording.HasAttr, "", "#l"), "title")},
		{play.Failed, claim(recording.HasTitle, "papers")},
		{play.Failed, claim(recording.HasURL, "/elsewhere")},
		{play.Failed, claim(recording.IsAria, "- heading \"Films\"", "body")},
		{play.Invalid, claim(recording.Hidden, "", "li >>> [")},
	} {
		e := b.fails(c.reason, c.step)
		require.NotEmpty(t, e.Message)
	}
}

// What a visible claim says is that this very element is there: another one that also fits a weaker way is not it.
func TestVisibleIsNotHealedByAnotherElement(t *testing.T) {
	t.Parallel()
	b := setup(t, pagesOf{"/": `<p class=toast>Error: not saved</p>`}, play.Options{Timeout: 700 * time.Millisecond, HealAfter: 200 * time.Millisecond})
	s := claim(recording.Visible, "", "text=Saved well", ".toast")
	s.Target.Element = &recording.Facts{Tag: "p", Text: "Saved well"}
	b.fails(play.NotFound, s)
}
