package e2e

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/go-json-experiment/json"
	"github.com/playwright-community/playwright-go"
	"github.com/stretchr/testify/require"

	"tapedeck/client"
	"tapedeck/internal/tapedecktest"
)

// A server that drives a browser is worth an attack. These tests are the attacks: from pages of other origins in the
// browser of whoever uses Tapedeck, and from pages that are recorded.

// A page that makes its own name mean 127.0.0.1 (DNS rebinding) sends that name as Host.
func TestAPageThatRebindsItsNameGetsNothing(t *testing.T) {
	t.Parallel()
	app := newShop(t)
	server := tapedecktest.Start(t, "serve", recordsHere(t)...)
	cl := server.Client()
	id := script(t, cl, app.URL)
	viewer := traceURL(t, cl, id)
	session := `{"url":"` + app.URL + `"}`
	for _, attack := range []struct{ addr, method, path, more, body string }{
		{server.Addr, "GET", "/", "", ""},
		{server.Addr, "GET", "/api/jobs", "", ""},
		{server.Addr, "GET", "/api/recordings/" + id, "", ""},
		{server.Addr, "GET", "/api/recorder/" + id + "/artifacts/recording.json", "", ""},
		{server.Addr, "POST", "/api/recorder/sessions", "Content-Type: application/json\r\n", session},
		{server.Addr, "POST", "/api/recorder/sessions", "Origin: http://rebound.test\r\nContent-Type: application/json\r\n", session},
		{server.Addr, "GET", "/api/ws", upgrade, ""},
		{server.Addr, "GET", "/api/recorder/sessions/" + id + "/ws", upgrade, ""},
		{viewer.Host, "GET", "/", "", ""},
		{viewer.Host, "GET", strings.TrimPrefix(viewer.Query().Get("trace"), "http://"+viewer.Host), "", ""},
	} {
		require.Equal(t, http.StatusForbidden, asks(t, attack.addr, attack.method, attack.path, "rebound.test", attack.more, attack.body), attack)
		host := attack.addr
		if attack.method == "GET" && attack.more == "" {
			require.Equal(t, http.StatusOK, asks(t, attack.addr, attack.method, attack.path, host, "", ""), "the same by its own name: %v", attack)
		}
	}
	require.Equal(t, 1, sessions(t, cl))
}

const upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"

// asks makes a request byte by byte: a client of Go would not send such a Host.
func asks(t *testing.T, addr, method, path, host, more, body string) int {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", addr)
	require.NoError(t, err)
	defer conn.Close()
	_, err = fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: %s\r\n%sContent-Length: %d\r\n\r\n%s", method, path, host, more, len(body), body)
	require.NoError(t, err)
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	defer res.Body.Close()
	return res.StatusCode
}

