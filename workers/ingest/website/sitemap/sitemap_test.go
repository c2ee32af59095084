package sitemap_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tapedeck/workers/ingest/website/sitemap"
)

const urlset = `<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">
 <url>
  <loc> https://a.example/one?x=1&amp;y=2 </loc><lastmod>2024-05-06T07:08:09+02:00</lastmod><changefreq>daily</changefreq>
  <image:image><image:loc>https://a.example/one.png</image:loc></image:image>
 </url>
 <url><loc><![CDATA[https://a.example/two]]></loc><lastmod>2024-05</lastmod></url>
 <url><lastmod>yesterday</lastmod><loc>https://a.example/three</loc></url>
</urlset>`

const index = `<sitemapindex><sitemap><loc>https://a.example/s1.xml.gz</loc><lastmod>2024-01-02</lastmod></sitemap></sitemapindex>`

func locs(list []sitemap.Entry) []string {
	var out []string
	for _, e := range list {
		out = append(out, e.Loc)
	}
	return out
}

func gzipped(t *testing.T, s string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write([]byte(s))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	return b.Bytes()
}

func TestURLSet(t *testing.T) {
	t.Parallel()
	for _, body := range [][]byte{[]byte(urlset), gzipped(t, urlset), []byte("\ufeff\n" + urlset)} {
		f, err := sitemap.Parse(bytes.NewReader(body))
		require.NoError(t, err)
		require.Equal(t, []sitemap.Entry{
			{Loc: "https://a.example/one?x=1&y=2", LastMod: time.Date(2024, 5, 6, 5, 8, 9, 0, time.UTC)},
			{Loc: "https://a.example/two", LastMod: time.Date(2024, 5, 1, 0, 0, 0, 0, time.UTC)},
			{Loc: "https://a.example/three"},
		}, f.Pages)
		require.Empty(t, f.Sitemaps)
		require.Empty(t, f.Notes)
	}
}

func TestIndex(t *testing.T) {
	t.Parallel()
	f, err := sitemap.Parse(strings.NewReader(index))
	require.NoError(t, err)
	require.Equal(t, []sitemap.Entry{{Loc: "https://a.example/s1.xml.gz", LastMod: time.Date(2024, 1, 2, 0, 0, 0, 0, time.UTC)}}, f.Sitemaps)
	require.Empty(t, f.Pages)
}

func TestText(t *testing.T) {
	t.Parallel()
	f, err := sitemap.Parse(strings.NewReader("\ufeffhttps://a.example/1\r\n\r\nnonsense\n HTTP://a.example/2 \n"))
	require.NoError(t, err)
	require.Equal(t, []string{"https://a.example/1", "HTTP://a.example/2"}, locs(f.Pages))
	require.Equal(t, []string{"a line that is no URL was passed over"}, f.Notes)
}

func TestBadXMLKeepsWhatWasRead(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"bare ampersand":  `<urlset><url><loc>https://a.example/1?a=1&b=2</loc></url></urlset>`,
		"unclosed url":    `<urlset><url><loc>https://a.example/1?a=1&amp;b=2</loc><url><loc>https://a.example/2</loc></url></urlset>`,
		"ends too early":  `<urlset><url><loc>https://a.example/1?a=1&amp;b=2</loc></url><url><loc>https://a.exa`,
		"control letter":  "<urlset><url><loc>https://a.example/1?a=1&amp;b=2</loc></url>\x01<url>",
		"wrong namespace": `<s:urlset xmlns:s="x"><s:url><s:loc>https://a.example/1?a=1&amp;b=2</s:loc></s:url></s:urlset>`,
		"latin 1":         "<?xml version='1.0' encoding='ISO-8859-1'?><urlset><!-- caf\xe9 --><url><loc>https://a.example/1?a=1&amp;b=2</loc></url></urlset>",
	} {
		f, err := sitemap.Parse(strings.NewReader(body))
		require.NoError(t, err, name)
		require.NotEmpty(t, f.Pages, name)
		require.Equal(t, "https://a.example/1?a=1&b=2", f.Pages[0].Loc, name)
	}
}

func TestWhatIsNoSitemap(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"empty": "", "spaces": " \n\t", "html": "<!doctype html><html><url><loc>https://a.example/</loc></url></html>",
		"binary": "\x89PNG\r\n", "gzip head alone": "\x1f\x8b", "comment alone": "<!-- -->", "words": "not found",
	} {
		_, err := sitemap.Parse(strings.NewReader(body))
		require.ErrorIs(t, err, sitemap.ErrNotSitemap, name)
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("<urlset>")
	for i := range sitemap.MaxEntries + 5 {
		fmt.Fprintf(&b, "<url><loc>https://a.example/%d</loc></url>", i)
	}
	f, err := sitemap.Parse(strings.NewReader(b.String()))
	require.NoError(t, err)
	require.Len(t, f.Pages, sitemap.MaxEntries)
	require.Len(t, f.Notes, 1)

	long := "<urlset><url><loc>https://a.example/" + strings.Repeat("x", 3000) + "</loc></url><url/></urlset>"
	f, err = sitemap.Parse(strings.NewReader(long))
	require.NoError(t, err)
	require.Empty(t, f.Pages)
	require.Len(t, f.Notes, 2)
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{urlset, index, "https://a.example/1\n", "<urlset><url><loc>https://a"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		file, err := sitemap.Parse(bytes.NewReader(body))
		if err != nil {
			require.Empty(t, file.Pages)
		}
		for _, e := range append(file.Pages, file.Sitemaps...) {
			require.Regexp(t, `(?i)^https?://`, e.Loc)
			require.LessOrEqual(t, len(e.Loc), 2048)
		}
	})
}
