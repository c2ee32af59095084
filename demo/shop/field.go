package shop

import (
	"fmt"
	"net/http"
	"net/mail"
	"regexp"
	"strings"
	"unicode/utf8"
)

// field is one field of a form: what the page shows of it, and the one place of its rules, for page and server.
type field struct {
	Name         string
	Label        string
	Type         string // of the input: text, email, password
	Hint         string
	Autocomplete string
	Pattern      string // the whole value has to match; understood alike by Go and browsers
	Wrong        string // what to say when it does not
	Min, Max     int    // characters
	Optional     bool
}

// Needed is what an empty field is told.
func (f field) Needed() string { return f.Label + " is needed." }

// Short is what a value is told that is too short.
func (f field) Short() string { return fmt.Sprintf("%s needs at least %d characters.", f.Label, f.Min) }

// check says what is wrong with a value; nothing when it is right.
func (f field) check(value string) string {
	n := utf8.RuneCountInString(value)
	switch {
	case !utf8.ValidString(value) || strings.ContainsFunc(value, control):
		return f.Label + " has characters that cannot be used."
	case value == "" && f.Optional:
		return ""
	case value == "":
		return f.Needed()
	case n < f.Min:
		return f.Short()
	case n > f.Max:
		return fmt.Sprintf("%s has at most %d characters.", f.Label, f.Max)
	case f.Type == "email" && !isAddress(value), f.Pattern != "" && !regexp.MustCompile(`^(?:`+f.Pattern+`)$`).MatchString(value):
		return f.Wrong
	}
	return ""
}

// control says whether a character is one that no field of one line takes.
func control(c rune) bool { return c < ' ' || c == 0x7f }

// isAddress takes plain addresses with a domain of two parts.
func isAddress(text string) bool {
	a, err := mail.ParseAddress(text)
	_, domain, _ := strings.Cut(text, "@")
	return err == nil && a.Address == text && strings.Contains(strings.Trim(domain, "."), ".")
}

// form is a set of fields with what was typed into them and what is wrong with it.
type form struct {
	fields []field
	Values map[string]string
	Faults map[string]string
	// Problem is wrong with the whole of it.
	Problem string
}

func newForm(fields ...field) form {
	return form{fields: fields, Values: map[string]string{}, Faults: map[string]string{}}
}

// read takes what was sent, and checks it. Passwords are taken as they are, everything else without outer spaces.
func (f *form) read(r *http.Request) {
	for _, field := range f.fields {
		value := r.PostFormValue(field.Name)
		if field.Type != "password" {
			value = strings.TrimSpace(value)
		}
		f.Values[field.Name] = value
		f.fault(field.Name, field.check(value))
	}
}

// choose takes one of some words that were offered.
func (f *form) choose(r *http.Request, name, wrong string, words ...string) {
	f.Values[name] = r.PostFormValue(name)
	for _, word := range words {
		if f.Values[name] == word {
			return
		}
	}
	f.fault(name, wrong)
}

func (f *form) fault(name, text string) {
	if text != "" {
		f.Faults[name] = text
	}
}

// OK says whether nothing is wrong.
func (f *form) OK() bool { return len(f.Faults) == 0 && f.Problem == "" }

// shown is a field in its form, for the template.
type shown struct {
	field
	Value, Fault string
}

// Field is a field as its template shows it; a password is never shown again.
func (f form) Field(name string) shown {
	for _, field := range f.fields {
		if field.Name == name {
			s := shown{field: field, Value: f.Values[name], Fault: f.Faults[name]}
			if field.Type == "password" {
				s.Value = ""
			}
			return s
		}
	}
	return shown{}
}

// Terms is the box to accept the terms, and what is said when somebody means to go on without.
func (f form) Terms(purpose string) map[string]any {
	return map[string]any{"Values": f.Values, "Faults": f.Faults, "Needed": termsNeeded(purpose)}
}

func termsNeeded(purpose string) string { return "Accept the terms to " + purpose + "." }
