package recorder

import (
	"archive/zip"
	"bufio"
	"bytes"
	"crypto/sha1" //nolint:gosec // the names that the trace's own format uses
	"encoding/hex"
	"errors"
	"fmt"
	"html"
	"io"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"

	"tapedeck/artifacts"
	"tapedeck/domain/recording"
	"tapedeck/workers/recorder/mask"
)

// errTraceSize says that a trace is too large to be masked.
var errTraceSize = errors.New("the trace is too large")

// maskTrace writes the driver's trace anew: every text through the masker, names
// that a person can read, and nothing of single keys and mouse moves, which
// would spell out what was typed. Of the marks it keeps the last one of each
// step that has a name.
func maskTrace(from, to string, m *mask.Masker, limit int64, names map[string]string) error {
	in, err := zip.OpenReader(from)
	if err != nil {
		return fmt.Errorf("read the trace: %w", err)
	}
	defer func() { _ = in.Close() }()
	var size int64
	for _, f := range in.File {
		size += int64(f.UncompressedSize64)
	}
	if size > limit {
		return errTraceSize
	}
	file, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	t := &traceMasker{mask: m, in: in.File, out: zip.NewWriter(file), renamed: map[string]string{}, dropped: map[string]bool{}, names: names, marks: map[string]string{}}
	if err := t.run(); err != nil {
		return err
	}
	return errors.Join(t.out.Close(), file.Close())
}

type traceMasker struct {
	mask    *mask.Masker
	in      []*zip.File
	out     *zip.Writer
	renamed map[string]string // resources, named by the digest of what they hold now
	dropped map[string]bool   // calls that are left out
	names   map[string]string // of steps, by their ids
	marks   map[string]string // of each step, the call of its last mark
	written map[string]bool
	secrets []string // those that are known when the snapshots are written
}

// run does the resources first: the others name them. What is learned from
// network and resources is known when the pages' snapshots are written.
func (t *traceMasker) run() error {
	t.written = map[string]bool{}
	for _, pass := range []func(*zip.File) error{t.resource, t.network, t.findMarks, t.events} {
		t.secrets = t.mask.Values()
		for _, f := range t.in {
			if err := pass(f); err != nil {
				return fmt.Errorf("mask the trace: %s: %w", path.Base(f.Name), err)
			}
		}
	}
	return nil
}

func readAll(f *zip.File) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	return io.ReadAll(r)
}

func (t *traceMasker) resource(f *zip.File) error {
	name, ok := strings.CutPrefix(f.Name, "resources/")
	if !ok {
		return nil
	}
	b, err := readAll(f)
	if err != nil {
		return err
	}
	masked := t.mask.Body(artifacts.TypeOf(name), b)
	sum := sha1.Sum(masked) //nolint:gosec // a name
	fresh := hex.EncodeToString(sum[:]) + path.Ext(name)
	t.renamed[name] = fresh
	if t.written[fresh] {
		return nil
	}
	t.written[fresh] = true
	w, err := t.out.Create("resources/" + fresh)
	if err != nil {
		return err
	}
	_, err = w.Write(masked)
	return err
}

func (t *traceMasker) network(f *zip.File) error {
	if path.Ext(f.Name) != ".network" {
		return nil
	}
	return t.lines(f, func(line map[string]any) bool {
		if snapshot, ok := line["snapshot"].(map[string]any); ok {
			t.exchange(snapshot)
		}
		t.texts(line)
		return true
	})
}

// exchange masks one HAR entry in place.
func (t *traceMasker) exchange(entry map[string]any) {
	for _, side := range []string{"request", "response"} {
		message, _ := entry[side].(map[string]any)
		for _, kind := range []string{"headers", "cookies"} {
			pairs, _ := message[kind].([]any)
			for _, p := range pairs {
				pair, _ := p.(map[string]any)
				name, _ := pair["name"].(string)
				value, _ := pair["value"].(string)
				if kind == "cookies" {
					pair["value"] = strings.TrimPrefix(t.mask.Header("Cookie", name+"="+value), name+"=")
				} else {
					pair["value"] = t.mask.Header(name, value)
				}
			}
		}
		for _, kind := range []string{"postData", "content"} {
			body, _ := message[kind].(map[string]any)
			mime, _ := body["mimeType"].(string)
			if text, ok := body["text"].(string); ok {
				body["text"] = string(t.mask.Body(mime, []byte(text)))
			}
		}
	}
}

