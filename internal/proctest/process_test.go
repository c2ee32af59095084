package proctest_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"tapedeck/internal/proctest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func shell(script string) *exec.Cmd { return exec.Command("bash", "-c", script) }

func says(text string) func(string) bool {
	return func(line string) bool { return strings.Contains(line, text) }
}

func TestStartWaitsForTheReadyLine(t *testing.T) {
	t.Parallel()
	p, err := proctest.Start(shell("echo loading; echo ready >&2; exec sleep 600"), says("ready"))
	require.NoError(t, err)
	require.True(t, p.Running())
	require.Equal(t, "loading\nready", p.Log())
	require.NoError(t, p.Kill())
	require.False(t, p.Running())
	require.ErrorContains(t, p.Err(), "killed")
	require.NoError(t, p.Kill(), "ending what has ended is no fault")
}

func TestStartReportsAnEarlyEnd(t *testing.T) {
	t.Parallel()
	_, err := proctest.Start(shell("echo no disk; exit 3"), says("ready"))
	require.ErrorContains(t, err, "exit status 3")
	require.ErrorContains(t, err, "no disk")
}

func TestStopEndsAPausedProcessInItsOwnWay(t *testing.T) {
	t.Parallel()
	p, err := proctest.Start(shell(`trap 'echo bye; exit 7' TERM; echo ready; while :; do sleep 0.01; done`), says("ready"))
	require.NoError(t, err)
	require.NoError(t, p.Pause())
	require.NoError(t, p.Stop())
	require.ErrorContains(t, p.Err(), "exit status 7")
	require.Equal(t, "ready\nbye", p.Log())
}
