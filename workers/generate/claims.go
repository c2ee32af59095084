package generate

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"tapedeck/domain/recording"
	"tapedeck/workers"
	"tapedeck/workers/generate/learn"
	"tapedeck/workers/generate/typescript"
	"tapedeck/workers/verify"
)

// Rehearse runs a project that is being written, as verify.Verifier does.
type Rehearse func(context.Context, *workers.Job, verify.Rehearsal) (verify.Rehearsed, error)

// looks is how often the flow is run to see what its steps change: what is claimed has to be the same each time.
const looks = 2

// learn adds claims of what the steps change, each of which noticed that what it is about was changed. Where the flow
// itself does not pass, nothing is added, and a note says why: its proof will tell more.
func (c Config) learn(ctx context.Context, j *workers.Job, doc recording.Document, o typescript.Options) (recording.Document, []string, error) {
	doc.Steps = slices.Clone(doc.Steps)
	for i := range doc.Steps {
		doc.Steps[i].ID = cmp.Or(doc.Steps[i].ID, fmt.Sprintf("step-%d", i+1))
	}
	j.Progress(-1, "looking at what the steps change")
	o.Probe = true
	draft, err := typescript.Write(doc, o)
	if err != nil {
		return doc, nil, err
	}
	seen, err := c.Rehearse(ctx, j, verify.Rehearsal{Recording: doc.ID, Files: draft.Files, Runs: looks, Test: rehearsalTime(doc)})
	if err != nil {
		return doc, nil, err
	}
	if len(seen.Views) < looks {
		return doc, []string{"nothing could be learnt of what the steps change: the flow did not pass on the twin: " + seen.String()}, nil
	}
	o.Probe, o.Soft = false, true
	with := propose(doc, draft.Asked, seen.Views)
	j.Progress(-1, fmt.Sprintf("checking %d assertions", claims(with)))
	p, err := typescript.Write(with, o)
	if err != nil {
		return doc, nil, err
	}
	tried, err := c.Rehearse(ctx, j, verify.Rehearsal{Recording: doc.ID, Files: p.Files, Runs: 1, LatencyMS: shaken, Check: true, Test: rehearsalTime(doc)})
	if err != nil {
		return doc, nil, err
	}
	var notes []string
	useful := map[string]bool{}
	for i, id := range p.Asked {
		switch {
		case !strings.Contains(id, learn.Mark): // the recording's own stay
		case slices.Contains(tried.Broken, i+1):
			j.Logf(slog.LevelInfo, "an assertion is given up that does not always hold: %s", words(with, id))
		case i >= tried.Asked: // the test did not come to it
		case i < len(tried.Checks) && tried.Checks[i].Tried > 0 && tried.Checks[i].Noticed == 0:
			j.Logf(slog.LevelInfo, "an assertion is given up that notices nothing: %s", words(with, id))
		default:
			useful[id] = true
		}
	}
	if tried.Asked < len(p.Asked) {
		notes = append(notes, fmt.Sprintf("assertions were added up to the %dth of %d only: %s", tried.Asked, len(p.Asked), tried))
	}
	with.Steps = slices.DeleteFunc(with.Steps, func(s recording.Step) bool { return s.By == learn.By && !useful[s.ID] })
	j.Logf(slog.LevelInfo, "%d assertions were added to %d steps", claims(with), len(doc.Steps))
	return with, notes, nil
}

// rehearsalTime is how long one run may take: each step is looked at until the page is still.
func rehearsalTime(doc recording.Document) time.Duration {
	return 3*time.Minute + time.Duration(len(doc.Steps))*time.Second
}

// shaken is how late answers may be when claims are tried: one that holds only when all is quick is given up.
const shaken = 500

// propose adds claims after the steps whose pages changed. asked are the ids of the draft's assertions.
func propose(doc recording.Document, asked []string, views []verify.Shown) recording.Document {
	out := doc
	out.Steps = nil
	pages := []string{"page"}
	last := map[string][]learn.Page{}
	learned := learn.Flow{Hidden: secrets(doc)}
	var pending []recording.Step
	for i, s := range doc.Steps {
		out.Steps = append(out.Steps, s)
		if s.Disabled {
			continue
		}
		switch {
		case s.Type == recording.OpenPage:
			pages = append(pages, s.Page)
		case s.Type == recording.ClosePage:
			pages = slices.DeleteFunc(pages, func(p string) bool { return p == cmp.Or(s.Page, "page") })
			delete(last, s.Page)
		case s.Value != nil && s.Value.Secret == "" && s.Value.Text != "":
			learned.Typed = append(learned.Typed, s.Value.Text)
		}
		if at := slices.Index(asked, s.ID); at >= 0 && s.Type != recording.Assert && s.Type != recording.Download {
			name := cmp.Or(s.Page, "page")
			// A page that the step brings is there already when it is looked at.
			after := shownAt(views, at+1, slices.Index(pages, name))
			pending = append(pending, learned.Claims(learn.Moment{Step: s, Before: last[name], After: after})...)
			last[name] = after
		}
		if i+1 == len(doc.Steps) || !doc.Steps[i+1].Follows() {
			out.Steps = append(out.Steps, pending...)
			pending = nil
		}
	}
	return out
}

// secrets are what stands in the recording for texts that were entered in secret.
func secrets(doc recording.Document) []string {
	var out []string
	add := func(v recording.Value) {
		if v.Secret != "" && v.Text != "" {
			out = append(out, v.Text)
		}
	}
	for _, s := range doc.Steps {
		if s.Value != nil {
			add(*s.Value)
		}
		for _, v := range s.Values {
			add(v)
		}
	}
	return out
}

// shownAt is what a page showed after an assertion, in each run; none where one did not see it.
func shownAt(views []verify.Shown, assertion, page int) []learn.Page {
	var out []learn.Page
	for _, v := range views {
		list := v[assertion]
		if page < 0 || page >= len(list) || list[page].Unknown {
			return nil
		}
		out = append(out, learn.Page{URL: list[page].URL, Aria: list[page].Aria})
	}
	return out
}

func claims(doc recording.Document) int {
	n := 0
	for _, s := range doc.Steps {
		if s.By == learn.By {
			n++
		}
	}
	return n
}

func words(doc recording.Document, id string) string {
	i := slices.IndexFunc(doc.Steps, func(s recording.Step) bool { return s.ID == id })
	return doc.Steps[i].Words()
}
