package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tapedeck/client"
)

// intranet is a site whose texts and links come from scripts, for who signed in.
func intranet(t *testing.T) string {
	t.Helper()
	page := func(w http.ResponseWriter, html string) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = fmt.Fprint(w, "<!doctype html>", html)
	}
	signedIn := func(r *http.Request) bool {
		c, err := r.Cookie("sid")
		return err == nil && c.Value == "intranet-session-4711"
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /login", func(w http.ResponseWriter, _ *http.Request) {
		page(w, `<title>Login</title><form method=post><label>Password <input type=password name=pw></label><button>Sign in</button></form>`)
	})
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("pw") == intranetPassword {
			http.SetCookie(w, &http.Cookie{Name: "sid", Value: "intranet-session-4711", Path: "/", HttpOnly: true})
		}
		http.Redirect(w, r, "/", http.StatusSeeOther)
	})
	mux.HandleFunc("GET /api/text/{name...}", func(w http.ResponseWriter, r *http.Request) {
		if !signedIn(r) {
			http.Error(w, "sign in first", http.StatusUnauthorized)
			return
		}
		_, _ = fmt.Fprintf(w, "The %s page must be read by members.", strings.TrimPrefix("/"+r.PathValue("name"), "/"))
	})
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) {
		if !signedIn(r) {
			http.Redirect(w, r, "/login", http.StatusSeeOther)
			return
		}
		page(w, `<title>Intranet</title><main id=main></main><script>
			fetch("/api/text" + location.pathname).then(r => r.text()).then(text => {
				document.title = "Page " + location.pathname
				main.innerHTML = "<h1>" + document.title + "</h1><p>" + text + "</p><a href=/rules>rules</a> <a href=/logout>leave</a>"
			})
		</script>`)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

const intranetPassword = "correct-horse-battery"

// A login is recorded; then a site whose pages are made by scripts is read with it, in the recorder's browser.
func TestASiteMadeByScriptsIsReadBehindALogin(t *testing.T) {
	t.Parallel()
	s := openStudio(t, "PROFILE_KEY=0123456789abcdef0123456789abcdef", "TAPEDECK_SECRET_PASSWORD="+intranetPassword)
	at := intranet(t)
	way := func(selector string) map[string]any {
		return map[string]any{"candidates": []map[string]any{{"by": "css", "selector": selector, "matches": 1}}}
	}
	login := s.final(s.record(map[string]any{
		"url": at + "/login", "mode": "script", "saveProfile": "member", "capture": map[string]any{"video": false, "trace": false},
		"secrets": []any{map[string]any{"name": "pw", "ref": "TAPEDECK_SECRET_PASSWORD"}},
		"steps": []map[string]any{
			{"id": "p", "type": "fill", "target": way("input[name=pw]"), "value": map[string]any{"secret": "pw"}},
			{"id": "c", "type": "click", "target": way("button")},
			{"id": "w", "type": "assert", "assertion": map[string]any{"claim": "visible"}, "target": way("main h1")},
		},
	}))
	require.Equal(t, "succeeded", login.Status, "%+v", login.Error)

	ingest := func(more map[string]any) (end client.Job, found []string) {
		t.Helper()
		more["url"] = at + "/"
		var j client.Job
		require.NoError(t, s.cl.Post(s.deadline(), "/api/ingest/website", more, &j))
		end = s.final(j.JobID)
		var docs struct {
			Items []struct {
				Title string `json:"title"`
			} `json:"items"`
		}
		s.eventually("the index", func() (bool, any) {
			require.NoError(t, s.cl.Get(s.deadline(), "/api/knowledge/documents", nil, &docs))
			return end.Status != "succeeded" || len(docs.Items) > 0, docs
		})
		for _, d := range docs.Items {
			found = append(found, d.Title)
		}
		return end, found
	}
	end, found := ingest(map[string]any{"render": true, "profile": "member"})
	require.Equal(t, "succeeded", end.Status, "%+v", end.Error)
	require.ElementsMatch(t, []string{"Page /", "Page /rules"}, found)
	var hits struct {
		Items []struct {
			Text string `json:"text"`
		} `json:"items"`
	}
	s.eventually("the text that a script brought", func() (bool, any) {
		require.NoError(t, s.cl.Get(s.deadline(), "/api/knowledge/search?q=rules+members", nil, &hits))
		return len(hits.Items) > 0, hits
	})
	require.NotContains(t, s.Log(), "intranet-session-4711")

	end, _ = ingest(map[string]any{"render": true, "profile": "nobody"})
	require.Equal(t, "failed", end.Status)
	require.Equal(t, "profile", end.Error.Code)
}
