package derive

import (
	"cmp"
	"fmt"
	"net/http"
	"net/mail"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"tapedeck/domain/recording"
	"tapedeck/domain/testcase"
)

// usedForm is a form that the recording does something in.
type usedForm struct {
	*Form
	// begin is the first part that belongs to it, submit the last one that sends it; -1 for none.
	begin, submit int
	// after is the part behind the sending before that one: what is entered from there on is what is sent.
	after int
	// fills are the parts that enter something into a field, by field.
	fills map[*Field][]int
}

// useForms keeps each form once, if something is done in it.
func (d *deriver) useForms() {
	seen, loose := map[string]bool{}, map[string]bool{}
	for _, form := range append(slices.Clone(d.m.Forms), d.unseen()...) {
		if seen[form.Key] {
			continue
		}
		seen[form.Key] = true
		if form.Loose { // what else is on the page may differ from step to step
			form.Fields = slices.DeleteFunc(slices.Clone(form.Fields), func(f *Field) bool { return loose[f.key()] })
		}
		u := &usedForm{Form: form, begin: -1, submit: -1, fills: map[*Field][]int{}}
		for i, p := range d.parts {
			if p.at >= 0 {
				d.use(u, i, d.steps[p.at])
			}
		}
		if form.Loose {
			form.Fields = slices.DeleteFunc(form.Fields, func(f *Field) bool { return len(u.fills[f]) == 0 })
			for _, f := range form.Fields {
				loose[f.key()] = true
			}
		}
		if u.begin < 0 && !form.Loose {
			d.note("a form on “%s” (%s) was seen and not used: it has no cases", form.Title, form.fieldNames())
		}
		if u.begin >= 0 && len(form.Fields) > 0 {
			d.forms = append(d.forms, u)
		}
	}
}

// unseen are the fields of which only the steps that use them tell, because no page was kept.
func (d *deriver) unseen() []*Form {
	var out []*Form
	address := d.m.Recording.URL
	for _, s := range d.steps {
		if s.Evidence != nil {
			address = cmp.Or(s.Evidence.URL, address)
		}
		if !slices.Contains([]recording.Action{recording.Fill, recording.Select, recording.Check, recording.Upload}, s.Type) || slices.ContainsFunc(d.m.Forms, func(f *Form) bool {
			return slices.ContainsFunc(f.Fields, func(x *Field) bool { return x.same(s.Target) })
		}) {
			continue
		}
		form := &Form{Loose: true, StepID: s.ID, URL: address}
		if s.Evidence != nil {
			form.Title = s.Evidence.Title
		}
		if f := fieldOf(s); f != nil {
			f.Form, form.Fields = form, []*Field{f}
			// Those of one page are one form.
			if n := len(out); n > 0 && out[n-1].URL == form.URL {
				f.Form = out[n-1]
				out[n-1].Fields = append(out[n-1].Fields, f)
			} else {
				out = append(out, form)
			}
		}
	}
	for _, form := range out {
		form.Key = "steps\x00" + form.key()
	}
	return out
}

func (form *Form) fieldNames() string {
	var names []string
	for _, f := range form.Fields {
		names = append(names, f.Label)
	}
	return strings.Join(names, ", ")
}

// use notes what a step does in a form. Without a form around the fields, the first click behind one is what sends it.
func (d *deriver) use(u *usedForm, i int, s recording.Step) {
	begin := func() {
		if u.begin < 0 {
			u.begin = i
		}
	}
	for _, f := range u.Fields {
		if f.same(s.Target) && !d.elsewhere(s, u.Form) {
			begin()
			switch s.Type {
			case recording.Fill, recording.Check, recording.Uncheck, recording.Select, recording.Upload:
				u.fills[f] = append(u.fills[f], i)
			case recording.Press:
				if s.Key == "Enter" && f.Type != "textarea" {
					u.sent(i)
				}
			default:
			}
			return
		}
	}
	_, name := thing(s.Target)
	sends := u.Submit != "" && strings.EqualFold(label(name), label(u.Submit))
	if u.Submit == "" && u.begin >= 0 && u.submit < 0 {
		sends = s.Target != nil && s.Target.Element != nil && (s.Target.Element.Role == "button" || s.Target.Element.Tag == "button") || strings.HasPrefix(d.parts[i].action, "Click the button")
	}
	if s.Type == recording.Click && sends {
		begin()
		u.sent(i)
	}
}

