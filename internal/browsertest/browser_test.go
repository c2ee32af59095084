package browsertest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"tapedeck/internal/browsertest"
)

func TestPageRunsAgainstALocalServer(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprint(w, `<title>tape</title><h1></h1><script>document.querySelector("h1").textContent = "live"</script>`)
	}))
	t.Cleanup(srv.Close)
	b := browsertest.Start(t)

	first, second := b.Page(t), b.Page(t)
	_, err := first.Goto(srv.URL)
	require.NoError(t, err)
	title, err := first.Title()
	require.NoError(t, err)
	require.Equal(t, "tape", title)
	text, err := first.Locator("h1").TextContent()
	require.NoError(t, err)
	require.Equal(t, "live", text)

	_, err = second.Goto("http://example.com/")
	require.ErrorContains(t, err, "ERR_NAME_NOT_RESOLVED", "the browser must not reach foreign hosts")
}
