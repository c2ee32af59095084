package recorder_test

import (
	"archive/zip"
	"bytes"
	"io"
	"slices"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/require"

	"tapedeck/domain/job"
	"tapedeck/domain/recording"
)

func TestAScriptIsRecorded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.record("/", map[string]any{
		"mode": "script", "name": "Sign in", "folder": "shop", "steps": signIn(),
		"secrets": []any{map[string]any{"name": "pw", "ref": "TAPEDECK_SECRET_PW"}},
	})
	end := b.final(id)
	require.Equal(t, job.StatusSucceeded, end.Status, "%+v", end.Error)

	got := b.recording(id)
	require.Equal(t, recording.StatusComplete, got.Status)
	require.Equal(t, "Sign in", got.Name)
	var order []string
	for _, s := range got.Steps {
		order = append(order, s.ID)
		require.Equal(t, "script", s.By, s.ID)
		require.NotNil(t, s.Evidence, s.ID)
		require.NotEmpty(t, s.Evidence.Screenshot, s.ID)
		require.NotEmpty(t, s.Evidence.DOM, s.ID)
	}
	require.Equal(t, []string{"start", "user", "pw", "go", "seen"}, order)
	require.True(t, slices.IsSortedFunc(got.Steps, func(x, y recording.Step) int { return x.At.Compare(y.At) }))
	click, _ := got.Step("go")
	require.NotEmpty(t, click.Evidence.Requests, "the click's requests")
	require.NotEmpty(t, click.Evidence.Console, "the click's console lines")
	require.Equal(t, "started", b.events(id)[0])
	require.Equal(t, "finished", b.events(id)[len(b.events(id))-1])

	files := b.artefacts(id, 1)
	for _, name := range []string{"recording.json", "metadata.json", "trace.zip", "network.har", "console.ndjson"} {
		require.Contains(t, files, name)
	}
	b.requireHAR(id)
	b.requireTrace(id)
	b.requireNoSecret(id, files, "Tr0ub4dor-and-3", "c00kie-9f8e7d6c5b4a", "tok-1234567890abcdef")
	require.Positive(t, got.Masked["declared"])
}

func (b *bundle) requireHAR(id string) {
	b.Helper()
	var har struct {
		Log struct {
			Entries []struct {
				Request struct{ Method, URL string }
			}
		}
	}
	require.NoError(b, json.Unmarshal(b.read(id, 1, "network.har"), &har, json.MatchCaseInsensitiveNames(true)))
	require.GreaterOrEqual(b, len(har.Log.Entries), 3)
}

func (b *bundle) requireTrace(id string) {
	b.Helper()
	data := b.read(id, 1, "trace.zip")
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	require.NoError(b, err)
	var names []string
	for _, f := range z.File {
		names = append(names, f.Name)
		if f.Name == "trace.trace" {
			r, err := f.Open()
			require.NoError(b, err)
			trace, err := io.ReadAll(r)
			require.NoError(b, err)
			require.Contains(b, string(trace), `"apiName":"Click Sign in"`)
			require.Contains(b, string(trace), `"apiName":"locator.click"`)
			require.NotContains(b, string(trace), "SerializeCallStack")
		}
	}
	require.Contains(b, names, "trace.trace")
	require.Contains(b, names, "trace.network")
}

// requireNoSecret looks through every stored byte, archives included.
func (b *bundle) requireNoSecret(id string, files map[string]int64, secrets ...string) {
	b.Helper()
	for name := range files {
		data := b.read(id, 1, name)
		for _, secret := range secrets {
			require.NotContains(b, string(data), secret, name)
		}
		z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			continue
		}
		for _, f := range z.File {
			r, err := f.Open()
			require.NoError(b, err)
			inner, err := io.ReadAll(r)
			require.NoError(b, err)
			for _, secret := range secrets {
				require.NotContains(b, string(inner), secret, f.Name)
			}
		}
	}
	events, err := b.store.ReadStream(b.Context(), recording.Stream(id), 1, 10_000)
	require.NoError(b, err)
	for _, e := range events {
		for _, secret := range secrets {
			require.NotContains(b, string(e.Data), secret)
		}
	}
}