// elsewhere says that what a step is done with is a field of another form: one that was seen by then, when this one was not, or
// on the step's own page, as this one was not.
func (d *deriver) elsewhere(s recording.Step, form *Form) bool {
	at := func(id string) int {
		return slices.IndexFunc(d.steps, func(x recording.Step) bool { return x.ID == id })
	}
	now := at(s.ID)
	later := at(form.StepID) > now
	here := func(f *Form) bool {
		return s.Evidence != nil && s.Evidence.URL != "" && samePage(f.URL, s.Evidence.URL)
	}
	return slices.ContainsFunc(d.m.Forms, func(o *Form) bool {
		return o.Key != form.Key && at(o.StepID) <= now && (later || here(o) && !here(form)) && slices.ContainsFunc(o.Fields, func(f *Field) bool { return f.same(s.Target) })
	})
}

// samePage compares addresses without what is behind "?" and "#".
func samePage(a, b string) bool {
	cut := func(s string) string {
		if i := strings.IndexAny(s, "?#"); i >= 0 {
			return s[:i]
		}
		return s
	}
	return cut(a) == cut(b)
}

func (u *usedForm) sent(i int) {
	if u.submit >= 0 {
		u.after = u.submit + 1
	}
	u.submit = i
}

// fill is the part that enters what is sent; -1 when nothing is.
func (u *usedForm) fill(f *Field) int {
	for _, i := range slices.Backward(u.fills[f]) {
		if i >= u.after && (u.submit < 0 || i < u.submit) {
			return i
		}
	}
	return -1
}

// demanded is a field with all that is demanded of it.
type demanded struct {
	*Field
	in      *usedForm
	label   terms
	context terms // of the form and its page
	demands []*demand
}

// demand is one kind of limit with who says so.
type demand struct {
	kind LimitKind
	word string // of Format and Contains
	// docs are what documents say, shows what the recording does.
	docs  []said
	shows []said
	// disputed: they do not say the same.
	disputed bool
}

type said struct {
	Limit
	cite testcase.Citation
	// native: the browser itself sees to it.
	native bool
}

func (f *demanded) demand(l Limit) *demand {
	word := ""
	if l.Kind == Contains {
		word = l.Word
	}
	for _, d := range f.demands {
		if d.kind == l.Kind && d.word == word {
			return d
		}
	}
	d := &demand{kind: l.Kind, word: word}
	f.demands = append(f.demands, d)
	return d
}

// get is the demand of a kind; nil for none.
func (f *demanded) get(kind LimitKind) *demand {
	for _, d := range f.demands {
		if d.kind == kind && d.word == "" {
			return d
		}
	}
	return nil
}

// demandsOf is what the form itself says of a field.
func (d *deriver) demandsOf(u *usedForm, f *Field) *demanded {
	out := &demanded{Field: f, in: u, label: termsOf(f.Label), context: termsOf(u.Heading, u.Submit, u.Title, place(u.URL), d.m.Recording.Name)}
	if len(out.label) == 0 { // a label of common words alone
		out.label = terms{}
		for _, w := range wordsOf(f.Label) {
			out.label[stem(w)] = true
		}
	}
	cite := d.page(f)
	shows := func(l Limit, native bool) {
		x := out.demand(l)
		x.shows = append(x.shows, said{Limit: l, cite: cite, native: native && u.Checks})
	}
	if f.Required || f.Marked {
		shows(Limit{Kind: Required}, f.Required)
	}
	if f.textual() && f.MinLength > 0 {
		shows(Limit{Kind: MinLength, Value: float64(f.MinLength)}, true)
	}
	if f.textual() && f.MaxLength > 0 {
		x := out.demand(Limit{Kind: MaxLength})
		// A browser takes no more characters, whatever the form is like.
		x.shows = append(x.shows, said{Limit: Limit{Kind: MaxLength, Value: float64(f.MaxLength)}, cite: cite, native: true})
	}
	if f.numeric() {
		if v, err := strconv.ParseFloat(f.Min, 64); err == nil {
			shows(Limit{Kind: Min, Value: v}, true)
		}
		if v, err := strconv.ParseFloat(f.Max, 64); err == nil {
			shows(Limit{Kind: Max, Value: v}, true)
		}
	}
	switch {
	case f.Pattern != "" && f.textual():
		shows(Limit{Kind: Format, Word: "pattern", Pattern: f.Pattern}, true)
	case f.Type == "email" || f.Type == "url" || f.Type == "number":
		shows(Limit{Kind: Format, Word: f.Type}, true)
	}
	return out
}

func (f *Field) textual() bool {
	return slices.Contains([]string{"text", "textarea", "password", "email", "url", "search", "tel"}, f.Type)
}

func (f *Field) numeric() bool { return f.Type == "number" || f.Type == "range" }

