package recorder_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tapedeck/domain/job"
	"tapedeck/workers/recorder"
	"tapedeck/workers/recorder/profile"
)

// gate is a site that shows its home page to who signed in, and leads everybody else to the login.
type gate struct {
	*httptest.Server
	logins atomic.Int32
	valid  atomic.Int32 // the number of the login that holds now
}

func newGate(t *testing.T) *gate {
	t.Helper()
	g := &gate{}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /login", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, `<title>Login</title><form method=post><label>Password <input type=password name=pw></label><button>Sign in</button></form>`)
	})
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("pw") != "Tr0ub4dor-and-3" {
			http.Error(w, "no", http.StatusForbidden)
			return
		}
		n := g.logins.Add(1)
		g.valid.Store(n)
		http.SetCookie(w, &http.Cookie{Name: "sid", Value: fmt.Sprintf("login-%d-0123456789abcdef", n), Path: "/", HttpOnly: true, MaxAge: 3600})
		http.Redirect(w, r, "/home", http.StatusSeeOther)
	})
	mux.HandleFunc("GET /home", func(w http.ResponseWriter, r *http.Request) {
		c, err := r.Cookie("sid")
		if err != nil || c.Value != fmt.Sprintf("login-%d-0123456789abcdef", g.valid.Load()) {
			http.Redirect(w, r, "/login", http.StatusSeeOther)
			return
		}
		_, _ = fmt.Fprint(w, `<title>Home</title><h1>Welcome</h1>`)
	})
	g.Server = httptest.NewServer(mux)
	t.Cleanup(g.Close)
	return g
}

// welcome claims that the page is the home page of who signed in.
func welcome() []map[string]any {
	return []map[string]any{{
		"id": "w", "type": "assert", "assertion": map[string]any{"claim": "visible"},
		"target": map[string]any{"candidates": []map[string]any{{"by": "text", "selector": `internal:text="Welcome"i`, "matches": 1}}},
	}}
}

func TestALoginIsKeptUsedAndRefreshed(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	logins, err := profile.Open(t.TempDir(), "0123456789abcdef0123456789abcdef")
	require.NoError(t, err)
	b := setup(t, func(c *recorder.Config) { c.Profiles = logins })
	secrets := []map[string]any{{"name": "pw", "ref": "TAPEDECK_SECRET_PW"}}
	way := func(selector string) map[string]any {
		return map[string]any{"candidates": []map[string]any{{"by": "css", "selector": selector, "matches": 1}}}
	}
	record := func(path string, more map[string]any) job.State {
		t.Helper()
		more["url"], more["mode"] = g.URL+path, "script"
		return b.final(b.recordAt(more))
	}

	first := record("/login", map[string]any{"secrets": secrets, "saveProfile": "ada", "steps": []map[string]any{
		{"id": "p", "type": "fill", "target": way("input[name=pw]"), "value": map[string]any{"secret": "pw"}},
		{"id": "c", "type": "click", "target": way("button")},
		welcome()[0],
	}})
	require.Equal(t, job.StatusSucceeded, first.Status, "%+v", first.Error)
	list, err := logins.List("default")
	require.NoError(t, err)
	require.Len(t, list, 1)
	require.Equal(t, first.ID, list[0].RecordingID)
	require.WithinDuration(t, time.Now().Add(time.Hour), list[0].ExpiresAt, time.Minute)

	second := record("/home", map[string]any{"profile": "ada", "steps": welcome()})
	require.Equal(t, job.StatusSucceeded, second.Status, "%+v", second.Error)
	require.EqualValues(t, 1, g.logins.Load(), "nobody signed in again")

	g.valid.Store(-1) // the site forgets all logins
	third := record("/home", map[string]any{"profile": "ada", "steps": welcome()})
	require.Equal(t, job.StatusSucceeded, third.Status, "%+v", third.Error)
	require.EqualValues(t, 2, g.logins.Load())
	require.Contains(t, string(third.Result), "signed in again")
	for _, state := range []job.State{first, second, third} {
		b.requireNoSecret(state.ID, b.artefacts(state.ID, 1), "Tr0ub4dor-and-3", "login-1-0123456789abcdef", "login-2-0123456789abcdef")
	}

	missing := record("/home", map[string]any{"profile": "nobody", "steps": welcome()})
	require.NotEqual(t, job.StatusSucceeded, missing.Status)
	require.Equal(t, "profile", missing.Error.Code)
	require.Contains(t, missing.Error.Message, "no such login profile")
}
