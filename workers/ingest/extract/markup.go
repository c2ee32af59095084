package extract

import (
	"bytes"
	"context"
	"errors"
	"regexp"
	"strings"

	"github.com/JohannesKaufmann/html-to-markdown/v2/converter"
	"github.com/JohannesKaufmann/html-to-markdown/v2/plugin/base"
	"github.com/JohannesKaufmann/html-to-markdown/v2/plugin/commonmark"
	"github.com/JohannesKaufmann/html-to-markdown/v2/plugin/strikethrough"
	"github.com/JohannesKaufmann/html-to-markdown/v2/plugin/table"
	"go.yaml.in/yaml/v3"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/net/html/charset"
)

// readHTML converts a page. Scripts, styles, forms' machinery and frames are left out.
func readHTML(ctx context.Context, in *input, doc *Document, out *markdown) error {
	if err := in.holdable(in.limits.Whole); err != nil {
		return err
	}
	raw, err := in.bytes()
	if err != nil {
		return err
	}
	e, _, _ := charset.DetermineEncoding(raw[:min(len(raw), 1024)], in.ContentType)
	if own, name := encodingOf(in.head); name == "UTF-8" || strings.HasPrefix(name, "UTF-16") {
		e = own
	}
	if e != nil {
		if raw, err = e.NewDecoder().Bytes(raw); err != nil {
			return broken("its encoding", err)
		}
	}
	root, err := html.Parse(bytes.NewReader(raw)) // which refuses more than 512 elements in each other
	if err != nil {
		return broken("its markup", err)
	}
	p := &htmlPage{doc: doc}
	p.clean(root)
	if err := ctx.Err(); err != nil {
		return err
	}
	text, err := newConverter().ConvertNode(root, converter.WithContext(ctx))
	if err != nil {
		return broken("its markup", err)
	}
	writeMarkdown(out, string(text))
	return nil
}

func newConverter() *converter.Converter {
	return converter.NewConverter(converter.WithPlugins(base.NewBasePlugin(),
		commonmark.NewCommonmarkPlugin(commonmark.WithListEndComment(false)), strikethrough.NewStrikethroughPlugin(),
		table.NewTablePlugin(table.WithSkipEmptyRows(true), table.WithHeaderPromotion(true), table.WithSpanCellBehavior(table.SpanBehaviorMirror))))
}

type htmlPage struct{ doc *Document }

// unread are elements whose content is no text of the page.
func unread(a atom.Atom) bool {
	switch a {
	case atom.Script, atom.Style, atom.Noscript, atom.Template, atom.Iframe, atom.Object, atom.Embed, atom.Svg, atom.Math,
		atom.Canvas, atom.Audio, atom.Video, atom.Link, atom.Base:
		return true
	}
	return false
}

// clean reads metadata and takes out what is not text and where links must not lead. The depth is the parser's bound.
func (p *htmlPage) clean(n *html.Node) {
	for child := n.FirstChild; child != nil; {
		next := child.NextSibling
		if child.Type == html.CommentNode || child.Type == html.ElementNode && (unread(child.DataAtom) || child.Namespace != "") {
			n.RemoveChild(child)
		} else {
			p.element(child)
			p.clean(child)
		}
		child = next
	}
}

func (p *htmlPage) element(n *html.Node) {
	switch n.DataAtom {
	case atom.Html:
		p.doc.Language = tidyLine(htmlAttribute(n, "lang"))
	case atom.Title:
		if p.doc.Title == "" && n.FirstChild != nil {
			p.doc.Title = n.FirstChild.Data
		}
	case atom.Meta:
		p.meta(n)
	case atom.A, atom.Img:
		n.Attr = safeAttributes(n.Attr)
	}
}

func (p *htmlPage) meta(n *html.Node) {
	name := strings.ToLower(htmlAttribute(n, "name"))
	switch name {
	case "author", "description", "keywords", "generator":
		p.doc.set(name, htmlAttribute(n, "content"))
	}
}

