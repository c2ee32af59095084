package twin_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"tapedeck/proxy"
	"tapedeck/proxy/twin"
)

func TestRedirectsAreFollowedAsRecorded(t *testing.T) {
	t.Parallel()
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "elsewhere") }))
	t.Cleanup(other.Close)
	site := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/302":
			http.Redirect(w, r, "/done", http.StatusFound)
		case "/303":
			http.Redirect(w, r, "done?from=303", http.StatusSeeOther)
		case "/307":
			http.Redirect(w, r, "/taken", http.StatusTemporaryRedirect)
		case "/away":
			http.Redirect(w, r, other.URL+"/landing", http.StatusFound)
		default:
			body, _ := io.ReadAll(r.Body)
			_, _ = fmt.Fprintf(w, "%s %s %s", r.Method, r.URL, body)
		}
	})
	act := func(v *visitor) {
		v.http.CheckRedirect = nil
		for path, want := range map[string]string{
			"/302": "GET /done ", "/303": "GET /done?from=303 ", "/307": "POST /taken " + pear, "/away": "elsewhere",
		} {
			status, answer := v.post(path, pear)
			require.Equal(t, http.StatusOK, status)
			require.Equal(t, want, answer)
		}
	}
	s := film(t, site, proxy.Limits{}, act)
	other.Close()
	report := s.again(t, act)
	faithful(t, report)
	require.Equal(t, 5, report.Writes, "four, and the one that was sent on")
	require.Contains(t, s.tape(t).Origins(), other.URL)
}

// account is a site that is for those who have logged in.
func account(w http.ResponseWriter, r *http.Request) {
	day := time.Now().Add(24 * time.Hour)
	switch r.URL.Path {
	case "/login":
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "k3Jd82hQpX0z", Path: "/", Expires: day, HttpOnly: true})
		http.SetCookie(w, &http.Cookie{Name: "age", Value: "1", Path: "/", MaxAge: 3600})
		w.Header().Add("Set-Cookie", "old=1; Path=/; expires="+day.UTC().Format("Monday, 02-Jan-06 15:04:05 GMT")+"; SameSite=Lax")
		w.Header().Add("Set-Cookie", "odd=1; Path=/; Expires=whenever; Secure")
	case "/logout":
		http.SetCookie(w, &http.Cookie{Name: "session", Path: "/", Expires: time.Unix(0, 0)})
		http.SetCookie(w, &http.Cookie{Name: "age", Path: "/", MaxAge: -1})
	default:
		names := []string{}
		for _, c := range r.Cookies() {
			names = append(names, c.Name)
		}
		_, _ = io.WriteString(w, strings.Join(names, " "))
	}
}

func TestALoginByCookieWorksAYearLater(t *testing.T) {
	t.Parallel()
	s := film(t, http.HandlerFunc(account), proxy.Limits{}, func(v *visitor) {
		v.get("/me")
		v.post("/login", pear)
		v.get("/me")
		v.post("/logout", pear)
		v.get("/me")
	})
	later := time.Now().AddDate(1, 0, 0)
	ended := func(c *http.Cookie) time.Time { return c.Expires.Truncate(time.Second) }
	report := s.take(t, s.tape(t), twin.RunOptions{Now: func() time.Time { return later }}, func(v *visitor) {
		resp, _ := v.do(http.MethodPost, "/login", pear, "Content-Type", "application/json")
		cookies := map[string]*http.Cookie{}
		for _, c := range resp.Cookies() {
			cookies[c.Name] = c
		}
		require.Len(t, resp.Header["Set-Cookie"], 4)
		day := later.Add(24 * time.Hour)
		require.WithinDuration(t, day, ended(cookies["session"]), 2*time.Second)
		require.WithinDuration(t, day, ended(cookies["old"]), 2*time.Second)
		require.True(t, cookies["session"].HttpOnly)
		require.Equal(t, 3600, cookies["age"].MaxAge)
		require.Equal(t, http.SameSiteLaxMode, cookies["old"].SameSite)
		require.Equal(t, "whenever", cookies["odd"].RawExpires)
		date, err := http.ParseTime(resp.Header.Get("Date"))
		require.NoError(t, err)
		require.WithinDuration(t, later, date, 2*time.Second)
		require.Equal(t, "session age old odd", v.get("/me"))
		resp, _ = v.do(http.MethodPost, "/logout", pear, "Content-Type", "application/json")
		require.Equal(t, "Thu, 01 Jan 1970 00:00:00 GMT", resp.Cookies()[0].RawExpires, "it still deletes")
		require.Negative(t, resp.Cookies()[1].MaxAge)
	})
	faithful(t, report)
}

