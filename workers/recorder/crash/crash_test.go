package crash_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/playwright-community/playwright-go"
	"github.com/stretchr/testify/require"

	"tapedeck/domain/recording"
	"tapedeck/workers/recorder/crash"
)

// site serves the bundled documents.
func site(t *testing.T) string {
	t.Helper()
	srv := httptest.NewServer(http.FileServer(http.Dir("testdata")))
	t.Cleanup(srv.Close)
	return srv.URL
}

func at(selector string) *recording.Target {
	return &recording.Target{Candidates: []recording.Candidate{{By: "css", Selector: selector, Matches: 1}}}
}

// flow is a recording of one document: it is opened, and each element is pointed at.
func flow(url string, steps ...recording.Step) recording.Document {
	doc := recording.Document{Steps: []recording.Step{{ID: "open", Type: recording.Navigate, URL: url}}}
	doc.Steps = append(doc.Steps, steps...)
	return doc
}

func hover(id, selector string) recording.Step {
	return recording.Step{ID: id, Type: recording.Hover, Target: at(selector)}
}

// gather keeps the elements of a flow.
func gather(t *testing.T, name string, doc recording.Document) []crash.Sample {
	t.Helper()
	samples, err := crash.Gather(t.Context(), browser.Context(t), doc, crash.Gathering{
		Name: name, Script: script,
		Note: func(step string, why error) { t.Errorf("%s gave no sample: %v", step, why) },
	})
	require.NoError(t, err)
	return samples
}

// crashed applies every change to every sample.
func crashed(t *testing.T, samples []crash.Sample) []crash.Result {
	t.Helper()
	lab, err := crash.OpenLab(browser.Page(t))
	require.NoError(t, err)
	t.Cleanup(lab.Close)
	var all []crash.Result
	for _, s := range samples {
		results, err := lab.Run(t.Context(), s, crash.Operators()...)
		require.NoError(t, err)
		require.NotEmpty(t, results)
		all = append(all, results...)
	}
	return all
}

// requireFoundBut demands the right outcome of all cases but those that are lost for good reason: what changed was all
// that told the element from others.
func requireFoundBut(t *testing.T, results []crash.Result, lost ...string) {
	t.Helper()
	var got []string
	for _, r := range results {
		name := r.Sample + " " + r.Operator.Name
		switch {
		case r.Outcome == crash.Lost:
			got = append(got, name)
		case r.Operator.Removes:
			require.Equal(t, crash.Gone, r.Outcome, "%s, by %s", name, r.Way)
		default:
			require.Equal(t, crash.Found, r.Outcome, "%s, by %s %s", name, r.Way, r.Why)
		}
	}
	require.ElementsMatch(t, lost, got)
}

func TestElementsOfAFormSurvive(t *testing.T) {
	t.Parallel()
	note := recording.Step{ID: "note", Type: recording.Fill, Target: at("#note"), Value: &recording.Value{Text: "soon"}}
	note.Target.Frames = []recording.Frame{{Candidates: at("iframe").Candidates}}
	samples := gather(t, "order", flow(site(t)+"/order.html",
		hover("shop", "a[href='/shop']"), hover("search", ".search"), hover("cart", "button.icon"),
		recording.Step{ID: "customer", Type: recording.Fill, Target: at("#customer"), Value: &recording.Value{Text: "Ada"}},
		recording.Step{ID: "gift", Type: recording.Check, Target: at("[name=gift]")},
		recording.Step{ID: "title", Type: recording.Assert, Target: at("h1"), Assertion: &recording.Assertion{Claim: recording.Visible}},
		recording.Step{ID: "thanks", Type: recording.Assert, Target: at("#thanks"), Assertion: &recording.Assertion{Claim: recording.Hidden}},
		note,
		recording.Step{ID: "send", Type: recording.Click, Target: at("#send")},
	))
	require.Len(t, samples, 8, "a claim that something cannot be seen has no element")
	requireFoundBut(t, crashed(t, samples), "order/search attribute")
}

