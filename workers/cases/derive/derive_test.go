package derive_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tapedeck/domain/knowledge"
	"tapedeck/domain/recording"
	"tapedeck/domain/testcase"
	"tapedeck/workers/cases/derive"
)

// page is a booking page as the recorder keeps it.
const page = `<!doctype html><html><head><title>Book a table</title></head><body><h1>Book a table</h1>
<form id="booking" action="/bookings" method="post">
  <label for="guest">Name *</label><input id="guest" name="guest" required maxlength="40" value="Ada">
  <label>E-mail <input name="email" type="email" required></label>
  <label for="guests">Guests</label><input id="guests" name="guests" type="number" min="1" max="8" value="2">
  <label for="code">Voucher code</label><input id="code" name="code" pattern="[A-Z]{3}-[0-9]{4}" title="Three letters, four digits">
  <label for="wish">Special wishes</label><textarea id="wish" name="wish"></textarea>
  <label for="area">Area</label><select id="area" name="area" required><option value="">Please choose</option><option>Garden</option></select>
  <input type="hidden" name="csrf" value="secret-token">
  <button>Book now</button>
</form>
<form id="news"><input name="newsmail" type="email" placeholder="Your mail" required><button>Subscribe</button></form>
</body></html>`

const spec = `# Booking

## Book a table

A name is required when a table is booked.

The name must not exceed 50 characters.

A table is booked for at least 1 and at most 8 guests.

Special wishes may be left empty.

Special wishes have at most 500 characters.

After a table was booked, a confirmation must be shown with the name of the guest.

The e-mail must be a valid e-mail address.

` + "```gherkin\nScenario: Book a table in the garden\n  Given the garden has free tables\n  When a guest books a table in the garden\n  Then the booking confirmation names the guest\n```" + `

## Invoices

An invoice must be sent to the accounting department within 14 days.
`

func target(tag, role, name, id string) *recording.Target {
	t := &recording.Target{
		Candidates: []recording.Candidate{{By: "role", Selector: `internal:role=` + role + `[name="` + name + `"i]`, Matches: 1}},
		Element:    &recording.Facts{Tag: tag, Role: role, Name: name, Attributes: map[string]string{}},
	}
	if id != "" {
		t.Element.Attributes["id"] = id
	}
	return t
}

func on(url, title string) *recording.Evidence { return &recording.Evidence{URL: url, Title: title} }

// booking is what a person recorded on it.
func booking() recording.Document {
	const url = "https://tables.test/bookings/new"
	sent := on(url, "Book a table")
	sent.Requests = []recording.Request{{Entry: 4, Method: "POST", URL: "https://tables.test/bookings", Status: 201, Type: "empty"}}
	sent.Screenshot = "screenshots/s7.jpeg"
	fill := func(id, label, field, text string) recording.Step {
		return recording.Step{ID: id, Type: recording.Fill, Target: target("input", "textbox", label, field), Value: &recording.Value{Text: text}, Evidence: on(url, "Book a table")}
	}
	return recording.Document{
		ID: "r1", Version: 9, Name: "Book a table", URL: url, Secrets: []string{"pin"},
		Steps: []recording.Step{
			{ID: "s1", Type: recording.Navigate, URL: url, Evidence: &recording.Evidence{URL: url, Title: "Book a table", DOM: "dom/s1.html"}},
			fill("s2", "Name", "guest", "Ada Lovelace"),
			fill("s3", "E-mail", "", "ada@example.com"),
			{ID: "s4", Type: recording.Fill, Target: target("input", "spinbutton", "Guests", "guests"), Value: &recording.Value{Text: "4"}, Evidence: on(url, "Book a table")},
			fill("s5", "Voucher code", "code", "ABC-1234"),
			{ID: "s6", Type: recording.Select, Target: target("select", "combobox", "Area", "area"), Values: []recording.Value{{Text: "Garden"}}, Evidence: on(url, "Book a table")},
			{ID: "s7", Type: recording.Click, Target: target("button", "button", "Book now", ""), Evidence: sent},
			{ID: "s8", Type: recording.Assert, Target: target("p", "status", "", ""), Assertion: &recording.Assertion{Claim: recording.HasText, Expected: "The table is booked"}},
		},
	}
}

