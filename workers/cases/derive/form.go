package derive

import (
	"cmp"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"tapedeck/domain/recording"
	"tapedeck/domain/testcase"
)

// Form is a form as a recorded page shows it. Fields without a form around them are one of their own.
type Form struct {
	// Key is the same for the same form on another step's page.
	Key string
	// Heading is its legend, or the heading above it; Submit the label of its button.
	Heading string
	Submit  string
	// Checks says that the browser itself checks the fields before it sends the form.
	Checks bool
	// Loose says that there is no form around the fields.
	Loose  bool
	Fields []*Field
	// StepID is the first step that shows it, on the page File, an artefact, with this title at this address.
	StepID, File, Title, URL string
}

// Field is one field of a form. Length bounds are -1 when there are none, the others "".
type Field struct {
	Form                 *Form
	Label                string
	Name, ID, Type       string
	Placeholder          string
	Required             bool
	Marked               bool // as required, for people, without that the browser checks it
	MinLength, MaxLength int
	Min, Max, Step       string
	Pattern, Title       string
	Accept               string
	Options              []string
	// Preset says that it holds something before anybody enters anything.
	Preset bool
	// Markup is its start tag, without its value.
	Markup string
}

// Page is where a document of a step comes from.
type Page struct{ StepID, File, Title, URL string }

// Bounds of a page: what is beyond is passed over.
const (
	maxForms   = 20
	maxFields  = 100
	maxOptions = 50
	maxDepth   = 500
)

// ReadForms reads the forms of a page. It fails with r's error; what is no HTML has none.
func ReadForms(r io.Reader, page Page) ([]*Form, error) {
	root, err := html.ParseWithOptions(r, html.ParseOptionEnableScripting(false))
	if err != nil {
		if errors.Is(err, html.ErrBufferExceeded) {
			return nil, nil
		}
		return nil, err
	}
	f := formReader{page: page, labels: map[string]string{}, byNode: map[*html.Node]*Form{}}
	f.learn(root, 0)
	f.walk(root, nil, 0)
	for _, form := range f.forms {
		form.Key = form.key()
		form.Checks = form.Checks && form.Submit != ""
	}
	return slices.DeleteFunc(f.forms, func(form *Form) bool { return len(form.Fields) == 0 }), nil
}

type formReader struct {
	page    Page
	labels  map[string]string // by the id that they are for, and of anything with an id
	forms   []*Form
	byNode  map[*html.Node]*Form
	heading string
	fields  int
}

// learn notes what names fields.
func (f *formReader) learn(n *html.Node, depth int) {
	if depth > maxDepth {
		return
	}
	if n.Type == html.ElementNode {
		if id := attr(n, "id"); id != "" && n.DataAtom != atom.Body && n.DataAtom != atom.Form {
			f.labels["#"+id] = textOf(n, 100)
		}
		if of := attr(n, "for"); n.DataAtom == atom.Label && of != "" {
			f.labels[of] = textOf(n, 100)
		}
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		f.learn(c, depth+1)
	}
}

func (f *formReader) walk(n *html.Node, form *Form, depth int) {
	if depth > maxDepth {
		return
	}
	if n.Type == html.ElementNode {
		switch n.DataAtom {
		case atom.Form:
			form = f.form(n)
		case atom.H1, atom.H2, atom.H3, atom.H4, atom.Legend:
			f.heading = textOf(n, 100)
			if n.DataAtom == atom.Legend && form != nil {
				form.Heading = f.heading
			}
		case atom.Input, atom.Textarea, atom.Select:
			f.field(n, form)
		case atom.Button:
			if kind := attr(n, "type"); form != nil && form.Submit == "" && (kind == "" || strings.EqualFold(kind, "submit")) {
				form.Submit = cmp.Or(attr(n, "aria-label"), textOf(n, 100))
			}
		}
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		f.walk(c, form, depth+1)
	}
}

func (f *formReader) form(n *html.Node) *Form {
	if len(f.forms) == maxForms {
		return nil
	}
	form := &Form{
		Heading: f.heading, Checks: !hasAttr(n, "novalidate"), StepID: f.page.StepID, File: f.page.File, Title: f.page.Title, URL: f.page.URL,
		Key: cmp.Or(attr(n, "id"), attr(n, "name"), attr(n, "aria-label"), attr(n, "action")),
	}
	f.forms = append(f.forms, form)
	return form
}

