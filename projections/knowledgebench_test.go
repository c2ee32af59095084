package projections

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"zombiezen.com/go/sqlite"

	"tapedeck/internal/prose"
)

// benchPassages is how many passages there are at least; TAPEDECK_BENCH_PASSAGES sets another number.
func benchPassages() int {
	if n, err := strconv.Atoi(os.Getenv("TAPEDECK_BENCH_PASSAGES")); err == nil {
		return n
	}
	return 200_000
}

// BenchmarkKnowledge indexes documents of 40 passages, and asks what people ask: words, three words, phrases, beginnings.
func BenchmarkKnowledge(b *testing.B) {
	const perDocument = 40
	p := prose.New(3)
	l := newLibrary(b)
	for first := 0; first < benchPassages()/perDocument; first += 100 {
		var pages []page
		for i := range 100 {
			pages = append(pages, page{key: fmt.Sprint("/", first+i), title: p.Word() + " " + p.Word(), kind: "page", text: p.Document(perDocument)})
		}
		l.ingest("bench", pages)
	}
	k := NewKnowledge(l.store, l, Config{})
	began := time.Now()
	require.NoError(b, k.Start(b.Context()))
	b.Cleanup(func() { require.NoError(b, k.Stop()) })
	tail, err := l.store.Tail(b.Context())
	require.NoError(b, err)
	require.NoError(b, k.WaitFor(b.Context(), tail))
	took := time.Since(began)
	total := int64(0)
	require.NoError(b, k.read(b.Context(), func(conn *sqlite.Conn, _ progress) error {
		return exec(conn, "SELECT count(*) FROM passage", func(s *sqlite.Stmt) error { total = s.ColumnInt64(0); return nil })
	}))
	b.Run("index", func(b *testing.B) {
		for b.Loop() {
		}
		b.ReportMetric(float64(total)/took.Seconds(), "passages/s")
		b.ReportMetric(float64(total), "passages")
	})
	for name, text := range map[string]func() string{
		"word":       func() string { return p.Word() },
		"rare word":  func() string { return p.Word() + p.Word() },
		"three":      func() string { return p.Word() + " " + p.Word() + " " + p.Word() },
		"phrase":     func() string { return `"` + p.Word() + " " + p.Word() + `"` },
		"beginning":  func() string { return p.Word() + "*" },
		"demanding":  func() string { return p.Word() + " must" },
		"not there":  func() string { return p.Word() + " qqqq" },
		"two common": func() string { return "ki lo" },
	} {
		b.Run(name, func(b *testing.B) {
			var times []time.Duration
			for b.Loop() {
				began := time.Now()
				_, err := k.Search(b.Context(), SearchQuery{Text: text(), Limit: 20})
				require.NoError(b, err)
				times = append(times, time.Since(began))
			}
			slices.Sort(times)
			b.ReportMetric(float64(times[len(times)*95/100].Microseconds())/1000, "ms-p95")
		})
	}
}
