package secretscan_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"os"
	"path/filepath"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"tapedeck/internal/secretscan"
)

const secret = "kestrel7quartz"

func zipped(t *testing.T, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	w, err := z.Create("inner.txt")
	require.NoError(t, err)
	_, err = w.Write(b)
	require.NoError(t, err)
	require.NoError(t, z.Close())
	return out.Bytes()
}

func gzipped(t *testing.T, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, err := z.Write(b)
	require.NoError(t, err)
	require.NoError(t, z.Close())
	return out.Bytes()
}

func zstded(t *testing.T, b []byte) []byte {
	t.Helper()
	z, err := zstd.NewWriter(nil)
	require.NoError(t, err)
	return z.EncodeAll(b, nil)
}

func TestASecretIsFoundHoweverItIsWritten(t *testing.T) {
	t.Parallel()
	s := secretscan.New(map[string]string{"password": secret})
	for how, text := range map[string][]byte{
		"plain": []byte("a kestrel7quartz b"), "its beginning": []byte("kestrel7qu"), "capitals": []byte("KESTREL7QUARTZ"),
		"percent": []byte("%6Bestr%65l7quartz"), "percent twice": []byte("%256Bestrel7quartz"),
		"escapes": []byte(`\u006bestrel\u0037quartz`), "escapes twice": []byte(`"{\"a\":\"\\u006bestrel7quartz\"}"`),
		"entities": []byte("&#107;estrel&#x37;quartz"), "tags": []byte("<p><b>kes</b>tr<i class=x>el7quartz</i>"),
		"entities between tags": []byte("<b>&#107;es</b>trel7quartz"), "escaped tags": []byte(`\u003cb\u003ekes\u003c/b\u003etrel7quartz`),
		"base64":     []byte(base64.StdEncoding.EncodeToString([]byte(secret))),
		"base64 + 1": []byte("Basic " + base64.StdEncoding.EncodeToString([]byte("a"+secret+"xx"))),
		"base64 + 2": []byte(base64.RawURLEncoding.EncodeToString([]byte("ab" + secret))),
		"hex":        []byte("6b65737472656c3771756172747a"), "utf-16": []byte("k\x00e\x00s\x00t\x00r\x00e\x00l\x007\x00q\x00"),
		"snapshot": []byte(`{"html":["P",{},["B",{},"kes"],"trel7",["I",{"c":"x"},"quartz"]]}`),
		"zip":      zipped(t, []byte(secret)), "gzip in the middle": append([]byte("head "), gzipped(t, []byte(secret))...),
		"zstd":               zstded(t, []byte(secret)),
		"zip in zip":         zipped(t, zipped(t, []byte(secret))),
		"base64 of gzip":     []byte(`{"body":"` + base64.StdEncoding.EncodeToString(gzipped(t, []byte(secret))) + `"}`),
		"base64 of entities": []byte(base64.StdEncoding.EncodeToString([]byte("<p>&#107;&#101;&#115;&#116;&#114;el7quartz</p>"))),
	} {
		require.NotEmpty(t, s.Bytes("file", text), how)
	}
	for _, text := range []string{"", "kestrel", "a quartz", "kes trel7quartz", "<b>kes</b> trel7quartz"} {
		require.Empty(t, s.Bytes("file", []byte(text)), text)
	}
}

func TestAFolderIsLookedThrough(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "a", "b"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a", "b", "c.txt"), []byte("x "+secret), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, secret), nil, 0o600))
	hits, files, err := secretscan.New(map[string]string{"password": secret}).Dir(dir)
	require.NoError(t, err)
	require.Equal(t, 2, files)
	require.Len(t, hits, 2)
	require.Equal(t, filepath.Join("a", "b", "c.txt"), hits[0].Where)
	require.Equal(t, "password", hits[0].Secret)
}
