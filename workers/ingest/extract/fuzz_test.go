package extract_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"

	"tapedeck/workers/ingest/extract"
)

// sound checks what holds for every document.
func sound(t *testing.T, name string, content []byte) {
	t.Helper()
	x := extract.New(extract.Limits{Text: 1 << 20, Whole: 1 << 20, Part: 4 << 20, Unpacked: 4 << 20, Time: 20 * time.Second}, "")
	documents, _ := all(t, x, file(name, string(content)))
	for _, d := range documents {
		require.NotEmpty(t, strings.TrimSpace(d.Markdown))
		require.True(t, utf8.ValidString(d.Markdown))
		require.True(t, norm.NFC.IsNormalString(d.Markdown))
		require.NotContains(t, d.Markdown, "\r")
		require.NotContains(t, d.Markdown, "\x00")
		require.NotContains(t, d.Markdown, "\x02")
		require.NotContains(t, d.Markdown, " \n")
		if !strings.Contains(d.Markdown, "```") && !strings.Contains(d.Markdown, "~~~") { // code says what it likes
			require.NotRegexp(t, `(^|[^\\])(\\\\)*\]\(javascript:`, d.Markdown)
			require.NotRegexp(t, `(^|[^\\])(\\\\)*<script`, d.Markdown)
		}
		require.NotEmpty(t, d.Title+d.Name)
		require.NotContains(t, d.Title, "\n")
		for i, p := range d.Pages {
			require.Equal(t, i+1, p.Number)
			require.Less(t, p.Offset, len(d.Markdown))
		}
	}
}

func FuzzText(f *testing.F) {
	for _, name := range []string{"a.txt", "a.md", "a.csv", "a.json", "a.jsonl", "a.yaml", "a.html", "a.feature", "a.spec.ts"} {
		f.Add(name, []byte("---\ntitle: a\n---\n# a\n[b](javascript:x)\n"))
		f.Add(name, []byte("{\"a\": [{\"b\": 1}, {\"b\": 2}]}"))
	}
	f.Add("a.yaml", []byte(petstore))
	f.Add("a.feature", []byte("Feature: a\n  Scenario: b\n    Given c\n      | d |\n"))
	f.Add("a.spec.ts", []byte("describe('a', () => { test(`b`, () => { /(/ }) })"))
	f.Add("a.html", []byte("<table><tr><td colspan=3>a<td rowspan=2>b</table>"))
	f.Fuzz(func(t *testing.T, name string, content []byte) {
		if len(name) < 40 {
			sound(t, name, content)
		}
	})
}

func FuzzWord(f *testing.F) {
	f.Add([]byte(paragraphs(2)), []byte(`<w:styles xmlns:w="w"><w:style w:type="paragraph" w:styleId="a"><w:name w:val="heading 1"/></w:style></w:styles>`))
	f.Add([]byte(`<w:document xmlns:w="w"><w:body><w:tbl><w:tr><w:tc><w:tcPr><w:gridSpan w:val="2"/><w:vMerge/></w:tcPr><w:p><w:r><w:t>a</w:t><w:footnoteReference w:id="1"/></w:r></w:p></w:tc></w:tr></w:tbl></w:body></w:document>`), []byte(`<a/>`))
	f.Fuzz(func(t *testing.T, body, styles []byte) {
		sound(t, "a.docx", []byte(packed(t, "[Content_Types].xml", contentTypes, "word/document.xml", string(body), "word/styles.xml", string(styles),
			"word/footnotes.xml", `<a><footnote id="1"><p><t>n</t></p></footnote></a>`, "word/numbering.xml", string(styles))))
	})
}

func FuzzSlides(f *testing.F) {
	f.Add([]byte(`<p:sld xmlns:p="p" xmlns:a="a"><p:sp><p:nvPr><p:ph type="title"/></p:nvPr><a:p><a:pPr lvl="1"/><a:r><a:t>a</a:t></a:r></a:p></p:sp><a:tbl><a:tr><a:tc vMerge="1"/></a:tr></a:tbl></p:sld>`))
	f.Fuzz(func(t *testing.T, slide []byte) {
		sound(t, "a.pptx", []byte(packed(t, "[Content_Types].xml", contentTypes, "ppt/presentation.xml", `<a xmlns:r="r"><sldId id="1" r:id="r1"/></a>`,
			"ppt/_rels/presentation.xml.rels", `<a><Relationship Id="r1" Type="x/slide" Target="slides/1.xml"/></a>`, "ppt/slides/1.xml", string(slide))))
	})
}

func FuzzOpenDocument(f *testing.F) {
	for _, mediaType := range []string{"text", "spreadsheet", "presentation"} {
		f.Add(mediaType, []byte(`<text:h text:outline-level="2">a</text:h><text:list><text:list-item><text:p>b<text:s text:c="3"/></text:p></text:list-item></text:list><table:table table:name="t"><table:table-row table:number-rows-repeated="9"><table:table-cell table:number-columns-repeated="9"><text:p>c</text:p></table:table-cell></table:table-row></table:table><draw:page/>`))
	}
	f.Fuzz(func(t *testing.T, mediaType string, body []byte) {
		sound(t, "a.xml", []byte(`<office:document office:mimetype="application/vnd.oasis.opendocument.`+mediaType+`"><office:body><office:text>`+string(body)+`</office:text></office:body></office:document>`))
	})
}

func FuzzArchive(f *testing.F) {
	f.Add([]byte(packed(f, "a.txt", "a", "b.zip", packed(f, "c.md", "# c"))))
	f.Fuzz(func(t *testing.T, content []byte) { sound(t, "a.zip", content) })
}
