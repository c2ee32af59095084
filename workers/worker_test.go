package workers_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"tapedeck/domain/job"
)

func TestMain(m *testing.M) {
	if os.Getenv(workerURL) == "" {
		goleak.VerifyTestMain(m)
	}
	if err := workerMain(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func TestPing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.start()
	id := b.submit("system.ping", `{"message":"hello"}`)
	s := b.final(id)
	require.Equal(t, job.StatusSucceeded, s.Status)
	require.Contains(t, string(s.Result), `"pong":"hello"`)
	require.EqualValues(t, 3, s.Version, "submitted, started, succeeded: nothing else")
}

func TestExercise(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.start()
	id := b.submit("system.exercise", `{"lines":250,"rate":0,"artifactBytes":100000}`)
	s := b.final(id)
	require.Equal(t, job.StatusSucceeded, s.Status, "%+v", s.Error)
	out, lines := b.output(id, 1)
	require.Len(t, lines, 250)
	require.Equal(t, "line 250 of 250", lines[249].Text)
	require.EqualValues(t, 100, out.Progress.Percent)
	require.Len(t, out.Artifacts, 1)
	require.EqualValues(t, 100000, out.Artifacts[0].Size)
	require.Equal(t, job.Head{Count: out.Version, Hash: out.Head}, *s.Attempts[0].Output)
}
