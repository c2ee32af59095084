package extract

import (
	"bufio"
	"context"
	"errors"
	"io"
	"strings"
)

func readJSON(ctx context.Context, in *input, doc *Document, out *markdown) error {
	t, err := in.json(doc)
	if err != nil {
		return err
	}
	if isOpenAPI(t) {
		doc.Kind = OpenAPI
		return writeOpenAPI(ctx, t, doc, out)
	}
	return outlined(ctx, t, in, doc, out)
}

func (in *input) json(doc *Document) (*tree, error) {
	text, err := in.text(doc)
	if err != nil {
		return nil, err
	}
	return parseJSON([]byte(text))
}

func readYAML(ctx context.Context, in *input, doc *Document, out *markdown) error {
	text, err := in.text(doc)
	if err != nil {
		return err
	}
	t, err := parseYAML(text)
	if err != nil {
		return err
	}
	if isOpenAPI(t) {
		doc.Kind = OpenAPI
		return writeOpenAPI(ctx, t, doc, out)
	}
	return outlined(ctx, t, in, doc, out)
}

func outlined(ctx context.Context, t *tree, in *input, doc *Document, out *markdown) error {
	o := &outliner{ctx: ctx, out: out, limits: in.limits, doc: doc}
	for _, key := range []string{"title", "name"} {
		if doc.Title == "" {
			doc.Title = t.str(key)
		}
	}
	return o.value(t, 1)
}

// outliner writes a value so that a person can read it: members as a list, members that hold more as sections, arrays of
// like objects as tables.
type outliner struct {
	ctx    context.Context
	out    *markdown
	doc    *Document
	limits Limits
}

func (o *outliner) value(t *tree, level int) error {
	if o.out.cut || o.ctx.Err() != nil {
		return o.ctx.Err()
	}
	switch {
	case t.scalar():
		o.out.block(escape(t.value))
	case t.kind == '[':
		return o.array(t, level)
	default:
		return o.object(t, level)
	}
	return nil
}

func (o *outliner) object(t *tree, level int) error {
	for i, member := range t.values {
		if text, ok := short(member); ok {
			o.out.item(0, 0, "**"+escape(tidyLine(t.keys[i]))+":** "+escape(text))
		}
	}
	for i, member := range t.values {
		if _, ok := short(member); ok {
			continue
		}
		if level > 6 {
			o.out.item(0, 0, "**"+escape(tidyLine(t.keys[i]))+":** "+escape(compact(member)))
			continue
		}
		o.out.heading(level, escape(t.keys[i]))
		if err := o.value(member, level+1); err != nil {
			return err
		}
	}
	return nil
}

// short is a value that fits behind its name: a scalar or an array of scalars.
func short(t *tree) (string, bool) {
	if t.scalar() {
		return t.value, true
	}
	if t.kind == '{' {
		return "", len(t.values) == 0
	}
	var values []string
	for _, item := range t.values {
		if !item.scalar() {
			return "", false
		}
		values = append(values, item.value)
	}
	return strings.Join(values, ", "), true
}

func (o *outliner) array(t *tree, level int) error {
	if rows, ok := o.alike(t.values); ok {
		o.out.table(rows)
		return nil
	}
	for i, item := range t.values {
		if text, ok := short(item); ok {
			o.out.item(0, 0, escape(text))
			continue
		}
		if level > 6 {
			o.out.item(0, 0, escape(compact(item)))
			continue
		}
		o.out.heading(level, escape(label(item, i+1)))
		if err := o.value(item, level+1); err != nil {
			return err
		}
	}
	return nil
}

// label names an item of an array.
func label(t *tree, n int) string {
	for _, key := range []string{"title", "name", "summary", "id", "key"} {
		if text := tidyLine(t.str(key)); text != "" {
			return shorten(text, 120)
		}
	}
	return itoa(n)
}

// alike makes rows of objects whose members are short, if there are several and few different names.
func (o *outliner) alike(items []*tree) (rows [][]string, ok bool) {
	if len(items) < 2 {
		return nil, false
	}
	columns := map[string]int{}
	var head []string
	for _, item := range items {
		if item.kind != '{' {
			return nil, false
		}
		for i, key := range item.keys {
			if _, ok := short(item.values[i]); !ok {
				return nil, false
			}
			if _, known := columns[key]; !known {
				columns[key] = len(head)
				head = append(head, key)
			}
		}
		if len(head) > 30 {
			return nil, false
		}
	}
	rows = append(rows, append([]string{}, head...))
	for _, item := range items {
		if len(rows) > o.limits.Rows {
			o.doc.note("Rows after the first " + itoa(o.limits.Rows) + " of a table were left out.")
			break
		}
		row := make([]string, len(head))
		for i, key := range item.keys {
			row[columns[key]], _ = short(item.values[i])
		}
		rows = append(rows, row)
	}
	return escaped(rows), true
}

// compact is a value on one line.
func compact(t *tree) string {
	var b strings.Builder
	t.compact(&b)
	return shorten(b.String(), 2000)
}

func (t *tree) compact(b *strings.Builder) {
	if b.Len() > 2000 {
		return
	}
	switch t.kind {
	case 's':
		b.WriteString(`"` + strings.ReplaceAll(t.value, `"`, `\"`) + `"`)
	case 'v':
		b.WriteString(t.value)
	default:
		b.WriteByte(t.kind)
		for i, member := range t.values {
			if i > 0 {
				b.WriteString(", ")
			}
			if t.kind == '{' {
				b.WriteString(`"` + t.keys[i] + `": `)
			}
			member.compact(b)
		}
		b.WriteByte(t.kind + 2)
	}
}

// readNDJSON reads one value a line; a line that is none is passed over and noted.
func readNDJSON(ctx context.Context, in *input, doc *Document, out *markdown) error {
	r, _, err := in.decoded()
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 4<<20)
	all, size, bad := &tree{kind: '['}, 0, 0
	for lines.Scan() && ctx.Err() == nil {
		if strings.TrimSpace(lines.Text()) == "" {
			continue
		}
		if len(all.values) >= in.limits.Rows || size > in.limits.Text {
			doc.note("Records after the first " + itoa(len(all.values)) + " were left out.")
			break
		}
		size += len(lines.Bytes())
		t, err := parseJSON(lines.Bytes())
		if err != nil {
			bad++
			continue
		}
		all.values = append(all.values, t)
	}
	if err := errors.Join(lines.Err(), ctx.Err()); err != nil && !errors.Is(err, io.EOF) {
		return broken("its lines", err)
	}
	if bad > 0 {
		doc.note(itoa(bad) + " lines are no JSON and were left out.")
	}
	if len(all.values) == 0 && bad > 0 {
		return fault(ErrBroken, "none of its lines is JSON")
	}
	return outlined(ctx, all, in, doc, out)
}
