package artifacts

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ErrName is wrapped by every error about a Key that can not be.
var ErrName = errors.New("not a name for an artefact")

// Bounds of a name, in bytes. A segment leaves room for the suffix of a temporary file.
const (
	MaxName    = 512
	MaxSegment = 200
)

// Key names one file. Name is a relative path with forward slashes.
type Key struct {
	JobID   string
	Attempt int
	Name    string
}

// Validate refuses every key that could name something outside its attempt, or that some bucket or
// terminal would read in another way. Its error wraps ErrName.
func (k Key) Validate() error {
	if !validID(k.JobID) {
		return fmt.Errorf("%w: job id %q", ErrName, k.JobID)
	}
	if k.Attempt < 1 {
		return fmt.Errorf("%w: attempt %d", ErrName, k.Attempt)
	}
	return ValidateName(k.Name)
}

// path is the key in the bucket; only for a valid key.
func (k Key) path() string {
	return "jobs/" + k.JobID + "/" + strconv.Itoa(k.Attempt) + "/" + k.Name
}

// ValidateName checks a file's name alone. Its error wraps ErrName.
func ValidateName(name string) error {
	switch {
	case name == "":
		return fmt.Errorf("%w: it is empty", ErrName)
	case len(name) > MaxName:
		return fmt.Errorf("%w: more than %d bytes", ErrName, MaxName)
	case !utf8.ValidString(name):
		return fmt.Errorf("%w: not UTF-8", ErrName)
	case strings.ContainsFunc(name, forbidden):
		return fmt.Errorf("%w: %q holds a backslash or an invisible character", ErrName, name)
	}
	for segment := range strings.SplitSeq(name, "/") {
		if err := validateSegment(segment); err != nil {
			return fmt.Errorf("%w in %q", err, name)
		}
	}
	return nil
}

func validateSegment(s string) error {
	switch {
	case s == "":
		return fmt.Errorf("%w: an empty segment", ErrName)
	case strings.Trim(s, ".") == "":
		return fmt.Errorf("%w: a segment of dots", ErrName)
	case len(s) > MaxSegment:
		return fmt.Errorf("%w: a segment of more than %d bytes", ErrName, MaxSegment)
	case strings.TrimSpace(s) != s:
		return fmt.Errorf("%w: a segment that begins or ends with a space", ErrName)
	case strings.HasSuffix(s, ".attrs"), strings.Contains(s, "__0x"): // a folder bucket's own signs
		return fmt.Errorf("%w: the suffix .attrs and the text __0x are taken", ErrName)
	}
	return nil
}

// forbidden: control and format characters (among them those that reverse the direction of text),
// U+FFFD and the backslash.
func forbidden(r rune) bool {
	return r == '\\' || r == utf8.RuneError || unicode.Is(unicode.C, r) || unicode.In(r, unicode.Zl, unicode.Zp)
}

// validID: 1–128 of letters, digits, '-', '_' and '.', with no leading dot.
func validID(s string) bool {
	if len(s) == 0 || len(s) > 128 || s[0] == '.' {
		return false
	}
	for i := range len(s) {
		c := s[i]
		alnum := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !alnum && c != '-' && c != '_' && c != '.' {
			return false
		}
	}
	return true
}
