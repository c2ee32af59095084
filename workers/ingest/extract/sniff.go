package extract

import (
	"archive/zip"
	"bytes"
	"io"
	"mime"
	"path"
	"regexp"
	"strings"
)

// headSize is how much of a file is looked at to tell what it is.
const headSize = 64 << 10

// input is a file whose kind is known.
type input struct {
	File
	kind   Kind
	head   []byte
	limits Limits
}

// sniff tells what a file is and what is odd about that.
func sniff(f File, l Limits) (in *input, note string, err error) {
	if strings.HasSuffix(f.Name, "/") {
		return nil, "", fault(ErrUnsupported, "it is a folder")
	}
	if f.Content == nil || f.Size <= 0 {
		return nil, "", fault(ErrNoText, "the file is empty")
	}
	if f.Size > l.Size {
		return nil, "", fault(ErrTooLarge, "files are read up to %d MiB", l.Size>>20)
	}
	head := make([]byte, min(f.Size, headSize))
	if n, err := f.Content.ReadAt(head, 0); n < len(head) {
		return nil, "", broken("it is shorter than it says", err)
	}
	in = &input{File: f, head: head, limits: l}
	if in.kind, err = in.binary(); err == nil && in.kind == "" {
		in.kind, err = in.textual()
	}
	if err != nil {
		return nil, "", err
	}
	return in, in.surprise(), nil
}

