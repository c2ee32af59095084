package kinds_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"tapedeck/artifacts"
	"tapedeck/domain/job"
	"tapedeck/domain/knowledge"
	"tapedeck/workers/ingest/extract"
	"tapedeck/workers/ingest/kinds"
)

// drawer has uploads by their names, and counts how often each was opened.
type drawer struct {
	mu     sync.Mutex
	files  map[string][]byte
	opened map[string]int
	fail   map[string]int // how often a file still cannot be opened
}

func (d *drawer) OpenUpload(_ context.Context, id string) (io.ReadCloser, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.opened[id]++
	if d.fail[id] > 0 {
		d.fail[id]--
		return nil, fmt.Errorf("the store is away")
	}
	b, ok := d.files[id]
	if !ok {
		return nil, artifacts.ErrNotFound
	}
	return io.NopCloser(bytes.NewReader(b)), nil
}

type office struct {
	*bundle
	drawer *drawer
}

func openOffice(t *testing.T, files map[string][]byte) *office {
	t.Helper()
	d := &drawer{files: files, opened: map[string]int{}, fail: map[string]int{}}
	x := extract.New(extract.Limits{}, "")
	t.Cleanup(func() { require.NoError(t, x.Close()) })
	return &office{setup(t, func(c *kinds.Config) { c.Uploads, c.Extractor = d, x }), d}
}

func (o *office) input(names ...string) map[string]any {
	var files []any
	for _, name := range names {
		b := o.drawer.files[name]
		sum := sha256.Sum256(b)
		files = append(files, map[string]any{"name": name, "upload": name, "sha256": hex.EncodeToString(sum[:]), "size": len(b)})
	}
	return map[string]any{"files": files, "name": "Specs"}
}

func (o *office) known() *knowledge.Source {
	o.Helper()
	return o.source(knowledge.Files, "Specs")
}

func archive(t *testing.T, entries map[string]string) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for name, text := range entries {
		f, err := w.Create(name)
		require.NoError(t, err)
		_, err = io.WriteString(f, text)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return buf.Bytes()
}

func TestDocumentsAreKeptAndBadOnesNamed(t *testing.T) {
	t.Parallel()
	o := openOffice(t, map[string][]byte{
		"cart.md":     []byte("# Cart\n\nThe cart must keep its items.\n"),
		"broken.docx": archive(t, map[string]string{"[Content_Types].xml": "<Types", "word/document.xml": "<w:document><w:bo"}),
		"noise.bin":   {0x7f, 'E', 'L', 'F', 0, 1, 2, 3},
		"all.zip":     archive(t, map[string]string{"a/login.feature": "Feature: Login\n  Scenario: It works\n    Given a user\n    When they sign in\n    Then they see home\n", "notes.txt": "The list should be sorted."}),
	})
	in := o.input("cart.md", "broken.docx", "noise.bin", "all.zip", "lost.txt")
	o.succeed("ingest.documents", in)
	s := o.known()
	require.Equal(t, knowledge.Complete, s.Run.Outcome)
	require.Equal(t, knowledge.Counts{Found: 6, Stored: 3, Failed: 3}, s.Run.Counts)
	codes := map[string]string{}
	for _, f := range s.Faults {
		codes[f.Key] = f.Code
	}
	require.Equal(t, map[string]string{"broken.docx": "broken", "noise.bin": "unsupported", "lost.txt": "gone"}, codes)
	require.Contains(t, o.text(o.document(s, "all.zip/a/login.feature")), "sign in")
	require.Positive(t, o.document(s, "cart.md").Requirements)

	// Another upload adds to them, unless it replaces them.
	o.drawer.files["more.txt"] = []byte("There is more.")
	o.succeed("ingest.documents", o.input("more.txt"))
	require.Len(t, o.known().Entries, 4)
	in = o.input("more.txt", "cart.md")
	in["replace"] = true
	o.succeed("ingest.documents", in)
	s = o.known()
	require.Len(t, s.Entries, 2)
	require.Equal(t, knowledge.Counts{Found: 2, Unchanged: 2, Removed: 2}, s.Run.Counts)
	require.True(t, o.document(s, "all.zip/notes.txt").Removed)
	o.succeed("ingest.documents", o.input("all.zip"))
	require.False(t, o.document(o.known(), "all.zip/notes.txt").Removed)
}

func TestDocumentsGoOnWhereTheyBroke(t *testing.T) {
	t.Parallel()
	o := openOffice(t, map[string][]byte{"a.txt": []byte("First text."), "b.txt": []byte("Second text."), "c.txt": []byte("Third text.")})
	o.drawer.fail["b.txt"] = 1
	s := o.final(o.submit("ingest.documents", o.input("a.txt", "b.txt", "c.txt")))
	require.Equal(t, job.StatusSucceeded, s.Status, "%+v", s.Error)
	require.Equal(t, 2, s.Attempt)
	require.Equal(t, map[string]int{"a.txt": 1, "b.txt": 2, "c.txt": 1}, o.drawer.opened)
	require.Equal(t, knowledge.Counts{Found: 3, Stored: 3}, o.known().Run.Counts)
}

func TestDocumentsThatCannotBe(t *testing.T) {
	t.Parallel()
	o := openOffice(t, map[string][]byte{"noise.bin": {0x7f, 'E', 'L', 'F', 0, 1, 2, 3}, "a.txt": []byte("text")})
	s := o.final(o.submit("ingest.documents", o.input("noise.bin")))
	require.Equal(t, job.StatusFailed, s.Status)
	require.Equal(t, "nothing_read", s.Error.Code)
	require.Contains(t, s.Error.Message, "noise.bin")

	in := o.input("a.txt")
	o.drawer.files["a.txt"] = []byte("TEXT")
	s = o.final(o.submit("ingest.documents", in))
	require.Equal(t, job.StatusFailed, s.Status)
	require.Equal(t, "upload_differs", s.Error.Code)

	require.Error(t, o.check("ingest.documents", map[string]any{"files": []any{}}))
	require.Error(t, o.check("ingest.documents", o.input("a.txt", "a.txt")))
}
