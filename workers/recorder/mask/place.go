package mask

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"tapedeck/domain/recording"
)

// Header masks the value of a header by its name, and what is known in any other.
func (m *Masker) Header(name, value string) string {
	switch strings.ToLower(name) {
	case "authorization", "proxy-authorization":
		return m.authorization(value)
	case "cookie":
		return m.cookies(value)
	case "set-cookie":
		pair, attributes, _ := strings.Cut(value, ";")
		if attributes != "" || strings.HasSuffix(value, ";") {
			attributes = ";" + m.Text(attributes)
		}
		return m.cookie(pair) + attributes
	case "location", "referer", "content-location", "refresh", "link", "origin":
		return m.URL(value)
	}
	if sensitive(name) && !strings.EqualFold(name, "www-authenticate") {
		return m.Placeholder(Token, name, value)
	}
	return m.Text(value)
}

// authorization keeps the scheme. Of Basic credentials the user's name stays.
func (m *Masker) authorization(value string) string {
	scheme, credentials, ok := strings.Cut(value, " ")
	if !ok {
		return m.Placeholder(Auth, "authorization", value)
	}
	if strings.EqualFold(scheme, "basic") {
		if raw, err := base64.StdEncoding.DecodeString(credentials); err == nil {
			user, password, _ := strings.Cut(string(raw), ":")
			return scheme + " " + base64.StdEncoding.EncodeToString([]byte(m.Text(user)+":"+m.Placeholder(Auth, "basic", password)))
		}
	}
	return scheme + " " + m.Placeholder(Auth, strings.ToLower(scheme), credentials)
}

func (m *Masker) cookies(value string) string {
	pairs := strings.Split(value, ";")
	for i, pair := range pairs {
		pairs[i] = m.cookie(pair)
	}
	return strings.Join(pairs, ";")
}

// cookie masks one name=value. Only a value that looks drawn at random is looked for elsewhere: "theme=darkblue" would
// take the word out of every page.
func (m *Masker) cookie(pair string) string {
	name, value, ok := strings.Cut(pair, "=")
	if !ok || value == "" {
		return pair
	}
	m.count(Cookie, 1)
	if sensitive(name) || random(value) {
		return name + "=" + m.Declare(Cookie, strings.TrimSpace(name), value)
	}
	return name + "=" + m.placeholder(value)
}

