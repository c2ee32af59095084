package recording

import (
	"slices"
	"strings"
)

// Names that mark secrets, without case, dashes and underscores: anywhere in a name, or as all of it.
var (
	secretWithin = []string{
		"password", "passwd", "passphrase", "secret", "token", "apikey", "accesskey", "privatekey", "credential",
		"authorization", "sessionid", "csrf", "xsrf", "jwt", "onetimecode", "verificationcode", "signature",
	}
	secretWhole = []string{"pwd", "pass", "sid", "otp", "totp", "pin", "cvc", "cvv", "csc", "sig", "auth", "session", "phpsessid", "jsessionid"}
)

// SecretName says whether what has this name, a field's, a header's or a JSON member's, is a secret.
func SecretName(name string) bool {
	name = strings.NewReplacer("-", "", "_", "", " ", "", ".", "").Replace(strings.ToLower(strings.TrimSpace(name)))
	return slices.Contains(secretWhole, name) ||
		slices.ContainsFunc(secretWithin, func(word string) bool { return strings.Contains(name, word) })
}

// TypesSecret says whether a step types text in clear into a field that is for a password or a one-time code, and what
// to call the secret. Such a step must not be kept as it is.
func (s Step) TypesSecret() (name string, yes bool) {
	if s.Type != Fill || s.Value == nil || s.Value.Text == "" || s.Value.Secret != "" || s.Target == nil {
		return "", false
	}
	if e := s.Target.Element; e != nil && (e.Attributes["type"] == "password" || e.Attributes["autocomplete"] == "one-time-code") {
		return secretCalled(e.Attributes["name"], e.Name), true
	}
	for _, c := range s.Target.Candidates {
		if passwordWay(c.Selector) {
			return secretCalled(""), true
		}
	}
	return "", false
}

// passwordWay says whether a way to an element names a password field.
func passwordWay(selector string) bool {
	selector = strings.ToLower(selector)
	return strings.Contains(selector, "password") || strings.Contains(selector, "passwd") || strings.Contains(selector, "one-time-code")
}

// secretCalled is the first name that can be a secret's.
func secretCalled(names ...string) string {
	for _, name := range names {
		if name != "" && len(name) <= 64 && strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == "" {
			return name
		}
	}
	return "password"
}

// WithoutSecrets returns the steps without the texts that they type into fields for secrets, which refer to secrets
// instead, and the names of those.
func WithoutSecrets(steps []Step) (out []Step, names []string) {
	out = slices.Clone(steps)
	for i, s := range out {
		if name, yes := s.TypesSecret(); yes {
			out[i].Value = &Value{Secret: name}
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return out, slices.Compact(names)
}
