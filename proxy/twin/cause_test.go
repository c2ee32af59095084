package twin_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"tapedeck/proxy"
	"tapedeck/proxy/twin"
)

// shop is a site with state: a list that grows, documents that are saved, a job that runs until it was asked for thrice.
type shop struct {
	mu    sync.Mutex
	items []string
	docs  map[string]string
	asked int
	// gate holds /slow up, where slow is the number of those who ask.
	gate chan struct{}
	slow int
}

func (s *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	switch {
	case r.URL.Path == "/slow":
		before := strings.Join(s.items, ",")
		s.slow++
		s.mu.Unlock()
		<-s.gate
		s.mu.Lock()
		_, _ = fmt.Fprintf(w, `{"items":%q}`, before)
	case r.Method == http.MethodPost && r.URL.Path == "/items":
		s.items = append(s.items, string(body))
		w.WriteHeader(http.StatusCreated)
		_, _ = fmt.Fprintf(w, `{"count":%d}`, len(s.items))
	case r.Method == http.MethodPut:
		s.docs[r.URL.Path] = string(body)
		w.WriteHeader(http.StatusNoContent)
	case r.Method == http.MethodDelete:
		delete(s.docs, r.URL.Path)
		w.WriteHeader(http.StatusNoContent)
	case strings.HasPrefix(r.URL.Path, "/docs/"):
		_, _ = fmt.Fprintf(w, `{"doc":%q}`, s.docs[r.URL.Path])
	case r.URL.Path == "/job":
		s.asked++
		_, _ = io.WriteString(w, map[bool]string{true: `"done"`, false: `"running"`}[s.asked >= 3])
	default:
		_, _ = fmt.Fprintf(w, `{"items":%q}`, strings.Join(s.items, ","))
	}
}

func newShop() *shop { return &shop{docs: map[string]string{}, gate: make(chan struct{})} }

func shopScene(t *testing.T, act func(*visitor)) scene {
	t.Helper()
	return film(t, newShop(), proxy.Limits{}, act)
}

const (
	listA = `{"items":""}`
	listB = `{"items":"{\"name\":\"pear\"}"}`
	pear  = `{"name":"pear"}`
)

// TestAPartIsPlayedByItself plays what comes before the second of two writes: that write is not missed, and one too many.
func TestAPartIsPlayedByItself(t *testing.T) {
	t.Parallel()
	const plum = `{"name":"plum"}`
	s := shopScene(t, func(v *visitor) {
		v.post("/items", pear)
		v.get("/items")
		v.post("/items", plum)
	})
	writes := slices.DeleteFunc(slices.Clone(s.entries), func(e proxy.Entry) bool { return e.Request.Method != http.MethodPost })
	require.Len(t, writes, 2)
	part := twin.RunOptions{Until: writes[1].Started}
	first := func(v *visitor) {
		v.post("/items", pear)
		require.Equal(t, listB, v.get("/items"))
	}
	report := s.take(t, s.tape(t), part, first)
	require.Empty(t, report.Drift)
	require.Equal(t, 1, report.Written)
	require.Equal(t, []string{twin.Missing}, kinds(s.take(t, s.tape(t), part, func(v *visitor) { v.get("/items") })), "what the part has is missed")
	report = s.take(t, s.tape(t), part, func(v *visitor) {
		first(v)
		status, _ := v.post("/items", plum)
		require.Equal(t, http.StatusBadGateway, status)
	})
	require.Equal(t, []string{twin.Extra}, kinds(report))
	require.Contains(t, report.Drift[0].Detail, "only after the part")
	run := s.tape(t).Play(part)
	require.False(t, run.Settle(t.Context(), 0), "its write is still to come")
}

