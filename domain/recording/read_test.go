package recording_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/require"

	"tapedeck/domain/job"
	"tapedeck/domain/recording"
)

func encode(t require.TestingT, d recording.Document) []byte {
	raw, err := json.Marshal(d, json.Deterministic(true))
	require.NoError(t, err)
	return raw
}

// everything is a document in which every field of every type is used.
func everything() recording.Document {
	target := &recording.Target{
		Frames: []recording.Frame{{Candidates: []recording.Candidate{{By: "css", Selector: "#f", Matches: 1}}, Name: "f", URL: "http://localhost/f"}},
		Candidates: []recording.Candidate{
			{By: "role", Selector: `internal:role=button[name="Save"i]`, Locator: `getByRole('button', { name: 'Save' })`, Matches: 2},
			{By: "css", Selector: "#save", Matches: 1},
		},
		Chosen:  "#save",
		Element: &recording.Facts{Tag: "button", Role: "button", Name: "Save", Text: "Save", Attributes: map[string]string{"type": "submit"}},
	}
	evidence := &recording.Evidence{
		Box: &recording.Box{X: 1, Y: 2, Width: 3, Height: 4}, Viewport: &recording.Size{Width: 1280, Height: 720}, URL: "http://localhost/", Title: "t",
		Aria: "- button", Screenshot: "screenshots/1.png", DOM: "dom/1.html", OffsetMS: 10, DurationMS: 5,
		Requests: []recording.Request{{Entry: 3, Method: "GET", URL: "http://localhost/x", Status: 200, Type: "empty", Error: "e"}},
		Console:  []recording.ConsoleLine{{Level: "log", Text: "hello"}},
	}
	steps := []recording.Step{
		{ID: "1", Type: recording.Navigate, URL: "http://localhost/", Title: "Open", By: "person", At: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC), Evidence: evidence},
		{ID: "2", Type: recording.Navigate, History: "back", Page: "page"},
		{ID: "3", Type: recording.Click, Target: target, Button: "right", Count: 2, Modifiers: []string{"Shift", "Alt"}, Position: &recording.Point{X: 1.5, Y: 2}},
		{ID: "4", Type: recording.Fill, Target: target, Value: &recording.Value{Text: "x", Variable: "who"}, Note: "n"},
		{ID: "5", Type: recording.Fill, Target: target, Value: &recording.Value{Text: "•••", Secret: "password"}},
		{ID: "6", Type: recording.Press, Key: "Enter", Disabled: true},
		{ID: "7", Type: recording.Check, Target: target},
		{ID: "8", Type: recording.Uncheck, Target: target},
		{ID: "9", Type: recording.Select, Target: target, Values: []recording.Value{{Text: "a"}, {Text: "b"}}},
		{ID: "10", Type: recording.Upload, Target: target, Files: []recording.File{{Name: "a.txt", ContentType: "text/plain", Size: 3, SHA256: "ab", Artifact: "uploads/a"}}},
		{ID: "11", Type: recording.Hover, Target: target},
		{ID: "12", Type: recording.Drag, Target: target, To: target, ToPosition: &recording.Point{X: 1, Y: 2}},
		{ID: "13", Type: recording.Scroll, Scroll: &recording.Point{Y: 300}},
		{ID: "14", Type: recording.Dialog, Dialog: &recording.DialogBox{Kind: "prompt", Message: "m", Accept: true, Text: "t"}},
		{ID: "15", Type: recording.Download, Files: []recording.File{{Name: "r.csv"}}},
		{ID: "16", Type: recording.OpenPage, Page: "page2", Opener: "page", URL: "http://localhost/pop"},
		{ID: "17", Type: recording.ClosePage, Page: "page2"},
		{ID: "18", Type: recording.SetViewport, Viewport: &recording.Size{Width: 640, Height: 480}},
		{ID: "19", Type: recording.Wait, Target: target},
	}
	for i, c := range recording.Claims {
		steps = append(steps, recording.Step{ID: fmt.Sprint("a", i), Type: recording.Assert, Target: target, Assertion: &recording.Assertion{
			Claim: c, Not: i%2 == 0, Name: "href", Expected: "2", Match: "exact", Suggested: true,
		}})
	}
	return recording.Document{
		Format: recording.Format, ID: "r1", Project: "p", Version: 7, Name: "All", Folder: "a/b", URL: "http://localhost/",
		Viewport: recording.Size{Width: 1280, Height: 720}, Browser: "Chromium 156", Secrets: []string{"password"},
		Variables: []recording.Variable{{Name: "who", Rows: []string{"Ada", "Bo"}, Note: "n"}, {Name: "id", Unique: true}}, Steps: steps,
	}
}

func TestADocumentIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	want := everything()
	raw := encode(t, want)
	got, err := recording.ReadDocument(raw)
	require.NoError(t, err)
	require.Equal(t, want, got)
	require.NoError(t, fits(compiled(t), raw))
	seen := map[recording.Action]bool{}
	for _, s := range want.Steps {
		seen[s.Type] = true
	}
	require.Len(t, seen, len(recording.Actions), "the example leaves an action out")
}

