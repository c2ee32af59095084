package bucket_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gocloud.dev/blob"

	"tapedeck/internal/s3test"
	"tapedeck/workers/ingest/bucket"
)

func allowed(t *testing.T, addresses ...string) bucket.Allowed {
	t.Helper()
	a, err := bucket.ParseAllowed(addresses)
	require.NoError(t, err)
	return a
}

func requireCode(t *testing.T, code bucket.Code, err error) {
	t.Helper()
	var e *bucket.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, code, e.Code, e.Message)
}

func TestOnlyWhatIsAllowedIsFound(t *testing.T) {
	t.Parallel()
	a := allowed(t, "s3://specs?region=eu-central-1&endpoint=http://127.0.0.1:1", "s3://shared/shop/", "gs://*", "file:///srv/specs")
	for _, c := range []struct{ address, prefix, url, at string }{
		{"s3://specs", "", "s3://specs", ""},
		{"s3://specs/", "shop", "s3://specs", "shop"},
		{"s3://specs/shop/", "2026/", "s3://specs", "shop/2026/"},
		{"s3://shared/shop", "", "s3://shared", "shop/"},
		{"s3://shared/shop/cart", "", "s3://shared", "shop/cart/"},
		{"gs://anything", "x/", "gs://anything", "x/"},
		{"file:///srv/specs", "", "file:///srv/specs", ""},
		{"file:///srv/specs/shop/../cart", "a", "file:///srv/specs", "cart/a"},
	} {
		p, err := a.Find(c.address, c.prefix)
		require.NoError(t, err, c.address)
		require.Equal(t, c.url, p.URL, c.address)
		require.Equal(t, c.at, p.Prefix, c.address)
	}
	for address, code := range map[string]bucket.Code{
		"s3://other": bucket.NotAllowed, "s3://shared": bucket.NotAllowed, "s3://shared/shopping": bucket.NotAllowed, "gs://": bucket.NotAllowed,
		"azblob://docs": bucket.NotAllowed, "file:///srv": bucket.NotAllowed, "file:///srv/specs/../../etc": bucket.NotAllowed,
		"file:///srv/specs2": bucket.NotAllowed, "file:///": bucket.NotAllowed, "file://etc": bucket.NotAllowed,
		"s3://specs?endpoint=http://10.0.0.1": bucket.Invalid, "s3://key:secret@specs": bucket.Invalid, "http://specs": bucket.Invalid,
		"specs": bucket.Invalid, "mem://": bucket.Invalid, "": bucket.Invalid,
	} {
		_, err := a.Find(address, "")
		requireCode(t, code, err)
	}
	p, err := a.Find("file:///srv/specs/shop", "../../../etc/")
	require.NoError(t, err)
	require.Equal(t, "shop/etc/", p.Prefix, "a prefix stays below its folder")
	_, err = bucket.Allowed(nil).Find("s3://specs", "")
	requireCode(t, bucket.NotAllowed, err)
	require.ErrorContains(t, err, "INGEST_BUCKETS")
	for _, bad := range []string{"http://specs", "s3://", "s3://user:pass@specs", "file://srv", "file:///", "file:///..", "%zz"} {
		_, err := bucket.ParseAllowed([]string{bad})
		require.Error(t, err, bad)
		require.NotContains(t, err.Error(), "pass@")
	}
}

func TestPatterns(t *testing.T) {
	t.Parallel()
	p, err := bucket.ParsePatterns([]string{"*.md", "shop/*", "!*/drafts/*", "!*(1).md"})
	require.NoError(t, err)
	for key, want := range map[string]bool{
		"a.md": true, "deep/er/a.md": true, "shop/x.pdf": true, "x.pdf": false, "a.mdx": false, "shop/drafts/a.md": false, "copy(1).md": false,
	} {
		require.Equal(t, want, p.Choose(key), key)
	}
	p, err = bucket.ParsePatterns([]string{"!*.png"})
	require.NoError(t, err)
	require.True(t, p.Choose("a.md"))
	require.False(t, p.Choose("a.png"))
	for _, bad := range [][]string{{""}, {"!"}, make([]string, 101)} {
		_, err := bucket.ParsePatterns(bad)
		require.Error(t, err)
	}
}

// folder has files in a folder of its own.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	return dir
}

func open(t *testing.T, a bucket.Allowed, address, prefix string) *bucket.Bucket {
	t.Helper()
	p, err := a.Find(address, prefix)
	require.NoError(t, err)
	b, err := bucket.Open(t.Context(), p)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.Close()) })
	return b
}

func list(t *testing.T, b *bucket.Bucket) (objects []bucket.Object, keys string) {
	t.Helper()
	var names []string
	for o, err := range b.List(t.Context()) {
		require.NoError(t, err)
		objects = append(objects, o)
		names = append(names, o.Key)
	}
	return objects, strings.Join(names, " ")
}

func read(t *testing.T, b *bucket.Bucket, key string) (string, error) {
	t.Helper()
	r, err := b.Read(t.Context(), key)
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(r)
	return string(text), errors.Join(err, r.Close())
}

