package recorder

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/playwright-community/playwright-go"

	"tapedeck/domain/recording"
	"tapedeck/workers/recorder/mask"
	"tapedeck/workers/recorder/stage"
)

// hiders find where secrets are to be seen on pages. The browser is asked for
// its layout, texts with their places; nothing runs in the page, and the
// secrets do not leave this process.
type hiders struct {
	mask *mask.Masker
	mu   sync.Mutex
	cdp  map[playwright.Page]playwright.CDPSession
	now  string   // what stands in the field for a secret that is typed into
	had  []string // typed secrets, also those that are too short to be looked for everywhere

	declared []string // the plain names of secrets, which fields may have
	wary     bool     // a page has or had a field for secrets
	worlds   map[playwright.Page]float64
	shown    map[playwright.Page]string // the documents that a frame was kept of last
}

// newHiders looks for what the masker knows, and for fields with the names of secrets.
func newHiders(m *mask.Masker, names []string) *hiders {
	h := &hiders{mask: m, cdp: map[playwright.Page]playwright.CDPSession{}, worlds: map[playwright.Page]float64{}, shown: map[playwright.Page]string{}, wary: len(names) > 0}
	for _, name := range names {
		if name = plainName(name); name != "" {
			h.declared = append(h.declared, name)
		}
	}
	return h
}

func (h *hiders) add(page playwright.Page, cdp playwright.CDPSession) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.cdp[page] = cdp
}

// typed notes what stands in a secret's field now.
func (h *hiders) typed(value string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = value
}

// learn notes a secret that was typed.
func (h *hiders) learn(value string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !slices.Contains(h.had, value) {
		h.had = append(h.had, value)
	}
	h.now = ""
}

// known is all that is to be looked for. What is being typed counts already: a page may say it again at once.
func (h *hiders) known() secretsOf {
	s := secretsOf{everywhere: h.mask.Values(), declared: h.declared}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.now != "" {
		s.fields = append(s.fields, h.now)
	}
	if len(h.now) >= mask.MinLength {
		s.everywhere = append(s.everywhere, h.now)
	}
	s.fields = append(s.fields, h.had...)
	return s
}

// frameBoxes are the boxes for a picture that was taken before. They are those
// of the document that is there now, which the picture need not show.
func (h *hiders) frameBoxes(ctx context.Context, page playwright.Page) ([]recording.Box, error) {
	boxes, now, err := h.settled(ctx, page)
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	before := h.shown[page]
	if h.shown[page] = now; before != now {
		return boxes, stage.ErrElsewhere
	}
	return boxes, nil
}

// settled are the boxes with the documents that they are in.
func (h *hiders) settled(ctx context.Context, page playwright.Page) ([]recording.Box, string, error) {
	before, err := h.documents(ctx, page)
	if err != nil {
		return nil, "", err
	}
	boxes, err := h.boxes(ctx, page)
	if err != nil {
		return nil, "", err
	}
	after, err := h.documents(ctx, page)
	if err == nil && before != after {
		err = stage.ErrElsewhere
	}
	return boxes, after, err
}

// documents names what is loaded in a page and its frames.
func (h *hiders) documents(ctx context.Context, page playwright.Page) (string, error) {
	h.mu.Lock()
	cdp := h.cdp[page]
	h.mu.Unlock()
	if cdp == nil {
		return "", errNotAttended
	}
	tree, err := send(ctx, cdp, "Page.getFrameTree", map[string]any{})
	root, _ := tree["frameTree"].(map[string]any)
	return strings.Join(loaders(root), " "), err
}

func loaders(tree map[string]any) []string {
	frame, _ := tree["frame"].(map[string]any)
	id, _ := frame["loaderId"].(string)
	ids := []string{id}
	for _, child := range list(tree, "childFrames") {
		inner, _ := child.(map[string]any)
		ids = append(ids, loaders(inner)...)
	}
	return ids
}

// boxes are the places of a page's viewport that no picture may show. It costs
// little as long as no secret is known and no field could hold one.
func (h *hiders) boxes(ctx context.Context, page playwright.Page) ([]recording.Box, error) {
	var boxes []recording.Box
	h.mu.Lock()
	cdp := h.cdp[page]
	h.mu.Unlock()
	if cdp == nil {
		return nil, errNotAttended
	}
	secrets := h.known()
	if len(secrets.everywhere) == 0 && len(secrets.fields) == 0 {
		if may, err := h.mayShow(ctx, page, cdp); err != nil || !may {
			return nil, err
		}
	}
	answer, err := call(ctx, func() (any, error) {
		return cdp.Send("DOMSnapshot.captureSnapshot", map[string]any{"computedStyles": []string{}})
	})
	if err != nil {
		return nil, err
	}
	boxes = append(boxes, findSecrets(answer, secrets)...)
	return append(boxes, h.frames(ctx, page, secrets)...), nil
}