func forms(t require.TestingT, html string) []*derive.Form {
	list, err := derive.ReadForms(strings.NewReader(html), derive.Page{StepID: "s1", File: "dom/s1.html", Title: "Book a table", URL: "https://tables.test/bookings/new"})
	require.NoError(t, err)
	return list
}

func passages(markdown string) []derive.Passage {
	var out []derive.Passage
	for _, p := range knowledge.Split("doc-1", []byte(markdown)) {
		if derive.Demands(p) {
			out = append(out, derive.Passage{Passage: p, SourceID: "src-1", DocumentID: "doc-1", Title: "Tables", URL: "https://tables.test/spec", Version: 2, Hash: "ab"})
		}
	}
	return out
}

func booked(t require.TestingT) derive.Result {
	return derive.Derive(derive.Material{Recording: booking(), Forms: forms(t, page), Passages: passages(spec)}, derive.Options{})
}

func titled(t require.TestingT, r derive.Result, title string) testcase.Case {
	i := slices.IndexFunc(r.Cases, func(c testcase.Case) bool { return c.Title == title })
	require.GreaterOrEqual(t, i, 0, "no case %q in %q", title, titles(r))
	return r.Cases[i]
}

func titles(r derive.Result) []string {
	var out []string
	for _, c := range r.Cases {
		out = append(out, c.Title)
	}
	return out
}

func last(c testcase.Case) testcase.Step { return c.Steps[len(c.Steps)-1] }

func TestTheFlowIsACase(t *testing.T) {
	t.Parallel()
	flow := titled(t, booked(t), "Book a table")
	require.Equal(t, testcase.Positive, flow.Type)
	require.Equal(t, testcase.Manual, flow.Proof, "nothing has proven it")
	require.Equal(t, testcase.TwinProven, flow.Candidate)
	require.Len(t, flow.Steps, 7)
	require.Equal(t, "Open /bookings/new", flow.Steps[0].Action)
	require.Equal(t, "Enter into the field “Name”", flow.Steps[1].Action)
	require.Equal(t, "Ada Lovelace", flow.Steps[1].Data)
	require.Equal(t, "Click the button “Book now”", flow.Steps[6].Action)
	require.Contains(t, flow.Steps[6].Expected, "contains “The table is booked”")
	require.Contains(t, strings.Join(flow.Preconditions, "|"), "secret “pin”")
	require.Equal(t, testcase.Citation{Origin: testcase.FromStep, Quote: `click button "Book now"`, RecordingID: "r1", Version: 9, StepID: "s7", File: "screenshots/s7.jpeg"}, flow.Steps[6].Sources[0])
}

