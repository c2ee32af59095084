package bucket

import (
	"errors"
	"regexp"
	"strings"
)

// Patterns choose keys: those that one of the patterns describes and none of those with an exclamation mark before it.
// A star stands for any text, slashes too. Without patterns but those, all other keys are chosen.
type Patterns struct{ wanted, unwanted []*regexp.Regexp }

// maxPatterns bounds what every key is held against.
const maxPatterns = 100

// ParsePatterns reads them.
func ParsePatterns(list []string) (p Patterns, err error) {
	if len(list) > maxPatterns {
		return p, errors.New("there are more than 100 patterns")
	}
	for _, s := range list {
		not := strings.HasPrefix(s, "!")
		s = strings.TrimPrefix(s, "!")
		if s == "" {
			return p, errors.New("a pattern is empty")
		}
		parts := strings.Split(s, "*")
		for i := range parts {
			parts[i] = regexp.QuoteMeta(parts[i])
		}
		r, err := regexp.Compile("(?s)^" + strings.Join(parts, ".*") + "$")
		if err != nil {
			return p, err
		}
		if not {
			p.unwanted = append(p.unwanted, r)
		} else {
			p.wanted = append(p.wanted, r)
		}
	}
	return p, nil
}

// Choose tells whether a key is wanted.
func (p Patterns) Choose(key string) bool {
	return (len(p.wanted) == 0 || matches(p.wanted, key)) && !matches(p.unwanted, key)
}

func matches(list []*regexp.Regexp, key string) bool {
	for _, r := range list {
		if r.MatchString(key) {
			return true
		}
	}
	return false
}
