package artifacts_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"tapedeck/artifacts"
	"tapedeck/domain/event"
)

const jobID = "0198f3f0-1111-7000-8000-000000000000"

func open(t *testing.T) (*artifacts.Store, string) {
	t.Helper()
	dir := t.TempDir()
	s, err := artifacts.Open(t.Context(), "file://"+dir+"/bucket")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	require.NoError(t, s.Healthy(t.Context()))
	return s, dir
}

// files lists every file below dir, relative to it.
func files(t *testing.T, dir string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(dir, p)
			out = append(out, filepath.ToSlash(rel))
		}
		return err
	})
	require.NoError(t, err)
	return out
}

func TestPutAndRead(t *testing.T) {
	t.Parallel()
	s, dir := open(t)
	body := bytes.Repeat([]byte("0123456789"), 100_000)
	key := artifacts.Key{JobID: jobID, Attempt: 2, Name: "traces/Überblick 1.zip"}

	got, err := s.Put(t.Context(), key, "", iotest.OneByteReader(bytes.NewReader(body[:1000])), 1000)
	require.NoError(t, err)
	require.EqualValues(t, 1000, got.Size)
	got, err = s.Put(t.Context(), key, "", bytes.NewReader(body), 1<<20)
	require.NoError(t, err)
	require.Equal(t, artifacts.Stored{
		Size: int64(len(body)), ContentType: "application/zip", SHA256: event.Hash(sha256.Sum256(body)),
	}, got)
	require.Equal(t, []string{"bucket/jobs/" + jobID + "/2/traces/Überblick 1.zip"}, files(t, dir))

	for _, c := range []struct{ offset, length, want int64 }{
		{0, -1, int64(len(body))}, {7, 3, 3}, {int64(len(body)) - 5, 100, 5}, {int64(len(body)), -1, 0}, {1 << 40, 5, 0}, {3, 0, 0},
	} {
		r, err := s.Read(t.Context(), key, c.offset, c.length)
		require.NoError(t, err)
		part, err := io.ReadAll(r)
		require.NoError(t, err)
		require.NoError(t, r.Close())
		require.EqualValues(t, len(body), r.Size)
		from := min(c.offset, int64(len(body)))
		require.True(t, bytes.Equal(body[from:from+c.want], part), "%+v: %d bytes", c, len(part))
	}
	_, err = s.Read(t.Context(), key, -1, 1)
	require.Error(t, err)
	_, err = s.Read(t.Context(), artifacts.Key{JobID: jobID, Attempt: 1, Name: key.Name}, 0, -1)
	require.ErrorIs(t, err, artifacts.ErrNotFound)
	_, err = s.Read(t.Context(), artifacts.Key{JobID: jobID, Attempt: 2, Name: "traces"}, 0, -1)
	require.ErrorIs(t, err, artifacts.ErrNotFound, "a folder is no file")
}

// A Put that does not end well leaves nothing behind, and an older file as it was.
func TestPutIsAllOrNothing(t *testing.T) {
	t.Parallel()
	s, dir := open(t)
	key := artifacts.Key{JobID: jobID, Attempt: 1, Name: "a.txt"}
	_, err := s.Put(t.Context(), key, "", strings.NewReader("first"), 5)
	require.NoError(t, err)
	boom := errors.New("boom")
	_, err = s.Put(t.Context(), key, "", io.MultiReader(strings.NewReader("sec"), iotest.ErrReader(boom)), 100)
	require.ErrorIs(t, err, boom)
	_, err = s.Put(t.Context(), key, "", strings.NewReader("longer"), 5)
	require.ErrorIs(t, err, artifacts.ErrTooLarge)
	ctx, cancel := context.WithCancel(t.Context())
	_, err = s.Put(ctx, key, "", io.MultiReader(strings.NewReader("third"), cancelReader{cancel}), 100)
	require.ErrorIs(t, err, context.Canceled)

	require.Equal(t, []string{"bucket/jobs/" + jobID + "/1/a.txt"}, files(t, dir))
	r, err := s.Read(t.Context(), key, 0, -1)
	require.NoError(t, err)
	body, err := io.ReadAll(r)
	require.NoError(t, err)
	require.NoError(t, r.Close())
	require.Equal(t, "first", string(body))
}

