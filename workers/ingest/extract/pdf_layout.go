package extract

import (
	"cmp"
	"math"
	"regexp"
	"slices"
	"strings"
)

// pdfLine is what stands on one line of a page, in points from the page's lower left corner.
type pdfLine struct {
	left, right, top, bottom float64
	size                     float64
	bold                     bool
	// cells are pieces between which there is a gap as between columns of a table.
	cells []pdfCell
}

type pdfCell struct {
	left float64
	text string
}

func (l *pdfLine) text() string {
	var parts []string
	for _, c := range l.cells {
		parts = append(parts, strings.TrimSpace(c.text))
	}
	return strings.TrimSpace(strings.Join(parts, " "))
}

// join appends what follows on the same line and says whether it does.
func (l *pdfLine) join(next pdfLine) bool {
	overlap := min(l.top, next.top) - max(l.bottom, next.bottom)
	size := max(l.size, next.size, 1)
	if overlap < 0.3*min(l.top-l.bottom, next.top-next.bottom) && math.Abs(l.bottom-next.bottom) > 0.35*size || next.left < l.right-size {
		return false
	}
	last := &l.cells[len(l.cells)-1]
	switch gap := next.left - l.right; {
	case gap > 1.6*size && !bulletOnly(l.text()):
		l.cells = append(l.cells, next.cells...)
	case gap > 0.28*size && !strings.HasSuffix(last.text, " "):
		last.text += " " + next.cells[0].text
	default:
		last.text += next.cells[0].text
	}
	if len(strings.TrimSpace(next.cells[0].text)) > len(last.text)/2 {
		l.size = next.size
	}
	l.bold = l.bold && (next.bold || strings.TrimSpace(next.cells[0].text) == "")
	l.right, l.top, l.bottom = max(l.right, next.right), max(l.top, next.top), min(l.bottom, next.bottom)
	return true
}

// descending are signs that reach below the line that the others stand on.
const descending = "gjpqyQ()[]{}|@,;„ç_"

// baseline is about where the line's text stands: boxes of glyphs are tight.
func (l *pdfLine) baseline() float64 {
	if strings.ContainsAny(l.text(), descending) {
		return l.bottom + 0.2*l.size
	}
	return l.bottom
}

// pdfLayout makes blocks of lines.
type pdfLayout struct {
	out  *markdown
	body float64 // the size of most of the text
	bold bool    // whether most of the text is bold
	// sizes are those of headings, the largest first.
	sizes []float64
	pitch float64 // the usual distance of lines, as a multiple of the size
	// paragraph is what is being joined, and before it the last line that was added to it.
	paragraph strings.Builder
	before    *pdfLine
	// edge is the baseline and the right end of the last line of the paragraph, margins where lines of the page end by
	// where they begin, in steps of columnStep points.
	edge    struct{ baseline, right float64 }
	margins map[int]float64
	indents []float64 // of the list items that the current one is in
	rows    [][]string
}

// layout writes the pages; a paragraph that goes on over the end of a page begins on the former.
func layout(pages [][]pdfLine, doc *Document, out *markdown) {
	pages = withoutRunning(pages, doc)
	l := &pdfLayout{out: out}
	l.measure(pages)
	for i, lines := range pages {
		l.flush()
		doc.Pages = append(doc.Pages, Page{Number: i + 1, Offset: out.next()})
		l.before = nil
		l.margins = margins(lines)
		for j := range lines {
			l.line(&lines[j])
		}
	}
	l.flush()
	doc.Pages = trimPages(doc.Pages, out.out.Len())
}

func round(size float64) float64 { return math.Round(size*2) / 2 }

