package extract

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"io"
	"strings"
)

// maxRecord bounds one record of a CSV file in bytes: an unclosed quote would make one of the whole file.
const maxRecord = 1 << 20

func readCSV(ctx context.Context, in *input, doc *Document, out *markdown) error {
	text, encoding, err := in.decoded()
	if err != nil {
		return err
	}
	if encoding != "UTF-8" {
		doc.set("encoding", encoding)
	}
	comma, skip := dialect(in.text8())
	bounded := &recordReader{r: text}
	buffered := bufio.NewReader(bounded)
	if skip {
		if _, err := buffered.ReadString('\n'); err != nil {
			return fault(ErrNoText, "it has no rows")
		}
	}
	r := csv.NewReader(buffered)
	r.Comma, r.FieldsPerRecord, r.LazyQuotes = comma, -1, true
	rows, err := readRows(ctx, r, bounded, in.limits, doc)
	if err != nil {
		return broken("its rows", err)
	}
	out.table(escaped(rows))
	return nil
}

func readRows(ctx context.Context, r *csv.Reader, source *recordReader, l Limits, doc *Document) (rows [][]string, err error) {
	for size := 0; ; {
		source.read = 0
		row, err := r.Read()
		switch {
		case errors.Is(err, io.EOF):
			return rows, nil
		case err != nil:
			return nil, err
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case len(rows) >= l.Rows || size > l.Text:
			doc.note("Rows after the first " + itoa(len(rows)) + " were left out.")
			return rows, nil
		}
		if len(row) > l.Columns {
			doc.note("Columns after the first " + itoa(l.Columns) + " were left out.")
			row = row[:l.Columns]
		}
		for _, value := range row {
			size += len(value)
		}
		rows = append(rows, row)
	}
}

// recordReader fails when one record takes too many bytes.
type recordReader struct {
	r    io.Reader
	read int
}

func (r *recordReader) Read(p []byte) (int, error) {
	if r.read > maxRecord {
		return 0, fault(ErrTooLarge, "a record is longer than %d KiB, perhaps a quote is never closed", maxRecord>>10)
	}
	n, err := r.r.Read(p)
	r.read += n
	return n, err
}

// text8 is the beginning of the file in UTF-8, without a line that is cut.
func (in *input) text8() string {
	head := in.head
	if e, _ := encodingOf(head); e != nil {
		if decoded, err := e.NewDecoder().Bytes(head); err == nil {
			head = decoded
		}
	}
	head = bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))
	if int64(len(in.head)) < in.Size {
		if i := bytes.LastIndexByte(head, '\n'); i > 0 {
			head = head[:i+1]
		}
	}
	return string(head)
}

// dialect is the separator: what "sep=" in the first line says (then that line is to be skipped), or the one that cuts
// the most lines into the same number of fields, at least two.
func dialect(head string) (comma rune, skip bool) {
	first, _, _ := strings.Cut(head, "\n")
	if sep, ok := strings.CutPrefix(strings.TrimRight(first, "\r"), "sep="); ok && len(sep) == 1 && strings.Contains(",;\t|", sep) {
		return rune(sep[0]), true
	}
	best, comma := 0, ','
	for _, candidate := range ",;\t|" {
		if score := agreement(head, candidate); score > best {
			best, comma = score, candidate
		}
	}
	return comma, false
}

// agreement counts the records that have as many fields as the first, weighted with that number.
func agreement(head string, comma rune) (score int) {
	r := csv.NewReader(strings.NewReader(head))
	r.Comma, r.FieldsPerRecord, r.LazyQuotes = comma, -1, true
	width := 0
	for range 100 {
		row, err := r.Read()
		if err != nil {
			break
		}
		if width == 0 {
			width = len(row)
		}
		if len(row) == width && width > 1 {
			score += 10 + min(width, 10)
		} else {
			score -= 5
		}
	}
	return score
}
