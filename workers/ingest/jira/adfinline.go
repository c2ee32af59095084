package jira

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// inline says whether a node stands within a line.
func (n *node) inline() bool {
	switch n.kind {
	case "text", "hardBreak", "mention", "emoji", "date", "status", "inlineCard", "mediaInline", "inlineExtension", "placeholder":
		return true
	case "paragraph", "heading", "codeBlock":
		return false
	}
	return n.text != "" && len(n.content) == 0
}

func (n *node) inlineOnly() bool {
	return !slices.ContainsFunc(n.content, func(c *node) bool { return !c.inline() })
}

func (n *node) startsInline() bool {
	return len(n.content) > 0 && (n.content[0].inline() || n.content[0].kind == "paragraph" && n.content[0].startsInline())
}

// piece is a part of a line with the marks that are still to be written around it, the outermost first.
type piece struct {
	text  string
	marks []inlineMark
}

// inlineMark is comparable, so that neighbours with the same mark share it.
type inlineMark struct {
	rank        int
	open, close string
	dest        string // of a link
}

func (w *adfWriter) inline(nodes []*node) string {
	var pieces []piece
	for _, n := range nodes {
		text := w.word(n)
		if len(pieces) > 0 && n.kind == "text" && strings.HasSuffix(pieces[len(pieces)-1].text, "]") && strings.ContainsRune("([:", first(text)) {
			text = `\` + text // brackets in a text are no link
		}
		pieces = append(pieces, piece{text: text, marks: w.marks(n)})
		if len(n.content) > 0 { // a block in a line, or something in what should hold nothing
			pieces = append(pieces, piece{text: " " + w.inline(n.content)})
		}
	}
	return weave(pieces)
}

func first(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}

// weave writes pieces and puts each mark around the longest run that has it.
func weave(pieces []piece) string {
	var out strings.Builder
	for len(pieces) > 0 {
		if len(pieces[0].marks) == 0 {
			out.WriteString(pieces[0].text)
			pieces = pieces[1:]
			continue
		}
		m := pieces[0].marks[0]
		var run []piece
		for _, p := range pieces {
			i := slices.Index(p.marks, m)
			if i < 0 {
				break
			}
			run = append(run, piece{text: p.text, marks: slices.Delete(slices.Clone(p.marks), i, i+1)})
		}
		out.WriteString(m.around(weave(run)))
		pieces = pieces[len(run):]
	}
	return out.String()
}

// around leaves blanks outside of the marks, where Markdown wants them.
func (m inlineMark) around(text string) string {
	inner := strings.TrimSpace(text)
	if inner == "" {
		return text
	}
	start := strings.Index(text, inner)
	before, after := text[:start], text[start+len(inner):]
	if openBreak(inner) && strings.HasPrefix(after, "\n") { // a hard break is no part of the marked text either
		inner, after = strings.TrimSuffix(inner, `\`), `\`+after
	}
	if m.dest != "" {
		return before + link(inner, m.dest) + after
	}
	return before + m.open + inner + m.close + after
}

func (w *adfWriter) marks(n *node) []inlineMark {
	var out []inlineMark
	for _, m := range n.marks {
		im, ok := w.mark(m)
		same := func(o inlineMark) bool { return o.rank == im.rank }
		if ok && !slices.ContainsFunc(out, same) {
			out = append(out, im)
		}
	}
	slices.SortStableFunc(out, func(a, b inlineMark) int { return cmp.Compare(a.rank, b.rank) })
	return out
}

// mark is how Markdown writes a mark; colours, alignment and the like have no words there.
func (w *adfWriter) mark(m mark) (inlineMark, bool) {
	switch m.kind {
	case "link":
		dest := safeURL(m.attrs.str("href"))
		if dest == "" {
			w.note("a link to %q is kept as its text", m.attrs.str("href"))
		}
		return inlineMark{rank: 1, dest: dest}, dest != ""
	case "strong":
		return inlineMark{rank: 2, open: "**", close: "**"}, true
	case "em":
		return inlineMark{rank: 3, open: "*", close: "*"}, true
	case "strike":
		return inlineMark{rank: 4, open: "~~", close: "~~"}, true
	case "underline":
		return inlineMark{rank: 5, open: "<u>", close: "</u>"}, true
	case "subsup":
		tag := "sub"
		if m.attrs.str("type") == "sup" {
			tag = "sup"
		}
		return inlineMark{rank: 6, open: "<" + tag + ">", close: "</" + tag + ">"}, true
	}
	return inlineMark{}, false
}

func (n *node) marked(kind string) bool {
	return slices.ContainsFunc(n.marks, func(m mark) bool { return m.kind == kind })
}

// word is an inline node without its marks.
func (w *adfWriter) word(n *node) string {
	plain := func(s string) string { return escape(clean(s), n.marked("link")) }
	switch n.kind {
	case "text":
		if n.marked("code") {
			return codeSpan(n.text)
		}
		return plain(n.text)
	case "hardBreak":
		return "\\\n"
	case "mention":
		return plain("@" + strings.TrimPrefix(cmp.Or(n.attrs.str("text"), n.attrs.str("id")), "@"))
	case "emoji":
		return plain(cmp.Or(n.attrs.str("text"), n.attrs.str("shortName")))
	case "date":
		return plain(day(n.attrs.str("timestamp")))
	case "status":
		return bold(n.attrs.str("text"))
	case "inlineCard":
		return w.card(n)
	case "mediaInline":
		return w.media(n)
	case "inlineExtension":
		return w.macro(n)
	case "placeholder":
		return plain(n.attrs.str("text"))
	}
	w.note("the node %q is not known, its text is kept", n.kind)
	return plain(n.ownText())
}

// day is a date node's: milliseconds since 1970, a day in UTC.
func day(timestamp string) string {
	ms, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || ms < -1e14 || ms > 1e14 {
		return timestamp
	}
	return time.UnixMilli(ms).UTC().Format(time.DateOnly)
}

// card is a link that Jira shows with its title; the title is only sometimes in the document.
func (w *adfWriter) card(n *node) string {
	data, _ := n.attrs["data"].(map[string]any)
	raw := cmp.Or(n.attrs.str("url"), attrs(data).str("url"))
	label := escape(oneLine(attrs(data).str("name")), true)
	dest := safeURL(raw)
	if dest == "" {
		w.note("a link to %q is kept as its text", raw)
		return joinWords(label, escape(oneLine(raw), false))
	}
	return link(label, dest)
}

func joinWords(words ...string) string {
	return strings.TrimSpace(strings.Join(words, " "))
}

// media is a picture or a file: only external ones have an address of their own, others are found by their names among
// the attachments.
func (w *adfWriter) media(n *node) string {
	name := cmp.Or(n.attrs.str("alt"), n.attrs.str("__fileName"), n.attrs.str("url"), n.attrs.str("id"))
	dest := safeURL(n.attrs.str("url"))
	if dest == "" && w.files != nil {
		dest = safeURL(w.files(name))
	}
	if dest == "" {
		w.note("the file %q has no address in the text", name)
	}
	picture := image(name, dest)
	for _, m := range n.marks {
		if target := safeURL(m.attrs.str("href")); m.kind == "link" && n.kind == "media" && target != "" {
			return "[" + picture + "](" + target + ")"
		}
	}
	return picture
}
