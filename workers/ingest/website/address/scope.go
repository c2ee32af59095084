package address

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// ScopeConfig says what belongs to a crawl. Patterns are of three forms: a glob
// of the path that begins with "/" ("/docs/**"), a glob of its end that does not
// ("*.pdf", "drafts/*"), and "re:" with a regular expression (RE2) that is looked
// for in the whole URL. In a glob "*" stands for any characters but "/", "**" for
// any at all; everything else is itself. A glob with "?" is compared with path and
// query, another one with the path; one with "://" with the whole URL.
type ScopeConfig struct {
	// Prefix bounds the crawl to the start's folder ("/docs/" of "/docs/index.html").
	// Defaults to false: the whole site.
	Prefix bool
	// Hosts are further hosts of the site ("static.example.com", "127.0.0.1:8080"). Defaults to none.
	Hosts []string
	// Include lists what is visited. Defaults to all; the starts are always visited.
	Include []string
	// Exclude lists what is not, also where Include names it. Defaults to none.
	Exclude []string
}

// Scope says which addresses belong to a crawl. It is safe for concurrent use.
type Scope struct {
	starts           []string
	sites            []string
	prefixes         []string
	include, exclude []pattern
}

// NewScope is the scope of a crawl from canonical start URLs. The error names
// the pattern that cannot be read.
func NewScope(starts []*url.URL, cfg ScopeConfig) (*Scope, error) {
	s := &Scope{}
	for _, u := range starts {
		s.starts = append(s.starts, u.String())
		s.sites = append(s.sites, Site(u))
		if cfg.Prefix {
			path := u.EscapedPath()
			s.prefixes = append(s.prefixes, Site(u)+path[:strings.LastIndexByte(path, '/')+1])
		}
	}
	for _, host := range cfg.Hosts {
		u, err := Canonical(nil, "https://"+host+"/")
		if err != nil {
			return nil, fmt.Errorf("scope: %q is not a host", host)
		}
		s.sites = append(s.sites, Site(u))
		if cfg.Prefix {
			s.prefixes = append(s.prefixes, Site(u)+"/")
		}
	}
	var err error
	if s.include, err = compile(cfg.Include); err != nil {
		return nil, err
	}
	s.exclude, err = compile(cfg.Exclude)
	return s, err
}

// Check says why a canonical URL does not belong to the crawl, or "".
func (s *Scope) Check(u *url.URL) Reason {
	if !s.SameSite(u) || !s.withinPrefix(u) {
		return OutOfScope
	}
	if slices.Contains(s.starts, u.String()) {
		return ""
	}
	if named(s.exclude, u) {
		return Excluded
	}
	if len(s.include) > 0 && !named(s.include, u) {
		return NotIncluded
	}
	return ""
}

// SameSite says whether a URL is on a site of the crawl.
func (s *Scope) SameSite(u *url.URL) bool { return slices.Contains(s.sites, Site(u)) }

func (s *Scope) withinPrefix(u *url.URL) bool {
	at := Site(u) + u.EscapedPath()
	return s.prefixes == nil || slices.ContainsFunc(s.prefixes, func(p string) bool { return strings.HasPrefix(at, p) })
}

type pattern struct {
	re    *regexp.Regexp
	whole bool // of the URL
	query bool
}

func compile(list []string) ([]pattern, error) {
	var out []pattern
	for _, text := range list {
		p, err := parsePattern(text)
		if err != nil {
			return nil, fmt.Errorf("scope: pattern %q: %w", text, err)
		}
		out = append(out, p)
	}
	return out, nil
}

func parsePattern(text string) (pattern, error) {
	if expr, ok := strings.CutPrefix(text, "re:"); ok {
		re, err := regexp.Compile(expr)
		return pattern{re: re, whole: true}, err
	}
	if text == "" {
		return pattern{}, fmt.Errorf("it is empty; write ** for everything")
	}
	p := pattern{whole: strings.Contains(text, "://"), query: strings.Contains(text, "?")}
	if !p.whole && text[0] != '/' {
		text = "**/" + text
	}
	re, err := regexp.Compile("^" + globExpr(text) + "$")
	p.re = re
	return p, err
}

func globExpr(glob string) string {
	var b strings.Builder
	for i := 0; i < len(glob); i++ {
		switch {
		case strings.HasPrefix(glob[i:], "/**/"):
			b.WriteString("/(?:.*/)?") // "/a/**/b" names "/a/b" too
			i += 3
		case strings.HasPrefix(glob[i:], "**"):
			b.WriteString(".*")
			i++
		case glob[i] == '*':
			b.WriteString("[^/]*")
		default:
			b.WriteString(regexp.QuoteMeta(glob[i : i+1]))
		}
	}
	return b.String()
}

func named(list []pattern, u *url.URL) bool {
	return slices.ContainsFunc(list, func(p pattern) bool {
		switch {
		case p.whole:
			return p.re.MatchString(u.String())
		case p.query:
			return p.re.MatchString(u.RequestURI())
		default:
			return p.re.MatchString(u.EscapedPath()) || p.re.MatchString(u.Path)
		}
	})
}