func TestEachLimitIsTriedFromBothSides(t *testing.T) {
	t.Parallel()
	r := booked(t)
	empty := titled(t, r, "Leave “Name” empty")
	require.Equal(t, testcase.Negative, empty.Type)
	require.Equal(t, testcase.ClientOnly, empty.Candidate, "the browser stops it")
	require.Equal(t, testcase.Manual, empty.Proof)
	require.Equal(t, "The browser does not send the form and points at the field.", last(empty).Expected)
	var cited []testcase.Origin
	for _, c := range last(empty).ExpectedSources {
		cited = append(cited, c.Origin)
		if c.Origin == testcase.FromPassage {
			require.Equal(t, "A name is required when a table is booked.", c.Quote)
			require.NotEmpty(t, c.PassageID)
			require.Equal(t, uint64(2), c.Version)
		} else {
			require.Equal(t, `<input id="guest" name="guest" required="" maxlength="40">`, c.Quote, "the start tag, without what was typed")
			require.Equal(t, "dom/s1.html", c.File)
		}
	}
	require.Equal(t, []testcase.Origin{testcase.FromPassage, testcase.FromPage}, cited)
	require.Equal(t, "Leave the field “Name” empty", empty.Steps[1].Action, "in the place of the entry")
	require.Equal(t, "ada@example.com", empty.Steps[2].Data, "the others as they were recorded")

	require.Equal(t, "9", titled(t, r, "“Guests” of 9, too much").Steps[3].Data)
	require.Equal(t, testcase.Edge, titled(t, r, "“Guests” of 8").Type)
	require.Equal(t, "0", titled(t, r, "“Guests” of 0, too little").Steps[3].Data)
	require.Equal(t, "nobody-at-example", titled(t, r, "“E-mail” that is not a valid email").Steps[2].Data)
	require.Equal(t, "ABC-1234!", titled(t, r, "“Voucher code” that is not of its pattern").Steps[4].Data)
	require.Equal(t, "Leave “Area” as it is, with nothing chosen", titled(t, r, "Leave “Area” empty").Steps[5].Action)

	// What only the document says is expected in its words; nothing stops it in the browser.
	long := titled(t, r, "“Special wishes” with 501 characters, one too many")
	require.Equal(t, testcase.Class(""), long.Candidate)
	require.Contains(t, last(long).Expected, "“Special wishes have at most 500 characters.”")
	require.Equal(t, "“a” 501 times (501 characters)", long.Steps[len(long.Steps)-2].Data, "entered before the form is sent")
	require.Equal(t, testcase.Edge, titled(t, r, "Leave “Special wishes”, which is optional, empty").Type)
}

// TestCasesSayHowAProgramDoesThem looks at the trials: what is entered into which step, and what should become of it.
func TestCasesSayHowAProgramDoesThem(t *testing.T) {
	t.Parallel()
	r := booked(t)
	trial := func(title string) *testcase.Trial { return titled(t, r, title).Trial }
	require.Equal(t, &testcase.Trial{Outcome: testcase.OutcomeRecorded}, trial("Book a table"))
	require.Equal(t, &testcase.Trial{Outcome: testcase.OutcomeBlocked, Last: "s7", Entered: "s2", Field: "Name"}, trial("Leave “Name” empty"))
	require.Equal(t, &testcase.Trial{Outcome: testcase.OutcomeBlocked, Last: "s7", Entered: "s4", Field: "Guests", Text: "9"}, trial("“Guests” of 9, too much"))
	require.Equal(t, &testcase.Trial{Outcome: testcase.OutcomeAccepted, Last: "s7", Entered: "s4", Field: "Guests", Text: "8"}, trial("“Guests” of 8"))
	require.Equal(t, &testcase.Trial{Outcome: testcase.OutcomeBlocked, Last: "s7", Entered: "s3", Field: "E-mail", Text: "nobody-at-example"}, trial("“E-mail” that is not a valid email"))
	require.Equal(t, &testcase.Trial{Outcome: testcase.OutcomeBlocked, Last: "s7", Entered: "s6", Field: "Area", Left: true}, trial("Leave “Area” empty"))
	require.Nil(t, trial("“Special wishes” with 501 characters, one too many"), "the recording enters nothing there")

	doc := booking()
	doc.Steps = slices.Insert(doc.Steps, 6, recording.Step{
		ID: "wish", Type: recording.Fill, Target: target("textarea", "textbox", "Special wishes", "wish"), Value: &recording.Value{Text: "A high chair"}, Evidence: on(doc.URL, ""),
	})
	r = derive.Derive(derive.Material{
		Recording: doc, Forms: forms(t, strings.Replace(page, `name="code"`, `name="code" maxlength="8"`, 1)), Passages: passages(spec),
	}, derive.Options{})
	beyond := trial("“Special wishes” with 501 characters, one too many")
	require.Equal(t, testcase.OutcomeRefused, beyond.Outcome, "only the server can")
	require.Equal(t, strings.Repeat("a", 501), beyond.Text)
	shortened := trial("“Voucher code” with 9 characters, one too many")
	require.Equal(t, testcase.OutcomeShortened, shortened.Outcome)
	require.Equal(t, "s5", shortened.Last, "nothing has to be sent")
	require.Equal(t, 8, shortened.Length)
	for _, c := range r.Cases {
		if c.Trial != nil {
			_, err := c.Trial.Apply(doc)
			require.NoError(t, err, c.Title)
		}
	}
}

