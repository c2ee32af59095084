package recorder_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tapedeck/domain/job"
	"tapedeck/domain/recording"
	"tapedeck/proxy/egress"
	"tapedeck/workers/recorder"
	"tapedeck/workers/recorder/stage"
)

// viewer sits before a live session and remembers what it is told.
type viewer struct {
	testing.TB
	stage.Seat
	mu   sync.Mutex
	seen []string
}

// watch joins a session as soon as it is live.
func (b *bundle) watch(id string) *viewer {
	b.Helper()
	v := &viewer{TB: b}
	require.Eventually(b, func() bool {
		seat, err := b.rec.Join(b.Context(), id, "viewer")
		v.Seat = seat
		return err == nil
	}, time.Minute, 10*time.Millisecond)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			data, binary, err := v.Next(context.Background())
			if err != nil {
				return
			}
			if binary {
				if h, _, err := stage.DecodeFrame(data); err == nil {
					_ = v.Take(context.Background(), fmt.Appendf(nil, `{"op":"ack","frame":%d}`, h.Frame))
				}
				continue
			}
			v.mu.Lock()
			v.seen = append(v.seen, string(data))
			v.mu.Unlock()
		}
	}()
	b.Cleanup(func() { v.Close(); <-done })
	return v
}

func (v *viewer) send(format string, args ...any) {
	v.Helper()
	require.NoError(v, v.Take(v.Context(), fmt.Appendf(nil, format, args...)))
}

func (v *viewer) click(x, y int) {
	v.Helper()
	v.send(`{"op":"mouse","type":"move","x":%d,"y":%d,"button":"none","buttons":0,"modifiers":0,"clickCount":0}`, x, y)
	v.send(`{"op":"mouse","type":"down","x":%d,"y":%d,"button":"left","buttons":1,"modifiers":0,"clickCount":1}`, x, y)
	v.send(`{"op":"mouse","type":"up","x":%d,"y":%d,"button":"left","buttons":0,"modifiers":0,"clickCount":1}`, x, y)
}

func (v *viewer) key(text string) {
	v.Helper()
	key, code := text, "Key"+strings.ToUpper(text)
	if text == "\r" {
		key, code = "Enter", "Enter"
	}
	v.send(`{"op":"key","type":"down","key":%q,"code":%q,"text":%q,"modifiers":0,"repeat":false,"location":0,"keyCode":0}`, key, code, text)
	v.send(`{"op":"key","type":"up","key":%q,"code":%q,"text":"","modifiers":0,"repeat":false,"location":0,"keyCode":0}`, key, code)
}

// box is where a step's element stood.
func (b *bundle) awaitStep(id string, want recording.Action) recording.Step {
	b.Helper()
	var found recording.Step
	b.await(string(want), func() bool {
		s, err := b.repo.LoadRecording(b.Context(), id)
		if err != nil {
			return false
		}
		for _, step := range s.Steps {
			if step.Type == want {
				found = step
			}
		}
		return found.ID != ""
	})
	return found
}

func TestAPersonIsRecorded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.record("/", nil)
	v := b.watch(id)
	b.seen(id, 1)
	v.click(100, 110) // the user's field
	for _, c := range "ada" {
		v.key(string(c))
	}
	v.click(100, 160) // the password's
	const secret = "correcthorse9"
	for _, c := range secret {
		v.key(string(c))
	}
	v.key("\r")
	press := b.awaitStep(id, recording.Press)
	b.await("the picture of the last step", func() bool {
		step, _ := b.recording(id).Step(press.ID)
		return step.Evidence != nil && step.Evidence.Screenshot != ""
	})
	v.send(`{"op":"stop"}`)
	end := b.final(id)
	require.Equal(t, job.StatusSucceeded, end.Status, "%+v", end.Error)

	got := b.recording(id)
	require.Equal(t, recording.StatusComplete, got.Status)
	require.Equal(t, "stopped by a viewer", got.Reason)
	var fills []recording.Step
	for _, s := range got.Steps {
		require.Equal(t, "person", s.By)
		if s.Type == recording.Fill {
			fills = append(fills, s)
		}
	}
	require.Len(t, fills, 2)
	require.Equal(t, "ada", fills[0].Value.Text)
	require.Equal(t, "password", fills[1].Value.Secret)
	require.Len(t, fills[1].Value.Text, len(secret), "a placeholder keeps the format")
	require.NotEqual(t, secret, fills[1].Value.Text)
	files := b.artefacts(id, 1)
	b.requireNoSecret(id, files, secret, "c00kie-9f8e7d6c5b4a", "tok-1234567890abcdef")
	require.Contains(t, files, "video.webm")
	require.Contains(t, files, "film/index.json")
	b.requireVideo(id)
}

