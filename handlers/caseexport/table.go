package caseexport

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"tapedeck/domain/testcase"
)

// Format is the kind of a file.
type Format string

// The formats.
const (
	XLSX     Format = "xlsx"
	CSV      Format = "csv"
	Markdown Format = "markdown"
	Gherkin  Format = "gherkin"
)

// Formats are all of them.
var Formats = []string{string(XLSX), string(CSV), string(Markdown), string(Gherkin)}

// ContentType is what a file of the format is served as, and Extension the end of its name.
func (f Format) ContentType() string {
	switch f {
	case XLSX:
		return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	case CSV:
		return "text/csv; charset=utf-8"
	case Markdown:
		return "text/markdown; charset=utf-8"
	case Gherkin:
	}
	return "text/plain; charset=utf-8"
}

// Extension is the end of a file's name, with its dot.
func (f Format) Extension() string {
	switch f {
	case Markdown:
		return ".md"
	case Gherkin:
		return ".feature"
	case XLSX, CSV:
	}
	return "." + string(f)
}

// Write writes cases of a set in a format. template is a workbook to be filled in, for XLSX; nil makes one. It fails with
// *TemplateError.
func Write(f Format, s testcase.State, cases []testcase.Reviewed, template []byte) ([]byte, error) {
	switch f {
	case CSV:
		return writeCSV(cases)
	case Markdown:
		return writeMarkdown(s, cases), nil
	case Gherkin:
		return writeGherkin(s, cases), nil
	case XLSX:
		if template != nil {
			return fillTemplate(s, cases, template)
		}
		return writeWorkbook(s, cases)
	}
	return nil, fmt.Errorf("no such format %q", f)
}

// columns are those of CSV and of the workbook; each row is a step.
var columns = []string{"id", "title", "type", "priority", "status", "proof", "preconditions", "step", "action", "data", "expected", "tags", "sources"}

// row is a step's values by the names of columns. A case without steps has one row.
func rows(c testcase.Reviewed) []map[string]string {
	var out []map[string]string
	for i, s := range c.Steps {
		row := whole(c)
		row["step"], row["action"], row["data"], row["expected"] = strconv.Itoa(i+1), s.Action, s.Data, s.Expected
		row["sources"] = cited(append(append([]testcase.Citation(nil), s.Sources...), s.ExpectedSources...))
		out = append(out, row)
	}
	return out
}

// whole are a case's values by the names of placeholders, with its steps in one text.
func whole(c testcase.Reviewed) map[string]string {
	var steps, actions, data, expected []string
	for i, s := range c.Steps {
		n := strconv.Itoa(i+1) + ". "
		step := n + s.Action
		if s.Data != "" {
			step += ": " + s.Data
		}
		steps, actions = append(steps, step), append(actions, n+s.Action)
		if s.Data != "" {
			data = append(data, n+s.Data)
		}
		if s.Expected != "" {
			expected = append(expected, n+s.Expected)
		}
	}
	return map[string]string{
		"id": c.ID, "title": c.Title, "type": string(c.Type), "priority": string(c.Priority), "status": string(c.Standing), "proof": string(c.Proof),
		"preconditions": strings.Join(c.Preconditions, "\n"), "steps": strings.Join(steps, "\n"), "actions": strings.Join(actions, "\n"),
		"data": strings.Join(data, "\n"), "expected": strings.Join(expected, "\n"), "tags": strings.Join(c.Tags, ", "), "sources": cited(c.Sources), "why": c.Why,
	}
}

// cited are citations a line each: what is said, and where.
func cited(list []testcase.Citation) string {
	var out []string
	for _, c := range list {
		out = append(out, "“"+testcase.Line(c.Quote)+"” ("+placeOf(c)+")")
	}
	return strings.Join(out, "\n")
}

// placeOf says where a citation can be opened.
func placeOf(c testcase.Citation) string {
	switch c.Origin {
	case testcase.FromPassage:
		where := append([]string{testcase.Line(c.Title)}, c.Headings...)
		return fmt.Sprintf("%s, document %s version %d, passage %s", testcase.Line(strings.Join(where, " › ")), c.DocumentID, c.Version, c.PassageID)
	case testcase.FromAnswer:
		if c.Entry != nil {
			return fmt.Sprintf("recording %s, network.har entry %d", c.RecordingID, *c.Entry)
		}
	case testcase.FromStep, testcase.FromPage:
	}
	place := "recording " + c.RecordingID + ", step " + c.StepID
	if c.File != "" {
		place += ", " + c.File
	}
	return place
}

func writeCSV(cases []testcase.Reviewed) ([]byte, error) {
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	w.UseCRLF = true
	if err := w.Write(columns); err != nil {
		return nil, err
	}
	for _, c := range cases {
		for _, values := range rows(c) {
			line := make([]string, len(columns))
			for i, name := range columns {
				line[i] = inert(values[name])
			}
			if err := w.Write(line); err != nil {
				return nil, err
			}
		}
	}
	w.Flush()
	return out.Bytes(), w.Error()
}

var plainNumber = regexp.MustCompile(`^-?\d+(?:[.,]\d+)?$`)

// inert puts an apostrophe before what a spreadsheet would take for a formula (OWASP, CSV injection). A number stays one.
func inert(text string) string {
	first := strings.TrimLeft(text, " \t\r\n\u00a0\"'")
	if first == "" || plainNumber.MatchString(text) {
		return text
	}
	if strings.ContainsAny(first[:1], "=+-@|%") || strings.HasPrefix(first, "＝") || strings.HasPrefix(first, "＋") || strings.HasPrefix(first, "－") || strings.HasPrefix(first, "＠") {
		return "'" + text
	}
	return text
}
