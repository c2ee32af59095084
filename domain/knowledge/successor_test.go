package knowledge_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tapedeck/domain/knowledge"
)

func TestWhatBecameOfPassages(t *testing.T) {
	t.Parallel()
	old := knowledge.Split("doc-1", []byte("# Booking\n\nThe guest name must not exceed 30 characters.\n\nThe company name must not exceed 50 characters.\n\nInvoices must be sent by post.\n\nA table is held for an hour.\n"))
	now := knowledge.Split("doc-1", []byte("# Booking\n\nThe guest name must not exceed 20 characters.\n\nThe company name must not exceed 50 characters.\n\nDogs are welcome everywhere but in the kitchen.\n\n- A table is held for an hour.\n"))
	became := knowledge.Successors(old, now)
	require.Equal(t, "The guest name must not exceed 20 characters.", became[old[0].ID].Text)
	require.NotContains(t, became, old[1].ID, "it is still there")
	require.NotContains(t, became, old[2].ID, "nothing is like it")
	require.NotContains(t, became, old[3].ID, "an item is no paragraph")
	require.Empty(t, knowledge.Successors(old, old))
	require.Empty(t, knowledge.Successors(old, nil))

	// What is gone is not taken for a neighbour that was always there.
	left := knowledge.Split("doc-1", []byte("# Booking\n\nThe company name must not exceed 50 characters.\n"))
	require.Empty(t, knowledge.Successors(old, left))
	moved := knowledge.Split("doc-1", []byte("# Booking\n\n## Guests\n\nThe guest name must not exceed 30 characters.\n"))
	require.Equal(t, moved[0], knowledge.Successors(old, moved)[old[0].ID], "it stands under another heading")
}

// Each successor is new, of the same kind, and has one predecessor.
func TestSuccessorsAreDistinct(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		draw := func(label string) []knowledge.Passage {
			text := "# T\n\n"
			for _, line := range rapid.SliceOfN(rapid.StringMatching(`(- )?[abc]( [abc]){0,3}`), 0, 12).Draw(t, label) {
				text += line + "\n\n"
			}
			return knowledge.Split("doc-1", []byte(text))
		}
		old, now := draw("old"), draw("now")
		before, seen := map[string]knowledge.Passage{}, map[string]bool{}
		for _, p := range old {
			before[p.ID] = p
		}
		for id, p := range knowledge.Successors(old, now) {
			require.Equal(t, before[id].Kind, p.Kind)
			require.NotContains(t, before, p.ID)
			require.False(t, seen[p.ID])
			seen[p.ID] = true
		}
	})
}