// binary tells formats that have a signature.
func (in *input) binary() (Kind, error) {
	head := in.head
	switch {
	case bytes.Contains(head[:min(len(head), 1024)], []byte("%PDF-")):
		return PDF, nil
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")):
		return in.zipped()
	case bytes.HasPrefix(head, []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")):
		return "", in.compound()
	}
	for _, s := range unreadable() {
		if bytes.HasPrefix(head, []byte(s.prefix)) {
			return "", fault(ErrUnsupported, "%s", s.what)
		}
	}
	return "", nil
}

type signature struct{ prefix, what string }

// unreadable are well-known formats that people upload and what to do with them.
func unreadable() []signature {
	return []signature{
		{`{\rtf`, "it is RTF, save it as DOCX"},
		{"\x1f\x8b", "it is compressed with gzip, unpack it or make it a zip"},
		{"BZh", "it is compressed with bzip2, unpack it or make it a zip"},
		{"\xfd7zXZ", "it is compressed with xz, unpack it or make it a zip"},
		{"7z\xbc\xaf", "it is a 7z archive, make it a zip"},
		{"Rar!", "it is a RAR archive, make it a zip"},
		{"\x89PNG", "it is an image, which has no text of its own"},
		{"\xff\xd8\xff", "it is an image, which has no text of its own"},
		{"GIF8", "it is an image, which has no text of its own"},
		{"\x7fELF", "it is a program"},
		{"MZ\x90", "it is a program"},
		{"SQLite format 3", "it is a database, export it as CSV"},
		{"%!PS", "it is PostScript, save it as PDF"},
		{"ID3", "it is a sound"},
	}
}

// zipped tells office documents from archives by what is in them.
func (in *input) zipped() (Kind, error) {
	z, err := openZip(in.File, in.limits, in.limits.Unpacked)
	if err != nil {
		return "", err
	}
	office := false
	for _, e := range z.File {
		name := strings.TrimPrefix(e.Name, "/")
		office = office || name == "[Content_Types].xml"
		switch name {
		case "mimetype":
			if kind := openDocumentKind(e); kind != "" {
				return kind, nil
			}
		case "xl/workbook.bin":
			return "", fault(ErrUnsupported, "it is a binary workbook (XLSB), save it as XLSX")
		}
	}
	if !office {
		return archive, nil
	}
	for _, e := range z.File {
		switch folder, _, _ := strings.Cut(strings.TrimPrefix(e.Name, "/"), "/"); folder {
		case "word":
			return DOCX, nil
		case "xl":
			return XLSX, nil
		case "ppt":
			return PPTX, nil
		}
	}
	return archive, nil
}

// openDocumentKind reads the first part of a packed OpenDocument file (ODF 1.3 part 2, 3.3).
func openDocumentKind(e *zip.File) Kind {
	r, err := e.Open()
	if err != nil {
		return ""
	}
	defer func() { _ = r.Close() }() // nothing was written
	kind, _ := io.ReadAll(io.LimitReader(r, 100))
	return openDocument(string(kind))
}

func openDocument(mediaType string) Kind {
	switch name := strings.TrimPrefix(strings.TrimSpace(mediaType), "application/vnd.oasis.opendocument."); strings.TrimSuffix(name, "-template") {
	case "text":
		return ODT
	case "spreadsheet":
		return ODS
	case "presentation":
		return ODP
	}
	return ""
}

// compound tells encrypted office documents, which are wrapped in a compound file ([MS-OFFCRYPTO] 2.3), from old ones.
func (in *input) compound() error {
	tail := make([]byte, min(in.Size, 1<<20))
	n, _ := in.Content.ReadAt(tail, in.Size-int64(len(tail)))
	start := make([]byte, min(in.Size, 1<<20))
	m, _ := in.Content.ReadAt(start, 0)
	name := []byte("E\x00n\x00c\x00r\x00y\x00p\x00t\x00e\x00d\x00P\x00a\x00c\x00k\x00a\x00g\x00e\x00")
	if bytes.Contains(start[:m], name) || bytes.Contains(tail[:n], name) {
		return fault(ErrEncrypted, "it opens with a password only, save it without one")
	}
	return fault(ErrUnsupported, "it is in Office's format of before 2007, save it as DOCX, XLSX or PPTX")
}

var (
	flatODF     = regexp.MustCompile(`<office:document\s`)
	flatKind    = regexp.MustCompile(`office:mimetype\s*=\s*["']([^"']+)`)
	htmlStart   = regexp.MustCompile(`(?i)^\s*(<!--[^>]*-->\s*)*<(!doctype\s+html|html|head|body)\b`)
	featureLine = regexp.MustCompile(`(?m)^\s*(Feature|Funktionalität|Funktion|Fonctionnalité|Característica|Functionaliteit|Funzionalità):`)
	testName    = regexp.MustCompile(`\.(spec|test|cy|e2e)\.[cm]?[jt]sx?$`)
	apiLine     = regexp.MustCompile(`(?m)^\s*["']?(openapi|swagger)["']?\s*:\s*["']?[23]\.`)
)

// textual tells kinds of text: by content where a format shows itself, then by name and claimed type.
func (in *input) textual() (Kind, error) {
	if !looksLikeText(in.head) {
		return "", fault(ErrUnsupported, "it is binary and no format that is known here")
	}
	head := in.text8()
	if flatODF.MatchString(head) {
		if m := flatKind.FindStringSubmatch(head); m != nil && openDocument(m[1]) != "" {
			return openDocument(m[1]), nil
		}
	}
	if htmlStart.MatchString(head) {
		return HTML, nil
	}
	if kind := textByName(in.Name); kind != "" {
		return in.settled(kind, head), nil
	}
	return in.settled(in.guess(head), head), nil
}

// textByName tells a kind of text by the file's name.
func textByName(name string) Kind {
	name = strings.ToLower(name)
	if testName.MatchString(name) {
		return TestCode
	}
	switch path.Ext(name) {
	case ".feature":
		return Gherkin
	case ".md", ".markdown", ".mdx":
		return Markdown
	case ".csv", ".tsv", ".tab":
		return CSV
	case ".json":
		return JSON
	case ".ndjson", ".jsonl":
		return NDJSON
	case ".yaml", ".yml":
		return YAML
	case ".html", ".htm", ".xhtml":
		return HTML
	case ".txt", ".text", ".log", ".rst", ".adoc", ".xml", ".js", ".ts", ".jsx", ".tsx", ".mjs", ".go", ".py", ".java", ".sql":
		return Text
	}
	return ""
}

// guess tells a kind by the claimed type and by what the text looks like.
func (in *input) guess(head string) Kind {
	claimed, _, _ := mime.ParseMediaType(in.ContentType)
	switch {
	case strings.HasSuffix(claimed, "json"):
		return JSON
	case strings.HasSuffix(claimed, "yaml"), apiLine.MatchString(head) && !strings.HasPrefix(strings.TrimSpace(head), "{"):
		return YAML
	case claimed == "text/csv", claimed == "text/tab-separated-values":
		return CSV
	case claimed == "text/markdown":
		return Markdown
	case claimed == "text/html":
		return HTML
	case featureLine.MatchString(head) && (strings.Contains(head, "Scenario") || strings.Contains(head, "Szenario")):
		return Gherkin
	case jsonStart.MatchString(head):
		return JSON
	}
	return Text
}

var jsonStart = regexp.MustCompile(`^\s*(\{\s*["}]|\[\s*[\[{"\]0-9])`)

// settled corrects JSON that is one value a line, or text that is none of what its name says.
func (in *input) settled(kind Kind, head string) Kind {
	first, rest, more := strings.Cut(strings.TrimSpace(head), "\n")
	if kind != JSON || !more || !strings.HasPrefix(strings.TrimSpace(rest), "{") {
		return kind
	}
	if _, err := parseJSON([]byte(first)); err == nil {
		return NDJSON
	}
	return kind
}

// surprise is a note on a name that says something else than the content.
func (in *input) surprise() string {
	ext := strings.ToLower(path.Ext(in.Name))
	named, known := map[string]Kind{".pdf": PDF, ".docx": DOCX, ".docm": DOCX, ".dotx": DOCX, ".xlsx": XLSX, ".xlsm": XLSX, ".xltx": XLSX,
		".pptx": PPTX, ".pptm": PPTX, ".odt": ODT, ".fodt": ODT, ".ods": ODS, ".fods": ODS, ".odp": ODP, ".fodp": ODP, ".zip": archive,
		".doc": "doc", ".xls": "xls", ".ppt": "ppt", ".rtf": "rtf", ".png": "png", ".jpg": "jpg"}[ext]
	if !known {
		if named = textByName(in.Name); named == "" {
			return ""
		}
		switch in.kind {
		case PDF, DOCX, XLSX, PPTX, ODT, ODS, ODP, archive, HTML:
		default:
			return ""
		}
	}
	if named == in.kind || named == Text && in.kind != archive && ext == ".xml" {
		return ""
	}
	return "Its name ends in " + ext + ", but it is " + string(in.kind) + "."
}
