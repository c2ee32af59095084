package learn

import (
	"cmp"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"tapedeck/domain/recording"
	"tapedeck/workers/locator"
)

// Page is what a page showed at one moment.
type Page struct {
	URL  string
	Aria string
}

// Flow is what is known of a flow so far. Its moments are asked about in order.
type Flow struct {
	// Typed are the texts that were entered until now.
	Typed []string
	// Hidden are texts of which nothing is ever claimed.
	Hidden []string

	claimed map[string]bool // nodes, by key: once is enough
}

// Moment is what was seen of a step's page before and after the step, each once in every run of the flow. Only what all
// runs have in common is claimed.
type Moment struct {
	Step          recording.Step
	Before, After []Page
}

// Limits of what is claimed.
const (
	maxName     = 120 // of a text, in bytes
	maxSnapshot = 30  // nodes
	maxOfStep   = 4   // claims
	besides     = 2   // of these, where there is a snapshot too
)

// Mark stands in the ids of claims, between the step's and a number.
const Mark = "-claim-"

// By is who claims are by.
const By = "generator"

// claim is one proposal with what it is worth.
type claim struct {
	step  recording.Step
	worth int
}

// Claims are assertions of what a step changed, as steps that follow it: first those about what matters most (messages,
// what was typed, headings), at last one of all that came, as a snapshot that lets everything else change. Their ids begin
// with the step's.
func (f *Flow) Claims(m Moment) []recording.Step {
	if len(m.After) == 0 || slices.ContainsFunc(m.After, func(p Page) bool { return p.Aria == "" }) {
		return nil
	}
	c, ok := compare(f, m)
	if !ok {
		return nil
	}
	list := slices.Concat(c.address(), c.come(), c.gone())
	slices.SortStableFunc(list, func(a, b claim) int { return cmp.Compare(b.worth, a.worth) })
	most, all := maxOfStep, c.snapshot()
	if len(all) > 0 {
		most = besides
	}
	var out []recording.Step
	for _, one := range append(list[:min(len(list), most)], all...) {
		s := one.step
		s.ID = fmt.Sprintf("%s%s%d", m.Step.ID, Mark, len(out)+1)
		s.Type, s.Page, s.By = recording.Assert, m.Step.Page, By
		s.Assertion.Suggested = true
		out = append(out, s)
	}
	return out
}

// comparison is what a step changed.
type comparison struct {
	*Flow
	Moment
	after []*Node // of the first run
	// came are the nodes of after that are new; went the others that are no longer there.
	came map[*Node]bool
	went []*Node
	// roles counts nodes of a role and a name, texts those that show a text.
	roles, texts, alone map[string]int
	moved               bool // the page has another address
}

func compare(f *Flow, m Moment) (*comparison, bool) {
	c := &comparison{Flow: f, Moment: m, came: map[*Node]bool{}, roles: map[string]int{}, texts: map[string]int{}, alone: map[string]int{}}
	var before, after []map[string]int // nodes by key, of each run
	var first []*Node
	for i, p := range m.Before {
		list, err := ReadTree(p.Aria)
		if err != nil {
			return nil, false
		}
		if i == 0 {
			first = list
		}
		before = append(before, count(list))
	}
	for i, p := range m.After {
		list, err := ReadTree(p.Aria)
		if err != nil {
			return nil, false
		}
		if i == 0 {
			c.after = list
		}
		after = append(after, count(list))
	}
	c.moved = len(m.Before) > 0 && pathOf(m.Before[0].URL) != pathOf(m.After[0].URL)
	left := map[string]int{} // how many there were before, at most
	for _, n := range before {
		for k, v := range n {
			left[k] = max(left[k], v)
		}
	}
	walk(c.after, func(n *Node) {
		c.roles[n.same()]++
		c.alone[n.Role]++
		for _, t := range []string{n.Name, n.Text} {
			if t != "" {
				c.texts[t]++
			}
		}
		k := n.key()
		if left[k] > 0 && !c.moved {
			left[k]--
			return
		}
		if always(after, k) && c.said(n) {
			c.came[n] = true
		}
	})
	walk(first, func(n *Node) {
		if n.Name != "" && always(before, n.key()) && !slices.ContainsFunc(after, func(a map[string]int) bool { return a[n.key()] > 0 }) && c.roles[n.same()] == 0 {
			c.went = append(c.went, n)
		}
	})
	return c, true
}

func count(list []*Node) map[string]int {
	out := map[string]int{}
	walk(list, func(n *Node) { out[n.key()]++ })
	return out
}

