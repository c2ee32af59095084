package profile_test

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tapedeck/workers/recorder/profile"
)

const key = "0123456789abcdef0123456789abcdef"

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func open(t *testing.T, dir, key string) *profile.Store {
	t.Helper()
	s, err := profile.Open(dir, key)
	require.NoError(t, err)
	return s
}

func TestAProfileIsKeptEncrypted(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "profiles")
	s := open(t, dir, key)
	state := `{"cookies":[{"name":"sid","value":"canary-session-value","expires":1900000000,"httpOnly":true}],"origins":[]}`
	info, err := s.Save(profile.Info{Project: "shop", Name: "ada", RecordingID: "r1", URL: "http://localhost/login"}, []byte(state), now)
	require.NoError(t, err)
	require.Equal(t, time.Unix(1900000000, 0).UTC(), info.ExpiresAt)

	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 1)
	text, err := os.ReadFile(filepath.Join(dir, entries[0].Name()))
	require.NoError(t, err)
	require.NotContains(t, string(text), "canary")
	require.NotContains(t, string(text), base64.StdEncoding.EncodeToString([]byte("canary-session"))[:12])
	stat, err := entries[0].Info()
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), stat.Mode().Perm())

	got, back, err := open(t, dir, key).Load("shop", "ada")
	require.NoError(t, err)
	require.Equal(t, state, string(back))
	require.Equal(t, info, got)

	_, _, err = open(t, dir, key+"x").Load("shop", "ada")
	require.ErrorIs(t, err, profile.ErrKey)
	_, _, err = open(t, dir, "").Load("shop", "ada")
	require.ErrorIs(t, err, profile.ErrNoKey)
	list, err := open(t, dir, "").List("shop")
	require.NoError(t, err)
	require.Equal(t, []profile.Info{info}, list)

	require.NoError(t, os.WriteFile(filepath.Join(dir, entries[0].Name()), append(text[:len(text)-5], "AAA\"}"...), 0o600))
	_, _, err = s.Load("shop", "ada")
	require.Error(t, err, "a changed file is refused")
	require.NoError(t, s.Remove("shop", "ada"))
	require.ErrorIs(t, s.Remove("shop", "ada"), profile.ErrNotFound)
}

func TestWhatCannotBeSaved(t *testing.T) {
	t.Parallel()
	_, err := profile.Open(t.TempDir(), "short")
	require.ErrorContains(t, err, "too short")
	s := open(t, t.TempDir(), key)
	for _, name := range []string{"", "../x", "A", "a/b"} {
		_, err := s.Save(profile.Info{Project: "p", Name: name}, nil, now)
		require.ErrorIs(t, err, profile.ErrName, name)
	}
	_, err = open(t, t.TempDir(), "").Save(profile.Info{Project: "p", Name: "n"}, nil, now)
	require.ErrorIs(t, err, profile.ErrNoKey)
	_, _, err = s.Load("p", "n")
	require.ErrorIs(t, err, profile.ErrNotFound)
	list, err := open(t, "/nowhere/profiles", key).List("")
	require.NoError(t, err)
	require.Empty(t, list)
}

func TestExpiryIsTheLoginsOwn(t *testing.T) {
	t.Parallel()
	token := "eyJhbGciOiJub25lIn0." + base64.RawURLEncoding.EncodeToString([]byte(`{"exp":1700000000}`)) + ".c2ln"
	for name, c := range map[string]struct {
		state string
		want  int64
	}{
		"nothing known":          {`{"cookies":[{"expires":-1,"httpOnly":true}]}`, 0},
		"no state":               {`no`, 0},
		"the session's cookie":   {`{"cookies":[{"expires":100},{"expires":300,"httpOnly":true},{"expires":200,"httpOnly":true}]}`, 200},
		"any cookie":             {`{"cookies":[{"expires":300},{"expires":200}]}`, 200},
		"a token in storage":     {`{"origins":[{"localStorage":[{"value":"{\"t\":\"` + token + `\"}"}]}]}`, 1700000000},
		"what ends first":        {`{"cookies":[{"expires":1600000000,"httpOnly":true,"value":"` + token + `"}]}`, 1600000000},
		"times that cannot be":   {`{"cookies":[{"expires":1e300,"httpOnly":true}]}`, 0},
		"a token without a time": {`{"origins":[{"localStorage":[{"value":"eyJ9.eyJ9.x"}]}]}`, 0},
	} {
		got := profile.Expiry([]byte(c.state))
		if c.want == 0 {
			require.True(t, got.IsZero(), name)
			continue
		}
		require.Equal(t, time.Unix(c.want, 0).UTC(), got, name)
		info := profile.Info{ExpiresAt: got}
		require.True(t, info.Expired(got))
		require.False(t, info.Expired(got.Add(-time.Second)))
	}
}