// measure finds the sizes of text and headings and the distance of lines.
func (l *pdfLayout) measure(pages [][]pdfLine) {
	letters, bold, all := map[float64]int{}, 0, 0
	var pitches []float64
	for _, lines := range pages {
		for i, line := range lines {
			n := len(line.text())
			letters[round(line.size)] += n
			all += n
			if line.bold {
				bold += n
			}
			if i > 0 && line.size > 0 && round(line.size) == round(lines[i-1].size) {
				if pitch := (lines[i-1].baseline() - line.baseline()) / line.size; pitch > 0.8 && pitch < 4 {
					pitches = append(pitches, pitch)
				}
			}
		}
	}
	most := 0
	for size, n := range letters {
		if n > most || n == most && size < l.body {
			most, l.body = n, size
		}
	}
	l.bold = bold*2 > all
	for size := range letters {
		if size >= l.body*1.12 {
			l.sizes = append(l.sizes, size)
		}
	}
	slices.SortFunc(l.sizes, func(a, b float64) int { return cmp.Compare(b, a) })
	slices.Sort(pitches)
	l.pitch = 1.2
	if len(pitches) > 0 {
		l.pitch = min(pitches[len(pitches)/4], 2.2)
	}
}

// level is a line's level as a heading, 0 if it is none.
func (l *pdfLayout) level(line *pdfLine) int {
	if i := slices.Index(l.sizes, round(line.size)); i >= 0 && letters.MatchString(line.text()) {
		return min(i+1, 6)
	}
	text := line.text()
	if line.bold && !l.bold && len(line.cells) == 1 && len(text) < 120 && !strings.HasSuffix(text, ".") && !strings.HasSuffix(text, ",") &&
		letters.MatchString(text) && !strings.HasSuffix(text, ":") {
		return min(len(l.sizes)+1, 6)
	}
	return 0
}

var (
	bulletMark = regexp.MustCompile(`^[•◦▪▫‣⁃●○■□–·\x{F0B7}\x{F0A7}\x{E000}-\x{F8FF}*-]\s+`)
	numberMark = regexp.MustCompile(`^([0-9]{1,3})[.)]\s+`)
)

func bulletOnly(s string) bool {
	return bulletMark.MatchString(s+" ") && bulletMark.ReplaceAllString(s+" ", "") == "" || numberMark.MatchString(s+" ") && numberMark.ReplaceAllString(s+" ", "") == ""
}

func (l *pdfLayout) line(line *pdfLine) {
	text := line.text()
	if text == "" {
		return
	}
	if l.row(line) {
		return
	}
	level := l.level(line)
	starts := bulletMark.MatchString(text) || numberMark.MatchString(text)
	if l.before == nil || l.level(l.before) != level || level == 0 && (starts || l.broken(line)) || l.apart(line) {
		l.flush()
	}
	l.append(text)
	if l.before == nil {
		l.before = line
	}
	l.edge.baseline, l.edge.right = line.baseline(), line.right
}

// apart says whether a line is too far from the one before it to go on with it.
func (l *pdfLayout) apart(line *pdfLine) bool {
	distance := l.edge.baseline - line.baseline()
	return distance > l.pitch*1.3*max(line.size, 1) || distance < -line.size || math.Abs(l.before.size-line.size) > 0.12*l.before.size
}

// broken says whether a line begins a new paragraph although it is near: its first word had room on the line before, or
// it stands where the marks of a list stand.
func (l *pdfLayout) broken(line *pdfLine) bool {
	text := line.text()
	word, _, _ := strings.Cut(text, " ")
	width := (line.right - line.left) / float64(max(len(text), 1)) * float64(len(word)+2)
	if l.edge.right+width < l.margins[column(l.before.left)] {
		return true
	}
	item := l.before.text()
	return (bulletMark.MatchString(item) || numberMark.MatchString(item)) && line.left < l.before.left+2
}

// columnStep is how far apart lines of one column begin at most.
const columnStep = 60

func column(left float64) int { return int(left) / columnStep }

// margins are the right ends of columns, lines of the neighbouring step included: list items begin further right.
func margins(lines []pdfLine) map[int]float64 {
	right := map[int]float64{}
	for _, line := range lines {
		for c := column(line.left); c <= column(line.left)+1; c++ {
			right[c] = max(right[c], line.right)
		}
	}
	return right
}

