package kinds

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"tapedeck/domain/job"
	"tapedeck/domain/knowledge"
	"tapedeck/workers"
	"tapedeck/workers/ingest"
	"tapedeck/workers/ingest/extract"
	"tapedeck/workers/ingest/jira"
)

type jiraInput struct {
	JQL         string   `json:"jql" title:"JQL" doc:"Which issues, as in Jira's own search." required:"true" minlen:"1" maxlen:"10000"`
	Fields      []string `json:"fields,omitempty" title:"Fields" doc:"Names or ids of further fields to keep."`
	Criteria    []string `json:"criteria,omitempty" title:"Acceptance criteria" doc:"Names or ids of the fields that hold them; empty looks for the usual names."`
	Comments    bool     `json:"comments,omitzero" title:"Comments" doc:"Keep the comments too."`
	Attachments bool     `json:"attachments,omitzero" title:"Attachments" doc:"Read the attached documents too."`
	Links       bool     `json:"links" title:"Links" doc:"Keep what an issue is linked to."`
	Every       every    `json:"every,omitempty" title:"Again every" doc:"Read what changed again after this time, such as 24h; empty is not." maxlen:"20"`
	Name        string   `json:"name,omitempty" title:"Name" doc:"What the source is called; empty is the JQL." maxlen:"200"`
	Labels      []string `json:"labels,omitempty" title:"Labels"`
}

// jiraDefaults are what is asked for unless something else is.
var jiraDefaults = jiraInput{Links: true}

// Check implements workers.Checker.
func (in jiraInput) Check() []job.Fault {
	if strings.TrimSpace(in.JQL) == "" {
		return []job.Fault{{Path: "jql", Message: "must not be empty"}}
	}
	return in.Every.check()
}

func (c Config) jira() workers.Kind {
	spec := c.spec(knowledge.Jira, "Ingest from Jira", "Keeps the issues that a JQL query finds; later runs read what changed, and notice what is gone.")
	return workers.Define(spec, jiraDefaults, c.runJira)
}

// jiraRun is one attempt.
type jiraRun struct {
	fileReader
	client *jira.Client
	in     jiraInput
	at     jiraState
}

// jiraState is how far the run came. The phases follow one another: what changed, what is still there, what is missing.
type jiraState struct {
	Search jira.State `json:"search,omitzero"`
	Keys   jira.State `json:"keys,omitzero"`
	AsOf   time.Time  `json:"asOf,omitzero"`
	Notes  []string   `json:"notes,omitempty"`
}

// jiraSince is where a later run begins. Input is the digest of what this one was asked for: what another one asks for
// may be missing in issues that did not change.
type jiraSince struct {
	AsOf  time.Time `json:"asOf"`
	Input string    `json:"input"`
}

func (c Config) runJira(ctx context.Context, j *workers.Job, in jiraInput) (any, error) {
	client, err := c.jiraClient()
	if err != nil {
		return nil, workers.Permanent("not_configured", err)
	}
	name := in.Name
	if name == "" {
		name = clip(in.JQL, 200)
	}
	run, err := c.begin(ctx, j, ingest.Definition{Kind: knowledge.Jira, Key: strings.TrimRight(c.Jira.BaseURL, "/") + "\n" + in.JQL, Name: name, Labels: in.Labels}, in, in.Every)
	if err != nil {
		return nil, err
	}
	defer run.Close()
	r := &jiraRun{fileReader: fileReader{run, j, c.Extractor, in.Labels}, client: client, in: in}
	if s := run.State(); s != "" {
		if err := json.Unmarshal([]byte(s), &r.at); err != nil {
			return nil, err
		}
	}
	return r.run(ctx)
}

