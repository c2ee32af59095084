package learn_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tapedeck/domain/recording"
	"tapedeck/workers/generate/learn"
	"tapedeck/workers/locator"
)

// code are claims as they are written into a test.
func code(t require.TestingT, steps []recording.Step) []string {
	var out []string
	for _, s := range steps {
		require.Equal(t, recording.Assert, s.Type)
		require.True(t, s.Assertion.Suggested)
		matcher := locator.Matcher(*s.Assertion, '"')
		require.NotEmpty(t, matcher)
		of := "page"
		if s.Target != nil {
			ways := locator.To(s.Target)
			require.NotEmpty(t, ways, "%v", s.Target)
			of = ways[0].Code("page", '"')
		}
		out = append(out, of+" "+matcher)
	}
	return out
}

const shop = "http://shop.test/"

// seen is a page that showed the same in both runs.
func seen(url, aria string) []learn.Page {
	return []learn.Page{{URL: url, Aria: aria}, {URL: url, Aria: aria}}
}

func click(name string) recording.Step {
	return recording.Step{ID: "s1", Type: recording.Click, Target: &recording.Target{Element: &recording.Facts{Role: "button", Name: name}}}
}

const before = `- heading "Basket" [level=1]
- textbox "Note"
- button "Add"`

func TestWhatCameAndWentIsClaimed(t *testing.T) {
	t.Parallel()
	f := learn.Flow{Typed: []string{"Buy tape"}}
	got := code(t, f.Claims(learn.Moment{Step: click("Add"), Before: seen(shop, before), After: seen(shop, `- heading "Basket" [level=1]
- textbox "Note"
- button "Add"
- status: 2 notes
- list "Notes":
  - listitem: Buy tape
  - listitem: Rewind at 10:42`)}))
	require.Equal(t, []string{
		`getByText("Buy tape", { exact: true }) toBeVisible()`,
		`getByRole("status") toContainText("2 notes")`,
		`locator("body") toMatchAriaSnapshot("- status: 2 notes\n- list \"Notes\":\n  - listitem: Buy tape")`,
	}, got)
	// A note that goes is missed; what was claimed once is not claimed again.
	got = code(t, f.Claims(learn.Moment{Step: click("Delete"), Before: seen(shop, `- button "Buy tape"
- dialog "Sure":
  - button "Delete"`), After: seen(shop, `- status: 2 notes
- paragraph: none`)}))
	require.Equal(t, []string{
		`getByRole("status") toContainText("2 notes")`,
		`getByRole("button", { name: "Buy tape", exact: true }) toBeHidden()`,
		`getByRole("dialog", { name: "Sure", exact: true }) toBeHidden()`,
	}, got)
}

func TestAPageThatWentElsewhere(t *testing.T) {
	t.Parallel()
	f := learn.Flow{}
	got := code(t, f.Claims(learn.Moment{Step: click("Pay"), Before: seen(shop, before), After: seen(shop+"orders/new?x=1", `- main:
  - heading "Thank you" [level=1]
  - paragraph: We will send it soon.
  - checkbox "Tell me" [checked]`)}))
	require.Equal(t, []string{
		`page toHaveURL(new RegExp("/orders/new"))`,
		`getByRole("heading", { name: "Thank you", exact: true }) toBeVisible()`,
		`getByRole("main") toMatchAriaSnapshot("- heading \"Thank you\" [level=1]\n- paragraph: We will send it soon.\n- checkbox \"Tell me\" [checked]")`,
	}, got)
}

func TestWhatIsNotAlwaysSoIsNotClaimed(t *testing.T) {
	t.Parallel()
	f := learn.Flow{Typed: []string{"Buy tape"}, Hidden: []string{"placeholder-of-a-secret"}}
	after := []learn.Page{{URL: shop, Aria: `- alert: number 1
- textbox "Password": placeholder-of-a-secret
- text: 2026-11-28
- text: 3f0a9c77d2e141b0
- text: /.*/
- link "` + "\uf1f8" + `"`}, {URL: shop, Aria: "- alert: number 2\n- textbox \"Password\": placeholder-of-a-secret"}}
	require.Empty(t, f.Claims(learn.Moment{Step: click("Add"), Before: seen(shop, before), After: after}))
	require.Empty(t, f.Claims(learn.Moment{Step: click("Add"), Before: seen(shop, before), After: seen(shop, before)}), "nothing changed")
	require.Empty(t, f.Claims(learn.Moment{Step: click("Add"), Before: seen(shop, before), After: seen(shop, "no tree: [")}))
	require.Empty(t, f.Claims(learn.Moment{Step: click("Add"), Before: seen(shop, before)}), "nobody saw it")
	// Two of one name cannot be told apart.
	require.Equal(t, []string{`locator("body") toMatchAriaSnapshot("- dialog \"Buy tape\"\n- dialog \"Buy tape\"")`},
		code(t, f.Claims(learn.Moment{Step: click("Add"), Before: seen(shop, ""), After: seen(shop, "- dialog \"Buy tape\"\n- dialog \"Buy tape\"")})))
}

// TestAnyTextCanBeClaimed makes claims of pages full of hostile texts: each can be written, and its snapshot says the same
// when it is read again.
func TestAnyTextCanBeClaimed(t *testing.T) {
	t.Parallel()
	text := rapid.StringMatching("[a-z][\"'`$\\\\{}()#:>|&*!%@,<\\[\\] -]{0,12}[a-z]")
	rapid.Check(t, func(t *rapid.T) {
		list := []*learn.Node{
			{Role: "heading", Name: text.Draw(t, "name"), States: []string{"level=1"}},
			{Role: "paragraph", Text: text.Draw(t, "text")},
			{Role: "list", Below: []*learn.Node{{Role: "listitem", Text: text.Draw(t, "item")}, {Role: "checkbox", Name: text.Draw(t, "box"), States: []string{"checked"}}}},
		}
		all := map[*learn.Node]bool{list[0]: true, list[1]: true, list[2]: true, list[2].Below[0]: true, list[2].Below[1]: true}
		aria := learn.WriteTree(list, all)
		read, err := learn.ReadTree(aria)
		require.NoError(t, err)
		require.Equal(t, aria, learn.WriteTree(read, everything(read)), "%s", aria)
		require.Equal(t, list[2].Below[0].Text, read[2].Below[0].Text)
		require.Equal(t, list[0].Name, read[0].Name)
		f := learn.Flow{}
		steps := f.Claims(learn.Moment{Step: click("Add"), Before: seen(shop, before), After: seen(shop, aria)})
		require.NotEmpty(t, steps)
		code(t, steps)
		for _, s := range steps {
			require.True(t, strings.HasPrefix(s.ID, "s1"+learn.Mark))
		}
	})
}

func everything(list []*learn.Node) map[*learn.Node]bool {
	out := map[*learn.Node]bool{}
	for _, n := range list {
		out[n] = true
		for k := range everything(n.Below) {
			out[k] = true
		}
	}
	return out
}