// requireVideo decodes the video with ffmpeg: it must hold pictures.
func (b *bundle) requireVideo(id string) {
	b.Helper()
	path := filepath.Join(b.TempDir(), "video.webm")
	require.NoError(b, os.WriteFile(path, b.read(id, 1, "video.webm"), 0o600))
	out, err := exec.CommandContext(b.Context(), "ffmpeg", "-v", "error", "-i", path, "-f", "framemd5", "-").Output()
	require.NoError(b, err)
	frames := 0
	for line := range strings.SplitSeq(string(out), "\n") {
		if line != "" && !strings.HasPrefix(line, "#") {
			frames++
		}
	}
	require.Greater(b, frames, 1)
}

func TestAScriptThenAPerson(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.record("/", map[string]any{"steps": signIn()[:1]})
	v := b.watch(id)
	b.seen(id, 2)
	v.send(`{"op":"navigate","url":%q}`, b.app.URL+"/close")
	nav := b.seen(id, 3).Steps[2]
	require.Equal(t, recording.Navigate, nav.Type)
	require.Equal(t, b.app.URL+"/close", nav.URL)
	v.send(`{"op":"closeTab","page":"page"}`)
	require.Equal(t, job.StatusSucceeded, b.final(id).Status)
	got := b.recording(id)
	require.Equal(t, "mixed", got.Mode)
	require.Equal(t, "all pages were closed", got.Reason)
}

func TestStopKeepsAndCancelThrowsAway(t *testing.T) {
	t.Parallel()
	b := setup(t)
	stopped, cancelled := b.record("/", nil), b.record("/", nil)
	b.seen(stopped, 1)
	b.seen(cancelled, 1)
	b.do(stopped, job.RequestStop{Now: time.Now()})
	b.do(cancelled, job.RequestCancel{Now: time.Now()})
	require.Equal(t, job.StatusSucceeded, b.final(stopped).Status)
	require.Equal(t, job.StatusCancelled, b.final(cancelled).Status)

	require.Equal(t, recording.StatusComplete, b.recording(stopped).Status)
	require.Contains(t, b.artefacts(stopped, 1), "recording.json")
	require.NotEmpty(t, b.read(stopped, 1, "network.har"))

	require.Equal(t, recording.StatusCancelled, b.recording(cancelled).Status)
	require.NotContains(t, b.artefacts(cancelled, 1), "recording.json")
	require.Empty(t, b.stored(cancelled), "bytes of a cancelled recording are kept")
}

// stored are the files of a job in the bucket, whatever its tape says.
func (b *bundle) stored(id string) (names []string) {
	b.Helper()
	require.NoError(b, filepath.WalkDir(b.bucket, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.Contains(path, id) {
			names = append(names, path)
		}
		return err
	}))
	return names
}

func TestTimeLimits(t *testing.T) {
	t.Parallel()
	b := setup(t)
	person := b.record("/", map[string]any{"timeLimitMs": 1500})
	script := b.record("/", map[string]any{"timeLimitMs": 2500, "mode": "script", "steps": []any{
		map[string]any{"id": "never", "type": "wait", "target": on("#never")},
	}})
	require.Equal(t, job.StatusSucceeded, b.final(person).Status)
	require.Equal(t, "the time limit of 1.5s was reached", b.recording(person).Reason)
	end := b.final(script)
	require.Equal(t, job.StatusFailed, end.Status)
	require.Equal(t, recorder.CodeLimit, end.Error.Code)
	require.Equal(t, recording.StatusFailed, b.recording(script).Status)
	require.Contains(t, b.artefacts(script, 1), "recording.json", "what was recorded is kept")
}

