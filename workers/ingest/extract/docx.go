package extract

import (
	"context"
	"encoding/xml"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// word reads a WordprocessingML document (ECMA-376 part 1, 17).
type word struct {
	*container
	doc       *Document
	out       *markdown
	styles    map[string]*wordStyle
	numbering map[string][]wordLevel
	counters  map[string][]int
	relations map[string]relation // of the part that is read
	// notes are the foot- and endnotes and comments by kind and id.
	notes map[string]wordNote
	// code are the lines of a program whose paragraphs follow each other.
	code []string
	// cited are the labels of notes in the order in which the text refers to them.
	cited []string
}

type wordNote struct{ author, text string }

// wordParagraph is what has been read of one.
type wordParagraph struct {
	style    string
	outline  int
	list     wordList
	text     strings.Builder
	comments []string
	// boxes is the Markdown of text boxes that hang on the paragraph.
	boxes []string
}

func readDOCX(ctx context.Context, in *input, doc *Document, out *markdown) error {
	c, err := openContainer(ctx, in.File, in.limits)
	if err != nil {
		return err
	}
	w := &word{container: c, doc: doc, out: out, styles: map[string]*wordStyle{}, numbering: map[string][]wordLevel{},
		counters: map[string][]int{}, notes: map[string]wordNote{}}
	main := c.mainPart("word/document.xml")
	dir := main[:strings.LastIndex(main, "/")+1]
	if w.relations, err = c.related(main); err != nil {
		return err
	}
	if err := c.properties(doc); err != nil {
		return err
	}
	for name, fn := range map[string]func(*elements) error{"styles.xml": w.readStyles, "numbering.xml": w.readNumbering} {
		if err := c.optional(dir+name, fn); err != nil {
			return err
		}
	}
	for _, kind := range []string{"footnote", "endnote", "comment"} {
		if err := w.readNotes(dir, kind); err != nil {
			return err
		}
	}
	if err := w.margins(dir, "header", "Header"); err != nil {
		return err
	}
	if err := c.read(main, w.body); err != nil {
		return broken("it has no document in it", err)
	}
	w.flushCode()
	w.writeNotes()
	return w.margins(dir, "footer", "Footer")
}

// mainPart is what the package's relationships call its document.
func (c *container) mainPart(otherwise string) string {
	relations, err := c.related("")
	if err == nil {
		for _, r := range relations {
			if r.kind == "officeDocument" && c.parts[r.target] != nil {
				return r.target
			}
		}
	}
	return otherwise
}

// body writes the blocks of an element and of the containers in it.
func (w *word) body(x *elements) error {
	return x.children(func(e xml.StartElement) error {
		switch e.Name.Local {
		case "p":
			return w.paragraph(x)
		case "tbl":
			w.flushCode()
			return w.table(x)
		}
		if skippedInWord[e.Name.Local] {
			return nil
		}
		return w.body(x)
	}, nil)
}

// skippedInWord are elements whose text is not the document's: what was deleted or moved away, earlier formats, field
// instructions, properties, and the second form of what is in an mc:Choice.
var skippedInWord = map[string]bool{"del": true, "moveFrom": true, "delText": true, "instrText": true, "delInstrText": true,
	"sectPr": true, "rPr": true, "rPrChange": true, "pPrChange": true, "tblPr": true, "tblGrid": true, "trPr": true, "sdtPr": true,
	"Fallback": true, "fldData": true, "posOffset": true, "align": true, "pctWidth": true, "pctHeight": true, "rt": true}

func (w *word) paragraph(x *elements) error {
	p := &wordParagraph{}
	if err := w.inline(x, p, &p.text); err != nil {
		return err
	}
	w.place(p)
	for _, box := range p.boxes {
		w.out.block(box)
	}
	for _, id := range p.comments {
		if note := w.notes["comment"+id]; note.text != "" {
			w.out.quote(strings.TrimSpace("Comment "+parenthesis(note.author)), note.text)
		}
	}
	return nil
}

func parenthesis(s string) string {
	if s = escape(tidyLine(s)); s == "" {
		return ""
	}
	return "(" + s + ")"
}

// place writes a paragraph as the block that its style makes of it.
func (w *word) place(p *wordParagraph) {
	text := strings.TrimSpace(p.text.String())
	level := w.headingLevel(p)
	if level == 0 && w.styled(p, "preformatted", "source code", "html code") {
		w.code = append(w.code, strings.TrimRight(p.text.String(), " \n"))
		return
	}
	w.flushCode()
	if text == "" {
		return
	}
	number, label, listed := w.count(w.listOf(p))
	switch {
	case level > 0:
		w.out.heading(level, strings.TrimSpace(label+" "+escape(text)))
	case listed:
		w.out.item(w.listOf(p).level, number, escape(text))
	case w.styled(p, "quote", "quotation"):
		w.out.quote("", escape(text))
	default:
		w.out.block(escape(text))
	}
}

func (w *word) flushCode() {
	w.out.code("", strings.Join(w.code, "\n"))
	w.code = nil
}

// inline reads what stands in a paragraph, in order.
func (w *word) inline(x *elements, p *wordParagraph, to *strings.Builder) error {
	return x.children(func(e xml.StartElement) error { return w.inlineElement(x, e, p, to) }, nil)
}

func (w *word) inlineElement(x *elements, e xml.StartElement, p *wordParagraph, to *strings.Builder) error {
	if skippedInWord[e.Name.Local] {
		return nil
	}
	switch e.Name.Local {
	case "pPr":
		return w.paragraphProperties(x, p)
	case "r":
		return w.run(x, p, to)
	case "t":
		text, err := x.text()
		to.WriteString(text)
		return err
	case "tab", "ptab":
		to.WriteByte(' ')
	case "br", "cr":
		to.WriteByte('\n')
	case "noBreakHyphen":
		to.WriteByte('-')
	case "hyperlink":
		var label strings.Builder
		err := w.inline(x, p, &label)
		to.WriteString(link(label.String(), w.relations[attribute(e, "id")].target))
		return err
	case "footnoteReference", "endnoteReference":
		w.cite(strings.TrimSuffix(e.Name.Local, "Reference"), attribute(e, "id"), to)
	case "commentReference":
		p.comments = append(p.comments, attribute(e, "id"))
	case "txbxContent":
		box, err := w.apart(x)
		p.boxes = append(p.boxes, box)
		return err
	case "docPr":
		if alt := attribute(e, "descr"); alt != "" {
			fmt.Fprintf(to, " (image: %s) ", alt)
		}
	default:
		return w.inline(x, p, to)
	}
	return nil
}

// run reads a run unless it is hidden.
func (w *word) run(x *elements, p *wordParagraph, to *strings.Builder) error {
	var text strings.Builder
	hidden := false
	err := x.children(func(e xml.StartElement) error {
		if e.Name.Local == "rPr" {
			return x.children(func(e xml.StartElement) error {
				hidden = hidden || e.Name.Local == "vanish" && !slices.Contains([]string{"0", "false"}, attribute(e, "val"))
				return nil
			}, nil)
		}
		return w.inlineElement(x, e, p, &text)
	}, nil)
	if hidden && strings.TrimSpace(text.String()) != "" {
		w.doc.note("Hidden text was left out.")
		return err
	}
	to.WriteString(text.String())
	return err
}

func (w *word) paragraphProperties(x *elements, p *wordParagraph) error {
	return x.children(func(e xml.StartElement) error {
		switch e.Name.Local {
		case "pStyle":
			p.style = attribute(e, "val")
		case "outlineLvl":
			p.outline = outline(attribute(e, "val"))
		case "numPr":
			return w.readNumPr(x, &p.list)
		}
		return nil
	}, nil)
}

// cite refers to a note.
func (w *word) cite(kind, id string, to *strings.Builder) {
	note := kind + id
	if w.notes[note].text == "" {
		return
	}
	at := slices.Index(w.cited, note)
	if at < 0 {
		at = len(w.cited)
		w.cited = append(w.cited, note)
	}
	to.WriteString(raw(fmt.Sprintf("[^%d]", at+1)))
}

// apart reads blocks into a Markdown text of their own.
func (w *word) apart(x *elements) (string, error) {
	outer, code := w.out, w.code
	w.out, w.code = &markdown{limit: outer.limit}, nil
	err := w.body(x)
	w.flushCode()
	inner := w.out
	w.out, w.code = outer, code
	w.out.cut = w.out.cut || inner.cut
	return inner.String(), err
}

// table writes a table; what is merged stands in each of its places. A table of one cell is a frame around its text.
func (w *word) table(x *elements) error {
	rows, err := w.rows(x, nil)
	if err != nil {
		return err
	}
	if len(rows) == 1 && len(rows[0]) == 1 {
		w.out.block(rows[0][0])
		return nil
	}
	w.out.table(flattened(rows))
	return nil
}

func (w *word) rows(x *elements, rows [][]string) ([][]string, error) {
	err := x.children(func(e xml.StartElement) error {
		if skippedInWord[e.Name.Local] {
			return nil
		}
		var err error
		if e.Name.Local != "tr" {
			rows, err = w.rows(x, rows)
			return err
		}
		var above []string
		if len(rows) > 0 {
			above = rows[len(rows)-1]
		}
		row, deleted, err := w.row(x, above)
		if !deleted {
			rows = append(rows, row)
		}
		return err
	}, nil)
	return rows, err
}

func (w *word) row(x *elements, above []string) (row []string, deleted bool, err error) {
	err = x.children(func(e xml.StartElement) error {
		switch e.Name.Local {
		case "trPr":
			return x.children(func(e xml.StartElement) error {
				deleted = deleted || e.Name.Local == "del"
				return nil
			}, nil)
		case "tc":
			return w.tableCell(x, &row, above)
		}
		if skippedInWord[e.Name.Local] {
			return nil
		}
		return x.descend("tc", func(xml.StartElement) error { return w.tableCell(x, &row, above) })
	}, nil)
	return row, deleted, err
}

func (w *word) tableCell(x *elements, row *[]string, above []string) error {
	span, merged := 1, false
	outer := w.out
	w.out = &markdown{limit: outer.limit}
	err := x.children(func(e xml.StartElement) error {
		switch e.Name.Local {
		case "tcPr":
			return x.children(func(e xml.StartElement) error {
				switch e.Name.Local {
				case "gridSpan":
					span = min(max(atoi(attribute(e, "val")), 1), 100)
				case "vMerge":
					merged = attribute(e, "val") != "restart"
				}
				return nil
			}, nil)
		case "p":
			return w.paragraph(x)
		case "tbl":
			return w.table(x)
		}
		return w.body(x)
	}, nil)
	w.flushCode()
	text := w.out.String()
	w.out = outer
	if merged && len(*row) < len(above) {
		text = above[len(*row)]
	}
	for range span {
		*row = append(*row, text)
	}
	return err
}

// flattened makes blocks lines, because a cell has no blocks.
func flattened(rows [][]string) [][]string {
	for _, row := range rows {
		for i := range row {
			row[i] = blankLines.ReplaceAllString(strings.TrimSpace(row[i]), "\n")
		}
	}
	return rows
}

var blankLines = regexp.MustCompile(`\n\s*\n`)

// readNotes reads footnotes.xml, endnotes.xml or comments.xml.
func (w *word) readNotes(dir, kind string) error {
	return w.within(dir+kind+"s.xml", func(x *elements) error {
		return x.descend(kind, func(e xml.StartElement) error {
			if strings.Contains(strings.ToLower(attribute(e, "type")), "separat") {
				return x.children(nil, nil)
			}
			text, err := w.apart(x)
			text = blankLines.ReplaceAllString(strings.TrimSpace(text), "\n")
			if len(w.notes) < maxStyles {
				w.notes[kind+attribute(e, "id")] = wordNote{attribute(e, "author"), text}
			}
			return err
		})
	})
}

func (w *word) writeNotes() {
	for i, note := range w.cited {
		w.out.block(fmt.Sprintf("[^%d]: %s", i+1, strings.ReplaceAll(w.notes[note].text, "\n", "\n    ")))
	}
}

// margins writes the headers or footers, each text once; page numbers alone are none.
func (w *word) margins(dir, kind, label string) error {
	var names []string
	for name := range w.parts {
		if strings.HasPrefix(name, dir+kind) && strings.HasSuffix(name, ".xml") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var said []string
	for _, name := range names {
		var text string
		err := w.within(name, func(x *elements) (err error) {
			text, err = w.apart(x)
			return err
		})
		if err != nil {
			return err
		}
		text = blankLines.ReplaceAllString(strings.TrimSpace(text), "\n")
		if letters.MatchString(text) && !slices.Contains(said, text) {
			said = append(said, text)
			w.out.quote(label, text)
		}
	}
	return nil
}

var letters = regexp.MustCompile(`\p{L}{2}`)

// within reads a part beside the document, with the part's own links.
func (w *word) within(part string, fn func(*elements) error) (err error) {
	outer := w.relations
	defer func() { w.relations = outer }()
	if w.relations, err = w.related(part); err != nil {
		return err
	}
	return w.optional(part, fn)
}
