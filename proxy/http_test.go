package proxy_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tapedeck/proxy"
)

func TestMultipartBodyIsKeptByteByByte(t *testing.T) {
	t.Parallel()
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	part, err := w.CreateFormFile("file", "a.bin")
	require.NoError(t, err)
	_, err = part.Write(bytes.Repeat([]byte{0, 255, 13, 10}, 50_000))
	require.NoError(t, err)
	require.NoError(t, w.WriteField("name", "värde"))
	require.NoError(t, w.Close())
	origin := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, head, err := r.FormFile("file")
		if err == nil {
			_, _ = fmt.Fprintf(w, "%s %d %s", head.Filename, head.Size, r.FormValue("name"))
		}
	})
	b := setup(t, proxy.SessionConfig{SpoolDir: t.TempDir()})
	r, err := http.NewRequest(http.MethodPost, origin.URL, bytes.NewReader(form.Bytes()))
	require.NoError(t, err)
	r.Header.Set("Content-Type", w.FormDataContentType())
	text, _ := b.do(t, r)
	require.Equal(t, "a.bin 200000 värde", text)
	require.Equal(t, form.String(), body(t, b.entries(t, 1)[0].Request.Body))
}

func TestRangesHeadAndEmptyAnswersPassUntouched(t *testing.T) {
	t.Parallel()
	file := strings.Repeat("0123456789", 100)
	for _, tls := range []bool{false, true} {
		handler := func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/file":
				w.Header().Set("ETag", `"v1"`)
				http.ServeContent(w, r, "a.txt", time.Time{}, strings.NewReader(file))
			case "/204":
				w.WriteHeader(http.StatusNoContent)
			case "/bare":
				w.Header()["Date"], w.Header()["Content-Type"] = nil, nil
				_, _ = io.WriteString(w, "<html>")
			}
		}
		cfg := proxy.SessionConfig{}
		var origin *httptest.Server
		if tls {
			origin, cfg.RootCAs = serveTLS(t, true, handler)
		} else {
			origin = serve(t, handler)
		}
		b := setup(t, cfg)
		ask := func(method, path, name, value string) (string, *http.Response) {
			r, err := http.NewRequest(method, origin.URL+path, nil)
			require.NoError(t, err)
			if name != "" {
				r.Header.Set(name, value)
			}
			return b.do(t, r)
		}

		text, resp := ask(http.MethodGet, "/file", "Range", "bytes=5-14")
		require.Equal(t, "5678901234", text)
		require.Equal(t, http.StatusPartialContent, resp.StatusCode)
		require.Equal(t, "bytes 5-14/1000", resp.Header.Get("Content-Range"))

		text, resp = ask(http.MethodHead, "/file", "", "")
		require.Empty(t, text)
		require.EqualValues(t, 1000, resp.ContentLength)

		_, resp = ask(http.MethodGet, "/file", "If-None-Match", `"v1"`)
		require.Equal(t, http.StatusNotModified, resp.StatusCode)
		require.Equal(t, `"v1"`, resp.Header.Get("ETag"))

		_, resp = ask(http.MethodGet, "/204", "", "")
		require.Equal(t, http.StatusNoContent, resp.StatusCode)

		text, resp = ask(http.MethodGet, "/bare", "", "")
		require.Equal(t, "<html>", text)
		require.NotContains(t, resp.Header, "Content-Type", "nothing is sniffed and added")
		require.NotContains(t, resp.Header, "Date")

		list := b.entries(t, 5)
		require.Equal(t, "5678901234", body(t, list[0].Response.Body))
		require.Equal(t, "bytes=5-14", list[0].Request.Header.Get("Range"))
		require.Nil(t, list[1].Response.Body)
		require.Nil(t, list[3].Request.Body)
	}
}

func TestContentEncodingIsNeitherAddedNorTakenOff(t *testing.T) {
	t.Parallel()
	origin := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "br")
		_, _ = io.WriteString(w, r.Header.Get("Accept-Encoding")+"|"+r.Header.Get("User-Agent"))
	})
	b := setup(t, proxy.SessionConfig{})
	r, err := http.NewRequest(http.MethodGet, origin.URL, nil)
	require.NoError(t, err)
	r.Header.Set("Accept-Encoding", "br, zstd")
	r.Header.Set("User-Agent", "")
	text, resp := b.do(t, r)
	require.Equal(t, "br, zstd|", text)
	require.Equal(t, "br", resp.Header.Get("Content-Encoding"))
	require.Equal(t, "br, zstd|", body(t, b.entries(t, 1)[0].Response.Body))
}

