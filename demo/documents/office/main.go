// Command office makes the Word and Excel files among the demo shop's
// documents from text files, the same bytes each time.
package main

import (
	"archive/zip"
	"bytes"
	"embed"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"
)

//go:embed checkout-and-orders.txt limits.csv
var sources embed.FS

func main() {
	files, err := made()
	for name, content := range files {
		if err == nil {
			err = os.WriteFile(name, content, 0o644)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "office:", err)
		os.Exit(1)
	}
}

// made are the files by their names.
func made() (map[string][]byte, error) {
	text, err := sources.ReadFile("checkout-and-orders.txt")
	if err != nil {
		return nil, err
	}
	word, err := document(string(text))
	if err != nil {
		return nil, err
	}
	rows, err := sources.ReadFile("limits.csv")
	if err != nil {
		return nil, err
	}
	sheet, err := workbook(rows)
	return map[string][]byte{"checkout-and-orders.docx": word, "limits.xlsx": sheet}, err
}

// The parts of the smallest Word document with headings.
const (
	types = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/><Override PartName="/word/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.styles+xml"/></Types>`
	rels = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>`
	styleRels = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/></Relationships>`
	styles = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<w:styles xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/></w:style><w:style w:type="paragraph" w:styleId="Heading1"><w:name w:val="heading 1"/><w:basedOn w:val="Normal"/><w:pPr><w:outlineLvl w:val="0"/></w:pPr><w:rPr><w:b/><w:sz w:val="36"/></w:rPr></w:style><w:style w:type="paragraph" w:styleId="Heading2"><w:name w:val="heading 2"/><w:basedOn w:val="Normal"/><w:pPr><w:outlineLvl w:val="1"/></w:pPr><w:rPr><w:b/><w:sz w:val="28"/></w:rPr></w:style></w:styles>`
)

// document makes a Word document; a line is a paragraph, or a heading behind # or ##.
func document(text string) ([]byte, error) {
	var body strings.Builder
	body.WriteString(`<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n" +
		`<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>`)
	for line := range strings.Lines(text) {
		marks, words, heading := strings.Cut(strings.TrimSpace(line), "# ")
		style := ""
		if heading {
			style = fmt.Sprintf(`<w:pPr><w:pStyle w:val="Heading%d"/></w:pPr>`, len(marks)+1)
		} else {
			words = marks
		}
		body.WriteString(`<w:p>` + style + `<w:r><w:t xml:space="preserve">`)
		if err := xml.EscapeText(&body, []byte(words)); err != nil {
			return nil, err
		}
		body.WriteString(`</w:t></w:r></w:p>`)
	}
	body.WriteString(`</w:body></w:document>`)
	return packed([]part{
		{"[Content_Types].xml", []byte(types)}, {"_rels/.rels", []byte(rels)}, {"word/document.xml", []byte(body.String())},
		{"word/_rels/document.xml.rels", []byte(styleRels)}, {"word/styles.xml", []byte(styles)},
	})
}

// part is one file in an Office file.
type part struct {
	name    string
	content []byte
}

// packed writes the parts without times.
func packed(parts []part) ([]byte, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, p := range parts {
		w, err := z.Create(p.name)
		if err == nil {
			_, err = w.Write(p.content)
		}
		if err != nil {
			return nil, err
		}
	}
	err := z.Close()
	return b.Bytes(), err
}

// workbook makes an Excel file with one sheet of the rows.
func workbook(table []byte) (out []byte, err error) {
	rows, err := csv.NewReader(bytes.NewReader(table)).ReadAll()
	if err != nil {
		return nil, err
	}
	f := excelize.NewFile()
	defer func() { _ = f.Close() }()
	const sheet = "Limits"
	if err := f.SetSheetName(f.GetSheetName(0), sheet); err != nil {
		return nil, err
	}
	for i, row := range rows {
		if err := f.SetSheetRow(sheet, fmt.Sprintf("A%d", i+1), &row); err != nil {
			return nil, err
		}
	}
	if err := f.SetColWidth(sheet, "A", "C", 30); err != nil {
		return nil, err
	}
	if err := f.SetDocProps(&excelize.DocProperties{Title: "Limits of the fields", Created: "2026-01-05T09:00:00Z", Modified: "2026-01-05T09:00:00Z"}); err != nil {
		return nil, err
	}
	b, err := f.WriteToBuffer()
	if err != nil {
		return nil, err
	}
	return sorted(b.Bytes())
}

// sorted packs an Office file anew in the order of its names: the library's differs from run to run.
func sorted(file []byte) ([]byte, error) {
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return nil, err
	}
	var parts []part
	for _, entry := range z.File {
		r, err := entry.Open()
		if err != nil {
			return nil, err
		}
		var content bytes.Buffer
		_, err = content.ReadFrom(r)
		if err := errors.Join(err, r.Close()); err != nil {
			return nil, err
		}
		parts = append(parts, part{entry.Name, content.Bytes()})
	}
	slices.SortFunc(parts, func(a, b part) int { return strings.Compare(a.name, b.name) })
	return packed(parts)
}