func TestWhatContradictsIsAFinding(t *testing.T) {
	t.Parallel()
	r := booked(t)
	require.Len(t, r.Findings, 1)
	f := r.Findings[0]
	require.Equal(t, testcase.Contradiction, f.Kind)
	require.Equal(t, "“Name” has at most 50 characters in the documents, and the recording shows at most 40 characters", f.Message)
	require.Equal(t, "The name must not exceed 50 characters.", f.Says[0].Quote)
	require.Contains(t, f.Shows[0].Quote, `maxlength="40"`)
	for _, title := range titles(r) {
		require.NotRegexp(t, `“Name” with (39|40|41|50|51)`, title, "what is disputed is nobody's expectation")
	}
}

func TestRequirementsAreCasesOrUncovered(t *testing.T) {
	t.Parallel()
	r := booked(t)
	shown := titled(t, r, "After a table was booked, a confirmation must be shown with the name of the guest.")
	require.Contains(t, last(shown).Expected, "a confirmation must be shown")
	require.Equal(t, "Click the button “Book now”", last(shown).Action, "what is entered is seen when it is sent")
	require.Equal(t, testcase.FromPassage, last(shown).ExpectedSources[0].Origin)
	scenario := titled(t, r, "Book a table in the garden")
	require.Contains(t, scenario.Preconditions, "the garden has free tables")
	require.Equal(t, "A guest books a table in the garden", scenario.Steps[0].Action)
	require.Equal(t, "The booking confirmation names the guest", scenario.Steps[0].Expected)
	require.Equal(t, 1, r.UncoveredOf)
	require.Equal(t, "An invoice must be sent to the accounting department within 14 days.", r.Uncovered[0].Source.Quote)
	require.Equal(t, "must", r.Uncovered[0].Requirement)
	require.Contains(t, strings.Join(r.Notes, "\n"), "seen and not used", "the newsletter")

	more := derive.Derive(derive.Material{Recording: booking(), Passages: passages("# Other\n\nIt must rain.\n\nIt must snow.\n\nIt must hail.\n")}, derive.Options{Uncovered: 2})
	require.Len(t, more.Uncovered, 2)
	require.Equal(t, 3, more.UncoveredOf, "a long list is not kept whole")
}

func TestWhatTheServerTookAgainstTheDocuments(t *testing.T) {
	t.Parallel()
	const more = "# Book a table\n\nA voucher code must have at most 5 characters.\n\nSpecial wishes are required to be polite.\n\nA booking phone number is optional.\n"
	r := derive.Derive(derive.Material{Recording: booking(), Forms: forms(t, page), Passages: passages(more)}, derive.Options{})
	require.Len(t, r.Findings, 1)
	require.Contains(t, r.Findings[0].Message, "the server took “ABC-1234”")
	flow := titled(t, r, "Book a table")
	require.Empty(t, flow.Steps[6].Expected, "what follows is no expectation while the documents forbid it")

	const wish = "# Book a table\n\nSpecial wishes must not be empty.\n"
	r = derive.Derive(derive.Material{Recording: booking(), Forms: forms(t, page), Passages: passages(wish)}, derive.Options{})
	require.Len(t, r.Findings, 1)
	require.Contains(t, r.Findings[0].Message, "took the form without it")
	for _, title := range titles(r) {
		require.NotContains(t, title, "Leave “Special wishes” empty")
	}
}

func TestDocumentsMayDisagree(t *testing.T) {
	t.Parallel()
	const two = "# Book a table\n\nSpecial wishes have at most 500 characters.\n\nSpecial wishes must have no more than 300 characters.\n"
	r := derive.Derive(derive.Material{Recording: booking(), Forms: forms(t, page), Passages: passages(two)}, derive.Options{})
	require.Len(t, r.Findings, 1, "%v", r.Findings)
	require.Equal(t, testcase.Disagreement, r.Findings[0].Kind)
	require.Len(t, r.Findings[0].Says, 2)
}

