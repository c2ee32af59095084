package chromerecorder_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"

	"tapedeck/domain/job"
	"tapedeck/domain/recording"
	"tapedeck/domain/recording/chromerecorder"
)

var update = flag.Bool("update", false, "write the golden files anew")

func pretty(t require.TestingT, v any) string {
	raw, err := json.Marshal(v, json.Deterministic(true), jsontext.WithIndent("  "))
	require.NoError(t, err)
	return string(raw) + "\n"
}

// golden compares with a file: `go test ./domain/recording/chromerecorder -update`.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}

func flows(t require.TestingT) map[string][]byte {
	paths, err := filepath.Glob("testdata/*.json")
	require.NoError(t, err)
	out := map[string][]byte{}
	for _, path := range paths {
		if strings.Contains(path, ".golden.") {
			continue
		}
		raw, err := os.ReadFile(path)
		require.NoError(t, err)
		out[strings.TrimSuffix(path, ".json")] = raw
	}
	require.NotEmpty(t, out)
	return out
}

func TestFlowsAreImported(t *testing.T) {
	t.Parallel()
	for name, raw := range flows(t) {
		doc, notes, err := chromerecorder.Import(raw)
		require.NoError(t, err)
		golden(t, name+".golden.recording.json", pretty(t, doc))
		golden(t, name+".golden.report.json", pretty(t, notes))
		_, err = recording.ReadDocument([]byte(pretty(t, doc)))
		require.NoError(t, err, "what is imported is a recording")
		require.True(t, chromerecorder.Looks(raw))
		require.False(t, chromerecorder.Looks([]byte(pretty(t, doc))))
	}
}

func TestWhatWasImportedGoesOutAndInAgain(t *testing.T) {
	t.Parallel()
	for name, raw := range flows(t) {
		doc, _, err := chromerecorder.Import(raw)
		require.NoError(t, err)
		out, notes, err := chromerecorder.Export(doc)
		require.NoError(t, err)
		golden(t, name+".golden.chrome.json", string(out))
		golden(t, name+".golden.lost.json", pretty(t, notes))
		again, _, err := chromerecorder.Import(out)
		require.NoError(t, err)
		require.Equal(t, pretty(t, doc.Steps), pretty(t, again.Steps))
	}
}

// A recording of ours keeps every step on the way to Chrome and back, those that Chrome has no word for included.
func TestOurRecordingKeepsItsSteps(t *testing.T) {
	t.Parallel()
	at := &recording.Target{Candidates: []recording.Candidate{
		{By: "role", Selector: `internal:role=button[name="Save it"i]`, Matches: 2},
		{By: "testid", Selector: `internal:testid=[data-testid="save"s]`, Matches: 1},
		{By: "text", Selector: `internal:text="Save"i`, Matches: 3},
		{By: "placeholder", Selector: `internal:attr=[placeholder="Your name"i]`, Matches: 0},
		{By: "css", Selector: `#save`, Matches: 1},
		{By: "css", Selector: `div:has-text("x")`, Matches: 1},
	}}
	inFrame := &recording.Target{Frames: []recording.Frame{{Candidates: at.Candidates}}, Candidates: at.Candidates}
	doc := recording.Document{Format: recording.Format, Name: "n", URL: "http://localhost/", Steps: []recording.Step{
		{ID: "1", Type: recording.Navigate, URL: "http://localhost/"},
		{ID: "2", Type: recording.Drag, Target: at, To: at, ToPosition: &recording.Point{X: 3, Y: 4}},
		{ID: "3", Type: recording.Click, Target: inFrame},
		{ID: "4", Type: recording.Click, Target: at, Modifiers: []string{"Shift"}, Count: 2},
		{ID: "5", Type: recording.Fill, Target: at, Value: &recording.Value{Text: "•••", Secret: "password"}},
		{ID: "6", Type: recording.Dialog, Dialog: &recording.DialogBox{Kind: "confirm", Accept: true}},
		{ID: "7", Type: recording.Navigate, History: "back"},
		{ID: "8", Type: recording.OpenPage, Page: "page2", URL: "http://localhost/pop", Opener: "page"},
		{ID: "9", Type: recording.Hover, Page: "page2", Target: at},
		{ID: "10", Type: recording.ClosePage, Page: "page2"},
		{ID: "11", Type: recording.Press, Key: "Enter", Disabled: true},
		{ID: "12", Type: recording.Assert, Target: at, Assertion: &recording.Assertion{Claim: recording.HasText, Expected: "x", Not: true}},
		{ID: "13", Type: recording.Check, Target: at},
	}}
	out, notes, err := chromerecorder.Export(doc)
	require.NoError(t, err)
	again, _, err := chromerecorder.Import(out)
	require.NoError(t, err)
	types := func(steps []recording.Step) (out []recording.Action) {
		for _, s := range steps {
			out = append(out, s.Type)
		}
		return out
	}
	require.Equal(t, types(doc.Steps), types(again.Steps))
	for _, i := range []int{1, 2, 5, 6, 10, 11, 12} { // kept whole
		want := doc.Steps[i]
		want.ID = again.Steps[i].ID
		require.Equal(t, want, again.Steps[i])
	}
	require.Contains(t, string(out), `"aria/Save it[role=\"button\"]"`)
	require.Contains(t, pretty(t, notes), "the value of the secret password is not in the recording")
}

func TestWhatIsNoFlowIsRefused(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{
		``, `[]`, `{"title":1}`, `{"title":"x"}`, `{"title":"x","steps":{}}`, `{"title":"x","steps":[{"type":"click","selectors":[[1]]}]}`,
		`{"title":"x","steps":[{"type":"click","selectors":[{}]}]}`, "{\"title\":\"\xff\",\"steps\":[]}", `{"title":"x","title":"y","steps":[]}`,
	} {
		_, _, err := chromerecorder.Import([]byte(raw))
		var invalid *job.InvalidError
		require.ErrorAs(t, err, &invalid, raw)
		require.NotEmpty(t, invalid.Faults)
	}
}

// FuzzImport: what is imported is a whole recording, and goes out and in again without another change.
func FuzzImport(f *testing.F) {
	for _, raw := range flows(f) {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		doc, notes, err := chromerecorder.Import(raw)
		if err != nil {
			var invalid *job.InvalidError
			require.ErrorAs(t, err, &invalid)
			return
		}
		if len(doc.Steps) == 0 && strings.Contains(string(raw), `"type"`) {
			require.NotEmpty(t, notes, "steps are left out and nobody says so")
		}
		_, err = recording.ReadDocument([]byte(pretty(t, doc)))
		require.NoError(t, err)
		out, _, err := chromerecorder.Export(doc)
		require.NoError(t, err)
		again, _, err := chromerecorder.Import(out)
		require.NoError(t, err)
		require.Len(t, again.Steps, len(doc.Steps), "%s", out)
	})
}