func TestTheStateAdvancesByWritesAlone(t *testing.T) {
	t.Parallel()
	s := shopScene(t, func(v *visitor) {
		require.Equal(t, listA, v.get("/items"))
		status, _ := v.post("/items", pear)
		require.Equal(t, http.StatusCreated, status)
		require.Equal(t, listB, v.get("/items"))
	})
	t.Run("as recorded", func(t *testing.T) {
		faithful(t, s.again(t, func(v *visitor) {
			require.Equal(t, listA, v.get("/items"))
			status, answer := v.post("/items", pear)
			require.Equal(t, http.StatusCreated, status)
			require.Equal(t, `{"count":1}`, answer)
			require.Equal(t, listB, v.get("/items"))
			require.Equal(t, listB, v.get("/items"), "reading changes nothing")
		}))
	})
	t.Run("the write is left out", func(t *testing.T) {
		report := s.again(t, func(v *visitor) {
			for range 4 {
				require.Equal(t, listA, v.get("/items"))
			}
		})
		require.Equal(t, []string{twin.Missing}, kinds(report))
		require.Equal(t, s.base+"/items", report.Drift[0].URL)
		require.Zero(t, report.Written)
	})
	t.Run("another body", func(t *testing.T) {
		report := s.again(t, func(v *visitor) {
			status, answer := v.post("/items", `{"name":"plum"}`)
			require.Equal(t, http.StatusBadGateway, status)
			require.Contains(t, answer, "body.name")
			require.Equal(t, listA, v.get("/items"))
		})
		require.Equal(t, []string{twin.Altered, twin.Missing}, kinds(report))
		require.Equal(t, []twin.Difference{{Path: "body.name", Recorded: "pear", Sent: "plum"}}, report.Drift[0].Differences)
	})
	t.Run("sent twice", func(t *testing.T) {
		report := s.again(t, func(v *visitor) {
			v.post("/items", pear)
			status, _ := v.post("/items", pear)
			require.Equal(t, http.StatusBadGateway, status)
			require.Equal(t, listB, v.get("/items"))
		})
		require.Equal(t, []string{twin.Extra}, kinds(report))
	})
	t.Run("somewhere else", func(t *testing.T) {
		report := s.again(t, func(v *visitor) {
			v.post("/elsewhere", pear)
			v.send(http.MethodDelete, "/items", "")
			v.get("/nothing")
			v.post("/items", pear)
		})
		require.Equal(t, []string{twin.Altered, twin.Unrecorded, twin.Unrecorded}, kinds(report))
		require.Equal(t, []string{"path[1]"}, paths(report.Drift[0]))
	})
	t.Run("to look around", func(t *testing.T) {
		report := s.take(t, s.tape(t), twin.RunOptions{Mode: twin.Closest}, func(v *visitor) {
			status, _ := v.post("/items", `{"name":"plum"}`)
			require.Equal(t, http.StatusCreated, status)
			require.Equal(t, listA, v.get("/items"), "the write that it should have been was not sent")
		})
		require.Equal(t, []string{twin.Altered, twin.Missing}, kinds(report))
	})
}

func TestWritesMayComeInAnotherOrder(t *testing.T) {
	t.Parallel()
	s := shopScene(t, func(v *visitor) {
		v.post("/items", pear)
		v.post("/items", `{"name":"fig"}`)
		v.get("/items")
	})
	both := `{"items":"{\"name\":\"pear\"},{\"name\":\"fig\"}"}`
	faithful(t, s.again(t, func(v *visitor) {
		v.post("/items", `{"name":"fig"}`)
		v.post("/items", pear)
		require.Equal(t, both, v.get("/items"))
	}))
	faithful(t, s.again(t, func(v *visitor) { // two tabs at once
		var wg sync.WaitGroup
		for _, body := range []string{pear, `{"name":"fig"}`} {
			wg.Go(func() { v.post("/items", body) })
		}
		wg.Wait()
		require.Equal(t, both, v.get("/items"))
	}))
}

func TestAWriteThatWasSentTwiceIsWantedTwice(t *testing.T) {
	t.Parallel()
	act := func(n int) func(*visitor) {
		return func(v *visitor) {
			for i := range n {
				_, answer := v.post("/items", pear)
				if i < 2 {
					require.Equal(t, fmt.Sprintf(`{"count":%d}`, i+1), answer)
				}
			}
		}
	}
	s := shopScene(t, act(2))
	faithful(t, s.again(t, act(2)))
	require.Equal(t, []string{twin.Missing}, kinds(s.again(t, act(1))))
	require.Equal(t, []string{twin.Extra}, kinds(s.again(t, act(3))))
}

