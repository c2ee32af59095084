package artifacts_test

import (
	"archive/zip"
	"bytes"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"tapedeck/artifacts"
)

func TestAFileOfAnArchiveIsReplaced(t *testing.T) {
	t.Parallel()
	var raw bytes.Buffer
	z := zip.NewWriter(&raw)
	for _, name := range []string{"package.json", "tests/a.spec.ts", "tests/b.spec.ts"} {
		w, err := z.Create(name)
		require.NoError(t, err)
		_, err = w.Write([]byte("old " + name))
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())

	got, err := artifacts.ReplaceFile(raw.Bytes(), "tests/a.spec.ts", []byte("new"))
	require.NoError(t, err)
	r, err := zip.NewReader(bytes.NewReader(got), int64(len(got)))
	require.NoError(t, err)
	files := map[string]string{}
	for _, f := range r.File {
		one, err := f.Open()
		require.NoError(t, err)
		text, err := io.ReadAll(one)
		require.NoError(t, err)
		require.NoError(t, one.Close())
		files[f.Name] = string(text)
	}
	require.Equal(t, map[string]string{"package.json": "old package.json", "tests/a.spec.ts": "new", "tests/b.spec.ts": "old tests/b.spec.ts"}, files)
	again, err := artifacts.ReplaceFile(raw.Bytes(), "tests/a.spec.ts", []byte("new"))
	require.NoError(t, err)
	require.Equal(t, got, again, "the same of the same")

	_, err = artifacts.ReplaceFile(raw.Bytes(), "tests/c.spec.ts", nil)
	require.ErrorIs(t, err, artifacts.ErrNoFile)
	_, err = artifacts.ReplaceFile([]byte("no archive"), "x", nil)
	require.ErrorContains(t, err, "read archive")
}
