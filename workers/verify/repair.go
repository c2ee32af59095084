package verify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"tapedeck/domain/proof"
	"tapedeck/workers/verify/runner"
)

// Bounds of what is tried, for a test and for all together.
const (
	maxTries   = 5
	maxRepairs = 40
)

// mender repairs the tests of a project, one after the other. All that it decides follows from the recording, the project
// and the runs that are written down: a later attempt of the job comes to the same without making them again.
type mender struct {
	v     *verification
	files *os.Root
	// came are changed files as they came, by name.
	came map[string][]byte
	// tried is the number of each test's last repair; holds that of its runs with the project as it is now.
	tried, holds map[string]int
	left         int
}

// repair tries to mend what is not proven, and stores what was changed.
func (v *verification) repair(ctx context.Context) error {
	m, err := v.mender()
	if err != nil {
		return err
	}
	defer func() { _ = m.files.Close() }()
	for _, t := range v.tests {
		if err = m.mend(ctx, t); err != nil {
			break
		}
	}
	return errors.Join(err, m.store(ctx))
}

// repaired makes the changes again that were kept.
func (v *verification) repaired() error {
	m, err := v.mender()
	if err != nil {
		return err
	}
	defer func() { _ = m.files.Close() }()
	s := v.ledger.now()
	for _, t := range v.tests {
		if s.Repair(t.ID) > 0 {
			err = errors.Join(err, m.redo(s, t))
		}
	}
	return err
}

func (v *verification) mender() (*mender, error) {
	files, err := os.OpenRoot(v.dir)
	return &mender{v: v, files: files, came: map[string][]byte{}, tried: map[string]int{}, holds: map[string]int{}, left: maxRepairs}, err
}

func titleOf(t proof.Test) string { return strings.Join(t.Titles, " › ") }

// mend tries to repair a test.
func (m *mender) mend(ctx context.Context, t proof.Test) error {
	s := m.v.ledger.now()
	if s.Repair(t.ID) > m.holds[t.ID] {
		return m.redo(s, t)
	}
	failed, ok := firstFailed(s, t.ID, m.holds[t.ID])
	if !ok {
		return nil
	}
	m.v.job.Progress(-1, "repairing "+titleOf(t))
	why, err := m.search(ctx, t, failed)
	if why != "" {
		m.v.note("%s is not repaired: %s", titleOf(t), why)
	}
	return err
}

// firstFailed is the first run of a test, with a repair, that failed; a skipped test did not.
func firstFailed(s proof.State, test string, repair int) (proof.Run, bool) {
	runs := slices.Clone(s.Done)
	runs = slices.DeleteFunc(runs, func(r proof.Run) bool {
		return r.Test != test || r.Repair != repair || r.Purpose != proof.Stability || r.Outcome != proof.Failed
	})
	if len(runs) == 0 {
		return proof.Run{}, false
	}
	return slices.MinFunc(runs, func(a, b proof.Run) int { return a.Index - b.Index }), true
}

// search tries one change after the other. One after which the test fails further on stays while what then fails is
// looked at: a locator that is wrong often stands in several lines. It says why nothing is repaired.
func (m *mender) search(ctx context.Context, t proof.Test, failed proof.Run) (why string, err error) {
	list, why := m.remedies(t, failed)
	if why != "" {
		return why, nil
	}
	var way []remedy
	tries := 0
	for ; len(list) > 0 && tries < maxTries && m.left > 0; tries++ {
		if m.v.stopped() {
			return "", errors.Join(errStopped, m.undo(way))
		}
		m.left--
		end, err := m.try(ctx, t, failed, list[0], way)
		if err != nil || end.kept {
			return "", err
		}
		if list = list[1:]; end.further {
			way = append(way, end.remedy)
			failed = end.run
			list, _ = m.remedies(t, failed)
			slices.SortStableFunc(list, func(a, b remedy) int { return before(way, b) - before(way, a) })
		}
	}
	if err := m.undo(way); err != nil {
		return "", err
	}
	for _, r := range way {
		r.Message = "the test then failed further on, and nothing that was tried mended that"
		if err := m.v.ledger.write(ctx, proof.Mend{Repair: r.Repair}); err != nil {
			return "", err
		}
	}
	if tries == 0 {
		return "the recording knows no other way to what failed", nil
	}
	return fmt.Sprintf("%d changes were tried, and it still fails", tries), nil
}

// before is 1 for a change that was made on the way already.
func before(way []remedy, r remedy) int {
	if slices.ContainsFunc(way, func(w remedy) bool { return w.key == r.key && r.chain != nil && w.chain.Key() == r.chain.Key() }) {
		return 1
	}
	return 0
}

// attempt is what became of a change.
type attempt struct {
	remedy
	run           proof.Run
	kept, further bool
}

