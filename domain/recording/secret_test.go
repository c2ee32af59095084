package recording_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tapedeck/domain/recording"
)

func fill(text string, element *recording.Facts, selectors ...string) recording.Step {
	target := &recording.Target{Element: element}
	for _, s := range selectors {
		target.Candidates = append(target.Candidates, recording.Candidate{Selector: s, Matches: 1})
	}
	return recording.Step{ID: "1", Type: recording.Fill, Target: target, Value: &recording.Value{Text: text}}
}

func TestPasswordsAreTakenOutOfSteps(t *testing.T) {
	t.Parallel()
	named := &recording.Facts{Tag: "input", Attributes: map[string]string{"type": "password", "name": "pw"}}
	given := []recording.Step{
		fill("hunter2", named, "#p"), fill("hunter2", nil, `internal:label="Password"i`),
		fill("123456", &recording.Facts{Attributes: map[string]string{"autocomplete": "one-time-code"}, Name: "The code"}, "#c"),
		fill("Ada", &recording.Facts{Tag: "input", Name: "Name"}, `internal:label="Name"i`), press("9"),
	}
	steps, names := recording.WithoutSecrets(given)
	require.Equal(t, []string{"password", "pw"}, names)
	require.Equal(t, &recording.Value{Secret: "pw"}, steps[0].Value)
	require.Equal(t, &recording.Value{Secret: "password"}, steps[1].Value)
	require.Equal(t, &recording.Value{Secret: "password"}, steps[2].Value)
	require.Equal(t, given[3:], steps[3:])
	require.Equal(t, "hunter2", given[0].Value.Text, "what was given is as it was")
	again, names := recording.WithoutSecrets(steps)
	require.Empty(t, names)
	require.Equal(t, steps, again)
}

func TestSecretNames(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"password", "New-Password", "api_key", "X-Auth-Token", "PIN", "csrfmiddlewaretoken", "JSESSIONID"} {
		require.True(t, recording.SecretName(name), name)
	}
	for _, name := range []string{"", "name", "pinned", "author", "passenger", "sessions", "sidebar"} {
		require.False(t, recording.SecretName(name), name)
	}
}