// random says whether a value looks drawn rather than written: long, with letters and digits.
func random(value string) bool {
	return len(value) >= 12 && strings.ContainsAny(value, "0123456789") &&
		strings.ContainsFunc(value, func(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' })
}

// URL masks a password in it, query and fragment parameters by their names, and what is known in the rest. Everything
// else stays byte for byte.
func (m *Masker) URL(s string) string {
	head, fragment, hasFragment := strings.Cut(s, "#")
	head, query, hasQuery := strings.Cut(head, "?")
	head = m.userinfo(head)
	out := m.Text(head)
	if hasQuery {
		out += "?" + m.parameters(query)
	}
	if hasFragment {
		out += "#" + m.parameters(fragment)
	}
	return out
}

func (m *Masker) userinfo(head string) string {
	scheme, rest, ok := strings.Cut(head, "://")
	authority, path, hasPath := strings.Cut(rest, "/")
	at := strings.LastIndexByte(authority, '@')
	user, password, hasPassword := strings.Cut(authority[:max(at, 0)], ":")
	if !ok || at < 0 || !hasPassword {
		return head
	}
	if plain, err := url.PathUnescape(password); err == nil {
		password = plain
	}
	head = scheme + "://" + user + ":" + url.UserPassword("", m.Placeholder(Password, "url", password)).String()[1:] + authority[at:]
	if hasPath {
		head += "/" + path
	}
	return head
}

// parameters masks name=value pairs with & or ; between them.
func (m *Masker) parameters(s string) string {
	pairs := strings.Split(s, "&")
	for i, pair := range pairs {
		name, value, ok := strings.Cut(pair, "=")
		plainName, err := url.QueryUnescape(name)
		if !ok || err != nil || !sensitive(plainName) && !oauth(plainName, value) {
			pairs[i] = m.Text(pair)
			continue
		}
		plain, err := url.QueryUnescape(value)
		if err != nil {
			plain = value
		}
		pairs[i] = name + "=" + url.QueryEscape(m.Placeholder(Token, plainName, plain))
	}
	return strings.Join(pairs, "&")
}

// oauth knows the parameters of RFC 6749 that are credentials although their names are common words; "state=open" is a
// filter.
func oauth(name, value string) bool {
	return (name == "code" || name == "state" || name == "assertion") && (random(value) || len(value) >= 20)
}

// Body masks a decoded body by its content type: members of JSON and fields of forms by their names, and what is known
// everywhere, in pages across tags.
func (m *Masker) Body(contentType string, b []byte) []byte {
	kind, params, _ := mime.ParseMediaType(contentType)
	switch {
	case len(b) == 0:
		return b
	case kind == "application/x-www-form-urlencoded":
		return []byte(m.parameters(string(b)))
	case kind == "multipart/form-data":
		return m.form(b, params["boundary"])
	case kind == "application/json" || strings.HasSuffix(kind, "+json"):
		return m.find(m.json(b), false)
	case kind == "text/html" || strings.HasSuffix(kind, "xml"):
		return m.find(b, true)
	}
	if trimmed := bytes.TrimLeft(b, " \t\r\n"); len(trimmed) > 0 && (trimmed[0] == '{' || trimmed[0] == '[') {
		return m.find(m.json(b), false)
	}
	return m.find(b, false)
}

// form masks fields of a multipart body by their names, in place: the boundaries and headers stay as they are.
func (m *Masker) form(b []byte, boundary string) []byte {
	reader := multipart.NewReader(bytes.NewReader(b), boundary)
	for {
		part, err := reader.NextRawPart()
		if err != nil {
			return m.find(b, false)
		}
		value, err := io.ReadAll(part)
		if err != nil {
			return m.find(b, false)
		}
		if part.FileName() == "" && sensitive(part.FormName()) && len(value) > 0 {
			old := []byte("\r\n\r\n" + string(value) + "\r\n--" + boundary)
			b = bytes.ReplaceAll(b, old, []byte("\r\n\r\n"+m.Placeholder(Token, part.FormName(), string(value))+"\r\n--"+boundary))
		}
	}
}

// json masks strings and numbers of members with sensitive names, in place: white space, order and all else stay. What
// is no JSON stays as it is.
func (m *Masker) json(b []byte) []byte {
	dec := jsontext.NewDecoder(bytes.NewReader(b), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	var out []byte
	copied := 0
	name := ""
	for {
		kind := dec.PeekKind()
		isName := false
		if depth := dec.StackDepth(); depth > 0 {
			parent, length := dec.StackIndex(depth)
			isName = parent == '{' && length%2 == 0
			if parent == '[' && !sensitive(name) {
				name = ""
			}
		}
		if kind != '"' && kind != '0' {
			if _, err := dec.ReadToken(); err != nil { // the end, or where the JSON breaks off
				return append(out, b[copied:]...)
			}
			continue
		}
		raw, err := dec.ReadValue()
		if err != nil {
			return append(out, b[copied:]...)
		}
		text := string(raw)
		if kind == '"' {
			text = unquote(raw)
		}
		if isName {
			name = text
			continue
		}
		if !sensitive(name) || kind == '0' && strings.ContainsAny(text, "eE") {
			continue
		}
		end := int(dec.InputOffset())
		out = append(out, b[copied:end-len(raw)]...)
		masked := m.Placeholder(Token, name, text)
		if kind == '"' {
			out, _ = jsontext.AppendQuote(out, masked)
		} else {
			out = append(out, masked...)
		}
		copied = end
	}
}

func unquote(raw jsontext.Value) string {
	plain, err := jsontext.AppendUnquote(nil, raw)
	if err != nil {
		return string(raw)
	}
	return string(plain)
}

// sensitive says whether what has this name is a secret.
func sensitive(name string) bool { return recording.SecretName(name) }
