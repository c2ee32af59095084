package website_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/require"

	"tapedeck/proxy/egress"
	"tapedeck/workers/ingest/website"
	"tapedeck/workers/ingest/website/address"
	"tapedeck/workers/ingest/website/fetch"
)

func TestCrawlFollowsLinks(t *testing.T) {
	t.Parallel()
	h := serve(t, map[string]any{
		"/": links("/a", "b", "/a?utm_source=x", "https://elsewhere.example/", "/gone"), "/a": links("/c#part", "/"), "/b": text("Bee"), "/c": text("Sea"),
	})
	p, sum := crawl(t, h, options(h))
	require.ElementsMatch(t, []string{"/", "/a", "/b", "/c"}, p.paths())
	require.Equal(t, 2, p.pages["/c"].Item.Depth)
	require.Equal(t, h.url+"/a", p.pages["/c"].Item.From)
	require.Equal(t, "Bee", p.pages["/b"].Title)
	require.Equal(t, "Bee\n", p.pages["/b"].Text)
	require.Equal(t, "utf-8", p.pages["/b"].Charset)
	require.Equal(t, address.OutOfScope, p.skipped["https://elsewhere.example/"])
	require.Equal(t, fetch.Status(404), p.failed["/gone"])
	require.Equal(t, website.Summary{Found: 5, Pages: 4, Skipped: 1, Failed: 1}, sum)
	require.Equal(t, 1, h.hits("/a"))
	require.Empty(t, p.frontier.Waiting)
	require.Equal(t, []string{h.url + "/c", h.url + "/"}, p.pages["/a"].Links)
}

func TestBreadthFirst(t *testing.T) {
	t.Parallel()
	h := serve(t, map[string]any{"/": links("/a", "/b"), "/a": links("/a1", "/a2"), "/b": links("/b1"), "/a1": links("/a11"), "/a2": text("2"), "/b1": text("1"), "/a11": text("11")})
	o := options(h)
	o.Concurrency = 1
	p, _ := crawl(t, h, o)
	require.Equal(t, []string{"/", "/a", "/b", "/a1", "/a2", "/b1", "/a11"}, p.order)
	o.MaxDepth = 1
	p, _ = crawl(t, h, o)
	require.Equal(t, []string{"/", "/a", "/b"}, p.order)
	require.Equal(t, website.TooDeep, p.skipped["/a1"])
	o.MaxDepth = -1
	p, _ = crawl(t, h, o)
	require.Equal(t, []string{"/"}, p.order)
	o.MaxDepth, o.MaxPages = 0, 3
	p, sum := crawl(t, h, o)
	require.Equal(t, []string{"/", "/a", "/b"}, p.order)
	require.Equal(t, 3, sum.Left)
	require.Len(t, p.frontier.Waiting, 3)
}

