package proxy_test

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"testing"

	"tapedeck/proxy"
)

// BenchmarkRequests compares a request through the proxy with the same one
// without it; the client is the same, and keeps its connection.
func BenchmarkRequests(b *testing.B) {
	for _, size := range []int{1 << 10, 100 << 10, 10 << 20} {
		chunk := make([]byte, size)
		handler := func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", strconv.Itoa(size))
			_, _ = w.Write(chunk)
		}
		plain := serve(b, handler)
		secure, pool := serveTLS(b, true, handler)
		for _, way := range []string{"direct", "proxy"} {
			for _, url := range []string{plain.URL, secure.URL} {
				b.Run(fmt.Sprintf("%s/%s/%dKiB", way, url[:5], size>>10), func(b *testing.B) {
					p := setup(b, proxy.SessionConfig{RootCAs: pool, SpoolDir: b.TempDir(), Limits: proxy.Limits{MaxEntries: 1000}})
					client := p.client
					if way == "direct" {
						client = secure.Client()
					}
					b.SetBytes(int64(size))
					for b.Loop() {
						resp, err := client.Get(url)
						if err != nil {
							b.Fatal(err)
						}
						_, _ = io.Copy(io.Discard, resp.Body)
						_ = resp.Body.Close()
					}
				})
			}
		}
	}
}