// The driver's trace knows nothing of what a person does. A mark is a call of the driver in its place, which does
// nothing and brings a snapshot of the page with it.
const markPrefix = `void "tapedeck step `

func traceMark(step string) string { return markPrefix + fileName(step) + `"` }

// markNames are the lines that persons' steps get; where the browser was sent is in the trace by itself.
func markNames(steps []recording.Step) map[string]string {
	names := map[string]string{}
	for _, s := range steps {
		if s.By == "person" && s.Type != recording.Navigate {
			names[fileName(s.ID)] = s.Words()
		}
	}
	return names
}

// marked is the step that a call marks; empty for any other call.
func marked(line map[string]any) string {
	params, _ := line["params"].(map[string]any)
	expression, _ := params["expression"].(string)
	step, ok := strings.CutPrefix(expression, markPrefix)
	if !ok || line["class"] != "Frame" || line["method"] != "evaluateExpression" {
		return ""
	}
	return strings.TrimSuffix(step, `"`)
}

// findMarks finds the last mark of each step: a text that grows is seen several times.
func (t *traceMasker) findMarks(f *zip.File) error {
	if path.Ext(f.Name) != ".trace" {
		return nil
	}
	return readLines(f, func(line map[string]any) error {
		if step := marked(line); step != "" {
			t.marks[step], _ = line["callId"].(string)
		}
		return nil
	})
}

// events are the trace itself. The stacks name files of this machine: they are left out.
func (t *traceMasker) events(f *zip.File) error {
	if path.Ext(f.Name) != ".trace" {
		return nil
	}
	return t.lines(f, t.event)
}

// kept are the calls of the driver that say what was done; the others are how
// it was done (single keys, mouse moves, looking around).
var kept = map[string]string{
	"Frame.goto": "page.goto", "Page.reload": "page.reload", "Page.goBack": "page.goBack", "Page.goForward": "page.goForward",
	"Frame.click": "locator.click", "Frame.dblclick": "locator.dblclick", "Frame.fill": "locator.fill", "Frame.press": "locator.press",
	"Frame.type": "locator.pressSequentially", "Frame.check": "locator.check", "Frame.uncheck": "locator.uncheck",
	"Frame.selectOption": "locator.selectOption", "Frame.setInputFiles": "locator.setInputFiles", "Frame.hover": "locator.hover",
	"Frame.tap": "locator.tap", "Frame.dragAndDrop": "locator.dragTo", "Frame.focus": "locator.focus", "Frame.expect": "expect",
	"Frame.waitForSelector": "locator.waitFor", "Page.setViewportSize": "page.setViewportSize", "Page.close": "page.close",
	"Page.keyboardPress": "keyboard.press", "BrowserContext.newPage": "context.newPage", "Dialog.accept": "dialog.accept",
	"Dialog.dismiss": "dialog.dismiss", "ElementHandle.setInputFiles": "locator.setInputFiles",
}

// event masks one line in place; false leaves it out.
func (t *traceMasker) event(line map[string]any) bool {
	kind, _ := line["type"].(string)
	call, _ := line["callId"].(string)
	switch kind {
	case "before":
		if !t.name(line) {
			t.dropped[call] = true
			return false
		}
	case "after", "input", "log":
		if t.dropped[call] {
			return false
		}
	case "context-options":
		options, _ := line["options"].(map[string]any)
		for _, secret := range []string{"httpCredentials", "proxy", "extraHTTPHeaders", "storageState", "clientCertificates"} {
			delete(options, secret)
		}
	case "screencast-frame":
		return false
	case "frame-snapshot":
		if snapshot, ok := line["snapshot"].(map[string]any); ok { // of a dropped call too: later ones point back to it
			t.snapshot(snapshot)
		}
	}
	t.texts(line)
	return true
}

// name gives an action a name that a person can read; false for what is no action.
func (t *traceMasker) name(line map[string]any) bool {
	class, _ := line["class"].(string)
	method, _ := line["method"].(string)
	delete(line, "stack")
	if method == "tracingGroup" {
		params, _ := line["params"].(map[string]any)
		if name, ok := params["name"].(string); ok {
			line["apiName"] = name
		}
		return true
	}
	if step := marked(line); step != "" {
		name, ok := t.names[step]
		line["apiName"], line["params"] = name, map[string]any{}
		return ok && line["callId"] == t.marks[step]
	}
	name, ok := kept[class+"."+method]
	if ok {
		line["apiName"] = name
	}
	return ok
}

