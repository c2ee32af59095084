package verify

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"tapedeck/domain/proof"
	"tapedeck/proxy"
	"tapedeck/proxy/twin"
	"tapedeck/workers/verify/mutant"
	"tapedeck/workers/verify/runner"
)

// settleWithin is how long a run waits for requests that the recording has and that are still to come.
const settleWithin = 3 * time.Second

// session is one run of one test.
type session struct {
	test    proof.Test
	plan    planned
	run     *twin.Run
	proxy   *proxy.Session
	applied *atomic.Bool

	mu      sync.Mutex
	seen    view
	ended   runner.Ended
	report  twin.Report
	refused []string // requests that the environment does not allow
	drifted bool
	over    bool
}

// view is what was seen of a run.
type view struct {
	assertions []runner.Observation
	// shown are the lines that pages showed at each checkpoint.
	shown    map[int][]runner.PageView
	elements []mutant.Element
	covered  map[string][][2]int
	requests map[string]int
	applied  bool
	took     time.Duration // the whole run
	// tried are the faults that were tried in place, by id; unasked says that not every assertion was asked about all of them.
	tried   map[string]inPlaceTried
	unasked bool
	checks  []proof.Check
}

// stage is the Host of one batch.
type stage struct {
	v     *verification
	batch batch
	onRun func(context.Context, *session, runner.Result)

	mu    sync.Mutex
	open  map[string]*session
	about map[string]*session // by test and repetition
	// skipped are those, likewise, that were not to be run.
	skipped map[string]bool
	count   int
}

func (v *verification) stage(b batch, onRun func(context.Context, *session, runner.Result)) *stage {
	return &stage{v: v, batch: b, onRun: onRun, open: map[string]*session{}, about: map[string]*session{}, skipped: map[string]bool{}}
}

// Begin implements runner.Host.
func (s *stage) Begin(ctx context.Context, t runner.Test) (string, runner.Setup, error) {
	test, ok := s.v.test(t)
	if !ok || t.Repeat >= len(s.batch.runs) {
		return "", runner.Setup{}, fmt.Errorf("test %q was not there when the project was listed: its titles have to be the same every time", t.Titles)
	}
	plan := s.batch.runs[t.Repeat]
	if s.v.known(s.v.ledger.now(), plan, test.ID) { // another test's turn
		s.mu.Lock()
		defer s.mu.Unlock()
		s.skipped[place(test.ID, t.Repeat)] = true
		return "", runner.Setup{Skip: true}, nil
	}
	if s.v.site != nil {
		return s.beginLive(test, plan, t.Repeat)
	}
	src := s.v.sources[test.Recording]
	o := twin.RunOptions{
		Pin: true, Seed: plan.conditions.Seed, MaxLatency: time.Duration(plan.conditions.LatencyMS) * time.Millisecond,
	}
	if test.Until != "" {
		o.Until, _ = src.until(test.Until)
	}
	applied := &atomic.Bool{}
	switch {
	case plan.mutant >= 0:
		o, applied = s.v.sites[test.Recording][plan.mutant].Put(o)
	case plan.purpose == proof.Baseline:
		o.Scripts = []string{mutant.Inventory()}
	}
	run := src.tape.Play(o)
	p, err := s.v.cfg.Proxy.Open(proxy.SessionConfig{Origin: run, Limits: proxy.Limits{MaxBody: 1, MaxMemory: 1 << 20}})
	if err != nil {
		return "", runner.Setup{}, err
	}
	env := maps.Clone(src.secrets)
	maps.Copy(env, s.v.secrets)
	looked := plan.purpose == proof.Baseline || plan.mutant >= 0
	setup := runner.Setup{
		Proxy: p.Addr(), BaseURL: src.origin, Env: env, CPUThrottle: plan.conditions.CPU, Patience: s.patience(test, plan), Checkpoints: looked,
		Coverage: plan.purpose == proof.Baseline, InitScript: run.PinScript(), InPlace: s.v.setupInPlace(plan, s.v.sites[test.Recording]),
	}
	x := &session{test: test, plan: plan, run: run, proxy: p, applied: applied, seen: view{shown: map[int][]runner.PageView{}, covered: map[string][][2]int{}}}
	return s.keep(x, t.Repeat), setup, nil
}

