package locator

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Receivers of calls in playwright-go, by which their types of options are named.
const (
	onPage    = "Page"
	onLocator = "Locator"
	onFrame   = "FrameLocator"
)

// Go is the chain in playwright-go, as it is called on page: `page.GetByRole("button", …)`. It is false for what that has no
// words for.
func (c Chain) Go(page string) (string, bool) {
	code, receiver, ok := c.golang(page)
	if !ok || receiver != onLocator {
		return "", false
	}
	return code, true
}

// golang answers what the code is of, too.
func (c Chain) golang(page string) (code, receiver string, ok bool) {
	code, receiver = page, onPage
	for _, call := range c {
		var args string
		next := onLocator
		switch call.Name {
		case "frameLocator":
			next = onFrame
			args, ok = call.oneText()
		case "contentFrame":
			next = onFrame
			ok = receiver == onLocator && len(call.Args) == 0
		case "first", "last":
			next = receiver
			ok = receiver != onPage && len(call.Args) == 0
		case "nth":
			next = receiver
			if ok = receiver != onPage && len(call.Args) == 1; ok {
				args, ok = whole(call.Args[0])
			}
		case "and", "or":
			if ok = receiver == onLocator && len(call.Args) == 1; ok {
				args, ok = call.Args[0].inner(page)
			}
		case "filter":
			if ok = receiver == onLocator && len(call.Args) == 1; ok {
				args, ok = call.Args[0].options("LocatorFilterOptions", page)
			}
		default:
			args, ok = call.finds(receiver, page)
		}
		if !ok {
			return "", "", false
		}
		code += "." + capital(call.Name) + "(" + args + ")"
		receiver = next
	}
	return code, receiver, true
}

// oneText is the argument of a call that takes a text only.
func (c Call) oneText() (string, bool) {
	if len(c.Args) != 1 || c.Args[0].sort != isText {
		return "", false
	}
	return strconv.Quote(c.Args[0].Text), true
}

// finds are the arguments of a call that looks for elements: what it looks for, perhaps with options.
func (c Call) finds(receiver, page string) (string, bool) {
	if len(c.Args) == 0 || len(c.Args) > 2 || !slices.Contains(begins, c.Name) {
		return "", false
	}
	var first string
	ok := true
	switch what := c.Args[0]; {
	case what.sort == isChain && c.Name == "locator" && receiver != onPage:
		first, ok = what.inner(page)
	case what.sort == isText:
		first = strconv.Quote(what.Text)
	case c.Name == "getByRole" || c.Name == "locator":
		ok = false
	default:
		first, ok = what.words()
	}
	if len(c.Args) == 1 || !ok {
		return first, ok
	}
	given, ok := c.Args[1].options(receiver+capital(c.Name)+"Options", page)
	if given == "" {
		return first, ok
	}
	return first + ", " + given, ok && c.Name != "getByTestId"
}

// kinds are the options of calls that find elements, with what they take.
var kinds = map[string]string{
	"checked": "bool", "disabled": "bool", "exact": "bool", "expanded": "bool", "includeHidden": "bool", "pressed": "bool", "selected": "bool", "visible": "bool",
	"level": "int", "name": "text", "hasText": "text", "hasNotText": "text", "has": "locator", "hasNot": "locator",
}

// takes are the options of each call.
func takes(typeOf string) []string {
	switch {
	case strings.HasSuffix(typeOf, "GetByRoleOptions"):
		return []string{"checked", "disabled", "exact", "expanded", "includeHidden", "level", "name", "pressed", "selected"}
	case strings.HasSuffix(typeOf, "FilterOptions"):
		return []string{"has", "hasNot", "hasNotText", "hasText", "visible"}
	case strings.HasSuffix(typeOf, "LocatorLocatorOptions"), typeOf == "PageLocatorOptions":
		return []string{"has", "hasNot", "hasNotText", "hasText"}
	}
	return []string{"exact"}
}

