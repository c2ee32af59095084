package caseexport

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"

	"tapedeck/domain/testcase"
)

// TemplateError says what is wrong with a template.
type TemplateError struct{ Why string }

// Error implements error.
func (e *TemplateError) Error() string { return "the template cannot be filled in: " + e.Why }

// Bounds of a template, in bytes of what it unpacks to.
const (
	maxTemplate = 64 << 20
	maxRows     = 2000 // that are looked at
	maxFilled   = 5000 // rows that are made
	maxPlaced   = 100  // cells with placeholders in a row
)

var placeholder = regexp.MustCompile(`\{\{\s*([A-Za-z]+)\s*\}\}`)

// general are placeholders of the whole set, which may stand anywhere.
var general = []string{"recording", "count"}

// perStep are those that only a step has: with one of them the row is repeated for each step instead of each case.
var perStep = []string{"step", "action"}

// names are all placeholders.
func names() []string {
	list := append(slices.Sorted(maps.Keys(whole(testcase.Reviewed{}))), perStep...)
	return append(list, general...)
}

// fillTemplate fills in somebody's workbook: the row with placeholders is repeated for each case, or for each step when it
// has {{step}} or {{action}}. What else the workbook holds stays, styles too. It fails with *TemplateError.
func fillTemplate(s testcase.State, cases []testcase.Reviewed, template []byte) ([]byte, error) {
	book, err := excelize.OpenReader(bytes.NewReader(template), excelize.Options{UnzipSizeLimit: maxTemplate, UnzipXMLSizeLimit: maxTemplate})
	if err != nil {
		return nil, &TemplateError{Why: "it is no workbook that can be read; save it as .xlsx without a password"}
	}
	if _, macros := book.Pkg.Load("xl/vbaProject.bin"); macros {
		return nil, errors.Join(&TemplateError{Why: "it holds macros; save it as .xlsx without them"}, book.Close())
	}
	out, err := saved(book, (&filler{book: book, state: s, cases: cases}).fill())
	var known *TemplateError
	if err != nil && !errors.As(err, &known) {
		err = &TemplateError{Why: "it is broken: " + err.Error()}
	}
	return out, err
}

type filler struct {
	book  *excelize.File
	state testcase.State
	cases []testcase.Reviewed

	sheet   string // with the row that is repeated
	row     int
	texts   map[int]string // of that row's cells with placeholders, by column
	perStep bool
}

func (f *filler) fill() error {
	for _, name := range f.book.GetSheetList() {
		if err := f.look(name); err != nil {
			return err
		}
	}
	if f.sheet == "" {
		return &TemplateError{Why: "no row has placeholders such as {{title}}; there are " + strings.Join(names(), ", ")}
	}
	var values []map[string]string
	for _, c := range f.cases {
		if !f.perStep {
			values = append(values, whole(c))
			continue
		}
		values = append(values, rows(c)...)
	}
	if len(values) > maxFilled {
		return &TemplateError{Why: fmt.Sprintf("it would get %d rows, at most %d are filled in; export fewer cases", len(values), maxFilled)}
	}
	if len(values) > 1 {
		r := repeater{book: f.book, sheet: f.sheet, row: f.row, last: f.row + len(values) - 1}
		if err := r.repeat(); err != nil {
			return &TemplateError{Why: err.Error()}
		}
	}
	for i, v := range values {
		for column, text := range f.texts {
			at, err := excelize.CoordinatesToCellName(column, f.row+i)
			if err != nil {
				return err
			}
			if err := f.book.SetCellStr(f.sheet, at, cell(f.replaced(text, v))); err != nil {
				return err
			}
		}
	}
	return nil
}

// replaced puts values in the place of placeholders, once: what a value holds is no placeholder.
func (f *filler) replaced(text string, values map[string]string) string {
	return placeholder.ReplaceAllStringFunc(text, func(found string) string {
		name := strings.ToLower(placeholder.FindStringSubmatch(found)[1])
		switch name {
		case "recording":
			return f.state.Name
		case "count":
			return fmt.Sprint(len(f.cases))
		}
		return values[name]
	})
}

// look finds a sheet's placeholders, and fills in those that stand for the whole set.
func (f *filler) look(sheet string) error {
	rows, err := f.book.GetRows(sheet)
	if err != nil {
		return &TemplateError{Why: fmt.Sprintf("sheet %q cannot be read", sheet)}
	}
	for n, cells := range rows[:min(len(rows), maxRows)] {
		texts, own := map[int]string{}, false
		for i, text := range cells {
			found := placeholder.FindAllStringSubmatch(text, -1)
			if len(found) == 0 {
				continue
			}
			at, err := excelize.CoordinatesToCellName(i+1, n+1)
			if err != nil {
				return err
			}
			if formula, err := f.book.GetCellFormula(sheet, at); err != nil || formula != "" {
				continue
			}
			if texts[i+1] = text; len(texts) > maxPlaced {
				return &TemplateError{Why: fmt.Sprintf("row %d of %q has more than %d cells with placeholders", n+1, sheet, maxPlaced)}
			}
			for _, m := range found {
				name := strings.ToLower(m[1])
				switch {
				case !slices.Contains(names(), name):
					return &TemplateError{Why: fmt.Sprintf("%s!%s holds {{%s}}; there are %s", sheet, at, m[1], strings.Join(names(), ", "))}
				case slices.Contains(perStep, name):
					own, f.perStep = true, true
				case !slices.Contains(general, name):
					own = true
				}
			}
		}
		switch {
		case own && f.sheet != "":
			return &TemplateError{Why: fmt.Sprintf("placeholders of a case stand in row %d of %q and in row %d of %q; put them into one row", f.row, f.sheet, n+1, sheet)}
		case own:
			f.sheet, f.row, f.texts = sheet, n+1, texts
		default:
			for column, text := range texts {
				at, err := excelize.CoordinatesToCellName(column, n+1)
				if err = errors.Join(err, f.book.SetCellStr(sheet, at, cell(f.replaced(text, nil)))); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
