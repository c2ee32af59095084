package chromerecorder

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"tapedeck/domain/recording"
)

var errNoSelector = errors.New("want a selector, or a list of its parts")

// roles that an accessible name without a role may belong to, by what is done with the element.
var (
	fieldRoles   = []string{"textbox", "searchbox", "combobox", "spinbutton", "listbox", "slider"}
	controlRoles = []string{
		"button", "link", "checkbox", "radio", "switch", "tab", "menuitem", "option", "textbox", "searchbox", "combobox", "spinbutton",
		"heading", "img", "cell", "treeitem",
	}
)

var (
	ariaRole = regexp.MustCompile(`\[\s*role\s*=\s*(?:"([^"]*)"|'([^']*)')\s*\]\s*$`)
	ariaName = regexp.MustCompile(`\[\s*name\s*=\s*(?:"([^"]*)"|'([^']*)')\s*\]\s*$`)
	testID   = regexp.MustCompile(`^\[data-testid=(?:"([^"\\]*)"|'([^'\\]*)')\]$`)
	roleName = regexp.MustCompile(`^[a-z]+$`)
)

// candidate is a selector of Chrome's in Playwright's language. It fails with the reason why there is none.
func (s selector) candidate(roles []string) (recording.Candidate, error) {
	if len(s) == 0 {
		return recording.Candidate{}, errors.New("it is empty")
	}
	var parts []string
	var by string
	for i, part := range s {
		var text string
		var err error
		by, text, err = translate(part, roles)
		if err != nil {
			return recording.Candidate{}, err
		}
		if i > 0 && by == "xpath" {
			return recording.Candidate{}, errors.New("an XPath inside of a shadow tree")
		}
		parts = append(parts, text)
	}
	return recording.Candidate{By: by, Selector: strings.Join(parts, " >> "), Matches: -1}, nil
}

func translate(part string, roles []string) (by, text string, err error) {
	if strings.TrimSpace(part) == "" {
		return "", "", errors.New("it is empty")
	}
	if rest, ok := strings.CutPrefix(part, "aria/"); ok {
		return translateAria(rest, roles)
	}
	if rest, ok := strings.CutPrefix(part, "xpath/"); ok {
		return withoutChain("xpath", "xpath=", rest)
	}
	if rest, ok := strings.CutPrefix(part, "text/"); ok {
		if strings.TrimSpace(rest) == "" {
			return "", "", errors.New("it is empty")
		}
		return "text", "internal:text=" + quote(rest) + "i", nil
	}
	return translateCSS(strings.TrimPrefix(part, "pierce/"))
}

func withoutChain(by, engine, rest string) (string, string, error) {
	if strings.TrimSpace(rest) == "" {
		return "", "", errors.New("it is empty")
	}
	if strings.Contains(rest, ">>") {
		return "", "", errors.New("two selectors in one")
	}
	return by, engine + rest, nil
}

// translateCSS keeps CSS as it is; Puppeteer's ">>>" leads into shadow trees, which ours does anyway.
func translateCSS(css string) (by, text string, err error) {
	if m := testID.FindStringSubmatch(css); m != nil {
		return "testid", "internal:testid=[data-testid=" + quoteAttr(m[1]+m[2]) + "s]", nil
	}
	if strings.Contains(css, "::-p-") {
		return "", "", errors.New("a pseudo-element of Puppeteer")
	}
	var parts []string
	for p := range strings.SplitSeq(strings.ReplaceAll(css, ">>>>", ">>>"), ">>>") {
		if p = strings.TrimSpace(p); p == "" || strings.Contains(p, ">>") {
			return "", "", errors.New("it is no CSS selector")
		}
		parts = append(parts, "css="+p)
	}
	return "css", strings.Join(parts, " >> "), nil
}

// translateAria finds by accessible name, exactly, and role. Without a role it is any of those that make sense.
func translateAria(rest string, roles []string) (by, text string, err error) {
	role := ""
	if m := ariaRole.FindStringSubmatch(rest); m != nil {
		role, rest = m[1]+m[2], strings.TrimSuffix(rest, m[0])
	}
	if m := ariaName.FindStringSubmatch(rest); m != nil && strings.TrimSuffix(rest, m[0]) == "" {
		rest = m[1] + m[2]
	}
	rest = strings.TrimSpace(rest)
	switch {
	case role != "" && !roleName.MatchString(role):
		return "", "", fmt.Errorf("no role: %q", role)
	case role != "" && rest == "":
		return "role", "internal:role=" + role, nil
	case role != "":
		return "role", byRole(role, rest), nil
	case rest == "":
		return "", "", errors.New("it names nothing")
	}
	text = byRole(roles[0], rest)
	for _, r := range roles[1:] {
		text += " >> internal:or=" + quote(byRole(r, rest))
	}
	return "role", text, nil
}

