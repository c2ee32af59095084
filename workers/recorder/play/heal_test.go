package play_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tapedeck/domain/recording"
	"tapedeck/workers/recorder/play"
)

// hasty gives up soon: what is healed here is there from the beginning.
var hasty = play.Options{Timeout: 900 * time.Millisecond, HealAfter: 200 * time.Millisecond}

// target is an element with facts and with ways, each with what it found when it was recorded.
func target(facts recording.Facts, ways ...recording.Candidate) *recording.Target {
	return &recording.Target{Candidates: ways, Element: &facts}
}

func way(by, selector string, matches int) recording.Candidate {
	return recording.Candidate{By: by, Selector: selector, Matches: matches}
}

func clickOn(t *recording.Target) recording.Step {
	return recording.Step{Type: recording.Click, Target: t}
}

// says is a page whose buttons say which one was pressed.
func says(body string) pagesOf {
	return pagesOf{"/": body + `<p id=out></p><script>
		for (const b of document.querySelectorAll("button")) b.addEventListener("click", () => out.textContent = b.dataset.says || b.textContent)</script>`}
}

func TestALongerNameIsAnotherElement(t *testing.T) {
	t.Parallel()
	b := setup(t, says(`<button>Delete all</button>`), hasty)
	e := b.fails(play.NotFound, clickOn(target(recording.Facts{Tag: "button", Name: "Delete", Text: "Delete"},
		way("role", `internal:role=button[name="Delete"i]`, 1), way("css", "body > button", 1))))
	require.Contains(t, e.Message, "another element")
	require.Empty(t, b.eval("page", "out.textContent"))
}

func TestACountInANameDoesNotMatter(t *testing.T) {
	t.Parallel()
	b := setup(t, says(`<button>Inbox (4)</button><button>Sent</button>`), hasty)
	facts := recording.Facts{Tag: "button", Name: "Inbox (3)", Text: "Inbox (3)"}
	r := b.run(clickOn(target(facts, way("role", `internal:role=button[name="Inbox (3)"i]`, 1), way("css", "body > button:nth-of-type(1)", 1))))
	require.True(t, r.Healed)
	facts = recording.Facts{Tag: "button", Name: "Inbox", Text: "Inbox"}
	r = b.run(clickOn(target(facts, way("role", `internal:role=button[name="Inbox"i]`, 1))))
	require.False(t, r.Healed)
}

const rows = `<ul><li>Grace <button data-says=grace>Open</button></li><li>Alan <button data-says=alan>Open</button></li></ul>`

// The row of Ada was the first one, and is gone.
func TestTheSameButtonOfAnotherRowIsNotUsed(t *testing.T) {
	t.Parallel()
	b := setup(t, says(rows), hasty)
	facts := recording.Facts{Tag: "button", Name: "Open", Text: "Open", Near: "Ada", Path: "html/body/ul/li/button"}
	b.fails(play.Ambiguous, clickOn(target(facts,
		way("role", `internal:role=listitem >> internal:has-text="Ada Open"i >> internal:role=button[name="Open"i]`, 1),
		way("css", "li:nth-of-type(1) > button", 1), way("role", `internal:role=button[name="Open"i]`, 3))))
	require.Empty(t, b.eval("page", "out.textContent"))
}

func TestTheTextAroundTellsTwinsApart(t *testing.T) {
	t.Parallel()
	b := setup(t, says(rows), hasty)
	facts := recording.Facts{Tag: "button", Name: "Open", Text: "Open", Near: "Alan", Path: "html/body/ul/li/button"}
	r := b.run(clickOn(target(facts, way("css", "#row-7 > button", 1), way("role", `internal:role=button[name="Open"i]`, 2))))
	require.True(t, r.Healed)
	require.Contains(t, r.Notes[0], "most like it")
	require.Equal(t, "alan", b.eval("page", "out.textContent"))
}

func TestNothingIsChosenBetweenTwoThatAreAlike(t *testing.T) {
	t.Parallel()
	b := setup(t, says(`<button class=b>Save</button><button class=b>Save</button>`), hasty)
	e := b.fails(play.NotFound, clickOn(target(recording.Facts{Tag: "button", Name: "Save", Text: "Save", Attributes: map[string]string{"class": "b"}},
		way("css", "#save", 1))))
	require.Contains(t, e.Message, "about as much")
}

// An element that comes late is awaited: what is like it must not be taken in its place.
func TestWhatIsLikeItIsNotTakenBeforeItComes(t *testing.T) {
	t.Parallel()
	b := setup(t, says(`<button title=Go data-says=early>Go</button><script>setTimeout(() => {
		document.querySelector("button").insertAdjacentHTML("afterend", "<button id=go title=Go onclick=\"out.textContent = 'late'\">Go now</button>") }, 300)</script>`),
		play.Options{Timeout: 5 * time.Second, HealAfter: 2 * time.Second})
	facts := recording.Facts{Tag: "button", Name: "Go", Text: "Go", Attributes: map[string]string{"id": "go", "title": "Go"}}
	r := b.run(clickOn(target(facts, way("css", "#go", 1))))
	require.False(t, r.Healed)
	require.Equal(t, "late", b.eval("page", "out.textContent"))
}

// That this very element can be seen is the claim: being like it is not enough.
func TestAVisibleClaimIsNotHealedByLikeness(t *testing.T) {
	t.Parallel()
	b := setup(t, pagesOf{"/": `<p title=State>Saved</p>`}, hasty)
	s := claim(recording.Visible, "")
	s.Target = target(recording.Facts{Tag: "p", Text: "Saved", Attributes: map[string]string{"title": "State"}}, way("css", "#state", 1))
	b.fails(play.NotFound, s)
	s.Target.Candidates = append(s.Target.Candidates, way("title", `internal:attr=[title="State"i]`, 1))
	require.True(t, b.run(s).Healed)
}

func TestFindDoesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, says(`<button id=b>Go</button>`), hasty)
	loc, r, err := b.player.Find(t.Context(), recording.Step{ID: "f", Type: recording.Click, Target: at("#b")})
	require.NoError(t, err)
	require.Equal(t, "#b", r.Used.Selector)
	text, err := loc.TextContent()
	require.NoError(t, err)
	require.Equal(t, "Go", text)
	require.Empty(t, b.eval("page", "out.textContent"))
	_, _, err = b.player.Find(t.Context(), recording.Step{ID: "g", Type: recording.Click, Target: at("#none")})
	var failed *play.StepError
	require.ErrorAs(t, err, &failed)
	require.Equal(t, play.NotFound, failed.Reason)
	_, _, err = b.player.Find(t.Context(), recording.Step{ID: "h", Type: recording.Press, Key: "Enter"})
	require.ErrorAs(t, err, &failed)
	require.Equal(t, play.Invalid, failed.Reason)
}
