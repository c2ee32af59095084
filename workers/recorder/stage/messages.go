package stage

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"unicode/utf8"

	"github.com/go-json-experiment/json"

	"tapedeck/domain/recording"
)

// Limits of what a viewer sends.
const (
	// MaxMessage bounds a message that carries files, in bytes; a transport need not read more.
	MaxMessage = 30 << 20
	// MaxPlain bounds every other message.
	MaxPlain = 1 << 20
	// MaxUpload bounds the files of one answer to a file chooser together.
	MaxUpload = 20 << 20

	maxFiles  = 100
	maxPlace  = 100_000 // coordinates and wheel steps, in CSS pixels
	maxTouch  = 10
	minWindow = 50
	maxWindow = 4096
)

// command is one message of a viewer, decoded.
type command interface {
	// check says what is wrong with the message's values.
	check() error
}

type (
	ack struct {
		Op    string `json:"op"`
		Frame uint32 `json:"frame"`
	}
	// plain is a message that is its op and no more.
	plain struct {
		Op string `json:"op"`
	}
	mouse struct {
		Op         string   `json:"op"`
		Type       string   `json:"type"`
		X          *float64 `json:"x"`
		Y          *float64 `json:"y"`
		Button     string   `json:"button"`
		Buttons    int      `json:"buttons"`
		Modifiers  int      `json:"modifiers"`
		ClickCount int      `json:"clickCount"`
	}
	wheel struct {
		Op        string   `json:"op"`
		X         *float64 `json:"x"`
		Y         *float64 `json:"y"`
		DX        float64  `json:"dx"`
		DY        float64  `json:"dy"`
		Modifiers int      `json:"modifiers"`
	}
	key struct {
		Op        string `json:"op"`
		Type      string `json:"type"`
		Key       string `json:"key"`
		Code      string `json:"code"`
		Text      string `json:"text"`
		Modifiers int    `json:"modifiers"`
		Repeat    bool   `json:"repeat"`
		Location  int    `json:"location"`
		KeyCode   int    `json:"keyCode"`
	}
	text struct {
		Op   string `json:"op"`
		Text string `json:"text"`
	}
	compose struct {
		Op             string `json:"op"`
		Text           string `json:"text"`
		SelectionStart int    `json:"selectionStart"`
		SelectionEnd   int    `json:"selectionEnd"`
	}
	touch struct {
		Op     string       `json:"op"`
		Type   string       `json:"type"`
		Points []touchPoint `json:"points"`
	}
	touchPoint struct {
		X  float64 `json:"x"`
		Y  float64 `json:"y"`
		ID int     `json:"id"`
	}
	visit struct {
		Op  string `json:"op"`
		URL string `json:"url"`
	}
	tab struct {
		Op   string `json:"op"`
		Page string `json:"page"`
	}
	choose struct {
		Op     string   `json:"op"`
		ID     string   `json:"id"`
		Values []string `json:"values"` // nil is dismissed
	}
	files struct {
		Op    string       `json:"op"`
		ID    string       `json:"id"`
		Files []uploadFile `json:"files"` // nil is cancelled
	}
	uploadFile struct {
		Name        string `json:"name"`
		ContentType string `json:"contentType"`
		Data        []byte `json:"data"`
	}
	dialog struct {
		Op     string `json:"op"`
		ID     string `json:"id"`
		Accept bool   `json:"accept"`
		Text   string `json:"text"`
	}
	pick struct {
		Op   string `json:"op"`
		Mode string `json:"mode"`
	}
	assert struct {
		Op       string          `json:"op"`
		PickID   string          `json:"pickId"`
		Claim    recording.Claim `json:"claim"`
		Not      bool            `json:"not"`
		Expected string          `json:"expected"`
		Name     string          `json:"name"`
		Match    string          `json:"match"`
	}
	viewport struct {
		Op     string `json:"op"`
		Width  int    `json:"width"`
		Height int    `json:"height"`
	}
)

// commands makes the message that an op names.
var commands = map[string]func() command{
	"ack": func() command { return new(ack) }, "mouse": func() command { return new(mouse) },
	"wheel": func() command { return new(wheel) }, "key": func() command { return new(key) },
	"text": func() command { return new(text) }, "compose": func() command { return new(compose) },
	"touch": func() command { return new(touch) }, "navigate": func() command { return new(visit) },
	"showTab": func() command { return new(tab) }, "closeTab": func() command { return new(tab) },
	"choose": func() command { return new(choose) }, "files": func() command { return new(files) },
	"dialog": func() command { return new(dialog) }, "pick": func() command { return new(pick) },
	"assert": func() command { return new(assert) }, "viewport": func() command { return new(viewport) },
	"drive": simple, "release": simple, "back": simple, "forward": simple, "reload": simple, "openTab": simple,
	"pause": simple, "resume": simple, "stop": simple,
}

func simple() command { return new(plain) }

// decode reads one message. Nothing in it is passed over: a misspelt member must not become a click at 0, 0.
func decode(data []byte) (command, error) {
	if len(data) > MaxMessage {
		return nil, fmt.Errorf("the message has %d bytes, more than %d", len(data), MaxMessage)
	}
	var head plain
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, errors.New("the message is not a JSON object with an op")
	}
	if head.Op != "files" && len(data) > MaxPlain {
		return nil, fmt.Errorf("the message has %d bytes, more than %d", len(data), MaxPlain)
	}
	build, ok := commands[head.Op]
	if !ok {
		return nil, fmt.Errorf("unknown op %.40q", head.Op)
	}
	c := build()
	if err := json.Unmarshal(data, c, json.RejectUnknownMembers(true)); err != nil {
		return nil, fmt.Errorf("%s: %w", head.Op, short(err))
	}
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", head.Op, err)
	}
	return c, nil
}