// loose is the form of fields that have none around them: a program sends it, and the browser checks nothing.
func (f *formReader) loose() *Form {
	if form := f.byNode[nil]; form != nil {
		return form
	}
	form := f.form(&html.Node{})
	if form != nil {
		form.Checks, form.Heading, form.Loose = false, "", true
		f.byNode[nil] = form
	}
	return form
}

// unasked are inputs into which nobody enters anything.
var unasked = []string{"hidden", "submit", "button", "reset", "image"}

func (f *formReader) field(n *html.Node, form *Form) {
	kind := strings.ToLower(attr(n, "type"))
	if n.DataAtom == atom.Input && form != nil && form.Submit == "" && (kind == "submit" || kind == "image") {
		form.Submit = cmp.Or(attr(n, "value"), attr(n, "alt"), "Submit")
	}
	if n.DataAtom == atom.Input && slices.Contains(unasked, kind) || hasAttr(n, "disabled") || hasAttr(n, "readonly") || f.fields == maxFields {
		return
	}
	if form == nil {
		if form = f.loose(); form == nil {
			return
		}
	}
	f.fields++
	switch n.DataAtom {
	case atom.Textarea, atom.Select:
		kind = n.Data
	default:
		kind = cmp.Or(kind, "text")
	}
	id := attr(n, "id")
	field := &Field{
		Form: form, Name: attr(n, "name"), ID: id, Type: kind, Placeholder: attr(n, "placeholder"), Required: hasAttr(n, "required"),
		Marked: strings.EqualFold(attr(n, "aria-required"), "true"), MinLength: whole(n, "minlength"), MaxLength: whole(n, "maxlength"),
		Min: attr(n, "min"), Max: attr(n, "max"), Step: attr(n, "step"), Pattern: attr(n, "pattern"), Title: attr(n, "title"), Accept: attr(n, "accept"),
		Markup: markup(n),
	}
	field.Label = label(cmp.Or(attr(n, "aria-label"), f.named(attr(n, "aria-labelledby")), f.labels[id], around(n), field.Title, field.Placeholder, field.Name, id))
	field.Preset = attr(n, "value") != "" || hasAttr(n, "checked") || n.DataAtom == atom.Textarea && n.FirstChild != nil
	if n.DataAtom == atom.Select {
		field.Options, field.Preset = options(n), true
	}
	if kind == "radio" && slices.ContainsFunc(form.Fields, func(o *Field) bool { return o.Type == kind && o.Name == field.Name && field.Name != "" }) {
		return // one choice is one field
	}
	if field.Label != "" {
		form.Fields = append(form.Fields, field)
	}
}

func (f *formReader) named(ids string) string {
	var out []string
	for id := range strings.FieldsSeq(ids) {
		out = append(out, f.labels["#"+id])
	}
	return strings.TrimSpace(strings.Join(out, " "))
}

// around is the text of the label that a field stands in.
func around(n *html.Node) string {
	for p := n.Parent; p != nil && p.DataAtom != atom.Form; p = p.Parent {
		if p.DataAtom == atom.Label {
			return textOf(p, 100)
		}
	}
	return ""
}

// label is a label without the marks that say that something is needed.
func label(text string) string {
	return testcase.CutLine(strings.Trim(testcase.Line(text), "*: "), 100)
}

// key is what a field is known by within its form.
func (f *Field) key() string { return f.Name + "\x00" + f.ID + "\x00" + f.Label }

func (form *Form) key() string {
	var names []string
	for _, f := range form.Fields {
		names = append(names, f.key())
	}
	return form.Key + "\x00" + strings.Join(names, "\x00")
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name && a.Namespace == "" {
			return testcase.CutLine(a.Val, 300)
		}
	}
	return ""
}

func hasAttr(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}

func whole(n *html.Node, name string) int {
	value, err := strconv.Atoi(attr(n, name))
	if err != nil || value < 0 {
		return -1
	}
	return value
}