func TestRobots(t *testing.T) {
	t.Parallel()
	all := serve(t, map[string]any{"/robots.txt": "User-agent: *\nDisallow: /", "/": text("x")})
	p, _ := crawl(t, all, options(all))
	require.Empty(t, p.pages)
	require.Equal(t, website.ByRobots, p.skipped["/"])
	require.Zero(t, all.hits("/"))
	o := options(all)
	o.IgnoreRobots = true
	p, _ = crawl(t, all, o)
	require.Contains(t, p.pages, "/")

	some := serve(t, map[string]any{"/robots.txt": "User-agent: Tapedeck\nDisallow: /private\nCrawl-delay: 0.01", "/": links("/private/x", "/open", "/to"), "/open": text("open"),
		"/to": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/private/y", http.StatusFound) }})
	p, _ = crawl(t, some, options(some))
	require.ElementsMatch(t, []string{"/", "/open"}, p.paths())
	require.Equal(t, website.ByRobots, p.skipped["/private/x"])
	require.Equal(t, website.ByRobots, p.skipped["/to"])
	require.Equal(t, 10*time.Millisecond, p.robots[0].Delay)
	require.Equal(t, 1, some.hits("/robots.txt"))
	require.Zero(t, some.hits("/private/y"))

	for status, want := range map[int]int{http.StatusNotFound: 1, http.StatusForbidden: 1, http.StatusInternalServerError: 0, http.StatusServiceUnavailable: 0} {
		h := serve(t, map[string]any{"/robots.txt": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }, "/": text("x")})
		o := options(h)
		o.Fetch.Retries = -1
		p, _ := crawl(t, h, o)
		require.Len(t, p.pages, want, status)
		if want == 0 {
			require.Equal(t, website.RobotsUnreachable, p.skipped["/"])
		}
	}
}

func TestRobotsAreFoundThroughFiveRedirects(t *testing.T) {
	t.Parallel()
	for hops, allowed := range map[int]bool{5: false, 6: true} {
		h := serve(t, map[string]any{"/": text("x"), "*": func(w http.ResponseWriter, r *http.Request) {
			var n int
			_, _ = fmt.Sscanf(r.URL.Path, "/hop/%d", &n)
			if n == hops {
				write(w, "User-agent: *\nDisallow: /")
				return
			}
			http.Redirect(w, r, fmt.Sprintf("/hop/%d", n+1), http.StatusFound)
		}})
		o := options(h)
		o.Sitemap = website.SitemapNone
		p, _ := crawl(t, h, o)
		require.Equal(t, allowed, len(p.pages) == 1, hops)
	}
}

func TestSitemaps(t *testing.T) {
	t.Parallel()
	const head = "<?xml version='1.0'?>"
	pages := map[string]any{
		"/": links("/linked"), "/linked": text("linked"), "/one": text("one"), "/two": text("two"),
		"/index.xml": head + "<sitemapindex><sitemap><loc>/s1.xml</loc></sitemap><sitemap><loc>HOST/s1.xml</loc></sitemap><sitemap><loc>HOST/s2.xml</loc></sitemap></sitemapindex>",
		"/s1.xml":    head + "<urlset><url><loc>HOST/one</loc><lastmod>2024-01-02</lastmod></url><url><loc>https://elsewhere.example/</loc></url></urlset>",
		"/s2.xml":    "no sitemap", "/sitemap.xml": head + "<urlset><url><loc>HOST/two</loc></url></urlset>",
	}
	h := serve(t, pages)
	for path, body := range pages {
		pages[path] = strings.ReplaceAll(body.(string), "HOST", h.url)
	}
	p, _ := crawl(t, h, options(h))
	require.ElementsMatch(t, []string{"/", "/linked", "/two"}, p.paths())

	pages["/robots.txt"] = "User-agent: *\nSitemap: " + h.url + "/index.xml"
	o := options(h)
	o.Sitemap = website.SitemapOnly
	p, _ = crawl(t, h, o)
	require.ElementsMatch(t, []string{"/", "/one"}, p.paths())
	require.Equal(t, time.Date(2024, 1, 2, 0, 0, 0, 0, time.UTC), p.pages["/one"].Item.LastMod)
	require.Len(t, p.sitemaps, 3)
	require.Contains(t, p.sitemaps[1].Err, "not a sitemap")

	o.Sitemap, o.Sitemaps = website.SitemapNone, []string{h.url + "/sitemap.xml"}
	p, _ = crawl(t, h, o)
	require.ElementsMatch(t, []string{"/", "/linked", "/two"}, p.paths())
}

func TestPagesSayWhatIsKept(t *testing.T) {
	t.Parallel()
	h := serve(t, map[string]any{
		"/":         links("/noindex", "/nofollow", "/header", "/dup1", "/dup2", "/canon?sort=up", "/moved", "/everywhere", "/x"),
		"/noindex":  `<meta name=robots content=noindex>` + links("/behind"),
		"/behind":   text("behind"),
		"/nofollow": `<meta name=robots content=nofollow>` + links("/never"),
		"/header": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Robots-Tag", "noindex")
			write(w, text("header"))
		},
		"/dup1": text("the same"), "/dup2": text("the same"),
		"/canon": `<link rel=canonical href="/canon">` + text("canon"),
		"/moved": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/target", http.StatusMovedPermanently)
		},
		"/target":     text("target"),
		"/everywhere": `<link rel=canonical href="/">` + text("everywhere"),
		"/x":          links("/target", "/canon"),
	})
	o := options(h)
	o.Concurrency = 1
	p, _ := crawl(t, h, o)
	require.ElementsMatch(t, []string{"/", "/behind", "/nofollow", "/dup1", "/canon", "/target", "/everywhere", "/x"}, p.paths())
	require.Equal(t, website.NoIndex, p.skipped["/noindex"])
	require.Equal(t, website.NoIndex, p.skipped["/header"])
	require.Equal(t, website.NoFollow, p.skipped["/never"])
	require.Equal(t, website.Duplicate, p.skipped["/dup2"])
	require.Equal(t, "/dup1", p.of["/dup2"])
	require.Equal(t, "/moved", p.path(p.pages["/target"].Item.URL))
	require.LessOrEqual(t, h.hits("/target"), 1)
	require.Zero(t, h.hits("/never"))
}

