package kinds_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tapedeck/domain/job"
	"tapedeck/domain/knowledge"
	"tapedeck/internal/s3test"
	"tapedeck/workers/ingest/bucket"
	"tapedeck/workers/ingest/extract"
	"tapedeck/workers/ingest/kinds"
)

// shelf is a folder with a worker that ingests it as a bucket.
type shelf struct {
	*bundle
	dir string
}

func shelve(t *testing.T, files map[string][]byte) *shelf {
	t.Helper()
	dir := t.TempDir()
	s := &shelf{openBuckets(t, "file://"+dir), dir}
	for name, content := range files {
		s.put(name, content)
	}
	return s
}

func openBuckets(t *testing.T, allowed ...string) *bundle {
	t.Helper()
	x := extract.New(extract.Limits{}, "")
	t.Cleanup(func() { require.NoError(t, x.Close()) })
	return setup(t, func(c *kinds.Config) {
		var err error
		c.Buckets, err = bucket.ParseAllowed(allowed)
		require.NoError(t, err)
		c.Extractor, c.MaxFile = x, 1<<20
	})
}

func (s *shelf) put(name string, content []byte) {
	s.Helper()
	at := filepath.Join(s.dir, filepath.FromSlash(name))
	require.NoError(s, os.MkdirAll(filepath.Dir(at), 0o700))
	require.NoError(s, os.WriteFile(at, content, 0o600))
}

func (s *shelf) input(more map[string]any) map[string]any {
	in := map[string]any{"url": "file://" + s.dir}
	for k, v := range more {
		in[k] = v
	}
	return in
}

func (s *shelf) known() *knowledge.Source {
	s.Helper()
	return s.source(knowledge.Bucket, "file://"+s.dir+"/")
}

func TestAFolderIsKeptAndOnlyChangesAreRead(t *testing.T) {
	t.Parallel()
	s := shelve(t, map[string][]byte{
		"cart.md":       []byte("# Cart\n\nThe cart must keep its items.\n"),
		"shop/list.txt": []byte("The list should be sorted."),
		"noise.bin":     {0x7f, 'E', 'L', 'F', 0, 1, 2, 3},
		"large.txt":     make([]byte, 1<<20+1),
		"all.zip":       archive(t, map[string]string{"a.md": "# A\n\nIt must do A.", "b.md": "# B\n\nIt must do B."}),
		"drafts/x.md":   []byte("# Not yet"),
	})
	in := s.input(map[string]any{"patterns": []string{"!drafts/*"}})
	s.succeed("ingest.bucket", in)
	src := s.known()
	require.Equal(t, knowledge.Complete, src.Run.Outcome, src.Run.Reason)
	require.Equal(t, knowledge.Counts{Found: 6, Stored: 4, Failed: 2}, src.Run.Counts)
	codes := map[string]string{}
	for _, f := range src.Faults {
		codes[f.Key] = f.Code
	}
	require.Equal(t, map[string]string{"noise.bin": "unsupported", "large.txt": "too_large"}, codes)
	d := s.document(src, "cart.md")
	require.Equal(t, "file://"+s.dir+"/cart.md", d.URL)
	require.Equal(t, 1, d.Requirements)
	require.Contains(t, s.text(s.document(src, "all.zip/a.md")), "It must do A.")

	s.put("cart.md", []byte("# Cart\n\nThe cart must keep its items for a week.\n"))
	require.NoError(t, os.Remove(filepath.Join(s.dir, "shop", "list.txt")))
	require.NoError(t, os.Remove(filepath.Join(s.dir, "noise.bin")))
	require.NoError(t, os.Remove(filepath.Join(s.dir, "large.txt")))
	s.succeed("ingest.bucket", in)
	src = s.known()
	require.Equal(t, knowledge.Counts{Found: 3, Stored: 1, Unchanged: 2, Removed: 1}, src.Run.Counts)
	require.Contains(t, s.text(s.document(src, "cart.md")), "for a week")
	require.True(t, s.document(src, "shop/list.txt").Removed)

	s.put("all.zip", archive(t, map[string]string{"a.md": "# A\n\nIt must do A."}))
	s.succeed("ingest.bucket", in)
	src = s.known()
	require.Equal(t, knowledge.Counts{Found: 2, Unchanged: 2, Removed: 1}, src.Run.Counts)
	require.True(t, s.document(src, "all.zip/b.md").Removed)

	s.put("shop/list.txt", []byte("The list should be sorted."))
	s.succeed("ingest.bucket", in)
	require.False(t, s.document(s.known(), "shop/list.txt").Removed, "it is back")
}

func TestABucketThatCannotBeReadSaysWhy(t *testing.T) {
	t.Parallel()
	s := shelve(t, nil)
	for code, in := range map[string]map[string]any{
		"not_allowed":   {"url": "file:///etc"},
		"invalid":       {"url": "s3://specs?endpoint=http://169.254.169.254"},
		"nothing_found": s.input(nil),
	} {
		end := s.final(s.submit("ingest.bucket", in))
		require.Equal(t, job.StatusFailed, end.Status, code)
		require.Equal(t, code, end.Error.Code, end.Error.Message)
	}
	require.Error(t, s.check("ingest.bucket", s.input(map[string]any{"patterns": []string{""}})))
	s.put("a.bin", []byte{0x7f, 'E', 'L', 'F', 0, 1, 2, 3})
	end := s.final(s.submit("ingest.bucket", s.input(nil)))
	require.Equal(t, "nothing_read", end.Error.Code)
	s.put("b.txt", []byte("text"))
	require.NoError(t, os.RemoveAll(s.dir))
	end = s.final(s.submit("ingest.bucket", s.input(nil)))
	require.Equal(t, "not_found", end.Error.Code, "what is known stays while nobody knows what is gone")
}

