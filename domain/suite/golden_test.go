package suite_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"tapedeck/domain/suite"
)

// TestOldEventsLoad holds events against what was written once: an event of today must load for ever.
func TestOldEventsLoad(t *testing.T) {
	t.Parallel()
	var types []string
	for _, e := range []suite.Event{
		proposed("one", 1).Proposed,
		suite.Edited{Digest: suite.DigestOf("two"), Word: ada},
		suite.Accepted{Word: ada},
		suite.Rejected{Word: ada},
		suite.ProofBegun{Text: 2, ProofID: "p1", Word: ada},
		suite.Exported{Text: 2, Format: suite.FormatGit, Word: ada, Place: suite.Place{
			Repository: "https://git.test/shop", Branch: "tapedeck/notes", Commit: "0a1b", URL: "https://git.test/shop/tree/tapedeck/notes", JobID: "j1",
		}},
	} {
		types = append(types, e.EventType())
		data, err := suite.Encode(e)
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
		back, err := suite.Decode(e.EventType(), 1, golden)
		require.NoError(t, err)
		require.Equal(t, e, back, "what was written once")
	}
	require.Equal(t, suite.Types(), types, "a sample of every type")
}