func TestTrailersPass(t *testing.T) {
	t.Parallel()
	origin, pool := serveTLS(t, true, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Trailer", "X-Sum")
		_, _ = io.WriteString(w, r.Trailer.Get("X-Asked"))
		w.Header().Set("X-Sum", "42")
		w.Header().Set(http.TrailerPrefix+"X-Late", "yes")
	})
	b := setup(t, proxy.SessionConfig{RootCAs: pool})
	r, err := http.NewRequest(http.MethodPost, origin.URL, io.LimitReader(strings.NewReader("streamed"), 100))
	require.NoError(t, err)
	r.Trailer = http.Header{"X-Asked": {"please"}} // sent behind the body, which has no length
	text, resp := b.do(t, r)
	require.Equal(t, "please", text)
	require.Equal(t, http.Header{"X-Sum": {"42"}, "X-Late": {"yes"}}, resp.Trailer)
	e := b.entries(t, 1)[0]
	require.Equal(t, "streamed", body(t, e.Request.Body))
	require.Equal(t, "please", e.Request.Trailer.Get("X-Asked"))
	require.Equal(t, "42", e.Response.Trailer.Get("X-Sum"))
}

func TestExpectContinueIsTheOriginsToAnswer(t *testing.T) {
	t.Parallel()
	origin := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Refuse") != "" {
			w.WriteHeader(http.StatusExpectationFailed)
			return
		}
		data, _ := io.ReadAll(r.Body)
		_, _ = w.Write(data)
	})
	b := setup(t, proxy.SessionConfig{})
	r := post(t, origin.URL, "big body")
	r.Header.Set("Expect", "100-continue")
	text, _ := b.do(t, r)
	require.Equal(t, "big body", text)

	r = post(t, origin.URL, "big body")
	r.Header.Set("Expect", "100-continue")
	r.Header.Set("X-Refuse", "1")
	_, resp := b.do(t, r)
	require.Equal(t, http.StatusExpectationFailed, resp.StatusCode)
	require.Nil(t, b.entries(t, 2)[1].Request.Body, "the body was never asked for")
}

func TestEarlyHintsPass(t *testing.T) {
	t.Parallel()
	origin, pool := serveTLS(t, true, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Link", "</a.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		w.Header().Del("Link")
		_, _ = io.WriteString(w, "done")
	})
	b := setup(t, proxy.SessionConfig{RootCAs: pool})
	var hints atomic.Value
	r, err := http.NewRequestWithContext(httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
			hints.Store(fmt.Sprint(code, " ", h.Get("Link")))
			return nil
		},
	}), http.MethodGet, origin.URL, nil)
	require.NoError(t, err)
	text, resp := b.do(t, r)
	require.Equal(t, "done", text)
	require.Equal(t, "103 </a.css>; rel=preload", hints.Load())
	require.Empty(t, resp.Header.Get("Link"))
}

