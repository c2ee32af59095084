package workers_test

import (
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"

	"tapedeck/domain/job"
	"tapedeck/workers"
	"tapedeck/workers/exercise"
	"tapedeck/workers/ping"
)

func TestKindsDescribeThemselves(t *testing.T) {
	t.Parallel()
	r, err := workers.NewRegistry(exercise.Kind(), ping.Kind())
	require.NoError(t, err)
	require.Equal(t, []string{"system"}, r.Queues())
	for _, spec := range r.Specs() {
		require.NotEmpty(t, spec.Title)
		require.NotEmpty(t, spec.Description)
		require.Contains(t, string(spec.Input), `"additionalProperties":false`)
		require.Equal(t, 3, spec.Retry.MaxAttempts)
	}
	_, known := r.Lookup("nobody")
	require.False(t, known)
}

func TestInputIsChecked(t *testing.T) {
	t.Parallel()
	for given, path := range map[string]string{
		`{"lines":-1}`:                              "input.lines",
		`{"lines":1.5}`:                             "input.lines",
		`{"lines":1,"lines":2}`:                     "input.lines",
		`{"linse":1}`:                               "input.linse",
		`{"fail":"maybe"}`:                          "input.fail",
		`{"failAt":101}`:                            "input.failAt",
		`{"lines":1000000,"rate":1}`:                "input.rate",
		`{"rate":-0.1}`:                             "input.rate",
		`{"artifactBytes":5e9}`:                     "input.artifactBytes",
		`{"artifactBytes":1073741825}`:              "input.artifactBytes",
		`{"artifactName":""}`:                       "input.artifactName",
		`{"artifactBytes":1,"artifactName":"../x"}`: "input.artifactName",
		`{"lineBytes":70000}`:                       "input.lineBytes",
		`7`:                                         "input",
	} {
		err := exercise.Kind().Check(jsontext.Value(given))
		var invalid *job.InvalidError
		require.ErrorAs(t, err, &invalid, given)
		require.Equal(t, path, invalid.Faults[0].Path, given)
	}
	for _, given := range []string{"", "{}", `{"lines":0}`, `{"artifactBytes":1,"artifactName":"a/b"}`} {
		require.NoError(t, exercise.Kind().Check(jsontext.Value(given)), given)
	}
	require.Error(t, ping.Kind().Check(jsontext.Value(`{"message":1}`)))
}

// Every failing wish of system.exercise ends as it says.
func TestExerciseFails(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := setup(t)
		b.start()
		for _, c := range []struct {
			input  string
			status job.Status
			code   string
		}{
			{`{"lines":0,"fail":"error"}`, job.StatusDead, "exercise"},
			{`{"lines":9,"fail":"error","failAt":100}`, job.StatusDead, "exercise"},
			{`{"lines":9,"fail":"error","failAttempts":2}`, job.StatusSucceeded, ""},
			{`{"lines":9,"fail":"permanent"}`, job.StatusFailed, "exercise"},
			{`{"lines":9,"fail":"panic","failAt":0}`, job.StatusDead, "panic"},
			{`{"lines":9,"secretRef":"HOME"}`, job.StatusFailed, "secret"},
		} {
			s := b.final(b.submit("system.exercise", c.input))
			require.Equal(t, c.status, s.Status, c.input)
			if c.code != "" {
				require.Equal(t, c.code, s.Error.Code, c.input)
			}
		}
	})
}
