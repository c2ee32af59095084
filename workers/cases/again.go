package cases

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"tapedeck/artifacts"
	"tapedeck/domain/event"
	"tapedeck/domain/knowledge"
	"tapedeck/domain/testcase"
	"tapedeck/eventstore/jobs"
	"tapedeck/workers"
	"tapedeck/workers/cases/derive"
)

// CodeBase is the error's code when the earlier set cannot be built on.
const CodeBase = "bad_base"

// base loads the set that is built on; the zero State when there is none.
func (c Config) base(ctx context.Context, j *workers.Job, in Input) (testcase.State, error) {
	bad := func(format string, args ...any) (testcase.State, error) {
		return testcase.State{}, workers.Permanent(CodeBase, fmt.Errorf(format, args...))
	}
	switch {
	case in.Base == "" && len(in.Only) == 0:
		return testcase.State{}, nil
	case in.Base == "":
		return bad("say which set the cases are of: base is missing")
	case len(in.Only) == 0:
		return bad("say which cases of %s are made anew: only is empty", in.Base)
	}
	s, err := c.Jobs.LoadTestCases(ctx, in.Base)
	switch {
	case errors.Is(err, testcase.ErrNotFound), err == nil && s.Owner != j.Project():
		return bad("there are no test cases %s in the project %s", in.Base, j.Project())
	case err != nil:
		return s, err
	case s.Status != testcase.Complete:
		return bad("the test cases %s are not whole: wait until their job has ended", in.Base)
	case s.RecordingID != in.Recording:
		return bad("the test cases %s are of the recording %s and not of %s", in.Base, s.RecordingID, in.Recording)
	}
	for _, id := range in.Only {
		if _, ok := s.Case(id); !ok {
			return bad("the test cases %s have no case %s", in.Base, id)
		}
	}
	return s, nil
}

// content is what is written: all that was derived, or on an earlier set only the cases that were asked for. The set is
// read at the last moment, with what people said of it meanwhile.
func (c Config) content(ctx context.Context, j *workers.Job, in Input, g *gatherer, r *derive.Result) ([]testcase.Command, error) {
	base, err := c.base(ctx, j, in)
	if err != nil {
		return nil, err
	}
	if !base.Exists() {
		return additions(*r), nil
	}
	before := len(g.notes)
	entries, err := g.again(ctx, base, in.Only, r)
	if err != nil {
		return nil, err
	}
	r.Notes = append(r.Notes, g.notes[before:]...)
	return rebuilt(base, *r, entries), nil
}

// entry is a case of a new set: one that was made, or one that is taken over.
type entry struct {
	made    testcase.Case
	carried *testcase.Reviewed
}

// again has what was derived take the place of the cases that were asked for, in the order of the earlier set. A case whose
// passage has changed is told by the passage that took its place. It leaves the made cases in r.
func (g *gatherer) again(ctx context.Context, base testcase.State, only []string, r *derive.Result) ([]entry, error) {
	became, err := g.successors(ctx, base)
	if err != nil {
		return nil, err
	}
	m := merger{base: base, made: r.Cases, became: became, asked: map[string]bool{}}
	for _, id := range only {
		m.asked[id] = true
	}
	entries := m.merge()
	r.Notes = append(r.Notes, m.notes...)
	r.Cases = nil
	for _, e := range entries {
		if e.carried == nil {
			r.Cases = append(r.Cases, e.made)
		}
	}
	return entries, nil
}

// successors says by what passages were replaced that cases of a set cite and that are in no current text.
func (g *gatherer) successors(ctx context.Context, s testcase.State) (map[string]string, error) {
	out := map[string]string{}
	type version struct{ document, hash string }
	current, seen := map[string][]knowledge.Passage{}, map[version]bool{}
	for _, r := range s.Cases {
		for _, one := range passagesOf(r.Case) {
			v := version{one.DocumentID, one.Hash}
			now, known := current[v.document]
			if !known {
				d, err := g.cfg.Jobs.LoadDocument(ctx, v.document, 0)
				if err != nil && !errors.Is(err, jobs.ErrNoKnowledge) {
					return nil, err
				}
				if err == nil && !d.Removed {
					if now, err = g.passages(ctx, v.document, d.Text.SHA256); err != nil {
						return nil, err
					}
				}
				current[v.document] = now
			}
			if seen[v] || len(now) == 0 || slices.ContainsFunc(now, func(p knowledge.Passage) bool { return p.ID == one.PassageID }) {
				continue
			}
			seen[v] = true
			var digest event.Hash
			if digest.UnmarshalText([]byte(v.hash)) != nil {
				continue
			}
			old, err := g.passages(ctx, v.document, digest)
			if err != nil {
				return nil, err
			}
			for id, next := range knowledge.Successors(old, now) {
				out[id] = next.ID
			}
		}
	}
	return out, nil
}

// passages cuts a version of a document's text; there are none when it is not there any more.
func (g *gatherer) passages(ctx context.Context, document string, digest event.Hash) ([]knowledge.Passage, error) {
	r, err := g.cfg.Files.OpenText(ctx, digest)
	if errors.Is(err, artifacts.ErrNotFound) {
		g.note("a version of the document %s is not there any more: what its passages became is not known", document)
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(r, maxText))
	if err = errors.Join(err, r.Close()); err != nil {
		return nil, err
	}
	return knowledge.Split(document, text), nil
}