// raw speaks to the session's port byte by byte.
func (b *bundle) raw(t *testing.T, text string) (*bufio.Reader, net.Conn) {
	t.Helper()
	conn, err := net.Dial("tcp", b.session.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
	_, err = io.WriteString(conn, text)
	require.NoError(t, err)
	return bufio.NewReader(conn), conn
}

func TestOldAndOddRequests(t *testing.T) {
	t.Parallel()
	origin := serve(t, func(w http.ResponseWriter, r *http.Request) {
		data, _ := io.ReadAll(r.Body)
		_, _ = fmt.Fprintf(w, "%s %s %s host=%s body=%s te=%v conn=%q up=%q", r.Method, r.RequestURI, r.Proto, r.Host, data, r.TransferEncoding, r.Header.Get("Keep-Alive"), r.Header.Get("Upgrade"))
	})
	host := strings.TrimPrefix(origin.URL, "http://")
	b := setup(t, proxy.SessionConfig{})
	for name, c := range map[string]struct{ request, status, want string }{
		"HTTP/1.0":            {"GET http://" + host + "/old HTTP/1.0\r\n\r\n", "200", "GET /old HTTP/1.1 host=" + host},
		"hop by hop":          {"GET http://" + host + "/ HTTP/1.1\r\nHost: " + host + "\r\nConnection: close, X-Mine\r\nX-Mine: 1\r\nKeep-Alive: 3\r\nProxy-Connection: keep-alive\r\nUpgrade: h2c\r\n\r\n", "200", `conn="" up=""`},
		"chunked":             {"POST http://" + host + "/ HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", "200", "body=abc te=[chunked]"},
		"double slash":        {"GET http://" + host + "//a//b HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n", "200", "GET //a//b "},
		"no path":             {"GET http://" + host + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n", "200", "GET / "},
		"kept escapes":        {"GET http://" + host + "/a%2Fb;c?x=%zz|\" HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n", "200", "GET /a%2Fb;c?x=%zz|\" "},
		"not for a proxy":     {"GET / HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n", "400", "it serves no pages"},
		"other scheme":        {"GET ftp://" + host + "/ HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n", "400", "it serves no pages"},
		"file":                {"GET file:///etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "400", "it serves no pages"},
		"CONNECT, no port":    {"CONNECT example.com HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n", "400", "host:port"},
		"two lengths":         {"POST http://" + host + "/ HTTP/1.1\r\nHost: " + host + "\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", "400", ""},
		"unknown encoding":    {"POST http://" + host + "/ HTTP/1.1\r\nHost: " + host + "\r\nTransfer-Encoding: xchunked\r\n\r\n", "501", ""},
		"space before colon":  {"GET http://" + host + "/ HTTP/1.1\r\nHost : " + host + "\r\n\r\n", "400", ""},
		"the first word only": {"HELLO\r\n\r\n", "400", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, _ := b.raw(t, c.request)
			resp, err := http.ReadResponse(r, nil)
			require.NoError(t, err)
			text := read(t, resp)
			require.Equal(t, c.status, resp.Status[:3], text)
			require.Contains(t, text, c.want)
		})
	}
}

// A request that is chunked and has a length reaches the origin as one request,
// whichever of the two the origin would have believed.
func TestSmuggledRequestStaysInside(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	origin := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		_, _ = io.Copy(io.Discard, r.Body)
	})
	host := strings.TrimPrefix(origin.URL, "http://")
	b := setup(t, proxy.SessionConfig{})
	inner := "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
	r, _ := b.raw(t, fmt.Sprintf("POST http://%s/ HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n%s", host, host, 5+len(inner), inner))
	resp, err := http.ReadResponse(r, nil)
	require.NoError(t, err)
	_ = read(t, resp)
	resp, err = http.ReadResponse(r, nil)
	require.NoError(t, err)
	require.Contains(t, read(t, resp), "it serves no pages", "what follows is a request to us, and none to the origin")
	require.EqualValues(t, 1, asked.Load())
}

func TestPlainHTTPThroughATunnel(t *testing.T) {
	t.Parallel()
	origin := serve(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Host+r.URL.Path) })
	host := strings.TrimPrefix(origin.URL, "http://")
	b := setup(t, proxy.SessionConfig{})
	// The first request comes together with the CONNECT: what is read ahead is not lost.
	r, conn := b.raw(t, "CONNECT "+host+" HTTP/1.1\r\nHost: "+host+"\r\n\r\nGET /one HTTP/1.1\r\nHost: "+host+"\r\n\r\n")
	resp, err := http.ReadResponse(r, &http.Request{Method: http.MethodConnect})
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, resp.StatusCode)
	for _, path := range []string{"/one", "/two"} {
		resp, err = http.ReadResponse(r, nil)
		require.NoError(t, err)
		require.Equal(t, host+path, read(t, resp))
		if path == "/one" {
			_, err = io.WriteString(conn, "GET /two HTTP/1.1\r\nHost: "+host+"\r\n\r\n")
			require.NoError(t, err)
		}
	}
	list := b.entries(t, 2)
	require.Equal(t, origin.URL+"/one", list[0].Request.URL)
	require.Equal(t, list[0].Connection, list[1].Connection)
}

func TestIPv6Origin(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "[::1]:0")
	require.NoError(t, err, "the machine needs IPv6 on its loopback interface")
	plain := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Host) })}
	go func() { _ = plain.Serve(ln) }()
	t.Cleanup(func() { _ = plain.Close() })
	b := setup(t, proxy.SessionConfig{})
	text, _ := b.get(t, "http://"+ln.Addr().String()+"/")
	require.Equal(t, ln.Addr().String(), text)
	e := b.entries(t, 1)[0]
	require.Equal(t, "http://"+ln.Addr().String()+"/", e.Request.URL)
	require.Equal(t, "::1", e.ServerAddr.Addr().String())
}

