package suite

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode/utf8"

	"tapedeck/domain/testcase"
)

// MaxText bounds an edited text, in bytes.
const MaxText = 1 << 20

// DigestOf names a text.
func DigestOf(text string) Digest {
	sum := sha256.Sum256([]byte(text))
	return Digest{SHA256: hex.EncodeToString(sum[:]), Size: len(text)}
}

// CheckText refuses what cannot be the text of a test, with *InvalidError.
func CheckText(text string) error {
	why := ""
	switch {
	case len(text) > MaxText:
		why = fmt.Sprintf("has %d bytes, at most %d are kept", len(text), MaxText)
	case strings.TrimSpace(text) == "":
		why = "is empty: reject the suite when it is not wanted"
	case !utf8.ValidString(text):
		why = "is not UTF-8"
	case strings.ContainsFunc(text, control):
		why = "holds control characters: it is no text"
	}
	if why == "" {
		return nil
	}
	return &InvalidError{Faults: []testcase.Fault{{Path: "text", Message: why}}}
}

// control: what no program's text holds.
func control(r rune) bool {
	return r < ' ' && r != '\n' && r != '\r' && r != '\t' && r != '\f' || r == 0x7f
}
