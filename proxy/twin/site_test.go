package twin_test

import (
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tapedeck/proxy/har"
	"tapedeck/proxy/twin"
)

// TestAFileOfDevToolsIsASite serves, as `tapedeck twin FILE.har` does, what Chrome's developer tools saved.
func TestAFileOfDevToolsIsASite(t *testing.T) {
	t.Parallel()
	f, err := os.Open("../har/testdata/devtools.har")
	require.NoError(t, err)
	entries, err := har.Read(f, 0)
	require.NoError(t, f.Close())
	require.NoError(t, err)
	tape, err := twin.New(entries, twin.Options{})
	require.NoError(t, err)
	site, err := tape.Site(twin.RunOptions{Pin: true})
	require.NoError(t, err)
	server := httptest.NewServer(site)
	t.Cleanup(server.Close)
	page := browser.Page(t)
	_, err = page.Goto(server.URL + site.Start())
	require.NoError(t, err)
	require.NoError(t, page.GetByText("one pear, ").WaitFor())
	title, err := page.Title()
	require.NoError(t, err)
	require.Equal(t, "Crêpes", title)
	now, err := page.Evaluate(`() => new Date().toISOString()`)
	require.NoError(t, err)
	at, err := time.Parse(time.RFC3339, now.(string))
	require.NoError(t, err)
	require.WithinDuration(t, tape.Started(), at, time.Minute)
	_, err = page.Evaluate(`() => fetch("/items", { method: "POST", body: new URLSearchParams({ name: "plum" }) })`)
	require.NoError(t, err)
	report := site.Finish()
	require.Equal(t, 1, report.Written)
	require.Contains(t, kinds(report), twin.Extra)
}
