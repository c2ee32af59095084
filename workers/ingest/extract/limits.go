package extract

import "time"

// Limits bound what one file may cost. A limit of zero is its default.
type Limits struct {
	// Size of a file or an archive's entry. Defaults to 4 GiB for archives and PDF; Whole bounds the others.
	Size int64
	// Whole is the largest file of a format that is held in memory (text, web pages, JSON, feature files; four times as
	// much for spreadsheets). Defaults to 16 MiB.
	Whole int64
	// Text is the length of one document's Markdown in bytes; what is over it is cut and noted. Defaults to 8 MiB.
	Text int
	// Unpacked is what all the entries of one archive may unpack to. Defaults to 16 GiB.
	Unpacked int64
	// Part is what the parts of one office document may unpack to. Defaults to 512 MiB.
	Part int64
	// Ratio is how much larger than packed an entry of more than 8 MiB may be. Defaults to 250.
	Ratio int64
	// Entries of one archive. Defaults to 50 000.
	Entries int
	// Depth of archives in archives; an archive is at depth 1. Defaults to 2.
	Depth int
	// Rows of one table; what is over it is left out and noted. Defaults to 5000.
	Rows int
	// Columns of one table. Defaults to 100.
	Columns int
	// Time for one document. Defaults to 1 minute.
	Time time.Duration
	// Sandbox is the memory that reading a PDF may take, in bytes. Defaults to 192 MiB.
	Sandbox int64
}

// WithDefaults replaces what is zero or less.
func (l Limits) WithDefaults() Limits {
	l.Size = or(l.Size, 4<<30)
	l.Whole = or(l.Whole, 16<<20)
	l.Text = or(l.Text, 8<<20)
	l.Unpacked = or(l.Unpacked, 16<<30)
	l.Part = or(l.Part, 512<<20)
	l.Ratio = or(l.Ratio, 250)
	l.Entries = or(l.Entries, 50_000)
	l.Depth = or(l.Depth, 2)
	l.Rows = or(l.Rows, 5000)
	l.Columns = or(l.Columns, 100)
	l.Time = or(l.Time, time.Minute)
	l.Sandbox = or(l.Sandbox, 192<<20)
	return l
}

func or[N int | int64 | time.Duration](value, otherwise N) N {
	if value > 0 {
		return value
	}
	return otherwise
}