// A page that opens others for ever ends the recording, and not the worker.
func TestPopupsWithoutEnd(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *recorder.Config) { c.Limits.Pages = 5 })
	id := b.record("/popups", nil)
	require.Equal(t, job.StatusSucceeded, b.final(id).Status)
	require.Contains(t, b.recording(id).Reason, "more than 5 pages")
}

func TestSeveralAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var ids []string
	for range 4 {
		ids = append(ids, b.record("/", map[string]any{
			"mode": "script", "steps": signIn(), "secrets": []any{map[string]any{"name": "pw", "ref": "TAPEDECK_SECRET_PW"}},
			"capture": map[string]any{"trace": false, "video": false},
		}))
	}
	for _, id := range ids {
		end := b.final(id)
		require.Equal(t, job.StatusSucceeded, end.Status, "%+v", end.Error)
		require.Len(t, b.recording(id).Steps, 5)
		require.NotContains(t, b.artefacts(id, 1), "trace.zip")
	}
}

func TestABrowserThatDiesIsReplaced(t *testing.T) {
	t.Parallel()
	b := setup(t)
	person := b.record("/", nil)
	script := b.record("/", map[string]any{"mode": "script", "steps": []any{
		map[string]any{"id": "wait", "type": "wait", "target": on("#go")},
	}})
	b.steps(person, 1)
	b.steps(script, 2)
	b.killBrowser()
	end := b.final(person)
	require.Equal(t, job.StatusFailed, end.Status)
	require.Equal(t, recorder.CodeLost, end.Error.Code)
	require.Equal(t, recording.StatusFailed, b.recording(person).Status)
	require.Contains(t, b.artefacts(person, 1), "network.har", "what is not the browser's is kept")

	b.await("the second attempt", func() bool { return b.job(script).Attempt == 2 })
	b.await("its steps", func() bool { s := b.recording(script); return s.Attempt == 2 && len(s.Steps) == 2 })
	b.do(script, job.RequestStop{Now: time.Now()})
	require.Equal(t, job.StatusSucceeded, b.final(script).Status)
}

// killBrowser kills this test's browser: the process with our folder in its command line that is nobody's helper.
func (b *bundle) killBrowser() {
	b.Helper()
	require.NoError(b, syscall.Kill(b.browser(), syscall.SIGKILL))
}

// process is a running program.
type process struct {
	pid, parent int
	cmd         string
}

// processes are those that match.
func (b *bundle) processes(match func(process) bool) (pids []int) {
	b.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	require.NoError(b, err)
	for _, path := range stats {
		stat, err := os.ReadFile(path)
		cmd, errCmd := os.ReadFile(filepath.Join(filepath.Dir(path), "cmdline"))
		if err != nil || errCmd != nil {
			continue // it ended
		}
		p := process{cmd: string(cmd)}
		_, _ = fmt.Sscanf(path, "/proc/%d/", &p.pid)
		_, after, _ := strings.Cut(string(stat), ") ")
		if fields := strings.Fields(after); len(fields) > 1 {
			_, _ = fmt.Sscan(fields[1], &p.parent)
		}
		if match(p) {
			pids = append(pids, p.pid)
		}
	}
	return pids
}

func (b *bundle) browser() int {
	b.Helper()
	pids := b.processes(func(p process) bool {
		return strings.Contains(p.cmd, "--user-data-dir="+b.scratch) && !strings.Contains(p.cmd, "--type=")
	})
	require.NotEmpty(b, pids)
	return slices.Max(pids) // a system's wrapper script comes before it
}

func TestARendererThatCrashesIsSaid(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.record("/", nil)
	v := b.watch(id)
	b.seen(id, 1)
	b.killRenderers()
	v.send(`{"op":"mouse","type":"move","x":1,"y":1,"button":"none","buttons":0,"modifiers":0,"clickCount":0}`)
	end := b.final(id)
	require.Equal(t, job.StatusFailed, end.Status)
	require.Equal(t, recorder.CodeCrashed, end.Error.Code)
	require.Contains(t, b.artefacts(id, 1), "recording.json")
}

