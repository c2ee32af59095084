package extract

import (
	"bytes"
	"context"
	"strings"

	gherkin "github.com/cucumber/gherkin/go/v42"
	messages "github.com/cucumber/messages/go/v34"
)

// wholeGherkin is the largest feature file: its parser keeps each line several times.
const wholeGherkin = 2 << 20

func readGherkin(_ context.Context, in *input, doc *Document, out *markdown) error {
	if err := in.holdable(wholeGherkin); err != nil {
		return err
	}
	text, err := in.text(doc)
	if err != nil {
		return err
	}
	id := 0
	parsed, err := gherkin.ParseGherkinDocument(bytes.NewReader([]byte(tidyKept(text))), func() string { id++; return itoa(id) })
	if err != nil {
		return broken("its Gherkin", err)
	}
	if parsed.Feature == nil {
		return fault(ErrNoText, "there is no feature in it")
	}
	f := &feature{doc: doc, out: out, comments: parsed.Comments}
	f.feature(parsed.Feature)
	f.flushComments(1 << 60)
	return nil
}

// feature writes a feature file (cucumber.io/docs/gherkin/reference): feature, rules and scenarios are headings, steps
// list items.
type feature struct {
	doc *Document
	out *markdown
	// comments are those that have not been written, in order.
	comments []*messages.Comment
}

func (f *feature) feature(g *messages.Feature) {
	f.doc.Title, f.doc.Language = g.Name, g.Language
	f.doc.set("tags", tagNames(g.Tags))
	f.head(1, g.Location, g.Keyword, g.Name, g.Description, g.Tags)
	for _, child := range g.Children {
		switch {
		case child.Rule != nil:
			f.rule(child.Rule)
		case child.Background != nil:
			f.background(2, child.Background)
		case child.Scenario != nil:
			f.scenario(2, child.Scenario)
		}
	}
}

func (f *feature) rule(r *messages.Rule) {
	f.head(2, r.Location, r.Keyword, r.Name, r.Description, r.Tags)
	for _, child := range r.Children {
		switch {
		case child.Background != nil:
			f.background(3, child.Background)
		case child.Scenario != nil:
			f.scenario(3, child.Scenario)
		}
	}
}

func (f *feature) background(level int, b *messages.Background) {
	f.head(level, b.Location, b.Keyword, b.Name, b.Description, nil)
	f.steps(b.Steps)
}

func (f *feature) scenario(level int, s *messages.Scenario) {
	f.head(level, s.Location, s.Keyword, s.Name, s.Description, s.Tags)
	f.steps(s.Steps)
	for _, e := range s.Examples {
		f.head(level+1, e.Location, e.Keyword, e.Name, e.Description, e.Tags)
		if e.TableHeader != nil {
			f.out.table(tableRows(append([]*messages.TableRow{e.TableHeader}, e.TableBody...)))
		}
	}
}

func (f *feature) head(level int, at *messages.Location, keyword, name, description string, tags []*messages.Tag) {
	f.flushComments(at.Line)
	title := strings.TrimSuffix(escape(keyword+": "+name), ": ")
	f.out.heading(level, title)
	if names := tagNames(tags); names != "" {
		f.out.block("Tags: " + escape(names))
	}
	f.out.block(escape(unindented(description)))
}

func unindented(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return strings.Join(lines, "\n")
}

func (f *feature) steps(steps []*messages.Step) {
	for _, s := range steps {
		f.flushComments(s.Location.Line)
		f.out.item(0, 0, "**"+escape(strings.TrimSpace(s.Keyword))+"** "+escape(s.Text))
		if s.DocString != nil {
			f.out.code(tidyLine(s.DocString.MediaType), s.DocString.Content)
		}
		if s.DataTable != nil {
			f.out.table(tableRows(s.DataTable.Rows))
		}
	}
}

func tableRows(rows []*messages.TableRow) (table [][]string) {
	for _, row := range rows {
		var cells []string
		for _, c := range row.Cells {
			cells = append(cells, escape(c.Value))
		}
		table = append(table, cells)
	}
	return table
}

func tagNames(tags []*messages.Tag) string {
	var names []string
	for _, t := range tags {
		names = append(names, t.Name)
	}
	return strings.Join(names, " ")
}

// flushComments writes the comments above a line.
func (f *feature) flushComments(line int64) {
	for len(f.comments) > 0 && f.comments[0].Location.Line < line {
		text := strings.TrimLeft(strings.TrimSpace(f.comments[0].Text), "# ")
		if !strings.HasPrefix(text, "language:") {
			f.out.quote("Comment", escape(text))
		}
		f.comments = f.comments[1:]
	}
}