func htmlAttribute(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// safeAttributes keeps addresses that may be followed and alternative texts.
func safeAttributes(attributes []html.Attribute) (kept []html.Attribute) {
	for _, a := range attributes {
		switch a.Key {
		case "href", "src": // data: and relative ones go too, for there is nothing that they are relative to
			if a.Val = safeAddress(a.Val); a.Val != "" {
				kept = append(kept, a)
			}
		case "alt", "title":
			kept = append(kept, a)
		}
	}
	return kept
}

// bytes is the whole file.
func (in *input) bytes() ([]byte, error) {
	raw := make([]byte, in.Size)
	n, err := in.Content.ReadAt(raw, 0)
	if int64(n) < in.Size {
		return nil, broken("it is shorter than it says", err)
	}
	return raw, nil
}

// readMarkdown keeps a Markdown text and reads its front matter.
func readMarkdown(_ context.Context, in *input, doc *Document, out *markdown) error {
	text, err := in.text(doc)
	if err != nil {
		return err
	}
	text = tidyKept(text)
	if front, body, ok := frontMatter(text); ok {
		if err := doc.front(front); err != nil {
			doc.note("Its front matter could not be read: " + tidyLine(err.Error()))
		} else {
			text = body
		}
	}
	writeMarkdown(out, text)
	return nil
}

var fence = regexp.MustCompile("^ {0,3}(`{3,}|~{3,})")

// frontMatter splits off YAML between two lines of dashes at the very beginning.
func frontMatter(text string) (front, body string, ok bool) {
	rest, ok := strings.CutPrefix(text, "---\n")
	if !ok {
		return "", text, false
	}
	front, body, ok = strings.Cut(rest, "\n---\n")
	return front, body, ok && len(front) < 64<<10
}

// front takes plain values of front matter as metadata.
func (d *Document) front(text string) error {
	var node yaml.Node
	if err := yaml.Unmarshal([]byte(text), &node); err != nil {
		return err
	}
	if len(node.Content) != 1 || node.Content[0].Kind != yaml.MappingNode {
		return errors.New("it is no mapping")
	}
	pairs := node.Content[0].Content
	for i := 0; i+1 < len(pairs) && i < 200; i += 2 {
		key, value := pairs[i].Value, scalars(pairs[i+1])
		switch key {
		case "title":
			d.Title = value
		case "lang", "language":
			d.Language = tidyLine(value)
		default:
			d.set(tidyLine(key), value)
		}
	}
	return nil
}

// scalars is a value, or the values of a list.
func scalars(n *yaml.Node) string {
	if n.Kind != yaml.SequenceNode {
		return n.Value
	}
	var values []string
	for _, item := range n.Content {
		values = append(values, item.Value)
	}
	return strings.Join(values, ", ")
}

var (
	atxHeading = regexp.MustCompile(`(?m)^ {0,3}#{1,6}[ \t]+(.+?)[ \t]*#*$`)
	// markupLink is a link's or image's target, markupDefinition that of a reference, in Markdown that a stranger wrote.
	markupLink       = regexp.MustCompile(`\]\(\s*<?([^\s)>]+)`)
	markupDefinition = regexp.MustCompile(`(?m)\]:\s*<?([^\s>]+)`)
	autoLink         = regexp.MustCompile(`<([A-Za-z][A-Za-z0-9+.-]{1,31}:[^\s<>]*)>`)
	scheme           = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*:`)
	// dangerousTag is HTML in Markdown that does more than format text.
	dangerousTag = regexp.MustCompile(`(?i)</?(?:script|style|iframe|object|embed|svg|math|form|input|button|link|meta|base|frame|frameset|applet|template|noscript)\b|<[a-z][^>]*[\s/"'](?:on[a-z]+|href|src|style|srcdoc|action|formaction)\s*=`)
)

// writeMarkdown writes Markdown as one text, with its first heading as the title.
func writeMarkdown(out *markdown, text string) {
	text = tidyKept(text)
	if h := atxHeading.FindStringSubmatch(text); h != nil {
		out.title = shorten(plain(tidyLine(h[1])), 300)
	}
	out.keep(outsideCode(text, disarm))
}

// disarm makes targets with other schemes than those that may be followed "#", and tags that do something text.
func disarm(text string) string {
	for _, pattern := range []*regexp.Regexp{markupLink, markupDefinition, autoLink} {
		text = disarmTargets(pattern, text)
	}
	return dangerousTag.ReplaceAllStringFunc(text, func(tag string) string { return `\` + tag })
}

func disarmTargets(pattern *regexp.Regexp, text string) string {
	var b strings.Builder
	at := 0
	for _, m := range pattern.FindAllStringSubmatchIndex(text, -1) {
		target := strings.NewReplacer(`\`, "", "\t", "").Replace(html.UnescapeString(text[m[2]:m[3]]))
		if scheme.MatchString(target) && safeAddress(target) == "" {
			b.WriteString(text[at:m[2]] + "#")
			at = m[3]
		}
	}
	return b.String() + text[at:]
}

// outsideCode has fn change what is not in fenced code.
func outsideCode(text string, fn func(string) string) string {
	var b, part strings.Builder
	open := ""
	for _, line := range strings.SplitAfter(text, "\n") {
		mark := fence.FindStringSubmatch(line)
		switch {
		case open == "" && mark != nil:
			b.WriteString(fn(part.String()))
			part.Reset()
			open = mark[1]
		case open != "" && mark != nil && strings.HasPrefix(mark[1], open) && strings.TrimSpace(line) == mark[1]:
			open = ""
			b.WriteString(line)
			continue
		}
		if open != "" {
			b.WriteString(line)
		} else {
			part.WriteString(line)
		}
	}
	return b.String() + fn(part.String())
}