// killRenderers kills the processes of all pages of this test's browser.
func (b *bundle) killRenderers() {
	b.Helper()
	parents := map[int]bool{b.browser(): true}
	for range 3 { // renderers are children of a zygote
		b.processes(func(p process) bool {
			if parents[p.parent] {
				parents[p.pid] = true
			}
			return false
		})
	}
	renderers := b.processes(func(p process) bool { return parents[p.pid] && strings.Contains(p.cmd, "--type=renderer") })
	require.NotEmpty(b, renderers)
	for _, pid := range renderers {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

// boundOnly is an address at which nobody listens, and that nobody else is given meanwhile.
func boundOnly(t *testing.T) string {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = syscall.Close(fd) })
	require.NoError(t, syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	at, err := syscall.Getsockname(fd)
	require.NoError(t, err)
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(at.(*syscall.SockaddrInet4).Port))
}

func TestWhatCannotBeReachedIsSaid(t *testing.T) {
	t.Parallel()
	b := setup(t)
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(secure.Close)
	nobody := boundOnly(t)
	for _, c := range []struct{ name, url, code, says string }{
		{"no such host", "http://nowhere.invalid/", "dns", "nowhere.invalid"},
		{"nobody listens", "http://" + nobody + "/", "connect", nobody},
		{"certificate", secure.URL, "tls", "certificate"},
		{"metadata service", "http://169.254.169.254/latest/", "egress_denied", "metadata"},
		{"private network", "http://10.1.2.3/", "egress_denied", "private"},
		{"decimal", "http://2852039166/", "egress_denied", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := b.in(t)
			id := b.record("", map[string]any{"url": c.url, "capture": map[string]any{"trace": false, "video": false}})
			end := b.final(id)
			require.Equal(t, job.StatusFailed, end.Status)
			require.Equal(t, c.code, end.Error.Code, "%+v", end.Error)
			require.Contains(t, end.Error.Message, c.says)
			got := b.recording(id)
			require.Equal(t, recording.StatusFailed, got.Status)
			require.NotEmpty(t, got.Reason)
		})
	}
	t.Run("certificate that is not to be checked", func(t *testing.T) {
		t.Parallel()
		b := b.in(t)
		id := b.record("", map[string]any{"url": secure.URL, "ignoreHttpsErrors": true})
		b.steps(id, 1)
		b.do(id, job.RequestStop{Now: time.Now()})
		require.Equal(t, job.StatusSucceeded, b.final(id).Status)
	})
}

// in is the same worker for a subtest.
func (b *bundle) in(t *testing.T) *bundle {
	c := *b
	c.TB = t
	return &c
}

func TestLoopbackIsClosedUnlessAllowed(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *recorder.Config) { c.Egress = egress.Policy{} })
	end := b.final(b.record("/", nil))
	require.Equal(t, "egress_denied", end.Error.Code)
}

// It runs beside no other: the flood keeps the driver busy, and with it every recording of its browser.
func TestAHundredThousandConsoleLines(t *testing.T) {
	b := setup(t)
	id := b.record("/noisy", map[string]any{"mode": "script", "capture": map[string]any{"trace": false}, "steps": []any{
		map[string]any{"id": "done", "type": "assert", "assertion": map[string]any{"claim": "title", "expected": "done"}},
	}})
	end := b.final(id)
	require.Equal(t, job.StatusSucceeded, end.Status, "%+v", end.Error)
	lines := bytes.Count(b.read(id, 1, "console.ndjson"), []byte("\n"))
	require.LessOrEqual(t, lines, 10_001)
	require.Contains(t, strings.Join(b.recording(id).Notes, "\n"), "console lines")
}