// markup is a field's start tag as it stands in the page, but for its value.
func markup(n *html.Node) string {
	bare := html.Node{Type: html.ElementNode, Data: n.Data, DataAtom: n.DataAtom}
	for _, a := range n.Attr {
		if a.Key != "value" && a.Key != "style" && a.Key != "class" {
			bare.Attr = append(bare.Attr, a)
		}
	}
	var b strings.Builder
	_ = html.Render(&b, &bare) // into memory
	tag, _, _ := strings.Cut(b.String(), "></")
	return testcase.CutLine(strings.TrimSuffix(strings.TrimSuffix(tag, ">"), "/")+">", testcase.MaxQuote)
}

func options(n *html.Node) []string {
	var out []string
	for c := range n.Descendants() {
		if c.DataAtom == atom.Option && len(out) < maxOptions {
			out = append(out, textOf(c, 100))
		}
	}
	return out
}

// textOf is the text in an element, in one line, without what is typed into it.
func textOf(n *html.Node, most int) string {
	var b strings.Builder
	var add func(*html.Node, int)
	add = func(n *html.Node, depth int) {
		switch {
		case depth > maxDepth || b.Len() > 4*most:
			return
		case n.Type == html.TextNode:
			b.WriteString(n.Data)
		case n.Type == html.ElementNode && slices.Contains([]atom.Atom{atom.Script, atom.Style, atom.Textarea, atom.Select, atom.Option, atom.Template}, n.DataAtom) && depth > 0:
			return
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			add(c, depth+1)
		}
		if n.Type == html.ElementNode {
			b.WriteByte(' ')
		}
	}
	add(n, 0)
	return testcase.CutLine(b.String(), most)
}

// names are what a recorded element may be known by.
type names struct{ id, name, label string }

// same says whether a recorded element is this field.
func (f *Field) same(t *recording.Target) bool {
	if t == nil {
		return false
	}
	n := namesOf(t)
	switch {
	case f.ID != "" && n.id != "":
		return f.ID == n.id
	case f.Name != "" && n.name != "":
		return f.Name == n.name
	}
	return n.label != "" && (strings.EqualFold(label(n.label), f.Label) || strings.EqualFold(n.label, f.Placeholder))
}

// fieldOf is a field as a step knows it; nil when it has no name.
func fieldOf(s recording.Step) *Field {
	if s.Target == nil {
		return nil
	}
	_, name := thing(s.Target)
	n := namesOf(s.Target)
	f := &Field{Label: label(name), Name: n.name, ID: n.id, Type: "text", MinLength: -1, MaxLength: -1}
	if e := s.Target.Element; e != nil {
		a := func(name string) int {
			return whole(&html.Node{Attr: []html.Attribute{{Key: name, Val: e.Attributes[name]}}}, name)
		}
		f.MinLength, f.MaxLength = a("minlength"), a("maxlength")
		f.Type, f.Placeholder, f.Pattern, f.Accept = cmp.Or(strings.ToLower(e.Attributes["type"]), "text"), e.Attributes["placeholder"], e.Attributes["pattern"], e.Attributes["accept"]
		f.Min, f.Max, f.Step = e.Attributes["min"], e.Attributes["max"], e.Attributes["step"]
		if e.Tag == "textarea" || e.Tag == "select" {
			f.Type = e.Tag
		} else if e.Role == "spinbutton" {
			f.Type = "number"
		}
	}
	if s.Type == recording.Select {
		f.Type, f.Preset = "select", true
	}
	if f.Label == "" {
		return nil
	}
	f.Markup = testcase.CutLine(s.Words(), testcase.MaxQuote)
	return f
}

func namesOf(t *recording.Target) names {
	var n names
	if e := t.Element; e != nil {
		n = names{id: e.Attributes["id"], name: e.Attributes["name"], label: e.Name}
	}
	for _, c := range t.Candidates {
		by, value := read(c)
		switch by {
		case "id":
			n.id = cmp.Or(n.id, value)
		case "name":
			n.name = cmp.Or(n.name, value)
		case "label", "placeholder":
			n.label = cmp.Or(n.label, value)
		case "role":
			n.label = cmp.Or(n.label, value)
		}
	}
	return n
}
