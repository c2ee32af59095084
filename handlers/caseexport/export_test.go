package caseexport_test

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	gherkin "github.com/cucumber/gherkin/go/v42"
	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	east "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"
	"pgregory.net/rapid"

	"tapedeck/domain/testcase"
	"tapedeck/handlers/caseexport"
)

// hostile are texts as pages and documents of strangers may hold them.
var hostile = []string{
	`=cmd|' /C calc'!A0`, "+1+1", "-2+3+cmd|' /C calc'!A0", "@SUM(1)", "\t=1", "＝1+1", `"=1`, "</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>", "*/ evil() /*",
	"Scenario: another\n    Given evil", "@tag", "# language: de", "\"\"\"", "| a | b |", "Examples:", "Feature: x", "Rule: y", "```\ncode\n```", "[link](javascript:alert(1))",
	"![x](http://evil.test/x.png)", "# heading", "- list", "1. one", "> quote", "https://evil.test", "www.evil.test", "a@evil.test", "&lt;b&gt; &amp;", "\\", "`", "a|b", "***", "~~x~~", "{{title}}", "{{id}} {{evil}}",
	"line\r\nline", "quote \" and ' and “", "\u202eevil", "\x00\x1b[31m", "_under_ __score__", "---", "===", "$x^2$", "${secret}", "'", "=", "nul\x00", "\ufeff=1",
}

func set(texts ...string) (testcase.State, []testcase.Reviewed) {
	at := func(i int) string { return testcase.Clean(texts[i%len(texts)]) }
	or := func(text, otherwise string) string {
		if text == "" {
			return otherwise
		}
		return text
	}
	entry := 3
	passage := testcase.Citation{Origin: testcase.FromPassage, Quote: at(0), SourceID: "src-1", DocumentID: "doc-1", Version: 2, PassageID: "p1", Title: at(1), Headings: []string{at(2)}}
	answer := testcase.Citation{Origin: testcase.FromAnswer, Quote: at(3), RecordingID: "r1", StepID: "s1", File: "network.har", Entry: &entry}
	c := testcase.Case{
		ID: "tc-1", Title: or(testcase.Line(at(4)), "T"), Type: testcase.Negative, Priority: testcase.High, Proof: testcase.Manual, Preconditions: []string{or(at(5), "P")},
		Tags: []string{or(testcase.Line(at(6)), "t"), "form"}, Sources: []testcase.Citation{passage},
		Steps: []testcase.Step{
			{ID: "1", Action: or(at(7), "A"), Data: at(8), Sources: []testcase.Citation{passage}},
			{ID: "2", Action: or(at(9), "B"), Expected: or(at(10), "E"), ExpectedSources: []testcase.Citation{answer}},
		},
	}
	other := c
	other.ID, other.Title = "tc-2", "Second"
	s := testcase.State{
		ID: "t1", About: testcase.About{RecordingID: "r1", RecordingVersion: 4, Name: or(testcase.Line(at(11)), "N")},
		Findings:  []testcase.Finding{{ID: "f", Kind: testcase.Contradiction, Subject: at(0), Message: or(at(1), "M"), Says: []testcase.Citation{passage}, Shows: []testcase.Citation{answer}}},
		Uncovered: []testcase.Uncovered{{Requirement: "must", Source: passage}},
	}
	list := []testcase.Reviewed{{Case: c, Standing: testcase.IsAccepted}, {Case: other, Standing: testcase.IsProposed}}
	s.Cases = append(s.Cases, list...)
	return s, list
}

func write(t require.TestingT, f caseexport.Format, texts ...string) ([]byte, []testcase.Reviewed) {
	s, cases := set(texts...)
	out, err := caseexport.Write(f, s, cases, nil)
	require.NoError(t, err)
	return out, cases
}

// each runs a check with every hostile text in every place, and with drawn texts.
func each(t *testing.T, check func(t require.TestingT, texts ...string)) {
	t.Helper()
	for _, text := range hostile {
		check(t, text)
	}
	drawn := rapid.OneOf(rapid.String(), rapid.SampledFrom(hostile))
	part := rapid.Map(rapid.SliceOfN(drawn, 0, 3), func(parts []string) string { return strings.Join(parts, "") })
	rapid.Check(t, func(t *rapid.T) { check(t, rapid.SliceOfN(part, 12, 12).Draw(t, "texts")...) })
}