func TestPagesThatMisbehave(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *recorder.Config) { c.Limits.Download = 4 << 20 })
	t.Run("never stops loading", func(t *testing.T) {
		t.Parallel()
		b := b.in(t)
		id := b.record("/slow", nil)
		b.steps(id, 1)
		b.do(id, job.RequestStop{Now: time.Now()})
		require.Equal(t, job.StatusSucceeded, b.final(id).Status)
	})
	t.Run("a download of 500 MB", func(t *testing.T) {
		t.Parallel()
		b := b.in(t)
		id := b.record("/download", map[string]any{"mode": "script", "steps": []any{
			map[string]any{"id": "get", "type": "click", "target": on("a")},
			map[string]any{"id": "file", "type": "download", "files": []any{map[string]any{"name": "big.bin", "size": 0}}},
		}})
		end := b.final(id)
		require.Equal(t, job.StatusFailed, end.Status)
		require.Contains(t, strings.Join(b.recording(id).Notes, "\n"), "was cancelled")
	})
	t.Run("alerts without end", func(t *testing.T) {
		t.Parallel()
		b := b.in(t)
		id := b.record("/alerts", map[string]any{"timeLimitMs": 4000})
		require.Equal(t, job.StatusSucceeded, b.final(id).Status)
	})
}

func TestInputThatCannotBe(t *testing.T) {
	t.Parallel()
	kind := recorderKind(t)
	for name, c := range map[string]struct{ input, path string }{
		"no address":          {`{}`, "input"},
		"another scheme":      {`{"url":"file:///etc/passwd"}`, "input.url"},
		"credentials":         {`{"url":"http://a:b@c.test/"}`, "input.url"},
		"unknown member":      {`{"url":"http://a.test/","password":"x"}`, "input"},
		"device":              {`{"url":"http://a.test/","device":"Brick"}`, "input.device"},
		"half a viewport":     {`{"url":"http://a.test/","viewport":{"width":100}}`, "input.viewport"},
		"locale":              {`{"url":"http://a.test/","locale":"!"}`, "input.locale"},
		"authorization":       {`{"url":"http://a.test/","extraHeaders":{"Authorization":"Bearer x"}}`, "input.extraHeaders.Authorization"},
		"header's secret":     {`{"url":"http://a.test/","extraHeaders":{"X-A":"${secret:k}"}}`, "input.extraHeaders.X-A"},
		"script of nothing":   {`{"url":"http://a.test/","mode":"script"}`, "input.steps"},
		"step":                {`{"url":"http://a.test/","steps":[{"type":"click"}]}`, "input.steps.0.target"},
		"member of a step":    {`{"url":"http://a.test/","steps":[{"type":"navigate","url":"http://a.test","bogus":1}]}`, "input.steps.0"},
		"two sources":         {`{"url":"http://a.test/","steps":[{"type":"navigate","url":"http://a.test"}],"from":{"recordingId":"r"}}`, "input.steps"},
		"proxy":               {`{"url":"http://a.test/","proxy":{"server":"ftp://p"}}`, "input.proxy.server"},
		"proxy's credentials": {`{"url":"http://a.test/","proxy":{"server":"http://u:p@p:1"}}`, "input.proxy.server"},
		"folder":              {`{"url":"http://a.test/","folder":"a//b"}`, "input.folder"},
		"variable":            {`{"url":"http://a.test/","variables":[{"name":"1x"}]}`, "input.variables.0.name"},
		"secret twice":        {`{"url":"http://a.test/","secrets":[{"name":"a"},{"name":"a"}]}`, "input.secrets.1.name"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := kind.Check([]byte(c.input))
			var invalid *job.InvalidError
			require.ErrorAs(t, err, &invalid)
			var paths []string
			for _, f := range invalid.Faults {
				paths = append(paths, f.Path)
			}
			require.Condition(t, func() bool {
				for _, p := range paths {
					if strings.HasPrefix(p, c.path) {
						return true
					}
				}
				return false
			}, "%v", invalid)
		})
	}
	require.NoError(t, kind.Check([]byte(`{"url":"http://a.test/","device":"Pixel 7","locale":"de-CH","timezone":"Europe/Zurich","mode":"interactive"}`)))
}
