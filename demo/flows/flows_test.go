package flows_test

import (
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"
	"github.com/stretchr/testify/require"

	"tapedeck/demo/flows"
	"tapedeck/demo/shop"
	"tapedeck/domain/recording"
	"tapedeck/internal/browsertest"
	"tapedeck/workers/generate/typescript"
	"tapedeck/workers/recorder/play"
)

func document(t *testing.T, f flows.Flow, address string) recording.Document {
	t.Helper()
	doc, err := f.Document(address)
	require.NoError(t, err)
	return doc
}

func TestEveryFileIsAFlow(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("*.json")
	require.NoError(t, err)
	for i, name := range names {
		names[i] = strings.TrimSuffix(name, ".json")
	}
	var have []string
	for _, f := range flows.All() {
		have = append(have, f.Name)
	}
	require.ElementsMatch(t, names, have)
	require.GreaterOrEqual(t, len(have), 5)
}

// A flow types no value of a secret, looks at something, and says in words what each step is.
func TestFlowsAreWholeRecordings(t *testing.T) {
	t.Parallel()
	longest := 0
	for _, f := range flows.All() {
		doc := document(t, f, "http://127.0.0.1:1")
		longest = max(longest, len(doc.Steps))
		looks := slices.IndexFunc(doc.Steps, func(s recording.Step) bool { return s.Type == recording.Assert })
		require.Positive(t, looks, f.Name)
		require.Equal(t, recording.Assert, doc.Steps[len(doc.Steps)-1].Type, "%s does not look at how it ends", f.Name)
		for _, s := range doc.Steps {
			require.NotEmpty(t, s.Title, "%s %s", f.Name, s.ID)
			if s.Value != nil && s.Value.Secret != "" {
				require.Contains(t, doc.Secrets, s.Value.Secret)
				_, known := flows.Secret(s.Value.Secret)
				require.True(t, known, s.Value.Secret)
			}
		}
		raw, err := os.ReadFile(f.Name + ".json")
		require.NoError(t, err)
		require.NotContains(t, string(raw), shop.CustomerPassword)
	}
	require.GreaterOrEqual(t, longest, 20)
	_, known := flows.Secret("pin")
	require.False(t, known)
	_, err := flows.Flow{Name: "none"}.Document("http://127.0.0.1:1")
	require.Error(t, err)
}

// Every step can be written as code of a test, with an assertion that claims something.
func TestFlowsBecomeTests(t *testing.T) {
	t.Parallel()
	for _, f := range flows.All() {
		project, err := typescript.Write(document(t, f, "http://127.0.0.1:1"), typescript.Options{})
		require.NoError(t, err)
		require.Empty(t, project.Notes, f.Name)
		spec := string(project.Files[project.Spec])
		require.Contains(t, spec, "expect(", f.Name)
		require.NotContains(t, spec, "127.0.0.1", f.Name)
		t.Log(spec)
	}
}

// Each flow is played in one shop, one after the other and then once more, as a suite does it.
func TestFlowsArePlayed(t *testing.T) {
	browser := browsertest.Start(t)
	s := shop.New(shop.Config{})
	srv := httptest.NewServer(s)
	t.Cleanup(func() { s.Close(); srv.Close() })
	for round := range 2 {
		for _, f := range flows.All() {
			t.Run(fmt.Sprint(f.Name, round), func(t *testing.T) { playFlow(t, browser, document(t, f, srv.URL), round) })
		}
	}
}

func playFlow(t *testing.T, browser *browsertest.Browser, doc recording.Document, round int) {
	ctx := browser.Context(t, playwright.BrowserNewContextOptions{Viewport: &playwright.Size{Width: doc.Viewport.Width, Height: doc.Viewport.Height}})
	page := browsertest.Observe(t, ctx)
	complaints := complaintsOf(page)
	player := play.New(ctx, play.Options{Secrets: flows.Secret, Variables: map[string]string{"email": fmt.Sprintf("mira%d@example.com", round)}})
	t.Cleanup(player.Close)
	for i, step := range doc.Steps {
		for _, way := range everyWay(step) {
			_, found, err := player.Find(t.Context(), way)
			require.NoError(t, err, "%s: %s", step.ID, way.Target.Chosen)
			require.False(t, found.Healed, "%s: %s", step.ID, way.Target.Chosen)
		}
		result, err := player.Run(t.Context(), step, doc.Steps[i+1:]...)
		require.NoError(t, err, "%s %s", step.ID, step.Title)
		require.False(t, result.Healed, "%s %s: %v", step.ID, step.Title, result.Tried)
		t.Logf("%s %s %v", step.ID, step.Title, result.Duration.Round(time.Millisecond))
	}
	require.Empty(t, complaints())
}

// everyWay is a step once for each way to its element: each has to lead to it, not only the first.
func everyWay(s recording.Step) []recording.Step {
	if s.Target == nil {
		return nil
	}
	var out []recording.Step
	for _, c := range s.Target.Candidates {
		one, target := s, *s.Target
		target.Candidates, target.Chosen = []recording.Candidate{c}, c.Selector
		one.Target = &target
		out = append(out, one)
	}
	return out
}

// complaintsOf gathers what a page says went wrong; an answer that refuses something is none.
func complaintsOf(page playwright.Page) func() []string {
	said := make(chan string, 100)
	note := func(text string) {
		select {
		case said <- text:
		default:
		}
	}
	page.OnPageError(func(err error) { note(err.Error()) })
	page.OnConsole(func(m playwright.ConsoleMessage) {
		if m.Type() == "error" && !strings.Contains(m.Text(), "the server responded with a status of 4") {
			note(m.Text())
		}
	})
	return func() (all []string) {
		for {
			select {
			case text := <-said:
				all = append(all, text)
			default:
				return all
			}
		}
	}
}