func TestABucketsLimitAndStop(t *testing.T) {
	t.Parallel()
	files := map[string][]byte{}
	for i := range 20 {
		files[fmt.Sprintf("%02d.md", i)] = fmt.Appendf(nil, "# File %d\n\nIt must be %d.", i, i)
	}
	s := shelve(t, files)
	s.succeed("ingest.bucket", s.input(map[string]any{"maxObjects": 5}))
	require.Equal(t, knowledge.Partial, s.known().Run.Outcome)
	require.Len(t, s.known().Entries, 5)
	p, err := s.cfg.Preview(t.Context(), knowledge.Bucket, fmt.Appendf(nil, `{"url":"file://%s","patterns":["!1*"],"maxObjects":100}`, s.dir))
	require.NoError(t, err)
	require.Equal(t, 10, p.Count)
	require.Len(t, p.Items, 20)
	require.Equal(t, "no pattern wants it", p.Items[12].Reason)
	_, err = s.cfg.Preview(t.Context(), knowledge.Bucket, []byte(`{"url":"file:///etc"}`))
	require.ErrorContains(t, err, "INGEST_BUCKETS")

	id := s.submit("ingest.bucket", s.input(nil))
	s.do(id, job.RequestStop{Now: time.Now()})
	s.final(id)
	s.succeed("ingest.bucket", s.input(nil))
	require.Equal(t, knowledge.Complete, s.known().Run.Outcome)
	require.Len(t, s.known().Entries, 20)
}

// Objects of a real store: read once, and again only what changed.
func TestAnS3BucketIsKept(t *testing.T) { //nolint:paralleltest // credentials are the process's
	store := s3test.Start(t)
	t.Setenv("AWS_ACCESS_KEY_ID", store.Key)
	t.Setenv("AWS_SECRET_ACCESS_KEY", store.Secret)
	objects := map[string]string{}
	for i := range 60 {
		objects[fmt.Sprintf("specs/%02d.md", i)] = fmt.Sprintf("# Spec %d\n\nThe shop must do %d.", i, i)
	}
	name := store.Bucket(t, objects)
	b := openBuckets(t, "s3://"+name+"?"+store.Options)
	in := map[string]any{"url": "s3://" + name, "prefix": "specs/"}
	b.succeed("ingest.bucket", in)
	known := func() *knowledge.Source { return b.source(knowledge.Bucket, "s3://"+name+"/specs/") }
	require.Equal(t, knowledge.Counts{Found: 60, Stored: 60}, known().Run.Counts)
	require.Equal(t, "s3://"+name+"/specs/07.md", b.document(known(), "specs/07.md").URL)

	store.Put(t, name, map[string]string{"specs/07.md": "# Spec 7\n\nThe shop must not.", "specs/08.md": objects["specs/08.md"], "specs/99.md": "# New\n\nIt may."})
	store.Delete(t, name, "specs/01.md")
	b.succeed("ingest.bucket", in)
	require.Equal(t, knowledge.Counts{Found: 60, Stored: 2, Unchanged: 58, Removed: 1}, known().Run.Counts)
}

// A store that fails in the middle: the next attempt reads on behind what was stored.
func TestABucketIsReadOnWhereItFailed(t *testing.T) { //nolint:paralleltest // credentials are the process's
	store, endpoint := s3test.Gateway(t)
	t.Setenv("AWS_ACCESS_KEY_ID", store.Key)
	t.Setenv("AWS_SECRET_ACCESS_KEY", store.Secret)
	objects := map[string]string{}
	for i := range 40 {
		objects[fmt.Sprintf("%02d.md", i)] = fmt.Sprintf("# Spec %d\n\nThe shop must do %d.", i, i)
	}
	name := store.Bucket(t, objects)
	options, err := url.ParseQuery(store.Options)
	require.NoError(t, err)
	behind, err := url.Parse(endpoint)
	require.NoError(t, err)
	var mu sync.Mutex
	hits := map[string]int{}
	forward := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(behind); r.Out.Host = r.In.Host }}
	gate := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		hits[path.Base(r.URL.Path)]++
		fails := path.Base(r.URL.Path) == "30.md" && hits["30.md"] <= 3 // as often as the driver asks
		mu.Unlock()
		if fails {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		forward.ServeHTTP(w, r)
	}))
	t.Cleanup(gate.Close)
	options.Set("endpoint", gate.URL)
	b := openBuckets(t, "s3://"+name+"?"+options.Encode())
	end := b.final(b.submit("ingest.bucket", map[string]any{"url": "s3://" + name}))
	require.Equal(t, job.StatusSucceeded, end.Status, "%+v", end.Error)
	require.Equal(t, 2, end.Attempt)
	s := b.source(knowledge.Bucket, "s3://"+name+"/")
	require.Equal(t, knowledge.Complete, s.Run.Outcome)
	require.Len(t, s.Entries, 40)
	mu.Lock()
	defer mu.Unlock()
	for i := range 30 {
		require.Equal(t, 1, hits[fmt.Sprintf("%02d.md", i)], "what was stored is not fetched again")
	}
}
