package typescript

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"tapedeck/domain/recording"
	"tapedeck/workers/locator"
)

// made is a part of an address that stands for one of many: a number, or an id that a program made.
var made = regexp.MustCompile(`(?i)^(?:\d+|[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{12,}|[0-9a-z_-]*\d[0-9a-z_-]{15,}|[0-9A-HJKMNP-TV-Z]{26})$`)

// pageKey is what addresses of the same page have in common: host and path, with one sign for each made part, and a
// fragment that is a path. It is "" for what is no page's address.
func pageKey(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return ""
	}
	path := u.Path
	if rest, ok := strings.CutPrefix(strings.TrimPrefix(u.Fragment, "!"), "/"); ok {
		rest, _, _ = strings.Cut(rest, "?")
		path += "/" + rest
	}
	var parts []string
	for part := range strings.SplitSeq(path, "/") {
		switch {
		case part == "":
		case made.MatchString(part):
			parts = append(parts, ":id")
		default:
			parts = append(parts, part)
		}
	}
	return u.Host + "/" + strings.Join(parts, "/")
}

// Bounds of names that are made of texts.
const (
	maxWords      = 5
	maxIdentifier = 40
)

// pageName is a page's name, of the last parts of its path.
func pageName(key string) string {
	_, path, _ := strings.Cut(key, "/")
	parts := slices.DeleteFunc(strings.Split(path, "/"), func(s string) bool { return s == ":id" })
	if strings.Trim(path, "/") == "" {
		return "home"
	}
	name := identifier(strings.TrimSuffix(strings.Join(parts[max(len(parts)-3, 0):], " "), ".html"), "")
	if name == "" {
		return "other"
	}
	return name
}

// fields are roles of elements that people call by their names alone.
var fields = []string{"textbox", "searchbox", "spinbutton", "combobox", "checkbox", "radio", "switch", "slider", "listbox"}

// elementName is an element's name as a property: of its accessible name and role as its locator says them, else of what
// it was.
func elementName(c locator.Chain, e *recording.Facts) string {
	name := ""
	for _, call := range slices.Backward(c) {
		if len(call.Args) == 0 {
			continue
		}
		text := call.Args[0].Text
		switch call.Name {
		case "getByRole":
			name = ofRole(text, named(call))
		case "getByText":
			name = identifier(text, "text")
		case "getByAltText":
			name = identifier(text, "image")
		case "getByLabel", "getByPlaceholder", "getByTitle", "getByTestId":
			name = identifier(text, "")
		case "locator":
			if !strings.HasPrefix(text, "/") && !strings.HasPrefix(text, "xpath=") {
				name = identifier(text, "")
			}
		default:
			continue
		}
		break
	}
	if name == "" && e != nil {
		name = ofRole(e.Role, e.Name)
	}
	if name == "" {
		return "element"
	}
	return name
}

func named(call locator.Call) string {
	for _, arg := range call.Args[1:] {
		for _, f := range arg.Fields {
			if f.Name == "name" {
				return f.Value.Text
			}
		}
	}
	return ""
}

func ofRole(role, name string) string {
	if slices.Contains(fields, role) && identifier(name, "") != "" {
		return identifier(name, "")
	}
	return identifier(name, role)
}

// identifier makes a name for code of a text, in camel case, with a word at its end: of a–z, A–Z and 0–9 only, beginning
// with a small letter. It is "" when nothing is left.
func identifier(text, last string) string {
	plain := func(s string) []string {
		s = norm.NFKD.String(strings.ReplaceAll(s, "ß", "ss"))
		s = strings.Map(func(r rune) rune {
			if unicode.Is(unicode.Mn, r) {
				return -1 // an accent
			}
			return r
		}, s)
		return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	}
	words := plain(text)
	words = append(words[:min(len(words), maxWords)], plain(last)...)
	var out strings.Builder
	for i, w := range words {
		if i > 0 && out.Len()+len(w) > maxIdentifier {
			continue
		}
		w = w[:min(len(w), maxIdentifier)]
		switch {
		case out.Len() > 0:
			w = strings.ToUpper(w[:1]) + w[1:]
		case w[0] <= '9':
			w = "n" + w
		}
		out.WriteString(w)
	}
	return out.String()
}

// unlikeNumber gives a name a number when it is taken.
func unlikeNumber(name string, taken func(string) bool) string {
	out := name
	for n := 2; taken(out); n++ {
		out = name + strconv.Itoa(n)
	}
	return out
}

var capital = regexp.MustCompile(`[A-Z]`)

// kebab is a name in camel case for a file.
func kebab(name string) string {
	return capital.ReplaceAllStringFunc(name, func(s string) string { return "-" + strings.ToLower(s) })
}
