package jira

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// body is a rich text as Markdown: ADF where it is an object, else wiki markup on Data Center and plain text on Cloud.
func (r *reading) body(what string, raw jsontext.Value) string {
	if !present(raw) {
		return ""
	}
	if raw.Kind() == '{' {
		text, notes, err := convertADF(raw, r.file)
		for _, n := range notes {
			r.note("%s: %s", what, n)
		}
		if err != nil {
			r.note("%s: %s", what, strings.TrimPrefix(err.Error(), "jira: "))
		}
		return text
	}
	var s string
	if lenient(raw, &s) != nil {
		r.note("%s could not be read", what)
		return ""
	}
	if r.flavour == Cloud {
		return plainText(s)
	}
	if len(s) > maxBody {
		r.note("%s has %d bytes, at most %d are read", what, len(s), maxBody)
	}
	return convertWiki(s, r.file)
}

// plainText is text without markup: an empty line separates paragraphs.
func plainText(s string) string {
	var parts []string
	for p := range strings.SplitSeq(clean(s), "\n\n") {
		parts = append(parts, guard(escape(p, false)))
	}
	return tidy(joinBlocks(parts...))
}

// value is a field of whatever kind as Markdown.
func (r *reading) value(f Field, raw jsontext.Value) string {
	if !present(raw) {
		return ""
	}
	switch raw.Kind() {
	case '"':
		if f.Schema.Custom == textAreaField || f.ID == "environment" || f.ID == "description" {
			return r.body(f.Name, raw)
		}
		var s string
		if lenient(raw, &s) != nil {
			return ""
		}
		return plainText(s)
	case '{':
		return r.object(f, raw)
	case '[':
		return r.values(f, raw)
	}
	return oneLine(string(raw)) // a number, true, false
}

// object is a document, an option with its child, a person, or whatever else has a name.
func (r *reading) object(f Field, raw jsontext.Value) string {
	var o struct {
		Type        string         `json:"type"`
		Content     jsontext.Value `json:"content"`
		DisplayName string         `json:"displayName"`
		Name        string         `json:"name"`
		Value       string         `json:"value"`
		Key         string         `json:"key"`
		Child       jsontext.Value `json:"child"`
	}
	if lenient(raw, &o) != nil {
		return codeSpan(shorten(oneLine(string(raw)), 2000))
	}
	if o.Type == "doc" && present(o.Content) {
		return r.body(f.Name, raw)
	}
	for _, s := range []string{o.Value, o.DisplayName, o.Name, o.Key} {
		if s == "" {
			continue
		}
		if child := r.value(f, o.Child); child != "" {
			return plainText(s) + ": " + child
		}
		return plainText(s)
	}
	return codeSpan(shorten(oneLine(string(raw)), 2000))
}

func (r *reading) values(f Field, raw jsontext.Value) string {
	var all []jsontext.Value
	if lenient(raw, &all) != nil {
		return ""
	}
	var items []string
	for _, v := range all {
		if text := r.value(f, v); text != "" {
			items = append(items, item("-", text))
		}
	}
	return strings.Join(items, "\n")
}

// sprints are names: Cloud answers objects, older Data Centers Java's form of them ("…[id=1,state=ACTIVE,name=Sprint 1,…]").
func (r *reading) sprints(raw jsontext.Value) []string {
	var all []jsontext.Value
	if !present(raw) || lenient(raw, &all) != nil {
		return nil
	}
	var out []string
	for _, v := range all {
		var n name
		var s string
		if v.Kind() == '"' && lenient(v, &s) == nil {
			n.Name = javaMember(s, "name")
		} else if lenient(v, &n) != nil {
			continue
		}
		if n.Name = oneLine(n.Name); n.Name != "" {
			out = append(out, n.Name)
		}
	}
	return out
}

// javaMember is a member's value, which may hold commas itself: it ends where the next member begins.
func javaMember(s, member string) string {
	_, rest, ok := strings.Cut(s, ","+member+"=")
	if !ok {
		return ""
	}
	end := strings.LastIndexByte(rest, ']')
	for i := range len(rest) {
		if rest[i] != ',' {
			continue
		}
		next, _, more := strings.Cut(rest[i+1:], "=")
		if more && next != "" && strings.Trim(next, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == "" {
			return rest[:i]
		}
	}
	if end < 0 {
		return rest
	}
	return rest[:end]
}
