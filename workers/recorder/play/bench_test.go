package play_test

import (
	"testing"

	"github.com/playwright-community/playwright-go"
	"github.com/stretchr/testify/require"

	"tapedeck/domain/recording"
	"tapedeck/workers/recorder/play"
)

const benchPage = `<input id=i><button id=b onclick="n.textContent = +n.textContent + 1">+</button><p id=n>0</p>`

// BenchmarkSteps is a fill, a click and an assertion by the player; BenchmarkPlain the same by the driver alone.
func BenchmarkSteps(b *testing.B) {
	page, err := browser.NewPage()
	require.NoError(b, err)
	require.NoError(b, page.SetContent(benchPage))
	player := play.New(page.Context(), play.Options{})
	defer player.Close()
	steps := []recording.Step{
		{ID: "1", Type: recording.Fill, Target: at("#i"), Value: text("x")}, {ID: "2", Type: recording.Click, Target: at("#b")},
		{ID: "3", Type: recording.Assert, Target: at("#n"), Assertion: &recording.Assertion{Claim: recording.Visible}},
	}
	for b.Loop() {
		require.NoError(b, player.RunAll(b.Context(), steps, nil))
	}
}

func BenchmarkPlain(b *testing.B) {
	page, err := browser.NewPage()
	require.NoError(b, err)
	require.NoError(b, page.SetContent(benchPage))
	expect := playwright.NewPlaywrightAssertions()
	for b.Loop() {
		require.NoError(b, page.Locator("#i").Fill("x"))
		require.NoError(b, page.Locator("#b").Click())
		require.NoError(b, expect.Locator(page.Locator("#n")).ToBeVisible())
	}
}
