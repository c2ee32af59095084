package cases

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"

	"tapedeck/artifacts"
	"tapedeck/domain/knowledge"
	"tapedeck/domain/recording"
	"tapedeck/eventstore/jobs"
	"tapedeck/proxy"
	"tapedeck/proxy/har"
	"tapedeck/workers"
	"tapedeck/workers/cases/derive"
)

// Bounds of what is read; what is beyond is noted.
const (
	maxDocuments = 10_000
	maxPassages  = 20_000
	maxText      = 32 << 20  // bytes of a document's text
	maxPage      = 16 << 20  // bytes of a recorded page
	maxNetwork   = 256 << 20 // bytes of bodies in a recording's network
	maxBody      = 64 << 10  // bytes of a refusal that are looked at
)

// gatherer reads what cases are derived from.
type gatherer struct {
	cfg   Config
	job   *workers.Job
	state recording.State

	documents, requirements int
	notes                   []string
}

func (g *gatherer) note(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(g.notes, text) && len(g.notes) < 50 {
		g.notes = append(g.notes, text)
	}
}

func (g *gatherer) gather(ctx context.Context, sources []string) (derive.Material, error) {
	m := derive.Material{Recording: g.state.Document()}
	var err error
	if m.Forms, err = g.forms(ctx); err != nil {
		return m, err
	}
	g.job.Progress(20, "read the recording's pages")
	if m.Answers, err = g.answers(ctx); err != nil {
		return m, err
	}
	g.job.Progress(30, "read the recording's network")
	if len(sources) == 0 {
		g.note("no source was named: nothing was compared with documents")
	}
	for i, id := range sources {
		found, err := g.source(ctx, id, maxPassages-len(m.Passages))
		if err != nil {
			return m, err
		}
		m.Passages = append(m.Passages, found...)
		g.job.Progress(30+50*float64(i+1)/float64(len(sources)), fmt.Sprintf("read %d documents", g.documents))
	}
	return m, nil
}

func (g *gatherer) artefact(ctx context.Context, name string) (*artifacts.Reader, error) {
	return g.cfg.Files.Read(ctx, artifacts.Key{JobID: g.state.ID, Attempt: max(g.state.Attempt, 1), Name: name}, 0, -1)
}

// forms are those of the pages that the steps' documents show.
func (g *gatherer) forms(ctx context.Context) ([]*derive.Form, error) {
	var out []*derive.Form
	sure, doubtful := map[string]bool{}, map[*derive.Form]bool{}
	pages := 0
	for _, s := range g.state.Steps {
		if s.Evidence == nil || s.Evidence.DOM == "" || s.Disabled {
			continue
		}
		r, err := g.artefact(ctx, s.Evidence.DOM)
		if errors.Is(err, artifacts.ErrNotFound) || errors.Is(err, artifacts.ErrName) {
			g.note("the document of step %s is not there any more", s.ID)
			continue
		}
		if err != nil {
			return nil, err
		}
		found, err := derive.ReadForms(io.LimitReader(r, maxPage), derive.Page{
			StepID: s.ID, File: s.Evidence.DOM, Title: s.Evidence.Title, URL: cmp.Or(s.Evidence.Navigated, s.Evidence.URL),
		})
		if err = errors.Join(err, r.Close()); err != nil {
			return nil, err
		}
		pages++
		for _, f := range found { // where the page went elsewhere, the document may be that of either: others know better whose it is
			if doubtful[f] = s.Evidence.Navigated != ""; !doubtful[f] {
				sure[f.Key] = true
			}
		}
		out = append(out, found...)
	}
	out = slices.DeleteFunc(out, func(f *derive.Form) bool { return doubtful[f] && sure[f.Key] })
	if pages == 0 {
		g.note("the recording holds no documents of its pages: record with Documents switched on for cases of forms")
	}
	return out, nil
}

// refusing are statuses by which servers say that what was sent does not do.
var refusing = []int{400, 401, 403, 409, 412, 413, 415, 422}

