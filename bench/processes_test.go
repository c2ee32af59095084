package main

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestStatIsReadWhateverTheNameHolds(t *testing.T) {
	t.Parallel()
	p, ok := parseStat("42 (a) b (c) S 7 42 42 0 -1 4194560 1 2 3 4 100 20 30 4 20 0 1 0 5 6 7")
	require.True(t, ok)
	require.Equal(t, process{pid: 42, parent: 7, name: "a) b (c", cpu: 1540 * time.Millisecond}, p)
	_, ok = parseStat("42 (cut off")
	require.False(t, ok)
}

func TestOwnProcessIsFound(t *testing.T) {
	t.Parallel()
	all := processesBelow(os.Getpid())
	require.NotEmpty(t, all)
	require.Equal(t, os.Getpid(), all[0].pid)
	require.Positive(t, all[0].pss())
}