var errNotAttended = errorText("the page is not attended yet")

type errorText string

func (e errorText) Error() string { return string(e) }

// frames are those of documents in processes of their own, which the page's layout does not hold.
func (h *hiders) frames(ctx context.Context, page playwright.Page, secrets secretsOf) (boxes []recording.Box) {
	for _, frame := range page.Frames() {
		if frame.ParentFrame() == nil || hostOf(frame.URL()) == "" || sameSite(frame.URL(), page.URL()) {
			continue
		}
		found, place := h.frame(ctx, page, frame, secrets)
		for _, b := range found {
			b.X, b.Y = b.X+place.X, b.Y+place.Y
			boxes = append(boxes, b)
		}
	}
	return boxes
}

// frameWithin bounds how long one frame is looked at: one that goes away meanwhile may never answer.
const frameWithin = 2 * time.Second

func (h *hiders) frame(ctx context.Context, page playwright.Page, frame playwright.Frame, secrets secretsOf) ([]recording.Box, recording.Box) {
	var none recording.Box
	ctx, cancel := context.WithTimeout(ctx, frameWithin)
	defer cancel()
	cdp, err := call(ctx, func() (playwright.CDPSession, error) { return page.Context().NewCDPSession(frame) })
	if err != nil {
		return nil, none // it lives in the page's own process
	}
	defer func() { _, _ = call(ctx, func() (any, error) { return nil, cdp.Detach() }) }()
	answer, err := call(ctx, func() (any, error) {
		return cdp.Send("DOMSnapshot.captureSnapshot", map[string]any{"computedStyles": []string{}})
	})
	if err != nil {
		return nil, none
	}
	found := findSecrets(answer, secrets)
	if len(found) == 0 {
		return nil, none
	}
	place, err := call(ctx, func() (*playwright.Rect, error) {
		element, err := frame.FrameElement()
		if err != nil {
			return nil, err
		}
		return element.BoundingBox()
	})
	if err != nil || place == nil {
		return nil, none
	}
	return found, recording.Box{X: place.X, Y: place.Y}
}

func sameSite(a, b string) bool { return hostOf(a) == hostOf(b) }

func hostOf(address string) string {
	_, rest, _ := strings.Cut(address, "://")
	host, _, _ := strings.Cut(rest, "/")
	return host
}

// findSecrets reads the answer of DOMSnapshot.captureSnapshot.
func findSecrets(answer any, secrets secretsOf) []recording.Box {
	root, _ := answer.(map[string]any)
	documents, _ := root["documents"].([]any)
	names, _ := root["strings"].([]any)
	r := layoutReader{strings: names}
	for _, s := range secrets.everywhere {
		r.secrets = append(r.secrets, []rune(strings.ToLower(s)))
	}
	r.fields, r.declared = secrets.fields, secrets.declared
	offsets := r.offsets(documents)
	var boxes []recording.Box
	for i, d := range documents {
		document, _ := d.(map[string]any)
		for _, b := range append(r.texts(document), r.inputs(document)...) {
			b.X, b.Y = b.X+offsets[i].X, b.Y+offsets[i].Y
			boxes = append(boxes, b)
		}
	}
	return boxes
}

// secretsOf are the values to look for: anywhere, and as the whole content of a
// field; and the plain names of fields that hold secrets.
type secretsOf struct{ everywhere, fields, declared []string }

type layoutReader struct {
	strings          []any
	secrets          [][]rune
	fields, declared []string
}

func list(m map[string]any, path ...string) []any {
	for _, key := range path[:len(path)-1] {
		m, _ = m[key].(map[string]any)
	}
	l, _ := m[path[len(path)-1]].([]any)
	return l
}

func number(v any) float64 { f, _ := v.(float64); return f }

func (r layoutReader) text(v any) string {
	i := int(number(v))
	if i < 0 || i >= len(r.strings) {
		return ""
	}
	s, _ := r.strings[i].(string)
	return s
}

func boxOf(v any) recording.Box {
	b, _ := v.([]any)
	if len(b) < 4 {
		return recording.Box{}
	}
	return recording.Box{X: number(b[0]), Y: number(b[1]), Width: number(b[2]), Height: number(b[3])}
}