// texts masks every text in place and puts the resources' new names in.
func (t *traceMasker) texts(v any) any {
	switch v := v.(type) {
	case string:
		if fresh, ok := t.renamed[v]; ok {
			return fresh
		}
		return t.mask.Text(v)
	case []any:
		for i := range v {
			v[i] = t.texts(v[i])
		}
	case map[string]any:
		for key, value := range v {
			text, isText := value.(string)
			if isText && (strings.HasSuffix(key, "url") || strings.HasSuffix(key, "Url") || strings.HasSuffix(key, "URL")) {
				v[key] = t.mask.URL(text)
			} else if key != "name" || !isText || v["value"] == nil { // a header's name is no secret
				v[key] = t.texts(value)
			}
		}
	}
	return v
}

// typedInto is where a snapshot keeps what stands in a field.
const typedInto = "__playwright_value_"

// snapshot masks the texts of a page across its elements: a secret that is
// split between two of them is one for whoever looks at the page.
func (t *traceMasker) snapshot(snapshot map[string]any) {
	tree, ok := snapshot["html"].([]any)
	if !ok {
		return
	}
	var places []func(string)
	var joined strings.Builder
	var walk func(node []any)
	walk = func(node []any) {
		if len(node) == 0 {
			return
		}
		if tag, ok := node[0].(string); ok && len(node) > 1 {
			if attributes, ok := node[1].(map[string]any); ok {
				t.hideTyped(tag, attributes)
			}
		}
		for i := 2; i < len(node); i++ {
			switch child := node[i].(type) {
			case string:
				fmt.Fprintf(&joined, "<i%d>%s", len(places), html.EscapeString(child))
				places = append(places, func(text string) { node[i] = text })
			case []any:
				walk(child)
			}
		}
	}
	if _, ok := tree[0].(string); !ok {
		return // nothing but a reference
	}
	walk(tree)
	masked := string(t.mask.Body("text/html", []byte(joined.String())))
	marks := marker.FindAllStringSubmatchIndex(masked, -1)
	if len(marks) != len(places) {
		return // a text looks like a mark: they are masked one by one
	}
	for i, at := range marks {
		end := len(masked)
		if i+1 < len(marks) {
			end = marks[i+1][0]
		}
		if n, _ := strconv.Atoi(masked[at[2]:at[3]]); n == i {
			places[i](html.UnescapeString(masked[at[1]:end]))
		}
	}
}

var marker = regexp.MustCompile(`<i(\d+)>`)

// hideTyped takes away what stands in a field for passwords, known or not, and
// in any other field the beginning of a secret: snapshots are taken while it is typed.
func (t *traceMasker) hideTyped(tag string, attributes map[string]any) {
	kind, _ := attributes["type"].(string)
	password := strings.EqualFold(tag, "input") && strings.EqualFold(kind, "password")
	for name, value := range attributes {
		if name != typedInto && !strings.EqualFold(name, "value") {
			continue
		}
		text, _ := value.(string)
		if password || t.begins(text) {
			attributes[name] = bullets
		}
	}
}

// begins says whether a text is the beginning of a secret, and not all of it.
func (t *traceMasker) begins(text string) bool {
	return len(text) >= minPrefix && slices.ContainsFunc(t.secrets, func(secret string) bool {
		return len(text) < len(secret) && strings.HasPrefix(secret, text)
	})
}

// lines writes a file of JSON lines anew.
func (t *traceMasker) lines(f *zip.File, change func(map[string]any) bool) error {
	w, err := t.out.Create(f.Name)
	if err != nil {
		return err
	}
	return readLines(f, func(line map[string]any) error {
		if !change(line) {
			return nil
		}
		if err := json.MarshalWrite(w, line, json.Deterministic(true)); err != nil {
			return err
		}
		_, err := io.WriteString(w, "\n")
		return err
	})
}

// readLines hands each line of a file over.
func readLines(f *zip.File, take func(map[string]any) error) error {
	r, err := f.Open()
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	in := bufio.NewReader(r)
	for {
		b, err := in.ReadBytes('\n')
		if b = bytes.TrimSpace(b); len(b) > 0 {
			var line map[string]any
			if json.Unmarshal(b, &line) == nil { // the browser may have died while it was written
				if err := take(line); err != nil {
					return err
				}
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
