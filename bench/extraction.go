package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	readability "codeberg.org/readeck/go-readability/v2"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"golang.org/x/net/html"

	"tapedeck/workers/ingest/website/page"
)

const extractionSection = "main content of the 983 pages of trafilatura's evaluation (go-trafilatura's module)"

// evaluation is a published set of pages, each with texts that belong to its main content and texts that do not. Its
// authors publish F 0.875 for go-readability, 0.901 and 0.910 for go-trafilatura.
const evaluation = "github.com/markusmobius/go-trafilatura@v1.12.2"

const publishedReadability = 0.875

// extraction measures what the crawler takes for a page's main content, beside the library that it asks where a page
// marks none. Both texts are judged with their white space made one space, as the page shows it.
func (b *bench) extraction(ctx context.Context) ([]figure, error) {
	dir, err := moduleDir(ctx, evaluation)
	if err != nil {
		return nil, err
	}
	entries, err := evaluationEntries(filepath.Join(dir, "scripts", "comparison", "data.go"))
	if err != nil {
		return nil, err
	}
	ours, theirs := verdict{}, verdict{}
	own := page.NewExtractor()
	for _, at := range slices.Sorted(maps.Keys(entries)) {
		entry := entries[at]
		text, err := evaluationPage(dir, entry.file)
		if err != nil {
			return nil, err
		}
		u, err := url.Parse(at)
		if err != nil {
			continue
		}
		if p, err := own.Parse(text, u); err == nil {
			ours.judge(entry, plainText(p.Text))
		} else {
			ours.judge(entry, "")
		}
		theirs.judge(entry, readable(text, u))
	}
	line := func(name string, v verdict, t *target) figure {
		p, r := v.precisionRecall()
		return figure{Section: extractionSection, Name: name, Unit: "F", Runs: []float64{v.f()}, Target: t,
			Note: fmt.Sprintf("precision %.3f, recall %.3f", p, r)}
	}
	return []figure{
		line("the crawler", ours, atLeast(publishedReadability)),
		line("go-readability v2 alone", theirs, nil),
	}, nil
}

func moduleDir(ctx context.Context, module string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "mod", "download", "-json", module)
	cmd.Dir = filepath.Join("bench", "peers")
	out, err := cmd.Output()
	var found struct{ Dir, Error string }
	if err := errors.Join(err, json.Unmarshal(out, &found)); err != nil || found.Error != "" {
		return "", fmt.Errorf("download %s: %w %s", module, err, found.Error)
	}
	return found.Dir, nil
}

// judged is a page of the evaluation.
type judged struct {
	file          string
	with, without []string
}

// evaluationEntries reads the composite literal that holds them.
func evaluationEntries(path string) (map[string]judged, error) {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		return nil, err
	}
	out := map[string]judged{}
	ast.Inspect(file, func(n ast.Node) bool {
		pair, ok := n.(*ast.KeyValueExpr)
		if !ok {
			return true
		}
		value, ok := pair.Value.(*ast.CompositeLit)
		if at := textOf(pair.Key); ok && strings.Contains(at, "://") {
			out[at] = entryOf(value)
			return false
		}
		return true
	})
	if len(out) == 0 {
		return nil, fmt.Errorf("%s holds no pages", path)
	}
	return out, nil
}

func entryOf(value *ast.CompositeLit) (e judged) {
	for _, element := range value.Elts {
		field, ok := element.(*ast.KeyValueExpr)
		if !ok {
			continue
		}
		name, _ := field.Key.(*ast.Ident)
		switch {
		case name == nil:
		case name.Name == "File":
			e.file = textOf(field.Value)
		case name.Name == "With":
			e.with = textsOf(field.Value)
		case name.Name == "Without":
			e.without = textsOf(field.Value)
		}
	}
	return e
}

func textsOf(e ast.Expr) (out []string) {
	if list, ok := e.(*ast.CompositeLit); ok {
		for _, item := range list.Elts {
			out = append(out, textOf(item))
		}
	}
	return out
}

func textOf(e ast.Expr) string {
	if lit, ok := e.(*ast.BasicLit); ok {
		if s, err := strconv.Unquote(lit.Value); err == nil {
			return s
		}
	}
	return ""
}

func evaluationPage(dir, name string) (string, error) {
	for _, folder := range []string{"comparison", "mock"} {
		if text, err := os.ReadFile(filepath.Join(dir, "test-files", folder, name)); err == nil {
			return strings.ToValidUTF8(string(text), "\ufffd"), nil
		}
	}
	return "", fmt.Errorf("the evaluation lacks %s", name)
}

// plainText is what a reader of Markdown sees.
func plainText(markdown string) string {
	var b bytes.Buffer
	if err := goldmark.New(goldmark.WithExtensions(extension.GFM)).Convert([]byte(markdown), &b); err != nil {
		return ""
	}
	doc, err := html.Parse(&b)
	if err != nil {
		return ""
	}
	var out strings.Builder
	for n := range doc.Descendants() {
		if n.Type == html.TextNode {
			out.WriteString(n.Data)
		}
	}
	return out.String()
}

func readable(text string, at *url.URL) string {
	doc, err := html.Parse(strings.NewReader(text))
	if err != nil {
		return ""
	}
	reader := readability.NewParser()
	article, err := reader.ParseDocument(doc, at)
	var b strings.Builder
	if err != nil || article.Node == nil || article.RenderText(&b) != nil {
		return ""
	}
	return b.String()
}

// verdict counts texts that were rightly and wrongly kept or left out, as the evaluation does.
type verdict struct{ truePositives, falseNegatives, falsePositives int }

func (v *verdict) judge(e judged, text string) {
	text = oneSpace(text)
	for _, s := range e.with {
		if strings.Contains(text, oneSpace(s)) {
			v.truePositives++
		} else {
			v.falseNegatives++
		}
	}
	for _, s := range e.without {
		if strings.Contains(text, oneSpace(s)) {
			v.falsePositives++
		}
	}
}

func oneSpace(s string) string { return strings.Join(strings.Fields(s), " ") }

func (v *verdict) precisionRecall() (precision, recall float64) {
	tp := float64(v.truePositives)
	return tp / (tp + float64(v.falsePositives)), tp / (tp + float64(v.falseNegatives))
}

func (v *verdict) f() float64 {
	tp := float64(v.truePositives)
	return 2 * tp / (2*tp + float64(v.falsePositives) + float64(v.falseNegatives))
}
