package extract

import (
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"
)

// odf reads OpenDocument content, packed or as one flat XML file (OASIS ODF 1.3 part 3).
type odf struct {
	doc    *Document
	out    *markdown
	limits Limits
	// lists is how deep in lists the current paragraph is, and what the item at each depth is numbered with.
	lists []int
	// numbered are the list styles whose first level has numbers, and styles are paragraph styles by what they are based on.
	numbered map[string]bool
	styles   map[string]string
	code     []string
	notes    []string
	footers  []string
	pages    int
}

func readODF(ctx context.Context, in *input, doc *Document, out *markdown) error {
	o := &odf{doc: doc, out: out, limits: in.limits, numbered: map[string]bool{}, styles: map[string]string{}}
	if !strings.HasPrefix(string(in.head), "PK") {
		err := o.whole(readXML(ctx, io.NewSectionReader(in.Content, 0, in.Size)))
		return o.end(err)
	}
	c, err := openContainer(ctx, in.File, in.limits)
	if err != nil {
		return err
	}
	if err := c.odfEncrypted(); err != nil {
		return err
	}
	for _, part := range []string{"meta.xml", "styles.xml"} {
		if err := c.optional(part, o.whole); err != nil {
			return err
		}
	}
	if err := c.read("content.xml", o.whole); err != nil {
		return broken("it has no content in it", err)
	}
	return o.end(nil)
}

// odfEncrypted looks for keys in the manifest (ODF 1.3 part 2, 4.16).
func (c *container) odfEncrypted() error {
	return c.optional("META-INF/manifest.xml", func(x *elements) error {
		return x.descend("encryption-data", func(xml.StartElement) error {
			return fault(ErrEncrypted, "save it without a password")
		})
	})
}

func (o *odf) end(err error) error {
	o.flushCode()
	for i, note := range o.notes {
		o.out.block(fmt.Sprintf("[^%d]: %s", i+1, strings.ReplaceAll(note, "\n", "\n    ")))
	}
	for _, footer := range o.footers {
		o.out.quote("Footer", footer)
	}
	o.doc.Pages = trimPages(o.doc.Pages, o.out.out.Len())
	return err
}

// whole reads a document's element: metadata, styles and body, whichever it has.
func (o *odf) whole(x *elements) error {
	return x.children(func(e xml.StartElement) error {
		return x.children(func(e xml.StartElement) error {
			switch e.Name.Local {
			case "meta":
				return o.metadata(x)
			case "styles", "automatic-styles":
				return x.children(func(e xml.StartElement) error { return o.style(x, e) }, nil)
			case "master-styles":
				return o.margins(x)
			case "body":
				return o.blocks(x)
			}
			return nil
		}, nil)
	}, nil)
}

// margins writes the headers of pages and keeps the footers, each text once; page numbers alone are none.
func (o *odf) margins(x *elements) error {
	if o.doc.Kind != ODT {
		return nil
	}
	var headers []string
	return x.descend("*", func(e xml.StartElement) error {
		if e.Name.Local != "header" && e.Name.Local != "footer" {
			return nil
		}
		text, err := o.apart(x)
		text = blankLines.ReplaceAllString(strings.TrimSpace(text), "\n")
		switch {
		case !letters.MatchString(text):
		case e.Name.Local == "footer" && !slices.Contains(o.footers, text):
			o.footers = append(o.footers, text)
		case e.Name.Local == "header" && !slices.Contains(headers, text):
			headers = append(headers, text)
			o.out.quote("Header", text)
		}
		return err
	})
}

func (o *odf) metadata(x *elements) error {
	names := map[string]string{"initial-creator": "author", "creation-date": "created", "date": "modified", "subject": "subject",
		"keyword": "keywords", "description": "description", "creator": "lastModifiedBy"}
	return x.children(func(e xml.StartElement) error {
		value, err := x.text()
		switch key := names[e.Name.Local]; {
		case key != "":
			o.doc.set(key, value)
		case e.Name.Local == "title":
			o.doc.Title = value
		case e.Name.Local == "language":
			o.doc.Language = tidyLine(value)
		}
		return err
	}, nil)
}