func TestNearDuplicatesAreMarked(t *testing.T) {
	t.Parallel()
	var words strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&words, "word%d ", i*i)
	}
	h := serve(t, map[string]any{"/": links("/print", "/other"), "/print": text(words.String() + "printed"), "/other": text(words.String() + "on screen")})
	o := options(h)
	o.Concurrency = 1
	p, _ := crawl(t, h, o)
	require.Equal(t, h.url+"/print", p.pages["/other"].NearOf)
	require.Empty(t, p.pages["/print"].NearOf)
}

func TestUnchangedPages(t *testing.T) {
	t.Parallel()
	tagged := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"1"`)
		w.Header().Set("Content-Type", "text/html")
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader([]byte(links("/behind"))))
	}
	nonce := 0
	h := serve(t, map[string]any{"/": links("/tagged", "/hashed", "/new"), "/tagged": tagged, "/behind": text("behind"), "/new": text("new"),
		"/hashed": func(w http.ResponseWriter, _ *http.Request) {
			nonce++
			write(w, fmt.Sprintf("<script nonce=%d></script>", nonce)+text("hashed"))
		}})
	first, _ := crawl(t, h, options(h))
	require.Len(t, first.pages, 5)
	o := options(h)
	o.Known = func(url string) (website.Known, bool) {
		p, ok := first.pages[first.path(url)]
		return website.Known{Validators: p.Validators, Hash: p.Hash, Links: p.Links}, ok && !strings.HasSuffix(url, "/new")
	}
	again, sum := crawl(t, h, o)
	require.Equal(t, []string{"/new"}, again.order)
	require.Equal(t, 4, sum.Unchanged)
	require.Equal(t, `"1"`, again.unchanged["/tagged"].Validators.ETag)
	require.Contains(t, again.unchanged, "/behind", "the links of a page that was not sent are followed")
	require.Equal(t, first.pages["/hashed"].Hash, again.unchanged["/hashed"].Hash)
	require.Equal(t, 5, again.frontier.Pages)
}

func TestHostileSites(t *testing.T) {
	t.Parallel()
	png := "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
	tries := 0
	h := serve(t, map[string]any{
		"/":      links("/loop", "/latin", "/binary", "/inside", "/slow", "/busy", "/huge", "/deep", "http://127.0.0.1:1/", "/plain"),
		"/loop":  func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/loop2", http.StatusFound) },
		"/loop2": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/loop", http.StatusFound) },
		"/latin": func(w http.ResponseWriter, _ *http.Request) { write(w, text("gr\xfc\xdfe")) },
		"/binary": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			_, _ = io.WriteString(w, png)
		},
		"/plain": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			_, _ = io.WriteString(w, "a  \r\nb")
		},
		"/inside": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://169.254.169.254/", http.StatusFound)
		},
		"/slow": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"/busy": func(w http.ResponseWriter, _ *http.Request) {
			if tries++; tries == 1 {
				w.Header().Set("Retry-After", "1")
				w.WriteHeader(http.StatusTooManyRequests)
				return
			}
			write(w, text("busy"))
		},
		"/huge": func(w http.ResponseWriter, _ *http.Request) { write(w, strings.Repeat("x", 1<<20)) },
		"/deep": strings.Repeat("<div>", 3000),
	})
	o := options(h)
	o.Fetch.Timeout, o.Fetch.MaxSize, o.Fetch.Retries = 2*time.Second, 1<<19, 1
	begin := time.Now()
	p, _ := crawl(t, h, o)
	require.ElementsMatch(t, []string{"/", "/latin", "/busy", "/plain"}, p.paths())
	require.Equal(t, "grüße\n", p.pages["/latin"].Text)
	require.Equal(t, "a\nb\n", p.pages["/plain"].Text)
	require.GreaterOrEqual(t, time.Since(begin), time.Second)
	require.Equal(t, map[string]fetch.Code{
		"/loop": fetch.CodeRedirectLoop, "/binary": fetch.CodeType, "/slow": fetch.CodeTimeout, "/huge": fetch.CodeTooLarge, "/deep": website.CodePage,
	}, p.failed)
	require.Equal(t, address.OutOfScope, p.skipped["/inside"])
	require.Equal(t, address.OutOfScope, p.skipped["http://127.0.0.1:1/"])
}

func TestPrivateAddressesAreNotReached(t *testing.T) {
	t.Parallel()
	h := serve(t, map[string]any{"/": text("inside")})
	o := options(h)
	o.Fetch.Policy = &egress.Policy{}
	o.IgnoreRobots = true
	p, _ := crawl(t, h, o)
	require.Equal(t, fetch.CodeDenied, p.failed["/"])
	require.Zero(t, h.hits("/"))
	o.IgnoreRobots = false
	p, _ = crawl(t, h, o)
	require.Equal(t, website.RobotsUnreachable, p.skipped["/"])
	require.Contains(t, p.robots[0].Unreachable, "egress_denied")
}

func TestEndlessSites(t *testing.T) {
	t.Parallel()
	h := serve(t, map[string]any{"/": links("/cal?month=2024-1", "/a/b/", "/grow?a=0"), "*": func(w http.ResponseWriter, r *http.Request) {
		var n int
		switch {
		case strings.HasPrefix(r.URL.Path, "/cal"):
			_, _ = fmt.Sscanf(r.FormValue("month"), "2024-%d", &n)
			write(w, links(fmt.Sprintf("/cal?month=2024-%d", n+1)))
		case strings.HasPrefix(r.URL.Path, "/a"):
			write(w, links("a/b/"+strings.Repeat(" ", len(r.URL.Path))))
		case strings.HasPrefix(r.URL.Path, "/grow"):
			write(w, links(r.URL.RequestURI()+"&a="+fmt.Sprint(len(r.URL.RawQuery))))
		default:
			http.NotFound(w, r)
		}
	}})
	o := options(h)
	o.MaxDepth = 1000
	p, sum := crawl(t, h, o)
	reasons := map[website.Reason]int{}
	for _, r := range p.skipped {
		reasons[r]++
	}
	require.Equal(t, map[website.Reason]int{address.Calendar: 1, address.RepeatedPath: 1, address.LongQuery: 1}, reasons)
	require.Less(t, sum.Pages, 150)
	require.Greater(t, sum.Pages, 120)
}

// TestStoppedAnywhereAndContinued: stopped after each number of events, as by a
// crash, and continued from the frontier as it was stored, a crawl tells of every
// page, and of none twice.
func TestStoppedAnywhereAndContinued(t *testing.T) {
	t.Parallel()
	pages := map[string]any{"/sitemap.xml": "<?xml version='1.0'?><urlset><url><loc>HOST/only</loc></url></urlset>", "/only": text("only"),
		"/moved": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/n3", http.StatusFound) }}
	for i := range 12 {
		pages[fmt.Sprintf("/n%d", i)] = links(fmt.Sprintf("/n%d", (i*5+1)%12), fmt.Sprintf("/n%d", (i+1)%12), fmt.Sprintf("/gone%d", i))
	}
	pages["/"] = links("/n0", "/moved")
	h := serve(t, pages)
	pages["/sitemap.xml"] = strings.ReplaceAll(pages["/sitemap.xml"].(string), "HOST", h.url)
	whole, sum := crawl(t, h, options(h))
	require.Equal(t, 14, sum.Pages)
	for stop := 1; stop < whole.events; stop++ {
		p := newTape(h)
		p.stopAfter = stop
		_, err := website.Crawl(t.Context(), options(h), website.Frontier{}, p.handle)
		if err != nil {
			require.ErrorIs(t, err, errStop)
		}
		stored, err := json.Marshal(p.frontier)
		require.NoError(t, err)
		p.frontier, p.stopAfter = website.Frontier{}, 0
		require.NoError(t, json.Unmarshal(stored, &p.frontier))
		_, err = website.Crawl(t.Context(), options(h), p.frontier, p.handle)
		require.NoError(t, err)
		require.Equal(t, slices.Sorted(slices.Values(whole.paths())), slices.Sorted(slices.Values(p.order)), "stopped after %d events", stop)
		require.Empty(t, p.frontier.Waiting)
	}
}

func TestCancelledCrawlTellsNoFailures(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	h := serve(t, map[string]any{"/": links("/slow", "/slow2"), "*": func(_ http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/slow") {
			cancel()
			<-r.Context().Done()
		}
	}})
	p := newTape(h)
	_, err := website.Crawl(ctx, options(h), website.Frontier{}, p.handle)
	require.ErrorIs(t, err, context.Canceled)
	require.Empty(t, p.failed)
	require.Len(t, p.frontier.Waiting, 2)
}

func TestRender(t *testing.T) {
	t.Parallel()
	h := serve(t, map[string]any{"/": `<div id=app></div><script src=x></script>`, "/view": text("static")})
	o := options(h)
	rendered := 0
	o.Render = func(_ context.Context, url string) ([]byte, string, error) {
		rendered++
		return []byte(text("from a browser") + `<a href="/view">view</a>`), url, nil
	}
	p, _ := crawl(t, h, o)
	require.Equal(t, 1, rendered)
	require.Contains(t, p.pages["/"].Text, "from a browser")
	require.True(t, p.pages["/"].Rendered)
	require.Contains(t, p.pages, "/view")

	o.Render = func(context.Context, string) ([]byte, string, error) {
		return []byte("x"), "https://elsewhere.example/", nil
	}
	p, _ = crawl(t, h, o)
	require.Equal(t, address.OutOfScope, p.skipped["/"])
	o.Render = func(context.Context, string) ([]byte, string, error) { return nil, "", io.ErrUnexpectedEOF }
	p, _ = crawl(t, h, o)
	require.Equal(t, website.CodeRender, p.failed["/"])
}

func TestDryRun(t *testing.T) {
	t.Parallel()
	h := serve(t, map[string]any{"/robots.txt": "User-agent: *\nDisallow: /no\nCrawl-delay: 0.01", "/": links("/a", "https://elsewhere.example/"), "/a": links("/b"), "/b": text("b"),
		"/sitemap.xml": "<?xml version='1.0'?><urlset></urlset>"})
	plan, err := website.DryRun(t.Context(), options(h))
	require.NoError(t, err)
	require.Equal(t, []website.Item{{URL: h.url + "/"}, {URL: h.url + "/a", Depth: 1, From: h.url + "/"}}, plan.Pages)
	require.Equal(t, 2, plan.Found)
	require.Len(t, plan.Robots, 1)
	require.Len(t, plan.Sitemaps, 1)
	require.Equal(t, address.OutOfScope, plan.Skipped[0].Reason)
	require.Zero(t, h.hits("/a"))
}

func TestOptionFaultsAreJoined(t *testing.T) {
	t.Parallel()
	_, err := website.Crawl(t.Context(), website.Options{Sitemap: "some", MaxPages: -1}, website.Frontier{}, nil)
	for _, s := range []string{"Policy is required", "at least one URL", "auto, none or only", "not negative"} {
		require.ErrorContains(t, err, s)
	}
	_, err = website.Crawl(t.Context(), website.Options{Start: []string{"ftp://x"}}, website.Frontier{}, nil)
	require.ErrorContains(t, err, "only http and https")
}

func TestFoundIsBounded(t *testing.T) {
	t.Parallel()
	var many []string
	for i := range 50 {
		many = append(many, fmt.Sprintf("/p%d", i))
	}
	h := serve(t, map[string]any{"/": links(many...)})
	o := options(h)
	o.MaxFound = 10
	p, sum := crawl(t, h, o)
	require.Equal(t, 10, sum.Found)
	require.Equal(t, 1, sum.Skipped)
	require.Contains(t, p.skipped, "/p9")
}

// large is a site of n pages, each with a text of its own and links to ten others.
func large(t testing.TB, n int) *host {
	t.Helper()
	body := strings.Repeat("<p>A paragraph with some words in it, and a <b>bold</b> one, and <code>code</code>.</p>", 10)
	page := func(w http.ResponseWriter, r *http.Request) {
		var i int
		_, _ = fmt.Sscanf(r.URL.Path, "/p/%d", &i)
		var to []string
		for k := 1; k <= 10; k++ {
			to = append(to, fmt.Sprintf("/p/%d", (i*10+k)%n))
		}
		write(w, fmt.Sprintf("<title>Page %d</title><nav><a href=/>Home</a></nav><main><h1>Page %d</h1>", i, i)+body+links(to...)+"</main>")
	}
	return serve(t, map[string]any{"*": func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/p/") || r.URL.Path == "/" {
			page(w, r)
			return
		}
		http.NotFound(w, r)
	}})
}

func TestFiveThousandPages(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("some seconds of work")
	}
	const n = 5000
	h := large(t, n)
	o := options(h)
	o.MaxPages, o.Fetch.Pace.Concurrency, o.Concurrency = 2*n, 8, 8
	p, sum := crawl(t, h, o)
	require.Equal(t, n, sum.Pages)
	require.Empty(t, p.failed)
	for path := range p.pages {
		require.Equal(t, 1, h.hits(path), path)
	}
}

func BenchmarkCrawl(b *testing.B) {
	const n = 1000
	h := large(b, n)
	o := options(h)
	o.MaxPages, o.Fetch.Pace.Concurrency, o.Concurrency = 2*n, 8, 8
	pages := 0
	for b.Loop() {
		sum, err := website.Crawl(b.Context(), o, website.Frontier{}, func(website.Event) error { return nil })
		require.NoError(b, err)
		pages += sum.Pages
	}
	b.ReportMetric(float64(pages)/b.Elapsed().Seconds(), "pages/s")
}