// patience is by how much a run is slowed down: by the processor it is given, and by those beside it. A test that fails
// when it is left alone does not fail for want of time.
func (s *stage) patience(test proof.Test, plan planned) float64 {
	if plan.purpose != proof.Stability && plan.purpose != proof.Live {
		return 1
	}
	calm := plan
	calm.index = 0
	if r, ran := s.v.ledger.now().Run(calm.key(test.ID)); ran && r.Outcome != proof.Passed {
		return 1
	}
	return float64(max(plan.conditions.CPU, 1)) * max(1, float64(plan.conditions.Workers)/float64(runtime.NumCPU()))
}

// beginLive lets a run out to the environment.
func (s *stage) beginLive(test proof.Test, plan planned, repeat int) (string, runner.Setup, error) {
	site := s.v.site
	p, err := s.v.cfg.Proxy.Open(proxy.SessionConfig{
		Policy: s.v.cfg.Egress, Admit: site.admit, IgnoreHTTPSErrors: site.IgnoreHTTPSErrors, Limits: proxy.Limits{MaxBody: 1, MaxMemory: 1 << 20},
	})
	if err != nil {
		return "", runner.Setup{}, err
	}
	x := &session{test: test, plan: plan, proxy: p, applied: &atomic.Bool{}}
	return s.keep(x, repeat), runner.Setup{
		Proxy: p.Addr(), BaseURL: site.BaseURL, Env: site.variables(s.v.secrets), CPUThrottle: plan.conditions.CPU, Patience: s.patience(test, plan), StorageState: site.login,
	}, nil
}

// keep remembers a run by the name that it answers.
func (s *stage) keep(x *session, repeat int) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count++
	id := strconv.Itoa(s.count)
	s.open[id] = x
	s.about[place(x.test.ID, repeat)] = x
	return id
}

func place(test string, repeat int) string { return test + "/" + strconv.Itoa(repeat) }

func (s *stage) session(id string) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open[id]
}

// Observe implements runner.Host.
func (s *stage) Observe(id string, o runner.Observation) {
	if x := s.session(id); x != nil {
		x.observe(o)
	}
}

func (x *session) observe(o runner.Observation) {
	x.mu.Lock()
	defer x.mu.Unlock()
	switch o.Kind {
	case "assertion":
		x.seen.assertions = append(x.seen.assertions, o)
	case "faults":
		x.seen.unasked = x.seen.unasked || !o.Complete
		for _, f := range o.Faults {
			x.tried(f, o.Index)
		}
	case "check":
		x.seen.checks = append(x.seen.checks, proof.Check{
			Test: x.test.ID, Assertion: o.Index, Matcher: o.Matcher, Subject: o.Subject, File: o.File, Line: o.Line, Tried: o.Tried, Noticed: o.Noticed,
		})
	case "coverage":
		x.seen.covered[o.URL] = append(x.seen.covered[o.URL], o.Ranges...)
	case "checkpoint":
		x.seen.shown[o.At] = o.Pages
		for _, page := range o.Pages {
			for _, told := range page.Told {
				x.seen.elements = append(x.seen.elements, mutant.ReadInventory(told)...)
				x.seen.applied = x.seen.applied || mutant.ReadApplied(told)
			}
		}
	}
}

// Settle implements runner.Host.
func (s *stage) Settle(ctx context.Context, id string) bool {
	x := s.session(id)
	if x == nil || x.plan.purpose != proof.Stability {
		return true
	}
	return x.run.Settle(ctx, settleWithin) && len(x.run.Report().Drift) == 0
}

// Finish implements runner.Host.
func (s *stage) Finish(_ context.Context, id string, e runner.Ended) runner.Verdict {
	x := s.session(id)
	if x == nil {
		return runner.Verdict{}
	}
	x.finish()
	x.mu.Lock()
	defer x.mu.Unlock()
	x.ended = e
	if len(x.refused) > 0 {
		return runner.Verdict{Fail: fmt.Sprintf("%d requests were not let out: %s", len(x.refused), x.refused[0])}
	}
	// Under a fault other requests are to be expected.
	if n := len(x.report.Drift); n > 0 && x.plan.purpose == proof.Stability {
		x.drifted = e.Status == "passed"
		return runner.Verdict{Fail: fmt.Sprintf("%d requests did not fit the recording: %s", n, x.report.Drift[0])}
	}
	return runner.Verdict{}
}

