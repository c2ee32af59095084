package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"tapedeck/artifacts"
	"tapedeck/config"
	"tapedeck/domain/event"
	"tapedeck/domain/knowledge"
	"tapedeck/eventstore"
	"tapedeck/eventstore/jobs"
	"tapedeck/handlers"
	"tapedeck/projections"
	"tapedeck/workers/ingest"
	"tapedeck/workers/ingest/bucket"
	"tapedeck/workers/ingest/extract"
	"tapedeck/workers/ingest/jira"
	"tapedeck/workers/ingest/kinds"
	"tapedeck/workers/recorder"
)

// newGatherer makes the kinds of jobs that gather knowledge. Nothing is started before the first of them.
func (n *node) newGatherer(rec *recorder.Recorder) (kinds.Config, error) {
	logins, err := openProfiles(n.cfg)
	if err != nil {
		return kinds.Config{}, err
	}
	files := extract.New(extract.Limits{}, filepath.Join(n.cfg.DataDir, "cache", "extract"))
	n.onStop(func(context.Context) error { return files.Close() })
	cfg := kinds.Config{
		Ingest: ingest.Config{Jobs: jobs.New(n.store, jobs.Config{ClaimBy: n.cfg.ClaimBy}), Texts: n.files}, Uploads: n.files, Extractor: files,
		Jira:   jira.Config{BaseURL: n.cfg.JiraBaseURL, Email: n.cfg.JiraEmail, APIToken: n.cfg.JiraAPIToken, PAT: n.cfg.JiraPAT},
		Policy: n.egressPolicy(), Contact: n.cfg.IngestContact, MaxFile: int64(n.cfg.IngestMaxUpload),
	}
	cfg.Browse = func(ctx context.Context, v kinds.Visit) (kinds.Browser, error) {
		return rec.Visit(ctx, recorder.VisitConfig(v))
	}
	cfg.Logins = func(project, name string) (kinds.Login, error) {
		info, state, err := logins.Load(project, name)
		return kinds.Login{URL: info.URL, State: state, Expired: info.Expired(time.Now())}, err
	}
	if cfg.Buckets, err = bucket.ParseAllowed(n.cfg.IngestBuckets); err != nil {
		return cfg, fmt.Errorf("ingest-buckets: %w", err)
	}
	if n.cfg.IngestProxyURL != "" {
		if cfg.Proxy, err = url.Parse(n.cfg.IngestProxyURL); err != nil {
			return cfg, err
		}
	}
	return cfg, nil
}

// previews tells the API what such jobs would read: the two packages do not know each other.
func previews(cfg kinds.Config) func(context.Context, knowledge.SourceKind, jsontext.Value) (handlers.Preview, error) {
	return func(ctx context.Context, source knowledge.SourceKind, input jsontext.Value) (handlers.Preview, error) {
		p, err := cfg.Preview(ctx, source, input)
		out := handlers.Preview{Count: p.Count, Approximate: p.Approximate, Notes: p.Notes}
		for _, item := range p.Items {
			out.Items = append(out.Items, handlers.PreviewItem(item))
		}
		return out, err
	}
}

// knownTexts shows the index what the artefact store has.
type knownTexts struct{ files *artifacts.Store }

// OpenText implements projections.Texts.
func (t knownTexts) OpenText(ctx context.Context, digest event.Hash) (io.ReadCloser, error) {
	r, err := t.files.OpenText(ctx, digest)
	if errors.Is(err, artifacts.ErrNotFound) {
		return nil, projections.ErrNoText
	}
	return r, err
}

func knowledgeIndex(cfg config.Config) string { return filepath.Join(cfg.DataDir, "knowledge.db") }

// startKnowledge keeps the index of what is known, in a file of this process.
func (n *node) startKnowledge(ctx context.Context, source eventstore.Source) (*projections.Knowledge, error) {
	k := projections.NewKnowledge(n.store, knownTexts{n.files}, projections.Config{Path: knowledgeIndex(n.cfg), Source: source, Logger: n.log})
	if err := k.Start(context.WithoutCancel(ctx)); err != nil {
		return nil, fmt.Errorf("index of what is known: %w", err)
	}
	n.onStop(func(context.Context) error { return k.Stop() })
	return k, nil
}
