package capture

import (
	"fmt"
	"strings"

	"tapedeck/domain/recording"
)

// title is one line for people. It never holds a secret's value.
func title(s recording.Step) string {
	what := named(s.Target)
	switch s.Type {
	case recording.Click:
		return clickVerb(s) + " " + what
	case recording.Fill:
		if s.Value.Secret != "" {
			return fmt.Sprintf("Fill %s with secret %q", what, s.Value.Secret)
		}
		return fmt.Sprintf("Fill %s with %q", what, short(s.Value.Text))
	case recording.Press:
		return pressTitle(s, what)
	case recording.Select:
		return "Select " + list(s.Values) + " in " + what
	case recording.Upload:
		return "Upload " + files(s.Files) + " to " + what
	case recording.Drag:
		return "Drag " + what + " to " + named(s.To)
	case recording.Scroll:
		if s.Target == nil {
			return "Scroll the page"
		}
		return "Scroll " + what
	case recording.Navigate:
		return navigateTitle(s)
	case recording.Dialog:
		return dialogTitle(s.Dialog)
	case recording.Download:
		return "Download " + files(s.Files)
	case recording.OpenPage:
		return "Open " + s.Page
	case recording.ClosePage:
		return "Close " + s.Page
	case recording.Check, recording.Uncheck, recording.Hover, recording.Wait:
		return strings.ToUpper(string(s.Type[:1])) + string(s.Type[1:]) + " " + what
	default:
		return string(s.Type)
	}
}

func clickVerb(s recording.Step) string {
	verb := "Click"
	switch {
	case s.Count == 2:
		verb = "Double-click"
	case s.Count > 2:
		verb = fmt.Sprintf("Click %d times", s.Count)
	case s.Button == "right":
		verb = "Right-click"
	case s.Button == "middle":
		verb = "Middle-click"
	}
	if len(s.Modifiers) > 0 {
		verb = strings.Join(s.Modifiers, "+") + "+" + strings.ToLower(verb)
	}
	return verb
}

func pressTitle(s recording.Step, what string) string {
	key := strings.Join(append(append([]string(nil), s.Modifiers...), s.Key), "+")
	if s.Target == nil {
		return "Press " + key
	}
	return "Press " + key + " in " + what
}

func navigateTitle(s recording.Step) string {
	switch s.History {
	case "back":
		return "Go back"
	case "forward":
		return "Go forward"
	case "reload":
		return "Reload"
	}
	return "Go to " + short(s.URL)
}

func dialogTitle(d *recording.DialogBox) string {
	verb := "Dismiss"
	if d.Accept {
		verb = "Accept"
	}
	if d.Message == "" {
		return verb + " " + d.Kind
	}
	return fmt.Sprintf("%s %s %q", verb, d.Kind, short(d.Message))
}

// named is an element as a person would call it: its role and name, its text, or its tag.
func named(t *recording.Target) string {
	if t == nil || t.Element == nil {
		return "the page"
	}
	e := t.Element
	kind := e.Role
	if kind == "" {
		kind = e.Tag
	}
	for _, name := range []string{e.Name, e.Attributes["placeholder"], e.Text, e.Attributes["title"], e.Attributes["name"], e.Attributes["id"]} {
		if name != "" {
			return fmt.Sprintf("%s %q", kind, short(name))
		}
	}
	return kind
}

func list(values []recording.Value) string {
	if len(values) == 0 {
		return "nothing"
	}
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = fmt.Sprintf("%q", short(v.Text))
	}
	return strings.Join(out, ", ")
}

func files(all []recording.File) string {
	if len(all) == 0 {
		return "nothing"
	}
	out := make([]string, len(all))
	for i, f := range all {
		out[i] = fmt.Sprintf("%q", short(f.Name))
	}
	return strings.Join(out, ", ")
}

// titleText is how much of a text a title shows.
const titleText = 60

// short is a text in one line, without the letters of icon fonts.
func short(text string) string {
	runes := []rune(strings.Join(strings.Fields(strings.Map(spoken, text)), " "))
	if len(runes) > titleText {
		return string(runes[:titleText-1]) + "…"
	}
	return string(runes)
}

func spoken(r rune) rune {
	if r >= 0xe000 && r <= 0xf8ff {
		return ' '
	}
	return r
}