// always says whether every run has a node.
func always(runs []map[string]int, key string) bool {
	return !slices.ContainsFunc(runs, func(r map[string]int) bool { return r[key] == 0 })
}

// passing is what another day shows otherwise: times, days, long numbers and names that were made.
var passing = regexp.MustCompile(`(?i)\d{1,2}:\d{2}|\d{4}-\d{2}-\d{2}|\b\d{1,2}[./]\d{1,2}[./]\d{2,4}\b|\b(19|20)\d{2}\b|\d{8,}|[0-9a-f]{12,}|[0-9a-f]{8}-[0-9a-f]{4}|` +
	`\b(just now|today|yesterday|ago)\b`)

// said says whether a node's words are fit to be claimed.
func (c *comparison) said(n *Node) bool {
	for _, t := range []string{n.Name, n.Text} {
		if slices.ContainsFunc(c.Hidden, func(h string) bool { return strings.Contains(t, h) }) {
			return false
		}
		if t != "" && !strings.ContainsFunc(t, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) {
			return false // a glyph of an icon font
		}
		if len(t) > maxName || passing.MatchString(t) || strings.HasPrefix(t, "/") && strings.HasSuffix(t, "/") {
			return false
		}
	}
	return true
}

// What nodes are worth to be claimed by role.
var worthOf = map[string]int{"alert": 5, "status": 5, "alertdialog": 4, "dialog": 4, "heading": 3, "row": 2, "cell": 2, "gridcell": 2, "listitem": 2, "option": 1, "tab": 1}

// named are roles whose nodes are found by their names.
var named = []string{
	"alert", "alertdialog", "button", "cell", "checkbox", "columnheader", "combobox", "dialog", "gridcell", "group", "heading", "img", "link", "menuitem", "option", "radio",
	"region", "rowheader", "searchbox", "slider", "spinbutton", "status", "switch", "tab", "textbox", "treeitem",
}

// come claims what is new.
func (c *comparison) come() []claim {
	var out []claim
	seen := map[string]bool{}
	walk(c.after, func(n *Node) {
		if !c.came[n] {
			return
		}
		step, ok := c.show(n)
		if !ok {
			return
		}
		id := step.Target.Candidates[0].Locator + string(step.Assertion.Claim) + step.Assertion.Expected
		if seen[id] {
			return
		}
		seen[id] = true
		worth := worthOf[n.Role]
		if c.typed(n.Name) || c.typed(n.Text) {
			worth += 4
		}
		if len(c.Before) == 0 || c.moved { // all is new: only what stands out is worth a claim of its own
			worth -= 2
		}
		if worth > 0 {
			out = append(out, claim{step, worth})
		}
	})
	return out
}

// show claims that a node is there, in the state in which it is.
func (c *comparison) show(n *Node) (recording.Step, bool) {
	s := recording.Step{Assertion: &recording.Assertion{Claim: recording.Visible}}
	switch {
	case n.Role == "alert" || n.Role == "status":
		text := words(n)
		if text == "" || c.alone[n.Role] != 1 {
			return s, false
		}
		s.Assertion = &recording.Assertion{Claim: recording.HasText, Expected: text, Match: "contains"}
		s.Target = byRole(n.Role, "")
		return s, c.said(&Node{Text: text})
	case n.Name != "" && slices.Contains(named, n.Role) && c.roles[n.same()] == 1:
		s.Target = byRole(n.Role, n.Name)
		switch {
		case slices.Contains(n.States, "checked"):
			s.Assertion.Claim = recording.IsChecked
		case slices.Contains(n.States, "disabled"):
			s.Assertion.Claim, s.Assertion.Not = recording.IsEnabled, true
		case n.Role == "textbox" && n.Text != "" && !c.typed(n.Text):
			s.Assertion = &recording.Assertion{Claim: recording.HasValue, Expected: n.Text}
		}
		return s, !c.own(n)
	case n.Text != "" && c.texts[n.Text] == 1 && n.Role != "textbox" && n.Role != "option":
		s.Target = byText(n.Text)
		return s, true
	}
	return s, false
}

// words are the first text in a node.
func words(n *Node) string {
	text := ""
	walk([]*Node{n}, func(n *Node) {
		if text == "" {
			text = cmp.Or(n.Text, n.Name)
		}
	})
	return text
}

// own says whether a node is the very element of the step: what was done with it is not worth a claim.
func (c *comparison) own(n *Node) bool {
	t := c.Step.Target
	return t != nil && t.Element != nil && t.Element.Role == n.Role && t.Element.Name == n.Name
}

