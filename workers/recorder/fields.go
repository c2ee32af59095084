package recorder

import (
	"context"
	"slices"
	"strings"
	"unicode"

	"github.com/playwright-community/playwright-go"
)

// What is typed is on the page before anybody here is told of it. Fields that
// hold secrets by what they are (capture/script/secrets.js has the same rules)
// are therefore hidden whatever stands in them.

// secretKinds are values of autocomplete that make a field one for secrets.
var secretKinds = []string{"one-time-code", "cc-csc", "current-password", "new-password"}

// secretFields finds such fields in a document that the browser shows.
const secretFields = `!!document.querySelector('input[type=password i],[autocomplete~=one-time-code i],[autocomplete~=cc-csc i],` +
	`[autocomplete~=current-password i],[autocomplete~=new-password i]')`

// mayShow says whether a page could show a secret that is not known yet. Once it
// could, it always can: a field may turn into plain text.
func (h *hiders) mayShow(ctx context.Context, page playwright.Page, cdp playwright.CDPSession) (bool, error) {
	h.mu.Lock()
	wary, world := h.wary, h.worlds[page]
	h.mu.Unlock()
	if wary || len(page.Frames()) > 1 {
		return true, nil
	}
	found, err := probe(ctx, cdp, world)
	if err != nil && world != 0 { // the page went elsewhere
		world, err = 0, nil
	}
	if world == 0 && err == nil {
		if world, err = isolated(ctx, cdp); err == nil {
			found, err = probe(ctx, cdp, world)
		}
	}
	if err != nil {
		return true, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.worlds[page] = world
	h.wary = h.wary || found
	return found, nil
}

// isolated is a world in a page's document that its scripts do not see.
func isolated(ctx context.Context, cdp playwright.CDPSession) (float64, error) {
	tree, err := send(ctx, cdp, "Page.getFrameTree", map[string]any{})
	if err != nil {
		return 0, err
	}
	root, _ := tree["frameTree"].(map[string]any)
	frame, _ := root["frame"].(map[string]any)
	world, err := send(ctx, cdp, "Page.createIsolatedWorld", map[string]any{"frameId": frame["id"], "worldName": "tapedeck-hide"})
	return number(world["executionContextId"]), err
}

func probe(ctx context.Context, cdp playwright.CDPSession, world float64) (bool, error) {
	if world == 0 {
		return false, nil
	}
	answer, err := send(ctx, cdp, "Runtime.evaluate", map[string]any{"expression": secretFields, "contextId": world, "returnByValue": true})
	result, _ := answer["result"].(map[string]any)
	found, _ := result["value"].(bool)
	return found, err
}

func send(ctx context.Context, cdp playwright.CDPSession, method string, params map[string]any) (map[string]any, error) {
	answer, err := call(ctx, func() (any, error) { return cdp.Send(method, params) })
	m, _ := answer.(map[string]any)
	return m, err
}

// fieldReader tells which nodes of a document are fields for secrets.
type fieldReader struct {
	layoutReader
	names, parents, attributes []any
	labels                     map[int]string
}

func (r layoutReader) fieldsOf(document map[string]any) fieldReader {
	f := fieldReader{
		layoutReader: r, names: list(document, "nodes", "nodeName"), parents: list(document, "nodes", "parentIndex"),
		attributes: list(document, "nodes", "attributes"), labels: map[int]string{},
	}
	if len(r.declared) == 0 {
		return f
	}
	kinds, texts := list(document, "nodes", "nodeType"), list(document, "nodes", "nodeValue")
	for i := range kinds {
		if number(kinds[i]) != textNode || i >= len(texts) {
			continue
		}
		if label := f.within(i, "LABEL"); label >= 0 {
			f.labels[label] += f.text(texts[i])
		}
	}
	return f
}

// textNode is the kind of a node that is text.
const textNode = 3

// within is the nearest node above with a name; -1 when there is none.
func (f fieldReader) within(node int, name string) int {
	for node >= 0 && node < len(f.parents) {
		if node = int(number(f.parents[node])); node >= 0 && node < len(f.names) && f.text(f.names[node]) == name {
			return node
		}
	}
	return -1
}

func (f fieldReader) attribute(node int, name string) string {
	if node >= len(f.attributes) {
		return ""
	}
	pairs, _ := f.attributes[node].([]any)
	for i := 0; i+1 < len(pairs); i += 2 {
		if strings.EqualFold(f.text(pairs[i]), name) {
			return f.text(pairs[i+1])
		}
	}
	return ""
}

// secret says whether a node is a field for a secret.
func (f fieldReader) secret(node int) bool {
	if strings.EqualFold(f.attribute(node, "type"), "password") {
		return true
	}
	for _, kind := range strings.Fields(strings.ToLower(f.attribute(node, "autocomplete"))) {
		if slices.Contains(secretKinds, kind) {
			return true
		}
	}
	if len(f.declared) == 0 {
		return false
	}
	called := []string{
		f.attribute(node, "name"), f.attribute(node, "id"), f.attribute(node, "aria-label"), f.attribute(node, "placeholder"),
		f.labels[f.within(node, "LABEL")],
	}
	for label, text := range f.labels {
		if id := f.attribute(label, "for"); id != "" && id == f.attribute(node, "id") {
			called = append(called, text)
		}
	}
	return slices.ContainsFunc(f.declared, func(name string) bool {
		return slices.ContainsFunc(called, func(c string) bool { c = plainName(c); return c == name || len(name) >= 4 && strings.Contains(c, name) })
	})
}

// plainName is a name without case and punctuation.
func plainName(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsNumber(r) {
			return r
		}
		return -1
	}, strings.ToLower(s))
}
