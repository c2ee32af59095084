package live

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"

	"tapedeck/domain/event"
	"tapedeck/eventstore"
)

// FuzzCommand: whatever a client says is refused or is a command whose filter survives its own canonical form.
func FuzzCommand(f *testing.F) {
	for _, s := range []string{
		`{"op":"ping"}`, `{"op":"subscribe","ref":"a","from":"now","mode":"coalesce","filter":{"labels":{"a":"b"},"text":"x"}}`,
		`{"op":"subscribe","filter":{"jobs":["1","1"],"statuses":["dead"]}}`, `{}`, `[`, `{"op":1}`, "\xff",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		cmd, err := parseCommand(raw)
		if err != nil || cmd.Filter.Validate() != nil {
			return
		}
		once := cmd.Filter.canonical()
		require.Equal(t, once, once.canonical())
		require.Equal(t, once.id(All), once.canonical().id(All))
		require.NotEqual(t, once.id(All), once.id(Coalesce))
		newMatcher(once).matches(&Entry{Recorded: eventstore.Recorded{Stored: []byte(`{}`)}})
	})
}

// FuzzGlob holds glob against a regular expression that means the same.
func FuzzGlob(f *testing.F) {
	for _, s := range []string{"", "*", "job.*", "j?b.*ed", "a*b*c", "**", "[a-z]"} {
		f.Add(s, "job.failed")
		f.Add(s, "")
	}
	f.Fuzz(func(t *testing.T, pattern, s string) {
		if !utf8.ValidString(pattern) || !utf8.ValidString(s) || len(pattern) > 50 {
			return
		}
		for i := range len(s) + len(pattern) { // `?` is one byte: compare where bytes are characters
			if (s + pattern)[i] >= utf8.RuneSelf {
				return
			}
		}
		expr := strings.NewReplacer(`\*`, `[\s\S]*`, `\?`, `[\s\S]`).Replace(regexp.QuoteMeta(pattern))
		require.Equal(t, regexp.MustCompile(`^(?:`+expr+`)$`).MatchString(s), glob(pattern, s), "%q %q", pattern, s)
	})
}

// FuzzEnvelopeJSON: the cursor is added to any stored event, on one line and without changing the rest.
func FuzzEnvelopeJSON(f *testing.F) {
	f.Add([]byte(`{"a":1}`))
	f.Add([]byte("{\n \"id\": \"x\",\r\n \"data\":null}"))
	f.Fuzz(func(t *testing.T, stored []byte) {
		if _, _, err := event.Parse(stored); err != nil {
			return
		}
		out := EnvelopeJSON(stored, eventstore.Start("abcd"))
		require.True(t, jsontext.Value(out).IsValid(), "%s", out)
		require.NotContains(t, string(out), "\n")
		require.Contains(t, string(out), `"cursor":"abcd.0.00000000"`)
	})
}