// passagesOf are the passages that a case cites anywhere.
func passagesOf(c testcase.Case) []testcase.Citation {
	var out []testcase.Citation
	add := func(list []testcase.Citation) {
		for _, one := range list {
			if one.Origin == testcase.FromPassage && !slices.ContainsFunc(out, func(o testcase.Citation) bool { return o.PassageID == one.PassageID }) {
				out = append(out, one)
			}
		}
	}
	add(c.Sources)
	for _, s := range c.Steps {
		add(s.Sources)
		add(s.ExpectedSources)
	}
	return out
}

func cites(c testcase.Case, passages []string) bool {
	return slices.ContainsFunc(passagesOf(c), func(one testcase.Citation) bool { return slices.Contains(passages, one.PassageID) })
}

// merger makes a set of an earlier one and of what was derived now.
type merger struct {
	base   testcase.State
	made   []testcase.Case
	asked  map[string]bool
	became map[string]string
	notes  []string
}

func (m *merger) note(format string, args ...any) {
	if len(m.notes) < 50 {
		m.notes = append(m.notes, testcase.CutLine(fmt.Sprintf(format, args...), 500))
	}
}

func (m *merger) merge() []entry {
	next, left := m.pair()
	var out []entry
	for _, r := range m.base.Cases {
		made, found := next[r.ID]
		switch {
		case !m.asked[r.ID]:
			out = append(out, entry{carried: &r})
		case !found && r.Generated != nil:
			m.note("“%s” does not follow any more from what documents and the recording say; it stays because a person edited it", r.Title)
			out = append(out, entry{carried: &r})
		case !found:
			m.note("“%s” is left out: it does not follow any more from what documents and the recording say", r.Title)
		case r.Generated != nil:
			both := r.Onto(made)
			m.note("“%s” was edited: that text stays, with what is generated now beside it", r.Title)
			out = append(out, entry{carried: &both})
		default:
			out = append(out, entry{made: made})
		}
		if found && m.asked[r.ID] && len(passagesOf(r.Case)) > 0 && len(passagesOf(made)) == 0 {
			m.note("“%s” cites no document any more", made.Title)
		}
	}
	for _, c := range left {
		m.note("“%s” is new: a changed passage demands it", c.Title)
		out = append(out, entry{made: c})
	}
	return out
}

// pair finds what takes the place of each case: the one with its id, else the one most like it of those that cite what its
// passages became. left are those that cite what passages of cases that were asked for became, and take no place.
func (m *merger) pair() (next map[string]testcase.Case, left []testcase.Case) {
	next = map[string]testcase.Case{}
	var fresh []testcase.Case
	for _, c := range m.made {
		if _, known := m.base.Case(c.ID); known {
			next[c.ID] = c
		} else {
			fresh = append(fresh, c)
		}
	}
	type pairing struct {
		old, made int
		like      float64
	}
	var pairs []pairing
	var changed []string // what passages of the cases that were asked for became
	for i, r := range m.base.Cases {
		var became []string
		for _, one := range passagesOf(r.Case) {
			if id := m.became[one.PassageID]; id != "" {
				became = append(became, id)
			}
		}
		if m.asked[r.ID] {
			changed = append(changed, became...)
		}
		if _, found := next[r.ID]; found {
			continue
		}
		was := r.Case
		if r.Generated != nil {
			was = *r.Generated
		}
		for k, c := range fresh {
			if cites(c, became) {
				pairs = append(pairs, pairing{i, k, like(was, c)})
			}
		}
	}
	slices.SortStableFunc(pairs, func(a, b pairing) int { return cmp.Compare(b.like, a.like) })
	taken := map[int]bool{}
	for _, p := range pairs {
		id := m.base.Cases[p.old].ID
		if _, found := next[id]; !found && !taken[p.made] {
			next[id], taken[p.made] = fresh[p.made], true
		}
	}
	for k, c := range fresh {
		if !taken[k] && cites(c, changed) {
			left = append(left, c)
		}
	}
	return next, left
}

// like says how much two cases have in common: their type, their tags, the words of their titles.
func like(a, b testcase.Case) float64 {
	score := 0.0
	if a.Type == b.Type {
		score += 2
	}
	for _, t := range a.Tags {
		if slices.Contains(b.Tags, t) {
			score++
		}
	}
	words := strings.Fields(b.Title)
	for _, w := range strings.Fields(a.Title) {
		if slices.Contains(words, w) {
			score += 0.5
		}
	}
	return score
}

func additions(r derive.Result) []testcase.Command {
	var out []testcase.Command
	for _, batch := range batches(r) {
		out = append(out, testcase.Add{Generated: batch})
	}
	return out
}

// rebuilt is a set in the order of its entries, in runs of what was made and of what is taken over.
func rebuilt(base testcase.State, r derive.Result, entries []entry) []testcase.Command {
	out := additions(derive.Result{Findings: r.Findings, Uncovered: r.Uncovered})
	for i := 0; i < len(entries); {
		var made derive.Result
		for ; i < len(entries) && entries[i].carried == nil; i++ {
			made.Cases = append(made.Cases, entries[i].made)
		}
		if len(made.Cases) > 0 {
			out = append(out, additions(made)...)
		}
		carried := testcase.Carried{From: base.ID}
		for ; i < len(entries) && entries[i].carried != nil; i++ {
			if len(carried.Cases) == maxCarried {
				out = append(out, testcase.Carry{Carried: carried})
				carried.Cases = nil
			}
			carried.Cases = append(carried.Cases, *entries[i].carried)
		}
		if len(carried.Cases) > 0 {
			out = append(out, testcase.Carry{Carried: carried})
		}
	}
	return out
}

// maxCarried is how many cases one event takes over: with their history they are larger than those that are made.
const maxCarried = 10
