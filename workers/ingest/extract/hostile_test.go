package extract_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tapedeck/workers/ingest/extract"
)

const contentTypes = `<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>`

// hangs is what no input may take: it says that something ends, not how fast.
const hangs = 3 * time.Minute

func docx(t testing.TB, body string) string {
	return packed(t, "[Content_Types].xml", contentTypes, "word/document.xml", body)
}

func paragraphs(n int) string {
	return `<w:document xmlns:w="w"><w:body>` + strings.Repeat(`<w:p><w:r><w:t>Ein Absatz mit Text.</w:t></w:r></w:p>`, n) + `</w:body></w:document>`
}

func TestBombsAreRefused(t *testing.T) {
	t.Parallel()
	zeros := strings.Repeat("\x00", 40<<20)
	wide := `<?xml version="1.0"?><a ` + strings.Repeat(`b="" `, 100_000) + `/>`
	lol := `<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;">]><w:document><w:t>&b;</w:t></w:document>`
	many := make([]string, 0, 200)
	for i := range 100 {
		many = append(many, fmt.Sprintf("%d.txt", i), "x")
	}
	aliases := "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
	for i := 'b'; i < 'i'; i++ {
		aliases += fmt.Sprintf("%c: &%c [%s*%c]\n", i, i, strings.Repeat(fmt.Sprintf("*%c,", i-1), 9), i-1)
	}
	small := extract.New(extract.Limits{Entries: 50, Unpacked: 30 << 20}, "")
	for name, c := range map[string]struct {
		x       *extract.Extractor
		content string
		reason  error
	}{
		"ratio.zip":      {shared(), packed(t, "a.txt", zeros), extract.ErrBomb},
		"total.zip":      {small, packed(t, "a.txt", zeros), extract.ErrBomb},
		"count.zip":      {small, packed(t, many...), extract.ErrBomb},
		"part.docx":      {shared(), docx(t, "<a>"+zeros+"</a>"), extract.ErrBomb},
		"entities.docx":  {shared(), docx(t, lol), extract.ErrBomb},
		"attribute.docx": {shared(), docx(t, wide), extract.ErrBomb},
		"deep.docx":      {shared(), docx(t, strings.Repeat("<a>", 100_000)), extract.ErrBomb},
		"token.docx":     {shared(), docx(t, `<a b="`+strings.Repeat("x", 6<<20)+`"/>`), extract.ErrBomb},
		"deep.json":      {shared(), strings.Repeat("[", 5000) + strings.Repeat("]", 5000), extract.ErrBomb},
		"many.json":      {shared(), "[" + strings.Repeat("[],", 1_000_000) + "[]]", extract.ErrBomb},
		"aliases.yaml":   {shared(), aliases, extract.ErrBomb},
		"deep.html":      {shared(), "<html>" + strings.Repeat("<div>", 100_000), extract.ErrBroken},
		"large.feature":  {shared(), strings.Repeat("Feature: a\n", 1<<20), extract.ErrTooLarge},
		"quote.csv":      {shared(), "a,b\n\"" + strings.Repeat("x,\n", 1<<20), extract.ErrTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begin := time.Now()
			refused(t, c.x, file(name, c.content), c.reason)
			require.Less(t, time.Since(begin), hangs)
		})
	}
}

// Entries that share their bytes let an archive of a few kilobytes unpack to terabytes.
func TestOverlappingEntriesAreRefused(t *testing.T) {
	t.Parallel()
	raw := []byte(packed(t, "a.txt", "one", "b.txt", "two"))
	directory := bytes.Index(raw, []byte("PK\x01\x02"))
	second := directory + bytes.Index(raw[directory+1:], []byte("PK\x01\x02")) + 1
	binary.LittleEndian.PutUint32(raw[second+42:], 0) // where the entry begins
	refused(t, shared(), file("overlap.zip", string(raw)), extract.ErrBomb)
}

func TestALongDirectoryIsRefused(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := range 400 {
		_, err := z.Create(fmt.Sprint(i, strings.Repeat("n", 60_000)))
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	refused(t, shared(), file("names.zip", b.String()), extract.ErrBomb)
}

func TestWhatCannotBeReadIsRefusedInWords(t *testing.T) {
	t.Parallel()
	encrypted := "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + strings.Repeat("\x00", 2000) + "E\x00n\x00c\x00r\x00y\x00p\x00t\x00e\x00d\x00P\x00a\x00c\x00k\x00a\x00g\x00e\x00"
	for name, c := range map[string]struct {
		content string
		reason  error
	}{
		"empty.txt": {"", extract.ErrNoText}, "blank.txt": {" \n\n ", extract.ErrNoText}, "folder/": {"x", extract.ErrUnsupported},
		"secret.docx": {encrypted, extract.ErrEncrypted}, "old.doc": {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + strings.Repeat("\x00", 2000), extract.ErrUnsupported}, "a.rtf": {`{\rtf1}`, extract.ErrUnsupported}, "a.png": {"\x89PNG\r\n", extract.ErrUnsupported},
		"a.exe": {"MZ\x90\x00\x03", extract.ErrUnsupported}, "a.dat": {"\x00\x01\x02\x03\xfe", extract.ErrUnsupported}, "empty.zip": {packed(t), extract.ErrNoText},
		"folder.zip": {packed(t, "a/", ""), extract.ErrNoText}, "blank.docx": {docx(t, paragraphs(0)), extract.ErrNoText},
		"none.docx": {packed(t, "[Content_Types].xml", contentTypes, "word/a.xml", "<a/>"), extract.ErrBroken},
		"none.pdf":  {"%PDF-1.7\nnothing", extract.ErrBroken}, "scan.pdf": {blankPDF, extract.ErrNoText}, "locked.pdf": {lockedPDF, extract.ErrEncrypted},
		"short.zip": {"PK\x03\x04", extract.ErrBroken},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refused(t, shared(), file(name, c.content), c.reason)
		})
	}
}