func TestCSVHoldsTextsAndNoFormula(t *testing.T) {
	t.Parallel()
	each(t, func(t require.TestingT, texts ...string) {
		out, cases := write(t, caseexport.CSV, texts...)
		lines, err := csv.NewReader(bytes.NewReader(out)).ReadAll()
		require.NoError(t, err)
		require.Len(t, lines, 5, "a head and a row for each step")
		column := map[string]int{}
		for i, name := range lines[0] {
			column[name] = i
		}
		for i, line := range lines[1:] {
			for _, cell := range line {
				seen := strings.TrimLeft(cell, " \t\r\n\u00a0\"")
				require.NotRegexp(t, `^[=+@\-|%＝＋－＠][^0-9]`, seen)
			}
			c := cases[i/2]
			require.Equal(t, c.ID, line[column["id"]])
			action := c.Steps[i%2].Action
			require.Contains(t, []string{action, "'" + action}, line[column["action"]], "word for word, or with an apostrophe before it")
		}
	})
}

func TestANumberStaysOneInCSV(t *testing.T) {
	t.Parallel()
	s, cases := set("x")
	cases[0].Steps[0].Data = "-1.5"
	out, err := caseexport.Write(caseexport.CSV, s, cases, nil)
	require.NoError(t, err)
	require.Contains(t, string(out), ",-1.5,")
}

// TestMarkdownHoldsTextsOnly: a real parser finds the headings and rows that we wrote, and no other element.
func TestMarkdownHoldsTextsOnly(t *testing.T) {
	t.Parallel()
	md := goldmark.New(goldmark.WithExtensions(extension.GFM))
	each(t, func(t require.TestingT, texts ...string) {
		out, cases := write(t, caseexport.Markdown, texts...)
		root := md.Parser().Parse(text.NewReader(out))
		var headings []string
		rows := 0
		require.NoError(t, ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
			if !entering {
				return ast.WalkContinue, nil
			}
			switch n := n.(type) {
			case *ast.Heading:
				headings = append(headings, plain(n, out))
			case *east.TableRow:
				rows++
			case *ast.Document, *ast.Paragraph, *ast.TextBlock, *ast.Text, *ast.String, *ast.List, *ast.ListItem, *east.Table, *east.TableHeader, *east.TableCell:
			case *ast.Emphasis:
				require.Contains(t, []string{"Preconditions", "Sources"}, plain(n, out))
			default:
				require.Fail(t, "not a text", "%s in %s", n.Kind(), out)
			}
			return ast.WalkContinue, nil
		}))
		require.Equal(t, 4, rows)
		require.Len(t, headings, 6, "the set, two cases, findings, one of them, what is not covered")
		require.Equal(t, strings.Join(strings.Fields(cases[0].Title), " "), strings.Join(strings.Fields(headings[1]), " "))
	})
}

// plain is the text that a reader sees.
func plain(n ast.Node, source []byte) string {
	var b strings.Builder
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if t, ok := n.(*ast.Text); ok && entering {
			value := t.Segment.Value(source)
			for i := 0; i < len(value); i++ {
				if value[i] == '\\' && i+1 < len(value) && strings.IndexByte("\\`*_{}[]<>()#+-.!|~&:@\"'=$^", value[i+1]) >= 0 {
					i++
				}
				b.WriteByte(value[i])
			}
		}
		return ast.WalkContinue, nil
	})
	return b.String()
}

// TestGherkinHoldsWhatWasWritten: Cucumber's parser finds the scenarios and steps that there are, word for word.
func TestGherkinHoldsWhatWasWritten(t *testing.T) {
	t.Parallel()
	each(t, func(t require.TestingT, texts ...string) {
		out, cases := write(t, caseexport.Gherkin, texts...)
		n := 0
		document, err := gherkin.ParseGherkinDocument(bytes.NewReader(out), func() string { n++; return string(rune('a' + n)) })
		require.NoError(t, err, "%s", out)
		require.Len(t, document.Feature.Children, len(cases), "%s", out)
		for i, child := range document.Feature.Children {
			scenario := child.Scenario
			require.NotNil(t, scenario)
			require.Equal(t, strings.Join(strings.Fields(cases[i].Title), " "), strings.Join(strings.Fields(scenario.Name), " "))
			require.Empty(t, scenario.Description)
			require.Empty(t, scenario.Examples)
			require.Len(t, scenario.Steps, 4)
			for _, s := range scenario.Steps {
				require.Nil(t, s.DocString)
				require.Nil(t, s.DataTable)
				require.NotEmpty(t, s.Text)
			}
			require.Equal(t, []string{"Given ", "When ", "And ", "Then "}, []string{scenario.Steps[0].Keyword, scenario.Steps[1].Keyword, scenario.Steps[2].Keyword, scenario.Steps[3].Keyword})
			require.Equal(t, "@negative", scenario.Tags[0].Name)
			require.Equal(t, "@"+cases[i].ID, scenario.Tags[3].Name)
		}
	})
}

