package twin

import (
	"bytes"
	_ "embed"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/html"
)

// pinning is an expression on one line: a function of the scope, the time to add, in milliseconds, the seed and an ordinal.
var pinning = oneLine(pinSource)

//go:embed pin.js
var pinSource string

// inject puts the run's scripts into a document, or before a worker's own.
func (r *Run) inject(a *Answer) {
	if a.Status >= 300 && a.Status < 400 || len(a.Body) == 0 {
		return
	}
	kind := mediaType(a.Header.Get("Content-Type"))
	switch {
	case isDocument(a.Dest) && (kind == "text/html" || kind == "application/xhtml+xml"):
		r.injectDocument(a, kind)
	case isWorker(a.Dest) && r.opts.Pin && strings.Contains(kind, "script"):
		// On one line, and the directive before it: the script's own lines keep their numbers, and it stays strict.
		strict := ""
		if useStrict.Match(a.Body) {
			strict = `"use strict";`
		}
		a.Body = slices.Concat([]byte(strict+r.pinScript(a)), a.Body)
	}
}

var useStrict = regexp.MustCompile(`^(\s|//[^\n]*\n|/\*(?s:.*?)\*/)*['"]use strict['"]`)

// oneLine folds our own script: its comments have lines of their own, and no statement ends without a sign.
func oneLine(script string) string {
	var out strings.Builder
	for line := range strings.Lines(script) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "//") {
			out.WriteString(line + " ")
		}
	}
	return strings.TrimSpace(out.String())
}

func isDocument(dest string) bool {
	return slices.Contains([]string{"document", "iframe", "frame", "embed", "object"}, dest)
}

func isWorker(dest string) bool {
	return slices.Contains([]string{"worker", "sharedworker", "serviceworker"}, dest)
}

// PinScript pins a document that no server answered (srcdoc, about:blank); in one that is pinned already it does nothing.
func (r *Run) PinScript() string { return r.pinned("", 0) }

// pinScript pins the next document or worker of an address. A service worker's script is compared with the one that is
// installed: it is always the same.
func (r *Run) pinScript(a *Answer) string {
	address, n := a.Entry.Request.URL, 0
	if a.Dest != "serviceworker" {
		r.mu.Lock()
		r.ordinals[address]++
		n = r.ordinals[address]
		r.mu.Unlock()
	}
	return r.pinned(address, n)
}

func (r *Run) pinned(address string, n int) string {
	seed := strconv.FormatUint(r.opts.Seed, 10) + "/" + address
	return fmt.Sprintf("%s(globalThis,%d,%s,%d);", pinning, r.shift().Milliseconds(), strconv.QuoteToASCII(seed), n)
}

func (r *Run) injectDocument(a *Answer, kind string) {
	var scripts []string
	if r.opts.Pin {
		scripts = append(scripts, r.pinScript(a))
	}
	scripts = append(scripts, r.opts.Scripts...)
	if len(scripts) == 0 && !r.opts.StripIntegrity {
		return
	}
	var tags strings.Builder
	var hashes []string
	for _, s := range scripts {
		s = strings.ReplaceAll(s, "</script", `<\/script`)
		hashes = append(hashes, hashOf(s))
		if kind == "application/xhtml+xml" {
			tags.WriteString(`<script xmlns="http://www.w3.org/1999/xhtml">` + html.EscapeString(s) + "</script>")
			continue
		}
		tags.WriteString("<script>" + s + "</script>")
	}
	for _, name := range []string{"Content-Security-Policy", "Content-Security-Policy-Report-Only"} {
		for i, v := range a.Header[name] {
			a.Header[name][i] = allow(v, hashes)
		}
	}
	a.Body = rewrite(a.Body, tags.String(), hashes, r.opts.StripIntegrity)
}

// rewrite puts tags where a document's first script could stand, lets its own policy allow them, and takes integrity
// attributes away. Everything else stays byte for byte.
func rewrite(doc []byte, tags string, hashes []string, strip bool) []byte {
	var out bytes.Buffer
	out.Grow(len(doc) + len(tags))
	put := false
	z := html.NewTokenizer(bytes.NewReader(doc))
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			break
		}
		raw := bytes.Clone(z.Raw())
		if kind != html.StartTagToken && kind != html.SelfClosingTagToken {
			if !put && kind == html.TextToken && len(bytes.Trim(raw, " \t\r\n\f\ufeff")) > 0 {
				out.WriteString(tags)
				put = true
			}
			out.Write(raw)
			continue
		}
		token := z.Token()
		if !put && token.Data != "html" && token.Data != "head" {
			out.WriteString(tags)
			put = true
		}
		out.Write(tag(token, raw, hashes, strip))
		if !put && token.Data == "head" {
			out.WriteString(tags)
			put = true
		}
	}
	if !put {
		out.WriteString(tags)
	}
	return out.Bytes()
}

// tag is a tag as it is to stand in the document.
func tag(token html.Token, raw []byte, hashes []string, strip bool) []byte {
	changed := false
	isPolicy := false
	for _, attr := range token.Attr {
		isPolicy = isPolicy || attr.Key == "http-equiv" && strings.EqualFold(attr.Val, "content-security-policy")
	}
	switch token.Data {
	case "meta":
		for i, attr := range token.Attr {
			if isPolicy && attr.Key == "content" {
				token.Attr[i].Val = allow(attr.Val, hashes)
				changed = true
			}
		}
	case "script", "link":
		if strip {
			before := len(token.Attr)
			token.Attr = slices.DeleteFunc(token.Attr, func(attr html.Attribute) bool { return attr.Key == "integrity" })
			changed = len(token.Attr) != before
		}
	}
	if !changed {
		return raw
	}
	return []byte(token.String())
}
