package twin_test

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"
	"github.com/stretchr/testify/require"

	"tapedeck/proxy/twin"
)

const hashed = `ran("hashed")`

func integrityOf(script string) string {
	sum := sha256.Sum256([]byte(script))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// guarded are pages of one content, each under a policy of its own; "meta " begins one that stands in the document.
var guarded = []string{
	"",
	"script-src 'self'",
	"default-src 'self'",
	"default-src 'none'",
	"script-src 'none'",
	"default-src 'self' 'unsafe-inline' blob:",
	"script-src 'self' 'unsafe-eval' blob:",
	"script-src 'nonce-abc'",
	"script-src 'nonce-abc' 'strict-dynamic' 'unsafe-inline' https:",
	"script-src 'self' '" + integrityOf(hashed) + "'",
	"script-src 'self'; script-src-elem 'self' 'nonce-abc'; script-src-attr 'unsafe-inline'",
	"default-src 'none'; script-src-attr 'unsafe-inline'",
	"script-src 'self'; worker-src blob:; require-trusted-types-for 'script'",
	"script-src 'self'; worker-src blob:; require-trusted-types-for 'script'; trusted-types own",
	"script-src 'unsafe-inline', script-src 'self' 'nonce-abc'",
	"meta script-src 'self'",
	"meta default-src 'none'; script-src 'nonce-abc'",
	"sandbox allow-scripts; script-src 'self' 'nonce-abc'",
}

// policed serves them at /NUMBER.
func policed(w http.ResponseWriter, r *http.Request) {
	at, script := r.URL.Path[1:], strings.HasSuffix(r.URL.Path, ".js")
	if script {
		w.Header().Set("Content-Type", "text/javascript")
		_, _ = fmt.Fprint(w, fileScript(at))
		return
	}
	n, _ := strconv.Atoi(at)
	meta := ""
	if policy, inDocument := strings.CutPrefix(guarded[n], "meta "); inDocument {
		meta = `<meta http-equiv="Content-Security-Policy" content="` + policy + `">`
	} else if policy != "" {
		w.Header().Set("Content-Security-Policy", policy)
	}
	w.Header().Set("Content-Type", "text/html")
	_, _ = fmt.Fprintf(w, `<!doctype html><title>Guarded</title><link rel="icon" href="data:,">%s
<script src="/first.js"></script>
<script src="/nonced.js" nonce="abc"></script>
<script>globalThis.ran?.("inline")</script>
<script>%s</script>
<script nonce="abc">
  globalThis.list ??= [];
  list.push("nonce");
  const more = document.createElement("script");
  more.src = "/dynamic.js";
  document.head.append(more);
</script>
<script src="/sealed.js" integrity="%s"></script>
<script src="/broken.js" integrity="%s"></script>
<body onload="globalThis.list?.push('attribute')">Guarded`, meta, hashed, integrityOf(fileScript("sealed.js")), integrityOf("something else"))
}

func fileScript(name string) string {
	if name != "first.js" {
		return fmt.Sprintf(`(globalThis.list ??= []).push(%q);`, name)
	}
	return `(globalThis.list ??= []).push("first.js");
globalThis.ran = (what) => list.push(what);
const tried = (what, how) => { try { how(); list.push(what); } catch { list.push("no " + what); } };
tried("eval", () => (0, eval)("1"));
tried("markup", () => { document.createElement("p").innerHTML = "<b>x</b>"; });
const address = URL.createObjectURL(new Blob(["postMessage('blob worker')"]));
let trusted = address;
tried("policy", () => { trusted = trustedTypes.createPolicy("own", { createScriptURL: (s) => s }).createScriptURL(address); });
globalThis.worked = new Promise((done) => {
  const work = (url) => {
    const worker = new Worker(url);
    worker.onmessage = (e) => done(e.data);
    worker.onerror = () => done("no blob worker");
  };
  try { work(address); } catch { try { work(trusted); } catch { done("no blob worker"); } }
});`
}

// ranUnder tells for each policy what ran, and how many times the browser refused something.
func ranUnder(t *testing.T, base *string, into map[string]string, pinnedAt time.Time) func(playwright.Page) {
	t.Helper()
	return func(page playwright.Page) {
		var mu sync.Mutex
		refused := 0
		page.OnConsole(func(m playwright.ConsoleMessage) {
			mu.Lock()
			defer mu.Unlock()
			if m.Type() == "error" && !strings.HasPrefix(m.Text(), " Note") { // a line of its own where eval falls back to default-src
				refused++
			}
		})
		for n, policy := range guarded {
			_, err := page.Goto(fmt.Sprintf("%s/%d", *base, n))
			require.NoError(t, err)
			told, err := page.Evaluate(`async () => [...(globalThis.list ?? []), await globalThis.worked].join()`)
			require.NoError(t, err)
			now, err := page.Evaluate(`() => String(Date.now())`)
			require.NoError(t, err)
			at, err := strconv.ParseInt(now.(string), 10, 64)
			require.NoError(t, err)
			require.WithinDuration(t, pinnedAt, time.UnixMilli(at), time.Minute, policy)
			mu.Lock()
			into[policy] = fmt.Sprintf("%s; %d refused", told, refused)
			refused = 0
			mu.Unlock()
		}
	}
}

func TestPoliciesHoldForThePageAndNotForTheTwin(t *testing.T) {
	t.Parallel()
	live, replayed := map[string]string{}, map[string]string{}
	var s scene
	s = watchSite(t, http.HandlerFunc(policed), func(page playwright.Page) {
		s.base = strings.TrimSuffix(page.URL(), "/")
		ranUnder(t, &s.base, live, time.Now())(page)
	}).aged(400 * 24 * time.Hour)
	faithful(t, s.rewatch(t, twin.RunOptions{Pin: true}, ranUnder(t, &s.base, replayed, s.tape(t).Started())))
	for policy, ran := range live {
		t.Logf("%s\n  %s", policy, ran)
		require.Equal(t, ran, replayed[policy], policy)
	}
	require.Contains(t, live[""], "first.js,eval", "scripts run at all")
	require.False(t, slices.ContainsFunc(guarded, func(p string) bool { return strings.Contains(live[p], "broken.js") }), "integrity is looked at")
}
