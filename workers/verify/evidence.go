package verify

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"tapedeck/domain/proof"
	"tapedeck/workers/verify/runner"
	"tapedeck/workers/video"
)

// films makes the first failed run of each test that is not proven once more, with a trace and a film of it: made of every
// run they would take as long as the tests.
func (v *verification) films(ctx context.Context) error {
	s := v.ledger.now()
	by := map[int][]planned{}
	for _, t := range v.tests {
		r, failed := firstFailed(s, t.ID, s.Repair(t.ID))
		if failed && r.Again == "" && !s.Verdict(t.ID).Proven {
			by[r.Conditions.Workers] = append(by[r.Conditions.Workers], planned{
				purpose: r.Purpose, index: r.Index, conditions: r.Conditions, mutant: -1, repair: r.Repair, film: t.ID,
			})
		}
	}
	for _, workers := range slices.Sorted(maps.Keys(by)) {
		if v.stopped() {
			return errStopped
		}
		v.job.Progress(-1, "filming what failed")
		err := v.play(ctx, batch{workers: workers, runs: by[workers]}, v.tests, func(ctx context.Context, x *session, r runner.Result) {
			run := x.record(r)
			f := proof.Filmed{Key: run.Key, Outcome: run.Outcome}
			if run.Outcome == proof.Passed {
				v.note("%s passed when run %d was made once more: it fails now and then", titleOf(x.test), run.Index+1)
			} else {
				keep := v.keeper(ctx, x, &f.Evidence)
				for _, a := range r.Attachments {
					if err := v.attachment(ctx, a, keep); err != nil {
						v.note("%s of run %d: %s: %v", titleOf(x.test), run.Index+1, a.Name, err)
					}
				}
			}
			if err := v.ledger.write(ctx, proof.Film{Filmed: f}); err != nil {
				v.note("a film could not be written down: %v", err)
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// keeper stores what is known of a run.
func (v *verification) keeper(ctx context.Context, x *session, names *[]string) func(name, kind string, data io.Reader) {
	folder := fmt.Sprintf("runs/%s-%d-%s", x.plan.purpose, x.plan.index+1, x.test.ID)
	if x.plan.repair > 0 {
		folder += fmt.Sprintf("-repair-%d", x.plan.repair)
	}
	return func(name, kind string, data io.Reader) {
		name = path.Join(folder, name)
		if _, err := v.job.Store(ctx, name, kind, data); err != nil {
			v.note("%s was not kept: %v", name, err)
			return
		}
		*names = append(*names, name)
	}
}

// evidence keeps what of a run did not fit the recording.
func (v *verification) evidence(ctx context.Context, x *session, r runner.Result) []string {
	if r.Status == "passed" && len(x.report.Drift) == 0 {
		return nil
	}
	var names []string
	report := x.report
	if why := v.unshown(); why != "" {
		report.Notes = append(slices.Clip(report.Notes), why)
	} else if !v.in.KeepTraces {
		report.Notes = append(slices.Clip(report.Notes), "No trace and no film were kept: this was not asked for.")
	}
	if raw, err := json.Marshal(report, jsontext.WithIndent("  ")); err == nil {
		v.keeper(ctx, x, &names)("network.json", "", strings.NewReader(v.plain(string(raw))))
	}
	return names
}

// unshown says why nothing is kept that shows pages: a trace and a film hold what was typed and shown.
func (v *verification) unshown() string {
	switch {
	case v.site != nil:
		return "No trace and no film were kept: on a live site pages may show secrets."
	case len(v.hidden) > 0:
		return "No trace and no film were kept: the tests were given secrets, which pages may show."
	}
	return ""
}

// attachment keeps a file that a run left, and the film in a trace. It is opened below the folder of results: a test may
// have made it a link.
func (v *verification) attachment(ctx context.Context, a runner.Attachment, keep func(name, kind string, data io.Reader)) error {
	if a.Path == "" {
		return nil
	}
	f, err := openBelow(v.out, a.Path)
	if err != nil {
		return errors.New("it could not be read")
	}
	defer func() { _ = f.Close() }()
	keep(path.Base(a.Path), a.ContentType, f)
	if a.Name != "trace" {
		return nil
	}
	return v.film(ctx, f, func(film io.Reader) { keep("video.webm", "", film) })
}

func openBelow(dir, name string) (*os.File, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }()
	name, err = filepath.Rel(dir, name)
	if err != nil {
		return nil, err
	}
	f, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a pipe that nobody writes is not waited for
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, errors.Join(err, f.Close(), fs.ErrInvalid)
	}
	return f, nil
}

// film makes a video of the pictures that Playwright has put into its trace anyway: it costs a run nothing.
func (v *verification) film(ctx context.Context, trace *os.File, keep func(io.Reader)) error {
	ffmpeg, err := v.cfg.Programs.Places.FindFFmpeg()
	if err != nil {
		return fmt.Errorf("no film: %w", err)
	}
	dir, err := os.MkdirTemp(v.out, "film-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	info, err := trace.Stat()
	if err != nil {
		return err
	}
	frames, err := video.FromTrace(trace, info.Size(), dir)
	if err != nil || len(frames) == 0 {
		return err
	}
	out := filepath.Join(dir, "video.webm")
	if err := video.Encode(ctx, ffmpeg, filepath.Join(dir, "frames.txt"), out, frames, 0); err != nil {
		return fmt.Errorf("no film: %w", err)
	}
	f, err := os.Open(out)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	keep(f)
	return nil
}

// storeReports writes the proof for other programs: as JSON, and as JUnit's XML, whose readers every CI has.
func (v *verification) storeReports(ctx context.Context, s proof.State) error {
	raw, err := json.Marshal(s, json.Deterministic(true), jsontext.WithIndent("  "))
	if err != nil {
		return err
	}
	if _, err := v.job.Store(ctx, "proof.json", "application/json", bytes.NewReader(raw)); err != nil {
		return err
	}
	out, err := xml.MarshalIndent(junit(s), "", "  ")
	if err != nil {
		return err
	}
	_, err = v.job.Store(ctx, "junit.xml", "application/xml", strings.NewReader(xml.Header+string(out)+"\n"))
	return err
}

type suite struct {
	XMLName  xml.Name    `xml:"testsuite"`
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Seconds  string      `xml:"time,attr"`
	Cases    []suiteCase `xml:"testcase"`
}

type suiteCase struct {
	Name    string        `xml:"name,attr"`
	Class   string        `xml:"classname,attr"`
	Seconds string        `xml:"time,attr"`
	Failure *suiteFailure `xml:"failure,omitempty"`
	Said    string        `xml:"system-out,omitempty"`
}

type suiteFailure struct {
	Message string `xml:"message,attr"`
}

// junit has one case for each test; its time is that of all its runs.
func junit(s proof.State) suite {
	out := suite{Name: s.Name, Tests: len(s.Tests)}
	for _, t := range s.Tests {
		var took int64
		for _, r := range s.Done {
			if r.Test == t.ID {
				took += r.DurationMS
			}
		}
		c := suiteCase{Name: strings.Join(t.Titles, " › "), Class: t.File, Seconds: seconds(took)}
		verdict := s.Verdict(t.ID)
		if !verdict.Proven {
			out.Failures++
			c.Failure = &suiteFailure{Message: verdict.Why}
		}
		c.Said = fmt.Sprintf("passed %d of %d runs; noticed %d of %d visible faults", verdict.Passed, verdict.Counted, verdict.Score.Killed, verdict.Score.Visible)
		for _, r := range s.Repairs {
			if r.Test == t.ID && r.Kept {
				c.Said += fmt.Sprintf("; repaired at %s:%d: %s", r.File, r.Line, strings.TrimSpace(r.After))
			}
		}
		out.Cases = append(out.Cases, c)
	}
	out.Seconds = seconds(s.DurationMS)
	return out
}

func seconds(ms int64) string { return fmt.Sprintf("%.3f", float64(ms)/1000) }