// readDemands gives the fields what documents, refusals and asserted texts say of them.
func (d *deriver) readDemands() {
	for i := range d.passages {
		p := &d.passages[i]
		for _, l := range p.limits {
			for _, f := range d.fieldsOf(l, p) {
				x := f.demand(l)
				x.docs = append(x.docs, said{Limit: l, cite: p.cite()})
				p.field = true
				d.touched[i] = true
			}
		}
	}
	for _, a := range d.m.Answers {
		for _, l := range Limits(a.Text) {
			d.shown(l, termsOf(append(slices.Clone(a.Fields), a.Text)...), d.answer(a))
		}
	}
	for i, s := range d.steps {
		if s.Assertion == nil || s.Assertion.Not {
			continue
		}
		for _, l := range Limits(s.Assertion.Expected) {
			d.shown(l, termsOf(l.Clause), d.cite(i))
		}
	}
}

// shown gives the fields that a text names what it says of them.
func (d *deriver) shown(l Limit, in terms, cite testcase.Citation) {
	for _, f := range longest(slices.DeleteFunc(slices.Clone(d.fields), func(f *demanded) bool { return !f.label.within(in) || !f.takes(l) })) {
		x := f.demand(l)
		x.shows = append(x.shows, said{Limit: l, cite: cite})
	}
}

// fieldsOf are the fields that a limit of a passage is about: those that its part of the sentence names, else the whole
// sentence, else what stands around the passage. A field whose label is one word is meant only where something else of its
// form or page is named too.
func (d *deriver) fieldsOf(l Limit, p *passage) []*demanded {
	places := []terms{termsOf(l.Clause), termsOf(l.Sentence), termsOf(p.Context)}
	if p.subject != "" {
		places = []terms{termsOf(p.subject)}
	} else if len(p.Headings) > 0 {
		places = append(places, termsOf(p.Headings[len(p.Headings)-1]))
	}
	for _, in := range places {
		var out []*demanded
		for _, f := range d.fields {
			if f.label.within(in) && f.takes(l) && (len(f.label) > 1 || len(f.context.without(f.label).shared(p.all)) > 0) {
				out = append(out, f)
			}
		}
		if len(out) > 0 {
			return longest(out)
		}
	}
	return nil
}

// longest leaves out fields of whose label another one's says more: "password" where "repeat password" is named.
func longest(list []*demanded) []*demanded {
	return slices.DeleteFunc(slices.Clone(list), func(f *demanded) bool {
		return slices.ContainsFunc(list, func(o *demanded) bool { return len(o.label) > len(f.label) && f.label.within(o.label) })
	})
}

// takes says whether a limit can be one of the field.
func (f *demanded) takes(l Limit) bool {
	switch l.Kind {
	case MinLength, MaxLength, Contains:
		return f.textual()
	case Min, Max:
		return f.numeric() && (l.Unit == "" || !isCharacters.MatchString(l.Unit)) || f.textual() && l.Unit != "" && termsOf(l.Unit).within(f.label)
	case Format, Unique, Same:
		return f.textual() || f.numeric()
	case Required, Optional:
		return true
	}
	return false
}

// compare finds what does not agree. What is disputed is no expected result.
func (d *deriver) compare() {
	for _, f := range d.fields {
		required, optional := f.get(Required), f.get(Optional)
		if required != nil && optional != nil {
			switch {
			case len(required.docs) > 0 && len(optional.docs) > 0:
				d.dispute(f, testcase.Disagreement, "is required in one document and optional in another", append(slices.Clone(required.docs), optional.docs...), nil, required, optional)
			case len(optional.docs) > 0 && len(required.shows) > 0:
				d.dispute(f, testcase.Contradiction, "is optional in the documents, and the page requires it", optional.docs, required.shows, required, optional)
			}
		}
		for _, x := range f.demands {
			d.compareKind(f, x)
		}
		d.compareAccepted(f)
	}
}

func (d *deriver) compareKind(f *demanded, x *demand) {
	first := func(list []said, other said) *said {
		for i := range list {
			if !list[i].agrees(other.Limit) {
				return &list[i]
			}
		}
		return nil
	}
	for i, a := range x.docs {
		if b := first(x.docs[i+1:], a); b != nil && a.cite.PassageID != b.cite.PassageID {
			d.dispute(f, testcase.Disagreement, fmt.Sprintf("has %s in one document and %s in another", a.words(), b.words()), []said{a, *b}, nil, x)
		}
		if b := first(x.shows, a); b != nil {
			d.dispute(f, testcase.Contradiction, fmt.Sprintf("has %s in the documents, and the recording shows %s", a.words(), b.words()), []said{a}, []said{*b}, x)
		}
	}
}

func (l Limit) agrees(o Limit) bool {
	switch {
	case l.numeric():
		return l.Value == o.Value
	case l.Kind == Format && l.Word == "pattern" && o.Word == "pattern":
		return l.Pattern == o.Pattern
	}
	return true
}

