package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"tapedeck/demo/documents"
	"tapedeck/demo/flows"
	"tapedeck/domain/job"
	"tapedeck/domain/pipeline"
	"tapedeck/eventstore/jobs"
	"tapedeck/workers"
)

// firstRunID is the job of the first run: there is one in each log.
var firstRunID = uuid.NewSHA1(uuid.MustParse("7d0f4f0e-52c7-4f1c-9b6a-0b8c1f3a9e55"), []byte("first run")).String()

// firstFlow is what is done in the demo shop: some twenty steps without a secret.
const firstFlow = "cart"

// maxDemoDocument bounds one of the demo shop's documents, in bytes.
const maxDemoDocument = 1 << 20

// firstRun is the job that runs the pipeline on the demo shop; empty when none does.
func (n *node) firstRun() string {
	if n.demo == "" || !n.cfg.RecorderAllowLoopback {
		return ""
	}
	return firstRunID
}

// startFirstRun runs the whole pipeline on the demo shop, with little effort and once for each log, so that somebody new
// sees it at work. What goes wrong is said, and keeps nothing else from running.
func (n *node) startFirstRun(ctx context.Context, kinds *workers.Registry) {
	if n.firstRun() == "" {
		return
	}
	repo := jobs.New(n.store, jobs.Config{ClaimBy: n.cfg.ClaimBy})
	_, err := repo.Load(ctx, firstRunID)
	if err == nil {
		return // it was begun before
	}
	if errors.Is(err, job.ErrNotFound) {
		err = n.submitFirstRun(ctx, repo, kinds)
	}
	if err != nil {
		n.log.Warn("the demo shop's pipeline was not begun", "error", err)
		return
	}
	n.log.Info("the pipeline runs on the demo shop", "job", firstRunID)
}

func (n *node) submitFirstRun(ctx context.Context, repo *jobs.Repository, kinds *workers.Registry) error {
	kind, ok := kinds.Lookup(pipeline.Kind)
	if !ok {
		return fmt.Errorf("there is no kind %s", pipeline.Kind)
	}
	doc, err := flows.Flow{Name: firstFlow}.Document(n.demo)
	if err != nil {
		return err
	}
	files, err := n.uploadDemoDocuments(ctx)
	if err != nil {
		return err
	}
	input, err := json.Marshal(map[string]any{
		"record": doc.Script(), "ingest": map[string]any{"files": files, "name": "Demo shop"}, "runs": 2, "mutants": 12, "budgetSeconds": 30,
	}, json.Deterministic(true))
	if err != nil {
		return err
	}
	if err := kind.Check(input); err != nil {
		return err
	}
	spec := kind.Spec()
	_, _, err = repo.Submit(ctx, firstRunID, "default", jobs.Caller{Source: "tapedeck/demo"}, job.Submit{
		Now: time.Now(), Kind: spec.Name, Queue: spec.Queue, Input: input, Labels: map[string]string{"demo": "1"}, Retry: spec.Retry,
		Fingerprint: firstRunID, CommandID: firstRunID,
	})
	return err
}

// demoFile is a file as ingest.documents takes it.
type demoFile struct {
	Name   string `json:"name"`
	Upload string `json:"upload"`
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"`
}

// uploadDemoDocuments stores what the demo shop should do.
func (n *node) uploadDemoDocuments(ctx context.Context) ([]demoFile, error) {
	var files []demoFile
	err := fs.WalkDir(documents.Files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		f, err := documents.Files.Open(path)
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }()
		u, err := n.files.PutUpload(ctx, f, maxDemoDocument)
		if err != nil {
			return err
		}
		files = append(files, demoFile{path, u.ID, u.SHA256.String(), u.Size})
		return nil
	})
	return files, err
}