func TestElementsThatLookAlikeAreToldApart(t *testing.T) {
	t.Parallel()
	samples := gather(t, "people", flow(site(t)+"/people.html",
		hover("open", "tr:nth-of-type(2) button"), hover("folder", "li:nth-of-type(2)"), hover("delete", "button.danger"),
		hover("shape", "g:nth-of-type(2) > rect"),
		recording.Step{ID: "text", Type: recording.Assert, Target: at("h2"), Assertion: &recording.Assertion{Claim: recording.HasText, Expected: "People"}},
	))
	requireFoundBut(t, crashed(t, samples), "people/open ownCopy", "people/folder ownCopy", "people/text ownCopy")
}

// Every run makes the same changes.
func TestChangesAreTheSameEveryTime(t *testing.T) {
	t.Parallel()
	samples := gather(t, "people", flow(site(t)+"/people.html", hover("open", "tr:nth-of-type(2) button")))
	first := crashed(t, samples)
	require.Equal(t, first, crashed(t, samples))
}

func TestADocumentThatDoesNotLeadToItsElementIsRefused(t *testing.T) {
	t.Parallel()
	samples := gather(t, "people", flow(site(t)+"/people.html", hover("delete", "button.danger")))
	lab, err := crash.OpenLab(browser.Page(t))
	require.NoError(t, err)
	t.Cleanup(lab.Close)
	other := samples[0]
	other.Place = "css=tr:nth-of-type(1) button"
	_, err = lab.Run(t.Context(), other, crash.Operators()...)
	require.ErrorIs(t, err, crash.ErrUnfit)
	other.Place = "css=.nowhere"
	_, err = lab.Run(t.Context(), other, crash.Operators()...)
	require.ErrorContains(t, err, "leads to 0 elements")
}

// The document is what a person saw: with rules that only scripts added, without what they would do again.
func TestADocumentIsKeptAsItWas(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(`<style id=s></style><p class=off>Off</p><button>Go</button><script>
			document.getElementById("s").sheet.insertRule(".off { display: none }");
			document.querySelector("button").append(" on")</script>`))
	}))
	t.Cleanup(srv.Close)
	samples := gather(t, "made", flow(srv.URL, hover("go", "button")))
	require.Contains(t, samples[0].HTML, "<button>Go on</button>")
	require.Contains(t, samples[0].HTML, ".off { display: none; }")
	require.NotContains(t, samples[0].HTML, "insertRule")
	requireFoundBut(t, crashed(t, samples), "made/go ownCopy")
}

func TestOutcomesAreCounted(t *testing.T) {
	t.Parallel()
	ids, remove := crash.Operators()[0], crash.Operators()[13]
	require.True(t, remove.Removes)
	results := []crash.Result{
		{Sample: "a/1", Operator: ids, Outcome: crash.Found}, {Sample: "a/2", Operator: ids, Outcome: crash.Lost},
		{Sample: "b/1", Operator: ids, Outcome: crash.Wrong}, {Sample: "b/1", Operator: remove, Outcome: crash.Gone},
		{Sample: "b/2", Operator: ids, Outcome: crash.Found},
	}
	byOperator := crash.Count(results, crash.ByOperator)
	require.Equal(t, crash.Tally{crash.Found: 2, crash.Lost: 1, crash.Wrong: 1}, byOperator["ids"])
	require.InDelta(t, 50, byOperator["ids"].Survived(), 0)
	require.InDelta(t, 100, byOperator["remove"].Honest(), 0)
	require.Zero(t, byOperator["remove"].Survived(), "no case is no success")
	require.Equal(t, 3, crash.Count(results, crash.ByApplication)["b"].Cases())
}

// page is a context's page with a document of the test's.
func page(t *testing.T, html string) playwright.Page {
	t.Helper()
	p := browser.Page(t)
	require.NoError(t, p.SetContent(html))
	return p
}
