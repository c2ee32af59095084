package caseexport

import (
	"bytes"
	"errors"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"tapedeck/domain/testcase"
)

// maxCell is how many characters a cell of Excel holds.
const maxCell = excelize.TotalCellChars

// cell is a text that a cell can hold. It is written as a string, which no spreadsheet takes for a formula.
func cell(text string) string {
	if utf8.RuneCountInString(text) <= maxCell {
		return text
	}
	return string([]rune(text)[:maxCell-1]) + "…"
}

// sheet is one sheet of a workbook of ours.
type sheet struct {
	name   string
	heads  []string
	widths []float64
	rows   [][]string
}

func writeWorkbook(s testcase.State, cases []testcase.Reviewed) ([]byte, error) {
	sheets := []sheet{
		{name: "Test cases", heads: columns, widths: []float64{16, 40, 10, 10, 11, 12, 36, 6, 44, 26, 44, 24, 60}},
		{name: "Findings", heads: []string{"kind", "subject", "message", "documents", "recording"}, widths: []float64{16, 24, 60, 60, 60}},
		{name: "Not covered", heads: []string{"requirement", "text", "where"}, widths: []float64{14, 80, 60}},
	}
	for _, c := range cases {
		for _, values := range rows(c) {
			line := make([]string, len(columns))
			for i, name := range columns {
				line[i] = values[name]
			}
			sheets[0].rows = append(sheets[0].rows, line)
		}
	}
	for _, f := range s.Findings {
		sheets[1].rows = append(sheets[1].rows, []string{string(f.Kind), f.Subject, f.Message, cited(f.Says), cited(f.Shows)})
	}
	for _, u := range s.Uncovered {
		sheets[2].rows = append(sheets[2].rows, []string{u.Requirement, u.Source.Quote, placeOf(u.Source)})
	}
	book := excelize.NewFile()
	err := errors.Join(book.SetSheetName("Sheet1", sheets[0].name), fillSheets(book, sheets))
	return saved(book, err)
}

func saved(book *excelize.File, err error) ([]byte, error) {
	var out bytes.Buffer
	if err == nil {
		_, err = book.WriteTo(&out)
	}
	return out.Bytes(), errors.Join(err, book.Close())
}

func fillSheets(book *excelize.File, sheets []sheet) error {
	head, err := book.NewStyle(&excelize.Style{
		Font: &excelize.Font{Bold: true}, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"DDE6EE"}},
	})
	if err != nil {
		return err
	}
	body, err := book.NewStyle(&excelize.Style{Alignment: &excelize.Alignment{Vertical: "top", WrapText: true}})
	if err != nil {
		return err
	}
	for _, s := range sheets {
		if err := s.write(book, head, body); err != nil {
			return err
		}
	}
	return nil
}

func (s sheet) write(book *excelize.File, head, body int) error {
	if _, err := book.NewSheet(s.name); err != nil {
		return err
	}
	for i, width := range s.widths {
		name, err := excelize.ColumnNumberToName(i + 1)
		if err = errors.Join(err, book.SetColWidth(s.name, name, name, width)); err != nil {
			return err
		}
	}
	for n, line := range append([][]string{s.heads}, s.rows...) {
		for i, text := range line {
			at, err := excelize.CoordinatesToCellName(i+1, n+1)
			if err = errors.Join(err, book.SetCellStr(s.name, at, cell(text))); err != nil {
				return err
			}
		}
	}
	last, err := excelize.CoordinatesToCellName(len(s.heads), len(s.rows)+1)
	if err != nil {
		return err
	}
	first, err := excelize.CoordinatesToCellName(len(s.heads), 1)
	if err != nil {
		return err
	}
	return errors.Join(
		book.SetCellStyle(s.name, "A1", last, body), book.SetCellStyle(s.name, "A1", first, head), book.AutoFilter(s.name, "A1:"+last, nil),
		book.SetPanes(s.name, &excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}),
	)
}