func TestMessagesInOtherWordsAreFindings(t *testing.T) {
	t.Parallel()
	doc := booking()
	doc.Steps[7].Assertion.Expected = "Your table has been booked!"
	for text, want := range map[string]int{
		"The message “Your table was booked.” must be shown.":       1,
		"The message \"Your table has been booked\" must be shown.": 0,
		"The message “Your bill was sent to you” must be shown.":    0,
		"A table for “Your table was booked.” must be green.":       0,
	} {
		r := derive.Derive(derive.Material{Recording: doc, Forms: forms(t, page), Passages: passages("# Book a table\n\n" + text + "\n")}, derive.Options{})
		require.Len(t, r.Findings, want, text)
		flow := titled(t, r, "Book a table")
		require.Equal(t, want == 0, strings.Contains(flow.Steps[6].Expected, "has been booked"), "%s: what is disputed is no expectation", text)
	}
}

func TestRefusalsOfServersAreCases(t *testing.T) {
	t.Parallel()
	doc := booking()
	doc.Steps[6].Evidence.Requests[0].Status = 422
	answers := []derive.Answer{{StepID: "s7", Entry: 4, Method: "POST", URL: "https://tables.test/bookings", Status: 422, Text: "The name has at most 30 characters", Fields: []string{"guest"}}}
	r := derive.Derive(derive.Material{Recording: doc, Forms: forms(t, page), Answers: answers, Passages: passages(spec)}, derive.Options{})
	c := titled(t, r, "The server refuses: The name has at most 30 characters")
	require.Equal(t, testcase.Negative, c.Type)
	require.Equal(t, testcase.TwinProven, c.Candidate)
	require.Equal(t, "The server refuses it (422): “The name has at most 30 characters”", last(c).Expected)
	require.Equal(t, 4, *last(c).ExpectedSources[0].Entry)
	var messages []string
	for _, f := range r.Findings {
		messages = append(messages, f.Message)
	}
	require.Len(t, messages, 1)
	require.Contains(t, messages[0], "at most 50 characters in the documents")
}

func TestARecordingWithoutPagesHasItsFlow(t *testing.T) {
	t.Parallel()
	r := derive.Derive(derive.Material{Recording: booking()}, derive.Options{})
	require.Equal(t, []string{"Book a table"}, titles(r)[:1])
	require.NotContains(t, strings.Join(titles(r), "|"), "empty", "what the page asks for is not known")
	r = derive.Derive(derive.Material{Recording: booking(), Passages: passages(spec)}, derive.Options{})
	long := titled(t, r, "“Name” with 51 characters, one too many")
	require.Contains(t, last(long).Expected, "“The name must not exceed 50 characters.”")
	require.Equal(t, strings.Repeat("a", 51), long.Steps[1].Data)
	empty := derive.Derive(derive.Material{Recording: recording.Document{ID: "r", Name: "Nothing"}}, derive.Options{})
	require.Empty(t, empty.Cases)
	require.NotEmpty(t, empty.Notes)
}

func TestTheSameMaterialGivesTheSameCases(t *testing.T) {
	t.Parallel()
	first := booked(t)
	for range 5 {
		require.Equal(t, first, booked(t))
	}
	few := derive.Derive(derive.Material{Recording: booking(), Forms: forms(t, page), Passages: passages(spec)}, derive.Options{Cases: 3})
	require.Len(t, few.Cases, 3)
	require.Equal(t, first.Cases[:3], few.Cases, "the first are kept")
	require.Contains(t, few.Notes[len(few.Notes)-1], "more cases were derived")
}

