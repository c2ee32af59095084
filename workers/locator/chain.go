package locator

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Chain is a locator: calls, each on what the one before found.
type Chain []Call

// Call is one call with its arguments.
type Call struct {
	Name string
	Args []Value
}

// Value is an argument that is written out. Exactly one of its fields counts: Fields of an object, Items of an array,
// Inner, Raw (a number, a word such as true, a regular expression) or else Text, of a text or a pattern.
type Value struct {
	Text   string
	Raw    string
	Fields []Field
	Items  []Value
	Inner  Chain

	sort sort
}

type sort int

const (
	isText sort = iota
	isRaw
	isObject
	isArray
	isChain
	isPattern // Text is the source of a regular expression
)

// Field is a member of an object.
type Field struct {
	Name  string
	Value Value
}

// Text makes the Value of a text.
func Text(s string) Value { return Value{Text: s} }

// pattern makes the Value of a regular expression that is made of a text.
func pattern(source string) Value { return Value{Text: source, sort: isPattern} }

// numeric makes the Value of a number.
func numeric(n int) Value { return Value{Raw: strconv.Itoa(n), sort: isRaw} }

// Many says whether it is more than one thing: an array or an object.
func (v Value) Many() bool { return v.sort == isArray || v.sort == isObject }

// begins are the calls that a locator begins with, goesOn those that follow too.
var (
	begins = []string{"getByRole", "getByText", "getByLabel", "getByPlaceholder", "getByAltText", "getByTitle", "getByTestId", "locator", "frameLocator"}
	goesOn = append(slices.Clone(begins), "contentFrame", "first", "last", "nth", "filter", "and", "or")
)

// style is how a chain is written.
type style struct {
	quote byte
	// page is what locators within a locator are called on.
	page string
	// plain is for comparing: one way for what can be written in several.
	plain bool
}

// Key is the same for chains that say the same.
func (c Chain) Key() string { return c.write(style{quote: '"', plain: true}) }

// Code is the chain as it is called on page, with texts in quote.
func (c Chain) Code(page string, quote byte) string { return c.write(style{quote: quote, page: page}) }

// Nested says whether locators stand within the locator.
func (c Chain) Nested() bool {
	return c.any(func(v Value) bool { return v.sort == isChain })
}

// Holds says whether a text of the chain contains another, whatever its case.
func (c Chain) Holds(s string) bool {
	s = strings.ToLower(strings.TrimSpace(s))
	return s != "" && c.any(func(v Value) bool { return strings.Contains(strings.ToLower(v.Text+v.Raw), s) })
}

func (c Chain) any(is func(Value) bool) bool {
	return slices.ContainsFunc(c, func(call Call) bool {
		return slices.ContainsFunc(call.Args, func(v Value) bool { return v.any(is) })
	})
}

func (v Value) any(is func(Value) bool) bool {
	return is(v) || v.Inner.any(is) || slices.ContainsFunc(v.Items, func(v Value) bool { return v.any(is) }) ||
		slices.ContainsFunc(v.Fields, func(f Field) bool { return f.Value.any(is) })
}

func (c Chain) write(s style) string {
	var calls []string
	for _, call := range c {
		if s.plain && call.Name == "frameLocator" {
			calls = append(calls, Call{"locator", call.Args}.write(s), "contentFrame()")
			continue
		}
		calls = append(calls, call.write(s))
	}
	return strings.Join(calls, ".")
}

func (c Call) write(s style) string { return c.Name + "(" + list(c.Args, s) + ")" }

func list(values []Value, s style) string {
	parts := make([]string, len(values))
	for i, v := range values {
		parts[i] = v.write(s)
	}
	return strings.Join(parts, ", ")
}

func (v Value) write(s style) string {
	switch v.sort {
	case isRaw:
		return v.Raw
	case isArray:
		return "[" + list(v.Items, s) + "]"
	case isChain:
		if s.page != "" {
			return s.page + "." + v.Inner.write(s)
		}
		return v.Inner.write(s)
	case isObject:
		parts := make([]string, len(v.Fields))
		for i, f := range v.Fields {
			parts[i] = f.Name + ": " + f.Value.write(s)
		}
		if s.plain {
			slices.Sort(parts)
		}
		return "{ " + strings.Join(parts, ", ") + " }"
	case isPattern:
		return "new RegExp(" + Quote(v.Text, s.quote) + ")"
	case isText:
	}
	return Quote(v.Text, s.quote)
}

// Quote writes a text as one of JavaScript's. What cannot be seen is escaped, also what turns the direction of writing.
func Quote(text string, quote byte) string {
	var b strings.Builder
	b.WriteByte(quote)
	for _, r := range text {
		switch {
		case r == rune(quote) || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r > 0xffff:
			_, _ = fmt.Fprintf(&b, `\u{%x}`, r)
		default:
			_, _ = fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	b.WriteByte(quote)
	return b.String()
}
