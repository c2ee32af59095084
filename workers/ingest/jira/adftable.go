package jira

// Bounds of merged cells, which a few bytes can make large.
const (
	maxSpan     = 50
	maxRepeated = 5_000 // cells of a document that stand for merged ones
)

// carried is a merged cell that reaches down.
type carried struct {
	text string
	rows int
}

// table writes a GFM table. A merged cell stands in each place that it covers, so that every row can be read by itself;
// a header cell outside of the first row is bold.
func (w *adfWriter) table(n *node) string {
	var rows [][]string
	down := map[int]carried{}
	header := false
	for i, r := range n.content {
		if r.kind != "tableRow" {
			rows = append(rows, []string{cellText(w.blocks([]*node{r}))})
			continue
		}
		if i == 0 {
			header = allHeaders(r)
		}
		rows = append(rows, w.row(r, down, header && i == 0))
	}
	return table(rows, header)
}

func allHeaders(row *node) bool {
	for _, c := range row.content {
		if c.kind != "tableHeader" {
			return false
		}
	}
	return len(row.content) > 0
}

func (w *adfWriter) row(r *node, down map[int]carried, header bool) []string {
	var cells []string
	fromAbove := func() {
		for c := down[len(cells)]; c.rows > 0; c = down[len(cells)] {
			down[len(cells)] = carried{text: c.text, rows: c.rows - 1}
			cells = append(cells, c.text)
		}
	}
	for _, c := range r.content {
		fromAbove()
		text := cellText(w.cell(c))
		if c.kind == "tableHeader" && !header && text != "" {
			text = emphasised(text)
		}
		wide, high := w.span(c, "colspan"), w.span(c, "rowspan")
		for range wide {
			if high > 1 {
				down[len(cells)] = carried{text: w.repeated(text), rows: high - 1}
			}
			cells = append(cells, text)
			text = w.repeated(text)
		}
	}
	fromAbove()
	return cells
}

func (w *adfWriter) cell(c *node) string {
	if c.inline() {
		return w.inline([]*node{c})
	}
	return w.blocks(c.content)
}

func emphasised(text string) string {
	if len(text) > 1 && text[:2] == "**" {
		return text
	}
	return "**" + text + "**"
}

// span is how many rows or columns a cell covers, 1 once the document has used up its share.
func (w *adfWriter) span(c *node, name string) int {
	n := min(max(c.attrs.num(name, 1), 1), maxSpan)
	if w.spans += n - 1; w.spans > maxRepeated {
		return 1
	}
	return n
}

// repeated is the text of a merged cell in the other places that it covers: a long one is not said again.
func (w *adfWriter) repeated(text string) string {
	if len(text) > 200 {
		return ""
	}
	return text
}