// short keeps a fault's place and kind, and not what the viewer sent: that may be a password.
func short(err error) error {
	var semantic *json.SemanticError
	if errors.As(err, &semantic) {
		if semantic.JSONPointer != "" && semantic.Err != nil {
			return fmt.Errorf("%s: %w", semantic.JSONPointer, semantic.Err)
		}
		return fmt.Errorf("%s: cannot be used", semantic.JSONPointer)
	}
	return errors.New("malformed JSON")
}

func place(x, y *float64) error {
	if x == nil || y == nil {
		return errors.New("x and y are needed")
	}
	return within(maxPlace, *x, *y)
}

func within(limit float64, values ...float64) error {
	for _, v := range values {
		if math.IsNaN(v) || math.Abs(v) > limit {
			return fmt.Errorf("a coordinate is beyond %v", limit)
		}
	}
	return nil
}

func between(name string, v, low, high int) error {
	if v < low || v > high {
		return fmt.Errorf("%s is %d, want %d to %d", name, v, low, high)
	}
	return nil
}

func oneOf(name, v string, allowed ...string) error {
	if !slices.Contains(allowed, v) {
		return fmt.Errorf("%s: want one of %v", name, allowed)
	}
	return nil
}

func atMost(name, v string, limit int) error {
	if len(v) > limit {
		return fmt.Errorf("%s has %d bytes, want at most %d", name, len(v), limit)
	}
	return nil
}

// first is the first fault.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (*ack) check() error   { return nil }
func (*plain) check() error { return nil }

func (m *mouse) check() error {
	return first(
		oneOf("type", m.Type, "move", "down", "up"), place(m.X, m.Y),
		oneOf("button", m.Button, "", "none", "left", "middle", "right"),
		between("buttons", m.Buttons, 0, 31), between("modifiers", m.Modifiers, 0, 15),
		between("clickCount", m.ClickCount, 0, 100))
}

func (m *wheel) check() error {
	return first(place(m.X, m.Y), within(maxPlace, m.DX, m.DY), between("modifiers", m.Modifiers, 0, 15))
}

func (m *key) check() error {
	if m.Key == "" && m.Code == "" {
		return errors.New("key or code is needed")
	}
	return first(
		oneOf("type", m.Type, "down", "up"), atMost("key", m.Key, 64), atMost("code", m.Code, 64), atMost("text", m.Text, 64),
		between("modifiers", m.Modifiers, 0, 15), between("location", m.Location, 0, 3), between("keyCode", m.KeyCode, 0, 65535))
}

func (*text) check() error { return nil }

func (m *compose) check() error {
	n := len(m.Text) // the selection counts UTF-16 units, of which there are never more than bytes
	return first(between("selectionStart", m.SelectionStart, 0, n), between("selectionEnd", m.SelectionEnd, 0, n))
}

func (m *touch) check() error {
	if err := oneOf("type", m.Type, "start", "move", "end"); err != nil {
		return err
	}
	if len(m.Points) > maxTouch || len(m.Points) == 0 && m.Type != "end" {
		return fmt.Errorf("want 1 to %d points", maxTouch)
	}
	for i, p := range m.Points {
		if err := first(within(maxPlace, p.X, p.Y), between("id", p.ID, 0, math.MaxInt32)); err != nil {
			return err
		}
		if slices.ContainsFunc(m.Points[:i], func(o touchPoint) bool { return o.ID == p.ID }) {
			return errors.New("two points have the same id")
		}
	}
	return nil
}

func (m *visit) check() error  { return atMost("url", m.URL, 64<<10) }
func (m *tab) check() error    { return atMost("page", m.Page, 64) }
func (m *dialog) check() error { return atMost("id", m.ID, 64) }
func (m *pick) check() error   { return oneOf("mode", m.Mode, "off", "assert", "target") }
func (m *viewport) check() error {
	return first(between("width", m.Width, minWindow, maxWindow), between("height", m.Height, minWindow, maxWindow))
}

func (m *choose) check() error {
	if len(m.Values) > 10_000 {
		return errors.New("at most 10000 values")
	}
	return atMost("id", m.ID, 64)
}

func (m *files) check() error {
	if len(m.Files) > maxFiles {
		return fmt.Errorf("at most %d files", maxFiles)
	}
	total := 0
	for _, f := range m.Files {
		if err := f.check(); err != nil {
			return err
		}
		total += len(f.Data)
	}
	if total > MaxUpload {
		return fmt.Errorf("the files have %d bytes, more than %d", total, MaxUpload)
	}
	return atMost("id", m.ID, 64)
}

func (f uploadFile) check() error {
	if f.Name == "" || f.Name == "." || f.Name == ".." || len(f.Name) > 255 || !utf8.ValidString(f.Name) {
		return errors.New("a file's name is 1 to 255 bytes")
	}
	if slices.ContainsFunc([]rune(f.Name), func(r rune) bool { return r < 32 || r == '/' || r == '\\' || r == 127 }) {
		return errors.New("a file's name holds no folder")
	}
	return atMost("contentType", f.ContentType, 255)
}

func (m *assert) check() error {
	step := recording.Step{ID: "a", Type: recording.Assert, Assertion: m.assertion()}
	if m.PickID != "" {
		step.Target = &recording.Target{Chosen: "picked"}
	}
	for _, fault := range step.Check() {
		return fmt.Errorf("%s: %s", fault.Path, fault.Message)
	}
	return atMost("pickId", m.PickID, 64)
}

func (m *assert) assertion() *recording.Assertion {
	return &recording.Assertion{Claim: m.Claim, Not: m.Not, Name: m.Name, Expected: m.Expected, Match: m.Match}
}
