package extract

import (
	"context"
	"encoding/xml"
	"strings"
)

// deck reads a PresentationML document (ECMA-376 part 1, 19).
type deck struct {
	*container
	doc       *Document
	out       *markdown
	relations map[string]relation // of the slide that is read
}

// shape is what has been read of one.
type shape struct {
	placeholder string // title, body …
	lines       []shapeLine
}

type shapeLine struct {
	level  int
	bullet bool // unless the layout says otherwise, body text has bullets
	marked bool // it has a bullet of its own
	text   string
}

func readPPTX(ctx context.Context, in *input, doc *Document, out *markdown) error {
	c, err := openContainer(ctx, in.File, in.limits)
	if err != nil {
		return err
	}
	k := &deck{container: c, doc: doc, out: out}
	if err := c.properties(doc); err != nil {
		return err
	}
	slides, err := k.slides()
	if err != nil {
		return err
	}
	for i, part := range slides {
		doc.Pages = append(doc.Pages, Page{Number: i + 1, Offset: out.next()})
		if err := k.slide(part, i+1); err != nil {
			return err
		}
	}
	doc.Pages = trimPages(doc.Pages, len(out.String()))
	return nil
}

// slides are the parts of the slides in their order.
func (k *deck) slides() (parts []string, err error) {
	main := k.mainPart("ppt/presentation.xml")
	relations, err := k.related(main)
	if err != nil {
		return nil, err
	}
	err = k.read(main, func(x *elements) error {
		return x.descend("sldId", func(e xml.StartElement) error {
			for _, a := range e.Attr { // it has an id of its own beside the relationship's
				if r, ok := relations[a.Value]; a.Name.Local == "id" && ok && r.kind == "slide" {
					parts = append(parts, r.target)
				}
			}
			return nil
		})
	})
	if err != nil {
		return nil, broken("it has no presentation in it", err)
	}
	return parts, nil
}

func (k *deck) slide(part string, n int) (err error) {
	if k.relations, err = k.related(part); err != nil {
		return err
	}
	var shapes []shape
	var tables [][][]string
	err = k.read(part, func(x *elements) error {
		return x.children(func(e xml.StartElement) error {
			if attribute(e, "show") == "0" {
				k.doc.note("Hidden slides are among the text.")
			}
			return k.shapes(x, &shapes, &tables)
		}, nil)
	})
	if err != nil {
		return broken("slide", err)
	}
	k.write(shapes, tables, n)
	for _, r := range k.relations {
		if r.kind == "notesSlide" {
			return k.notes(r.target)
		}
	}
	return nil
}

// shapes reads the shapes and tables below an element.
func (k *deck) shapes(x *elements, shapes *[]shape, tables *[][][]string) error {
	return x.children(func(e xml.StartElement) error {
		switch e.Name.Local {
		case "sp":
			s := shape{placeholder: "none"}
			err := k.shape(x, &s)
			*shapes = append(*shapes, s)
			return err
		case "tbl":
			rows, err := k.table(x)
			*tables = append(*tables, rows)
			return err
		case "Fallback":
			return nil
		}
		return k.shapes(x, shapes, tables)
	}, nil)
}

func (k *deck) shape(x *elements, s *shape) error {
	return x.children(func(e xml.StartElement) error {
		switch e.Name.Local {
		case "ph":
			if s.placeholder = attribute(e, "type"); s.placeholder == "" {
				s.placeholder = "body"
			}
		case "p":
			line, err := k.line(x)
			s.lines = append(s.lines, line)
			return err
		case "Fallback":
		default:
			return k.shape(x, s)
		}
		return nil
	}, nil)
}

// line reads a paragraph.
func (k *deck) line(x *elements) (line shapeLine, err error) {
	var text strings.Builder
	line.bullet = true
	err = x.children(func(e xml.StartElement) error {
		switch e.Name.Local {
		case "pPr":
			line.level = atoi(attribute(e, "lvl"))
			return x.children(func(e xml.StartElement) error {
				switch e.Name.Local {
				case "buNone":
					line.bullet = false
				case "buChar", "buAutoNum", "buBlip":
					line.marked = true
				}
				return nil
			}, nil)
		case "br":
			text.WriteByte('\n')
		case "r", "fld":
			return k.run(x, &text)
		}
		return nil
	}, nil)
	line.text = strings.TrimSpace(text.String())
	return line, err
}

func (k *deck) run(x *elements, to *strings.Builder) error {
	address := ""
	return x.children(func(e xml.StartElement) error {
		switch e.Name.Local {
		case "rPr":
			return x.descend("hlinkClick", func(e xml.StartElement) error {
				address = k.relations[attribute(e, "id")].target
				return nil
			})
		case "t":
			text, err := x.text()
			to.WriteString(link(text, address))
			return err
		}
		return nil
	}, nil)
}

func (k *deck) table(x *elements) (rows [][]string, err error) {
	err = x.descend("tr", func(xml.StartElement) error {
		var row, above []string
		if len(rows) > 0 {
			above = rows[len(rows)-1]
		}
		err := x.children(func(e xml.StartElement) error {
			if e.Name.Local != "tc" {
				return nil
			}
			var s shape
			err := k.shape(x, &s)
			text := s.text()
			switch {
			case attribute(e, "hMerge") == "1" && len(row) > 0:
				text = row[len(row)-1]
			case attribute(e, "vMerge") == "1" && len(row) < len(above):
				text = above[len(row)]
			}
			row = append(row, text)
			return err
		}, nil)
		rows = append(rows, row)
		return err
	})
	return rows, err
}

func (s *shape) text() string {
	var lines []string
	for _, line := range s.lines {
		if line.text != "" {
			lines = append(lines, escape(line.text))
		}
	}
	return strings.Join(lines, "\n")
}

// write writes a slide, its title first.
func (k *deck) write(shapes []shape, tables [][][]string, n int) {
	title := "Slide " + itoa(n)
	for _, s := range shapes {
		if text := s.text(); (s.placeholder == "title" || s.placeholder == "ctrTitle") && text != "" {
			title = text
			break
		}
	}
	k.out.heading(2, title)
	for _, s := range shapes {
		switch s.placeholder {
		case "title", "ctrTitle", "sldNum", "dt", "ftr", "hdr":
			continue
		}
		for _, line := range s.lines {
			if line.marked || line.bullet && s.placeholder == "body" {
				k.out.item(line.level, 0, escape(line.text))
			} else {
				k.out.block(escape(line.text))
			}
		}
	}
	for _, rows := range tables {
		k.out.table(rows)
	}
}

func (k *deck) notes(part string) (err error) {
	if k.relations, err = k.related(part); err != nil {
		return err
	}
	var shapes []shape
	err = k.optional(part, func(x *elements) error {
		var tables [][][]string
		return k.shapes(x, &shapes, &tables)
	})
	for _, s := range shapes {
		if s.placeholder == "body" {
			k.out.quote("Notes", s.text())
		}
	}
	return err
}

// trimPages leaves out pages that begin behind the end of a text that was cut.
func trimPages(pages []Page, end int) []Page {
	for len(pages) > 0 && pages[len(pages)-1].Offset >= end {
		pages = pages[:len(pages)-1]
	}
	return pages
}
