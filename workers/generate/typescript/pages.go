package typescript

import (
	"net/url"
	"slices"
	"strings"

	"tapedeck/domain/recording"
	"tapedeck/workers/locator"
)

// pages are the pages of a recording's first tab, and which of them become classes. A flow is written twice: first to see
// what it uses of them, then with the classes.
type pages struct {
	// at is the page that a step's element is on, by the step's id.
	at   map[string]string
	uses []use
	// objects are by page; nil until it is decided.
	objects map[string]*object
	order   []*object
}

// use is an element that a test uses, in the order of the code.
type use struct {
	test int
	page string
	// acts: something is done with it, not only claimed of it.
	acts    bool
	chain   locator.Chain
	element *recording.Facts
}

// object is a page that becomes a class.
type object struct {
	Class, Fixture, File string
	Properties           []pair
	names                map[string]string // of the properties, by what their locators say
}

// Module is what code imports.
func (o *object) Module() string { return "./" + strings.TrimSuffix(o.File, ".ts") }

// often is how many actions on one element make its page a class.
const often = 3

// decide chooses the pages that are used again, and says whether there are any: by several tests, by a flow that acts on
// them again after it was elsewhere, or that acts often on an element of them.
func (p *pages) decide(folder string) bool {
	p.objects = map[string]*object{}
	again := map[string]bool{}
	for _, u := range p.uses {
		if _, known := again[u.page]; !known {
			again[u.page] = p.again(u.page)
		}
		if !again[u.page] {
			continue
		}
		o := p.objects[u.page]
		if o == nil {
			o = p.object(u.page, folder)
			p.objects[u.page] = o
			p.order = append(p.order, o)
		}
		o.property(u)
	}
	return len(p.order) > 0
}

// again says whether a page is used again. Claims alone do not make it so: a small flow of one page stays in its test.
func (p *pages) again(page string) bool {
	visit, before := 0, ""
	tests, visits, elements := map[int]bool{}, map[int]bool{}, map[string]int{}
	for _, u := range p.uses {
		if u.page == page {
			tests[u.test] = true
		}
		if u.test != 0 {
			continue
		}
		if u.page != before {
			visit++
		}
		if before = u.page; u.page == page && u.acts {
			visits[visit] = true
			elements[u.chain.Key()]++
			if elements[u.chain.Key()] >= often {
				return true
			}
		}
	}
	return len(tests) > 1 || len(visits) > 1
}

func (p *pages) object(page, folder string) *object {
	name := unlikeNumber(pageName(page), func(s string) bool {
		return slices.ContainsFunc(p.order, func(o *object) bool { return o.Fixture == s+"Page" })
	})
	o := &object{Fixture: name + "Page", names: map[string]string{}}
	o.Class = strings.ToUpper(o.Fixture[:1]) + o.Fixture[1:]
	o.File = folder + "/" + kebab(o.Fixture) + ".ts"
	return o
}

func (o *object) property(u use) {
	key := u.chain.Key()
	if o.names[key] != "" {
		return
	}
	name := unlikeNumber(elementName(u.chain, u.element), func(s string) bool {
		return slices.Contains(inherited, s) || slices.ContainsFunc(o.Properties, func(p pair) bool { return p.Name == s })
	})
	o.names[key] = name
	o.Properties = append(o.Properties, pair{name, "page." + u.chain.Code("page", '"')})
}

// inherited are names that a class or every object has already.
var inherited = []string{"constructor", "hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable", "then", "toLocaleString", "toString", "valueOf"}

// ofPage writes an element as its page's property; false where its page is none of the classes.
func (f *flow) ofPage(s recording.Step, t *recording.Target, c locator.Chain, page string) (string, bool) {
	if f.pages == nil || page != "page" || f.pages.at[s.ID] == "" {
		return "", false
	}
	at := f.pages.at[s.ID]
	if f.pages.objects == nil {
		f.pages.uses = append(f.pages.uses, use{f.test, at, s.Type != recording.Assert, c, t.Element})
		return "", false
	}
	o := f.pages.objects[at]
	if o == nil || o.names[c.Key()] == "" {
		return "", false
	}
	if !slices.Contains(f.fixtures, o.Fixture) {
		f.fixtures = append(f.fixtures, o.Fixture)
	}
	return o.Fixture + "." + o.names[c.Key()], true
}

// places are the pages that the elements of steps are on, by the step's id, as their evidence shows. Claims have none of
// their own where nobody saw them: they are on the page that the step before them led to. What is on other tabs, or was
// written by hand, is not in it.
func places(doc recording.Document) map[string]string {
	steps := slices.DeleteFunc(slices.Clone(doc.Steps), func(s recording.Step) bool {
		return s.Disabled || s.Page != "" && s.Page != "page"
	})
	out := map[string]string{}
	here := ""
	for i, s := range steps {
		at := ""
		switch {
		case s.Evidence != nil:
			at = s.Evidence.URL
		case s.Type == recording.Assert:
			at = here
		}
		if key := pageKey(at); key != "" && s.ID != "" {
			out[s.ID] = key
		}
		if s.Type != recording.Assert {
			here = ledTo(steps, i, at)
		}
	}
	return out
}

// ledTo is the address after a step, from its evidence or from what comes next; at when nothing tells another.
func ledTo(steps []recording.Step, i int, at string) string {
	if e := steps[i].Evidence; e != nil && e.Navigated != "" {
		return e.Navigated
	}
	for _, next := range steps[i+1:] {
		if next.Type == recording.Navigate {
			break
		}
		if next.Evidence != nil && next.Evidence.URL != "" {
			return next.Evidence.URL
		}
		if a := next.Assertion; a != nil && a.Claim == recording.HasURL && !a.Not && a.Match != "regex" && strings.HasPrefix(a.Expected, "/") {
			if u, err := url.Parse(at); err == nil {
				if to, err := u.Parse(a.Expected); err == nil {
					return to.String()
				}
			}
		}
		if next.Type != recording.Assert && !next.Follows() {
			break
		}
	}
	return at
}
