package twin

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// request is what is compared of a request.
type request struct {
	method string
	url    *url.URL
	raw    []byte
	// cut says that raw is not all that was sent.
	cut  bool
	body node
}

// node is a body as a value: an object, an array, text, or bytes.
type node struct {
	kind    nodeKind
	members map[string]node
	items   []node
	text    string
}

type nodeKind int

const (
	nothing nodeKind = iota
	object
	array
	text    // a string, or text that is no other format
	literal // a number, true, false or null
	binary
)

// maxBody bounds a body that is looked into; a larger one is compared as bytes.
const maxBody = 8 << 20

func newRequest(method string, u *url.URL, contentType string, raw []byte) request {
	return request{method: method, url: u, raw: raw, body: parseBody(contentType, raw)}
}

func parseBody(contentType string, raw []byte) node {
	if len(raw) == 0 {
		return node{}
	}
	if len(raw) > maxBody {
		return node{kind: binary, text: string(raw)}
	}
	switch mediaType(contentType) {
	case "application/x-www-form-urlencoded":
		return form(string(raw))
	case "multipart/form-data":
		if n, ok := parts(contentType, raw); ok {
			return n
		}
	}
	if first := bytes.TrimLeft(raw, " \t\r\n"); len(first) > 0 && (first[0] == '{' || first[0] == '[') {
		if n, ok := parseJSON(raw); ok {
			return n
		}
	}
	return plainText(raw)
}

func plainText(raw []byte) node {
	if !utf8.Valid(raw) || bytes.IndexByte(raw, 0) >= 0 {
		return node{kind: binary, text: string(raw)}
	}
	return node{kind: text, text: string(raw)}
}

// form is a query or form: each name's values in their order.
func form(s string) node {
	out := node{kind: object, members: map[string]node{}}
	for part := range strings.SplitSeq(s, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		name = unescape(name)
		n := out.members[name]
		n.kind = array
		n.items = append(n.items, node{kind: text, text: unescape(value)})
		out.members[name] = n
	}
	return out
}

func unescape(s string) string {
	if u, err := url.QueryUnescape(s); err == nil {
		return u
	}
	return s
}

// parts reads a multipart form: its boundary is the browser's and says nothing.
func parts(contentType string, raw []byte) (node, bool) {
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil || params["boundary"] == "" {
		return node{}, false
	}
	out := node{kind: object, members: map[string]node{}}
	r := multipart.NewReader(bytes.NewReader(raw), params["boundary"])
	for {
		part, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			return out, true
		}
		if err != nil {
			return node{}, false
		}
		data, err := io.ReadAll(part)
		if err != nil {
			return node{}, false
		}
		list := out.members[part.FormName()]
		list.kind = array
		one := node{kind: object, members: map[string]node{"content": parseBody(part.Header.Get("Content-Type"), data)}}
		if part.FileName() != "" {
			one.members["filename"] = node{kind: text, text: part.FileName()}
		}
		list.items = append(list.items, one)
		out.members[part.FormName()] = list
	}
}

func parseJSON(raw []byte) (node, bool) {
	dec := jsontext.NewDecoder(bytes.NewReader(raw), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	n, err := readJSON(dec)
	if err != nil {
		return node{}, false
	}
	_, err = dec.ReadToken()
	return n, errors.Is(err, io.EOF)
}

func readJSON(dec *jsontext.Decoder) (node, error) {
	token, err := dec.ReadToken()
	if err != nil {
		return node{}, err
	}
	switch token.Kind() {
	case '"':
		return node{kind: text, text: token.String()}, nil
	case '{':
		out := node{kind: object, members: map[string]node{}}
		for dec.PeekKind() != '}' {
			name, err := dec.ReadToken()
			if err != nil {
				return node{}, err
			}
			if out.members[name.String()], err = readJSON(dec); err != nil {
				return node{}, err
			}
		}
		_, err = dec.ReadToken()
		return out, err
	case '[':
		out := node{kind: array}
		for dec.PeekKind() != ']' {
			item, err := readJSON(dec)
			if err != nil {
				return node{}, err
			}
			out.items = append(out.items, item)
		}
		_, err = dec.ReadToken()
		return out, err
	default:
		return node{kind: literal, text: token.String()}, nil
	}
}
