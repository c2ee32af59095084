package client_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"tapedeck/client"
)

// A followed log outlives a broken connection and a server that ends: each line comes once, and the
// job's end is known.
func TestFollowLogIsTakenUpAgain(t *testing.T) {
	t.Parallel()
	var seen []string // Last-Event-ID of each request of the log
	status := "running"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/jobs/j" {
			fmt.Fprintf(w, `{"jobId":"j","status":%q,"attempt":1}`, status)
			return
		}
		seen = append(seen, r.Header.Get("Last-Event-ID"))
		switch n := len(seen); n {
		case 1: // cut off within a line
			fmt.Fprint(w, `{"seq":1,"attempt":1,"text":"line 1"}`+"\n"+`{"seq":2,`)
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		case 2: // ended by a server that shuts down
			fmt.Fprint(w, "\n"+`{"seq":2,"attempt":1,"text":"line 2"}`+"\n")
		default:
			status = "failed"
			fmt.Fprint(w, `{"seq":3,"attempt":1,"text":"line 3"}`+"\n")
		}
	}))
	defer server.Close()
	c, err := client.New(server.URL)
	require.NoError(t, err)
	var lines []string
	breaks := 0
	j, err := c.FollowLog(t.Context(), "j", url.Values{"follow": {"true"}}, func(error) { breaks++ }, func(l client.LogLine) error {
		lines = append(lines, l.Text)
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, "failed", j.Status)
	require.Equal(t, []string{"line 1", "line 2", "line 3"}, lines)
	require.Equal(t, []string{"", "1-1", "1-2"}, seen)
	require.Equal(t, 2, breaks)
}

// What the log cannot continue is said.
func TestFollowLogSaysGone(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, `{"op":"gone","reason":"lost","detail":"the log was set back"}`)
	}))
	defer server.Close()
	c, err := client.New(server.URL)
	require.NoError(t, err)
	_, err = c.FollowLog(t.Context(), "j", nil, nil, func(client.LogLine) error { return nil })
	var gone *client.GoneError
	require.ErrorAs(t, err, &gone)
	require.Equal(t, "lost", gone.Reason)
}

// A Job that is printed again has all that the server said of it.
func TestJobKeepsWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"jobId":"j","status":"running","startedAt":"2026-01-01T00:00:00Z","later":{"a":1}}`)
	}))
	defer server.Close()
	c, err := client.New(server.URL)
	require.NoError(t, err)
	j, err := c.Job(t.Context(), "j", nil)
	require.NoError(t, err)
	require.JSONEq(t, `{"startedAt":"2026-01-01T00:00:00Z","later":{"a":1}}`, string(j.Other))
}
