package cases

import (
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestRefusalsAreRead(t *testing.T) {
	t.Parallel()
	for body, want := range map[string][]string{
		`{"message":"The title is taken"}`:                                               {"The title is taken"},
		`{"errors":[{"field":"email","message":"is no address"},{"detail":"and more"}]}`: {"is no address; and more", "email"},
		`{"errors":{"email":["is taken"],"name":["is too long"]}}`:                       {"is taken; is too long", "email", "name"},
		`{"title":"Bad Request","detail":"at least 8 characters","status":400}`:          {"at least 8 characters; Bad Request"},
		`{"error":{"code":7,"message":"no"}}`:                                            {"no", "code"},
		`{"ok":false,"data":{"violations":[{"path":"/a","message":"b"}]}}`:               {"b", "/a"},
		`{"id":3}`:               {""},
		`"just so"`:              {""},
		"That is not possible\n": {"That is not possible"},
		`<html><body><p>x</p><div role="alert">Fill <b>it</b></div><p class="error">No</p>`: {"Fill it; No"},
		`{"message":"cut o`: {""},
		"":                  {""},
	} {
		text, fields := refusal([]byte(body))
		require.Equal(t, want[0], text, body)
		require.Equal(t, want[1:], append([]string{}, fields...), body)
	}
}

// FuzzRefusal: an answer may hold anything.
func FuzzRefusal(f *testing.F) {
	f.Add([]byte(`{"errors":[{"field":"a","message":"b"}]}`))
	f.Add([]byte(`<div role=alert>x`))
	f.Add([]byte("\xff\x00[["))
	f.Fuzz(func(t *testing.T, body []byte) {
		text, fields := refusal(body)
		require.True(t, utf8.ValidString(text))
		require.LessOrEqual(t, utf8.RuneCountInString(text), maxWords)
		require.LessOrEqual(t, len(fields), 4*maxSaid)
	})
}
