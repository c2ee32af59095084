package golang_test

import (
	"strings"

	"tapedeck/domain/recording"
	"tapedeck/domain/testcase"
	"tapedeck/workers/generate/typescript"
)

func role(role, name string) *recording.Target {
	return &recording.Target{Candidates: []recording.Candidate{{By: "role", Locator: `getByRole('` + role + `', { name: '` + name + `' })`, Selector: "x", Matches: 1}}}
}

// everything is a recording with every action.
func everything() recording.Document {
	at := func(s recording.Step) recording.Step { s.Page = "page"; return s }
	frame := role("button", "Pay")
	frame.Frames = []recording.Frame{{Candidates: []recording.Candidate{{By: "css", Selector: "iframe.pay", Matches: 1}}}}
	canvas := &recording.Target{Candidates: []recording.Candidate{{By: "css", Selector: "#chart", Matches: 1}}, Element: &recording.Facts{Tag: "canvas"}}
	claim := func(a recording.Assertion, t *recording.Target) recording.Step {
		return at(recording.Step{Type: recording.Assert, Assertion: &a, Target: t})
	}
	return recording.Document{
		ID: "r1", Version: 7, Name: "Buy a @tape", URL: "http://shop.test/start?x=1", Viewport: recording.Size{Width: 1280, Height: 720}, Secrets: []string{"admin-password"},
		Steps: []recording.Step{
			at(recording.Step{Type: recording.Navigate, URL: "http://shop.test"}),
			at(recording.Step{Type: recording.Navigate, URL: "https://elsewhere.test/a"}),
			at(recording.Step{Type: recording.Navigate, History: "back"}),
			at(recording.Step{Type: recording.Fill, Target: role("textbox", "Name"), Value: &recording.Value{Text: "Ada \"L\"\n${x}"}}),
			at(recording.Step{Type: recording.Fill, Target: role("textbox", "Password"), Value: &recording.Value{Text: "xxxx", Secret: "admin-password"}}),
			at(recording.Step{Type: recording.Press, Target: role("textbox", "Name"), Key: "Enter", Modifiers: []string{"Shift"}}),
			at(recording.Step{Type: recording.Press, Key: "Escape"}),
			at(recording.Step{Type: recording.Click, Target: role("row", "Tape"), Count: 2, Button: "right", Modifiers: []string{"Alt"}, Position: &recording.Point{X: 3, Y: 4}}),
			at(recording.Step{Type: recording.Click, Target: canvas, Position: &recording.Point{X: 3.5, Y: 4}}),
			at(recording.Step{Type: recording.Click, Target: role("button", "Delete")}),
			at(recording.Step{Type: recording.Dialog, Dialog: &recording.DialogBox{Kind: "confirm", Accept: true}}),
			at(recording.Step{Type: recording.Click, Target: role("link", "Report")}),
			{Type: recording.OpenPage, Page: "page2", Opener: "page"},
			{Type: recording.Click, Page: "page2", Target: role("link", "Save")},
			{Type: recording.Download, Page: "page2", Files: []recording.File{{Name: "report.csv"}}},
			{Type: recording.ClosePage, Page: "page2"},
			at(recording.Step{Type: recording.Check, Target: role("checkbox", "Gift")}),
			at(recording.Step{Type: recording.Uncheck, Target: role("checkbox", "Gift")}),
			at(recording.Step{Type: recording.Select, Target: role("combobox", "Size"), Values: []recording.Value{{Text: "l"}}}),
			at(recording.Step{Type: recording.Upload, Target: role("button", "Cover"), Files: []recording.File{{Name: `..\evil name.PNG`, Artifact: "files/1"}, {Name: "evil-name.png", Artifact: "files/2"}}}),
			at(recording.Step{Type: recording.Hover, Target: role("menuitem", "More")}),
			at(recording.Step{Type: recording.Drag, Target: role("listitem", "A"), To: role("list", "B"), ToPosition: &recording.Point{X: 1, Y: 2}}),
			at(recording.Step{Type: recording.Scroll, Scroll: &recording.Point{X: 0, Y: 300}}),
			at(recording.Step{Type: recording.SetViewport, Viewport: &recording.Size{Width: 390, Height: 844}}),
			at(recording.Step{Type: recording.Click, Target: frame}),
			at(recording.Step{Type: recording.Wait, Target: role("heading", "Thanks")}),
			at(recording.Step{Type: recording.Click, Target: role("button", "Never"), Disabled: true}),
			claim(recording.Assertion{Claim: recording.HasText, Expected: "2 tapes", Match: "exact"}, role("status", "Cart")),
			claim(recording.Assertion{Claim: recording.HasText, Expected: "tapes", Not: true}, role("status", "Cart")),
			claim(recording.Assertion{Claim: recording.HasURL, Expected: "/done?x=1"}, nil),
			claim(recording.Assertion{Claim: recording.HasTitle, Expected: "Shop", Match: "exact"}, nil),
			claim(recording.Assertion{Claim: recording.HasAttr, Name: "href", Expected: "^/a"}, role("link", "A")),
			claim(recording.Assertion{Claim: recording.IsEnabled, Not: true}, role("button", "Buy")),
			claim(recording.Assertion{Claim: recording.HasText}, role("status", "Cart")),
			at(recording.Step{ID: "s9", Type: recording.Click, Target: &recording.Target{Candidates: []recording.Candidate{{By: "role", Locator: "getByRole(evil())", Matches: 1}}}}),
		},
	}
}

