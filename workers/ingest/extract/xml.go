package extract

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"strings"

	"golang.org/x/net/html/charset"
)

const (
	// maxXMLDepth bounds elements in elements, and with them the recursion over them.
	maxXMLDepth = 256
	// maxXMLToken bounds one tag with its attributes, one text or one comment, in bytes.
	maxXMLToken = 4 << 20
	// maxAttributes bounds those of one element.
	maxAttributes = 256
)

// elements reads XML from a stranger: no entities but the five that XML has, and bounds for depth, attributes and the
// length of a token. Not safe for concurrent use.
type elements struct {
	ctx     context.Context
	decoder *xml.Decoder
	source  *tokenReader
	depth   int
	tokens  int
}

// readXML starts at the document's beginning.
func readXML(ctx context.Context, r io.Reader) *elements {
	source := &tokenReader{r: r}
	decoder := xml.NewDecoder(source)
	decoder.CharsetReader = charset.NewReaderLabel
	return &elements{ctx: ctx, decoder: decoder, source: source}
}

// tokenReader fails when one token takes too many bytes, before the decoder has collected them.
type tokenReader struct {
	r    io.Reader
	read int
}

func (t *tokenReader) Read(p []byte) (int, error) {
	if t.read > maxXMLToken {
		return 0, fault(ErrBomb, "an XML tag or text is longer than %d MiB", maxXMLToken>>20)
	}
	n, err := t.r.Read(p)
	t.read += n
	return n, err
}

// next returns an element's begin, end or text; io.EOF at the end.
func (x *elements) next() (xml.Token, error) {
	for {
		x.tokens++
		if x.tokens%1024 == 0 && x.ctx.Err() != nil {
			return nil, x.ctx.Err()
		}
		x.source.read = 0
		token, err := x.decoder.Token()
		if err != nil {
			if errors.Is(err, io.EOF) && x.depth == 0 {
				return nil, io.EOF
			}
			return nil, broken("its XML", err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			x.depth++
			if x.depth > maxXMLDepth || len(t.Attr) > maxAttributes {
				return nil, fault(ErrBomb, "its XML is nested deeper than %d or has an element with more than %d attributes", maxXMLDepth, maxAttributes)
			}
			return t, nil
		case xml.EndElement:
			x.depth--
			return t, nil
		case xml.CharData:
			return t, nil
		case xml.Directive:
			if strings.Contains(string(t), "ENTITY") {
				return nil, fault(ErrBomb, "its XML declares entities, which no document of this kind needs")
			}
		}
	}
}

// children calls element for each child of the current element and text for the text between them, in order. What a
// call leaves unread of its element is passed over. A nil function passes everything over.
func (x *elements) children(element func(xml.StartElement) error, text func(string)) error {
	level := x.depth
	for {
		token, err := x.next()
		if errors.Is(err, io.EOF) && level == 0 {
			return nil
		}
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.StartElement:
			if element != nil {
				if err := element(t); err != nil {
					return err
				}
			}
			if err := x.leave(level); err != nil {
				return err
			}
		case xml.EndElement:
			return nil
		case xml.CharData:
			if text != nil {
				text(string(t))
			}
		}
	}
}

// leave reads on until the depth is at most level.
func (x *elements) leave(level int) error {
	for x.depth > level {
		if _, err := x.next(); err != nil {
			return err
		}
	}
	return nil
}

// text is all the text in the current element.
func (x *elements) text() (string, error) {
	var b strings.Builder
	level := x.depth
	for x.depth >= level {
		token, err := x.next()
		if err != nil {
			return "", err
		}
		if t, ok := token.(xml.CharData); ok && b.Len() < maxXMLToken {
			b.Write(t)
		}
	}
	return b.String(), nil
}

// attribute is the value of the first attribute with this local name.
func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}
