package kinds

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"tapedeck/domain/knowledge"
	"tapedeck/workers/ingest/bucket"
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
		in := jiraDefaults
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
	case knowledge.Bucket:
		in := bucketDefaults
		if err := json.Unmarshal(input, &in); err != nil {
			return Preview{}, err
		}
		return c.previewBucket(ctx, in)
	case knowledge.Files:
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
	if in.Proxy.PasswordRef != "" {
		return Preview{}, errors.New("a proxy with a password can be used by a job only: nothing can be said before")
	}
	who := &visitor{proxy: c.Proxy, trusted: true}
	if in.Proxy.Server != "" {
		who.proxy, who.trusted = in.Proxy.way(""), false
	}
	plan, err := website.DryRun(ctx, c.websiteOptions(in, start.String(), who))
	if err != nil {
		return Preview{}, err
	}
	p := Preview{Count: plan.Found, Approximate: true}
	if in.Render || in.Profile != "" {
		p.Notes = append(p.Notes, "this look is without a browser and without a login; the job may find more")
	}
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

// Bounds of a preview of a bucket.
const (
	previewObjects = 5000
	previewItems   = 100
)

func (c Config) previewBucket(ctx context.Context, in bucketInput) (p Preview, err error) {
	place, err := c.Buckets.Find(in.URL, in.Prefix)
	if err != nil {
		return p, err
	}
	patterns, err := bucket.ParsePatterns(in.Patterns)
	if err != nil {
		return p, err
	}
	b, err := bucket.Open(ctx, place)
	if err != nil {
		return p, err
	}
	defer func() { _ = b.Close() }() // nothing was written
	listed := 0
	for o, err := range b.List(ctx) {
		if err != nil {
			return Preview{}, err
		}
		if listed++; listed > previewObjects || p.Count == in.MaxObjects {
			p.Approximate = listed > previewObjects
			p.Notes = append(p.Notes, "there is more than was looked at")
			break
		}
		item := PreviewItem{Key: o.Key}
		switch {
		case !patterns.Choose(o.Key):
			item.Reason = "no pattern wants it"
		case c.MaxFile > 0 && o.Size > c.MaxFile:
			item.Reason = "it is larger than INGEST_MAX_UPLOAD"
		default:
			p.Count++
		}
		if len(p.Items) < previewItems {
			p.Items = append(p.Items, item)
		}
	}
	if listed == 0 {
		p.Notes = append(p.Notes, place.String()+" has no files")
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