// account is a form that is filled and sent.
func account() recording.Document {
	fill := func(id, name string, v recording.Value) recording.Step {
		return recording.Step{ID: id, Type: recording.Fill, Target: role("textbox", name), Value: &v}
	}
	return recording.Document{
		ID: "r1", Name: "Sign up", URL: "http://shop.test/", Secrets: []string{"password"}, Steps: []recording.Step{
			{ID: "open", Type: recording.Navigate, URL: "http://shop.test/register"},
			{ID: "here", Type: recording.Assert, Target: role("heading", "Sign up"), Assertion: &recording.Assertion{Claim: recording.Visible}},
			fill("email", "Email", recording.Value{Text: "ada@example.com"}),
			fill("password", "Password", recording.Value{Text: "xxxx", Secret: "password"}),
			{ID: "terms", Type: recording.Check, Target: role("checkbox", "Terms")},
			{ID: "send", Type: recording.Click, Target: role("button", "Create")},
			{ID: "done", Type: recording.Assert, Target: role("heading", "Welcome"), Assertion: &recording.Assertion{Claim: recording.Visible}},
		},
	}
}

func accountCases() []typescript.Case {
	blocked := func(id, title, entered, field, text string) typescript.Case {
		return typescript.Case{ID: id, Title: title, Trial: testcase.Trial{Outcome: testcase.OutcomeBlocked, Last: "send", Entered: entered, Field: field, Text: text}}
	}
	box := blocked("tc-3", "Leave “Terms” unchecked", "terms", "Terms", "")
	box.Trial.Left = true
	return []typescript.Case{
		blocked("tc-1", "Leave “Email” empty", "email", "Email", ""),
		blocked("tc-2", "A short password", "password", "Password", "aaaaaaa"),
		box,
		{ID: "tc-4", Title: "An email of 65", Trial: testcase.Trial{
			Outcome: testcase.OutcomeShortened, Last: "email", Entered: "email", Field: "Email", Text: strings.Repeat("a", 65), Length: 64,
		}},
		{ID: "tc-5", Title: "Taken", Trial: testcase.Trial{Outcome: testcase.OutcomeRefused, Last: "send", Entered: "email", Text: "x"}},
		blocked("tc-6", "Of a step that is gone", "phone", "Phone", "1"),
	}
}
