package environment_test

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tapedeck/domain/environment"
	"tapedeck/domain/event"
	"tapedeck/domain/job"
	"tapedeck/domain/secret"
)

var at = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

var nobody = environment.State{Project: "p", Name: "staging"}

func shop() environment.Settings {
	return environment.Settings{
		Title: "Staging", BaseURL: "https://shop.example.org/app", Secrets: []secret.Ref{{Name: "token", Ref: "TAPEDECK_SECRET_SHOP"}},
		Headers: map[string]string{"Authorization": "Bearer ${secret:token}"}, LoginProfile: "buyer", Writable: true,
		IgnoreHTTPSErrors: true, AllowedHosts: []string{"api.example.org", "*.cdn.example.org", "localhost:8080"}, Note: "reset at night",
	}
}

// given folds what the commands decide; every one of them must be accepted.
func given(t require.TestingT, s environment.State, commands ...environment.Command) environment.State {
	for _, c := range commands {
		facts, err := environment.Decide(s, c)
		require.NoError(t, err, "%#v", c)
		for _, f := range facts {
			data, err := environment.Encode(f)
			require.NoError(t, err)
			s, err = environment.Fold(s, event.Event{
				Type: f.EventType(), Subject: "staging", Project: "p", Data: data, Time: at.Add(time.Duration(s.Version) * time.Second),
				SchemaVersion: event.SchemaVersion,
			}, event.Hash{byte(s.Version + 1)})
			require.NoError(t, err)
		}
	}
	return s
}

func TestAnEnvironmentIsDefinedChangedAndRemoved(t *testing.T) {
	t.Parallel()
	s := given(t, nobody, environment.Set{Settings: shop()})
	require.True(t, s.Exists())
	require.Equal(t, shop(), s.Settings)
	require.Equal(t, "staging", s.Name)
	require.Equal(t, "p", s.Project)
	require.Equal(t, event.Hash{1}, s.Head)

	changed := shop()
	changed.Writable = false
	s = given(t, s, environment.Set{Settings: changed})
	require.Equal(t, changed, s.Settings)
	require.Equal(t, uint64(2), s.Version)
	require.Equal(t, at, s.CreatedAt)
	require.Equal(t, at.Add(time.Second), s.UpdatedAt)

	s = given(t, s, environment.Remove{})
	require.False(t, s.Exists())
	require.Zero(t, s.Settings, "nobody runs tests against what was removed")
	_, err := environment.Decide(s, environment.Remove{})
	require.ErrorIs(t, err, environment.ErrNotFound)

	facts, err := environment.Decide(s, environment.Set{Settings: shop()})
	require.NoError(t, err)
	require.Equal(t, []environment.Event{environment.Defined{Settings: shop()}}, facts, "the name can be used again")
	s = given(t, s, environment.Set{Settings: shop()})
	require.Equal(t, uint64(4), s.Version)
	require.Equal(t, at.Add(3*time.Second), s.CreatedAt)
}

func TestTheSameSettingsChangeNothing(t *testing.T) {
	t.Parallel()
	least := environment.Settings{BaseURL: "http://localhost:3000"}
	s := given(t, nobody, environment.Set{Settings: least})
	least.Secrets, least.Headers, least.AllowedHosts = []secret.Ref{}, map[string]string{}, []string{}
	facts, err := environment.Decide(s, environment.Set{Settings: least})
	require.NoError(t, err)
	require.Empty(t, facts)
	require.False(t, s.Writable, "what is not allowed is refused")
}

func TestBadSettingsAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*environment.Settings)
		path   string
		says   string
	}{
		"no address":       {func(s *environment.Settings) { s.BaseURL = "" }, "baseUrl", "is needed"},
		"another scheme":   {func(s *environment.Settings) { s.BaseURL = "ftp://example.org" }, "baseUrl", "http"},
		"no host":          {func(s *environment.Settings) { s.BaseURL = "http:///a" }, "baseUrl", "host"},
		"credentials":      {func(s *environment.Settings) { s.BaseURL = "http://u:pw@example.org" }, "baseUrl", "credentials"},
		"query":            {func(s *environment.Settings) { s.BaseURL = "http://example.org?token=1" }, "baseUrl", "query"},
		"fragment":         {func(s *environment.Settings) { s.BaseURL = "http://example.org/#" }, "baseUrl", "fragment"},
		"no URL":           {func(s *environment.Settings) { s.BaseURL = "http://a b/%zz" }, "baseUrl", "no address"},
		"a value as ref":   {func(s *environment.Settings) { s.Secrets[0].Ref = "hunter2" }, "secrets.0.ref", "never its value"},
		"no ref":           {func(s *environment.Settings) { s.Secrets[0].Ref, s.Headers = "", nil }, "secrets.0.ref", "never its value"},
		"a clear header":   {func(s *environment.Settings) { s.Headers["Cookie"] = "a=b" }, "headers.Cookie", "written down"},
		"an unknown name":  {func(s *environment.Settings) { s.Headers["X-A"] = "${secret:b}" }, "headers.X-A", "not in secrets"},
		"a long header":    {func(s *environment.Settings) { s.Headers["X-A"] = strings.Repeat("a", 8193) }, "headers.X-A", "8192"},
		"twice":            {func(s *environment.Settings) { s.Secrets = append(s.Secrets, s.Secrets[0]) }, "secrets.1.name", "twice"},
		"no login's name":  {func(s *environment.Settings) { s.LoginProfile = "A b" }, "loginProfile", "want"},
		"a URL as a host":  {func(s *environment.Settings) { s.AllowedHosts[1] = "https://example.org" }, "allowedHosts.1", "host"},
		"a path in a host": {func(s *environment.Settings) { s.AllowedHosts[0] = "example.org/a" }, "allowedHosts.0", "host"},
		"everything":       {func(s *environment.Settings) { s.AllowedHosts[0] = "*" }, "allowedHosts.0", "host"},
		"a host's user":    {func(s *environment.Settings) { s.AllowedHosts[0] = "u@example.org" }, "allowedHosts.0", "host"},
		"no port":          {func(s *environment.Settings) { s.AllowedHosts[0] = "example.org:" }, "allowedHosts.0", "host"},
		"a long title":     {func(s *environment.Settings) { s.Title = strings.Repeat("a", 201) }, "title", "200"},
		"no text":          {func(s *environment.Settings) { s.Note = "\xff" }, "note", "UTF-8"},
	} {
		settings := shop()
		c.change(&settings)
		_, err := environment.Decide(nobody, environment.Set{Settings: settings})
		var bad *job.InvalidError
		require.ErrorAs(t, err, &bad, name)
		require.Len(t, bad.Faults, 1, name)
		require.Equal(t, c.path, bad.Faults[0].Path, name)
		require.Contains(t, bad.Faults[0].Message, c.says, name)
		require.NotContains(t, err.Error(), "hunter2")
		require.NotContains(t, err.Error(), "pw@")
	}
	_, err := environment.Decide(environment.State{Project: "p", Name: "Not a name"}, environment.Set{Settings: shop()})
	var bad *job.InvalidError
	require.ErrorAs(t, err, &bad)
	require.Equal(t, "name", bad.Faults[0].Path)
}

func TestWhatTestsMayReach(t *testing.T) {
	t.Parallel()
	s := shop()
	s.AllowedHosts = append(s.AllowedHosts, "[::1]:99")
	require.NoError(t, second(environment.Decide(nobody, environment.Set{Settings: s})))
	for address, want := range map[string]bool{
		"https://shop.example.org/":       true,
		"https://SHOP.example.org:443/x":  true,
		"http://shop.example.org/":        false,
		"http://shop.example.org:443/":    false,
		"wss://shop.example.org/live":     true,
		"https://shop.example.org:8443/":  false,
		"https://example.org/":            false,
		"https://evilshop.example.org/":   false,
		"https://api.example.org:8443/":   true,
		"https://a.cdn.example.org/":      true,
		"https://cdn.example.org/":        false,
		"https://acdn.example.org/":       false,
		"http://localhost:8080/":          true,
		"http://localhost:8081/":          false,
		"http://localhost/":               false,
		"http://[::1]:99/":                true,
		"ftp://shop.example.org/":         false,
		"file:///etc/passwd":              false,
		"http://shop.example.org.evil.x/": false,
	} {
		u, err := url.Parse(address)
		require.NoError(t, err)
		require.Equal(t, want, s.Allows(u), address)
	}
}

// Headers with secrets go to what an environment owns, never in clear where it is not.
func TestWhatAnEnvironmentOwns(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		base, address string
		owns          bool
	}{
		{"http://shop.example.org", "http://shop.example.org/a", true},
		{"http://shop.example.org", "https://shop.example.org/a", true},
		{"https://shop.example.org", "http://shop.example.org/a", false},
		{"http://localhost:3000", "http://LOCALHOST:3000/", true},
		{"http://localhost:3000", "https://localhost/", false},
		{"http://localhost:3000", "ws://localhost:3000/", true},
		{"http://localhost:3000", "http://localhost:3001/", false},
		{"https://shop.example.org", "https://api.example.org/", false},
	} {
		u, err := url.Parse(c.address)
		require.NoError(t, err)
		s := environment.Settings{BaseURL: c.base, AllowedHosts: []string{"api.example.org"}}
		require.Equal(t, c.owns, s.Owns(u), "%s of %s", c.address, c.base)
	}
}

