package jira

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Bounds of a body that comes from outside.
const (
	maxBody    = 4 << 20 // bytes of ADF or wiki markup
	maxNesting = 64      // levels of ADF nodes
	maxNotes   = 100
)

// node is a node of the Atlassian Document Format.
type node struct {
	kind    string
	text    string
	attrs   attrs
	marks   []mark
	content []*node
}

type mark struct {
	kind  string
	attrs attrs
}

type attrs map[string]any

// str is an attribute as text: a string, or a number as JSON writes it.
func (a attrs) str(name string) string {
	switch v := a[name].(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return ""
}

// num is a number, also one that is written as text; otherwise it answers fallback.
func (a attrs) num(name string, fallback int) int {
	if f, err := strconv.ParseFloat(a.str(name), 64); err == nil && f > -1e9 && f < 1e9 {
		return int(f)
	}
	return fallback
}

// Markdown turns a document of the Atlassian Document Format into Markdown. Notes say what Markdown has no words for:
// nodes that are not known, macros, media, links with other schemes; their text is kept. Where adf is not well-formed
// or exceeds the bounds (4 MiB, 64 levels), err says so and text is what could be read before.
func Markdown(adf []byte) (text string, notes []string, err error) {
	return convertADF(adf, nil)
}

// convertADF is Markdown with the addresses of attached files, by their names.
func convertADF(raw []byte, files func(name string) string) (string, []string, error) {
	if len(raw) > maxBody {
		return "", nil, fmt.Errorf("jira: the document has %d bytes, at most %d are read", len(raw), maxBody)
	}
	r := nodeReader{dec: jsontext.NewDecoder(bytes.NewReader(raw), jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))}
	root, err := r.root()
	w := &adfWriter{files: files}
	return tidy(w.blocks(root)), w.notes, err
}

// nodeReader reads nodes one token after the other, so that what came before a fault is kept.
type nodeReader struct {
	dec     *jsontext.Decoder
	tooDeep bool
}

func (r *nodeReader) root() ([]*node, error) {
	switch r.dec.PeekKind() {
	case '{':
	case 'n':
		return nil, nil
	case '"': // plain text where a document was expected
		s, err := r.str()
		return []*node{{kind: "text", text: s}}, malformed(err)
	default:
		return nil, malformed(fmt.Errorf("no object"))
	}
	n, err := r.node(0)
	if err == nil && r.tooDeep {
		err = fmt.Errorf("nested deeper than %d levels, the rest is left out", maxNesting)
	}
	if err == nil {
		if _, after := r.dec.ReadToken(); !errors.Is(after, io.EOF) {
			err = fmt.Errorf("something follows the document")
		}
	}
	if n.kind == "doc" || n.kind == "" {
		return n.content, malformed(err)
	}
	return []*node{n}, malformed(err)
}

func malformed(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("jira: malformed document: %w", err)
}

// node reads an object; other values are passed over.
func (r *nodeReader) node(depth int) (*node, error) {
	n := &node{}
	if r.dec.PeekKind() != '{' {
		return n, r.dec.SkipValue()
	}
	if depth > maxNesting {
		r.tooDeep = true
		return n, r.dec.SkipValue()
	}
	return n, r.object(func(name string) (err error) {
		switch name {
		case "type":
			n.kind, err = r.str()
		case "text":
			n.text, err = r.str()
		case "attrs":
			n.attrs, err = r.attrs()
		case "marks":
			err = r.array(func() error {
				m, err := r.mark()
				n.marks = append(n.marks, m)
				return err
			})
		case "content":
			err = r.array(func() error {
				child, err := r.node(depth + 1)
				n.content = append(n.content, child)
				return err
			})
		default:
			err = r.dec.SkipValue()
		}
		return err
	})
}

func (r *nodeReader) mark() (mark, error) {
	var m mark
	if r.dec.PeekKind() != '{' {
		return m, r.dec.SkipValue()
	}
	return m, r.object(func(name string) (err error) {
		switch name {
		case "type":
			m.kind, err = r.str()
		case "attrs":
			m.attrs, err = r.attrs()
		default:
			err = r.dec.SkipValue()
		}
		return err
	})
}

// object calls member with the name of each, which must read the value.
func (r *nodeReader) object(member func(name string) error) error {
	if _, err := r.dec.ReadToken(); err != nil {
		return err
	}
	for r.dec.PeekKind() != '}' {
		name, err := r.dec.ReadToken()
		if err != nil {
			return err
		}
		if err := member(name.String()); err != nil {
			return err
		}
	}
	_, err := r.dec.ReadToken()
	return err
}

func (r *nodeReader) array(element func() error) error {
	if r.dec.PeekKind() != '[' {
		return r.dec.SkipValue()
	}
	if _, err := r.dec.ReadToken(); err != nil {
		return err
	}
	for r.dec.PeekKind() != ']' {
		if err := element(); err != nil {
			return err
		}
	}
	_, err := r.dec.ReadToken()
	return err
}

func (r *nodeReader) str() (string, error) {
	if r.dec.PeekKind() != '"' {
		return "", r.dec.SkipValue()
	}
	token, err := r.dec.ReadToken()
	if err != nil {
		return "", err
	}
	return token.String(), nil
}

func (r *nodeReader) attrs() (attrs, error) {
	raw, err := r.dec.ReadValue()
	if err != nil {
		return nil, err
	}
	var a attrs
	if json.Unmarshal(raw, &a, jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true)) != nil {
		return nil, nil // no object: there is nothing to ask it for
	}
	return a, nil
}
