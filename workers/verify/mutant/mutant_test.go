package mutant_test

import (
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tapedeck/proxy"
	"tapedeck/proxy/twin"
	"tapedeck/workers/verify/mutant"
)

func entry(id int64, method, dest, kind, body string, status int) proxy.Entry {
	return proxy.Entry{
		ID: id, Started: time.Unix(id, 0), Done: true,
		Request:  proxy.Request{Method: method, URL: "http://app.test/list", Header: proxy.Headers{{Name: "Sec-Fetch-Dest", Value: dest}}},
		Response: &proxy.Response{Status: status, Header: proxy.Headers{{Name: "Content-Type", Value: kind}}, Body: proxy.NewBody([]byte(body))},
	}
}

// altered is what an answer becomes under a site's fault.
func altered(t *testing.T, s mutant.Site, e proxy.Entry) *twin.Answer {
	t.Helper()
	body, err := e.Response.Body.Bytes()
	require.NoError(t, err)
	r, err := http.NewRequest(e.Request.Method, e.Request.URL, nil)
	require.NoError(t, err)
	a := &twin.Answer{Entry: e, Status: e.Response.Status, Header: http.Header{}, Body: body}
	o, applied := s.Put(twin.RunOptions{})
	require.False(t, applied.Load())
	o.Alter(r, a)
	require.True(t, applied.Load())
	return a
}

func TestAnswersAreChangedInEveryWay(t *testing.T) {
	t.Parallel()
	old := entry(1, http.MethodGet, "empty", "application/json", `[{"n":1}]`, 200)
	list := entry(2, http.MethodGet, "empty", "application/json", `[{"n":1,"ok":true},{"n":2,"name":"reel"}]`, 200)
	refused := entry(3, http.MethodPost, "empty", "application/json", `{"error":"no"}`, 422)
	bodies := map[string][]string{}
	for _, s := range mutant.Responses("r", []proxy.Entry{old, list, refused}) {
		for _, e := range []proxy.Entry{old, list, refused} {
			if strings.Contains(s.Where, "exchange "+string(rune('0'+e.ID))) {
				a := altered(t, s, e)
				bodies[s.Operator] = append(bodies[s.Operator], string(a.Body))
				switch s.Operator {
				case "response.status":
					require.Equal(t, 500, a.Status)
				case "response.redirect":
					require.Equal(t, 302, a.Status)
					require.NotEmpty(t, a.Header.Get("Location"))
				case "response.delay":
					require.NotZero(t, a.Delay)
				case "response.no_validation":
					require.EqualValues(t, 3, e.ID)
					require.Equal(t, 200, a.Status)
				}
			}
		}
	}
	require.Contains(t, bodies["response.drop_item"], `[{"n":1,"ok":true}]`)
	require.Contains(t, bodies["response.reorder"], `[{"n":2,"name":"reel"},{"n":1,"ok":true}]`)
	require.Contains(t, bodies["response.leaf"], `[{"n":1,"ok":false},{"n":2,"name":"reel"}]`)
	require.Contains(t, bodies["response.leaf"], `[{"n":1,"ok":true},{"n":2,"name":"changed reel"}]`)
	require.Equal(t, []string{`[{"n":1}]`}, bodies["response.stale"])
	require.Len(t, bodies["response.no_validation"], 1)
	require.Contains(t, bodies["response.empty"], "")
	for _, name := range []string{"status", "delay", "empty", "redirect"} {
		require.NotEmpty(t, bodies["response."+name], name)
	}
}

func TestAnotherExchangeIsLeftAlone(t *testing.T) {
	t.Parallel()
	e := entry(2, http.MethodGet, "empty", "application/json", `[1]`, 200)
	other := e
	other.ID = 9
	r, err := http.NewRequest(http.MethodGet, e.Request.URL, nil)
	require.NoError(t, err)
	for _, s := range mutant.Responses("r", []proxy.Entry{e}) {
		o, applied := s.Put(twin.RunOptions{})
		a := &twin.Answer{Entry: other, Status: 200, Body: []byte("[1]")}
		o.Alter(r, a)
		require.False(t, applied.Load())
		require.Equal(t, "[1]", string(a.Body))
	}
}

// parser finds the test kit, as scripts/install-test-kit lays it.
func parser(t *testing.T) mutant.Parser {
	t.Helper()
	node, err := exec.LookPath("node")
	require.NoError(t, err)
	kit, err := filepath.Abs("../../../deployments/playwright-test")
	require.NoError(t, err)
	return mutant.Parser{Node: node, Kit: kit}
}