func (r *jiraRun) run(ctx context.Context) (any, error) {
	since := r.since()
	stopped, err := r.read(ctx, since.AsOf)
	if err == nil && !stopped && !since.AsOf.IsZero() {
		stopped, err = r.compare(ctx)
	}
	switch code := permanent(err); {
	case code != "":
		return fail(ctx, r.Run, code, err)
	case err != nil:
		return nil, errors.Join(err, r.Flush(ctx))
	case stopped:
		return r.Finish(ctx, knowledge.Partial, stoppedEarly, "")
	}
	next, err := json.Marshal(jiraSince{r.at.AsOf, r.in.digest()})
	if err != nil {
		return nil, err
	}
	return r.Finish(ctx, knowledge.Complete, "", string(next))
}

// since is where the last complete run said that this one may begin, if it was asked for the same.
func (r *jiraRun) since() (s jiraSince) {
	if json.Unmarshal([]byte(r.Since()), &s) != nil || s.Input != r.in.digest() {
		return jiraSince{}
	}
	return s
}

func (in jiraInput) digest() string {
	in.Name, in.Labels, in.Every = "", nil, ""
	raw, err := json.Marshal(in, json.Deterministic(true))
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:8])
}

func (in jiraInput) query() jira.Query {
	return jira.Query{JQL: in.JQL, Criteria: in.Criteria, Fields: in.Fields, Comments: in.Comments}
}

// read stores what was changed since a time; the zero time is everything.
func (r *jiraRun) read(ctx context.Context, since time.Time) (stopped bool, err error) {
	q := r.in.query()
	q.UpdatedSince = since
	for !r.at.Search.Done {
		if isStopped(r.job) {
			return true, nil
		}
		page, err := r.client.Search(ctx, q, r.at.Search)
		if err != nil {
			return false, err
		}
		r.say(page.Notes)
		if err := r.store(ctx, page.Issues); err != nil {
			return false, err
		}
		r.at.Search, r.at.AsOf = page.Next, page.AsOf
		if err := r.mark(); err != nil {
			return false, err
		}
	}
	return false, nil
}

// say logs notes once.
func (r *jiraRun) say(notes []string) {
	for _, n := range notes {
		if !slices.Contains(r.at.Notes, n) {
			r.at.Notes = append(r.at.Notes, n)
			r.job.Logf(slog.LevelWarn, "%s", n)
		}
	}
}

func (r *jiraRun) mark() error {
	state, err := json.Marshal(r.at)
	if err == nil {
		r.Mark(string(state))
	}
	return err
}

func (r *jiraRun) store(ctx context.Context, issues []jira.Issue) error {
	for _, issue := range issues {
		if _, err := r.Found(ctx, knowledge.Found{Key: issue.Key}); err != nil {
			return err
		}
		if !r.in.Links {
			issue.Relations = nil
		}
		if err := r.Store(ctx, issueDraft(issue.Document(), r.in.Labels)); err != nil {
			return err
		}
		if r.in.Attachments {
			if err := r.attachments(ctx, issue); err != nil {
				return err
			}
		}
	}
	return nil
}

// compare asks for the keys of everything that the query finds now. What is known and among them is as it was; what is
// not known came into the query without being changed.
func (r *jiraRun) compare(ctx context.Context) (stopped bool, err error) {
	q := jira.Query{JQL: r.in.JQL, KeysOnly: true}
	for !r.at.Keys.Done {
		if isStopped(r.job) {
			return true, nil
		}
		page, err := r.client.Search(ctx, q, r.at.Keys)
		if err != nil {
			return false, err
		}
		if err := r.recognise(ctx, page.Issues); err != nil {
			return false, err
		}
		r.at.Keys = page.Next
		if err := r.mark(); err != nil {
			return false, err
		}
	}
	return false, nil
}

