package proxy_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/playwright-community/playwright-go"
	"github.com/stretchr/testify/require"

	"tapedeck/internal/browsertest"
	"tapedeck/proxy"
	"tapedeck/proxy/egress"
)

// site is a page with everything that makes requests.
func site(w http.ResponseWriter, r *http.Request) {
	js := func(text string) {
		w.Header().Set("Content-Type", "text/javascript")
		_, _ = io.WriteString(w, text)
	}
	switch r.URL.Path {
	case "/":
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("Content-Security-Policy", "default-src 'self'; connect-src 'self' wss:")
		_, _ = io.WriteString(w, `<!doctype html><title>shop</title><h1>shop</h1><script src="/app.js"></script>`)
	case "/app.js":
		js(`(async () => {
	const say = []
	say.push("secure " + isSecureContext)
	say.push(await (await fetch("/api", {method: "POST", body: "from page"})).text())
	const form = new FormData(); form.append("f", new Blob(["file body"]), "f.txt")
	say.push(await (await fetch("/api", {method: "POST", body: form})).text())
	say.push(await new Promise(ok => { const w = new Worker("/worker.js"); w.onmessage = e => ok(e.data) }))
	await navigator.serviceWorker.register("/sw.js"); await navigator.serviceWorker.ready
	say.push(await new Promise(ok => { const c = new MessageChannel(); c.port1.onmessage = e => ok(e.data)
		navigator.serviceWorker.ready.then(r => r.active.postMessage("go", [c.port2])) }))
	say.push(await new Promise(ok => { const s = new EventSource("/events"); s.onmessage = e => { s.close(); ok("event " + e.data) } }))
	say.push(await new Promise(ok => { const s = new WebSocket("wss://" + location.host + "/socket"); s.onopen = () => s.send("hi"); s.onmessage = e => { ok(e.data); s.close() } }))
	document.title = say.join("; ")
	document.querySelector("h1").textContent = "done"
})().catch(e => document.querySelector("h1").textContent = "failed: " + e)`)
	case "/worker.js":
		js(`fetch("/api", {method: "POST", body: "from worker"}).then(r => r.text()).then(postMessage)`)
	case "/sw.js":
		js(`onmessage = async e => e.ports[0].postMessage(await (await fetch("/api", {method: "POST", body: "from service worker"})).text())`)
	case "/api":
		data, _ := io.ReadAll(r.Body)
		_, _ = fmt.Fprintf(w, "got %d", len(data))
	case "/events":
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, "data: one\n\n")
		_ = flushing{w}.Flush()
		<-r.Context().Done()
	case "/socket":
		echo(w, r)
	default:
		http.NotFound(w, r)
	}
}

// at answers every name with the loopback address.
type at struct{}

func (at) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
}

// to connects to one server whatever the port.
func to(url string) func(context.Context, string, string) (net.Conn, error) {
	_, address, _ := strings.Cut(url, "://")
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, address)
	}
}

