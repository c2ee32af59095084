package proxy_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tapedeck/proxy"
)

func TestPlainRequestPassesAndIsKept(t *testing.T) {
	t.Parallel()
	origin := serve(t, func(w http.ResponseWriter, r *http.Request) {
		data, _ := io.ReadAll(r.Body)
		w.Header().Add("Set-Cookie", "a=1; Path=/")
		w.Header().Add("Set-Cookie", "b=2; HttpOnly")
		w.Header().Set("Alt-Svc", `h3=":443"`)
		w.WriteHeader(http.StatusCreated)
		_, _ = fmt.Fprintf(w, "%s %s %s", r.Method, r.URL, data)
	})
	b := setup(t, proxy.SessionConfig{})
	before := time.Now()

	r, err := http.NewRequest(http.MethodPost, origin.URL+"/a%20b?q=1", strings.NewReader("hello"))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "text/plain")
	text, resp := b.do(t, r)

	require.Equal(t, "POST /a%20b?q=1 hello", text)
	require.Equal(t, http.StatusCreated, resp.StatusCode)
	require.Equal(t, []string{"a=1; Path=/", "b=2; HttpOnly"}, resp.Header["Set-Cookie"])
	require.Empty(t, resp.Header.Get("Alt-Svc"), "QUIC would lead past the proxy")

	e := b.entries(t, 1)[0]
	require.Equal(t, int64(1), e.ID)
	require.False(t, e.Started.Before(before))
	require.Nil(t, e.Error)
	require.Equal(t, "POST", e.Request.Method)
	require.Equal(t, origin.URL+"/a%20b?q=1", e.Request.URL)
	require.Equal(t, "hello", body(t, e.Request.Body))
	require.Equal(t, "text/plain", e.Request.Header.Get("content-type"))
	require.Equal(t, http.StatusCreated, e.Response.Status)
	require.Equal(t, "Created", e.Response.StatusText)
	require.Equal(t, "HTTP/1.1", e.Response.Proto)
	require.Equal(t, []string{"a=1; Path=/", "b=2; HttpOnly"}, e.Response.Header.Values("Set-Cookie"))
	require.Equal(t, text, body(t, e.Response.Body))
	require.Equal(t, "127.0.0.1", e.ServerAddr.Addr().String())
	require.Positive(t, e.Timings.Connect)
	require.Positive(t, e.Timings.Wait)
}

func TestHTTPSIsEndedByOurCertificate(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"HTTP/1.1", "HTTP/2.0"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			origin, pool := serveTLS(t, version == "HTTP/2.0", func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.WriteString(w, "spoke "+r.Proto)
			})
			b := setup(t, proxy.SessionConfig{RootCAs: pool})

			text, resp := b.get(t, origin.URL+"/x")

			require.Equal(t, "spoke "+version, text)
			require.Equal(t, "HTTP/2.0", resp.Proto, "towards the browser it is always HTTP/2")
			require.Equal(t, "Tapedeck recording proxy", resp.TLS.PeerCertificates[0].Issuer.CommonName)
			require.Len(t, resp.TLS.PeerCertificates, 2, "the CA's certificate comes along")
			e := b.entries(t, 1)[0]
			require.Equal(t, version, e.Response.Proto)
			require.Equal(t, origin.URL+"/x", e.Request.URL)
			require.Equal(t, "TLS 1.3", e.TLS.Version)
			require.Positive(t, e.Timings.TLS)
		})
	}
}