// A kept connection that the origin closes just when a request comes must not
// cost the request, a POST neither: browsers send it once more.
func TestRequestOnADeadConnectionIsSentAgain(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = ln.Close() })
	var served atomic.Int64
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			// Answers one request as if it would take more, reads the next one and hangs up.
			go func() {
				defer func() { _ = c.Close() }()
				r := bufio.NewReader(c)
				for range 2 {
					req, err := http.ReadRequest(r)
					if err != nil {
						return
					}
					data, _ := io.ReadAll(req.Body)
					if served.Add(1) == 2 {
						return
					}
					_, _ = fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(data), data)
				}
			}()
		}
	}()
	b := setup(t, proxy.SessionConfig{})
	for i := range 2 {
		text, resp := b.do(t, post(t, "http://"+ln.Addr().String(), fmt.Sprint("body ", i)))
		require.Equal(t, http.StatusOK, resp.StatusCode, text)
		require.Equal(t, fmt.Sprint("body ", i), text)
	}
	require.EqualValues(t, 3, served.Load())
	require.Equal(t, "body 1", body(t, b.entries(t, 2)[1].Request.Body), "it is kept once")
}

func TestExtraHeadersAndCredentials(t *testing.T) {
	t.Parallel()
	show := func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, "%s|%s|%s", r.Header.Get("X-Team"), r.Header.Get("Accept-Language"), r.Header.Get("Authorization"))
	}
	mine, other := serve(t, show), serve(t, show)
	b := setup(t, proxy.SessionConfig{
		ExtraHeaders: http.Header{"x-team": {"qa"}, "Accept-Language": {"sv"}},
		Credentials:  &proxy.Credentials{Origin: mine.URL, Username: "ann", Password: "pw"},
	})
	text, _ := b.get(t, mine.URL)
	require.Equal(t, "qa|sv|Basic YW5uOnB3", text)
	text, _ = b.get(t, other.URL)
	require.Equal(t, "qa|sv|", text, "credentials go to their origin alone")
	r, err := http.NewRequest(http.MethodGet, mine.URL, nil)
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer own")
	text, _ = b.do(t, r)
	require.Equal(t, "qa|sv|Bearer own", text)
	require.Equal(t, "qa", b.entries(t, 3)[0].Request.Header.Get("X-Team"))
}

func TestBrowsersOwnTrafficIsRefusedAndNotKept(t *testing.T) {
	t.Parallel()
	reached := make(chan string, 10)
	b := setup(t, proxy.SessionConfig{Origin: roundTrip(func(r *http.Request) (*http.Response, error) {
		reached <- r.URL.String()
		return &http.Response{StatusCode: http.StatusOK, Status: "200 OK", Proto: "HTTP/1.1", Header: http.Header{}, Body: http.NoBody}, nil
	})})
	ask := func(url string, header ...string) *http.Response {
		r, err := http.NewRequest(http.MethodGet, url, nil)
		require.NoError(t, err)
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		_, resp := b.do(t, r)
		return resp
	}
	for _, url := range []string{
		"https://content-autofill.googleapis.com/v1/pages/x", "http://r3---sn-x.gvt1.com/edgedl/release2/a.crx",
		"https://accounts.google.com/ListAccounts?gpsia=1", "https://update.googleapis.com/service/update2/json",
	} {
		resp := ask(url, "Sec-Fetch-Site", "none", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "empty")
		require.Equal(t, http.StatusForbidden, resp.StatusCode, url)
		require.Equal(t, proxy.CodeNoise, resp.Header.Get(proxy.ErrorHeader))
	}
	require.Empty(t, b.session.Entries())
	require.Equal(t, map[string]int{
		"content-autofill.googleapis.com": 1, "r3---sn-x.gvt1.com": 1, "accounts.google.com": 1, "update.googleapis.com": 1,
	}, b.session.Stats().Noise)

	// A page that uses such a host, or a person who goes there, is no noise.
	ask("https://accounts.google.com/signin")
	ask("https://translate.googleapis.com/x", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "cors")
	ask("http://clients2.google.com/x", "Upgrade-Insecure-Requests", "1")
	require.Len(t, b.entries(t, 3), 3)
	require.Len(t, reached, 3)
}

// roundTrip is an origin of a test's own.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