// offsets are where each document's own origin lies in the viewport: a frame's
// document begins where the frame stands, less what is scrolled.
func (r layoutReader) offsets(documents []any) []recording.Point {
	out := make([]recording.Point, len(documents))
	for i, d := range documents { // a frame's document comes after the one that holds the frame
		document, _ := d.(map[string]any)
		out[i].X -= number(document["scrollOffsetX"])
		out[i].Y -= number(document["scrollOffsetY"])
		inner, _ := document["nodes"].(map[string]any)
		frames, _ := inner["contentDocumentIndex"].(map[string]any)
		nodes, indexes := list(frames, "index"), list(frames, "value")
		for k := range nodes {
			if child := int(number(indexes[k])); child > i && child < len(out) {
				b := r.boundsOf(document, number(nodes[k]))
				out[child] = recording.Point{X: out[i].X + b.X, Y: out[i].Y + b.Y}
			}
		}
	}
	return out
}

// boundsOf is where a node is drawn.
func (r layoutReader) boundsOf(document map[string]any, node float64) recording.Box {
	nodes, bounds := list(document, "layout", "nodeIndex"), list(document, "layout", "bounds")
	for i, n := range nodes {
		if number(n) == node && i < len(bounds) {
			return boxOf(bounds[i])
		}
	}
	return recording.Box{}
}

// texts are the lines of text that hold a part of a secret. All texts of a
// document are looked at as one, because a page may split a word between elements.
func (r layoutReader) texts(document map[string]any) []recording.Box {
	var all []rune
	var owner []int // the layout's index of each rune
	texts := list(document, "layout", "text")
	starts := map[int]int{}
	for i, t := range texts {
		text := r.text(t)
		if number(t) < 0 || text == "" {
			continue
		}
		starts[i] = len(all)
		for _, c := range strings.ToLower(text) {
			all = append(all, c)
			owner = append(owner, i)
		}
	}
	hit := map[int][][2]int{} // ranges by layout index
	for _, secret := range r.secrets {
		for at := indexRunes(all, secret, 0); at >= 0; at = indexRunes(all, secret, at+1) {
			for k := at; k < at+len(secret); k++ {
				o := owner[k]
				hit[o] = append(hit[o], [2]int{k - starts[o], k - starts[o] + 1})
			}
		}
	}
	if len(hit) == 0 {
		return nil
	}
	return r.lines(document, hit)
}

func indexRunes(all, part []rune, from int) int {
	for i := from; i+len(part) <= len(all); i++ {
		if slices.Equal(all[i:i+len(part)], part) {
			return i
		}
	}
	return -1
}

// lines are the boxes of the lines in which the ranges lie; those of the whole
// text where the browser names no lines.
func (r layoutReader) lines(document map[string]any, hit map[int][][2]int) []recording.Box {
	var boxes []recording.Box
	found := map[int]bool{}
	owners := list(document, "textBoxes", "layoutIndex")
	bounds, starts, lengths := list(document, "textBoxes", "bounds"), list(document, "textBoxes", "start"), list(document, "textBoxes", "length")
	for i, o := range owners {
		index := int(number(o))
		from := int(number(starts[i]))
		to := from + int(number(lengths[i]))
		if slices.ContainsFunc(hit[index], func(h [2]int) bool { return h[0] < to && h[1] > from }) {
			boxes = append(boxes, boxOf(bounds[i]))
			found[index] = true
		}
	}
	whole := list(document, "layout", "bounds")
	for index := range hit {
		if !found[index] && index < len(whole) {
			boxes = append(boxes, boxOf(whole[index]))
		}
	}
	return boxes
}

// minPrefix is how much of a secret a field may show while it is typed.
const minPrefix = 3

// inputs are the fields for secrets, and those that hold one or the beginning of one.
func (r layoutReader) inputs(document map[string]any) []recording.Box {
	nodes, _ := document["nodes"].(map[string]any)
	var boxes []recording.Box
	fields := r.fieldsOf(document)
	for _, kind := range []string{"inputValue", "textValue"} {
		values, _ := nodes[kind].(map[string]any)
		index, value := list(values, "index"), list(values, "value")
		for i := range index {
			text := r.text(value[i])
			if text != "" && fields.secret(int(number(index[i]))) || slices.Contains(r.fields, text) || r.shows([]rune(strings.ToLower(text))) {
				boxes = append(boxes, r.boundsOf(document, number(index[i])))
			}
		}
	}
	return boxes
}

func (r layoutReader) shows(value []rune) bool {
	return slices.ContainsFunc(r.secrets, func(secret []rune) bool {
		return indexRunes(value, secret, 0) >= 0 ||
			len(value) >= minPrefix && len(value) <= len(secret) && slices.Equal(secret[:len(value)], value)
	})
}