type cancelReader struct{ cancel func() }

func (r cancelReader) Read([]byte) (int, error) { r.cancel(); return 0, io.EOF }

var hostileNames = []string{
	"", ".", "..", "...", "../x", "a/../../x", "a/..", "/etc/passwd", "//x", "a//b", "a/", "./a", "a/./b",
	`..\x`, `C:\x`, "a\x00b", "a\nb", "a\x7fb", "a\u202egnp.exe", "a\u200bb", "a\u2028b", "a\xffb", "a\ufffdb",
	"x.attrs", "a.attrs/b", "__0x2e__", " a", "a ", "a/ b", strings.Repeat("n", 201), strings.Repeat("n/", 256) + "n",
}

func TestHostileNames(t *testing.T) {
	t.Parallel()
	s, dir := open(t)
	for _, name := range hostileNames {
		_, err := s.Put(t.Context(), artifacts.Key{JobID: jobID, Attempt: 1, Name: name}, "", strings.NewReader("x"), 1)
		require.ErrorIs(t, err, artifacts.ErrName, "%q", name)
		_, err = s.Read(t.Context(), artifacts.Key{JobID: jobID, Attempt: 1, Name: name}, 0, -1)
		require.ErrorIs(t, err, artifacts.ErrName, "%q", name)
	}
	for _, id := range []string{"", ".", "..", "a/b", `a\b`, ".a", "a\x00", "ä", strings.Repeat("x", 129)} {
		_, err := s.Put(t.Context(), artifacts.Key{JobID: id, Attempt: 1, Name: "a"}, "", strings.NewReader("x"), 1)
		require.ErrorIs(t, err, artifacts.ErrName, "%q", id)
	}
	_, err := s.Put(t.Context(), artifacts.Key{JobID: jobID, Name: "a"}, "", strings.NewReader("x"), 1)
	require.ErrorIs(t, err, artifacts.ErrName)
	require.Empty(t, files(t, dir))
}

func TestOpenRefusesWhatItCannotBe(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	for _, where := range []string{"", "file://", "file://host/dir", "file:///x?metadata=", "nosuch://bucket", file} {
		_, err := artifacts.Open(t.Context(), where)
		require.Error(t, err, "%q", where)
	}
}

// A name that is accepted stores exactly one file, inside its attempt's folder, and reads it back.
func FuzzName(f *testing.F) {
	for _, name := range append(hostileNames, "a", "a/b/c.txt", "..a", "a..", "日本語.png", "-rf", "a.tmp") {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		dir := t.TempDir()
		s, err := artifacts.Open(t.Context(), filepath.Join(dir, "bucket"))
		require.NoError(t, err)
		defer s.Close()
		key := artifacts.Key{JobID: "j", Attempt: 1, Name: name}
		if _, err := s.Put(t.Context(), key, "", strings.NewReader("x"), 1); errors.Is(err, artifacts.ErrName) {
			require.Empty(t, files(t, dir))
			return
		}
		require.NoError(t, err)
		require.Equal(t, []string{"bucket/jobs/j/1/" + name}, files(t, dir))
		r, err := s.Read(t.Context(), key, 0, -1)
		require.NoError(t, err)
		require.NoError(t, r.Close())
	})
}

func TestTextsAreKeptOnce(t *testing.T) {
	t.Parallel()
	s, dir := open(t)
	one, err := s.PutText(t.Context(), []byte("# Text"))
	require.NoError(t, err)
	again, err := s.PutText(t.Context(), []byte("# Text"))
	require.NoError(t, err)
	require.Equal(t, one, again)
	require.Equal(t, event.Hash(sha256.Sum256([]byte("# Text"))), one)
	require.Len(t, files(t, dir), 1)
	r, err := s.OpenText(t.Context(), one)
	require.NoError(t, err)
	b, err := io.ReadAll(r)
	require.NoError(t, errors.Join(err, r.Close()))
	require.Equal(t, "# Text", string(b))
	_, err = s.OpenText(t.Context(), event.Hash{1})
	require.ErrorIs(t, err, artifacts.ErrNotFound)
}