// A page of another origin in the same browser opens no socket, starts and stops nothing, and reads nothing.
func TestAPageOfAnotherOriginCanDoNothing(t *testing.T) {
	t.Parallel()
	app := newShop(t)
	d := openRecorder(t)
	id := d.startRecording(app.URL, "Not theirs", "")
	require.Eventually(t, func() bool {
		ws, _, err := websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(d.server.URL(), "http")+"/api/recorder/sessions/"+id+"/ws", nil)
		return err == nil && ws.CloseNow() == nil
	}, time.Minute, 50*time.Millisecond, "the session is live")
	evil := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, `<!doctype html><iframe name="hole"></iframe><form method="post" target="hole"></form>`)
	}))
	t.Cleanup(evil.Close)
	page, err := d.Context().NewPage() // the same person's browser, cookies and all
	require.NoError(t, err)
	_, err = page.Goto(evil.URL)
	require.NoError(t, err)

	for _, path := range []string{"/api/ws", "/api/recorder/sessions/" + id + "/ws"} {
		opened, err := page.Evaluate(`(url) => new Promise((done) => {
			const socket = new WebSocket(url);
			socket.onopen = () => done(true);
			socket.onerror = () => done(false);
		})`, "ws"+strings.TrimPrefix(d.server.URL(), "http")+path)
		require.NoError(t, err)
		require.Equal(t, false, opened, path)
		ws, _, err := websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(d.server.URL(), "http")+path, nil)
		require.NoError(t, err, "a program without an Origin opens it: %s", path)
		require.NoError(t, ws.CloseNow())
	}
	posts := map[string]string{
		"/api/recorder/sessions":                      `{"url":"` + app.URL + `"}`,
		"/api/recorder/sessions/" + id + "/stop":      `{}`,
		"/api/recorder/sessions/" + id + "/cancel":    `{}`,
		"/api/recordings/" + id + "/edit":             `{"edits":[{"op":"rename","name":"Theirs"}]}`,
		"/api/jobs/" + id + "/cancel":                 `{}`,
		"/api/login":                                  `{"token":"x"}`,
		"/api/recordings/import":                      `{"content":{}}`,
		"/api/recorder/sessions?x=/../../api/healthz": `{"url":"` + app.URL + `"}`,
	}
	for path, body := range posts {
		for _, mode := range []string{"no-cors", "cors"} {
			read, err := page.Evaluate(`async ([url, mode, body]) => {
				const type = mode === "cors" ? "application/json" : "text/plain";
				const answer = await fetch(url, { method: "POST", mode, body, credentials: "include", headers: { "Content-Type": type } }).catch(() => null);
				return answer ? await answer.text() : "";
			}`, []string{d.server.URL() + path, mode, body})
			require.NoError(t, err)
			require.Empty(t, read, "%s %s", mode, path)
		}
		answer, err := page.ExpectResponse(d.server.URL()+path, func() error {
			_, err := page.Evaluate(`([url, body]) => {
				const form = document.forms[0];
				form.action = url;
				form.enctype = "text/plain";
				form.innerHTML = "<input>";
				[form[0].name, form[0].value] = [body.slice(0, -1) + ',"x":"', '"}'];
				form.submit();
			}`, []string{d.server.URL() + path, body})
			return err
		})
		require.NoError(t, err, path)
		require.Equal(t, http.StatusForbidden, answer.Status(), "a form to %s", path)
	}
	for _, path := range []string{"/api/jobs", "/api/recordings", "/api/recorder/" + id + "/artifacts/recording.json"} {
		read, err := page.Evaluate(`(url) => fetch(url).then((answer) => answer.text(), () => "")`, d.server.URL()+path)
		require.NoError(t, err)
		require.Empty(t, read, path)
	}
	require.Equal(t, 1, sessions(t, d.cl))
	j, err := d.cl.Job(t.Context(), id, nil)
	require.NoError(t, err)
	require.Equal(t, "running", j.Status)
	d.sees(d.GetByRole("heading", playwright.PageGetByRoleOptions{Name: "Not theirs"}))
	_, err = page.Evaluate(`async (url) => {
		const frame = document.createElement("iframe");
		frame.name = "cover";
		const loaded = new Promise((done) => { frame.onload = done; });
		frame.src = url;
		document.body.append(frame);
		await loaded;
	}`, d.server.URL()+"/record/"+id)
	require.NoError(t, err)
	cover := page.Frame(playwright.PageFrameOptions{Name: playwright.String("cover")})
	require.NotNil(t, cover)
	require.NotContains(t, cover.URL(), d.server.Addr, "the page can be put into a frame and its clicks be stolen")
}

