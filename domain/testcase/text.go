package testcase

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of a case, in characters unless they say otherwise. What is generated is cut, what a person writes is refused.
const (
	MaxTitle      = 200
	MaxText       = 1000 // of a step's action, data and expected result, a precondition, a message
	MaxQuote      = 700
	MaxTag        = 64
	MaxTags       = 20
	MaxSteps      = 200
	MaxConditions = 30
	MaxCitations  = 10 // of one place
)

// Clean makes a text one that can be kept: valid UTF-8 without control characters, invisible marks that turn the direction
// of what follows, and blanks at its ends; line ends become \n, tabs blanks.
func Clean(text string) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "�"), "\r\n", "\n")
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\r', r == '\u2028', r == '\u2029', r == '\u0085':
			return '\n'
		case r == '\t':
			return ' '
		case unicode.IsControl(r), turns(r), r == '\ufeff', r == '\ufffe', r == '\uffff':
			return -1
		}
		return r
	}, text)
	return strings.TrimSpace(text)
}

// turns says whether a character changes the direction of those behind it: a text could look like another one.
func turns(r rune) bool {
	return r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069' || r == '\u200e' || r == '\u200f'
}

// Line is Clean in one line.
func Line(text string) string { return strings.Join(strings.Fields(Clean(text)), " ") }

// Cut is Clean, and at most so many characters long; what was longer ends in "…".
func Cut(text string, most int) string {
	text = Clean(text)
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return strings.TrimSpace(string([]rune(text)[:most-1])) + "…"
}

// CutLine is Line, and at most so many characters long.
func CutLine(text string, most int) string { return Cut(Line(text), most) }