// typed says whether a text holds something that was entered.
func (c *comparison) typed(text string) bool {
	return slices.ContainsFunc(c.Typed, func(t string) bool { return len(t) >= 3 && strings.Contains(text, t) })
}

// gone claims that what was typed before, a message or a dialog is no longer there.
func (c *comparison) gone() []claim {
	if c.moved {
		return nil
	}
	var out []claim
	for _, n := range c.went {
		worth := 0
		switch {
		case c.typed(n.Name):
			worth = 3
		case n.Role == "dialog" || n.Role == "alertdialog":
			worth = 2
		}
		if worth > 0 && slices.Contains(named, n.Role) && len(n.Name) <= maxName {
			out = append(out, claim{recording.Step{Target: byRole(n.Role, n.Name), Assertion: &recording.Assertion{Claim: recording.Hidden}}, worth})
		}
	}
	return out[:min(len(out), 2)]
}

// address claims where the page went.
func (c *comparison) address() []claim {
	if c.Step.Type == recording.Navigate && c.Step.History == "" || !c.moved {
		return nil
	}
	path := pathOf(c.After[0].URL)
	for _, p := range c.After {
		if pathOf(p.URL) != path {
			return nil
		}
	}
	if path == "" || path == "/" || passing.MatchString(path) || len(path) > maxName {
		return nil
	}
	return []claim{{recording.Step{Assertion: &recording.Assertion{Claim: recording.HasURL, Expected: path, Match: "contains"}}, 3}}
}

// pathOf is an address without its origin and its query; with its fragment, which some applications route by.
func pathOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	if u.Fragment != "" {
		return u.Path + "#" + u.Fragment
	}
	return u.Path
}

// regions are roles whose node holds a part of the page.
var regions = []string{"main", "dialog", "alertdialog", "form", "navigation", "region", "search", "table", "grid", "list", "tree", "tabpanel", "menu"}

// snapshot claims what came, with what it stands in. Nothing is said of what else is there.
func (c *comparison) snapshot() []claim {
	var list []*Node
	walk(c.after, func(n *Node) {
		if c.came[n] && (n.Name != "" || n.Text != "") && len(list) < maxSnapshot && !c.own(n) && !c.claimed[n.key()] {
			list = append(list, n)
		}
	})
	if len(list) < 2 {
		return nil
	}
	if c.claimed == nil {
		c.claimed = map[string]bool{}
	}
	for _, n := range list {
		c.claimed[n.key()] = true
	}
	root := c.root(list)
	kept := map[*Node]bool{} // and whether it is claimed itself
	for _, n := range list {
		for at := n; at != nil && at != root; at = at.parent {
			kept[at] = c.came[at]
		}
	}
	target, below := byCSS("body"), c.after
	if root != nil {
		target, below = c.region(root), root.Below
	}
	text := WriteTree(below, kept)
	if text == "" {
		return nil
	}
	return []claim{{step: recording.Step{Target: target, Assertion: &recording.Assertion{Claim: recording.IsAria, Expected: text}}}}
}

// root is the smallest part of the page that can be found and that holds all of the nodes; nil for the page.
func (c *comparison) root(list []*Node) *Node {
	for at := list[0].parent; at != nil; at = at.parent {
		if c.region(at) == nil {
			continue
		}
		if !slices.ContainsFunc(list, func(n *Node) bool { return !within(n, at) }) {
			return at
		}
	}
	return nil
}

func within(n, root *Node) bool {
	for at := n.parent; at != nil; at = at.parent {
		if at == root {
			return true
		}
	}
	return false
}

// region is how a part of the page is found; nil when it is not one, or not the only one.
func (c *comparison) region(n *Node) *recording.Target {
	switch {
	case !slices.Contains(regions, n.Role):
		return nil
	case c.alone[n.Role] == 1:
		return byRole(n.Role, "")
	case n.Name != "" && c.roles[n.same()] == 1 && c.said(n):
		return byRole(n.Role, n.Name)
	}
	return nil
}

func byRole(role, name string) *recording.Target {
	code := "getByRole(" + locator.Quote(role, '\'')
	if name != "" {
		code += ", { name: " + locator.Quote(name, '\'') + ", exact: true }"
	}
	return target("role", code+")")
}

func byText(text string) *recording.Target {
	return target("text", "getByText("+locator.Quote(text, '\'')+", { exact: true })")
}

func byCSS(selector string) *recording.Target {
	return target("css", "locator("+locator.Quote(selector, '\'')+")")
}

func target(by, code string) *recording.Target {
	return &recording.Target{Candidates: []recording.Candidate{{By: by, Locator: code, Matches: 1}}}
}
