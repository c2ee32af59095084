package testcase_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"tapedeck/domain/testcase"
)

// TestOldEventsLoad holds events against what was written once: an event of today must load for ever.
func TestOldEventsLoad(t *testing.T) {
	t.Parallel()
	entry := 4
	c := sample("tc-1")
	c.Why, c.Sources = "It was recorded.", []testcase.Citation{{
		Origin: testcase.FromPassage, Quote: "A note needs a text.", SourceID: "src-1", DocumentID: "doc-1", Version: 2, PassageID: "p1", Hash: "ab",
		Title: "Notes", URL: "https://notes.test/", Headings: []string{"New notes"},
	}}
	c.Steps[1].Data, c.Steps[1].ExpectedSources = "Buy tape", []testcase.Citation{{Origin: testcase.FromAnswer, Quote: "POST /notes → 422", RecordingID: "r1", Version: 3, StepID: "s2", File: "network.har", Entry: &entry}}
	var types []string
	for _, e := range []testcase.Event{
		testcase.Started{Attempt: 1, RecordingID: "r1", RecordingVersion: 3, Name: "Notes", Sources: []string{"src-1"}},
		testcase.Generated{
			Cases: []testcase.Case{c}, Uncovered: []testcase.Uncovered{{Requirement: "must", Source: c.Sources[0]}},
			Findings: []testcase.Finding{{ID: "tf-1", Kind: testcase.Contradiction, Subject: "Note", Message: "differs", Says: c.Sources, Shows: c.Steps[1].ExpectedSources}},
		},
		testcase.Finished{Documents: 1, Requirements: 2, UncoveredOf: 1, Notes: []string{"a note"}},
		testcase.Edited{Case: c, Word: ada},
		testcase.Accepted{CaseID: "tc-1", Word: ada},
		testcase.Rejected{CaseID: "tc-1", Word: ada},
		testcase.Exported{CaseIDs: []string{"tc-1"}, Format: "xlsx", Word: ada},
		testcase.Proven{CaseID: "tc-1", Class: testcase.TwinProven, ProofID: "p1", Test: "t1", Word: ada},
		testcase.Carried{From: "set-1", Cases: []testcase.Reviewed{{
			Case: c, Standing: testcase.IsAccepted, Generated: &c, Changes: []testcase.Change{{Path: "title", Before: "a", After: "b"}}, ProofID: "p1", Test: "t1",
			History: []testcase.Entry{{At: now, What: "accepted", Word: ada}},
		}}},
	} {
		types = append(types, e.EventType())
		data, err := testcase.Encode(e)
		require.NoError(t, err)
		path := filepath.Join("testdata", "v1", e.EventType()+".json")
		if _, err := os.Stat(path); os.IsNotExist(err) && os.Getenv("UPDATE_GOLDEN") != "" {
			require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
			require.NoError(t, os.WriteFile(path, append(data, '\n'), 0o644))
		}
		golden, err := os.ReadFile(path)
		require.NoError(t, err)
		golden = golden[:len(golden)-1]
		require.Equal(t, string(golden), string(data), "what is written now")
		back, err := testcase.Decode(e.EventType(), 1, golden)
		require.NoError(t, err)
		require.Equal(t, e, back, "what was written once")
	}
	require.Equal(t, testcase.Types(), types, "a sample of every type")
}