func TestChromiumThroughTheProxy(t *testing.T) {
	t.Parallel()
	origin, pool := serveTLS(t, true, site)
	b := setup(t, proxy.SessionConfig{
		// The server's certificate is for example.com, which is here.
		Policy:   egress.Policy{AllowLoopback: true, Resolver: at{}, Dial: to(origin.URL)},
		RootCAs:  pool,
		SpoolDir: t.TempDir(),
	})
	browser := browsertest.Start(t, "--ignore-certificate-errors-spki-list="+b.server.CA().SPKIHash())

	t.Run("everything a page does is kept", func(t *testing.T) {
		page := browser.Page(t, through(b.session))
		_, err := page.Goto("https://example.com/")
		require.NoError(t, err)
		require.NoError(t, page.Locator("h1:has-text('done')").WaitFor())
		title, err := page.Title()
		require.NoError(t, err)
		require.Regexp(t, `^secure true; got 9; got \d+; got 11; got 19; event one; echo hi$`, title)
		require.NoError(t, page.Close())
		b.session.Stop()

		sent := map[string]bool{}
		by := map[string]proxy.Entry{}
		for _, e := range b.session.Entries() {
			require.True(t, e.Done)
			_, path, _ := strings.Cut(e.Request.URL, "example.com")
			by[path] = e
			if path == "/api" {
				sent[body(t, e.Request.Body)] = true
				require.Contains(t, body(t, e.Response.Body), "got ")
			}
		}
		for _, text := range []string{"from page", "from worker", "from service worker"} {
			require.True(t, sent[text], text)
		}
		require.Equal(t, "document", by["/"].Dest())
		require.Equal(t, "HTTP/2.0", by["/"].Request.Proto)
		require.Equal(t, "HTTP/2.0", by["/"].Response.Proto)
		require.Equal(t, "script", by["/app.js"].Dest())
		require.Equal(t, "https://example.com/", by["/app.js"].Referer())
		require.Equal(t, "serviceworker", by["/sw.js"].Dest())
		require.Equal(t, "one", by["/events"].Events[0].Data)
		socket := by["/socket"]
		require.Equal(t, "wss://example.com/socket", socket.Request.URL)
		require.Equal(t, "hi", string(socket.Messages[0].Data))
		require.Equal(t, "echo hi", string(socket.Messages[1].Data))
		multipart := 0
		for text := range sent {
			if strings.Contains(text, `filename="f.txt"`) && strings.Contains(text, "file body") {
				multipart++
			}
		}
		require.Equal(t, 1, multipart)
	})

	t.Run("nobody else's certificate is believed", func(t *testing.T) {
		other := setup(t, proxy.SessionConfig{})
		page := browser.Page(t, through(other.session))
		_, err := page.Goto("https://example.com/")
		require.ErrorContains(t, err, "ERR_CERT_AUTHORITY_INVALID")
		direct := browser.Page(t)
		_, err = direct.Goto(origin.URL)
		require.ErrorContains(t, err, "ERR_CERT_AUTHORITY_INVALID")
	})

	t.Run("failures are pages that say so", func(t *testing.T) {
		session := open(t, b.server, proxy.SessionConfig{})
		page := browser.Page(t, through(session))
		for url, want := range map[string]struct {
			code   string
			status int
		}{
			origin.URL: {proxy.CodeTLS, http.StatusBadGateway}, // unknown to the system
			"http://169.254.169.254/latest/meta-data/": {proxy.CodeDenied, http.StatusForbidden},
			"http://2852039166/":                       {proxy.CodeDenied, http.StatusForbidden},
			"https://10.1.2.3/":                        {proxy.CodeDenied, http.StatusForbidden},
		} {
			resp, err := page.Goto(url)
			require.NoError(t, err, url)
			require.Equal(t, want.status, resp.Status(), url)
			code, err := resp.HeaderValue(proxy.ErrorHeader)
			require.NoError(t, err)
			require.Equal(t, want.code, code, url)
		}
	})
}

func through(session *proxy.Session) playwright.BrowserNewContextOptions {
	return playwright.BrowserNewContextOptions{Proxy: &playwright.Proxy{Server: session.URL()}}
}

func TestChromiumTakesPlainSitesThroughTheProxy(t *testing.T) {
	t.Parallel()
	origin := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/socket" {
			echo(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, `<!doctype html><title>plain</title><h1></h1><script>
const s = new WebSocket("ws://" + location.host + "/socket")
s.onopen = () => s.send("hi"); s.onmessage = e => { document.querySelector("h1").textContent = e.data }</script>`)
	})
	b := setup(t, proxy.SessionConfig{})
	page := browsertest.Start(t).Page(t, through(b.session))
	_, err := page.Goto(origin.URL)
	require.NoError(t, err)
	require.NoError(t, page.Locator("h1:has-text('echo hi')").WaitFor())
	var urls []string
	for _, e := range b.session.Entries() {
		urls = append(urls, e.Request.URL)
	}
	require.Contains(t, urls, origin.URL+"/")
	require.Contains(t, urls, strings.Replace(origin.URL, "http", "ws", 1)+"/socket")
}
