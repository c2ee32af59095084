package mask

import (
	"encoding/base64"
	"regexp"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// webToken finds JSON web tokens (RFC 7519): a header and claims that begin with `{"`, and a signature.
var webToken = regexp.MustCompile(`eyJ[A-Za-z0-9_-]{4,}\.eyJ[A-Za-z0-9_-]{2,}\.[A-Za-z0-9_-]{6,}`)

// tokens gives every JSON web token in a text a dead signature, and masks what is secret in its claims.
func (m *Masker) tokens(text []byte) []byte {
	return webToken.ReplaceAllFunc(text, func(token []byte) []byte {
		dead, ok := m.deadToken(string(token))
		if !ok {
			return token
		}
		m.count(Token, 1)
		return []byte(dead)
	})
}

// deadToken keeps a token's header and claims decodable; ok is false for what is no JSON web token.
func (m *Masker) deadToken(token string) (dead string, ok bool) {
	if token == "" || webToken.FindString(token) != token {
		return "", false
	}
	parts := strings.Split(token, ".")
	claims, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || !jsontext.Value(claims).IsValid() {
		return "", false
	}
	if m.isDead(parts[2]) {
		return token, true // masked before: nothing more to take away
	}
	masked := base64.RawURLEncoding.EncodeToString(m.find(m.json(claims), false))
	return parts[0] + "." + masked + "." + m.seal(parts[2]), true
}

// A dead signature begins with a mark, so that a token is not masked twice and a reader sees what it is.
const deadMark = "dead-"

func (m *Masker) seal(signature string) string {
	return deadMark + m.scramble(signature[len(deadMark):])
}

func (m *Masker) isDead(signature string) bool { return strings.HasPrefix(signature, deadMark) }