func TestAWorkbookHoldsTexts(t *testing.T) {
	t.Parallel()
	each(t, func(t require.TestingT, texts ...string) {
		out, cases := write(t, caseexport.XLSX, texts...)
		book, err := excelize.OpenReader(bytes.NewReader(out))
		require.NoError(t, err)
		defer func() { require.NoError(t, book.Close()) }()
		require.Equal(t, []string{"Test cases", "Findings", "Not covered"}, book.GetSheetList())
		rows, err := book.GetRows("Test cases")
		require.NoError(t, err)
		require.Len(t, rows, 5)
		require.Equal(t, cases[0].Title, rows[1][1])
		require.Equal(t, cases[0].Steps[0].Action, rows[1][8])
		for r := 2; r <= 5; r++ {
			for c := 1; c <= 13; c++ {
				at, err := excelize.CoordinatesToCellName(c, r)
				require.NoError(t, err)
				formula, err := book.GetCellFormula("Test cases", at)
				require.NoError(t, err)
				require.Empty(t, formula)
				if kind, err := book.GetCellType("Test cases", at); err == nil {
					require.Contains(t, []excelize.CellType{excelize.CellTypeSharedString, excelize.CellTypeInlineString, excelize.CellTypeUnset}, kind)
				}
			}
		}
	})
}

// template is a customer's workbook: a title, heads with styles, one row with placeholders, a sum below it.
func template(t *testing.T, change func(*excelize.File)) []byte {
	t.Helper()
	book := excelize.NewFile()
	bold, err := book.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true, Color: "FF0000"}})
	require.NoError(t, err)
	wrap, err := book.NewStyle(&excelize.Style{Alignment: &excelize.Alignment{WrapText: true}, Border: []excelize.Border{{Type: "left", Color: "00FF00", Style: 2}}})
	require.NoError(t, err)
	require.NoError(t, book.SetSheetName("Sheet1", "Plan"))
	for at, value := range map[string]string{
		"A1": "Test plan of {{recording}} ({{count}} cases)", "A2": "No.", "B2": "Title", "C2": "Steps", "D2": "Expected",
		"B3": "{{id}}: {{ Title }}", "C3": "{{steps}}", "D3": "{{expected}}", "E3": "fixed", "A5": "Approved by",
	} {
		require.NoError(t, book.SetCellStr("Plan", at, value))
	}
	require.NoError(t, book.SetCellFormula("Plan", "A3", "ROW()-2"))
	require.NoError(t, book.SetCellStyle("Plan", "A2", "D2", bold))
	require.NoError(t, book.SetCellStyle("Plan", "B3", "E3", wrap))
	require.NoError(t, book.SetRowHeight("Plan", 3, 77))
	if change != nil {
		change(book)
	}
	var out bytes.Buffer
	_, err = book.WriteTo(&out)
	require.NoError(t, err)
	require.NoError(t, book.Close())
	return out.Bytes()
}

func filled(t *testing.T, raw []byte, texts ...string) (*excelize.File, []testcase.Reviewed) {
	t.Helper()
	s, cases := set(texts...)
	out, err := caseexport.Write(caseexport.XLSX, s, cases, raw)
	require.NoError(t, err)
	book, err := excelize.OpenReader(bytes.NewReader(out))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, book.Close()) })
	return book, cases
}