func (o *odf) style(x *elements, e xml.StartElement) error {
	name := attribute(e, "name")
	switch e.Name.Local {
	case "default-style":
		return x.descend("text-properties", func(e xml.StartElement) error {
			if language := attribute(e, "language"); o.doc.Language == "" && language != "none" {
				o.doc.Language = strings.TrimSuffix(language+"-"+attribute(e, "country"), "-")
			}
			return nil
		})
	case "style":
		if len(o.styles) < maxStyles {
			o.styles[name] = attribute(e, "parent-style-name")
		}
	case "list-style":
		return x.children(func(e xml.StartElement) error {
			if e.Name.Local == "list-level-style-number" && attribute(e, "level") == "1" && attribute(e, "num-format") != "" {
				o.numbered[name] = true
			}
			return nil
		}, nil)
	}
	return nil
}

// blocks writes the blocks in an element.
func (o *odf) blocks(x *elements) error {
	return x.children(func(e xml.StartElement) error {
		switch e.Name.Local {
		case "tracked-changes", "forms", "shapes", "settings", "sequence-decls", "calculation-settings", "content-validations",
			"named-expressions", "database-ranges", "index-body", "table-of-content", "header-footer", "event-listeners":
			return nil // what was deleted, and what is made of the text
		case "h", "p":
			return o.paragraph(x, e)
		case "list":
			return o.list(x, e)
		case "table":
			return o.table(x, e)
		case "page":
			return o.page(x, e)
		case "notes":
			return o.speakerNotes(x)
		case "annotation":
			var boxes []string
			err := o.annotation(x, &boxes)
			o.out.block(strings.Join(boxes, ""))
			return err
		}
		return o.blocks(x)
	}, nil)
}

func (o *odf) paragraph(x *elements, e xml.StartElement) error {
	var text strings.Builder
	var boxes []string
	if err := o.inline(x, &text, &boxes); err != nil {
		return err
	}
	o.place(e, strings.TrimSpace(text.String()))
	for _, box := range boxes {
		o.out.block(box)
	}
	return nil
}

func (o *odf) place(e xml.StartElement, text string) {
	style := attribute(e, "style-name")
	if o.styled(style, "Preformatted") {
		o.code = append(o.code, text)
		return
	}
	o.flushCode()
	level := atoi(attribute(e, "outline-level"))
	switch {
	case e.Name.Local == "h" || style == "Title" || o.styled(style, "Title") && !o.styled(style, "Subtitle"):
		o.out.heading(max(level, 1), escape(text))
	case len(o.lists) > 0:
		o.out.item(len(o.lists)-1, o.lists[len(o.lists)-1], escape(text))
	case o.styled(style, "Quotation"):
		o.out.quote("", escape(text))
	default:
		o.out.block(escape(text))
	}
}

// styled says whether a style, or one that it is based on, has a word in its name.
func (o *odf) styled(style, word string) bool {
	for range 20 {
		if strings.Contains(style, word) {
			return true
		}
		style = o.styles[style]
	}
	return false
}

func (o *odf) flushCode() {
	o.out.code("", strings.Join(o.code, "\n"))
	o.code = nil
}

// inline reads what stands in a paragraph.
func (o *odf) inline(x *elements, to *strings.Builder, boxes *[]string) error {
	return x.children(func(e xml.StartElement) error {
		switch e.Name.Local {
		case "s":
			to.WriteString(strings.Repeat(" ", min(max(atoi(attribute(e, "c")), 1), 100)))
		case "tab":
			to.WriteByte(' ')
		case "line-break":
			to.WriteByte('\n')
		case "a":
			var label strings.Builder
			err := o.inline(x, &label, boxes)
			to.WriteString(link(label.String(), attribute(e, "href")))
			return err
		case "note":
			return o.note(x, to)
		case "annotation":
			return o.annotation(x, boxes)
		case "frame", "custom-shape", "text-box":
			box, err := o.apart(x)
			*boxes = append(*boxes, box)
			return err
		case "ruby-text", "object", "image", "binary-data":
			return nil
		default:
			return o.inline(x, to, boxes)
		}
		return nil
	}, func(text string) { to.WriteString(strings.Join(splitBlanks(text), " ")) })
}

