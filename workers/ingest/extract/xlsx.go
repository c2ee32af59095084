package extract

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/xuri/excelize/v2"
)

const (
	// spooledSheet is the size from which on excelize keeps a part in a file instead of memory.
	spooledSheet = 1 << 20
	// mergedUpTo is the size of a workbook of which merged cells are looked up: excelize holds a whole sheet for that.
	mergedUpTo = 4 << 20
)

func readXLSX(ctx context.Context, in *input, doc *Document, out *markdown) error {
	c, err := openContainer(ctx, in.File, in.limits)
	if err != nil {
		return err
	}
	if err := in.holdable(in.limits.Whole * 4); err != nil {
		return err
	}
	held, sheets := workbookSizes(c)
	if held > in.limits.Whole*4 {
		return fault(ErrTooLarge, "its parts beside the sheets unpack to more than %d MiB", in.limits.Whole*4>>20)
	}
	if err := c.properties(doc); err != nil {
		return err
	}
	book, err := excelize.OpenReader(io.NewSectionReader(in.Content, 0, in.Size),
		excelize.Options{UnzipSizeLimit: in.limits.Part, UnzipXMLSizeLimit: min(spooledSheet, in.limits.Part)})
	if err != nil {
		return broken("its workbook", err)
	}
	err = (&workbook{ctx: ctx, book: book, doc: doc, out: out, limits: in.limits, merged: sheets <= mergedUpTo}).write()
	return errors.Join(err, book.Close())
}

// workbookSizes are what the parts that are held in memory unpack to, and the sheets.
func workbookSizes(c *container) (held, sheets int64) {
	for name, part := range c.parts {
		size := int64(part.UncompressedSize64)
		if strings.HasPrefix(strings.ToLower(name), "xl/worksheets/") || strings.HasSuffix(strings.ToLower(name), "sharedstrings.xml") {
			sheets += size
		} else {
			held += size
		}
	}
	return held, sheets
}

type workbook struct {
	ctx    context.Context
	book   *excelize.File
	doc    *Document
	out    *markdown
	limits Limits
	merged bool
}

func (w *workbook) write() error {
	for _, name := range w.book.GetSheetList() {
		if visible, err := w.book.GetSheetVisible(name); err == nil && !visible {
			w.doc.note("Hidden sheets are among the text.")
		}
		rows, err := w.rows(name)
		if err != nil {
			return broken("sheet "+name, err)
		}
		w.fill(name, rows)
		if len(filled(rows)) == 0 {
			continue
		}
		w.out.heading(2, escape(name))
		w.out.table(escaped(filledRows(rows)))
		w.comments(name)
	}
	return nil
}

// rows are the shown values of a sheet, row by row; rows without a value are empty.
func (w *workbook) rows(sheet string) (rows [][]string, err error) {
	it, err := w.book.Rows(sheet)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	size := 0
	for n := 0; it.Next(); n++ {
		if w.ctx.Err() != nil {
			return nil, w.ctx.Err()
		}
		if len(rows) >= w.limits.Rows || size > w.limits.Text {
			w.doc.note("Sheet " + tidyLine(sheet) + ": rows after the first " + itoa(len(rows)) + " were left out.")
			return rows, nil
		}
		row, err := it.Columns()
		if err != nil {
			return nil, err
		}
		if len(row) > w.limits.Columns {
			w.doc.note("Sheet " + tidyLine(sheet) + ": columns after the first " + itoa(w.limits.Columns) + " were left out.")
			row = row[:w.limits.Columns]
		}
		for _, value := range row {
			size += len(value)
		}
		rows = append(rows, row)
	}
	return rows, it.Error()
}

// fill writes the value of merged cells into each of their places.
func (w *workbook) fill(sheet string, rows [][]string) {
	if !w.merged {
		return
	}
	merged, err := w.book.GetMergeCells(sheet)
	if err != nil {
		return // the values are there, only not repeated
	}
	budget := w.limits.Rows * w.limits.Columns
	for _, cells := range merged {
		left, top, err1 := excelize.CellNameToCoordinates(cells.GetStartAxis())
		right, bottom, err2 := excelize.CellNameToCoordinates(cells.GetEndAxis())
		if err1 != nil || err2 != nil || cells.GetCellValue() == "" {
			continue
		}
		right = min(right, w.limits.Columns)
		for y := top - 1; y < min(bottom, len(rows)) && budget > 0; y++ {
			budget -= right - left + 1
			for len(rows[y]) < right {
				rows[y] = append(rows[y], "")
			}
			for x := left - 1; x < right; x++ {
				rows[y][x] = rows[top-1][left-1]
			}
		}
	}
}

func (w *workbook) comments(sheet string) {
	comments, err := w.book.GetComments(sheet)
	if err != nil {
		w.doc.note("Comments of sheet " + tidyLine(sheet) + " could not be read.")
		return
	}
	for _, c := range comments {
		text := c.Text
		for _, run := range c.Paragraph {
			text += run.Text
		}
		w.out.quote("Comment "+c.Cell, escape(text))
	}
}

// filledRows leaves out empty rows.
func filledRows(rows [][]string) (kept [][]string) {
	for _, row := range rows {
		if strings.TrimSpace(strings.Join(row, "")) != "" {
			kept = append(kept, row)
		}
	}
	return kept
}

func escaped(rows [][]string) [][]string {
	for _, row := range rows {
		for i := range row {
			row[i] = escapeWithin(row[i])
		}
	}
	return rows
}