const (
	blankPDF = "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n" +
		"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]>>endobj\ntrailer<</Root 1 0 R>>\n"
	lockedPDF = "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n" +
		"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]>>endobj\n4 0 obj<</Filter/Standard/V 1/R 2/P -4" +
		"/O(01234567890123456789012345678901)/U(01234567890123456789012345678901)>>endobj\n" +
		"trailer<</Root 1 0 R/Encrypt 4 0 R/ID[(0123456789abcdef)(0123456789abcdef)]>>\n"
)

func TestNamesAreOnlyNames(t *testing.T) {
	t.Parallel()
	d := one(t, file("a\x00b\n../../c.txt", "text"))
	require.Equal(t, "c", d.Title)
	refused(t, shared(), extract.File{Name: "nil.txt", Size: 5}, extract.ErrNoText)
}

func TestALargeFileIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	for name, begin := range map[string]string{"a.txt": strings.Repeat("text ", 20_000), "a.docx": "PK\x03\x04", "a.xlsx": "", "a.json": `{"a":` + strings.Repeat(" ", 70_000)} {
		f, err := os.Create(filepath.Join(t.TempDir(), name))
		require.NoError(t, err)
		_, err = f.WriteString(begin)
		require.NoError(t, err)
		require.NoError(t, f.Truncate(1<<30))
		begin := time.Now()
		documents, faults := all(t, shared(), extract.File{Name: name, Content: f, Size: 1 << 30})
		require.Empty(t, documents)
		require.Len(t, faults, 1)
		require.Less(t, time.Since(begin), hangs)
		require.NoError(t, f.Close())
	}
}

func TestALongTextIsCutAndNoted(t *testing.T) {
	t.Parallel()
	x := extract.New(extract.Limits{Text: 1000}, "")
	documents, faults := all(t, x, file("a.docx", docx(t, paragraphs(1000))))
	require.Empty(t, faults)
	require.LessOrEqual(t, len(documents[0].Markdown), 1001)
	require.Equal(t, []string{"The text was cut where it became too long."}, documents[0].Notes)
}

func TestItEndsWithItsContextAndItsTime(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range shared().Documents(ctx, file("a.docx", docx(t, paragraphs(10_000)))) {
		require.ErrorIs(t, err, context.Canceled)
	}
	x := extract.New(extract.Limits{Time: time.Nanosecond}, "")
	refused(t, x, file("a.docx", docx(t, paragraphs(10_000))), extract.ErrTooSlow)
}

// A page that draws itself again and again would keep the reader busy for years.
func TestAPDFThatNeverEndsIsGivenUp(t *testing.T) {
	t.Parallel()
	form := "q " + strings.Repeat("/F Do ", 30) + "Q"
	var b strings.Builder
	b.WriteString("%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n" +
		"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R/Resources<</XObject<</F 5 0 R>>>>>>endobj\n")
	fmt.Fprintf(&b, "4 0 obj<</Length %d>>stream\n%s\nendstream endobj\n", len(form), form)
	for i := 5; i < 17; i++ {
		fmt.Fprintf(&b, "%d 0 obj<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</F %d 0 R>>>>/Length %d>>stream\n%s\nendstream endobj\n", i, i+1, len(form), form)
	}
	b.WriteString("trailer<</Root 1 0 R>>\n")
	all(t, shared(), file("blank.pdf", blankPDF)) // compiles the reader, however long that takes
	x := extract.New(extract.Limits{Time: 2 * time.Second}, readers)
	t.Cleanup(func() { require.NoError(t, x.Close()) })
	begin := time.Now()
	refused(t, x, file("loop.pdf", b.String()), extract.ErrTooSlow)
	require.Less(t, time.Since(begin), hangs)
}

// An archive is streamed: its size does not show in memory.
func TestAnArchiveTakesLittleMemory(t *testing.T) {
	path := largeArchive(t, 200<<20)
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	info, err := f.Stat()
	require.NoError(t, err)
	x := extract.New(extract.Limits{}, "")
	runtime.GC()
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	peak, n := uint64(0), 0
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(300 << 20))
	for _, err := range x.Documents(t.Context(), extract.File{Name: "large.zip", Content: f, Size: info.Size()}) {
		require.NoError(t, err)
		runtime.ReadMemStats(&now)
		peak = max(peak, now.HeapInuse)
		n++
	}
	t.Logf("%d documents of %d MiB, heap %d MiB before, %d MiB at most", n, info.Size()>>20, before.HeapInuse>>20, peak>>20)
	require.Less(t, peak, before.HeapInuse+200<<20)
}

// largeArchive is a zip of documents with pictures in them.
func largeArchive(t testing.TB, size int) string {
	t.Helper()
	picture := make([]byte, 3<<20)
	for i, x := 0, uint32(1); i < len(picture); i++ {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		picture[i] = byte(x)
	}
	document := packed(t, "[Content_Types].xml", contentTypes, "word/document.xml", paragraphs(2000), "word/media/a.png", string(picture))
	f, err := os.Create(filepath.Join(t.TempDir(), "large.zip"))
	require.NoError(t, err)
	z := zip.NewWriter(f)
	for i := range size / len(document) {
		w, err := z.CreateHeader(&zip.FileHeader{Name: fmt.Sprintf("%d.docx", i), Method: zip.Store})
		require.NoError(t, err)
		_, err = w.Write([]byte(document))
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	require.NoError(t, f.Close())
	return f.Name()
}