// splitBlanks splits at runs of white space, which count as one blank, also at the ends (ODF 1.3 part 3, 6.1.2).
func splitBlanks(text string) []string {
	words := strings.Fields(text)
	if len(words) == 0 {
		if text == "" {
			return nil
		}
		return []string{"", ""}
	}
	if strings.TrimLeft(text, " \t\n\r") != text {
		words = append([]string{""}, words...)
	}
	if strings.TrimRight(text, " \t\n\r") != text {
		words = append(words, "")
	}
	return words
}

func (o *odf) note(x *elements, to *strings.Builder) error {
	return x.children(func(e xml.StartElement) error {
		if e.Name.Local != "note-body" {
			return nil
		}
		text, err := o.apart(x)
		o.notes = append(o.notes, blankLines.ReplaceAllString(strings.TrimSpace(text), "\n"))
		to.WriteString(raw("[^" + itoa(len(o.notes)) + "]"))
		return err
	}, nil)
}

func (o *odf) annotation(x *elements, boxes *[]string) error {
	author := ""
	m, restore := o.aside()
	err := x.children(func(e xml.StartElement) error {
		switch e.Name.Local {
		case "creator":
			text, err := x.text()
			author = text
			return err
		case "p":
			return o.paragraph(x, e)
		case "list":
			return o.list(x, e)
		}
		return nil
	}, nil)
	restore()
	quote := &markdown{limit: m.limit}
	quote.quote(strings.TrimSpace("Comment "+parenthesis(author)), m.String())
	*boxes = append(*boxes, quote.String())
	return err
}

// apart reads blocks into a Markdown text of their own.
func (o *odf) apart(x *elements) (string, error) {
	m, restore := o.aside()
	err := o.blocks(x)
	restore()
	return m.String(), err
}

// aside writes to a text of its own until restore is called.
func (o *odf) aside() (m *markdown, restore func()) {
	outer, lists, code := o.out, o.lists, o.code
	m = &markdown{limit: outer.limit}
	o.out, o.lists, o.code = m, nil, nil
	return m, func() {
		o.flushCode()
		o.out, o.lists, o.code = outer, lists, code
		outer.cut = outer.cut || m.cut
	}
}

func (o *odf) list(x *elements, e xml.StartElement) error {
	numbered := o.numbered[attribute(e, "style-name")] || attribute(e, "style-name") == "" && len(o.lists) > 0 && o.lists[len(o.lists)-1] > 0
	o.lists = append(o.lists, 0)
	defer func() { o.lists = o.lists[:len(o.lists)-1] }()
	n := 0
	return x.children(func(e xml.StartElement) error {
		if e.Name.Local == "list-item" && numbered {
			n++
			o.lists[len(o.lists)-1] = n
		}
		return o.blocks(x)
	}, nil)
}

// page reads a slide.
func (o *odf) page(x *elements, e xml.StartElement) error {
	o.pages++
	o.doc.Pages = append(o.doc.Pages, Page{Number: o.pages, Offset: o.out.next()})
	m, restore := o.aside()
	title := ""
	err := x.children(func(e xml.StartElement) error {
		if attribute(e, "class") == "title" && title == "" {
			text, err := o.apart(x)
			title = tidyLine(text)
			return err
		}
		if e.Name.Local == "notes" {
			return o.speakerNotes(x)
		}
		return o.blocks(x)
	}, nil)
	restore()
	if title == "" {
		title = "Slide " + itoa(o.pages)
	}
	o.out.heading(2, title)
	o.out.block(m.String())
	return err
}

func (o *odf) speakerNotes(x *elements) error {
	m, restore := o.aside()
	err := x.children(func(e xml.StartElement) error {
		if attribute(e, "class") != "notes" {
			return nil
		}
		return o.blocks(x)
	}, nil)
	restore()
	o.out.quote("Notes", m.String())
	return err
}