func TestFormsAreReadFromPages(t *testing.T) {
	t.Parallel()
	const odd = `<h2>Sign up</h2><form novalidate><div id="l">Your <b>nick</b></div><input name=a aria-labelledby=l aria-required=true>
	<input name=r type=radio required aria-label="One"><input name=r type=radio aria-label="Two"><input disabled name=d><input name=p type=password minlength=8 placeholder="Password">
	<label>Terms <input type=checkbox name=t required></label><input type=submit value="Go"></form><label>Loose <input name=z maxlength=5></label><p><form><form></form>`
	list := forms(t, odd)
	require.Len(t, list, 2)
	f := list[0]
	require.Equal(t, "Go", f.Submit)
	require.Equal(t, "Sign up", f.Heading)
	require.False(t, f.Checks, "novalidate")
	var labels []string
	for _, x := range f.Fields {
		labels = append(labels, x.Label+":"+x.Type)
	}
	require.Equal(t, []string{"Your nick:text", "One:radio", "Password:password", "Terms:checkbox"}, labels)
	require.True(t, f.Fields[0].Marked)
	require.Equal(t, 8, f.Fields[2].MinLength)
	require.True(t, list[1].Loose)
	require.Equal(t, 5, list[1].Fields[0].MaxLength)
}

// TestAnythingCanBeDerivedFrom feeds hostile pages, documents and recordings: what comes out is bounded, valid and accepted by
// the decider, and no secret's placeholder is said.
func TestAnythingCanBeDerivedFrom(t *testing.T) {
	t.Parallel()
	part := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
		"=cmd|' /C calc'!A0", "</script><script>alert(1)</script>", "*/", "\n@tag\nScenario: x\n", "\"\"\"", "| a |", "must", "at most 40 characters", " Name ", "is required",
		"`", "\\", "\u202eevil", strings.Repeat("long ", 400), "<input name=x required>", "${secret}", "# heading", "{{title}}",
	}))
	text := rapid.Map(rapid.SliceOfN(part, 0, 4), func(parts []string) string { return strings.Join(parts, "") })
	rapid.Check(t, func(t *rapid.T) {
		doc := booking()
		draw := func(s *string) { *s = text.Draw(t, "text") }
		draw(&doc.Name)
		for i := range doc.Steps {
			s := &doc.Steps[i]
			draw(&s.Title)
			if s.Value != nil {
				draw(&s.Value.Text)
				if rapid.Bool().Draw(t, "secret") {
					s.Value = &recording.Value{Text: "PLACEHOLDER", Secret: "pin"}
				}
			}
			if s.Target != nil {
				draw(&s.Target.Element.Name)
			}
			if s.Assertion != nil {
				draw(&s.Assertion.Expected)
			}
			if s.Evidence != nil {
				draw(&s.Evidence.Title)
			}
		}
		html := strings.NewReplacer("Voucher code", text.Draw(t, "label"), "[A-Z]{3}-[0-9]{4}", text.Draw(t, "pattern"), "Book now", text.Draw(t, "submit")).Replace(page)
		answers := []derive.Answer{{StepID: "s7", Method: "POST", URL: text.Draw(t, "url"), Status: 400, Text: text.Draw(t, "answer")}}
		m := derive.Material{Recording: doc, Forms: append(forms(t, html), forms(t, text.Draw(t, "html"))...), Answers: answers, Passages: passages(spec + text.Draw(t, "document") + "\n\nThe name must " + text.Draw(t, "requirement"))}
		r := derive.Derive(m, derive.Options{})
		s := testcase.State{ID: "t1", Status: testcase.Generating, About: testcase.About{Attempt: 1}, Version: 1}
		_, err := testcase.Decide(s, testcase.Add{Generated: testcase.Generated{Cases: r.Cases, Findings: r.Findings, Uncovered: r.Uncovered}})
		require.NoError(t, err)
		for _, c := range r.Cases {
			require.Equal(t, testcase.Manual, c.Proof)
			for _, step := range c.Steps {
				require.NotContains(t, step.Data, "PLACEHOLDER")
				for _, cite := range append(step.Sources, step.ExpectedSources...) {
					require.LessOrEqual(t, utf8.RuneCountInString(cite.Quote), testcase.MaxQuote)
					require.Equal(t, testcase.Clean(cite.Quote), cite.Quote)
				}
			}
		}
	})
}