func byRole(role, name string) string {
	return "internal:role=" + role + "[name=" + quoteAttr(name) + "s]"
}

// quoteAttr quotes as Playwright does in attribute selectors.
func quoteAttr(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// quote quotes as JSON.stringify does; Playwright wants no escapes of its own.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < 0x20:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// frameByIndex finds the n-th frame of a document, which is all that Chrome says of a frame.
const frameByIndex = "css=iframe, frame >> nth="

func framesOf(indexes []int) []recording.Frame {
	var out []recording.Frame
	for _, i := range indexes {
		out = append(out, recording.Frame{Candidates: []recording.Candidate{{By: "css", Selector: frameByIndex + strconv.Itoa(i), Matches: -1}}})
	}
	return out
}

// chrome is a candidate in Chrome's language, nil when there is no word for it.
func chrome(c recording.Candidate) selector {
	var out selector
	for part := range strings.SplitSeq(c.Selector, " >> ") {
		text, or, ok := chromePart(part, len(out) > 0)
		switch {
		case !ok:
			return nil
		case or: // one of several roles: the name alone says it
			out[len(out)-1] = ariaRole.ReplaceAllString(out[len(out)-1], "")
		default:
			out = append(out, text)
		}
	}
	return out
}

var (
	playwrightRole = regexp.MustCompile(`^internal:role=([a-z]+)(?:\[name=("(?:[^"\\]|\\.)*")[si]\])?$`)
	playwrightText = regexp.MustCompile(`^internal:text=("(?:[^"\\]|\\.)*")[si]$`)
	playwrightAttr = regexp.MustCompile(`^internal:(?:attr|testid)=\[([a-zA-Z-]+)=("(?:[^"\\]|\\.)*")([si])\]$`)
	playwrightName = regexp.MustCompile(`^internal:label=("(?:[^"\\]|\\.)*")[si]$`)
	otherEngine    = regexp.MustCompile(`^(?:[a-z_-]+(?::[a-z-]+)?=|\.\.|\(*//|["'])`)
)

func chromePart(part string, inner bool) (text string, or, ok bool) {
	if m := playwrightRole.FindStringSubmatch(part); m != nil {
		return "aria/" + unquote(m[2]) + `[role="` + m[1] + `"]`, false, true
	}
	if strings.HasPrefix(part, "internal:or=") {
		return "", true, inner
	}
	if m := playwrightText.FindStringSubmatch(part); m != nil {
		return "text/" + unquote(m[1]), false, true
	}
	if m := playwrightName.FindStringSubmatch(part); m != nil {
		return "aria/" + unquote(m[1]), false, true
	}
	if m := playwrightAttr.FindStringSubmatch(part); m != nil {
		fold := map[string]string{"i": " i"}[m[3]]
		return "[" + m[1] + "=" + m[2] + fold + "]", false, true
	}
	if rest, is := strings.CutPrefix(part, "xpath="); is {
		return "xpath/" + rest, false, !inner
	}
	if rest, is := strings.CutPrefix(part, "css="); is {
		return rest, false, true
	}
	return part, false, !otherEngine.MatchString(part) && !slices.ContainsFunc([]string{":has-text(", ":text", ":visible", ":nth-match("}, func(w string) bool { return strings.Contains(part, w) })
}

func unquote(s string) string {
	if s == "" {
		return ""
	}
	if u, err := strconv.Unquote(s); err == nil {
		return u
	}
	return strings.NewReplacer(`\\`, `\`, `\"`, `"`).Replace(strings.Trim(s, `"`))
}

// chromeFrames are the indexes of frames that are found by them.
func chromeFrames(frames []recording.Frame) ([]int, bool) {
	var out []int
	for _, f := range frames {
		rest, ok := strings.CutPrefix(f.Best(), frameByIndex)
		n, err := strconv.Atoi(rest)
		if !ok || err != nil {
			return nil, false
		}
		out = append(out, n)
	}
	return out, true
}
