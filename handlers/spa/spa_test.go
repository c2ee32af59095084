package spa_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/andybalholm/brotli"
	"github.com/gofiber/fiber/v2"
	"github.com/klauspost/compress/gzip"
	"github.com/stretchr/testify/require"

	"tapedeck/handlers/spa"
)

var script = "console.log('" + strings.Repeat("a", 4000) + "')"

func serve(t *testing.T, method, target string, header ...string) *http.Response {
	t.Helper()
	site, err := spa.New(fstest.MapFS{
		"index.html":         {Data: []byte(`<script>theme()</script><div id="root"></div>`)},
		"assets/main-1a2.js": {Data: []byte(script)},
		"assets/dot-1.png":   {Data: bytes.Repeat([]byte{1}, 2000)},
		"favicon.svg":        {Data: []byte("<svg/>")},
	})
	require.NoError(t, err)
	app := fiber.New()
	app.Use(site.Serve)
	req := httptest.NewRequest(method, target, nil)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := app.Test(req)
	require.NoError(t, err)
	t.Cleanup(func() { _ = res.Body.Close() })
	return res
}

func body(t *testing.T, r io.Reader) string {
	t.Helper()
	b, err := io.ReadAll(r)
	require.NoError(t, err)
	return string(b)
}

func TestRoutesFallBackToThePage(t *testing.T) {
	t.Parallel()
	for _, target := range []string{"/", "/jobs", "/jobs/abc/log?attempt=2"} {
		res := serve(t, "GET", target)
		require.Equal(t, 200, res.StatusCode, target)
		require.Equal(t, "text/html; charset=utf-8", res.Header.Get("Content-Type"))
		require.Equal(t, "no-cache", res.Header.Get("Cache-Control"))
		require.Contains(t, body(t, res.Body), "root")
	}
}

func TestMissingFilesAreNotThePage(t *testing.T) {
	t.Parallel()
	for _, target := range []string{"/assets/gone-1.js", "/robots.txt", "/../../etc/passwd.txt"} {
		require.Equal(t, 404, serve(t, "GET", target).StatusCode, target)
	}
	require.Equal(t, 405, serve(t, "POST", "/").StatusCode)
}

func TestPolicyAllowsOnlyTheScriptsInTheIndex(t *testing.T) {
	t.Parallel()
	policy := serve(t, "GET", "/").Header.Get("Content-Security-Policy")
	// printf 'theme()' | openssl dgst -sha256 -binary | base64
	require.Contains(t, policy, "script-src 'self' 'sha256-Rfr3GgHZFiXm+TmNr+li+0sZ4J9FGllo8jsXcJF5XZ8=';")
	require.NotContains(t, policy, "unsafe-eval")
}

func TestAssetsAreImmutableAndCompressed(t *testing.T) {
	t.Parallel()
	const target = "/assets/main-1a2.js"
	for accept, encoding := range map[string]string{
		"": "", "identity": "", "gzip": "gzip", "gzip, br": "br", "br;q=0.2, gzip;q=0.9": "gzip", "br;q=0": "", "*": "br",
		"GZIP ; q=1": "gzip", "br;q=nonsense": "",
	} {
		res := serve(t, "GET", target, "Accept-Encoding", accept)
		require.Equal(t, encoding, res.Header.Get("Content-Encoding"), accept)
		require.Equal(t, "public, max-age=31536000, immutable", res.Header.Get("Cache-Control"))
		require.Equal(t, "Accept-Encoding", res.Header.Get("Vary"))
		var r io.Reader = res.Body
		switch encoding {
		case "br":
			r = brotli.NewReader(r)
		case "gzip":
			unzip, err := gzip.NewReader(r)
			require.NoError(t, err)
			r = unzip
		}
		require.Equal(t, script, body(t, r), accept)
	}
}

func TestImagesAreLeftAlone(t *testing.T) {
	t.Parallel()
	res := serve(t, "GET", "/assets/dot-1.png", "Accept-Encoding", "br")
	require.Empty(t, res.Header.Get("Content-Encoding"))
	require.Len(t, body(t, res.Body), 2000)
}

func TestValidatorsDifferByEncoding(t *testing.T) {
	t.Parallel()
	const target = "/assets/main-1a2.js"
	plain := serve(t, "GET", target).Header.Get("ETag")
	packed := serve(t, "GET", target, "Accept-Encoding", "br").Header.Get("ETag")
	require.NotEqual(t, plain, packed)
	require.Equal(t, 304, serve(t, "GET", target, "If-None-Match", plain).StatusCode)
	require.Equal(t, 304, serve(t, "GET", target, "If-None-Match", `"x", W/`+packed, "Accept-Encoding", "br").StatusCode)
	require.Equal(t, 200, serve(t, "GET", target, "If-None-Match", plain, "Accept-Encoding", "br").StatusCode)
}

func TestAPageWithoutAnIndexIsRefused(t *testing.T) {
	t.Parallel()
	_, err := spa.New(fstest.MapFS{"a.js": {Data: []byte("1")}})
	require.ErrorContains(t, err, "index.html")
}