func (r *jiraRun) recognise(ctx context.Context, issues []jira.Issue) error {
	var missing []string
	for _, issue := range issues {
		if _, err := r.Found(ctx, knowledge.Found{Key: issue.Key}); err != nil {
			return err
		}
		if r.Done(issue.Key) {
			continue
		}
		if _, known := r.Known(issue.Key); !known {
			missing = append(missing, issue.Key)
			continue
		}
		if err := r.Unchanged(ctx, append(r.KnownBelow(issue.Key+"/"), issue.Key)...); err != nil {
			return err
		}
	}
	for keys := range slices.Chunk(missing, 50) {
		if err := r.fetch(ctx, keys); err != nil {
			return err
		}
	}
	return nil
}

func (r *jiraRun) fetch(ctx context.Context, keys []string) error {
	q := r.in.query()
	q.JQL = "key in (" + strings.Join(keys, ", ") + ")"
	for state := (jira.State{}); !state.Done; {
		page, err := r.client.Search(ctx, q, state)
		if err != nil {
			return err
		}
		if err := r.store(ctx, page.Issues); err != nil {
			return err
		}
		state = page.Next
	}
	return nil
}

// permanent is the code of an error that another attempt would meet again; empty for any other.
func permanent(err error) string {
	var e *jira.Error
	if !errors.As(err, &e) {
		return ""
	}
	switch e.Code {
	case jira.Invalid, jira.Unauthorized, jira.Forbidden, jira.NotFound, jira.Gone, jira.TooLarge:
		return string(e.Code)
	case jira.RateLimited, jira.Unavailable, jira.Malformed:
	}
	return ""
}

// attachments reads the documents that are attached to an issue. A file never changes: a new one has another id.
func (r *jiraRun) attachments(ctx context.Context, issue jira.Issue) error {
	for _, a := range issue.Attachments {
		key := issue.Key + "/" + a.ID + "/" + a.Name
		family, _, _ := strings.Cut(a.ContentType, "/")
		if slices.Contains([]string{"image", "video", "audio"}, family) {
			continue // the issue names it
		}
		if known := append(r.KnownBelow(key+"/"), r.KnownBelow(key)...); len(known) > 0 {
			if err := r.keepKnown(ctx, known...); err != nil {
				return err
			}
			continue
		}
		if err := r.attachment(ctx, key, issue, a); err != nil {
			return err
		}
	}
	return nil
}

func (r *jiraRun) attachment(ctx context.Context, key string, issue jira.Issue, a jira.Attachment) error {
	local, size, err := spoolFrom(func(w io.Writer) error {
		_, err := r.client.Attachment(ctx, a.ID, w)
		return err
	})
	if code := permanent(err); code != "" && code != string(jira.Unauthorized) {
		return r.fault(ctx, knowledge.Fault{Key: key, Code: code, Message: err.Error()})
	}
	if err != nil {
		return err
	}
	defer func() { _ = local.Close() }()
	_, err = r.keepFile(ctx, extract.File{Name: key, ContentType: a.ContentType, Content: local, Size: size}, func(d *ingest.Draft) {
		if d.Key == key && d.Title == "" {
			d.Title = a.Name
		}
		d.URL = a.URL
		d.Relations = []knowledge.Relation{{Type: "attached to", Key: issue.Key, URL: issue.URL, Title: issue.Summary}}
	})
	return err
}

func issueDraft(d jira.Document, labels []string) ingest.Draft {
	sum := sha256.Sum256(d.HashInput())
	draft := ingest.Draft{
		Key: d.Key, URL: d.URL, Title: d.Title, Kind: d.Kind, Labels: labels, Notes: d.Notes, Markdown: []byte(d.Text),
		Hash: hex.EncodeToString(sum[:]), ChangedAt: d.Updated, Metadata: map[string]string{},
	}
	for _, name := range slices.Sorted(maps.Keys(d.Metadata)) {
		draft.Metadata[name] = strings.Join(d.Metadata[name], ", ")
	}
	for _, rel := range d.Relations {
		draft.Relations = append(draft.Relations, knowledge.Relation{Type: rel.Phrase, Key: rel.Key, URL: rel.URL, Title: rel.Title})
	}
	return draft
}
