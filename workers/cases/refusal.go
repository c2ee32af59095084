package cases

import (
	"bytes"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/net/html"

	"tapedeck/domain/testcase"
)

// Bounds of what is taken from a refusal.
const (
	maxSaid  = 5
	maxWords = 300
	maxNest  = 8
)

// saying are members of JSON whose value is for people, naming those that say which field is meant.
var (
	saying = []string{"message", "msg", "error", "errors", "error_description", "detail", "details", "description", "title", "reason", "text", "fault", "faults", "violations"}
	naming = []string{"field", "fields", "path", "param", "parameter", "property", "pointer", "loc", "name", "key"}
)

// refusal reads what a server says about why it refuses, and the names of fields that it mentions: from JSON, from the alerts
// of a page, or from a text. The text is in one line, and empty when nothing is said.
func refusal(body []byte) (text string, fields []string) {
	var r refused
	var value any
	trimmed := bytes.TrimSpace(body)
	switch {
	case len(trimmed) == 0:
	case json.Unmarshal(trimmed, &value, jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true)) == nil:
		r.value(value, false, 0)
	case trimmed[0] == '<':
		r.page(trimmed)
	case trimmed[0] != '{' && trimmed[0] != '[': // JSON that was cut off says nothing
		r.say(string(trimmed))
	}
	return testcase.CutLine(strings.Join(r.said, "; "), maxWords), r.fields
}

type refused struct{ said, fields []string }

func (r *refused) say(text string) {
	if text = testcase.CutLine(text, maxWords); text != "" && len(r.said) < maxSaid && !slices.Contains(r.said, text) {
		r.said = append(r.said, text)
	}
}

func (r *refused) name(text string) {
	if text = testcase.CutLine(text, 100); text != "" && len(r.fields) < 4*maxSaid && !slices.Contains(r.fields, text) {
		r.fields = append(r.fields, text)
	}
}

// value walks JSON; said is whether a text here is for people.
func (r *refused) value(v any, said bool, depth int) {
	if depth > maxNest {
		return
	}
	switch v := v.(type) {
	case string:
		if said {
			r.say(v)
		}
	case []any:
		for _, item := range v {
			r.value(item, said, depth+1)
		}
	case map[string]any:
		names := make([]string, 0, len(v))
		for name := range v {
			names = append(names, name)
		}
		// What is read first is said first: the members that say it, in the order above.
		slices.SortFunc(names, func(a, b string) int {
			if i, j := rank(a), rank(b); i != j {
				return i - j
			}
			return strings.Compare(a, b)
		})
		for _, name := range names {
			word := strings.ToLower(name)
			switch text, isText := v[name].(string); {
			case slices.Contains(saying, word):
				r.value(v[name], true, depth+1)
			case slices.Contains(naming, word) && isText:
				r.name(text)
			case said: // {"errors": {"email": ["is taken"]}}
				r.name(name)
				r.value(v[name], true, depth+1)
			default:
				r.value(v[name], false, depth+1)
			}
		}
	}
}

func rank(name string) int {
	if i := slices.Index(saying, strings.ToLower(name)); i >= 0 {
		return i
	}
	return len(saying)
}

// page takes what a page marks as an alert or an error.
func (r *refused) page(body []byte) {
	root, err := html.Parse(bytes.NewReader(body))
	if err != nil {
		return
	}
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && alerts(n) {
			var b strings.Builder
			for t := range n.Descendants() {
				if t.Type == html.TextNode && b.Len() < 4*maxWords {
					b.WriteString(t.Data + " ")
				}
			}
			r.say(b.String())
		}
	}
}

func alerts(n *html.Node) bool {
	for _, a := range n.Attr {
		if a.Key == "role" && a.Val == "alert" {
			return true
		}
		if a.Key == "class" && slices.ContainsFunc(strings.Fields(strings.ToLower(a.Val)), func(class string) bool {
			return slices.Contains([]string{"error", "errors", "alert", "invalid-feedback", "field-error", "error-message", "help-block"}, class)
		}) {
			return true
		}
	}
	return false
}
