package extract

import (
	"io"
	"path"
	"strings"
)

// File is what is to be read.
type File struct {
	// Name is its name or path. It is only shown and compared, never opened.
	Name string
	// ContentType is what the sender claims. It decides when neither content nor name do.
	ContentType string
	// Content is read from one goroutine at a time.
	Content io.ReaderAt
	// Size is the length of Content in bytes.
	Size int64
}

// Document is what a file, or one entry of an archive, says.
type Document struct {
	// Name is the file's name; for what is in an archive "outer.zip/path/in/it.docx".
	Name string
	Kind Kind
	// Title is never empty: the document's own, its first heading, or its name.
	Title string
	// Language is a BCP 47 tag as the file gives it, empty if it does not.
	Language string
	// Markdown is never empty.
	Markdown string
	// Pages says where each page or slide begins, in ascending order. It is empty for formats without pages.
	Pages []Page
	// Metadata has author, created, modified, subject, keywords, pages, tags … as the file gives them.
	Metadata map[string]string
	// Notes are sentences on what was left out or is not as it seems.
	Notes []string
}

// Page is the beginning of a page.
type Page struct {
	// Number counts from 1.
	Number int
	// Offset is a byte offset into Markdown, at the beginning of a block.
	Offset int
}

// Kind is a format that can be read.
type Kind string

// The kinds of documents. An archive is none: its entries are.
const (
	PDF      Kind = "pdf"
	DOCX     Kind = "docx"
	XLSX     Kind = "xlsx"
	PPTX     Kind = "pptx"
	ODT      Kind = "odt"
	ODS      Kind = "ods"
	ODP      Kind = "odp"
	HTML     Kind = "html"
	Markdown Kind = "markdown"
	Text     Kind = "text"
	CSV      Kind = "csv"
	JSON     Kind = "json"
	NDJSON   Kind = "ndjson"
	YAML     Kind = "yaml"
	OpenAPI  Kind = "openapi"
	Gherkin  Kind = "gherkin"
	TestCode Kind = "testcode"
	archive  Kind = "zip"
)

// note adds a sentence once.
func (d *Document) note(sentence string) {
	for _, n := range d.Notes {
		if n == sentence {
			return
		}
	}
	d.Notes = append(d.Notes, sentence)
}

// set keeps a value of metadata that says something.
func (d *Document) set(key, value string) {
	value = strings.Join(strings.Fields(tidy(value)), " ")
	if value == "" {
		return
	}
	if d.Metadata == nil {
		d.Metadata = map[string]string{}
	}
	d.Metadata[key] = shorten(value, 1000)
}

// finish fills in what every document has.
func (d *Document) finish(m *markdown) error {
	d.Markdown = m.String()
	if m.cut {
		d.note("The text was cut where it became too long.")
	}
	if strings.TrimSpace(d.Markdown) == "" {
		return fault(ErrNoText, "there is no text in it")
	}
	d.Title = shorten(strings.Join(strings.Fields(tidy(d.Title)), " "), 300)
	if d.Title == "" {
		d.Title = m.title
	}
	if d.Title == "" {
		d.Title = tidyLine(stem(d.Name))
	}
	return nil
}

// stem is the last part of a name, without its extension.
func stem(name string) string {
	base := path.Base(strings.ReplaceAll(name, `\`, "/"))
	if s := strings.TrimSuffix(base, path.Ext(base)); s != "" {
		return s
	}
	return base
}

// shorten cuts a text after so many bytes, at a character's end.
func shorten(s string, bytes int) string {
	if len(s) <= bytes {
		return s
	}
	return strings.ToValidUTF8(s[:bytes], "") + "…"
}