func TestWhatAPageKeptIsThereForACacheThatIsCold(t *testing.T) {
	t.Parallel()
	site := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"v1"`)
		w.Header().Set("Content-Type", "text/plain")
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader("text of it"))
	})
	s := film(t, site, proxy.Limits{}, func(v *visitor) {
		v.get("/a")
		resp, _ := v.do(http.MethodGet, "/a", "", "If-None-Match", `"v1"`)
		require.Equal(t, http.StatusNotModified, resp.StatusCode)
		v.do(http.MethodGet, "/b", "", "If-None-Match", `"v1"`)
	})
	faithful(t, s.again(t, func(v *visitor) {
		require.Equal(t, "text of it", v.get("/a"))
		require.Equal(t, "text of it", v.get("/a"), "the second time as well")
		resp, _ := v.do(http.MethodGet, "/a", "", "If-None-Match", `W/"v1"`)
		require.Equal(t, http.StatusNotModified, resp.StatusCode)
		resp, body := v.do(http.MethodGet, "/a", "", "If-None-Match", `"v0"`)
		require.Equal(t, http.StatusOK, resp.StatusCode, "it keeps another one")
		require.Equal(t, "text of it", body)
		resp, _ = v.do(http.MethodGet, "/b", "", "If-None-Match", `"v1"`)
		require.Equal(t, http.StatusNotModified, resp.StatusCode)
	}))
	report := s.again(t, func(v *visitor) { v.get("/b") })
	require.Equal(t, []string{twin.Incomplete}, kinds(report))
}

func TestPartsOfABody(t *testing.T) {
	t.Parallel()
	file := strings.Repeat("0123456789", 100)
	site := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/none" {
			_, _ = io.WriteString(w, file)
			return
		}
		w.Header().Set("Content-Type", "video/mp4")
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(file))
	})
	s := film(t, site, proxy.Limits{}, func(v *visitor) {
		v.get("/whole")
		v.get("/parts", "Range", "bytes=0-499")
		v.get("/parts", "Range", "bytes=500-599")
		v.get("/all", "Range", "bytes=0-")
		v.get("/none", "Range", "bytes=0-9")
	})
	ask := func(v *visitor, path, span string) (int, string, string) {
		header := []string{"Range", span}
		if span == "" {
			header = nil
		}
		resp, body := v.do(http.MethodGet, path, "", header...)
		return resp.StatusCode, resp.Header.Get("Content-Range"), body
	}
	faithful(t, s.again(t, func(v *visitor) {
		for _, c := range []struct {
			path, span string
			status     int
			held, body string
		}{
			{"/whole", "bytes=5-14", 206, "bytes 5-14/1000", "5678901234"},
			{"/whole", "bytes=995-", 206, "bytes 995-999/1000", "56789"},
			{"/whole", "bytes=-3", 206, "bytes 997-999/1000", "789"},
			{"/whole", "bytes=2000-", 416, "bytes */1000", "invalid range: failed to overlap\n"},
			{"/parts", "bytes=500-599", 206, "bytes 500-599/1000", file[500:600]},
			{"/parts", "bytes=0-499", 206, "bytes 0-499/1000", file[:500]},
			{"/parts", "bytes=550-559", 206, "bytes 550-559/1000", file[550:560]},
			{"/all", "", 200, "", file},
			{"/all", "bytes=10-", 206, "bytes 10-999/1000", file[10:]},
			{"/none", "bytes=0-9", 200, "", file},
		} {
			status, held, body := ask(v, c.path, c.span)
			require.Equal(t, c.status, status, "%s %s", c.path, c.span)
			require.Equal(t, c.held, held, "%s %s", c.path, c.span)
			require.Equal(t, c.body, body, "%s %s", c.path, c.span)
		}
		resp, body := v.do(http.MethodGet, "/whole", "", "Range", "bytes=0-1,10-11")
		require.Equal(t, http.StatusPartialContent, resp.StatusCode)
		require.Contains(t, resp.Header.Get("Content-Type"), "multipart/byteranges")
		require.Contains(t, body, "Content-Range: bytes 10-11/1000\r\nContent-Type: video/mp4\r\n\r\n01\r\n")
	}))
	for _, span := range []string{"bytes=700-709", "bytes=590-650", ""} {
		report := s.again(t, func(v *visitor) { ask(v, "/parts", span) })
		require.Equal(t, []string{twin.Incomplete}, kinds(report), span)
	}
}

func TestEncodedAndEmptyAnswers(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("värde ", 500)
	packed := func(encoding string) []byte {
		var out bytes.Buffer
		var w io.WriteCloser
		switch encoding {
		case "gzip":
			w = gzip.NewWriter(&out)
		case "br":
			w = brotli.NewWriter(&out)
		case "zstd":
			z, err := zstd.NewWriter(&out)
			require.NoError(t, err)
			w = z
		}
		_, err := io.WriteString(w, text)
		require.NoError(t, err)
		require.NoError(t, w.Close())
		return out.Bytes()
	}
	site := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		switch name := r.URL.Path[1:]; name {
		case "gzip", "br", "zstd":
			w.Header().Set("Content-Encoding", name)
			_, _ = w.Write(packed(name))
		case "broken":
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = io.WriteString(w, "this is no gzip")
		case "chunked":
			for range 3 {
				_, _ = io.WriteString(w, "part ")
				_ = http.NewResponseController(w).Flush()
			}
		case "204":
			w.WriteHeader(http.StatusNoContent)
		case "empty":
		case "404", "503":
			w.Header().Set("Retry-After", "7")
			http.Error(w, "sorry", map[string]int{"404": 404, "503": 503}[name])
		case "head":
			w.Header().Set("Content-Length", "4711")
		}
	})
	act := func(v *visitor) {
		for _, encoding := range []string{"gzip", "br", "zstd"} {
			resp, body := v.do(http.MethodGet, "/"+encoding, "")
			if resp.Header.Get("Content-Encoding") == "" {
				require.Equal(t, text, body, encoding)
				require.EqualValues(t, len(text), resp.ContentLength)
			}
		}
		require.Equal(t, "part part part ", v.get("/chunked"))
		for path, want := range map[string]int{"/204": 204, "/empty": 200, "/404": 404, "/503": 503} {
			resp, body := v.do(http.MethodGet, path, "")
			require.Equal(t, want, resp.StatusCode)
			require.Equal(t, map[bool]string{true: "sorry\n"}[want > 400], body)
			require.Equal(t, map[bool]string{true: "7"}[want > 400], resp.Header.Get("Retry-After"))
		}
		resp, body := v.do(http.MethodHead, "/head", "")
		require.Empty(t, body)
		require.EqualValues(t, 4711, resp.ContentLength)
	}
	s := film(t, site, proxy.Limits{}, func(v *visitor) {
		act(v)
		v.get("/broken")
	})
	faithful(t, s.again(t, act))
	report := s.again(t, func(v *visitor) { v.get("/broken") })
	require.Equal(t, []string{twin.Incomplete}, kinds(report))
	require.NotEmpty(t, s.tape(t).Cut())
}

func TestFailuresHappenAgain(t *testing.T) {
	t.Parallel()
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	refused := "http://" + gone.Addr().String() + "/"
	require.NoError(t, gone.Close())
	entered := make(chan struct{}, 1)
	site := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/hangs", "/slow":
			entered <- struct{}{}
			<-r.Context().Done()
		case "/breaks":
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "half")
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}
	})
	code := func(v *visitor, path string) string {
		resp, _ := v.do(http.MethodGet, path, "")
		return resp.Header.Get(proxy.ErrorHeader)
	}
	s := film(t, site, proxy.Limits{HeaderTimeout: 300 * time.Millisecond}, func(v *visitor) {
		require.Equal(t, proxy.CodeConnect, code(v, refused))
		require.Equal(t, proxy.CodeTimeout, code(v, "/hangs"))
		<-entered
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			<-entered
			cancel()
		}()
		_, err := v.http.Do(v.request(http.MethodGet, "/slow", "").WithContext(ctx))
		require.ErrorIs(t, err, context.Canceled)
		resp, err := v.http.Do(v.request(http.MethodGet, "/breaks", ""))
		require.NoError(t, err)
		_, err = io.ReadAll(resp.Body)
		require.Error(t, err)
		require.NoError(t, resp.Body.Close())
	})
	report := s.again(t, func(v *visitor) {
		require.Equal(t, proxy.CodeConnect, code(v, refused))
		require.Equal(t, proxy.CodeTimeout, code(v, "/hangs"))
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		_, err := v.http.Do(v.request(http.MethodGet, "/slow", "").WithContext(ctx))
		require.ErrorIs(t, err, context.DeadlineExceeded, "nobody answered then")
		resp, err := v.http.Do(v.request(http.MethodGet, "/breaks", ""))
		require.NoError(t, err)
		body, err := io.ReadAll(resp.Body)
		require.Error(t, err, "it breaks off again")
		require.Equal(t, "half", string(body))
		require.NoError(t, resp.Body.Close())
	})
	faithful(t, report)
}

func TestAPreflightIsAllowedWhatTheRecordingDid(t *testing.T) {
	t.Parallel()
	site := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "https://page.test")
		if r.Method == http.MethodOptions {
			w.Header().Set("Access-Control-Allow-Methods", r.Header.Get("Access-Control-Request-Method"))
			w.Header().Set("X-Recorded", "yes")
		}
	})
	preflight := func(v *visitor, path, method string) *http.Response {
		resp, _ := v.do(http.MethodOptions, path, "", "Origin", "https://page.test",
			"Access-Control-Request-Method", method, "Access-Control-Request-Headers", "content-type")
		return resp
	}
	s := film(t, site, proxy.Limits{}, func(v *visitor) {
		preflight(v, "/a?x=1", http.MethodPut)
		v.send(http.MethodPut, "/a?x=1", pear)
		v.send(http.MethodDelete, "/a?x=1", "")
		v.send(http.MethodPut, "/made/k3jd82hqpx0z", pear)
	})
	report := s.again(t, func(v *visitor) {
		require.Equal(t, "yes", preflight(v, "/a?x=1", http.MethodPut).Header.Get("X-Recorded"))
		for _, ask := range [][2]string{{"/a?x=1", http.MethodDelete}, {"/made/m1kx93bwqt7y", http.MethodPut}} {
			resp := preflight(v, ask[0], ask[1])
			require.Equal(t, http.StatusNoContent, resp.StatusCode, "the browser had kept the answer")
			require.Equal(t, "https://page.test", resp.Header.Get("Access-Control-Allow-Origin"))
			require.Equal(t, ask[1], resp.Header.Get("Access-Control-Allow-Methods"))
			require.Equal(t, "content-type", resp.Header.Get("Access-Control-Allow-Headers"))
		}
		require.Equal(t, http.StatusBadGateway, preflight(v, "/a?x=1", http.MethodPatch).StatusCode)
	})
	require.Equal(t, twin.Unrecorded, kinds(report)[0])
}

func TestASecureSiteIsPlayedOverHTTP2(t *testing.T) {
	t.Parallel()
	origin := httptest.NewUnstartedServer(newShop())
	origin.EnableHTTP2 = true
	origin.StartTLS()
	act := func(v *visitor) {
		require.Equal(t, listA, v.get("/items"))
		v.post("/items", pear)
		resp, body := v.do(http.MethodGet, "/items", "")
		require.Equal(t, listB, body)
		require.Equal(t, "HTTP/2.0", resp.Proto)
	}
	s := filmAt(t, origin, proxy.SessionConfig{}, act)
	faithful(t, s.again(t, act))
	require.Equal(t, []string{origin.URL}, s.tape(t).Origins())
}

func TestBodiesThatWereCutAreTold(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("0123456789", 1000)
	site := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			_, _ = io.WriteString(w, long)
		}
	})
	act := func(v *visitor) {
		v.get("/long")
		v.post("/long", `"`+long+`"`)
	}
	s := film(t, site, proxy.Limits{MaxBody: 1000}, act)
	report := s.again(t, act)
	require.Equal(t, []string{twin.Incomplete, twin.Incomplete}, kinds(report))
	require.Contains(t, report.Drift[0].Detail, "over the limit")
	require.Contains(t, report.Drift[1].Detail, "all that was sent")
}

func TestGraphQLIsReadByWhatItSays(t *testing.T) {
	t.Parallel()
	count := 0
	site := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if strings.Contains(string(body), "mutation") {
			count++
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"data":%d}`, count)
	})
	const (
		query    = `{"query":"query Items($n: Int) { items(first: $n) { id } }","variables":{"n":3}}`
		short    = `{"query":"{ items { id } }"}`
		mutation = `{"query":"mutation Add { add { id } }"}`
		search   = `{"query":"query shoes"}` // no GraphQL
	)
	s := film(t, site, proxy.Limits{}, func(v *visitor) {
		v.post("/graphql", query)
		v.post("/graphql", mutation)
		v.post("/graphql", query)
		v.post("/graphql", short)
		v.post("/search", search)
	})
	ask := func(v *visitor, body string) string { _, answer := v.post("/graphql", body); return answer }
	faithful(t, s.again(t, func(v *visitor) {
		require.Equal(t, `{"data":0}`, ask(v, query))
		require.Equal(t, `{"data":0}`, ask(v, query))
		ask(v, mutation)
		require.Equal(t, `{"data":1}`, ask(v, query))
		require.Equal(t, `{"data":1}`, ask(v, short))
		v.post("/search", search)
	}))
	report := s.again(t, func(v *visitor) {
		require.Contains(t, ask(v, strings.Replace(query, ":3", ":4", 1)), "body.variables.n")
		ask(v, `{"query":"mutation Add { add { name } }"}`)
	})
	require.Equal(t, []string{twin.Unrecorded, twin.Altered, twin.Missing, twin.Missing}, kinds(report))
}
