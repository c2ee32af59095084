package derive

import (
	"regexp"
	"slices"
	"strings"
)

// Heads of a table's columns that say what its cells demand.
var (
	headRequired = compile(`\b(required|mandatory|pflicht(feld)?|erforderlich)\b`)
	headMaximum  = compile(`\b(max|maximum|maximal|maximale)\b`)
	headMinimum  = compile(`\b(min|minimum|minimal|minimale)\b`)
	headLength   = compile(`\b(length|characters|chars|länge|zeichen)\b`)
	headRange    = compile(`\b(range|values?|bereich)\b`)
	yes          = []string{"yes", "y", "true", "required", "mandatory", "ja", "x", "✓", "✔", "pflicht"}
	no           = []string{"no", "n", "false", "optional", "nein", "-", "–", "—", "✗"}
	span         = regexp.MustCompile(`^\s*(\d+)\s*(?:-|–|—|to|bis|\.\.+|…)\s*(\d+)\s*$`)
)

// RowLimits are what a row of a table demands of what its first cell names. head is the table's, with bars between cells;
// what stands before a › in it belongs to something around the table.
func RowLimits(head, row string) (subject string, limits []Limit) {
	if i := strings.LastIndex(head, " › "); i >= 0 {
		head = head[i+len(" › "):]
	}
	heads, cells := cellsOf(head), cellsOf(row)
	if len(heads) < 2 || len(cells) == 0 {
		return "", nil
	}
	for i, cell := range cells {
		if i > 0 && i < len(heads) {
			limits = append(limits, cellLimits(heads[i], cell)...)
		}
	}
	for i := range limits {
		limits[i].Clause, limits[i].Sentence = cells[0], strings.Join(cells, " | ")
	}
	return cells[0], limits
}

func cellLimits(head, cell string) []Limit {
	if headRequired.MatchString(head) {
		switch word := strings.ToLower(cell); {
		case slices.Contains(yes, word):
			return []Limit{{Kind: Required}}
		case slices.Contains(no, word):
			return []Limit{{Kind: Optional}}
		}
		return Limits(cell)
	}
	low, high := Min, Max
	if headLength.MatchString(head) {
		low, high = MinLength, MaxLength
	}
	value, isNumber := number(cell)
	switch parts := span.FindStringSubmatch(cell); {
	case isNumber && headMaximum.MatchString(head):
		return []Limit{{Kind: high, Value: value}}
	case isNumber && headMinimum.MatchString(head):
		return []Limit{{Kind: low, Value: value}}
	case parts != nil && (headLength.MatchString(head) || headRange.MatchString(head)):
		from, _ := number(parts[1])
		to, _ := number(parts[2])
		return []Limit{{Kind: low, Value: from}, {Kind: high, Value: to}}
	}
	return Limits(cell)
}

func cellsOf(row string) []string {
	var out []string
	for cell := range strings.SplitSeq(strings.Trim(plain(strings.ReplaceAll(row, `\|`, "\x00")), "| \t"), "|") {
		out = append(out, strings.TrimSpace(strings.ReplaceAll(cell, "\x00", "|")))
	}
	return out
}
