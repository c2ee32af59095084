package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"

	"tapedeck/domain/testcase"
	"tapedeck/internal/tapedecktest"
)

// TestAChangedLimitMakesItsCasesStale: a document is ingested, cases are made, reviewed and edited; the document changes, and
// only what cites the change is stale and made anew.
func TestAChangedLimitMakesItsCasesStale(t *testing.T) {
	t.Parallel()
	s := tapedecktest.Start(t, "serve")
	c := s.Client()
	var imported struct {
		RecordingID string `json:"recordingId"`
	}
	require.NoError(t, c.Post(t.Context(), "/api/recordings/import", map[string]any{"content": jsontext.Value(bookingRecording)}, &imported))
	spec := filepath.Join(t.TempDir(), "booking.md")
	const text = "# Booking\n\nThe guest name must not exceed 30 characters.\n\nThe guest name must be unique.\n\nInvoices must be sent by post.\n"
	env := []string{"TAPEDECK_URL=" + s.URL(), "USER=ada"}
	run := func(code int, args ...string) (stdout, stderr string) {
		t.Helper()
		stdout, stderr, got := tapedecktest.Run(t.Context(), t, env, args...)
		require.Equal(t, code, got, stderr)
		return stdout, stderr
	}
	ingest := func(text string) {
		t.Helper()
		require.NoError(t, os.WriteFile(spec, []byte(text), 0o600))
		run(0, "ingest", "documents", spec, "--name", "Specs", "--follow")
	}
	ingest(text)
	run(0, "cases", imported.RecordingID)
	type set struct {
		testcase.State
		Stale []struct {
			CaseID string `json:"caseId"`
		} `json:"stale"`
	}
	type list struct {
		Items []struct {
			JobID        string `json:"jobId"`
			Stale        int    `json:"stale"`
			SupersededBy string `json:"supersededBy"`
		} `json:"items"`
	}
	newest := func() (l list) {
		t.Helper()
		var now struct {
			Cursor string `json:"cursor"`
		}
		require.NoError(t, c.Post(t.Context(), "/api/jobs", map[string]any{"kind": "system.ping"}, &now))
		require.NoError(t, c.Get(t.Context(), "/api/test-cases", map[string][]string{"recording": {imported.RecordingID}, "minCursor": {now.Cursor}}, &l))
		return l
	}
	id := newest().Items[0].JobID
	load := func(id string) (out set) {
		t.Helper()
		require.NoError(t, c.Get(t.Context(), "/api/test-cases/"+id, nil, &out))
		return out
	}
	base := load(id)
	require.Empty(t, base.Stale)
	_, said := run(2, "cases", "regenerate", id)
	require.Contains(t, said, "no case is stale")

	var beyond, unique string
	for _, k := range base.Cases {
		switch {
		case strings.Contains(k.Title, "31 characters"):
			beyond = k.ID
		case strings.Contains(k.Title, "exists already"):
			unique = k.ID
		}
	}
	require.NotEmpty(t, beyond)
	require.NotEmpty(t, unique)
	var ignored jsontext.Value
	require.NoError(t, c.Post(t.Context(), "/api/test-cases/"+id+"/cases/"+unique+"/accept", map[string]any{"by": "Ada"}, &ignored))
	old, _ := base.Case(beyond)
	edit := map[string]any{"title": "A name that is far too long", "type": old.Type, "priority": old.Priority, "by": "Ada", "reason": "clearer"}
	var steps []map[string]any
	for _, k := range old.Steps {
		steps = append(steps, map[string]any{"stepId": k.ID, "action": k.Action, "data": k.Data, "expected": k.Expected})
	}
	edit["steps"] = steps
	require.NoError(t, c.Post(t.Context(), "/api/test-cases/"+id+"/cases/"+beyond+"/edit", edit, &ignored))

	ingest(strings.Replace(text, "30 characters", "20 characters", 1))
	l := newest()
	require.Positive(t, l.Items[0].Stale)
	base = load(id)
	require.Len(t, base.Stale, l.Items[0].Stale)
	stale := map[string]bool{}
	for _, k := range base.Stale {
		stale[k.CaseID] = true
	}
	require.True(t, stale[beyond])
	require.False(t, stale[unique], "what it cites did not change")

	out, said := run(0, "cases", "regenerate", id)
	require.Contains(t, said, "was edited")
	next := load(strings.TrimSpace(out))
	require.Empty(t, next.Stale)
	require.Equal(t, id, next.Base)
	hers := 0
	for _, k := range next.Cases {
		if was, ok := base.Case(k.ID); ok && !stale[k.ID] {
			require.Equal(t, was, k)
		}
		if k.Title == "A name that is far too long" {
			hers++
			require.Equal(t, testcase.IsEdited, k.Standing)
			require.Contains(t, k.Generated.Title, "21 characters", "the new proposal stands beside it")
		}
	}
	require.Equal(t, 1, hers)
	kept, _ := next.Case(unique)
	require.Equal(t, testcase.IsAccepted, kept.Standing)
	l = newest()
	require.Equal(t, next.ID, l.Items[0].JobID)
	require.Equal(t, next.ID, l.Items[1].SupersededBy)
	_, said = run(2, "cases", "regenerate", id)
	require.Contains(t, said, next.ID)

	// From the document to its tests, and from a case to what stands behind it.
	cite := hersOf(next.State)
	var tests struct {
		Coverage map[string]int `json:"coverage"`
	}
	require.NoError(t, c.Get(t.Context(), "/api/knowledge/documents/"+cite.DocumentID+"/tests", nil, &tests))
	require.Equal(t, 3, tests.Coverage["requirements"])
	require.Equal(t, 2, tests.Coverage["covered"])
	var coverage struct {
		Items []struct {
			Text string `json:"text"`
		} `json:"items"`
	}
	require.NoError(t, c.Get(t.Context(), "/api/knowledge/sources/"+cite.SourceID+"/coverage", nil, &coverage))
	require.Equal(t, "Invoices must be sent by post.", coverage.Items[0].Text)
	require.NoError(t, c.Get(t.Context(), "/api/test-cases/"+next.ID+"/cases/"+unique+"/trace", nil, &ignored))
}

// hersOf is a passage that the edited case cites.
func hersOf(s testcase.State) testcase.Citation {
	for _, k := range s.Cases {
		if k.Standing == testcase.IsEdited {
			return k.Sources[0]
		}
	}
	return testcase.Citation{}
}