// A page that is recorded is in a browser that reaches this machine; it reaches what the settings allow, and never
// Tapedeck itself, wherever that listens.
func TestARecordedPageReachesTapedeckNowhere(t *testing.T) {
	t.Parallel()
	d := openServer(t, tapedecktest.Start(t, "serve", append(recordsHere(t), "API_PORT=0")...))
	app := newShop(t)
	id := script(t, d.cl, app.URL)
	viewer := traceURL(t, d.cl, id)

	tried := make(chan string, 16) // a script that is tried again says it again
	var targets, own []string
	asked := 0
	for _, addr := range []string{d.server.Addr, viewer.Host} {
		_, port, err := net.SplitHostPort(addr)
		require.NoError(t, err)
		own = append(own, port)
		for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433"} {
			targets = append(targets, "http://"+host+":"+port+"/")
		}
	}
	list, err := json.Marshal(append(targets, app.URL+"/"))
	require.NoError(t, err)
	probe := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			what, _ := io.ReadAll(r.Body)
			tried <- string(what)
			return
		}
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, `<!doctype html><title>Probe</title><script>
			const open = (url) => new Promise((done) => {
				const socket = new WebSocket(url.replace("http", "ws") + "api/ws");
				socket.onopen = () => done(true);
				socket.onerror = () => done(false);
			});
			(async () => {
				const opened = [];
				for (const url of %s) {
					await fetch(url, { mode: "no-cors" }).catch(() => null);
					if (await open(url)) opened.push(url);
				}
				await fetch("/", { method: "POST", body: opened.join(" ") });
				document.title = "Probed";
			})();
		</script>`, list)
	}))
	t.Cleanup(probe.Close)
	seen := script(t, d.cl, probe.URL, `{"id":"done","type":"assert","assertion":{"claim":"title","expected":"Probed","match":"exact"}}`)
	require.Empty(t, <-tried, "sockets that opened")
	answered := answers(t, d.cl, seen)
	require.Equal(t, http.StatusOK, answered[app.URL+"/"], "this machine's other servers are reached")
	require.Equal(t, http.StatusNotFound, answered["ws"+strings.TrimPrefix(app.URL, "http")+"/api/ws"])
	for address, status := range answered {
		at, err := url.Parse(address)
		require.NoError(t, err)
		if at.Port() == own[0] || at.Port() == own[1] {
			require.Zero(t, status, "%s answered", address)
			asked++
		}
	}
	require.GreaterOrEqual(t, asked, 12, "of each: three ways to write the address, two ways to ask; the browser writes a number as an address")

	// Nor by its address bar.
	for _, target := range []string{d.server.URL() + "/jobs", "http://" + viewer.Host + "/"} {
		j, err := d.cl.Job(t.Context(), ended(t, d.cl, target, "failed"), nil)
		require.NoError(t, err)
		require.Contains(t, fmt.Sprint(j.Error), "egress_denied")
	}
}

// The trace viewer runs pages of strangers: it has an origin of its own, shows what was recorded, and reads nothing else.
func TestTheTraceIsShownOnAnOriginOfItsOwn(t *testing.T) {
	t.Parallel()
	app := newShop(t)
	d := openRecorder(t)
	id := script(t, d.cl, app.URL, `{"id":"typed","type":"fill","target":{"candidates":[{"by":"css","selector":"#thing"}]},"value":{"text":"Lamp"}}`,
		`{"id":"added","type":"click","title":"Order it","target":{"candidates":[{"by":"testid","selector":"internal:testid=[data-testid=\"add\"s]"}]}}`)
	d.open("/recordings/" + id)
	viewer := d.opensTrace("Order it")
	at, err := url.Parse(viewer.URL())
	require.NoError(t, err)
	require.NotEqual(t, d.server.Addr, at.Host)
	opener, err := viewer.Evaluate("window.opener")
	require.NoError(t, err)
	require.Nil(t, opener, "the viewer has no hold on the page")
	read, err := viewer.Evaluate(`(url) => fetch(url).then((answer) => answer.text(), () => "")`, d.server.URL()+"/api/jobs")
	require.NoError(t, err)
	require.Empty(t, read)
	require.Equal(t, http.StatusForbidden, asks(t, at.Host, "GET", "/traces/"+strings.Repeat("A", 80)+"/trace.zip", at.Host, "", ""))
}

// opensTrace answers the viewer's page once it lists these steps.
func (d *deck) opensTrace(steps ...string) playwright.Page {
	d.t.Helper()
	viewer, err := d.ExpectPopup(func() error { return d.button("Open trace").Click() })
	require.NoError(d.t, err)
	require.NoError(d.t, d.expect.Page(viewer).ToHaveURL(regexp.MustCompile(`^http://127\.0\.0\.1:\d+/\?trace=`)))
	for _, step := range steps {
		line := viewer.Locator(".action-title").Filter(playwright.LocatorFilterOptions{HasText: step})
		require.NoError(d.t, d.expect.Locator(line).ToHaveCount(1))
	}
	return viewer
}