// try makes a change, and takes it back unless the test is proven with it or fails further on.
func (m *mender) try(ctx context.Context, t proof.Test, failed proof.Run, r remedy, way []remedy) (attempt, error) {
	m.tried[t.ID]++
	r.Test, r.Number = t.ID, m.tried[t.ID]
	s := m.v.ledger.now()
	old, known := repairOf(s, t.ID, r.Number)
	if known && (old.File != r.File || old.Line != r.Line || old.After != r.After) {
		m.v.note("the recording of %s was changed since an earlier attempt", titleOf(t))
		return attempt{}, nil
	}
	if err := m.apply(r.Repair); err != nil {
		return attempt{}, err
	}
	mends, end, err := m.prove(ctx, t, failed, append(slices.Clip(way), r))
	if err != nil {
		return attempt{}, err
	}
	if end.further {
		return end, nil
	}
	if !end.kept {
		err = m.undo([]remedy{r})
	}
	return end, errors.Join(err, m.v.ledger.write(ctx, mends...))
}

func repairOf(s proof.State, test string, number int) (proof.Repair, bool) {
	i := slices.IndexFunc(s.Repairs, func(r proof.Repair) bool { return r.Test == test && r.Number == number })
	if i < 0 {
		return proof.Repair{}, false
	}
	return s.Repairs[i], true
}

// prove runs a test with changes, the last of which is new: once, then as often as every test, then those tests that the
// changes concern too. It answers what is to be written down.
func (m *mender) prove(ctx context.Context, t proof.Test, failed proof.Run, way []remedy) ([]proof.Command, attempt, error) {
	last := &way[len(way)-1]
	end := attempt{remedy: *last}
	err := m.play(ctx, t, last.Number, 1)
	if err != nil && !errors.Is(err, runner.ErrProject) {
		return nil, end, err
	}
	run, ran := m.v.ledger.now().Run(planned{purpose: proof.Stability, repair: last.Number}.key(t.ID))
	end.run = run
	why := ""
	switch {
	case err != nil:
		why = err.Error()
	case !ran:
		why = "it was not run"
	case run.Outcome == proof.Failed && further(failed, run):
		end.further = true
		return nil, end, nil
	case run.End != nil:
		why = firstLine(run.End.Message)
	case run.Outcome != proof.Passed:
		why = string(run.Outcome)
	case run.Assertions < failed.Assertions:
		why = fmt.Sprintf("it asked %d assertions, where it had asked %d before it failed", run.Assertions, failed.Assertions)
	}
	var others []proof.Repair
	if why == "" {
		if why, others, err = m.gate(ctx, t, way); err != nil {
			return nil, end, err
		}
	}
	end.kept = why == ""
	var mends []proof.Command
	if !end.kept {
		last.Message = m.v.plain(why)
		mends = append(mends, proof.Mend{Repair: last.Repair})
	} else {
		m.holds[t.ID] = last.Number
		for _, r := range way {
			r.Kept = true
			m.say(t, r.Repair)
			mends = append(mends, proof.Mend{Repair: r.Repair})
		}
	}
	for _, r := range others {
		if end.kept {
			m.holds[r.Test] = r.Number
		} else if r.Kept {
			r.Kept, r.Message = false, "the change was taken back: "+m.v.plain(why)
		}
		mends = append(mends, proof.Mend{Repair: r})
	}
	return mends, end, nil
}

func (m *mender) say(t proof.Test, r proof.Repair) {
	m.v.note("%s is repaired: %s:%d: %s → %s: %s", titleOf(t), r.File, r.Line, inLine(r.Before), inLine(r.After), r.Reason)
}

func inLine(code string) string { return strings.Join(strings.Fields(code), " ") }

// further says whether a run failed later than another, where a repair may help again.
func further(before, after proof.Run) bool {
	if beyondRepair(after.End) != "" || before.End == nil {
		return false
	}
	a, b := before.End, after.End
	return b.File != a.File || b.Line > a.Line || b.Assertion > a.Assertion
}

// gate runs a test that was changed as often as every test, and then those that the changes concern too: none of them may
// be proven no longer. It says why the changes cannot stay, and what they are for the other tests.
func (m *mender) gate(ctx context.Context, t proof.Test, way []remedy) (why string, others []proof.Repair, err error) {
	last := way[len(way)-1].Repair
	if err := m.play(ctx, t, last.Number, m.v.in.Runs); err != nil {
		return "", nil, err
	}
	if v := verdictWith(m.v.ledger.now(), t.ID, last.Number); !v.Proven {
		return v.Why, nil, nil
	}
	for _, o := range m.concerned(t, way) {
		s := m.v.ledger.now()
		was := s.Verdict(o.ID).Proven
		if failed, _ := firstFailed(s, o.ID, m.holds[o.ID]); !was && beyondRepair(failed.End) != "" {
			continue
		}
		m.tried[o.ID]++
		r := last
		for _, w := range way {
			if slices.Contains(ids(m.concerned(t, []remedy{w})), o.ID) {
				r = w.Repair
			}
		}
		r.Test, r.Number, r.Reason = o.ID, m.tried[o.ID], "it was changed for "+titleOf(t)
		if err := m.play(ctx, o, r.Number, m.v.in.Runs); err != nil {
			return "", nil, err
		}
		v := verdictWith(m.v.ledger.now(), o.ID, r.Number)
		r.Kept, r.Message = v.Proven, v.Why
		if others = append(others, r); was && !v.Proven {
			return fmt.Sprintf("%s uses it too, and no longer passes: %s", titleOf(o), v.Why), others, nil
		}
	}
	return "", others, nil
}

