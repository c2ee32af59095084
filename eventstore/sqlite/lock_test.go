package sqlite_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tapedeck/domain/event"
	"tapedeck/eventstore"
	"tapedeck/eventstore/eventstoretest"
	"tapedeck/eventstore/sqlite"
)

// childEnv names the store that a child process of a test is to fill.
const childEnv = "TAPEDECK_TEST_SQLITE_CHILD"

// child appends as fast as it can until it is killed and prints a receipt for each append that was
// acknowledged: the stream, its version and the head's hash.
func child(path string) {
	s, err := sqlite.Open(context.Background(), sqlite.Config{Path: path})
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(3)
	}
	fmt.Println("open")
	var out sync.Mutex
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			for n := 0; ; n++ {
				one := eventstoretest.Stream{Name: fmt.Sprintf("job/%d-%d-%d", os.Getpid(), i, n)}
				for v := range uint64(5) {
					w := one.Next(1)
					a := eventstore.Append{
						Writes: []eventstore.Write{w}, Enqueue: []eventstore.Enqueue{{Topic: "q/a/high"}},
						Deadlines: []eventstore.SetDeadline{{Stream: one.Name, At: time.Unix(1, 0)}},
					}
					if _, err := s.Append(context.Background(), a); err != nil {
						fmt.Println("error:", err)
						os.Exit(3)
					}
					out.Lock()
					fmt.Println(one.Name, v+1, w.Events[0].Hash)
					out.Unlock()
				}
			}
		})
	}
	wg.Wait()
}

func startChild(t testing.TB, path string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	exe, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), childEnv+"="+path)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return cmd, bufio.NewScanner(out)
}

func TestSecondProcessIsToldWhoHasTheStore(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "tape.db")
	cmd, out := startChild(t, path)
	require.True(t, out.Scan())
	require.Equal(t, "open", out.Text())
	_, err := sqlite.Open(context.Background(), sqlite.Config{Path: path})
	require.ErrorIs(t, err, eventstore.ErrLocked)
	require.ErrorContains(t, err, fmt.Sprintf("process %d", cmd.Process.Pid))
	require.ErrorContains(t, err, path)
	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait()

	s := open(t, sqlite.Config{Path: path})
	_, err = sqlite.Open(context.Background(), sqlite.Config{Path: path})
	require.ErrorIs(t, err, eventstore.ErrLocked, "nor twice in one process")
	require.NoError(t, s.Close())
	open(t, sqlite.Config{Path: path})
}

// Whatever was acknowledged is there after any number of kills, with its effects, and every chain
// holds. TAPEDECK_KILLS sets how many kills.
func TestKilledAgainAndAgain(t *testing.T) {
	t.Parallel()
	kills := 20
	if n, err := strconv.Atoi(os.Getenv("TAPEDECK_KILLS")); err == nil {
		kills = n
	}
	path := filepath.Join(t.TempDir(), "tape.db")
	receipts := map[string]uint64{} // stream → highest acknowledged version
	hashes := map[string]string{}   // stream, version → hash
	for kill := range kills {
		cmd, out := startChild(t, path)
		for n := 0; out.Scan(); n++ {
			f := strings.Fields(out.Text())
			require.NotEqual(t, "error:", f[0], out.Text())
			if len(f) == 3 {
				v, err := strconv.ParseUint(f[1], 10, 64)
				require.NoError(t, err)
				receipts[f[0]] = max(receipts[f[0]], v)
				hashes[f[0]+" "+f[1]] = f[2]
			}
			if n == 50+31*kill+1500*(kill/10%2) {
				require.NoError(t, cmd.Process.Kill()) // what is in the pipe is read on: it was acknowledged
			}
		}
		_ = cmd.Wait()
	}
	require.Greater(t, len(hashes), 50*kills)

	s := open(t, sqlite.Config{Path: path})
	chains := map[string]*eventstore.Chain{}
	total := 0
	for after := (eventstore.Position{}); ; {
		b, err := s.ReadAll(context.Background(), after, 1000)
		require.NoError(t, err)
		require.Zero(t, b.Malformed)
		if b.Next == after {
			break
		}
		for _, e := range b.Events {
			c := chains[e.Stream]
			if c == nil {
				c = &eventstore.Chain{Stream: e.Stream}
				chains[e.Stream] = c
			}
			require.NoError(t, c.Verify(e.Stored))
			if want, ok := hashes[fmt.Sprintf("%s %d", e.Stream, e.Sequence)]; ok {
				require.Equal(t, want, e.Hash.String())
			}
		}
		total, after = total+len(b.Events), b.Next
	}
	for stream, version := range receipts {
		require.NotNil(t, chains[stream], "%s was acknowledged", stream)
		require.GreaterOrEqual(t, chains[stream].Version, version, stream)
	}
	require.Equal(t, int64(total), waiting(t, s, "q/a/high"), "one message for each event, no more and no less")
	due, _, _, err := s.Due(context.Background(), 1_000_000)
	require.NoError(t, err)
	require.Len(t, due, len(chains), "one deadline for each stream")
	m := <-subscribe(t, s, "q/a/high")
	_, _, err = event.Parse(m.Payload)
	require.NoError(t, err)
}
