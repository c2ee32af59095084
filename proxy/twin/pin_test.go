package twin_test

import (
	"embed"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/playwright-community/playwright-go"
	"github.com/stretchr/testify/require"

	"tapedeck/proxy"
	"tapedeck/proxy/egress"
	"tapedeck/proxy/twin"
)

// sites are realms, which looks at its clocks and random numbers everywhere that a script can run, and living, an
// application as they are.
//
//go:embed testdata/realms testdata/living
var sites embed.FS

func files(t *testing.T, dir string) http.Handler {
	t.Helper()
	sub, err := fs.Sub(sites, "testdata/"+dir)
	require.NoError(t, err)
	return http.FileServerFS(sub)
}

// watchSite records what a page of a site asks for, in Chromium; the site is gone afterwards.
func watchSite(t *testing.T, site http.Handler, act func(playwright.Page)) scene {
	t.Helper()
	origin := httptest.NewServer(site)
	session, err := server(t).Open(proxy.SessionConfig{Policy: egress.Policy{AllowLoopback: true}, SpoolDir: t.TempDir()})
	require.NoError(t, err)
	through(t, session, origin.URL+"/", 0, act)
	session.Stop()
	entries := reread(t, session)
	require.NoError(t, session.Close())
	origin.CloseClientConnections()
	origin.Close()
	return scene{base: origin.URL, entries: entries}
}

// through opens an address behind a proxy, in a browser whose clock is ahead, and acts there.
func through(t *testing.T, session *proxy.Session, address string, ahead time.Duration, act func(playwright.Page)) {
	t.Helper()
	page := browser.Page(t, playwright.BrowserNewContextOptions{Proxy: &playwright.Proxy{Server: session.URL()}, IgnoreHttpsErrors: playwright.Bool(true)})
	defer func() { _ = page.Context().Close() }()
	if ahead > 0 {
		require.NoError(t, page.Clock().Install(playwright.ClockInstallOptions{Time: time.Now().Add(ahead)}))
	}
	_, err := page.Goto(address)
	require.NoError(t, err)
	act(page)
}

// rewatch plays a scene once in Chromium, now or, for o.Now, at another time.
func (s scene) rewatch(t *testing.T, o twin.RunOptions, act func(playwright.Page)) twin.Report {
	t.Helper()
	run := s.tape(t).Play(o)
	session, err := server(t).Open(proxy.SessionConfig{Origin: run})
	require.NoError(t, err)
	t.Cleanup(func() {
		for _, d := range run.Report().Drift {
			t.Log(d)
		}
	})
	ahead := time.Duration(0)
	if o.Now != nil {
		ahead = time.Until(o.Now())
	}
	through(t, session, s.base+"/", ahead, act)
	run.Settle(t.Context(), 5*time.Second)
	session.Stop()
	report := run.Finish()
	require.NoError(t, session.Close())
	return report
}

// aged is the scene as if it had been recorded that much earlier; what was said stays what it is.
func (s scene) aged(by time.Duration) scene {
	out := scene{base: s.base, entries: slices.Clone(s.entries)}
	for i := range out.entries {
		out.entries[i].Started = out.entries[i].Started.Add(-by)
	}
	return out
}

// looked is what one realm told: moments in milliseconds by each of its clocks, a later one, and random values.
type looked struct {
	Clocks map[string]float64 `json:"clocks"`
	Later  float64            `json:"later"`
	Random []string           `json:"random"`
	Error  string             `json:"error"`
}

func lookAround(t *testing.T, into *map[string]looked) func(playwright.Page) {
	t.Helper()
	return func(page playwright.Page) {
		told, err := page.Evaluate(`async () => JSON.stringify(await window.everywhere)`)
		require.NoError(t, err)
		*into = map[string]looked{}
		require.NoError(t, json.Unmarshal([]byte(told.(string)), into))
		for name, l := range *into {
			require.Empty(t, l.Error, name)
		}
	}
}

func TestEveryRealmShowsTheRecordingsTimeAndSeededNumbers(t *testing.T) {
	t.Parallel()
	var live, first, second, other map[string]looked
	s := watchSite(t, files(t, "realms"), lookAround(t, &live)).aged(400 * 24 * time.Hour)
	recordedAt := s.tape(t).Started()
	pinned := twin.RunOptions{Pin: true, Seed: 7}
	faithful(t, s.rewatch(t, pinned, lookAround(t, &first)))
	faithful(t, s.rewatch(t, pinned, lookAround(t, &second)))
	faithful(t, s.rewatch(t, twin.RunOptions{Pin: true, Seed: 8}, lookAround(t, &other)))

	require.Equal(t, []string{
		"blank", "blob module worker", "blob worker", "blob worker again", "frame", "frame again", "module worker", "service worker", "shared blob worker", "shared worker",
		"srcdoc", "srcdoc by script", "top", "worker", "worker again", "worker of a blob worker", "worker of a worker",
	}, slices.Sorted(maps.Keys(first)))
	numbers := map[string]string{}
	for name, l := range first {
		for clock, at := range l.Clocks {
			require.WithinDuration(t, recordedAt, time.UnixMilli(int64(at)), time.Minute, "%s of %s", clock, name)
			require.WithinDuration(t, time.Now(), time.UnixMilli(int64(live[name].Clocks[clock])), time.Minute, "the recording itself: %s of %s", clock, name)
		}
		require.Greater(t, l.Later, l.Clocks["now"], "time stands still: %s", name)
		require.Equal(t, l.Random, second[name].Random, "two runs of one seed: %s", name)
		require.NotEqual(t, l.Random, other[name].Random, "another seed: %s", name)
		require.NotEqual(t, l.Random, live[name].Random, "the recording itself: %s", name)
		for _, n := range l.Random {
			require.Empty(t, numbers[n], "%s has the numbers of another", name)
			numbers[n] = name
		}
	}
}