// append joins a line to the paragraph; a word that was divided is joined again.
func (l *pdfLayout) append(text string) {
	so := l.paragraph.String()
	trimmed := strings.TrimRight(so, "\u00ad\u0002")
	if dashed, ok := strings.CutSuffix(so, "-"); ok && endsInLetter(dashed) && startsLower(text) {
		trimmed = dashed
	}
	switch {
	case trimmed != so:
		l.paragraph.Reset()
		l.paragraph.WriteString(trimmed)
	case so != "":
		l.paragraph.WriteByte(' ')
	}
	l.paragraph.WriteString(text)
}

var (
	lastLetter = regexp.MustCompile(`\p{Ll}$`)
	firstLower = regexp.MustCompile(`^\p{Ll}`)
)

func endsInLetter(s string) bool { return lastLetter.MatchString(s) }
func startsLower(s string) bool  { return firstLower.MatchString(s) }

// row collects lines with the same number of cells, which are rows of a table.
func (l *pdfLayout) row(line *pdfLine) bool {
	n := len(line.cells)
	if n < 2 || len(l.rows) > 0 && len(l.rows[0]) != n {
		l.flushRows()
	}
	if n < 2 {
		return false
	}
	if len(l.rows) == 0 {
		l.flush()
	}
	var row []string
	for _, c := range line.cells {
		row = append(row, escape(strings.TrimSpace(c.text)))
	}
	l.rows = append(l.rows, row)
	return true
}

func (l *pdfLayout) flushRows() {
	if len(l.rows) == 1 {
		l.out.block(strings.Join(l.rows[0], " "))
	} else {
		l.out.table(l.rows)
	}
	l.rows = nil
}

// flush writes what has been joined as the block that it is.
func (l *pdfLayout) flush() {
	l.flushRows()
	text := l.paragraph.String()
	l.paragraph.Reset()
	if text == "" || l.before == nil {
		return
	}
	level := l.level(l.before)
	bullet, number := bulletMark.FindString(text), numberMark.FindStringSubmatch(text)
	switch {
	case level > 0:
		l.out.heading(level, escape(tidyLine(text)))
	case bullet != "":
		l.out.item(l.indent(l.before.left), 0, escape(tidyLine(text[len(bullet):])))
	case number != nil:
		l.out.item(l.indent(l.before.left), atoi(number[1]), escape(tidyLine(text[len(number[0]):])))
	default:
		l.out.block(escape(tidyLine(text)))
		l.indents = nil
	}
	l.before = nil
}

// indent is the level of a list item by where it begins.
func (l *pdfLayout) indent(left float64) int {
	for len(l.indents) > 0 && l.indents[len(l.indents)-1] > left+2 {
		l.indents = l.indents[:len(l.indents)-1]
	}
	if len(l.indents) == 0 || l.indents[len(l.indents)-1] < left-4 {
		l.indents = append(l.indents, left)
	}
	return len(l.indents) - 1
}

var digits = regexp.MustCompile(`[0-9]+`)

// withoutRunning leaves out page numbers and lines that stand at the top or bottom of most pages, but for the first time.
func withoutRunning(pages [][]pdfLine, doc *Document) [][]pdfLine {
	seen := map[string]int{}
	for _, lines := range pages {
		for _, i := range edges(lines) {
			seen[running(lines[i])]++
		}
	}
	kept, dropped := make([][]pdfLine, len(pages)), false
	said := map[string]bool{}
	for p, lines := range pages {
		edge := edges(lines)
		for i, line := range lines {
			key := running(line)
			repeats := slices.Contains(edge, i) && (len(pages) > 2 && seen[key]*2 > len(pages) || key == "#")
			if repeats && (said[key] || !letters.MatchString(key)) {
				dropped = true
				continue
			}
			said[key] = said[key] || repeats
			kept[p] = append(kept[p], line)
		}
	}
	if dropped {
		doc.note("Page numbers and repeated headers and footers were left out.")
	}
	return kept
}

func running(l pdfLine) string { return digits.ReplaceAllString(l.text(), "#") }

// edges are the highest and the lowest line of a page.
func edges(lines []pdfLine) []int {
	if len(lines) == 0 {
		return nil
	}
	high, low := 0, 0
	for i, line := range lines {
		if line.bottom > lines[high].bottom {
			high = i
		}
		if line.bottom < lines[low].bottom {
			low = i
		}
	}
	return []int{high, low}
}