func ids(tests []proof.Test) []string {
	var out []string
	for _, t := range tests {
		out = append(out, t.ID)
	}
	return out
}

// verdictWith is a test's verdict if a repair were kept.
func verdictWith(s proof.State, test string, number int) proof.Verdict {
	s.Repairs = append(slices.Clip(s.Repairs), proof.Repair{Test: test, Number: number, Kept: true})
	return s.Verdict(test)
}

// play makes the first runs of a test with a repair, those that are not yet made.
func (m *mender) play(ctx context.Context, t proof.Test, number, runs int) error {
	for _, b := range stability(m.v.in) {
		b.runs = slices.DeleteFunc(b.runs, func(p planned) bool { return p.index >= runs })
		for i := range b.runs {
			b.runs[i].repair = number
		}
		err := m.v.play(ctx, b, []proof.Test{t}, func(ctx context.Context, x *session, r runner.Result) {
			if x.test.ID == t.ID { // others may stand in the same line
				m.v.keep(ctx, x, r)
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// redo makes the changes again that an earlier attempt of the job kept.
func (m *mender) redo(s proof.State, t proof.Test) error {
	for _, r := range s.Repairs {
		if !r.Kept || r.Test != t.ID {
			continue
		}
		if err := m.apply(r); err != nil {
			return err
		}
		m.say(t, r)
		for _, o := range s.Repairs { // tests that were run again because of it
			if o.File == r.File && o.Line == r.Line && o.After == r.After && o.Number > m.tried[o.Test] {
				m.tried[o.Test], m.holds[o.Test] = o.Number, o.Number
			}
		}
	}
	m.tried[t.ID], m.holds[t.ID] = s.Repair(t.ID), s.Repair(t.ID)
	return nil
}

// apply changes a file; what was changed so already stays.
func (m *mender) apply(r proof.Repair) error {
	return m.change(r.File, r.Line, r.Before, r.After)
}

// undo takes changes back, the last one first.
func (m *mender) undo(list []remedy) error {
	for _, r := range slices.Backward(list) {
		if err := m.change(r.File, r.Line, r.After, r.Before); err != nil {
			return err
		}
	}
	return nil
}

func (m *mender) change(file string, line int, before, after string) error {
	old, err := m.files.ReadFile(file)
	if err != nil {
		return err
	}
	changed, err := swap(old, line, before, after)
	if err != nil {
		return fmt.Errorf("%s:%d: %w", file, line, err)
	}
	if _, known := m.came[file]; !known {
		m.came[file] = old
	}
	return m.files.WriteFile(file, changed, 0o644)
}

// errChanged says that lines are not those that were to be changed.
var errChanged = errors.New("there is something else in this line")

// swap puts lines into the place of others, from a line on, from 1. Where they stand already nothing changes.
func swap(text []byte, line int, before, after string) ([]byte, error) {
	at := 0
	for range line - 1 {
		n := bytes.IndexByte(text[at:], '\n')
		if n < 0 {
			return nil, errChanged
		}
		at += n + 1
	}
	whole := func(lines string) bool {
		rest, ok := bytes.CutPrefix(text[at:], []byte(lines))
		return ok && (len(rest) == 0 || rest[0] == '\n')
	}
	switch {
	case whole(before):
		return slices.Concat(text[:at], []byte(after), text[at+len(before):]), nil
	case whole(after):
		return text, nil
	}
	return nil, errChanged
}

// store keeps what was changed as a patch of the project's folder.
func (m *mender) store(ctx context.Context) error {
	var patch []byte
	for _, file := range slices.Sorted(maps.Keys(m.came)) {
		now, err := m.files.ReadFile(file)
		if err != nil {
			return err
		}
		patch = append(patch, diff.Diff("a/"+file, m.came[file], "b/"+file, now)...)
	}
	if len(patch) == 0 {
		return nil
	}
	_, err := m.v.job.Store(ctx, "repairs.patch", "text/x-diff", bytes.NewReader(patch))
	return err
}
