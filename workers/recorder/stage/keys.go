package stage

import (
	"strings"
	"unicode/utf8"
)

// Modifiers, as the browser counts them.
const (
	alt   = 1
	ctrl  = 2
	meta  = 4
	shift = 8
)

// virtualKeys are the Windows key codes of keys by their names; letters and digits are their own.
var virtualKeys = map[string]int{
	"Backspace": 8, "Tab": 9, "Clear": 12, "Enter": 13, "Shift": 16, "Control": 17, "Alt": 18, "AltGraph": 18,
	"Pause": 19, "CapsLock": 20, "Escape": 27, " ": 32, "PageUp": 33, "PageDown": 34, "End": 35, "Home": 36,
	"ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, "PrintScreen": 44, "Insert": 45, "Delete": 46,
	"Meta": 91, "ContextMenu": 93, "NumLock": 144, "ScrollLock": 145,
	"F1": 112, "F2": 113, "F3": 114, "F4": 115, "F5": 116, "F6": 117, "F7": 118, "F8": 119, "F9": 120, "F10": 121,
	"F11": 122, "F12": 123,
}

// codeKeys are those of places on the keyboard whose key differs between layouts.
var codeKeys = map[string]int{
	"Semicolon": 186, "Equal": 187, "Comma": 188, "Minus": 189, "Period": 190, "Slash": 191, "Backquote": 192,
	"BracketLeft": 219, "Backslash": 220, "BracketRight": 221, "Quote": 222, "NumpadMultiply": 106, "NumpadAdd": 107,
	"NumpadSubtract": 109, "NumpadDecimal": 110, "NumpadDivide": 111,
}

// editing are the commands that a key with Control (on a Mac: Command) gives an editor.
var editing = map[string]string{"a": "selectAll", "c": "copy", "x": "cut", "v": "paste", "z": "undo", "y": "redo"}

// virtualKey is the key's Windows code: what the viewer's browser said, or what follows from its names.
func (m *key) virtualKey() int {
	if m.KeyCode != 0 {
		return m.KeyCode
	}
	if code, ok := virtualKeys[m.Key]; ok {
		return code
	}
	if code, ok := codeKeys[m.Code]; ok {
		return code
	}
	for _, prefix := range []string{"Key", "Digit"} {
		if rest, ok := strings.CutPrefix(m.Code, prefix); ok && len(rest) == 1 {
			return int(rest[0])
		}
	}
	if rest, ok := strings.CutPrefix(m.Code, "Numpad"); ok && len(rest) == 1 {
		return 96 + int(rest[0]-'0')
	}
	if upper := strings.ToUpper(m.Key); len(upper) == 1 && (upper[0] >= 'A' && upper[0] <= 'Z' || upper[0] >= '0' && upper[0] <= '9') {
		return int(upper[0])
	}
	return 0
}

// typed is the text that the key puts in: none with Control or Meta, unless they are held for AltGr.
func (m *key) typed() string {
	if m.Modifiers&meta != 0 || m.Modifiers&(ctrl|alt) == ctrl {
		return ""
	}
	switch {
	case m.Key == "Enter":
		return "\r"
	case m.Text != "" && m.Text != "\t" && m.Text != "\b" && m.Text != "\x1b":
		return m.Text
	case m.Text == "" && m.Modifiers&(ctrl|alt) == 0 && utf8.RuneCountInString(m.Key) == 1:
		return m.Key
	}
	return ""
}

// params are what the browser is told of the key.
func (m *key) params() map[string]any {
	p := map[string]any{
		"modifiers": m.Modifiers, "key": m.Key, "code": m.Code, "windowsVirtualKeyCode": m.virtualKey(),
		"autoRepeat": m.Repeat, "isKeypad": m.Location == 3,
	}
	if m.Location == 1 || m.Location == 2 {
		p["location"] = m.Location
	}
	if m.Type == "up" {
		p["type"] = "keyUp"
		return p
	}
	p["type"] = "rawKeyDown"
	if typed := m.typed(); typed != "" {
		p["type"], p["text"], p["unmodifiedText"] = "keyDown", typed, typed
	}
	if command := m.command(); command != "" {
		p["commands"] = []string{command}
	}
	return p
}

// command is the editing command that the key gives on the viewer's machine; the page's own keys need no telling but
// for Command, which the server's browser does not know.
func (m *key) command() string {
	if m.Modifiers&meta == 0 || m.Modifiers&(ctrl|alt) != 0 {
		return ""
	}
	name := strings.ToLower(m.Key)
	if name == "z" && m.Modifiers&shift != 0 {
		return "redo"
	}
	return editing[name]
}