func TestAReadThatOverlappedAWriteIsGivenOnce(t *testing.T) {
	t.Parallel()
	site := newShop()
	s := film(t, site, proxy.Limits{}, func(v *visitor) {
		over := make(chan string)
		go func() { over <- v.get("/slow") }()
		require.Eventually(t, func() bool { return site.waiting() == 1 }, 20*time.Second, time.Millisecond)
		v.post("/items", pear)
		close(site.gate)
		require.Equal(t, listA, <-over)
		require.Equal(t, listB, v.get("/slow"))
	})
	faithful(t, s.again(t, func(v *visitor) {
		require.Equal(t, listA, v.get("/slow"))
		v.post("/items", pear)
		require.Equal(t, listB, v.get("/slow"))
		require.Equal(t, listB, v.get("/slow"))
	}))
	faithful(t, s.again(t, func(v *visitor) { // it comes late
		v.post("/items", pear)
		require.Equal(t, listA, v.get("/slow"))
		require.Equal(t, listB, v.get("/slow"))
	}))
	require.Equal(t, []string{twin.Missing}, kinds(s.again(t, func(v *visitor) {
		require.Equal(t, listA, v.get("/slow"))
		require.Equal(t, listA, v.get("/slow"))
	})))
}

func TestWhatIsPolledGoesOnUntilItsLastAnswer(t *testing.T) {
	t.Parallel()
	s := shopScene(t, func(v *visitor) {
		for range 3 {
			v.get("/job")
		}
	})
	faithful(t, s.again(t, func(v *visitor) {
		for _, want := range []string{`"running"`, `"running"`, `"done"`, `"done"`} {
			require.Equal(t, want, v.get("/job"))
		}
	}))
}

func TestOnlyTheLastSaveCounts(t *testing.T) {
	t.Parallel()
	save := func(v *visitor, states ...string) {
		for _, state := range states {
			v.send(http.MethodPut, "/docs/1", `{"text":"`+state+`"}`)
		}
	}
	s := shopScene(t, func(v *visitor) {
		save(v, "a", "ab", "abc")
		require.Contains(t, v.get("/docs/1"), "abc")
	})
	for name, c := range map[string]struct {
		states []string
		want   []string
	}{
		"as recorded":               {[]string{"a", "ab", "abc"}, []string{}},
		"one between is left out":   {[]string{"a", "abc"}, []string{}},
		"only the last":             {[]string{"abc"}, []string{}},
		"one between is another":    {[]string{"ax", "ab", "abc"}, []string{}},
		"the last comes twice":      {[]string{"a", "abc", "abc"}, []string{}},
		"the last is left out":      {[]string{"a", "ab"}, []string{twin.Missing}},
		"none":                      {nil, []string{twin.Missing, twin.Missing, twin.Missing}},
		"the last is another":       {[]string{"a", "ab", "abd"}, []string{twin.Missing, twin.Altered}},
		"another after the last":    {[]string{"a", "ab", "abc", "abd"}, []string{twin.Altered}},
		"the only one is another":   {[]string{"x"}, []string{twin.Missing, twin.Missing, twin.Missing, twin.Altered}},
		"back to a state before it": {[]string{"abc", "a"}, []string{twin.Altered}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, kinds(s.again(t, func(v *visitor) { save(v, c.states...) })))
		})
	}
}

func TestASaveAndItsRemovalAreBothWanted(t *testing.T) {
	t.Parallel()
	s := shopScene(t, func(v *visitor) {
		v.send(http.MethodPut, "/docs/1", `"x"`)
		v.send(http.MethodDelete, "/docs/1", "")
		v.send(http.MethodPut, "/docs/2", `"y"`)
	})
	require.Equal(t, []string{twin.Missing}, kinds(s.again(t, func(v *visitor) {
		v.send(http.MethodDelete, "/docs/1", "")
		v.send(http.MethodPut, "/docs/2", `"y"`)
	})))
	require.Equal(t, []string{twin.Extra}, kinds(s.again(t, func(v *visitor) {
		v.send(http.MethodPut, "/docs/1", `"x"`)
		v.send(http.MethodDelete, "/docs/1", "")
		v.send(http.MethodPut, "/docs/2", `"y"`)
		v.send(http.MethodPut, "/docs/2", `"y"`)
	})), "an address that was saved once is saved once")
}

