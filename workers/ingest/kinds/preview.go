package kinds

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"tapedeck/domain/knowledge"
	"tapedeck/workers/ingest/jira"
	"tapedeck/workers/ingest/website"
	"tapedeck/workers/ingest/website/address"
)

// Preview is what a job would read, as far as that can be told without reading it.
type Preview struct {
	// Count is how many there are; an Approximate one is an estimate, or more come to light as they are read.
	Count       int
	Approximate bool
	// Items are the first of them, and what would be left out.
	Items []PreviewItem
	Notes []string
}

// PreviewItem is an address or an issue's key. Reason says why it would be left out; empty is that it would be read.
type PreviewItem struct{ Key, Reason string }

// Preview asks what a job with this input, which its kind accepts, would read. Nothing is kept. It fails with a sentence
// that says what to do.
func (c Config) Preview(ctx context.Context, kind knowledge.SourceKind, input jsontext.Value) (Preview, error) {
	switch kind {
	case knowledge.Jira:
		var in jiraInput
		if err := json.Unmarshal(input, &in); err != nil {
			return Preview{}, err
		}
		return c.previewJira(ctx, in)
	case knowledge.Website:
		in := websiteDefaults
		if err := json.Unmarshal(input, &in); err != nil {
			return Preview{}, err
		}
		return c.previewWebsite(ctx, in)
	case knowledge.Files, knowledge.Bucket:
	}
	return Preview{}, fmt.Errorf("there is no preview of %s", kind)
}

func (c Config) previewJira(ctx context.Context, in jiraInput) (Preview, error) {
	client, err := c.jiraClient()
	if err != nil {
		return Preview{}, err
	}
	found, err := client.DryRun(ctx, in.query())
	if err != nil {
		return Preview{}, err
	}
	p := Preview{Count: found.Count, Approximate: found.Approximate, Notes: found.Notes}
	for _, key := range found.Keys {
		p.Items = append(p.Items, PreviewItem{Key: key})
	}
	return p, nil
}

func (c Config) previewWebsite(ctx context.Context, in websiteInput) (Preview, error) {
	start, err := address.Canonical(nil, in.URL)
	if err != nil {
		return Preview{}, err
	}
	plan, err := website.DryRun(ctx, c.websiteOptions(in, start.String()))
	if err != nil {
		return Preview{}, err
	}
	p := Preview{Count: plan.Found, Approximate: true}
	left := map[string]string{}
	for _, s := range plan.Skipped {
		left[s.Item.URL] = skipText(s)
	}
	for _, f := range plan.Failed {
		left[f.Item.URL] = f.Message
	}
	for _, page := range plan.Pages {
		p.Items = append(p.Items, PreviewItem{Key: page.URL, Reason: left[page.URL]})
		delete(left, page.URL)
	}
	for _, s := range plan.Skipped {
		if reason, ok := left[s.Item.URL]; ok {
			p.Items = append(p.Items, PreviewItem{Key: s.Item.URL, Reason: reason})
		}
	}
	for _, m := range plan.Sitemaps {
		if m.Err != "" {
			p.Notes = append(p.Notes, "sitemap "+m.URL+": "+m.Err)
		}
	}
	for _, r := range plan.Robots {
		if r.Unreachable != "" {
			p.Notes = append(p.Notes, r.URL+" cannot be read, so nothing may be fetched: "+r.Unreachable)
		}
	}
	return p, nil
}

// errNoJira says what to set.
var errNoJira = errors.New("no Jira is set: set JIRA_BASE_URL with JIRA_EMAIL and JIRA_API_TOKEN, or with JIRA_PAT")

func (c Config) jiraClient() (*jira.Client, error) {
	if c.Jira.BaseURL == "" {
		return nil, errNoJira
	}
	return jira.New(c.Jira)
}
