package handlers_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"

	"tapedeck/artifacts"
	"tapedeck/domain/job"
	"tapedeck/domain/recording"
	"tapedeck/eventstore"
	"tapedeck/handlers"
)

// withRecorder adds the recorder's kind, whose url must be given, and what records.
func withRecorder(r handlers.Recorder) func(*handlers.Config) {
	return func(c *handlers.Config) {
		c.Recorder = r
		c.Kinds = append(c.Kinds, handlers.Kind{
			Name: recording.Kind, Queue: "recorder", Check: func(input jsontext.Value) error {
				if !strings.Contains(string(input), `"url"`) {
					return &job.InvalidError{Faults: []job.Fault{{Path: "input.url", Message: "is needed"}}}
				}
				return nil
			},
		})
	}
}

// record makes a finished recording of n steps, as a worker would.
func (b *bundle) record(n int) (id string) {
	b.t.Helper()
	var session struct{ JobID string }
	b.do("POST", "/api/recorder/sessions", `{"url":"http://localhost/","name":"Sign in"}`).is(202).into(&session)
	commands := []recording.Command{recording.Start{Started: recording.Started{Attempt: 1, Name: "Sign in", Mode: "script", URL: "http://localhost/"}}}
	for i := range n {
		commands = append(commands, recording.Record{Step: recording.Step{
			ID: fmt.Sprint("s", i+1), Type: recording.Press, Key: "Enter", Title: fmt.Sprint("Press Enter ", i+1),
			Evidence: &recording.Evidence{URL: "http://localhost/", OffsetMS: int64(i)},
		}})
	}
	commands = append(commands, recording.Finish{Finished: recording.Finished{Outcome: "complete", Attempt: 1, DurationMS: 1200, Thumbnail: "screenshots/s1.png"}})
	_, err := b.repo.ApplyRecording(b.t.Context(), recording.State{ID: session.JobID, Project: "default"}, worker, time.Now(), nil, commands...)
	require.NoError(b.t, err)
	return session.JobID
}

func TestASessionIsAJob(t *testing.T) {
	t.Parallel()
	b := setup(t, withRecorder(nil))
	a := b.do("POST", "/api/recorder/sessions", `{"url":"http://localhost/","mode":"script","project":"shop","labels":{"team":"a"}}`, "Idempotency-Key", "k1").is(202)
	var session struct{ JobID, SessionID, Status string }
	a.into(&session)
	require.Equal(t, session.JobID, session.SessionID)
	require.Equal(t, "/api/recorder/sessions/"+session.JobID, a.header.Get("Location"))
	j := b.do("GET", "/api/jobs/"+session.JobID, "").is(200).job()
	require.Equal(t, "recorder.record", j.Kind)
	require.Equal(t, "shop", j.Project)
	require.Equal(t, map[string]string{"team": "a"}, j.Labels)
	require.JSONEq(t, `{"url":"http://localhost/","mode":"script"}`, string(j.Input))
	again := b.do("POST", "/api/recorder/sessions", `{"url":"http://localhost/","mode":"script","project":"shop","labels":{"team":"a"}}`, "Idempotency-Key", "k1").is(202)
	require.Equal(t, "true", again.header.Get("Idempotent-Replay"))

	var state struct {
		Status string
		Live   bool
	}
	b.do("GET", "/api/recorder/sessions/"+session.JobID, "").is(200).into(&state)
	require.Equal(t, "queued", state.Status)
	require.False(t, state.Live)
	b.do("POST", "/api/recorder/sessions/"+session.JobID+"/cancel", "").is(202)
	b.do("GET", "/api/recorder/sessions/"+session.JobID, "").is(200).into(&state)
	require.Equal(t, "cancelled", state.Status)

	size := b.size()
	p := b.do("POST", "/api/recorder/sessions", `{"name":"x"}`).is(400).problem("invalid")
	require.Equal(t, "/url", p.Errors[0].Path, "the path is one into this body")
	b.do("POST", "/api/recorder/sessions", `[]`).is(400).problem("invalid")
	b.do("POST", "/api/recorder/sessions", `{"url":"x","url":"y"}`).is(400).problem("invalid")
	b.do("POST", "/api/recorder/sessions", `{"url":"x","project":7}`).is(400).problem("invalid")
	other := b.submit(`{"kind":"any.thing"}`)
	b.do("GET", "/api/recorder/sessions/"+other.JobID, "").is(404).problem("not_found")
	b.do("GET", "/api/recorder/sessions/nope", "").is(404).problem("not_found")
	require.Equal(t, size+1, b.size())
}

