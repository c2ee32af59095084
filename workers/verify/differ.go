package verify

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"tapedeck/proxy/twin"
)

// requestsOf counts what was written, and says what was read, by method and address without its query: how often
// something is read depends on time (polling, caches), and what keeps a request from a cache differs every time.
func requestsOf(r twin.Report) map[string]int {
	out := map[string]int{}
	for _, s := range r.Served {
		address, _, _ := strings.Cut(s.URL, "?")
		if out[s.Method+" "+address]++; s.Method == http.MethodGet || s.Method == http.MethodHead || s.Method == http.MethodOptions {
			out[s.Method+" "+address] = 1
		}
	}
	return out
}

// difference names something that a run showed or asked and no run without a fault did, or that all of them did and this
// one did not; "" when there is nothing.
func difference(seen view, normal []view) string {
	asked := make([]map[string]int, len(normal))
	for i, n := range normal {
		asked[i] = n.requests
	}
	if d := outside(seen.requests, asked); d != "" {
		return "asked " + d
	}
	for _, at := range checkpoints(seen) {
		shown := make([]map[string]int, len(normal))
		for i, n := range normal {
			shown[i] = linesOf(n, at)
		}
		if d := outside(linesOf(seen, at), shown); d != "" {
			if at == 0 {
				return "at the end showed " + d
			}
			return fmt.Sprintf("after assertion %d showed %s", at, d)
		}
	}
	return ""
}

// linesOf counts the lines that pages showed at a checkpoint.
func linesOf(v view, at int) map[string]int {
	out := map[string]int{}
	for _, page := range v.shown[at] {
		address, _, _ := strings.Cut(page.URL, "?")
		out["at "+address]++
		for line := range strings.SplitSeq(page.Aria, "\n") {
			out[strings.TrimSpace(line)]++
		}
	}
	return out
}

// outside names what is counted less often than in all that are normal, or more often; "" when there is nothing.
func outside(seen map[string]int, normal []map[string]int) string {
	names := map[string]bool{}
	for name := range seen {
		names[name] = true
	}
	for _, n := range normal {
		for name := range n {
			names[name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		counts := make([]int, len(normal))
		for i, n := range normal {
			counts[i] = n[name]
		}
		if seen[name] < slices.Min(counts) || seen[name] > slices.Max(counts) {
			return fmt.Sprintf("%q %d times, not %d", name, seen[name], counts[0])
		}
	}
	return ""
}

// view is what was seen of a run that is over.
func (x *session) view() view {
	x.mu.Lock()
	defer x.mu.Unlock()
	seen := x.seen
	seen.requests = requestsOf(x.report)
	return seen
}