func TestATemplateIsFilledIn(t *testing.T) {
	t.Parallel()
	book, cases := filled(t, template(t, nil), "{{title}} =1+1")
	get := func(at string) string {
		value, err := book.GetCellValue("Plan", at)
		require.NoError(t, err)
		return value
	}
	require.Equal(t, "Test plan of {{title}} =1+1 (2 cases)", get("A1"))
	require.Equal(t, "tc-1: "+cases[0].Title, get("B3"), "what a case holds is no placeholder")
	require.Equal(t, "tc-2: Second", get("B4"))
	require.Equal(t, "1. {{title}} =1+1: {{title}} =1+1\n2. {{title}} =1+1", get("C3"))
	require.Equal(t, "fixed", get("E4"))
	require.Equal(t, "Approved by", get("A6"), "what stands below moves down")
	formula, err := book.GetCellFormula("Plan", "A4")
	require.NoError(t, err)
	require.Equal(t, "ROW()-2", formula)
	for _, pair := range [][2]string{{"B3", "B4"}, {"E3", "E4"}} {
		a, err := book.GetCellStyle("Plan", pair[0])
		require.NoError(t, err)
		b, err := book.GetCellStyle("Plan", pair[1])
		require.NoError(t, err)
		require.Equal(t, a, b)
		style, err := book.GetStyle(b)
		require.NoError(t, err)
		require.True(t, style.Alignment.WrapText, "the template's own style")
	}
	height, err := book.GetRowHeight("Plan", 4)
	require.NoError(t, err)
	require.InDelta(t, 77, height, 0.1)
	head, err := book.GetCellStyle("Plan", "B2")
	require.NoError(t, err)
	style, err := book.GetStyle(head)
	require.NoError(t, err)
	require.True(t, style.Font.Bold)
}

// TestWhatBelongsToTheRowGoesWithIt: merged cells, choices, conditional formats and a table around the row.
func TestWhatBelongsToTheRowGoesWithIt(t *testing.T) {
	t.Parallel()
	raw := template(t, func(b *excelize.File) {
		require.NoError(t, b.SetCellInt("Plan", "F3", 7))
		require.NoError(t, b.SetCellBool("Plan", "G3", true))
		require.NoError(t, b.SetCellFormula("Plan", "H3", "F3*2"))
		require.NoError(t, b.MergeCell("Plan", "I3", "J3"))
		choices := excelize.NewDataValidation(true)
		choices.Sqref = "E3"
		require.NoError(t, choices.SetDropList([]string{"passed", "failed"}))
		require.NoError(t, b.AddDataValidation("Plan", choices))
		red, err := b.NewConditionalStyle(&excelize.Style{Font: &excelize.Font{Color: "FF0000"}})
		require.NoError(t, err)
		require.NoError(t, b.SetConditionalFormat("Plan", "E3", []excelize.ConditionalFormatOptions{{Type: "cell", Criteria: "=", Value: "\"failed\"", Format: &red}}))
		require.NoError(t, b.AddTable("Plan", &excelize.Table{Range: "A2:D3", Name: "Cases"}))
	})
	book, _ := filled(t, raw, "x")
	for _, at := range []string{"F3", "F4"} {
		value, err := book.GetCellValue("Plan", at)
		require.NoError(t, err)
		require.Equal(t, "7", value)
	}
	flag, err := book.GetCellValue("Plan", "G3")
	require.NoError(t, err)
	require.Equal(t, "TRUE", flag)
	formula, err := book.GetCellFormula("Plan", "H4")
	require.NoError(t, err)
	require.Equal(t, "F4*2", formula, "moved with its row")
	merged, err := book.GetMergeCells("Plan")
	require.NoError(t, err)
	var places []string
	for _, m := range merged {
		places = append(places, m.GetStartAxis()+":"+m.GetEndAxis())
	}
	require.ElementsMatch(t, []string{"I3:J3", "I4:J4"}, places)
	choices, err := book.GetDataValidations("Plan")
	require.NoError(t, err)
	require.Len(t, choices, 1)
	require.Equal(t, "E3:E4", choices[0].Sqref)
	formats, err := book.GetConditionalFormats("Plan")
	require.NoError(t, err)
	require.Contains(t, formats, "E3:E4")
	tables, err := book.GetTables("Plan")
	require.NoError(t, err)
	require.Equal(t, "A2:D4", tables[0].Range)
}

