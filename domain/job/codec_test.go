package job_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"

	"tapedeck/domain/event"
	"tapedeck/domain/job"
)

// samples has every event, with every field set.
var samples = []job.Event{
	job.Submitted{
		Kind: "system.ping", Queue: "default", Priority: job.PriorityHigh, Status: job.StatusDelayed,
		Input: jsontext.Value(`{"n":1}`), Labels: map[string]string{"b": "2", "a": "1"},
		Retry:     job.RetryPolicy{MaxAttempts: 3, InitialMS: 1000, MaxMS: 300_000, Factor: 1.5},
		TimeoutMS: 5000, ParentID: "j0", After: []job.Dependency{{JobID: "d", OnFailure: job.OnFailureRun}},
		RunAt: at(59), Fingerprint: "f", CommandID: "c",
	},
	job.Waiting{CommandID: "c"},
	job.DependencyResolved{JobID: "d", Status: job.StatusSucceeded, Version: 3, Hash: event.Hash{0xab}},
	job.Queued{Reason: job.QueuedByHandback, Output: &job.Head{Count: 2, Hash: event.Hash{0xcd}}, CommandID: "c"},
	job.Started{Attempt: 2, Worker: "w", Lease: "l", LeaseMS: 30_000, TimeoutAt: at(30)},
	job.Progressed{Percent: 12.5, Message: "half of a quarter"},
	job.Logged{
		Lines: []job.Line{
			{Time: at(1), Level: "info", Text: "é\u001b[31mred", Stream: "stdout"}, {Time: at(2).Add(time.Nanosecond), Level: "warn", Text: ""},
		},
		Truncated: &job.Truncation{Lines: 1, Bytes: 2},
	},
	job.ArtifactStored{Name: "a/b.png", Size: 3, ContentType: "image/png", SHA256: event.Hash{0xef}},
	job.StopRequested{Reason: "enough", CommandID: "c"},
	job.CancelRequested{Reason: "wrong", CommandID: "c"},
	job.Cancelled{Reason: "wrong", Abandoned: true, Output: &job.Head{Count: 1, Hash: event.Hash{1}}, CommandID: "c"},
	job.Succeeded{Result: jsontext.Value(`[]`), Stopped: true, Output: job.Head{Count: 1, Hash: event.Hash{1}}},
	job.Failed{Error: job.Error{Code: "exit", Message: "m", Detail: "d", Permanent: true}, Final: true, Output: job.Head{Count: 1}},
	job.RetryScheduled{RunAt: at(9), DelayMS: 1500, Attempt: 3},
	job.LeaseExpired{Worker: "w", Output: job.Head{Count: 4, Hash: event.Hash{4}}},
	job.DeadLettered{Reason: "3 of 3 attempts used"},
	job.Annotated{Text: "look here", CommandID: "c"},
	job.Forked{FromJobID: "j0", FromVersion: 7},
	job.Archived{URL: "s3://bucket/segment"},
}

// An event of every type as this build writes it, and as it must load for ever. Do not change a
// golden file: an event with new data gets a new file beside the old one.
// UPDATE_GOLDEN=1 writes those that do not exist.
func TestGoldenEvents(t *testing.T) {
	t.Parallel()
	var types []string
	for _, e := range samples {
		types = append(types, e.EventType())
		data, err := job.Encode(e)
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
		back, err := job.Decode(e.EventType(), 1, golden)
		require.NoError(t, err)
		require.Equal(t, e, back, "what was written once")
	}
	require.Equal(t, job.Types(), types, "a sample of every type, in the order of a job's life")
	files, err := filepath.Glob(filepath.Join("testdata", "v1", "*.json"))
	require.NoError(t, err)
	require.Len(t, files, len(types))
}

// The least that each type can say loads too.
func TestEmptyAndErasedDataLoads(t *testing.T) {
	t.Parallel()
	for _, kind := range job.Types() {
		zero, ok := job.Prototype(kind)
		require.True(t, ok)
		for _, data := range []string{`{}`, `null`, `{"added_by":"a newer build"}`} {
			e, err := job.Decode(kind, 1, jsontext.Value(data))
			require.NoError(t, err, "%s %s", kind, data)
			require.Equal(t, zero, e, "%s %s", kind, data)
		}
		_, err := job.Decode(kind, 1, jsontext.Value(`[]`))
		require.ErrorContains(t, err, kind)
	}
	_, ok := job.Prototype("job.unheard_of")
	require.False(t, ok)
}

func TestUnknownEventsAreKept(t *testing.T) {
	t.Parallel()
	data := jsontext.Value(`{"x": [1, 2]}`)
	for _, c := range []struct {
		kind   string
		schema int
	}{{"job.unheard_of", 1}, {"job.started", event.SchemaVersion + 1}} {
		e, err := job.Decode(c.kind, c.schema, data)
		require.NoError(t, err)
		require.Equal(t, job.Unknown{Type: c.kind, Data: data}, e)
		require.Equal(t, c.kind, e.EventType())
		back, err := job.Encode(e)
		require.NoError(t, err)
		require.Equal(t, data, back, "byte for byte")
	}
}

func TestNoEventFailsForItsText(t *testing.T) {
	t.Parallel()
	data, err := job.Encode(job.Failed{Error: job.Error{Code: "exit", Message: "a\xffb"}})
	require.NoError(t, err)
	e, err := job.Decode("job.failed", 1, data)
	require.NoError(t, err)
	require.Equal(t, "a\uFFFDb", e.(job.Failed).Error.Message)
}

// Every type that is sealed is an event that the codec knows.
func TestCodecCoversEveryEvent(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "events.go", nil, 0)
	require.NoError(t, err)
	var sealed []string
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if ok && f.Name.Name == "sealed" {
			sealed = append(sealed, f.Recv.List[0].Type.(*ast.Ident).Name)
		}
	}
	sealed = slices.DeleteFunc(sealed, func(name string) bool { return name == "Unknown" })
	require.NotEmpty(t, sealed)
	require.Len(t, job.Types(), len(sealed))
	require.Len(t, slices.Compact(slices.Sorted(slices.Values(job.Types()))), len(sealed), "each type has a name of its own")
}

// FuzzDecode: whatever the data, Decode answers or fails; what it answers is written and read again
// as the same, and folds.
func FuzzDecode(f *testing.F) {
	for _, e := range samples {
		data, err := job.Encode(e)
		require.NoError(f, err)
		f.Add(e.EventType(), []byte(data))
	}
	f.Add("job.submitted", []byte(`{"input":{"deep":[[[[[]]]]]}}`))
	f.Add("job.unheard_of", []byte(`{}`))
	f.Fuzz(func(t *testing.T, kind string, data []byte) {
		e, err := job.Decode(kind, 1, data)
		if err != nil {
			return
		}
		if u, ok := e.(job.Unknown); ok {
			require.Equal(t, kind, u.Type)
			return
		}
		again, err := job.Encode(e)
		require.NoError(t, err)
		require.True(t, again.IsValid())
		back, err := job.Decode(kind, 1, again)
		require.NoError(t, err)
		twice, err := job.Encode(back)
		require.NoError(t, err)
		require.Equal(t, string(again), string(twice))
		s := job.Evolve(job.State{}, e, at(1))
		_, err = json.Marshal(s, jsontext.AllowInvalidUTF8(true))
		require.NoError(t, err)
	})
}