const script = `// ünïcode before the code moves bytes and units apart
function ran(a, b) {
  if (a > b) { save(a); }
  const on = true;
  const word = "reel";
  return a + b && on ? word : "none";
}
function never(a) { if (a) { save(a); } return a - 1; }
`

// ranRange is where the function stands that was run, in UTF-16 units.
func ranRange() [2]int {
	before, rest, _ := strings.Cut(script, "function ran")
	body, _, _ := strings.Cut(rest, "\nfunction never")
	at := len([]rune(before))
	return [2]int{at, at + len("function ran") + len([]rune(body))}
}

func TestOnlyScriptsThatWereRunAreChanged(t *testing.T) {
	t.Parallel()
	sites, err := parser(t).Scripts(t.Context(), "r", []mutant.Script{{URL: "http://app.test/a.js", Source: script, Ranges: [][2]int{ranRange()}}})
	require.NoError(t, err)
	e := entry(1, http.MethodGet, "script", "text/javascript", script, 200)
	e.Request.URL = "http://app.test/a.js"
	changed := map[string][]string{}
	for _, s := range sites {
		a := altered(t, s, e)
		text := string(a.Body)
		require.Contains(t, text, "function never(a) { if (a) { save(a); } return a - 1; }", s.What)
		require.NotEqual(t, script, text)
		changed[s.Operator] = append(changed[s.Operator], text)
		o, _ := s.Put(twin.RunOptions{})
		require.True(t, o.StripIntegrity)
	}
	contains := func(operator, part string) {
		require.Contains(t, strings.Join(changed[operator], "\n"), part, operator)
	}
	contains("script.negate", "if (!(a > b)) {")
	contains("script.compare", "if ((a <= b)) {")
	contains("script.remove", "{ void 0; }")
	contains("script.boolean", "const on = false;")
	contains("script.string", `const word = "reelx";`)
	contains("script.arithmetic", "(a - b)")
	contains("script.logic", "||")
	contains("script.return", "return (void 0);")
}

// TestThereAreFifteenSorts counts the sorts of faults that a plain page with a form, a list and a script offers.
func TestThereAreFifteenSorts(t *testing.T) {
	t.Parallel()
	scripts, err := parser(t).Scripts(t.Context(), "r", []mutant.Script{{URL: "http://app.test/a.js", Source: script, Ranges: [][2]int{ranRange()}}})
	require.NoError(t, err)
	list := entry(1, http.MethodGet, "empty", "application/json", `["a","b"]`, 200)
	more := entry(2, http.MethodGet, "empty", "application/json", `["a","b","c"]`, 200)
	sites := append(scripts, mutant.Responses("r", []proxy.Entry{list, more, entry(3, http.MethodPost, "empty", "application/json", `{}`, 422)})...)
	sites = append(sites, mutant.Pages("r", []mutant.Element{{Tag: "button", Text: "Save", Control: true}})...)
	sorts := map[string]bool{}
	for _, s := range sites {
		sorts[s.Operator] = true
	}
	require.GreaterOrEqual(t, len(sorts), 15)
}

func TestWhatIsNoScriptHasNoFaults(t *testing.T) {
	t.Parallel()
	sites, err := parser(t).Scripts(t.Context(), "r", []mutant.Script{{URL: "http://app.test/a.js", Source: "this is <no> script", Ranges: [][2]int{{0, 5}}}})
	require.NoError(t, err)
	require.Empty(t, sites)
}

func TestASampleHasAllSorts(t *testing.T) {
	t.Parallel()
	elements := []mutant.Element{{Tag: "button", Text: "Save", Control: true}, {Tag: "h1", Text: "Reels", Heading: true}, {Tag: "input", Label: "Name", Control: true}, {Tag: "p", Text: "one two"}}
	sites := mutant.Pages("r", elements)
	few := mutant.Choose(sites, 5, 7)
	operators := map[string]bool{}
	for _, s := range few {
		operators[s.Operator] = true
	}
	require.Len(t, operators, 5, "one of each")
	require.Equal(t, ids(few), ids(mutant.Choose(sites, 5, 7)), "the same seed draws the same")
	require.Equal(t, ids(few), ids(mutant.Choose(sites, 10, 7))[:5], "more begins with fewer")
	require.NotEqual(t, ids(mutant.Choose(sites, len(sites), 7)), ids(mutant.Choose(sites, len(sites), 8)))
	require.Len(t, mutant.Choose(sites, 10_000, 7), len(sites))
}

func ids(sites []mutant.Site) []string {
	var out []string
	for _, s := range sites {
		out = append(out, s.ID)
	}
	return out
}
