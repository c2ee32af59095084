package tapefile_test

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tapedeck/domain/job"
	"tapedeck/eventstore/jobs"
	"tapedeck/eventstore/memory"
	"tapedeck/eventstore/tapefile"
)

// finished returns the plain tape file of a job that said two things and succeeded.
func finished(t testing.TB) []byte {
	t.Helper()
	ctx, now := context.Background(), time.Unix(1000, 0)
	store := memory.New(nil)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	repo, by := jobs.New(store, jobs.Config{}), jobs.Caller{Source: "test"}
	s, _, err := repo.Submit(ctx, "j1", "default", by, job.Submit{Now: now, Kind: "system.ping"})
	require.NoError(t, err)
	s, _, err = repo.Apply(ctx, s, by, job.Start{Now: now, Attempt: 1, Worker: "w", Lease: "l", LeaseMS: 1000})
	require.NoError(t, err)
	out := repo.Output(s, by)
	require.NoError(t, out.Append(ctx, now, job.Logged{Lines: []job.Line{{Time: now, Level: "info", Text: "hello"}}}))
	require.NoError(t, out.Append(ctx, now, job.ArtifactStored{Name: "a.txt", Size: 3, ContentType: "text/plain"}))
	_, _, err = repo.Apply(ctx, s, by, job.Succeed{Now: now, Lease: "l", Output: out.Head()})
	require.NoError(t, err)
	var buf bytes.Buffer
	require.NoError(t, tapefile.Write(ctx, &buf, store, "j1", now))
	require.ErrorIs(t, tapefile.Write(ctx, io.Discard, store, "none", now), job.ErrNotFound)
	return buf.Bytes()
}

func TestEveryCompressionVerifies(t *testing.T) {
	t.Parallel()
	plain := finished(t)
	for _, c := range []tapefile.Compression{tapefile.None, tapefile.Gzip, tapefile.Zstd} {
		var packed bytes.Buffer
		w, err := tapefile.Compress(&packed, c)
		require.NoError(t, err)
		_, err = w.Write(plain)
		require.NoError(t, err)
		require.NoError(t, w.Close())
		report, err := tapefile.Verify(&packed)
		require.NoError(t, err)
		require.Empty(t, report.Faults)
		require.Equal(t, uint64(5), report.Events)
		require.Equal(t, job.StatusSucceeded, report.Status)
		require.Len(t, report.Artifacts, 1)
		require.Equal(t, "a.txt", report.Artifacts[0].Name)
	}
}

func TestTamperingIsFound(t *testing.T) {
	t.Parallel()
	plain := string(finished(t))
	lines := strings.SplitAfter(plain, "\n")
	require.Len(t, lines, 8, "header, five events, trailer, nothing")
	for name, file := range map[string]string{
		"a changed word":        strings.Replace(plain, "hello", "hallo", 1),
		"a missing event":       strings.Join(append(append([]string{}, lines[:2]...), lines[3:]...), ""),
		"a missing last output": strings.Join(append(append([]string{}, lines[:5]...), lines[6:]...), ""),
		"two swapped":           lines[0] + lines[2] + lines[1] + strings.Join(lines[3:], ""),
		"cut off":               strings.Join(lines[:6], ""),
	} {
		report, err := tapefile.Verify(strings.NewReader(file))
		require.NoError(t, err, name)
		require.NotEmpty(t, report.Faults, name)
	}
	_, err := tapefile.Verify(strings.NewReader("hello\n"))
	require.ErrorIs(t, err, tapefile.ErrNotATape)
}

func FuzzVerify(f *testing.F) {
	f.Add(finished(f))
	f.Add([]byte{0x28, 0xb5, 0x2f, 0xfd, 0})
	f.Add([]byte{0x1f, 0x8b, 8, 0})
	f.Fuzz(func(t *testing.T, in []byte) {
		report, err := tapefile.Verify(bytes.NewReader(in))
		if err == nil && report.OK() {
			require.Equal(t, report.Events > 0, len(report.Streams) > 0)
		}
	})
}
