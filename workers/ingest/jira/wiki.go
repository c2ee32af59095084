package jira

import (
	"cmp"
	"strings"
)

const (
	maxMacros = 16   // panels and quotes inside of each other
	maxPhrase = 2000 // bytes between the marks of a phrase
)

// Wiki turns Jira's wiki markup (Data Center) into Markdown. It reads the first 4 MiB. What is no markup stays as text.
func Wiki(text string) string { return convertWiki(text, nil) }

// convertWiki is Wiki with the addresses of attached files, by their names.
func convertWiki(text string, files func(name string) string) string {
	w := wikiWriter{files: files}
	return tidy(w.blocks(clean(text[:min(len(text), maxBody)]), 0))
}

type wikiWriter struct {
	files func(name string) string
}

// macro is the opening of {name} or {name:parameters}.
type macro struct {
	name, parameters string
	size             int // bytes of the opening
}

// blocks splits text at the macros that hold blocks; an opening without an end is text.
func (w wikiWriter) blocks(text string, depth int) string {
	if depth > maxMacros {
		return w.lines(text, depth)
	}
	var parts []string
	last := map[string]int{} // where each macro's tag stands last: many openings without an end stay cheap
	done, at := 0, 0
	for at < len(text) {
		i := strings.IndexByte(text[at:], '{')
		if i < 0 {
			break
		}
		i += at
		m, ok := opening(text[i:])
		end := -1
		if ok && isBlock(m.name) && !strings.HasSuffix(text[:i], `\`) && !strings.HasSuffix(text[:i], "{") {
			if _, ok := last[m.name]; !ok {
				last[m.name] = strings.LastIndex(text, "{"+m.name+"}")
			}
			if last[m.name] >= i+m.size {
				end = closing(text, i+m.size, m.name)
			}
		}
		switch {
		case end < 0:
			at = i + 1
			continue
		case inRow(text, i, end):
			at = end + len(m.name) + 2
			continue
		}
		parts = append(parts, w.lines(text[done:i], depth), w.macro(m, text[i+m.size:end], depth))
		done = end + len(m.name) + 2
		at = done
	}
	return joinBlocks(append(parts, w.lines(text[done:], depth))...)
}

func opening(s string) (macro, bool) {
	s = s[:min(len(s), 400)]
	end := strings.IndexByte(s, '}')
	if len(s) == 0 || s[0] != '{' || end < 0 {
		return macro{}, false
	}
	name, parameters, _ := strings.Cut(s[1:end], ":")
	if name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz") != "" || strings.Contains(parameters, "\n") {
		return macro{}, false
	}
	return macro{name: name, parameters: parameters, size: end + 1}, true
}

func isBlock(name string) bool {
	switch name {
	case "code", "noformat", "quote", "panel", "info", "note", "warning", "tip":
		return true
	}
	return false
}

// closing is where {name} stands again, -1 when it does not.
func closing(text string, from int, name string) int {
	tag := "{" + name + "}"
	if i := strings.Index(text[from:], tag); i >= 0 {
		return from + i
	}
	return -1
}

// inRow says whether a macro lies within one line of a table, where it is a part of the cell.
func inRow(text string, start, end int) bool {
	begin := max(strings.LastIndexByte(text[max(0, start-4096):start], '\n')+1+max(0, start-4096), 0)
	return text[begin] == '|' && !strings.Contains(text[start:end], "\n")
}

func (w wikiWriter) macro(m macro, body string, depth int) string {
	switch m.name {
	case "code":
		return joinBlocks(bold(m.parameter("title")), fence(cmp.Or(m.parameter("language"), m.first()), body))
	case "noformat":
		return joinBlocks(bold(m.parameter("title")), fence("", body))
	}
	text := w.blocks(strings.Trim(body, "\n"), depth+1)
	title := m.parameter("title")
	switch {
	case text == "" && title == "":
		return ""
	case m.name == "quote":
		return quote(text)
	case m.name == "panel":
		return quote(joinBlocks(bold(title), text))
	}
	text = joinBlocks(bold(title), text)
	return admonition(panelName(m.name), text, !strings.ContainsRune("#-|>`0123456789", rune(text[0])))
}

func (m macro) parameter(name string) string {
	for p := range strings.SplitSeq(m.parameters, "|") {
		if k, v, ok := strings.Cut(p, "="); ok && strings.TrimSpace(k) == name {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// first is the first parameter without a name: a code block's language.
func (m macro) first() string {
	for p := range strings.SplitSeq(m.parameters, "|") {
		if !strings.Contains(p, "=") {
			return p
		}
	}
	return ""
}