func TestTheLibrary(t *testing.T) {
	t.Parallel()
	b := setup(t, withRecorder(nil))
	first, second := b.record(2), b.record(1)
	var page struct {
		Items []struct {
			RecordingID, Name, ThumbnailURL string
			Steps                           int
		}
		Folders []struct {
			Name  string
			Count int
		}
		NextPage string
	}
	tail, err := b.store.Tail(t.Context())
	require.NoError(t, err)
	b.do("GET", "/api/recordings?limit=1&minCursor="+tail.String(), "").is(200).into(&page)
	require.Equal(t, second, page.Items[0].RecordingID)
	require.Equal(t, "/api/recorder/"+second+"/artifacts/screenshots/s1.png", page.Items[0].ThumbnailURL)
	b.do("GET", "/api/recordings?limit=1&page="+page.NextPage, "").is(200).into(&page)
	require.Equal(t, first, page.Items[0].RecordingID)
	require.Equal(t, 2, page.Items[0].Steps)
	b.do("GET", "/api/recordings?q=press+en", "").is(200).into(&page)
	require.Len(t, page.Items, 2)
	require.Equal(t, 2, page.Folders[0].Count)
	for _, bad := range []string{"sort=size", "status=done", "limit=0", "folders=x", "page=x", "removed=maybe", "q=" + strings.Repeat("x", 201)} {
		b.do("GET", "/api/recordings?"+bad, "").is(400).problem("invalid")
	}
}

func TestARecordingIsEdited(t *testing.T) {
	t.Parallel()
	b := setup(t, withRecorder(nil))
	id := b.record(3)
	type state struct {
		Name             string
		Steps            []recording.Step
		CanUndo, CanRedo bool
		Version          int
	}
	get := func(query string) (s state) {
		t.Helper()
		b.do("GET", "/api/recordings/"+id+query, "").is(200).into(&s)
		return s
	}
	edit := func(body string, headers ...string) answer {
		t.Helper()
		return b.do("POST", "/api/recordings/"+id+"/edit", `{"edits":[`+body+`]}`, headers...)
	}
	before := get("")
	require.Len(t, before.Steps, 3)
	require.False(t, before.CanUndo)

	edit(`{"op":"rename","name":"Log in"},{"op":"moveStep","stepId":"s3","index":0},
		{"op":"insertStep","index":1,"step":{"id":"","type":"assert","assertion":{"claim":"title","expected":"Home"}}}`,
		"If-Match", fmt.Sprintf(`"%d"`, before.Version)).is(200)
	after := get("")
	require.Equal(t, "Log in", after.Name)
	require.Equal(t, "s3", after.Steps[0].ID)
	require.NotEmpty(t, after.Steps[1].ID, "a new step gets an id")
	require.Equal(t, "editor", after.Steps[1].By)
	edit(`{"op":"rename","name":"x"}`, "If-Match", fmt.Sprintf(`"%d"`, before.Version)).is(412).problem("conflict")
	edit(`{"op":"undo"},{"op":"undo"},{"op":"undo"}`).is(200)
	require.Equal(t, before.Steps, get("").Steps)
	edit(`{"op":"undo"}`).is(409).problem("conflict")
	edit(`{"op":"redo"}`).is(200)
	require.Equal(t, "Log in", get("").Name)
	require.Equal(t, before.Steps, get(fmt.Sprintf("?version=%d", before.Version)).Steps, "time travel")

	var versions struct {
		Items []struct{ Type, What, StepID string }
	}
	b.do("GET", "/api/recordings/"+id+"/versions", "").is(200).into(&versions)
	require.Equal(t, "recording.reverted", versions.Items[0].Type)
	require.Equal(t, "Recording began", versions.Items[len(versions.Items)-1].What)
	var doc recording.Document
	b.do("GET", "/api/recordings/"+id+"/document", "").is(200).into(&doc)
	require.Equal(t, recording.Format, doc.Format)

	edit(`{"op":"remove"}`).is(200)
	edit(`{"op":"rename","name":"y"}`).is(409)
	edit(`{"op":"restore"}`).is(200)

	size := b.size()
	for _, bad := range []string{
		`{"op":"jump"}`, `{"op":"rename","name":""}`, `{"op":"moveStep","stepId":"s1","index":9}`, `{"op":"insertStep"}`,
		`{"op":"insertStep","step":{"id":"n","type":"click"}}`, `{"op":"variables","variables":[{"name":"1"}]}`, `{"op":"restoreVersion","version":9999}`,
		`{"op":"folder","folder":"../x"}`, `{"op":"rename","name":"a","more":1}`, ``,
	} {
		edit(bad).is(400).problem("invalid")
	}
	edit(`{"op":"rename","name":"kept"},{"op":"removeStep","stepId":"nope"}`).is(409)
	b.do("POST", "/api/recordings/nope/edit", `{"edits":[{"op":"undo"}]}`).is(404).problem("not_found")
	b.do("GET", "/api/recordings/nope", "").is(404).problem("not_found")
	b.do("GET", "/api/recordings/"+id+"?version=9999", "").is(404).problem("not_found")
	b.do("GET", "/api/recordings/"+id+"/trace", "").is(404).problem("not_found")
	require.Equal(t, size, b.size(), "all edits or none")
}

