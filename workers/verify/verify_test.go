package verify

import (
	"archive/zip"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"tapedeck/domain/proof"
	"tapedeck/domain/secret"
	"tapedeck/proxy/twin"
	"tapedeck/workers/verify/runner"
)

func TestEachRunHasConditionsOfItsOwn(t *testing.T) {
	t.Parallel()
	in := defaults()
	in.Runs = 20
	seeds, latencies, cpus, workers := map[uint64]bool{}, map[int]bool{}, map[int]bool{}, map[int]bool{}
	n := 0
	for _, b := range stability(in) {
		for _, p := range b.runs {
			require.Equal(t, b.workers, p.conditions.Workers)
			require.LessOrEqual(t, p.conditions.LatencyMS, in.MaxLatencyMS)
			if p.index == 0 {
				require.Zero(t, p.conditions.LatencyMS, "the first is calm")
				require.Equal(t, 1, p.conditions.CPU)
				require.Equal(t, 1, p.conditions.Workers, "and alone")
			}
			seeds[p.conditions.Seed], latencies[p.conditions.LatencyMS], cpus[p.conditions.CPU], workers[b.workers] = true, true, true, true
			n++
		}
	}
	require.Equal(t, 20, n)
	require.Len(t, seeds, 20)
	require.Greater(t, len(latencies), 10)
	require.Len(t, cpus, 2)
	require.Len(t, workers, 4)
	again := stability(in)
	require.Equal(t, again, stability(in), "the same seed gives the same")
}

// archive writes a zip of names and texts.
func archive(t *testing.T, files map[string]string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "p.zip")
	f, err := os.Create(path)
	require.NoError(t, err)
	z := zip.NewWriter(f)
	for name, text := range files {
		h := &zip.FileHeader{Name: name, Method: zip.Deflate}
		h.SetMode(mode)
		w, err := z.CreateHeader(h)
		require.NoError(t, err)
		_, err = w.Write([]byte(text))
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	require.NoError(t, f.Close())
	return path
}

func TestAProjectStaysInItsFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, unpack(archive(t, map[string]string{"tests/a.spec.ts": "x", "b.ts": "y"}, 0o644), dir))
	b, err := os.ReadFile(filepath.Join(dir, "tests", "a.spec.ts"))
	require.NoError(t, err)
	require.Equal(t, "x", string(b))
	for name, why := range map[string]string{"../a.ts": "leads out", "/etc/a.ts": "leads out", `..\a.ts`: "leads out"} {
		require.ErrorContains(t, unpack(archive(t, map[string]string{name: "x"}, 0o644), t.TempDir()), why, name)
	}
	require.ErrorContains(t, unpack(archive(t, map[string]string{"link": "/etc/passwd"}, 0o777|os.ModeSymlink), t.TempDir()), "no plain file")
	no := filepath.Join(t.TempDir(), "no.zip")
	require.NoError(t, os.WriteFile(no, []byte("hello"), 0o600))
	require.ErrorContains(t, unpack(no, t.TempDir()), "no zip archive")
}

func TestADifferenceIsWhatNoNormalRunHas(t *testing.T) {
	t.Parallel()
	shows := func(aria string, asked ...string) view {
		v := view{shown: map[int][]runner.PageView{1: {{URL: "http://app.test/?t=1", Aria: aria}}}}
		var r twin.Report
		for _, a := range asked {
			r.Served = append(r.Served, twin.Served{Method: a[:4], URL: a[5:]})
		}
		v.requests = requestsOf(r)
		return v
	}
	// Between two runs without a fault the clock and the number of posts differed.
	normal := []view{shows("- heading \"Reels\"\n- text: 12:00", "POST http://app.test/a"), shows("- heading \"Reels\"\n- text: 12:01", "POST http://app.test/a", "POST http://app.test/a")}
	require.Empty(t, difference(shows("- heading \"Reels\"\n- text: 12:00", "POST http://app.test/a?x=1"), normal))
	require.Contains(t, difference(shows("- heading \"Tapes\"\n- text: 12:00", "POST http://app.test/a"), normal), "Reels")
	require.Contains(t, difference(shows("- heading \"Reels\"\n- text: 12:00"), normal), "POST http://app.test/a")
	require.Contains(t, difference(shows("- heading \"Reels\"\n- text: 12:00", "POST http://app.test/a", "POST http://app.test/b"), normal), "/b")
}

func TestSecretsHaveNamesThatAShellTakes(t *testing.T) {
	t.Parallel()
	require.Equal(t, "ADMIN_PASSWORD", secret.Variable("admin-password"))
	in := defaults()
	in.Secrets = []Secret{{Name: "TOKEN", Ref: "A"}, {Name: "TOKEN", Ref: "B"}, {Name: "a b", Ref: "C"}, {Name: "NODE_OPTIONS", Ref: "D"}, {Name: "TAPEDECK_SOCKET", Ref: "E"}}
	require.Len(t, in.Check(), 4)
}

func TestPurposesHaveTheirOwnKeys(t *testing.T) {
	t.Parallel()
	require.NotEqual(t, planned{purpose: proof.Stability}.key("a"), planned{purpose: proof.Mutation}.key("a"))
}

func TestTheBackgroundWaitsForItsTurn(t *testing.T) {
	t.Parallel()
	var all turns
	require.NoError(t, all.wait(t.Context(), nil), "nobody is at work")
	first, second := all.enter(), all.enter()
	waited := make(chan error)
	go func() { waited <- all.wait(t.Context(), nil) }()
	first()
	select {
	case <-waited:
		t.Fatal("one is still at work")
	default:
	}
	second()
	require.NoError(t, <-waited)
	again := all.enter()
	defer again()
	stop := make(chan struct{})
	close(stop)
	require.NoError(t, all.wait(t.Context(), stop))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, all.wait(ctx, nil), context.Canceled)
}
