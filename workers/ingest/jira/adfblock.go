package jira

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// adfWriter writes nodes as Markdown and gathers notes.
type adfWriter struct {
	files func(name string) string
	notes []string
	spans int // cells that were repeated for merged ones
}

func (w *adfWriter) note(format string, args ...any) {
	s := oneLine(fmt.Sprintf(format, args...))
	if len(w.notes) < maxNotes && !slices.Contains(w.notes, s) {
		w.notes = append(w.notes, s)
	}
}

// blocks writes nodes with a blank line between blocks; inline nodes that stand beside blocks make a paragraph.
func (w *adfWriter) blocks(nodes []*node) string { return joinBlocks(w.parts(nodes)...) }

func (w *adfWriter) parts(nodes []*node) []string {
	var parts []string
	for len(nodes) > 0 {
		n := slices.IndexFunc(nodes, func(n *node) bool { return !n.inline() })
		switch {
		case n < 0:
			n = len(nodes)
			fallthrough
		case n > 0:
			parts = append(parts, w.paragraph(nodes[:n]))
		default:
			n = 1
			parts = append(parts, w.block(nodes[0]))
		}
		nodes = nodes[n:]
	}
	return parts
}

func (w *adfWriter) paragraph(nodes []*node) string { return guard(w.inline(nodes)) }

// block writes a node; what stands inside of one that should hold nothing is kept after it.
func (w *adfWriter) block(n *node) string {
	switch n.kind {
	case "rule", "media", "image", "blockCard", "embedCard":
		return joinBlocks(w.leaf(n), w.blocks(n.content))
	case "paragraph", "caption":
		return w.blocks(n.content)
	case "heading":
		return heading(n.attrs.num("level", 1), w.inline(n.content))
	case "bulletList", "orderedList", "taskList", "decisionList":
		return w.list(n)
	case "listItem", "taskItem", "decisionItem", "blockTaskItem":
		return w.list(&node{kind: "bulletList", content: []*node{n}})
	case "codeBlock":
		return fence(n.attrs.str("language"), n.plain())
	case "blockquote":
		return w.quoted(n)
	case "panel":
		return admonition(panelName(n.attrs.str("panelType")), w.blocks(n.content), n.startsInline())
	case "expand", "nestedExpand":
		return joinBlocks(bold(n.attrs.str("title")), w.blocks(n.content))
	case "table":
		return w.table(n)
	case "mediaSingle", "mediaGroup", "layoutSection", "layoutColumn", "doc":
		return w.blocks(n.content)
	case "extension", "bodiedExtension", "multiBodiedExtension", "extensionFrame":
		return joinBlocks(w.macro(n), w.blocks(n.content))
	}
	return w.unknown(n)
}

func (w *adfWriter) leaf(n *node) string {
	switch n.kind {
	case "rule":
		return "---"
	case "media", "image":
		return w.media(n)
	}
	return w.card(n)
}

func (w *adfWriter) quoted(n *node) string {
	text := w.blocks(n.content)
	if text == "" {
		return ""
	}
	return quote(text)
}

func bold(title string) string {
	if title = oneLine(title); title == "" {
		return ""
	}
	return "**" + escape(title, false) + "**"
}

func panelName(kind string) string {
	switch kind {
	case "info", "note", "warning", "success", "error", "tip":
		return strings.ToUpper(kind[:1]) + kind[1:]
	}
	return "Panel"
}

// list writes a list; a list inside of a list without an item of its own, as task lists have it, goes under the item before.
func (w *adfWriter) list(n *node) string {
	var items []string
	number := max(min(n.attrs.num("order", 1), 99_999), 0)
	for _, child := range n.content {
		if nested := child.isList(); nested && len(items) > 0 {
			items[len(items)-1] += "\n" + prefix(w.block(child), "  ", "  ")
			continue
		} else if nested {
			items = append(items, w.block(child))
			continue
		}
		marker := "-"
		if n.kind == "orderedList" {
			marker = strconv.Itoa(number) + "."
			number++
		}
		items = append(items, item(marker, w.item(child)))
	}
	return strings.Join(items, "\n")
}

func (n *node) isList() bool { return strings.HasSuffix(n.kind, "List") }

// item is the text of a list item: what follows on a paragraph is held close to it when it is a list.
func (w *adfWriter) item(n *node) string {
	if !strings.HasSuffix(n.kind, "Item") {
		return w.blocks([]*node{n})
	}
	var out strings.Builder
	for _, p := range n.content {
		if n.inlineOnly() {
			out.WriteString(w.paragraph(n.content))
			break
		}
		text := w.blocks([]*node{p})
		switch {
		case text == "":
			continue
		case out.Len() > 0 && p.isList():
			out.WriteString("\n")
		case out.Len() > 0:
			out.WriteString("\n\n")
		}
		out.WriteString(text)
	}
	text := out.String()
	switch n.kind {
	case "taskItem", "blockTaskItem":
		return taskBox(n.attrs.str("state")) + text
	case "decisionItem":
		return "**Decision:** " + text
	}
	return text
}

func taskBox(state string) string {
	if state == "DONE" {
		return "[x] "
	}
	return "[ ] "
}

// macro names an extension with its settings, which often are all that it has to say.
func (w *adfWriter) macro(n *node) string {
	name := oneLine(n.attrs.str("extensionKey"))
	parameters, _ := n.attrs["parameters"].(map[string]any)
	w.note("the macro %q is kept as its text", name)
	if text := oneLine(n.attrs.str("text")); text != "" {
		return guard(escape(text, false))
	}
	words := []string{"macro " + name}
	words = append(words, settings(parameters)...)
	return guard(escape("("+strings.Join(words, ", ")+")", false))
}

// settings are the parameters that a person set on a macro, as name=value, by name.
func settings(parameters map[string]any) []string {
	var out []string
	given, _ := parameters["macroParams"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(given)) {
		value, _ := given[name].(map[string]any)
		if text := oneLine(attrs(value).str("value")); text != "" {
			out = append(out, oneLine(name)+"="+text)
		}
	}
	return out
}

// unknown keeps whatever text a node has that this converter does not know.
func (w *adfWriter) unknown(n *node) string {
	if n.kind != "" {
		w.note("the node %q is not known, its text is kept", n.kind)
	}
	return joinBlocks(guard(escape(clean(n.ownText()), false)), w.blocks(n.content))
}

// ownText is what a node says by itself: its text, or the attributes that hold one.
func (n *node) ownText() string {
	if n.text != "" {
		return n.text
	}
	var words []string
	for _, name := range []string{"text", "title", "alt", "label", "url"} {
		if s := n.attrs.str(name); s != "" {
			words = append(words, s)
		}
	}
	return strings.Join(words, " ")
}

// plain is the text of a node without any formatting, for code.
func (n *node) plain() string {
	var out strings.Builder
	n.walk(func(n *node) {
		switch n.kind {
		case "hardBreak":
			out.WriteString("\n")
		default:
			out.WriteString(n.ownText())
		}
	})
	return out.String()
}

func (n *node) walk(visit func(*node)) {
	for _, child := range n.content {
		visit(child)
		child.walk(visit)
	}
}