// words say a limit behind "has".
func (l Limit) words() string {
	switch l.Kind {
	case MinLength:
		return "at least " + written(l.Value) + " characters"
	case MaxLength:
		return "at most " + written(l.Value) + " characters"
	case Min:
		return "at least " + strings.TrimSpace(written(l.Value)+" "+l.Unit)
	case Max:
		return "at most " + strings.TrimSpace(written(l.Value)+" "+l.Unit)
	case Format:
		if l.Word == "pattern" {
			return "the pattern “" + l.Pattern + "”"
		}
		return "the form of a valid " + l.Word
	case Contains:
		return "at least one " + charactersOf[l.Word]
	case Required:
		return "to be filled"
	case Optional:
		return "no need to be filled"
	case Unique:
		return "to be unique"
	case Same:
		return "to be the same"
	}
	return string(l.Kind)
}

var charactersOf = map[string]string{"digit": "digit", "upper": "upper-case letter", "lower": "lower-case letter", "special": "special character"}

// compareAccepted looks at what the server took although documents refuse it.
func (d *deriver) compareAccepted(f *demanded) {
	sent, ok := d.accepted(f.in)
	if !ok {
		return
	}
	i := f.in.fill(f.Field)
	if i < 0 {
		if x := f.get(Required); x != nil && len(x.docs) > 0 && f.textual() && !f.Preset && len(f.in.fills[f.Field]) == 0 {
			d.disputed[d.parts[f.in.submit].at] = true
			d.dispute(f, testcase.Contradiction, "is required in the documents, and the server took the form without it", x.docs, []said{{cite: sent}}, x)
		}
		return
	}
	value := d.steps[d.parts[i].at].Value
	if value == nil || value.Secret != "" {
		return
	}
	for _, x := range f.demands {
		for _, a := range x.docs {
			if !a.refuses(value.Text) {
				continue
			}
			d.disputed[d.parts[f.in.submit].at] = true
			message := fmt.Sprintf("has %s in the documents, and the server took “%s”", a.words(), testcase.CutLine(value.Text, 80))
			d.dispute(f, testcase.Contradiction, message, []said{a}, []said{{cite: d.cite(d.parts[i].at)}, {cite: sent}}, x)
			break
		}
	}
}

// refuses says whether a value breaks a limit; what cannot be told does not.
func (l Limit) refuses(value string) bool {
	length := float64(utf8.RuneCountInString(value))
	switch l.Kind {
	case Required:
		return value == ""
	case MinLength:
		return value != "" && length < l.Value
	case MaxLength:
		return length > l.Value
	case Min, Max:
		v, ok := number(value)
		return ok && (l.Kind == Min && v < l.Value || l.Kind == Max && v > l.Value)
	case Format:
		switch l.Word {
		case "email":
			_, err := mail.ParseAddress(value)
			return value != "" && err != nil
		case "number":
			_, ok := number(value)
			return value != "" && !ok
		}
	case Contains, Optional, Unique, Same:
	}
	return false
}

// accepted says whether a server took what a form sent, and where that is seen.
func (d *deriver) accepted(u *usedForm) (testcase.Citation, bool) {
	if u.submit < 0 {
		return testcase.Citation{}, false
	}
	at := d.parts[u.submit].at
	e := d.steps[at].Evidence
	if e == nil {
		return testcase.Citation{}, false
	}
	var taken *recording.Request
	for i, r := range e.Requests {
		switch {
		case r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodOptions:
		case r.Error != "" || r.Status >= 400 || r.Status == 0:
			return testcase.Citation{}, false
		case taken == nil:
			taken = &e.Requests[i]
		}
	}
	if taken == nil {
		return testcase.Citation{}, false
	}
	return d.answer(Answer{StepID: d.steps[at].ID, Entry: taken.Entry, Method: taken.Method, URL: taken.URL, Status: taken.Status}), true
}

func (d *deriver) dispute(f *demanded, kind testcase.FindingKind, message string, says, shows []said, about ...*demand) {
	finding := testcase.Finding{Kind: kind, Subject: f.Label, Message: "“" + f.Label + "” " + message}
	for _, s := range says {
		finding.Says = append(finding.Says, s.cite)
	}
	for _, s := range shows {
		finding.Shows = append(finding.Shows, s.cite)
		if s.cite.Origin == testcase.FromStep {
			if i := slices.IndexFunc(d.steps, func(o recording.Step) bool { return o.ID == s.cite.StepID }); i >= 0 {
				d.disputed[i] = true
			}
		}
	}
	finding.Says, finding.Shows = few(finding.Says), few(finding.Shows)
	for _, x := range about {
		x.disputed = true
	}
	d.found(finding, f.Form.Key, f.key())
}
