package derive

import (
	"cmp"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"tapedeck/domain/recording"
	"tapedeck/domain/testcase"
)

var (
	roleWay  = regexp.MustCompile(`^internal:role=([a-z]+)(?:\[name="((?:[^"\\]|\\.)*)"[is]?\])?`)
	labelWay = regexp.MustCompile(`^internal:(label|text|attr|testid)=(?:\[(placeholder|title|alt|data-[a-z-]+)=)?"((?:[^"\\]|\\.)*)"[is]?`)
	textWay  = regexp.MustCompile(`internal:has-text="((?:[^"\\]|\\.)*)"[is]?`)
	idWay    = regexp.MustCompile(`^#([A-Za-z][\w-]*)$`)
	attrWay  = regexp.MustCompile(`^[a-z]*\[(name|id|data-testid)=["']?([^"'\]]+)["']?\]$`)
)

// read says how a candidate finds its element: by role, label, placeholder, text, title, testid, id or name, and by which
// value; by is "" for a way that names nothing.
func read(c recording.Candidate) (by, value string) {
	if m := roleWay.FindStringSubmatch(c.Selector); m != nil {
		return "role", unescaped(m[2])
	}
	if m := labelWay.FindStringSubmatch(c.Selector); m != nil {
		return cmp.Or(strings.Replace(m[2], "data-testid", "testid", 1), m[1]), unescaped(m[3])
	}
	if m := idWay.FindStringSubmatch(c.Selector); m != nil {
		return "id", m[1]
	}
	if m := attrWay.FindStringSubmatch(c.Selector); m != nil {
		return strings.Replace(m[1], "data-testid", "testid", 1), m[2]
	}
	return "", ""
}

func unescaped(text string) string {
	return strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(text)
}

// roleWords are roles as people say them.
var roleWords = map[string]string{
	"textbox": "field", "searchbox": "field", "spinbutton": "field", "combobox": "list", "listbox": "list", "checkbox": "box", "radio": "choice",
	"switch": "switch", "menuitem": "menu item", "option": "option", "tab": "tab", "button": "button", "link": "link", "heading": "heading",
	"alert": "alert", "status": "status", "dialog": "dialog", "img": "picture", "row": "row", "cell": "cell", "listitem": "item",
}

// thing names an element in words, and name is its own name or text.
func thing(t *recording.Target) (words, name string) {
	if t == nil {
		return "the page", ""
	}
	role := ""
	if e := t.Element; e != nil {
		role, name = cmp.Or(e.Role, e.Tag), cmp.Or(e.Name, e.Text, e.Attributes["placeholder"])
	}
	for _, c := range t.Candidates {
		if name != "" && role != "" {
			break
		}
		by, value := read(c)
		if m := roleWay.FindStringSubmatch(c.Selector); m != nil {
			role = cmp.Or(role, m[1])
		}
		if by != "" && by != "testid" && by != "id" && by != "name" {
			name = cmp.Or(name, value)
		}
	}
	for _, c := range t.Candidates { // what programs call it says more than nothing
		_, value := read(c)
		if m := textWay.FindStringSubmatch(c.Selector); value == "" && m != nil {
			value = unescaped(m[1])
		}
		name = cmp.Or(name, value)
	}
	if name == "" && roleWords[role] == "" {
		name = t.Best()
	}
	words = cmp.Or(roleWords[role], "element")
	name = testcase.CutLine(name, 120)
	if name == "" {
		return "the " + words, ""
	}
	return fmt.Sprintf("the %s “%s”", words, name), name
}