func second(_ []environment.Event, err error) error { return err }

func TestStreamsAreNamedByProjectAndName(t *testing.T) {
	t.Parallel()
	project, name, ok := environment.ParseStream(environment.Stream("p", "staging"))
	require.True(t, ok)
	require.Equal(t, [2]string{"p", "staging"}, [2]string{project, name})
	for _, other := range []string{"job/p/staging", "environment/p", "environment/p/", "environment//a", "environment/p/a/b", "environment/P/a"} {
		_, _, ok := environment.ParseStream(other)
		require.False(t, ok, other)
	}
}

// TestGoldenEvents: what was written once loads for ever. UPDATE_GOLDEN=1 writes the file of a new type.
func TestGoldenEvents(t *testing.T) {
	t.Parallel()
	samples := []environment.Event{environment.Defined{Settings: shop()}, environment.Changed{Settings: environment.Settings{BaseURL: "http://localhost:3000"}}, environment.Removed{}}
	var types []string
	for _, e := range samples {
		types = append(types, e.EventType())
		data, err := environment.Encode(e)
		require.NoError(t, err)
		path := filepath.Join("testdata", "v1", e.EventType()+".json")
		if _, err := os.Stat(path); os.IsNotExist(err) && os.Getenv("UPDATE_GOLDEN") != "" {
			require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
			require.NoError(t, os.WriteFile(path, append(data, '\n'), 0o644))
		}
		golden, err := os.ReadFile(path)
		require.NoError(t, err)
		golden = golden[:len(golden)-1]
		require.Equal(t, string(golden), string(data), "what is written now")
		back, err := environment.Decode(e.EventType(), 1, golden)
		require.NoError(t, err)
		require.Equal(t, e, back, "what was written once")
	}
	require.Equal(t, environment.Types(), types, "a sample of every type")
}

func TestUnknownEventsAreTolerated(t *testing.T) {
	t.Parallel()
	s := given(t, nobody, environment.Set{Settings: shop()})
	for _, c := range []struct {
		eventType string
		schema    int
	}{{"environment.dreamt", event.SchemaVersion}, {"environment.removed", event.SchemaVersion + 1}} {
		next, err := environment.Fold(s, event.Event{Type: c.eventType, Data: jsontext.Value(`{"a":1}`), SchemaVersion: c.schema}, event.Hash{9})
		require.NoError(t, err)
		require.Equal(t, s.Version+1, next.Version)
		require.Equal(t, s.Settings, next.Settings)
	}
	first, err := environment.Fold(nobody, event.Event{Type: "environment.dreamt", Data: jsontext.Value(`{}`), SchemaVersion: 1}, event.Hash{9})
	require.NoError(t, err)
	require.False(t, first.Exists(), "nothing is known of it")
	next, err := environment.Fold(s, event.Event{Type: "environment.changed", Data: jsontext.Value(`{"baseUrl":"http://a","later":1}`), SchemaVersion: 1}, event.Hash{9})
	require.NoError(t, err)
	require.Equal(t, "http://a", next.BaseURL)
	_, err = environment.Fold(s, event.Event{Type: "environment.changed", Data: jsontext.Value(`[]`), SchemaVersion: 1}, event.Hash{9})
	require.ErrorContains(t, err, "environment.changed")
}

// Whatever is asked for, the state is what the last accepted command said, and a command that is repeated changes nothing.
func TestTheLastCommandCounts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s, exists := nobody, false
		for range rapid.IntRange(1, 12).Draw(t, "commands") {
			if rapid.Bool().Draw(t, "remove") {
				_, err := environment.Decide(s, environment.Remove{})
				require.Equal(t, exists, err == nil)
				if exists {
					s, exists = given(t, s, environment.Remove{}), false
				}
				continue
			}
			wanted := environment.Settings{
				BaseURL:  rapid.SampledFrom([]string{"http://a", "http://b:1/x", "ftp://c"}).Draw(t, "address"),
				Writable: rapid.Bool().Draw(t, "writable"),
				Title:    rapid.StringMatching(`[a-c]{0,2}`).Draw(t, "title"),
			}
			_, err := environment.Decide(s, environment.Set{Settings: wanted})
			require.Equal(t, wanted.BaseURL == "ftp://c", err != nil)
			if err != nil {
				continue
			}
			s, exists = given(t, s, environment.Set{Settings: wanted}), true
			require.Equal(t, wanted, s.Settings)
			require.True(t, s.Exists())
			again, err := environment.Decide(s, environment.Set{Settings: wanted})
			require.NoError(t, err)
			require.Empty(t, again)
		}
	})
}
