package verify

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"tapedeck/domain/proof"
	"tapedeck/workers/verify/runner"
)

// changes gathers what faults changed in what tests saw. All of a batch are one artefact: one for each judgement would be
// thousands of writes, and more files than a job may have.
type changes struct {
	name string
	job  string // whose artefact it is, when that is not the proof's job

	mu   sync.Mutex
	list []change
}

// change is what a fault changed in what a test saw.
type change struct {
	Test   string       `json:"test"`
	Mutant string       `json:"mutant"`
	Parts  []changePart `json:"parts"`
}

// changePart holds the lines that differ, and some around them.
type changePart struct {
	// What is "page", its pages as aria snapshots, or "requests".
	What string `json:"what"`
	// After is the assertion after which the page was looked at; left out for the end of the run.
	After  int    `json:"after,omitzero"`
	Before string `json:"before"`
	Now    string `json:"now"`
}

// changes makes the artefact of a batch.
func (v *verification) changes(batch string) *changes {
	c := &changes{name: "mutants/" + batch + ".json"}
	if v.background {
		c.job = v.job.ID()
	}
	return c
}

// add remembers what was seen under a judged fault, when that can be told from all that is normal.
func (c *changes) add(j *proof.Judgement, seen view, normal []view) {
	if !j.Visible || len(normal) == 0 {
		return
	}
	parts := pageChange(seen, normal)
	if j.Fate == proof.Survived { // a run that ended early asked for less
		parts = append(parts, requestChange(seen, normal)...)
	}
	c.keep(j, parts...)
}

func (c *changes) keep(j *proof.Judgement, parts ...changePart) {
	if len(parts) == 0 {
		return
	}
	j.Evidence, j.JobID = append(j.Evidence, c.name), c.job
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = append(c.list, change{Test: j.Test, Mutant: j.Mutant, Parts: parts})
}

// checkpoints are those of a run in their order: 0, the end, comes last.
func checkpoints(v view) []int {
	return slices.SortedFunc(maps.Keys(v.shown), func(a, b int) int {
		return cmp.Or(cmp.Compare(min(b, 1), min(a, 1)), cmp.Compare(a, b))
	})
}

// pageChange is what the pages showed otherwise at the first checkpoint at which they did.
func pageChange(seen view, normal []view) []changePart {
	for _, at := range checkpoints(seen) {
		var usual []map[string]int
		for _, n := range normal {
			usual = append(usual, linesOf(n, at))
		}
		if outside(linesOf(seen, at), usual) != "" {
			before, now := excerpts(pageLines(normal[0].shown[at]), pageLines(seen.shown[at]))
			return []changePart{{What: "page", After: at, Before: before, Now: now}}
		}
	}
	return nil
}

func pageLines(pages []runner.PageView) []string {
	var lines []string
	for _, p := range pages {
		address, _, _ := strings.Cut(p.URL, "?")
		lines = append(lines, "at "+address)
		lines = append(lines, strings.Split(p.Aria, "\n")...)
	}
	return lines
}

// requestChange is what was asked otherwise.
func requestChange(seen view, normal []view) []changePart {
	names := maps.Clone(normal[0].requests)
	maps.Copy(names, seen.requests)
	var before, now []string
	for _, name := range slices.Sorted(maps.Keys(names)) {
		var usual []map[string]int
		for _, n := range normal {
			usual = append(usual, map[string]int{name: n.requests[name]})
		}
		if outside(map[string]int{name: seen.requests[name]}, usual) != "" {
			before, now = append(before, times(name, normal[0].requests[name])...), append(now, times(name, seen.requests[name])...)
		}
	}
	if len(before)+len(now) == 0 {
		return nil
	}
	b, n := excerpts(before, now)
	return []changePart{{What: "requests", Before: b, Now: n}}
}

func times(name string, n int) []string {
	switch n {
	case 0:
		return nil
	case 1:
		return []string{name}
	}
	return []string{fmt.Sprintf("%s (%d times)", name, n)}
}

// around is how many equal lines are kept beside those that differ; maxExcerpt bounds each of the two texts.
const (
	around     = 3
	maxExcerpt = 8 << 10
)

// excerpts are the lines in which two texts differ: what both begin and end with is left out.
func excerpts(a, b []string) (before, now string) {
	head := 0
	for head < min(len(a), len(b)) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < min(len(a), len(b))-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	head, tail = max(head-around, 0), max(tail-around, 0)
	return excerpt(a[head : len(a)-tail]), excerpt(b[head : len(b)-tail])
}

func excerpt(lines []string) string {
	s := strings.Join(lines, "\n")
	if len(s) <= maxExcerpt {
		return s
	}
	s = strings.ToValidUTF8(s[:maxExcerpt], "")
	return s[:max(strings.LastIndexByte(s, '\n'), 0)] + "\n…"
}

// storeChanges writes a batch's changes down.
func (v *verification) storeChanges(ctx context.Context, c *changes) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.list) == 0 {
		return
	}
	slices.SortFunc(c.list, func(a, b change) int {
		return cmp.Or(strings.Compare(a.Mutant, b.Mutant), strings.Compare(a.Test, b.Test))
	})
	raw, err := json.Marshal(c.list, jsontext.WithIndent("  "))
	if err == nil {
		_, err = v.job.Store(ctx, c.name, "application/json", bytes.NewReader([]byte(v.plain(string(raw)))))
	}
	if err != nil {
		v.note("what faults changed was not kept: %v", err)
	}
}
