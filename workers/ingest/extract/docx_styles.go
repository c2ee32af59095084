package extract

import (
	"encoding/xml"
	"strconv"
	"strings"
)

// wordStyle is what a paragraph style says of structure (ECMA-376 part 1, 17.7).
type wordStyle struct {
	name    string
	basedOn string
	outline int // heading level from 1, 0: none
	list    wordList
}

// wordList is a paragraph's place in a list (17.9).
type wordList struct {
	set   bool
	id    string // "" or "0": no list
	level int
}

// wordLevel is one level of a numbering.
type wordLevel struct {
	format string // bullet, decimal, none …
	text   string // "%1.%2"
	start  int
}

// maxStyles bounds styles and numberings, and how far one is based on another.
const maxStyles = 10_000

func (w *word) readStyles(x *elements) error {
	return x.children(func(root xml.StartElement) error {
		return x.children(func(e xml.StartElement) error {
			switch {
			case e.Name.Local == "docDefaults":
				return x.descend("lang", func(e xml.StartElement) error {
					if language := attribute(e, "val"); language != "" {
						w.doc.Language = language
					}
					return nil
				})
			case e.Name.Local == "style" && attribute(e, "type") == "paragraph" && len(w.styles) < maxStyles:
				return w.readStyle(x, attribute(e, "styleId"))
			}
			return nil
		}, nil)
	}, nil)
}

func (w *word) readStyle(x *elements, id string) error {
	s := &wordStyle{}
	w.styles[id] = s
	return x.children(func(e xml.StartElement) error {
		switch e.Name.Local {
		case "name":
			s.name = strings.ToLower(attribute(e, "val"))
		case "basedOn":
			s.basedOn = attribute(e, "val")
		case "pPr":
			return x.children(func(e xml.StartElement) error {
				switch e.Name.Local {
				case "outlineLvl":
					s.outline = outline(attribute(e, "val"))
				case "numPr":
					return w.readNumPr(x, &s.list)
				}
				return nil
			}, nil)
		}
		return nil
	}, nil)
}

// outline is a heading's level, 0 for body text, which has 9.
func outline(value string) int {
	n, err := strconv.Atoi(value)
	if err != nil || n < 0 || n > 8 {
		return 0
	}
	return n + 1
}

func (w *word) readNumPr(x *elements, list *wordList) error {
	list.set = true
	return x.children(func(e xml.StartElement) error {
		switch e.Name.Local {
		case "numId":
			list.id = attribute(e, "val")
		case "ilvl":
			list.level = min(max(atoi(attribute(e, "val")), 0), 8)
		}
		return nil
	}, nil)
}

func (w *word) readNumbering(x *elements) error {
	abstract := map[string][]wordLevel{}
	return x.children(func(root xml.StartElement) error {
		return x.children(func(e xml.StartElement) error {
			switch e.Name.Local {
			case "abstractNum":
				if len(abstract) >= maxStyles {
					return nil
				}
				levels, err := readLevels(x)
				abstract[attribute(e, "abstractNumId")] = levels
				return err
			case "num":
				id := attribute(e, "numId")
				return x.children(func(e xml.StartElement) error {
					if e.Name.Local == "abstractNumId" && len(w.numbering) < maxStyles {
						w.numbering[id] = abstract[attribute(e, "val")]
					}
					return nil
				}, nil)
			}
			return nil
		}, nil)
	}, nil)
}

func readLevels(x *elements) ([]wordLevel, error) {
	levels := make([]wordLevel, 9)
	err := x.children(func(e xml.StartElement) error {
		at := atoi(attribute(e, "ilvl"))
		if e.Name.Local != "lvl" || at < 0 || at > 8 {
			return nil
		}
		level := &levels[at]
		level.start = 1
		return x.children(func(e xml.StartElement) error {
			switch value := attribute(e, "val"); e.Name.Local {
			case "start":
				level.start = atoi(value)
			case "numFmt":
				level.format = value
			case "lvlText":
				level.text = value
			}
			return nil
		}, nil)
	}, nil)
	return levels, err
}

// chain calls fn for a style and those it is based on, until fn says that it is done.
func (w *word) chain(id string, fn func(*wordStyle) (done bool)) {
	for range 20 {
		s, ok := w.styles[id]
		if !ok || fn(s) {
			return
		}
		id = s.basedOn
	}
}

// headingLevel is 1 to 9, or 0.
func (w *word) headingLevel(p *wordParagraph) (level int) {
	if p.outline > 0 {
		return p.outline
	}
	w.chain(p.style, func(s *wordStyle) bool {
		switch {
		case s.outline > 0:
			level = s.outline
		case s.name == "title":
			level = 1
		case strings.HasPrefix(s.name, "heading "):
			level = atoi(strings.TrimPrefix(s.name, "heading "))
		}
		return level > 0
	})
	return level
}

// listOf is the paragraph's list, its own or its style's.
func (w *word) listOf(p *wordParagraph) wordList {
	list := p.list
	w.chain(p.style, func(s *wordStyle) bool {
		if !list.set {
			list = s.list
		}
		return list.set
	})
	return list
}

// styled says whether one of the paragraph's styles has one of these words in its name.
func (w *word) styled(p *wordParagraph, words ...string) (found bool) {
	w.chain(p.style, func(s *wordStyle) bool {
		for _, word := range words {
			found = found || strings.Contains(s.name, word)
		}
		return found
	})
	return found
}

// count moves a list on and returns the item's number, 0 for a bullet, and its label ("1.2").
func (w *word) count(list wordList) (n int, label string, listed bool) {
	levels := w.numbering[list.id]
	if list.id == "" || list.id == "0" || levels == nil || levels[list.level].format == "none" {
		return 0, "", false
	}
	level := levels[list.level]
	if level.format == "bullet" || level.format == "" {
		return 0, "", true
	}
	counters := w.counters[list.id]
	if counters == nil {
		counters = make([]int, 9)
		for i, level := range levels {
			counters[i] = level.start - 1
		}
		w.counters[list.id] = counters
	}
	counters[list.level]++
	for i := list.level + 1; i < len(counters); i++ {
		counters[i] = levels[i].start - 1
	}
	return max(counters[list.level], 1), numberLabel(level.text, counters, levels), true
}

// numberLabel fills in a level's text when all its numbers are decimal.
func numberLabel(text string, counters []int, levels []wordLevel) string {
	for i, n := range counters {
		place := "%" + strconv.Itoa(i+1)
		if strings.Contains(text, place) && levels[i].format != "decimal" {
			return ""
		}
		text = strings.ReplaceAll(text, place, strconv.Itoa(max(n, levels[i].start)))
	}
	return strings.TrimSpace(text)
}