func TestOtherMachinesNeedTheToken(t *testing.T) {
	t.Parallel()
	_, said, code := tapedecktest.Run(deadline(t), t, []string{"DATA_DIR=" + t.TempDir()}, "serve", "--api-host", "0.0.0.0", "--api-port", "0")
	require.NotZero(t, code)
	require.Contains(t, said, "API_TOKEN")
	_, said, code = tapedecktest.Run(deadline(t), t, []string{"DATA_DIR=" + t.TempDir(), "API_TOKEN=short"}, "serve", "--api-host", "0.0.0.0", "--api-port", "0")
	require.NotZero(t, code)
	require.Contains(t, said, "16")
}

// With a token the page asks for it once, and then all of it works: the list, the live socket, a recording.
func TestPageSignsIn(t *testing.T) {
	t.Parallel()
	const token = "correct-horse-battery-staple"
	app := newShop(t)
	server := tapedecktest.Start(t, "serve", append(recordsHere(t), "API_TOKEN="+token)...)
	d := openServer(t, server)
	cl, err := client.NewWithToken(server.URL(), token)
	require.NoError(t, err)
	t.Cleanup(cl.Close)
	d.cl = cl

	d.open("/record")
	field := d.GetByLabel("Token")
	d.sees(field)
	require.NoError(t, field.Fill("not-the-token-at-all"))
	require.NoError(t, d.button("Sign in").Click())
	d.sees(d.GetByText("that is not this server's token"))
	d.axe("signing in")
	require.NoError(t, field.Fill(token))
	require.NoError(t, d.button("Sign in").Click())
	d.sees(d.button("Start recording"))
	d.live(true)
	require.Empty(t, d.eval("document.cookie"), "no script can read it")
	d.startRecording(app.URL, "With a token", "")
	d.clickStage(shopAdd)
	d.sees(d.step("Add"))
	require.Equal(t, http.StatusUnauthorized, asks(t, server.Addr, "GET", "/api/ws", server.Addr, upgrade, ""))
	require.Equal(t, 1, sessions(t, cl))
}

// script records steps without a person and waits until that is over.
func script(t *testing.T, cl *client.Client, address string, steps ...string) string {
	t.Helper()
	return ended(t, cl, address, "succeeded", steps...)
}

func ended(t *testing.T, cl *client.Client, address, status string, steps ...string) string {
	t.Helper()
	all := `{"id":"start","type":"navigate","url":"` + address + `"}`
	for _, step := range steps {
		all += "," + step
	}
	var made struct {
		SessionID string `json:"sessionId"`
	}
	var input any
	require.NoError(t, json.Unmarshal([]byte(`{"url":"`+address+`","mode":"script","name":"By a script","steps":[`+all+`]}`), &input))
	require.NoError(t, cl.Post(t.Context(), "/api/recorder/sessions", input, &made))
	awaitStatus(deadline(t), t, cl, made.SessionID, status)
	return made.SessionID
}

// answers are the statuses of what a recording's pages asked for; 0 where nothing was reached.
func answers(t *testing.T, cl *client.Client, id string) map[string]int {
	t.Helper()
	var har struct {
		Log struct {
			Entries []struct {
				Request  struct{ URL string }
				Response struct{ Status int }
			}
		}
	}
	var raw strings.Builder
	require.NoError(t, cl.Download(t.Context(), "/api/recorder/"+id+"/artifacts/network.har", &raw))
	require.NoError(t, json.Unmarshal([]byte(raw.String()), &har, json.MatchCaseInsensitiveNames(true)))
	out := map[string]int{}
	for _, e := range har.Log.Entries {
		out[e.Request.URL] = e.Response.Status
	}
	return out
}

func traceURL(t *testing.T, cl *client.Client, id string) *url.URL {
	t.Helper()
	var at struct {
		URL string `json:"url"`
	}
	require.NoError(t, cl.Get(t.Context(), "/api/recordings/"+id+"/trace", nil, &at))
	u, err := url.Parse(at.URL)
	require.NoError(t, err)
	return u
}

// sessions counts the recordings that were ever asked for.
func sessions(t *testing.T, cl *client.Client) int {
	t.Helper()
	page, err := cl.Jobs(t.Context(), url.Values{"kind": {"recorder.record"}})
	require.NoError(t, err)
	return len(page.Items)
}