func TestAFolderIsReadAndNothingBesideIt(t *testing.T) {
	t.Parallel()
	outside := folder(t, map[string]string{"secret.txt": "secret"})
	dir := folder(t, map[string]string{"b.md": "two", "a/1.md": "one", "a/.git/config": "no", ".env": "no", "a-b.txt": "three"})
	require.NoError(t, os.Symlink(filepath.Join(outside, "secret.txt"), filepath.Join(dir, "link.txt")))
	require.NoError(t, os.Symlink(outside, filepath.Join(dir, "linked")))
	require.NoError(t, os.Symlink("b.md", filepath.Join(dir, "inside.md")))
	b := open(t, allowed(t, "file://"+dir), "file://"+dir, "")
	objects, keys := list(t, b)
	require.NotContains(t, keys, "secret")
	require.Subset(t, strings.Fields(keys), []string{"a-b.txt", "a/1.md", "b.md"})
	require.NotContains(t, keys, "git")
	require.NotContains(t, keys, ".env")
	require.True(t, sorted(objects), keys)
	text, err := read(t, b, "a/1.md")
	require.NoError(t, err)
	require.Equal(t, "one", text)
	text, err = read(t, b, "inside.md")
	require.NoError(t, err)
	require.Equal(t, "two", text)
	for _, key := range []string{"link.txt", "linked/secret.txt", "../secret.txt"} {
		_, err := read(t, b, key)
		require.Error(t, err, key)
	}
	_, err = read(t, b, "gone.md")
	requireCode(t, bucket.NotFound, err)

	_, keys = list(t, open(t, allowed(t, "file://"+dir), "file://"+dir+"/a", ""))
	require.Equal(t, "a/1.md", keys)
	p, err := allowed(t, "file://"+dir+"/none").Find("file://"+dir+"/none", "")
	require.NoError(t, err)
	_, err = bucket.Open(t.Context(), p)
	requireCode(t, bucket.NotFound, err)
}

func sorted(objects []bucket.Object) bool {
	for i := 1; i < len(objects); i++ {
		if objects[i-1].Key >= objects[i].Key {
			return false
		}
	}
	return true
}

func TestAnS3BucketIsRead(t *testing.T) { //nolint:paralleltest // credentials are the process's
	s := s3test.Start(t)
	name := s.Bucket(t, map[string]string{"shop/cart.md": "# Cart", "shop/list.md": "# List", "other/x.md": "x", "shop/.hidden/y.md": "y"})
	t.Setenv("AWS_ACCESS_KEY_ID", s.Key)
	t.Setenv("AWS_SECRET_ACCESS_KEY", s.Secret)
	a := allowed(t, "s3://"+name+"?"+s.Options, "s3://none-"+name+"?"+s.Options)
	b := open(t, a, "s3://"+name, "shop/")
	objects, keys := list(t, b)
	require.Equal(t, "shop/cart.md shop/list.md", keys)
	require.EqualValues(t, 6, objects[0].Size)
	require.NotEqual(t, objects[0].Version, objects[1].Version)
	text, err := read(t, b, "shop/cart.md")
	require.NoError(t, err)
	require.Equal(t, "# Cart", text)
	_, err = read(t, b, "shop/none.md")
	requireCode(t, bucket.NotFound, err)

	s.Put(t, name, map[string]string{"shop/cart.md": "# Card", "shop/list.md": "# List"})
	again, _ := list(t, b)
	require.NotEqual(t, objects[0].Version, again[0].Version)
	require.Equal(t, objects[1].Version, again[1].Version, "the same bytes again are no change")

	_, err = first(t, open(t, a, "s3://none-"+name, ""))
	requireCode(t, bucket.NotFound, err)
	t.Setenv("AWS_SECRET_ACCESS_KEY", "not-the-secret-at-all")
	_, err = first(t, open(t, a, "s3://"+name, ""))
	requireCode(t, bucket.Forbidden, err)
	require.NotContains(t, err.Error(), "not-the-secret")
	dead := allowed(t, "s3://"+name+"?region=us-east-1&use_path_style=true&endpoint=http://127.0.0.1:1")
	_, err = first(t, open(t, dead, "s3://"+name, ""))
	requireCode(t, bucket.Unavailable, err)
}

func first(t *testing.T, b *bucket.Bucket) (bucket.Object, error) {
	t.Helper()
	for o, err := range b.List(t.Context()) {
		return o, err
	}
	return bucket.Object{}, nil
}

// The other stores cannot run here: their drivers are there and say what they miss.
func TestOtherStoresAreLinked(t *testing.T) {
	for name := range map[string]string{"AZURE_STORAGE_ACCOUNT": "", "AZURE_STORAGE_KEY": "", "GOOGLE_APPLICATION_CREDENTIALS": ""} {
		t.Setenv(name, "")
	}
	require.True(t, blob.DefaultURLMux().ValidBucketScheme("gs"))
	require.True(t, blob.DefaultURLMux().ValidBucketScheme("azblob"))
	a := allowed(t, "azblob://docs")
	p, err := a.Find("azblob://docs", "")
	require.NoError(t, err)
	_, err = bucket.Open(t.Context(), p)
	requireCode(t, bucket.Forbidden, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = bucket.Open(ctx, p)
	require.ErrorIs(t, err, context.Canceled)
}
