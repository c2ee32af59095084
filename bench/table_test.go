package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMedianIsOfTheMiddle(t *testing.T) {
	t.Parallel()
	require.InDelta(t, 2, median([]float64{9, 1, 2}), 0)
	require.InDelta(t, 3, median([]float64{4, 1, 2, 9}), 0)
}

func TestAFigureIsHeldAgainstItsTarget(t *testing.T) {
	t.Parallel()
	peer := figure{Name: "peer", Runs: []float64{100}}
	for _, c := range []struct {
		name    string
		f       figure
		reached bool
	}{
		{"at least", figure{Runs: []float64{10}, Target: atLeast(10)}, true},
		{"less than at least", figure{Runs: []float64{9.9}, Target: atLeast(10)}, false},
		{"at most", figure{Runs: []float64{10}, Target: atMost(10)}, true},
		{"more than at most", figure{Runs: []float64{10.1}, Target: atMost(10)}, false},
		{"none", figure{Runs: []float64{0}, Target: atMost(0)}, true},
		{"one instead of none", figure{Runs: []float64{1}, Target: atMost(0)}, false},
		{"not measured", figure{Target: atMost(100)}, false},
		{"ratio", figure{Runs: []float64{200}, Target: ratioAtLeast(2)}.against(peer), true},
		{"ratio too small", figure{Runs: []float64{199}, Target: ratioAtLeast(2)}.against(peer), false},
	} {
		require.Equal(t, c.reached, c.f.reached(), c.name)
	}
}

func TestTheFastestPeerIsTheReference(t *testing.T) {
	t.Parallel()
	contenders := []contender{{name: "slow"}, {name: "fast"}, {name: "ours", atBest: 2}}
	rate := []figure{{Runs: []float64{1}}, {Runs: []float64{3}}, {Runs: []float64{9}}}
	require.Equal(t, 1, fastestPeer(contenders, rate))
}

func TestTableSaysWhatWasNotReached(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	printTable(&out, []figure{
		{Section: "s", Name: "a", Unit: "ms", Runs: []float64{1234.5, 1, 5000}, Target: atMost(20)},
		{Section: "s", Name: "b", Unit: "ms", Runs: []float64{12.34}, Target: atMost(20)},
	})
	require.Contains(t, out.String(), "1,235 ms")
	require.Equal(t, 1, strings.Count(out.String(), "NOT REACHED"))
	require.Contains(t, out.String(), "12.3 ms")
}