func TestATraceOfARunIsShown(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *handlers.Config) { c.Recorder = &echo{} })
	j := b.submit(`{"kind":"any.thing"}`)
	_, out := b.begin(j.JobID)
	const name = "runs/stability-1-aa/trace.zip"
	stored, err := b.artifacts.Put(t.Context(), artifacts.Key{JobID: j.JobID, Attempt: 1, Name: name}, "", strings.NewReader("PK"), 10)
	require.NoError(t, err)
	require.NoError(t, out.Append(t.Context(), b.now(), job.ArtifactStored{Name: name, Size: stored.Size, ContentType: stored.ContentType, SHA256: stored.SHA256}))
	at := "/api/suites/" + j.JobID + "/trace?name="
	require.Contains(t, string(b.do("GET", at+name, "").is(200).body), "http://127.0.0.1:1/"+j.JobID+"/"+name)
	b.do("GET", at+"runs/stability-2-aa/trace.zip", "").is(404).problem("not_found")
	for _, bad := range []string{"", "runs/stability-1-aa/network.json", "atrace.zip"} {
		b.do("GET", at+bad, "").is(400).problem("invalid")
	}
}

// echo is a recorder with one live session, whose seats answer what they are told.
type echo struct {
	live   string
	closed chan struct{}
}

func (e *echo) Join(_ context.Context, id, _ string) (handlers.Seat, error) {
	if id != e.live {
		return nil, handlers.ErrNoStage
	}
	return &echoSeat{echo: e, said: make(chan []byte, 10)}, nil
}
func (e *echo) Devices(context.Context) ([]handlers.Device, error) {
	return []handlers.Device{{Name: "Pixel 7", Viewport: recording.Size{Width: 412, Height: 839}}}, nil
}
func (e *echo) TraceURL(_ context.Context, trace artifacts.Key, _ string) (string, error) {
	return "http://127.0.0.1:1/" + trace.JobID + "/" + trace.Name, nil
}

type echoSeat struct {
	echo *echo
	said chan []byte
}

func (s *echoSeat) Next(ctx context.Context) ([]byte, bool, error) {
	select {
	case m := <-s.said:
		if string(m) == "end" {
			return nil, false, io.EOF
		}
		return m, string(m) == "frame", nil
	case <-ctx.Done():
		return nil, false, ctx.Err()
	}
}
func (s *echoSeat) Take(_ context.Context, m []byte) error { s.said <- m; return nil }
func (s *echoSeat) Close()                                 { close(s.echo.closed) }

