package har

import (
	"bytes"
	"encoding/base64"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"
)

// asText is a body as JSON can hold it: text where the type says text and the
// bytes are, base64 otherwise.
func asText(kind string, b []byte) (text, encoding string) {
	if len(b) == 0 {
		return "", ""
	}
	if utf8.Valid(b) && (isText(kind) || kind == "" && !bytes.ContainsRune(b, 0)) {
		return string(b), ""
	}
	return base64.StdEncoding.EncodeToString(b), "base64"
}

func isText(kind string) bool {
	m := media(kind)
	return strings.HasPrefix(m, "text/") || strings.HasSuffix(m, "json") || strings.HasSuffix(m, "xml") ||
		strings.HasSuffix(m, "javascript") || strings.HasSuffix(m, "ecmascript") ||
		m == "application/x-www-form-urlencoded" || m == "application/x-ndjson" || m == "application/graphql" ||
		m == "multipart/form-data" || m == "application/yaml"
}

func media(kind string) string {
	m, _, _ := mime.ParseMediaType(kind)
	if m == "" {
		m, _, _ = strings.Cut(kind, ";")
	}
	return strings.ToLower(strings.TrimSpace(m))
}

func query(raw string) []pair {
	out := []pair{}
	u, err := url.Parse(raw)
	if err != nil {
		return out
	}
	return append(out, formPairs(u.RawQuery)...)
}

// formPairs reads a query or form in its order, as it is where it is malformed.
func formPairs(s string) []pair {
	out := []pair{}
	for part := range strings.SplitSeq(s, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		out = append(out, pair{unescape(name), unescape(value)})
	}
	return out
}

func unescape(s string) string {
	if u, err := url.QueryUnescape(s); err == nil {
		return u
	}
	return s
}

func requestCookies(line string) []cookie {
	var out []cookie
	for part := range strings.SplitSeq(line, ";") {
		if name, value, ok := strings.Cut(strings.TrimSpace(part), "="); ok {
			out = append(out, cookie{Name: name, Value: value})
		}
	}
	return out
}

func responseCookie(line string) []cookie {
	c, err := http.ParseSetCookie(line)
	if err != nil {
		name, value, _ := strings.Cut(line, "=")
		value, _, _ = strings.Cut(value, ";")
		return []cookie{{Name: strings.TrimSpace(name), Value: strings.TrimSpace(value)}}
	}
	out := cookie{Name: c.Name, Value: c.Value, Path: c.Path, Domain: c.Domain, HTTPOnly: c.HttpOnly, Secure: c.Secure}
	if !c.Expires.IsZero() {
		out.Expires = stamp(c.Expires)
	}
	switch c.SameSite {
	case http.SameSiteLaxMode:
		out.SameSite = "Lax"
	case http.SameSiteStrictMode:
		out.SameSite = "Strict"
	case http.SameSiteNoneMode:
		out.SameSite = "None"
	}
	return []cookie{out}
}