func TestOneAddressMayAnswerInSeveralWays(t *testing.T) {
	t.Parallel()
	site := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", r.Header.Get("Accept"))
		w.Header().Set("Vary", "X-Part")
		_, _ = io.WriteString(w, r.Header.Get("Accept")+r.Header.Get("X-Part"))
	})
	asks := [][]string{{"Accept", "application/json"}, {"Accept", "text/html"}, {"Accept", "text/html", "X-Part", "head"}}
	s := film(t, site, proxy.Limits{}, func(v *visitor) {
		v.get("/", asks[0]...)
		v.post("/", pear)
		v.get("/", asks[1]...)
		v.get("/", asks[2]...)
	})
	faithful(t, s.again(t, func(v *visitor) {
		require.Equal(t, "text/htmlhead", v.get("/", asks[2]...))
		require.Equal(t, "text/html", v.get("/", asks[1]...))
		v.post("/", pear)
		require.Equal(t, "application/json", v.get("/", asks[0]...))
		require.Equal(t, "text/html", v.get("/", asks[1]...))
	}))
}

func (s *shop) waiting() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.slow
}

// beats are a document and writes to one address, at the given milliseconds and with the bodies and answers that are told
// of the n-th.
func beats(at []int, say func(n int) (body, answer string)) []proxy.Entry {
	list := []proxy.Entry{exchange(1, 0, http.MethodGet, "http://site.test/", "", "<h1>shop</h1>")}
	for n, ms := range at {
		body, answer := say(n)
		list = append(list, exchange(int64(n+2), ms, http.MethodPost, "http://site.test/here", body, answer))
	}
	return list
}

func TestAHeartbeatMayComeMoreOrLessOften(t *testing.T) {
	t.Parallel()
	even := []int{1000, 6010, 11_000, 16_020, 21_000}
	stamp := func(n int) string {
		return epoch.Add(time.Duration(even[n]) * time.Millisecond).Format(time.RFC3339Nano)
	}
	now := func() string { return fmt.Sprintf(`{"user":"ada","at":%q}`, time.Now().UTC().Format(time.RFC3339Nano)) }
	for name, c := range map[string]struct {
		at   []int
		say  func(int) (string, string)
		sent func() string
		beat bool
	}{
		"the same":             {even, func(int) (string, string) { return `{"user":"ada"}`, `"ok"` }, func() string { return `{"user":"ada"}` }, true},
		"with its time":        {even, func(n int) (string, string) { return fmt.Sprintf(`{"user":"ada","at":%q}`, stamp(n)), `"ok"` }, now, true},
		"and that of a server": {even, func(n int) (string, string) { return `{"user":"ada"}`, fmt.Sprintf(`{"time":%q}`, stamp(n)) }, func() string { return `{"user":"ada"}` }, true},
		"by hand":              {[]int{1000, 3000, 11_000, 12_000, 21_000}, func(int) (string, string) { return `{"user":"ada"}`, `"ok"` }, func() string { return `{"user":"ada"}` }, false},
		"with what it did":     {even, func(n int) (string, string) { return `{"user":"ada"}`, fmt.Sprintf(`{"likes":%d}`, n) }, func() string { return `{"user":"ada"}` }, false},
		"with another id":      {even, func(int) (string, string) { return fmt.Sprintf(`{"id":%q}`, uuid.NewString()), `"ok"` }, func() string { return fmt.Sprintf(`{"id":%q}`, uuid.NewString()) }, false},
		"with another number":  {even, func(n int) (string, string) { return fmt.Sprintf(`{"quantity":%d}`, n), `"ok"` }, func() string { return `{"quantity":0}` }, false},
	} {
		s := scene{base: "http://site.test", entries: beats(c.at, c.say)}
		for _, times := range []int{0, 2, 8} {
			report := s.again(t, func(v *visitor) {
				for range times {
					v.post("/here", c.sent())
				}
			})
			require.Equal(t, c.beat, len(report.Drift) == 0, "%s, %d times: %v", name, times, report.Drift)
		}
		if !c.beat {
			continue
		}
		report := s.again(t, func(v *visitor) { v.post("/here", `{"user":"eve"}`) })
		require.NotEmpty(t, report.Drift, "another one's heartbeat: %s", name)
	}
}