// options writes an object as a struct; "" when nothing in it says anything. The last of two members with one name counts.
func (v Value) options(typeOf, page string) (string, bool) {
	if v.sort != isObject {
		return "", false
	}
	members := map[string]string{}
	for _, f := range v.Fields {
		if !slices.Contains(takes(typeOf), f.Name) {
			return "", false
		}
		if f.Value.sort == isRaw && (f.Value.Raw == "undefined" || f.Value.Raw == "null") {
			delete(members, f.Name)
			continue
		}
		code, ok := f.Value.option(kinds[f.Name], page)
		if !ok {
			return "", false
		}
		members[f.Name] = capital(f.Name) + ": " + code
	}
	var parts []string
	for _, f := range v.Fields {
		if code, ok := members[f.Name]; ok {
			parts = append(parts, code)
			delete(members, f.Name)
		}
	}
	if len(parts) == 0 {
		return "", true
	}
	return "playwright." + typeOf + "{" + strings.Join(parts, ", ") + "}", true
}

func (v Value) option(kind, page string) (string, bool) {
	switch kind {
	case "bool":
		return "playwright.Bool(" + v.Raw + ")", v.sort == isRaw && (v.Raw == "true" || v.Raw == "false")
	case "int":
		n, ok := whole(v)
		return "playwright.Int(" + n + ")", ok
	case "locator":
		return v.inner(page)
	}
	return v.words()
}

func (v Value) inner(page string) (string, bool) {
	if v.sort != isChain {
		return "", false
	}
	return v.Inner.Go(page)
}

// whole is a whole number; Go would read a zero before it as another one.
func whole(v Value) (string, bool) {
	n, err := strconv.ParseInt(v.Raw, 10, 32)
	return strconv.FormatInt(n, 10), err == nil && v.sort == isRaw
}

// golang is an argument of a matcher as Go: what words takes, and a number.
func (v Value) golang() (string, bool) {
	if n, ok := whole(v); ok {
		return n, true
	}
	return v.words()
}

// words is a text or a regular expression as Go.
func (v Value) words() (string, bool) {
	switch v.sort {
	case isText:
		return strconv.Quote(v.Text), true
	case isPattern:
		return goPattern(v.Text, "")
	case isRaw:
		if end := strings.LastIndexByte(v.Raw, '/'); strings.HasPrefix(v.Raw, "/") && end > 0 {
			return goPattern(v.Raw[1:end], v.Raw[end+1:])
		}
	case isObject, isArray, isChain:
	}
	return "", false
}

// flagsInside is what playwright-go takes for an expression's flags wherever it stands.
var flagsInside = regexp.MustCompile(`\(\?[imsU]+\)`)

// goPattern is a regular expression of JavaScript's in Go. The browser is given its source, so that it means the same there;
// Go has to read it first, which it does not do for all of them.
func goPattern(source, flags string) (string, bool) {
	flags = strings.Map(func(r rune) rune {
		if strings.ContainsRune("gd", r) { // how often, and what is told: no matter here
			return -1
		}
		return r
	}, flags)
	if strings.Trim(flags, "ims") != "" || flagsInside.MatchString(source) {
		return "", false
	}
	if flags != "" {
		source = "(?" + flags + ")" + source
	}
	if _, err := regexp.Compile(source); err != nil {
		return "", false
	}
	return "regexp.MustCompile(" + strconv.Quote(source) + ")", true
}

// Go is the call of a matcher in playwright-go; false for what that has no words for.
func (c Call) Go() (string, bool) {
	parts := make([]string, len(c.Args))
	for i, v := range c.Args {
		var ok bool
		if parts[i], ok = v.golang(); !ok {
			return "", false
		}
	}
	return capital(c.Name) + "(" + strings.Join(parts, ", ") + ")", true
}

func capital(name string) string { return strings.ToUpper(name[:1]) + name[1:] }
