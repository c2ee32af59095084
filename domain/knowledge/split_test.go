package knowledge_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tapedeck/domain/knowledge"
)

const text = `# Checkout

The cart keeps its items for 30 days.

## Acceptance criteria

- The total is shown with tax
- Vouchers
  - A voucher can be used once
  - An expired voucher is refused
- [ ] Shipping is free above 50 €

## Rules

1. The password must have 12 characters
2. A name is trimmed

| Field | Limit |
|-------|-------|
| name  | at most 40 characters |
| note  | should be short |

Given an empty cart
When I open the checkout
Then I see "Nothing here"

` + "```gherkin\nFeature: Cart\n  Of a shop.\n\n  @smoke\n  Scenario: Empty\n    Given nothing\n    Then nothing\n\n  Scenario: Full\n    Given much\n    Then much\n```\n\n```go\nfmt.Println(\"must\")\n```\n" + `
> **Warning:** You should not do this.
`

type want struct {
	kind        knowledge.PassageKind
	requirement knowledge.RequirementType
	headings    string
	context     string
	text        string
}

func TestATextIsSplitAlongItsStructure(t *testing.T) {
	t.Parallel()
	var got []want
	for _, p := range knowledge.Split("doc-1", []byte(text)) {
		got = append(got, want{p.Kind, p.Requirement, strings.Join(p.Headings, "/"), p.Context, p.Text})
	}
	criteria, rules := "Checkout/Acceptance criteria", "Checkout/Rules"
	require.Equal(t, []want{
		{knowledge.Paragraph, "", "Checkout", "", "The cart keeps its items for 30 days."},
		{knowledge.Item, knowledge.Criterion, criteria, "", "The total is shown with tax"},
		{knowledge.Item, knowledge.Criterion, criteria, "", "Vouchers"},
		{knowledge.Item, knowledge.Criterion, criteria, "Vouchers", "A voucher can be used once"},
		{knowledge.Item, knowledge.Criterion, criteria, "Vouchers", "An expired voucher is refused"},
		{knowledge.Item, knowledge.Criterion, criteria, "", "[ ] Shipping is free above 50 €"},
		{knowledge.Item, knowledge.Rule, rules, "", "The password must have 12 characters"},
		{knowledge.Item, knowledge.Rule, rules, "", "A name is trimmed"},
		{knowledge.Row, knowledge.Rule, rules, "Field | Limit", "| name  | at most 40 characters |"},
		{knowledge.Row, knowledge.Should, rules, "Field | Limit", "| note  | should be short |"},
		{knowledge.Scenario, knowledge.Example, rules, "", "Given an empty cart\nWhen I open the checkout\nThen I see \"Nothing here\""},
		{knowledge.Code, "", rules, "", "Feature: Cart\n  Of a shop."},
		{knowledge.Scenario, knowledge.Example, rules, "", "@smoke\n  Scenario: Empty\n    Given nothing\n    Then nothing"},
		{knowledge.Scenario, knowledge.Example, rules, "", "Scenario: Full\n    Given much\n    Then much"},
		{knowledge.Code, "", rules, "", "fmt.Println(\"must\")"},
		{knowledge.Paragraph, knowledge.Should, rules, "", "**Warning:** You should not do this."},
	}, got)
}

func TestWhatIsARequirement(t *testing.T) {
	t.Parallel()
	for sentence, want := range map[string]knowledge.RequirementType{
		"Users must sign in.": knowledge.Must, "The list SHALL be sorted.": knowledge.Must, "You cannot delete it.": knowledge.Must,
		"Der Name darf nicht leer sein.": knowledge.Must, "It should be quick.": knowledge.Should, "Die Seite sollte schnell sein.": knowledge.Should,
		"A client MAY wait.": knowledge.May, "In May it rains.": "", "The mustard is yellow.": "", "It is what it is.": "",
	} {
		got := knowledge.Split("d", []byte(sentence))
		require.Len(t, got, 1)
		require.Equal(t, want, got[0].Requirement, sentence)
	}
}

// Steps are a scenario however they are written: an item of its own says nothing without the others.
func TestAListOfStepsIsAScenario(t *testing.T) {
	t.Parallel()
	list := "- **Given** a cart\n- **When** it is paid\n- **Then** it is empty"
	got := knowledge.Split("d", []byte("# Scenario: Pay\n\n"+list+"\n\nBeside it.\n\n- Given names are shown\n- Others are not\n"))
	require.Len(t, got, 4)
	require.Equal(t, knowledge.Scenario, got[0].Kind)
	require.Equal(t, knowledge.Example, got[0].Requirement)
	require.Equal(t, list, got[0].Text)
	require.Equal(t, knowledge.Item, got[2].Kind)
	require.Empty(t, got[2].Requirement)
	require.NotPanics(t, func() { knowledge.Split("d", []byte("-\n- Given x\n- Then y")) })
}

// A citation holds while its passage stands: what changes elsewhere does not matter.
func TestIDsAreStable(t *testing.T) {
	t.Parallel()
	before := knowledge.Split("doc-1", []byte(text))
	after := knowledge.Split("doc-1", []byte(strings.Replace("Something new.\n\n"+text, "30 days", "60 days", 1)))
	ids := map[string]string{}
	for _, p := range after {
		ids[p.ID] = p.Text
	}
	require.Len(t, ids, len(after), "no two are alike")
	for _, p := range before[1:] {
		require.Equal(t, p.Text, ids[p.ID])
	}
	require.NotContains(t, ids, before[0].ID)
	require.NotEqual(t, before[1].ID, knowledge.Split("doc-2", []byte(text))[1].ID)
}

func TestALongParagraphIsCutBetweenSentences(t *testing.T) {
	t.Parallel()
	got := knowledge.Split("d", []byte(strings.Repeat("A sentence of six words is this. ", 200)))
	require.Greater(t, len(got), 3)
	for _, p := range got {
		require.LessOrEqual(t, len(p.Text), knowledge.MaxPassage)
		require.True(t, strings.HasSuffix(p.Text, "this."), p.Text)
	}
}

// Whatever the text, passages lie in it in their order, are what they say, and have ids of their own.
func checkSplit(t require.TestingT, markdown string) {
	end := 0
	ids := map[string]bool{}
	for _, p := range knowledge.Split("d", []byte(markdown)) {
		require.GreaterOrEqual(t, p.Start, end)
		require.Equal(t, markdown[p.Start:p.End], p.Text)
		require.NotEmpty(t, p.Text)
		require.True(t, !utf8.ValidString(markdown) || utf8.ValidString(p.Text), "%q", p.Text)
		require.False(t, ids[p.ID], "twice the same id")
		ids[p.ID], end = true, p.End
	}
}

func TestPassagesLieInTheirText(t *testing.T) {
	t.Parallel()
	lines := []string{"# A", "- one", "  - two", "1. three", "| a | b |", "|---|---|", "| c | d |", "```", "> q", "plain", "", "\t code", "Given x", "Then y", "***", "<div>", "ä 😀"}
	rapid.Check(t, func(t *rapid.T) {
		checkSplit(t, strings.Join(rapid.SliceOfN(rapid.SampledFrom(lines), 0, 20).Draw(t, "lines"), "\n"))
	})
}

func FuzzSplit(f *testing.F) {
	f.Add(text)
	f.Add("| a |\n|--|\n| b")
	f.Add("- - - x\n      y\n> - z")
	f.Fuzz(func(t *testing.T, markdown string) { checkSplit(t, markdown) })
}