func TestWhatIsNoDocumentIsRefusedWithItsPlace(t *testing.T) {
	t.Parallel()
	whole := string(encode(t, everything()))
	for name, c := range map[string]struct{ old, with, path, says string }{
		"another format":       {`"tapedeck.recording/1"`, `"tapedeck.recording/2"`, "format", "this build reads"},
		"unknown member":       {`"name":"All"`, `"name":"All","label":1`, "label", "unknown"},
		"repeated member":      {`"name":"All"`, `"name":"All","name":"B"`, "name", "not valid JSON"},
		"wrong type":           {`"name":"All"`, `"name":1`, "name", "type"},
		"no UTF-8":             {`"name":"All"`, "\"name\":\"\xff\"", "name", "UTF-8"},
		"half a document":      {`"name":"All"`, `"name":`, "", "not valid JSON"},
		"unknown action":       {`"type":"hover"`, `"type":"hoover"`, "steps/10/type", "want one of"},
		"other case":           {`"type":"hover"`, `"Type":"hover"`, "steps/10/Type", "unknown"},
		"no target":            {`"type":"setViewport"`, `"type":"click"`, "steps/17/target", "needed"},
		"an id twice":          {`"id":"12"`, `"id":"11"`, "steps/11/id", "the same as of steps/10"},
		"no id":                {`"id":"12"`, `"id":""`, "steps/11/id", "want 1 to 64"},
		"unknown modifier":     {`"Shift"`, `"Hyper"`, "steps/2/modifiers/0", "want one of"},
		"unknown button":       {`"button":"right"`, `"button":"thumb"`, "steps/2/button", "want one of"},
		"unknown dialog":       {`"kind":"prompt"`, `"kind":"popup"`, "steps/13/dialog/kind", "want one of"},
		"too many clicks":      {`"count":2`, `"count":99999`, "steps/2/count", "want 0 to 10"},
		"a huge viewport":      {`"viewport":{"width":640`, `"viewport":{"width":640000`, "steps/17/viewport", "pixels"},
		"unknown claim":        {`"claim":"hidden"`, `"claim":"hid"`, "steps/20/assertion/claim", "want one of"},
		"a name in a variable": {`"name":"who"`, `"name":"who?"`, "variables/0/name", "want a letter"},
		"a folder that climbs": {`"folder":"a/b"`, `"folder":"a/../b"`, "folder", "names with slashes"},
		"no name":              {`"name":"All"`, `"name":" "`, "name", "want 1"},
		"too deep":             {`"name":"All"`, `"name":` + strings.Repeat("[", 100000), "", "nested too deeply"},
		"more after it":        {`"Chromium 156"`, `"Chromium 156"} {"x":"`, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Contains(t, whole, c.old)
			raw := []byte(strings.Replace(whole, c.old, c.with, 1))
			_, err := recording.ReadDocument(raw)
			var invalid *job.InvalidError
			require.ErrorAs(t, err, &invalid)
			require.NotEmpty(t, invalid.Faults)
			if c.says == "" {
				return
			}
			require.Condition(t, func() bool {
				for _, f := range invalid.Faults {
					if f.Path == c.path && strings.Contains(f.Message, c.says) || c.path == "" && strings.Contains(f.Message, c.says) {
						return true
					}
				}
				return false
			}, "%v", invalid.Faults)
		})
	}
}

func TestADocumentHasBounds(t *testing.T) {
	t.Parallel()
	d := everything()
	d.Steps = make([]recording.Step, recording.MaxSteps+1)
	_, err := recording.ReadDocument(encode(t, d))
	require.ErrorContains(t, err, "steps: at most 2000")
	_, err = recording.ReadDocument(make([]byte, recording.MaxDocument+1))
	require.ErrorContains(t, err, "at most")
}

// What a state is written as can always be read again, by the reader and by the schema.
func TestAStatesDocumentIsRead(t *testing.T) {
	t.Parallel()
	s := given(t, recording.State{}, started(), recording.Record{Step: press("1")}, finished())
	raw := encode(t, s.Document())
	_, err := recording.ReadDocument(raw)
	require.NoError(t, err)
	require.NoError(t, fits(compiled(t), raw))
}

// Whoever runs a document must know which secrets to give it.
func TestADocumentNamesTheSecretsOfItsSteps(t *testing.T) {
	t.Parallel()
	fill := func(id, secret string) recording.Record {
		return recording.Record{Step: recording.Step{
			ID: id, Type: recording.Fill, Target: &recording.Target{Candidates: []recording.Candidate{{By: "css", Selector: "input", Matches: 1}}},
			Value: &recording.Value{Secret: secret, Text: "••••••"},
		}}
	}
	s := given(t, recording.State{}, started(), fill("1", "password"), fill("2", "code"), fill("3", "password"))
	s.Secrets = []string{"code"}
	require.Equal(t, []string{"code", "password"}, s.Document().Secrets)
	require.Equal(t, []string{"code"}, s.Secrets, "the state is as it was")
}

// FuzzReadDocument: what is read fits the schema, and is read again as the same.
func FuzzReadDocument(f *testing.F) {
	f.Add(encode(f, everything()))
	f.Add([]byte(`{"format":"tapedeck.recording/1","name":"x","url":"","steps":[{"id":"1","type":"press","key":"a"}]}`))
	f.Add([]byte(`{"format":"tapedeck.recording/1","name":"x","url":"","steps":[{"id":"1","type":"navigate","history":"back","at":"2026-01-01T00:00:00Z"}]}`))
	schema := compiled(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		d, err := recording.ReadDocument(raw)
		if err != nil {
			var invalid *job.InvalidError
			require.ErrorAs(t, err, &invalid)
			require.NotEmpty(t, invalid.Faults)
			return
		}
		written := encode(t, d)
		require.NoError(t, fits(schema, written), "%s", written)
		again, err := recording.ReadDocument(written)
		require.NoError(t, err)
		require.Equal(t, written, encode(t, again))
	})
}
