package twin_test

import (
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/go-json-experiment/json"
	"github.com/playwright-community/playwright-go"
	"github.com/stretchr/testify/require"

	"tapedeck/proxy/twin"
)

// living is an application as they are: it asks again and again, tells that it is there, packs what it sends, pushes, works
// offline, and minds the clock.
type living struct {
	http.Handler
	mu    sync.Mutex
	asked int
	items map[string]string
	added chan string
}

func newLiving(t *testing.T) *living {
	t.Helper()
	l := &living{items: map[string]string{}, added: make(chan string, 8)}
	mux := http.NewServeMux()
	mux.Handle("/", files(t, "living"))
	mux.HandleFunc("/session", l.session)
	mux.HandleFunc("/status", l.status)
	mux.HandleFunc("POST /beat", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("POST /items", l.add)
	mux.HandleFunc("/items/{id}", l.item)
	mux.HandleFunc("POST /rpc", l.rpc)
	mux.HandleFunc("/chat", l.chat)
	mux.HandleFunc("/news", l.news)
	mux.HandleFunc("/down", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	l.Handler = mux
	return l
}

func tellJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.MarshalWrite(w, v)
}

func (l *living) session(w http.ResponseWriter, _ *http.Request) {
	now := time.Now()
	part := func(s string) string { return base64.RawStdEncoding.EncodeToString([]byte(s)) }
	http.SetCookie(w, &http.Cookie{Name: "visit", Value: "1", Expires: now.Add(10 * time.Minute)})
	tellJSON(w, map[string]any{
		"token": part(`{"alg":"none"}`) + "." + part(fmt.Sprintf(`{"exp":%d}`, now.Add(5*time.Minute).Unix())) + ".",
		"seen":  now.Add(-210 * time.Second).UTC().Format(time.RFC3339Nano), "deadline": now.Add(570 * time.Second).UnixMilli(),
	})
}

func (l *living) status(w http.ResponseWriter, _ *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked++
	tellJSON(w, map[string]string{"status": map[bool]string{true: "done", false: "running"}[l.asked > 5]})
}

func (l *living) add(w http.ResponseWriter, r *http.Request) {
	var item struct {
		ID   string `json:"id"`
		Text string `json:"text"`
	}
	plain, err := gzip.NewReader(r.Body)
	if err == nil {
		err = json.UnmarshalRead(plain, &item, json.RejectUnknownMembers(false))
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	l.mu.Lock()
	l.items[item.ID] = item.Text
	l.mu.Unlock()
	l.added <- item.Text
	w.WriteHeader(http.StatusCreated)
}

func (l *living) item(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	tellJSON(w, map[string]string{"id": r.PathValue("id"), "text": l.items[r.PathValue("id")]})
}

func (l *living) rpc(w http.ResponseWriter, r *http.Request) {
	var call struct {
		ID     string            `json:"id"`
		Params map[string]string `json:"params"`
	}
	_ = json.UnmarshalRead(r.Body, &call)
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, text := range l.items {
		if strings.Contains(text, call.Params["text"]) {
			n++
		}
	}
	tellJSON(w, map[string]any{"jsonrpc": "2.0", "id": call.ID, "result": n})
}

func (l *living) chat(w http.ResponseWriter, r *http.Request) {
	ws, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer func() { _ = ws.CloseNow() }()
	if _, _, err := ws.Read(r.Context()); err == nil {
		_ = ws.Write(r.Context(), websocket.MessageText, []byte("welcome"))
	}
	<-ws.CloseRead(r.Context()).Done()
}

func (l *living) news(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	for {
		_ = http.NewResponseController(w).Flush()
		select {
		case text := <-l.added:
			_, _ = fmt.Fprintf(w, "data: %s was added\n\n", text)
		case <-r.Context().Done():
			return
		}
	}
}

// live uses the application as a person does, and tells what it showed.
func live(t *testing.T, into *[]string) func(playwright.Page) {
	t.Helper()
	return func(page playwright.Page) {
		expect := func(selector, text string) {
			_, err := page.WaitForFunction(`([selector, text]) => document.querySelector(selector)?.textContent === text`, []string{selector, text})
			require.NoError(t, err, "%s is not %s", selector, text)
		}
		require.NoError(t, page.Locator("html[data-ready]").WaitFor())
		expect("#status", "done")
		expect("#chat", "welcome")
		expect("#found", "0 found")
		require.NoError(t, page.Locator("#item").Fill("a pear"))
		require.NoError(t, page.Locator("#add").Click())
		expect("#found", "1 found")
		expect("#news", "a pear was added")
		expect("#status", "done") // what is polled may be asked again at any time
		shown, err := page.Locator("main").InnerText()
		require.NoError(t, err)
		_, err = page.Evaluate(`() => { location.href = "/down"; }`)
		require.NoError(t, err)
		expect("h1", "You are offline")
		*into = strings.Split(shown, "\n\n")
	}
}

func TestALivingApplicationIsPlayedAYearLater(t *testing.T) {
	t.Parallel()
	var recorded []string
	s := watchSite(t, newLiving(t), live(t, &recorded))
	require.Contains(t, recorded, "signed in")
	require.Contains(t, recorded, "seen 3 minutes ago")
	require.Contains(t, recorded, "10 minutes left")
	require.Contains(t, recorded, "draft=1 visit=1")
	require.Contains(t, recorded, s.tape(t).Started().Local().Format("Monday, January 2, 2006"))
	later := func() time.Time { return time.Now().Add(400 * 24 * time.Hour) }
	for seed := range uint64(3) {
		var replayed []string
		faithful(t, s.rewatch(t, twin.RunOptions{Pin: true, Seed: seed, MaxLatency: time.Duration(seed) * 60 * time.Millisecond, Now: later}, live(t, &replayed)))
		require.Equal(t, recorded, replayed)
	}
}
