package address

import (
	"net"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

// Canonical is the one form of a reference that stands on a page: absolute, its
// scheme and host in lower case, without default port, dot segments, fragment
// and tracking parameters, percent-encoding in its normal form. The parameters
// that stay keep their order. base may be nil for an absolute reference. It is
// idempotent. The error is an *Error.
func Canonical(base *url.URL, ref string) (*url.URL, error) {
	u, err := resolve(base, ref)
	if err != nil {
		return nil, &Error{ref, BadURL, "not a URL"}
	}
	u.Scheme = strings.ToLower(u.Scheme)
	if u.Scheme != "http" && u.Scheme != "https" {
		return nil, &Error{ref, BadScheme, "only http and https are fetched"}
	}
	if u.User != nil {
		return nil, &Error{ref, Credentials, "a URL with a user name is not followed"}
	}
	host, err := canonicalHost(u)
	if err != nil {
		return nil, &Error{ref, BadURL, "not a host"}
	}
	path := removeDots(normal(withoutSession(u.EscapedPath()), pathChars))
	out, err := url.Parse(u.Scheme + "://" + host + path)
	if err != nil {
		return nil, &Error{ref, BadURL, "not a URL"}
	}
	out.RawQuery = canonicalQuery(u.RawQuery)
	return out, nil
}

// resolve reads a reference as browsers do: spaces around it and line ends in
// it do not count, a backslash is a slash, a percent sign that begins no octet
// is one itself.
func resolve(base *url.URL, ref string) (*url.URL, error) {
	ref = strings.Trim(ref, " \t\r\n\f\x00")
	ref, _, _ = strings.Cut(ref, "#")
	before, query, hasQuery := strings.Cut(ref, "?")
	clean := strings.NewReplacer("\t", "", "\r", "", "\n", "", `\`, "/").Replace(before)
	u, err := url.Parse(mendPercent(clean))
	if err != nil {
		return nil, err
	}
	if u.Opaque != "" && (u.Scheme == "http" || u.Scheme == "https") {
		return nil, &Error{ref, BadURL, "no host"}
	}
	if hasQuery {
		u.RawQuery, u.ForceQuery = strings.NewReplacer("\t", "", "\r", "", "\n", "").Replace(query), true
	}
	if base != nil {
		u = base.ResolveReference(u)
	}
	return u, nil
}

func mendPercent(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	var b strings.Builder
	for i := range len(s) {
		b.WriteByte(s[i])
		if _, ok := octet(s[i:]); s[i] == '%' && !ok {
			b.WriteString("25")
		}
	}
	return b.String()
}

func canonicalHost(u *url.URL) (string, error) {
	name := strings.ToLower(u.Hostname())
	if name == "" || strings.ContainsAny(name, " <>\"%/\\?#@^`{|}") {
		return "", &Error{u.Host, BadURL, "no host"}
	}
	if !isASCII(name) {
		ascii, err := idna.Lookup.ToASCII(name)
		if err != nil {
			return "", err
		}
		name = strings.ToLower(ascii)
	}
	name = strings.TrimSuffix(name, ".")
	if name == "" || name[0] == '.' || strings.Contains(name, "..") || strings.HasSuffix(name, ".") {
		return "", &Error{u.Host, BadURL, "no host"}
	}
	if strings.Contains(name, ":") {
		name = "[" + name + "]"
	}
	port := u.Port()
	if port == "" {
		return name, nil
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return "", err
	}
	if n == 0 || u.Scheme == "http" && n == 80 || u.Scheme == "https" && n == 443 {
		return name, nil
	}
	return name + ":" + strconv.FormatUint(n, 10), nil
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// removeDots is RFC 3986 5.2.4 for an absolute path. Empty segments stay: they
// are a different resource.
func removeDots(path string) string {
	var out []string
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i, s := range segments {
		last := i == len(segments)-1
		switch s {
		case ".", "..":
			if s == ".." && len(out) > 0 {
				out = out[:len(out)-1]
			}
			if last {
				out = append(out, "")
			}
		default:
			out = append(out, s)
		}
	}
	return "/" + strings.Join(out, "/")
}

// withoutSession drops a servlet's session from the path.
func withoutSession(path string) string {
	at := strings.Index(strings.ToLower(path), ";jsessionid=")
	if at < 0 {
		return path
	}
	rest := path[at+1:]
	end := strings.IndexAny(rest, "/;")
	if end < 0 {
		return path[:at]
	}
	return withoutSession(path[:at] + rest[end:])
}

func canonicalQuery(raw string) string {
	var kept []string
	for part := range strings.SplitSeq(raw, "&") {
		part = normal(part, queryChars)
		name, _, _ := strings.Cut(part, "=")
		if part != "" && !tracking(name) {
			kept = append(kept, part)
		}
	}
	return strings.Join(kept, "&")
}

// The characters that stay as they are (RFC 3986 3.3, 3.4).
const (
	pathChars  = "/:@!$&'()*+,;="
	queryChars = pathChars + "?"
)

// normal encodes what is no URI character, decodes what needs no encoding and
// writes hexadecimal digits in upper case.
func normal(s, keep string) string {
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); i++ {
		if c, ok := octet(s[i:]); ok {
			i += 2
			if unreserved(c) {
				b.WriteByte(c)
			} else {
				encode(&b, c)
			}
			continue
		}
		if unreserved(s[i]) || strings.IndexByte(keep, s[i]) >= 0 {
			b.WriteByte(s[i])
		} else {
			encode(&b, s[i])
		}
	}
	return b.String()
}

func octet(s string) (byte, bool) {
	if len(s) < 3 || s[0] != '%' {
		return 0, false
	}
	n, err := strconv.ParseUint(s[1:3], 16, 8)
	return byte(n), err == nil && s[1] != '+'
}

func encode(b *strings.Builder, c byte) {
	const digits = "0123456789ABCDEF"
	b.WriteByte('%')
	b.WriteByte(digits[c>>4])
	b.WriteByte(digits[c&15])
}

func unreserved(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~", c) >= 0
}

// Site names the site of a canonical URL: its host without "www." and its port
// where it is not the scheme's own. The two schemes of a host are one site.
func Site(u *url.URL) string {
	name := strings.TrimPrefix(u.Hostname(), "www.")
	if p := u.Port(); p != "" {
		return net.JoinHostPort(name, p)
	}
	return name
}

// Declared is the address that a page at u gives itself by <link rel=canonical>,
// where that leads to the same site; else u. A page cannot speak for another site.
func Declared(u *url.URL, canonical string) *url.URL {
	if strings.TrimSpace(canonical) == "" {
		return u
	}
	said, err := Canonical(u, canonical)
	if err != nil || Site(said) != Site(u) {
		return u
	}
	return said
}
