package verify

import (
	"maps"
	"slices"
	"strings"

	"tapedeck/proxy/twin"
)

// requestsOf counts what was asked, by method and address without its query: what keeps a request from a cache differs
// every time.
func requestsOf(r twin.Report) map[string]int {
	out := map[string]int{}
	for _, s := range r.Served {
		address, _, _ := strings.Cut(s.URL, "?")
		out[s.Method+" "+address]++
	}
	return out
}

// differs says that a run showed or asked something that no run without a fault did, or did not show or ask what all of
// them had.
func differs(seen view, normal []view) bool {
	asked := make([]map[string]int, len(normal))
	for i, n := range normal {
		asked[i] = n.requests
	}
	if outside(seen.requests, asked) {
		return true
	}
	for at := range seen.shown {
		shown := make([]map[string]int, len(normal))
		for i, n := range normal {
			shown[i] = linesOf(n, at)
		}
		if outside(linesOf(seen, at), shown) {
			return true
		}
	}
	return false
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

// outside says that a count is less than all, or more than all, that are normal.
func outside(seen map[string]int, normal []map[string]int) bool {
	names := map[string]bool{}
	for name := range seen {
		names[name] = true
	}
	for _, n := range normal {
		for name := range n {
			names[name] = true
		}
	}
	for name := range maps.Keys(names) {
		counts := make([]int, len(normal))
		for i, n := range normal {
			counts[i] = n[name]
		}
		if seen[name] < slices.Min(counts) || seen[name] > slices.Max(counts) {
			return true
		}
	}
	return false
}