// TestWhatIsRecordedIsSaidInWords: each action and each claim that a person can do or see.
func TestWhatIsRecordedIsSaidInWords(t *testing.T) {
	t.Parallel()
	button := target("button", "button", "Save", "")
	assert := func(a recording.Assertion) recording.Step {
		return recording.Step{Type: recording.Assert, Target: button, Assertion: &a}
	}
	for want, s := range map[string]recording.Step{
		"Go back in the browser":                          {Type: recording.Navigate, History: "back"},
		"Load the page again":                             {Type: recording.Navigate, History: "reload"},
		"Double-click the button “Save”":                  {Type: recording.Click, Target: button, Count: 2},
		"Right-click the button “Save” with Alt held":     {Type: recording.Click, Target: button, Button: "right", Modifiers: []string{"Alt"}},
		"Press Escape":                                    {Type: recording.Press, Key: "Escape"},
		"Check the button “Save”":                         {Type: recording.Check, Target: button},
		"Drag the button “Save” to the button “Save”":     {Type: recording.Drag, Target: button, To: button},
		"Accept the dialog “Sure?”":                       {Type: recording.Dialog, Dialog: &recording.DialogBox{Kind: "confirm", Message: "Sure?", Accept: true}},
		"Make the window 390 × 844":                       {Type: recording.SetViewport, Viewport: &recording.Size{Width: 390, Height: 844}},
		"Close the tab":                                   {Type: recording.ClosePage},
		"|The button “Save” is not visible":               assert(recording.Assertion{Claim: recording.Visible, Not: true}),
		"|The button “Save” is exactly “x”":               assert(recording.Assertion{Claim: recording.HasText, Match: "exact", Expected: "x"}),
		"|The button “Save” does not contain “x”":         assert(recording.Assertion{Claim: recording.HasText, Not: true, Expected: "x"}),
		"|The button “Save” cannot be used":               assert(recording.Assertion{Claim: recording.IsEnabled, Not: true}),
		"|The button “Save” is there 2 times":             assert(recording.Assertion{Claim: recording.HasCount, Expected: "2"}),
		"|The button “Save” is not there":                 assert(recording.Assertion{Claim: recording.HasCount, Expected: "0"}),
		"|The address contains “/a”":                      assert(recording.Assertion{Claim: recording.HasURL, Expected: "/a"}),
		"|The page's title matches the expression “a.*b”": assert(recording.Assertion{Claim: recording.HasTitle, Expected: "a.*b", Match: "regex"}),
		"|“href” of the button “Save” contains “/a”":      assert(recording.Assertion{Claim: recording.HasAttr, Name: "href", Expected: "/a"}),
		"|The page shows: - button":                       assert(recording.Assertion{Claim: recording.IsAria, Expected: "- button"}),
		"|A new tab opens":                                {Type: recording.OpenPage, Page: "page2"},
		"|The file “a.csv” is downloaded":                 {Type: recording.Download, Files: []recording.File{{Name: "a.csv"}}},
	} {
		r := derive.Derive(derive.Material{Recording: recording.Document{ID: "r", Name: "Flow", URL: "http://a.test/b?c=d", Steps: []recording.Step{s}}}, derive.Options{})
		require.Len(t, r.Cases, 1, want)
		step := last(r.Cases[0])
		if expected, is := strings.CutPrefix(want, "|"); is {
			require.Equal(t, "Open /b?c=d", step.Action)
			require.Equal(t, expected, step.Expected)
			continue
		}
		require.Equal(t, want, step.Action)
	}
}

func TestShare(t *testing.T) {
	t.Parallel()
	require.InDelta(t, 1, derive.Share("Adding a note", "notes are added"), 0)
	require.InDelta(t, 0.5, derive.Share("invoice note", "notes", "printed"), 0)
	require.InDelta(t, 0, derive.Share("invoices", "notes"), 0)
	require.InDelta(t, 1, derive.Share("the page"), 0)
}
