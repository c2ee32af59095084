package twin

import (
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strings"
)

// hashOf is a script's source expression (CSP Level 3, 2.3.1).
func hashOf(script string) string {
	sum := sha256.Sum256([]byte(script))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// allow makes a Content-Security-Policy (a header's value, several with commas) let the inline scripts with the given
// hashes run, and nothing else that it did not.
func allow(policies string, hashes []string) string {
	if len(hashes) == 0 {
		return policies
	}
	list := strings.Split(policies, ",")
	for i, p := range list {
		list[i] = allowOne(p, hashes)
	}
	return strings.Join(list, ",")
}

func allowOne(policy string, hashes []string) string {
	directives := strings.Split(policy, ";")
	var fallback []string
	scripts := false
	for i, d := range directives {
		words := strings.Fields(d)
		if len(words) == 0 {
			continue
		}
		switch strings.ToLower(words[0]) {
		case "script-src", "script-src-elem":
			scripts = true
			directives[i] = " " + strings.Join(allowIn(words, hashes), " ")
		case "default-src":
			fallback = words
		}
	}
	if scripts || fallback == nil {
		return strings.TrimSpace(strings.Join(directives, ";"))
	}
	words := allowIn(slices.Concat([]string{"script-src"}, fallback[1:]), hashes)
	return strings.TrimSpace(strings.Join(append(directives, " "+strings.Join(words, " ")), ";"))
}

// allowIn adds hashes to a directive. Where inline scripts are allowed anyway a hash would forbid the others.
func allowIn(words, hashes []string) []string {
	inline, exact := false, false
	for _, w := range words[1:] {
		w = strings.ToLower(w)
		inline = inline || w == "'unsafe-inline'"
		exact = exact || strings.HasPrefix(w, "'nonce-") || strings.HasPrefix(w, "'sha") || w == "'strict-dynamic'"
	}
	if inline && !exact {
		return words
	}
	words = slices.DeleteFunc(slices.Clone(words), func(w string) bool { return strings.EqualFold(w, "'none'") })
	return append(words, hashes...)
}