// TestBrokenTemplatesAreRefused changes bytes within the parts of a workbook: it is filled in, or refused in words.
func TestBrokenTemplatesAreRefused(t *testing.T) {
	t.Parallel()
	parts := map[string][]byte{}
	whole := template(t, nil)
	z, err := zip.NewReader(bytes.NewReader(whole), int64(len(whole)))
	require.NoError(t, err)
	for _, f := range z.File {
		r, err := f.Open()
		require.NoError(t, err)
		parts[f.Name], err = io.ReadAll(r)
		require.NoError(t, err)
		require.NoError(t, r.Close())
	}
	order := slices.Sorted(maps.Keys(parts))
	s, cases := set("x")
	rapid.Check(t, func(t *rapid.T) {
		var out bytes.Buffer
		w := zip.NewWriter(&out)
		broken := rapid.SampledFrom(append([]string{"xl/worksheets/sheet1.xml", "xl/worksheets/sheet1.xml"}, order...)).Draw(t, "part")
		for _, name := range order {
			raw := slices.Clone(parts[name])
			if name == broken {
				for range rapid.IntRange(1, 4).Draw(t, "changes") {
					at := rapid.IntRange(0, len(raw)-1).Draw(t, "at")
					with := rapid.OneOf(rapid.SliceOfN(rapid.Byte(), 0, 4), rapid.SampledFrom([][]byte{[]byte(`"`), []byte(`99999999`), []byte(`-1`), []byte(`<row r="0">`), []byte(`</c>`), []byte(`r="XFD9"`)})).Draw(t, "with")
					raw = slices.Concat(raw[:at], with, raw[min(len(raw), at+rapid.IntRange(0, 6).Draw(t, "without")):])
				}
			}
			f, err := w.Create(name)
			require.NoError(t, err)
			_, err = f.Write(raw)
			require.NoError(t, err)
		}
		require.NoError(t, w.Close())
		_, err := caseexport.Write(caseexport.XLSX, s, cases, out.Bytes())
		var bad *caseexport.TemplateError
		if err != nil {
			require.ErrorAs(t, err, &bad)
		}
	})
}

func TestATemplateMayAskForSteps(t *testing.T) {
	t.Parallel()
	raw := template(t, func(b *excelize.File) {
		require.NoError(t, b.SetCellStr("Plan", "C3", "{{step}} {{action}}"))
	})
	book, _ := filled(t, raw, "x")
	rows, err := book.GetRows("Plan")
	require.NoError(t, err)
	require.Equal(t, []string{"1 x", "2 x", "1 x", "2 x"}, []string{rows[2][2], rows[3][2], rows[4][2], rows[5][2]})
	require.Equal(t, "tc-2: Second", rows[5][1])
}

func TestTemplatesThatCannotBeFilled(t *testing.T) {
	t.Parallel()
	s, cases := set("x")
	for want, raw := range map[string][]byte{
		"no workbook that can be read": []byte("PK\x03\x04 no"),
		"no row has placeholders": template(t, func(b *excelize.File) {
			for _, at := range []string{"B3", "C3", "D3"} {
				require.NoError(t, b.SetCellStr("Plan", at, "x"))
			}
		}),
		"Plan!C3 holds {{stepz}}": template(t, func(b *excelize.File) { require.NoError(t, b.SetCellStr("Plan", "C3", "{{stepz}}")) }),
		"put them into one row":   template(t, func(b *excelize.File) { require.NoError(t, b.SetCellStr("Plan", "B9", "{{title}}")) }),
	} {
		out, err := caseexport.Write(caseexport.XLSX, s, cases, raw)
		var bad *caseexport.TemplateError
		require.ErrorAs(t, err, &bad, want)
		require.ErrorContains(t, err, want)
		require.Empty(t, out, want)
	}
}

func TestManyCasesFillATemplate(t *testing.T) {
	t.Parallel()
	s, cases := set("x")
	for len(cases) < 300 {
		cases = append(cases, cases[1])
	}
	out, err := caseexport.Write(caseexport.XLSX, s, cases, template(t, nil))
	require.NoError(t, err)
	book, err := excelize.OpenReader(bytes.NewReader(out))
	require.NoError(t, err)
	value, err := book.GetCellValue("Plan", "B302")
	require.NoError(t, err)
	require.Equal(t, "tc-2: Second", value)
	require.NoError(t, book.Close())
}

// FuzzTemplate: a template is somebody's file, and may be anything.
func FuzzTemplate(f *testing.F) {
	book := excelize.NewFile()
	_ = book.SetCellStr("Sheet1", "A1", "{{title}}")
	var out bytes.Buffer
	_, _ = book.WriteTo(&out)
	f.Add(out.Bytes())
	f.Add([]byte("PK"))
	s, cases := set("x")
	f.Fuzz(func(t *testing.T, raw []byte) {
		_, err := caseexport.Write(caseexport.XLSX, s, cases, raw)
		var bad *caseexport.TemplateError
		if err != nil {
			require.ErrorAs(t, err, &bad)
		}
	})
}
