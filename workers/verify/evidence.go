package verify

import (
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"os"
	"path"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"tapedeck/domain/proof"
	"tapedeck/workers/verify/runner"
)

// evidence keeps what shows why a run did not pass: what did not fit the recording, and what Playwright kept. On the twin
// pages hold the recording's placeholders, never a secret.
func (v *verification) evidence(ctx context.Context, x *session, r runner.Result) []string {
	if r.Status == "passed" && len(x.report.Drift) == 0 {
		return nil
	}
	folder := fmt.Sprintf("runs/%s-%d-%s", x.plan.purpose, x.plan.index+1, x.test.ID)
	if x.plan.repair > 0 {
		folder += fmt.Sprintf("-repair-%d", x.plan.repair)
	}
	var names []string
	keep := func(name string, data []byte) {
		if _, err := v.job.Store(ctx, name, "", bytes.NewReader(data)); err != nil {
			v.note("%s was not kept: %v", name, err)
			return
		}
		names = append(names, name)
	}
	if report, err := json.Marshal(x.report, jsontext.WithIndent("  ")); err == nil {
		keep(path.Join(folder, "network.json"), []byte(v.plain(string(report))))
	}
	for _, a := range r.Attachments {
		if a.Path == "" || len(v.hidden) > 0 || v.site != nil { // a trace holds what was typed and shown
			continue
		}
		f, err := os.Open(a.Path)
		if err != nil {
			continue
		}
		name := path.Join(folder, path.Base(a.Path))
		if _, err := v.job.Store(ctx, name, a.ContentType, f); err == nil {
			names = append(names, name)
		}
		_ = f.Close()
	}
	return names
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
