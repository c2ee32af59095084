package extract

import (
	"encoding/xml"
	"strings"
)

// table writes a table of a text, or a sheet as a section.
func (o *odf) table(x *elements, e xml.StartElement) error {
	o.flushCode()
	t := &odfTable{odf: o}
	if err := t.read(x); err != nil {
		return err
	}
	if o.doc.Kind == ODS {
		o.out.heading(2, escape(attribute(e, "name")))
	}
	o.out.table(flattened(t.rows))
	return nil
}

type odfTable struct {
	*odf
	rows [][]string
}

func (t *odfTable) read(x *elements) error {
	return x.children(func(e xml.StartElement) error {
		switch e.Name.Local {
		case "table-row":
			return t.row(x, e)
		case "table-header-rows", "table-rows", "table-row-group":
			return t.read(x)
		}
		return nil
	}, nil)
}

func (t *odfTable) row(x *elements, e xml.StartElement) error {
	if len(t.rows) >= t.limits.Rows {
		t.doc.note("Rows after the first " + itoa(t.limits.Rows) + " of a table were left out.")
		return nil
	}
	row, err := t.cells(x)
	if err != nil {
		return err
	}
	if len(row) == 0 { // a sheet ends with a million of these
		return nil
	}
	for range min(repeated(e, "number-rows-repeated"), t.limits.Rows-len(t.rows)) {
		t.rows = append(t.rows, row)
	}
	return nil
}

func (t *odfTable) cells(x *elements) (row []string, err error) {
	empty := 0
	err = x.children(func(e xml.StartElement) error {
		if e.Name.Local != "table-cell" && e.Name.Local != "covered-table-cell" {
			return nil
		}
		covered := e.Name.Local == "covered-table-cell"
		text, err := t.apart(x)
		n := min(repeated(e, "number-columns-repeated"), t.limits.Columns-len(row)-empty)
		if text = strings.TrimSpace(text); text == "" && covered && len(row) > 0 && empty == 0 {
			text = row[len(row)-1]
		}
		if text == "" {
			empty += max(n, 0)
			return err
		}
		for range empty {
			row = append(row, "")
		}
		empty = 0
		for range n {
			row = append(row, text)
		}
		return err
	}, nil)
	return row, err
}

// repeated is a count of repetitions, at least 1.
func repeated(e xml.StartElement, name string) int { return max(atoi(attribute(e, name)), 1) }
