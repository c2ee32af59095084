package golang

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"tapedeck/domain/recording"
	"tapedeck/workers/generate/naming"
)

// element is what is done with an element.
func (f *flow) element(s recording.Step, page string) (call, bool) {
	switch s.Type {
	case recording.Click:
		return call{code: click(s)}, true
	case recording.Fill:
		if s.Value == nil {
			return call{}, false
		}
		if code, ok := f.given[s.ID]; ok {
			return call{code: "Fill(" + code + ")"}, true
		}
		return call{code: "Fill(" + text(*s.Value) + ")"}, true
	case recording.Check:
		return call{code: "Check()"}, true
	case recording.Uncheck:
		return call{code: "Uncheck()"}, true
	case recording.Hover:
		return call{code: "Hover()"}, true
	case recording.Wait:
		return call{code: "WaitFor()"}, true
	case recording.Select:
		var values []string
		for _, v := range s.Values {
			values = append(values, text(v))
		}
		return call{code: "SelectOption(playwright.SelectOptionValues{ValuesOrLabels: playwright.StringSlice(" + strings.Join(values, ", ") + ")})", value: true}, true
	case recording.Upload:
		var names []string
		for _, file := range s.Files {
			name, ok := naming.Upload(f.files, file)
			if !ok {
				return call{}, false
			}
			names = append(names, "filepath.Join(\"testdata\", "+quote(name)+")")
		}
		return call{code: "SetInputFiles([]string{" + strings.Join(names, ", ") + "})"}, true
	case recording.Drag:
		return drag(s, page)
	default:
		return call{}, false
	}
}

func drag(s recording.Step, page string) (call, bool) {
	to, ok := elementOf(s.To, page)
	if !ok {
		return call{}, false
	}
	var o []string
	if s.Position != nil {
		o = append(o, "SourcePosition: "+point(*s.Position))
	}
	if s.ToPosition != nil {
		o = append(o, "TargetPosition: "+point(*s.ToPosition))
	}
	if len(o) > 0 {
		to += ", " + options("DragTo", o)
	}
	return call{code: "DragTo(" + to + ")"}, true
}

func click(s recording.Step) string {
	var o []string
	method := "Click"
	switch {
	case s.Count == 2:
		method = "Dblclick"
	case s.Count > 2:
		o = append(o, "ClickCount: playwright.Int("+strconv.Itoa(s.Count)+")")
	}
	switch s.Button {
	case "right":
		o = append(o, "Button: playwright.MouseButtonRight")
	case "middle":
		o = append(o, "Button: playwright.MouseButtonMiddle")
	}
	var held []string
	for _, m := range s.Modifiers {
		if slices.Contains(recording.Modifiers, m) {
			held = append(held, "*playwright.KeyboardModifier"+m)
		}
	}
	if len(held) > 0 {
		o = append(o, "Modifiers: []playwright.KeyboardModifier{"+strings.Join(held, ", ")+"}")
	}
	if s.Position != nil && naming.Pictured(s.Target) {
		o = append(o, "Position: "+point(*s.Position))
	}
	if len(o) == 0 {
		return method + "()"
	}
	return method + "(" + options(method, o) + ")"
}

func options(method string, list []string) string {
	return "playwright.Locator" + method + "Options{" + strings.Join(list, ", ") + "}"
}

func point(p recording.Point) string {
	return "&playwright.Position{X: " + number(p.X) + ", Y: " + number(p.Y) + "}"
}

// number is a number as a constant that Go takes.
func number(v float64) string {
	if math.Abs(v) >= 1e15 {
		return strconv.FormatFloat(v, 'e', -1, 64)
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}
