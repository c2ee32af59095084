package recorder

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tapedeck/domain/recording"
)

// TestAVariableIsWrittenDownAsItWasEntered: what a run enters is what its recording holds, and what is unique is of the same
// sort as what was recorded.
func TestAVariableIsWrittenDownAsItWasEntered(t *testing.T) {
	t.Parallel()
	steps := []recording.Step{
		{ID: "1", Type: recording.Fill, Value: &recording.Value{Text: "ada@example.com", Variable: "email"}},
		{ID: "2", Type: recording.Fill, Value: &recording.Value{Text: "xxx", Secret: "password", Variable: "email"}},
		{ID: "3", Type: recording.Select, Values: []recording.Value{{Text: "l"}, {Text: "m", Variable: "size"}}},
	}
	require.Equal(t, "ada@example.com", recordedText(steps, "email"))
	require.Empty(t, recordedText(steps, "nothing"))
	got := entered(steps, map[string]string{"email": "eve@example.com", "size": "s"})
	require.Equal(t, "eve@example.com", got[0].Value.Text)
	require.Equal(t, "xxx", got[1].Value.Text, "a secret stays what stands for it")
	require.Equal(t, []recording.Value{{Text: "l"}, {Text: "s", Variable: "size"}}, got[2].Values)
	require.Equal(t, "ada@example.com", steps[0].Value.Text)
	require.Equal(t, "m", steps[2].Values[1].Text)

	require.Regexp(t, `^ada\.[0-9a-f]{8}@example\.com$`, uniqueText("ada@example.com", "a/1"))
	require.Regexp(t, `^12345[0-9]{6}$`, uniqueText("12345", "a/1"))
	require.Regexp(t, `^Tape 1-[0-9a-f]{8}$`, uniqueText("Tape 1", "a/1"))
	require.NotEqual(t, uniqueText("Tape", "a/1"), uniqueText("Tape", "a/2"), "each attempt has its own")
}
