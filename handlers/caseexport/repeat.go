package caseexport

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"
)

// repeater makes many rows of one, all at once: excelize's own way to copy a row moves all rows below it for each copy.
type repeater struct {
	book      *excelize.File
	sheet     string
	row, last int
}

// held is what a cell of the row holds.
type held struct {
	column  int
	style   int
	kind    excelize.CellType
	value   string
	formula string
}

// maxColumns is how many columns of the row are copied.
const maxColumns = 500

// repeat puts copies above the row, so that a table or a range that the row is part of grows with it. Values, styles,
// height, formulas, merged cells, rules for what may be entered and conditional formats are copied.
func (r repeater) repeat() error {
	cells, err := r.cells()
	if err != nil {
		return err
	}
	height, err := r.book.GetRowHeight(r.sheet, r.row)
	if err != nil {
		return err
	}
	merged, err := r.merged()
	if err != nil {
		return err
	}
	if err := r.book.InsertRows(r.sheet, r.row, r.last-r.row); err != nil {
		return err
	}
	for n := r.row; n <= r.last; n++ {
		if err := r.book.SetRowHeight(r.sheet, n, height); err != nil {
			return err
		}
		for _, c := range cells {
			if err := r.put(c, n); err != nil {
				return err
			}
		}
		if n == r.last {
			break // its cells are merged as they were
		}
		for _, columns := range merged {
			if err := r.book.MergeCell(r.sheet, columns[0]+fmt.Sprint(n), columns[1]+fmt.Sprint(n)); err != nil {
				return err
			}
		}
	}
	for _, c := range cells {
		if c.formula == "" {
			continue
		}
		// One formula for all: who reads it moves its references.
		kind, ref := excelize.STCellFormulaTypeShared, r.name(c.column, r.row)+":"+r.name(c.column, r.last)
		if err := r.book.SetCellFormula(r.sheet, r.name(c.column, r.row), c.formula, excelize.FormulaOpts{Type: &kind, Ref: &ref}); err != nil {
			return err
		}
	}
	return errors.Join(r.validations(), r.formats())
}

func (r repeater) name(column, row int) string {
	name, _ := excelize.CoordinatesToCellName(column, row) // they come from cells that are there
	return name
}

func (r repeater) cells() ([]held, error) {
	rows, err := r.book.Rows(r.sheet)
	if err != nil {
		return nil, err
	}
	width := 0
	for n := 1; rows.Next() && n <= r.row; n++ { // a style may reach further than the values
		columns, err := rows.Columns()
		if err != nil {
			return nil, errors.Join(err, rows.Close())
		}
		width = max(width, len(columns))
	}
	if err := rows.Close(); err != nil {
		return nil, err
	}
	var out []held
	for column := 1; column <= min(width+20, maxColumns); column++ {
		at := r.name(column, r.row)
		c := held{column: column}
		var errs [4]error
		c.style, errs[0] = r.book.GetCellStyle(r.sheet, at)
		c.kind, errs[1] = r.book.GetCellType(r.sheet, at)
		c.value, errs[2] = r.book.GetCellValue(r.sheet, at, excelize.Options{RawCellValue: true})
		c.formula, errs[3] = r.book.GetCellFormula(r.sheet, at)
		if err := errors.Join(errs[:]...); err != nil {
			return nil, err
		}
		if c.style != 0 || c.value != "" || c.formula != "" {
			out = append(out, c)
		}
	}
	return out, nil
}

// put copies a cell into a row; formulas come afterwards.
func (r repeater) put(c held, row int) error {
	at := r.name(c.column, row)
	var err error
	switch {
	case c.formula != "" || c.value == "":
	case c.kind == excelize.CellTypeBool:
		err = r.book.SetCellBool(r.sheet, at, c.value == "1" || strings.EqualFold(c.value, "true"))
	case c.kind == excelize.CellTypeNumber || c.kind == excelize.CellTypeUnset || c.kind == excelize.CellTypeDate:
		err = r.book.SetCellDefault(r.sheet, at, c.value)
	default:
		err = r.book.SetCellStr(r.sheet, at, c.value)
	}
	return errors.Join(err, r.book.SetCellStyle(r.sheet, at, at, c.style))
}

// merged are the columns of cells of the row that are merged.
func (r repeater) merged() ([][2]string, error) {
	list, err := r.book.GetMergeCells(r.sheet)
	var out [][2]string
	for _, m := range list {
		first, from, err1 := excelize.SplitCellName(m.GetStartAxis())
		last, to, err2 := excelize.SplitCellName(m.GetEndAxis())
		if err1 == nil && err2 == nil && from == r.row && to == r.row {
			out = append(out, [2]string{first, last})
		}
	}
	return out, err
}

// stretched is a reference in which what is of the row alone, which is now the last, reaches over all copies.
func (r repeater) stretched(ref string) (string, bool) {
	changed := false
	parts := strings.Fields(ref)
	for i, p := range parts {
		from, to, isRange := strings.Cut(p, ":")
		if !isRange {
			to = from
		}
		first, a, err1 := excelize.SplitCellName(from)
		last, b, err2 := excelize.SplitCellName(to)
		if err1 == nil && err2 == nil && a == r.last && b == r.last {
			parts[i], changed = fmt.Sprintf("%s%d:%s%d", first, r.row, last, r.last), true
		}
	}
	return strings.Join(parts, " "), changed
}

// validations stretches the rules for what may be entered.
func (r repeater) validations() error {
	list, err := r.book.GetDataValidations(r.sheet)
	if err != nil {
		return err
	}
	for _, v := range list {
		ref, changed := r.stretched(v.Sqref)
		if !changed {
			continue
		}
		if err := r.book.DeleteDataValidation(r.sheet, v.Sqref); err != nil {
			return err
		}
		v.Sqref = ref
		if err := r.book.AddDataValidation(r.sheet, v); err != nil {
			return err
		}
	}
	return nil
}

func (r repeater) formats() error {
	all, err := r.book.GetConditionalFormats(r.sheet)
	if err != nil {
		return err
	}
	var refs []string
	for ref := range all {
		refs = append(refs, ref)
	}
	slices.Sort(refs)
	for _, ref := range refs {
		to, changed := r.stretched(ref)
		if !changed {
			continue
		}
		if err := errors.Join(r.book.UnsetConditionalFormat(r.sheet, ref), r.book.SetConditionalFormat(r.sheet, to, all[ref])); err != nil {
			return err
		}
	}
	return nil
}