func TestAStageIsJoinedOverASocket(t *testing.T) {
	t.Parallel()
	recorder := &echo{closed: make(chan struct{})}
	b := setup(t, withRecorder(recorder))
	var session struct{ JobID string }
	b.do("POST", "/api/recorder/sessions", `{"url":"http://localhost/"}`).is(202).into(&session)
	p := b.do("GET", "/api/recorder/sessions/"+session.JobID+"/ws", "").is(503)
	require.NotEmpty(t, p.header.Get("Retry-After"), "it is not live yet")

	recorder.live = session.JobID
	url := "ws" + strings.TrimPrefix(b.base, "http") + "/api/recorder/sessions/" + session.JobID + "/ws"
	_, _, err := websocket.Dial(t.Context(), url, &websocket.DialOptions{HTTPHeader: map[string][]string{"Origin": {"https://evil.test"}}})
	require.Error(t, err, "a foreign page must not drive the browser")
	ws, _, err := websocket.Dial(t.Context(), url, nil)
	require.NoError(t, err)
	big := strings.Repeat("x", 1<<20)
	ws.SetReadLimit(2 << 20)
	for _, m := range []string{"hello", "frame", big} {
		require.NoError(t, ws.Write(t.Context(), websocket.MessageText, []byte(m)))
		kind, got, err := ws.Read(t.Context())
		require.NoError(t, err)
		require.Equal(t, m, string(got))
		require.Equal(t, m == "frame", kind == websocket.MessageBinary)
	}
	require.NoError(t, ws.Write(t.Context(), websocket.MessageText, []byte("end")))
	_, _, err = ws.Read(t.Context())
	require.Equal(t, websocket.StatusNormalClosure, websocket.CloseStatus(err))
	<-recorder.closed

	b.do("GET", "/api/recorder/devices", "").is(200)
	b.do("POST", "/api/recorder/sessions/"+session.JobID+"/cancel", "").is(202)
	recorder.live = ""
	b.do("GET", "/api/recorder/sessions/"+session.JobID+"/ws", "").is(410).problem("gone")
}

func TestAWorkersStageIsNotForClients(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.NoError(t, b.store.Heartbeat(t.Context(), eventstore.Worker{
		ID: "w1", Name: "w1", Status: "running", Stage: eventstore.Stage{URL: "http://127.0.0.1:1", Token: "canary-token"},
	}, time.Minute))
	a := b.do("GET", "/api/workers", "").is(200)
	require.Contains(t, string(a.body), `"w1"`)
	require.NotContains(t, string(a.body), "canary-token")
}

func TestRecordingsComeFromFilesAndGoToThem(t *testing.T) {
	t.Parallel()
	b := setup(t)
	chrome := `{"title":"Sign in","steps":[
		{"type":"navigate","url":"http://localhost/"},
		{"type":"click","target":"main","selectors":[["aria/Save"],["#save"]],"offsetX":3,"offsetY":4},
		{"type":"customStep","name":"magic","parameters":{}}]}`
	type imported struct {
		RecordingID string
		Steps       int
		Report      []struct{ Path, Message string }
	}
	var first, second imported
	a := b.do("POST", "/api/recordings/import", `{"folder":"shop","content":`+chrome+`}`).is(201)
	a.into(&first)
	require.Equal(t, "/api/recordings/"+first.RecordingID, a.header.Get("Location"))
	require.NotEmpty(t, first.Report, "what cannot be mapped is said")
	require.Positive(t, first.Steps)
	var state struct{ Name, Folder, Mode, Status string }
	b.do("GET", "/api/recordings/"+first.RecordingID, "").is(200).into(&state)
	require.Equal(t, struct{ Name, Folder, Mode, Status string }{"Sign in", "shop", "import", "complete"}, state)

	document := b.do("GET", "/api/recordings/"+first.RecordingID+"/document", "").is(200)
	b.do("POST", "/api/recordings/import", `{"name":"Again","content":`+string(document.body)+`}`).is(201).into(&second)
	require.Equal(t, first.Steps, second.Steps)
	out := b.do("GET", "/api/recordings/"+second.RecordingID+"/chrome", "").is(200)
	require.Contains(t, string(out.body), `"type"`)
	require.NotEmpty(t, out.header.Get("X-Tapedeck-Report"))

	secret := strings.Replace(chrome, `{"type":"customStep"`, `{"type":"change","value":"canary-in-file","target":"main","selectors":[["aria/Password"],["#password"]]},{"type":"customStep"`, 1)
	b.do("POST", "/api/recordings/import", `{"content":`+secret+`}`).is(201).into(&second)
	require.Contains(t, fmt.Sprint(second.Report), "as the secret password")
	all, err := b.store.ReadAll(t.Context(), eventstore.Position{}, 1000)
	require.NoError(t, err)
	for _, e := range all.Events {
		require.NotContains(t, string(e.Stored), "canary-in-file")
	}

	size := b.size()
	for _, bad := range []string{
		`{}`, `{"content":{}}`, `{"content":[]}`, `{"content":{"format":"tapedeck.recording/9","name":"x","url":"","steps":[]}}`,
		`{"content":{"title":"x","steps":7}}`, `{"project":"NO","content":` + chrome + `}`, `{"folder":"../x","content":` + chrome + `}`,
	} {
		b.do("POST", "/api/recordings/import", bad).is(400).problem("invalid")
	}
	require.Equal(t, size, b.size())
}
