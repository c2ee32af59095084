package page

import (
	"bytes"
	"regexp"
	"slices"
	"strings"

	"github.com/JohannesKaufmann/html-to-markdown/v2/converter"
	"github.com/JohannesKaufmann/html-to-markdown/v2/marker"
	"github.com/JohannesKaufmann/html-to-markdown/v2/plugin/base"
	"github.com/JohannesKaufmann/html-to-markdown/v2/plugin/commonmark"
	"github.com/JohannesKaufmann/html-to-markdown/v2/plugin/strikethrough"
	"github.com/JohannesKaufmann/html-to-markdown/v2/plugin/table"
	"golang.org/x/net/html"
	"golang.org/x/text/unicode/norm"
)

func newConverter() *converter.Converter {
	conv := converter.NewConverter(converter.WithPlugins(
		base.NewBasePlugin(),
		commonmark.NewCommonmarkPlugin(commonmark.WithHorizontalRule("---"), commonmark.WithListEndComment(false)),
		strikethrough.NewStrikethroughPlugin(),
		table.NewTablePlugin(table.WithNewlineBehavior(table.NewlineBehaviorPreserve), table.WithCellPaddingBehavior(table.CellPaddingBehaviorMinimal)),
	))
	conv.Register.RendererFor(taskElement, converter.TagTypeInline, writeTask, converter.PriorityEarly)
	conv.Register.RendererFor(breakElement, converter.TagTypeInline, writeBreak, converter.PriorityEarly)
	conv.Register.RendererFor("blockquote", converter.TagTypeBlock, writeQuote, converter.PriorityEarly)
	return conv
}

// writeQuote takes the place of the library's: that one leaves lines of code inside a quote without their mark.
func writeQuote(ctx converter.Context, w converter.Writer, n *html.Node) converter.RenderStatus {
	var inner bytes.Buffer
	ctx.RenderChildNodes(ctx, &inner, n)
	content := bytes.TrimSpace(inner.Bytes())
	if len(content) == 0 {
		return converter.RenderSuccess
	}
	content = emptyLines.ReplaceAll(content, []byte("\n\n"))
	content = bytes.ReplaceAll(content, []byte("\n"), []byte("\n> "))
	content = bytes.ReplaceAll(content, marker.BytesMarkerCodeBlockNewline, append(slices.Clone(marker.BytesMarkerCodeBlockNewline), "> "...))
	_, _ = w.WriteString("\n\n> ")
	_, _ = w.Write(content)
	_, _ = w.WriteString("\n\n")
	return converter.RenderSuccess
}

var emptyLines = regexp.MustCompile(`\n{3,}`)

func writeBreak(_ converter.Context, w converter.Writer, _ *html.Node) converter.RenderStatus {
	_, _ = w.WriteString("<br>")
	return converter.RenderSuccess
}

func writeTask(_ converter.Context, w converter.Writer, n *html.Node) converter.RenderStatus {
	box := "[ ] "
	if hasAttr(n, "checked") {
		box = "[x] "
	}
	_, _ = w.WriteString(box)
	return converter.RenderSuccess
}

func (x *Extractor) markdown(n *html.Node) (string, error) {
	if costly(n) {
		return Tidy(plainText(n)), nil
	}
	out, err := x.conv.ConvertNode(n)
	if err != nil {
		return "", err
	}
	return Tidy(string(out)), nil
}

// Tidy gives a text its common form: NFC, no carriage returns, no blanks at the
// ends of lines, one line end at its end. Of empty lines one stays, but all of
// them in a fence of code.
func Tidy(s string) string {
	s = norm.NFC.String(strings.ToValidUTF8(s, "\ufffd"))
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\x00", "").Replace(s)
	var out []string
	fence := ""
	for line := range strings.SplitSeq(s, "\n") {
		line = strings.TrimRight(line, " \t\u00a0")
		fence = fenceAfter(fence, line)
		if line == "" && fence == "" && (len(out) == 0 || out[len(out)-1] == "") {
			continue
		}
		out = append(out, line)
	}
	text := strings.TrimRight(strings.Join(out, "\n"), "\n")
	if text == "" {
		return ""
	}
	return text + "\n"
}

// fenceAfter is the fence that is open after a line, "" for none.
func fenceAfter(open, line string) string {
	line = strings.TrimLeft(line, " >")
	n := len(line) - len(strings.TrimLeft(line, "`"))
	switch {
	case open == "" && n >= 3 && !strings.Contains(line[n:], "`"):
		return line[:n]
	case open != "" && n >= len(open) && strings.Trim(line, "`") == "":
		return ""
	}
	return open
}