// act is a recorded step as an instruction; ok is false for one that a person does not do by herself.
func act(s recording.Step) (action, data string, ok bool) {
	words, _ := thing(s.Target)
	switch s.Type {
	case recording.Navigate:
		switch s.History {
		case "back", "forward":
			return "Go " + s.History + " in the browser", "", true
		case "reload":
			return "Load the page again", "", true
		}
		return "Open " + place(s.URL), "", true
	case recording.Click:
		verb := "Click"
		if s.Count == 2 {
			verb = "Double-click"
		}
		if s.Button == "right" {
			verb = "Right-click"
		}
		return verb + " " + words + with(s.Modifiers), "", true
	case recording.Fill:
		return "Enter into " + strings.Replace(words, "the element", "the field", 1), valueOf(s.Value), true
	case recording.Press:
		if s.Target == nil {
			return "Press " + testcase.Line(s.Key) + with(s.Modifiers), "", true
		}
		return "Press " + testcase.Line(s.Key) + with(s.Modifiers) + " in " + words, "", true
	case recording.Check:
		return "Check " + words, "", true
	case recording.Uncheck:
		return "Uncheck " + words, "", true
	case recording.Select:
		var chosen []string
		for _, v := range s.Values {
			chosen = append(chosen, valueOf(&v))
		}
		return "Choose in " + words, strings.Join(chosen, ", "), true
	case recording.Upload:
		var files []string
		for _, f := range s.Files {
			files = append(files, f.Name)
		}
		return "Give files to " + words, strings.Join(files, ", "), true
	case recording.Hover:
		return "Point at " + words, "", true
	case recording.Drag:
		to, _ := thing(s.To)
		return "Drag " + words + " to " + to, "", true
	case recording.Dialog:
		if s.Dialog == nil {
			return "", "", false
		}
		answer := "Dismiss"
		if s.Dialog.Accept {
			answer = "Accept"
		}
		return answer + " the dialog “" + testcase.CutLine(s.Dialog.Message, 200) + "”", s.Dialog.Text, true
	case recording.ClosePage:
		return "Close the tab", "", true
	case recording.SetViewport:
		if s.Viewport == nil {
			return "", "", false
		}
		return fmt.Sprintf("Make the window %d × %d", s.Viewport.Width, s.Viewport.Height), "", true
	case recording.Download, recording.OpenPage, recording.Assert, recording.Scroll, recording.Wait:
	}
	return "", "", false
}

func with(modifiers []string) string {
	if len(modifiers) == 0 {
		return ""
	}
	return " with " + strings.Join(modifiers, " and ") + " held"
}

// valueOf is what is typed; of a secret it is the name.
func valueOf(v *recording.Value) string {
	switch {
	case v == nil:
		return ""
	case v.Secret != "":
		return "the secret “" + v.Secret + "”"
	case v.Variable != "":
		return v.Text + " (differs from run to run: “" + v.Variable + "”)"
	case v.Text == "":
		return nothing
	}
	return v.Text
}

const nothing = "(nothing)"

// follows is what a recorded step says should be seen; "" for one that says nothing.
func follows(s recording.Step) string {
	words, _ := thing(s.Target)
	switch s.Type {
	case recording.Download:
		if len(s.Files) > 0 {
			return "The file “" + testcase.CutLine(s.Files[0].Name, 120) + "” is downloaded"
		}
	case recording.OpenPage:
		return "A new tab opens"
	case recording.Wait:
		return sentence(words + " is visible")
	case recording.Assert:
		if s.Assertion != nil {
			return sentence(claim(*s.Assertion, words))
		}
	default:
	}
	return ""
}

func sentence(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	if size == 0 || first == utf8.RuneError {
		return text
	}
	return string(unicode.ToUpper(first)) + text[size:]
}

// times says how often something is there.
func times(count string, not bool) string {
	switch {
	case count == "0" && not:
		return "is there"
	case count == "0":
		return "is not there"
	case not:
		return "is there another number of times than " + count
	case count == "1":
		return "is there once"
	}
	return "is there " + count + " times"
}

func claim(a recording.Assertion, words string) string {
	not := func(yes, no string) string {
		if a.Not {
			return no
		}
		return yes
	}
	expected := "“" + testcase.CutLine(a.Expected, 300) + "”"
	how := not("contains", "does not contain")
	switch a.Match {
	case "exact":
		how = not("is exactly", "is not")
	case "regex":
		how = not("matches the expression", "does not match the expression")
	}
	compare := func(subject string) string { return subject + " " + how + " " + expected }
	switch a.Claim {
	case recording.Visible:
		return words + not(" is visible", " is not visible")
	case recording.Hidden:
		return words + not(" is not visible", " is visible")
	case recording.HasText:
		if a.Expected == "" {
			return ""
		}
		return compare(words)
	case recording.HasValue:
		return words + not(" holds ", " does not hold ") + expected
	case recording.IsChecked:
		return words + not(" is checked", " is not checked")
	case recording.IsEnabled:
		return words + not(" can be used", " cannot be used")
	case recording.HasCount:
		return words + " " + times(testcase.Line(a.Expected), a.Not)
	case recording.HasURL:
		return compare("the address")
	case recording.HasTitle:
		return compare("the page's title")
	case recording.HasAttr:
		return compare("“" + testcase.CutLine(a.Name, 60) + "” of " + words)
	case recording.IsAria:
		return "the page shows: " + testcase.CutLine(a.Expected, 400)
	}
	return ""
}

// place is an address without its origin, as people say it.
func place(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return testcase.CutLine(address, 300)
	}
	u.User, u.Scheme, u.Host = nil, "", ""
	return testcase.CutLine(cmp.Or(u.String(), "/"), 300)
}

// originOf is an address's scheme and host.
func originOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