// finish ends the twin; it may be called again.
func (x *session) finish() {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.over {
		return
	}
	x.over = true
	x.proxy.Stop()
	if x.run != nil {
		x.report = x.run.Finish()
	} else {
		x.report.Requests = len(x.proxy.Entries())
		for _, e := range x.proxy.Entries() {
			if e.Error != nil && (e.Error.Code == CodeNotWritable || e.Error.Code == proxy.CodeDenied) {
				x.refused = append(x.refused, e.Error.Message)
			}
		}
	}
	_ = x.proxy.Close()
}

// close ends what a test process left that ended without a word.
func (s *stage) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, x := range s.open {
		x.finish()
	}
}

// result is told of each run as Playwright Test sees it, which has the last word.
func (s *stage) result(ctx context.Context, r runner.Result) {
	test, ok := s.v.test(r.Test)
	if !ok || r.Test.Repeat >= len(s.batch.runs) {
		return
	}
	s.mu.Lock()
	x, skipped := s.about[place(test.ID, r.Test.Repeat)], s.skipped[place(test.ID, r.Test.Repeat)]
	s.mu.Unlock()
	if skipped {
		return
	}
	if x == nil { // it never came to a session: it was skipped, or a hook before it failed
		x = &session{test: test, plan: s.batch.runs[r.Test.Repeat], applied: &atomic.Bool{}, over: true}
	}
	x.finish()
	s.onRun(ctx, x, r)
}

// record is the run as it is written down.
func (x *session) record(r runner.Result) proof.Run {
	x.mu.Lock()
	defer x.mu.Unlock()
	out := proof.Run{
		Key: x.plan.key(x.test.ID), Test: x.test.ID, Purpose: x.plan.purpose, Index: x.plan.index, Conditions: x.plan.conditions,
		DurationMS: r.DurationMS, Assertions: x.ended.Assertions, Requests: x.report.Requests, Drift: len(x.report.Drift), Repair: x.plan.repair,
	}
	for _, d := range x.report.Drift[:min(len(x.report.Drift), 3)] {
		out.Drifted = append(out.Drifted, d.String())
	}
	switch r.Status {
	case "passed":
		out.Outcome = proof.Passed
	case "skipped":
		out.Outcome = proof.Skipped
	default:
		out.Outcome = proof.Failed
		out.End = x.end(r)
	}
	out.Signature = x.signature(out)
	return out
}

// end says how a run ended that did not pass.
func (x *session) end(r runner.Result) *proof.End {
	switch {
	case x.drifted:
		return &proof.End{By: proof.ByDrift, Message: x.report.Drift[0].String()}
	case x.ended.End != nil:
		e := x.ended.End
		return &proof.End{By: proof.By(e.By), Assertion: e.Assertion, Message: e.Message, File: e.File, Line: e.Line}
	case len(r.Errors) > 0:
		return &proof.End{By: proof.ByCrash, Message: r.Errors[0].Message, File: r.Errors[0].File, Line: r.Errors[0].Line}
	case r.Status == "timedOut":
		return &proof.End{By: proof.ByTimeout, Message: "its time was over"}
	}
	return &proof.End{By: proof.ByHarness, Message: "it was interrupted"}
}

// signature is the same for runs under the same conditions in which the same was answered in the same order.
func (x *session) signature(r proof.Run) string {
	h := sha256.New()
	_, _ = fmt.Fprintf(h, "%d %d %d %s\n", r.Conditions.Seed, r.Conditions.LatencyMS, r.Conditions.CPU, r.Outcome)
	for _, s := range x.report.Served {
		_, _ = fmt.Fprintf(h, "%s %s %d %d\n", s.Method, s.URL, s.Entry, s.Status)
	}
	return hex.EncodeToString(h.Sum(nil)[:12])
}