// answers are the refusals in the recording.
func (g *gatherer) answers(ctx context.Context) ([]derive.Answer, error) {
	var out []derive.Answer
	for _, s := range g.state.Steps {
		if s.Evidence == nil || s.Disabled {
			continue
		}
		for _, r := range s.Evidence.Requests {
			if slices.Contains(refusing, r.Status) && !slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodOptions}, r.Method) {
				out = append(out, derive.Answer{StepID: s.ID, Entry: r.Entry, Method: r.Method, URL: r.URL, Status: r.Status})
			}
		}
	}
	if len(out) == 0 {
		return nil, nil
	}
	entries, err := g.network(ctx)
	if err != nil {
		return nil, err
	}
	for i := range out {
		a := &out[i]
		if a.Entry < 0 || a.Entry >= len(entries) || entries[a.Entry].Request.Method != a.Method || entries[a.Entry].Request.URL != a.URL {
			continue // the network was not kept whole; the status alone is known
		}
		if resp := entries[a.Entry].Response; resp != nil && resp.Body != nil {
			body, err := resp.Body.Bytes()
			if err != nil {
				return nil, err
			}
			a.Text, a.Fields = refusal(body[:min(len(body), maxBody)])
		}
	}
	return out, nil
}

func (g *gatherer) network(ctx context.Context) ([]proxy.Entry, error) {
	r, err := g.artefact(ctx, "network.har")
	if errors.Is(err, artifacts.ErrNotFound) {
		g.note("the recording holds no network: what servers said is not known")
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	entries, err := har.Read(r, maxNetwork)
	if errors.Is(err, har.ErrTooLarge) {
		g.note("the recording's network holds more than %d MiB: what servers said was not read", maxNetwork>>20)
		return nil, r.Close()
	}
	if err != nil {
		return nil, workers.Permanent(CodeRecording, errors.Join(fmt.Errorf("recording %s: %w", g.state.ID, err), r.Close()))
	}
	return entries, r.Close()
}

// source reads the documents of a source, at most so many passages.
func (g *gatherer) source(ctx context.Context, id string, most int) ([]derive.Passage, error) {
	s, err := g.cfg.Jobs.LoadSource(ctx, id)
	if errors.Is(err, jobs.ErrNoKnowledge) || err == nil && s.Project != g.job.Project() {
		return nil, workers.Permanent(CodeSource, fmt.Errorf("there is no source %s in the project %s: `tapedeck knowledge sources` lists them", id, g.job.Project()))
	}
	if err != nil {
		return nil, err
	}
	if s.Removed {
		g.note("the source “%s” was removed", s.Name)
		return nil, nil
	}
	var out []derive.Passage
	for _, key := range slices.Sorted(maps.Keys(s.Entries)) {
		if g.documents == maxDocuments {
			g.note("more than %d documents: the others were not read", maxDocuments)
			break
		}
		found, err := g.document(ctx, s.Entries[key].DocumentID)
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
		if len(out) > most {
			g.note("more than %d passages demand something: the others were not read", maxPassages)
			out = out[:most]
			break
		}
	}
	for _, p := range out {
		if p.Requirement != "" {
			g.requirements++
		}
	}
	return out, nil
}

// document reads what a document demands.
func (g *gatherer) document(ctx context.Context, id string) ([]derive.Passage, error) {
	d, err := g.cfg.Jobs.LoadDocument(ctx, id, 0)
	if errors.Is(err, jobs.ErrNoKnowledge) || err == nil && d.Removed {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	r, err := g.cfg.Files.OpenText(ctx, d.Text.SHA256)
	if errors.Is(err, artifacts.ErrNotFound) {
		g.note("the text of “%s” is not there any more", d.Title)
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(r, maxText))
	if err = errors.Join(err, r.Close()); err != nil {
		return nil, err
	}
	if int64(len(text)) < d.Text.Size {
		g.note("only the first %d MiB of “%s” were read", maxText>>20, d.Title)
	}
	g.documents++
	var out []derive.Passage
	for _, p := range knowledge.Split(d.ID, text) {
		if derive.Demands(p) {
			out = append(out, derive.Passage{
				Passage: p, SourceID: d.SourceID, DocumentID: d.ID, Title: d.Title, URL: d.URL, Version: d.Version, Hash: hex.EncodeToString(d.Text.SHA256[:]),
			})
		}
	}
	return out, nil
}
