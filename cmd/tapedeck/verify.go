package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"tapedeck/config"
	"tapedeck/eventstore/jobs"
	"tapedeck/workers"
	"tapedeck/workers/cases"
	"tapedeck/workers/explore"
	"tapedeck/workers/generate"
	"tapedeck/workers/model"
	"tapedeck/workers/pipeline"
	"tapedeck/workers/verify"
	"tapedeck/workers/verify/runner"
)

func testPrograms(cfg config.Config) runner.Config {
	return runner.Config{Places: places(cfg), Kit: cfg.VerifyKitPath, Unconfined: cfg.VerifyUnconfined}
}

// newVerifier makes what verifies test projects; nothing is looked for before the first of them.
func (n *node) newVerifier() (*verify.Verifier, error) {
	logins, err := openProfiles(n.cfg)
	if err != nil {
		return nil, err
	}
	return verify.New(verify.Config{
		Jobs: jobs.New(n.store, jobs.Config{ClaimBy: n.cfg.ClaimBy}), Files: n.files, Uploads: n.files, Programs: testPrograms(n.cfg),
		Egress: n.egressPolicy(),
		Login: func(project, name string) ([]byte, time.Time, error) {
			info, state, err := logins.Load(project, name)
			return state, info.ExpiresAt, err
		},
	})
}

// generator writes tests from recordings.
func (n *node) generator(v *verify.Verifier) workers.Kind {
	return generate.Kind(generate.Config{Jobs: jobs.New(n.store, jobs.Config{ClaimBy: n.cfg.ClaimBy}), Files: n.files, Rehearse: v.Rehearse})
}

// caseWriter makes test cases of recordings and documents.
func (n *node) caseWriter() (workers.Kind, error) {
	cfg := cases.Config{Jobs: jobs.New(n.store, jobs.Config{ClaimBy: n.cfg.ClaimBy}), Files: n.files}
	if n.cfg.ModelURL != "" {
		m, err := n.newModel()
		if err != nil {
			return nil, fmt.Errorf("settings: %w", err)
		}
		cfg.Model = m
	}
	return cases.Kind(cfg), nil
}

// newModel reaches the model that is set. Whoever sets it may mean one on this machine or in a private network, but
// neither this server itself nor a metadata service.
func (n *node) newModel() (*model.Client, error) {
	policy := n.egressPolicy()
	policy.AllowLoopback, policy.AllowPrivate = true, true
	u, err := url.Parse(n.cfg.ModelURL)
	if err == nil {
		err = policy.CheckURL(u)
	}
	if err != nil {
		return nil, fmt.Errorf("model-url: %w", err)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DialContext = policy.DialContext
	n.onStop(func(context.Context) error { transport.CloseIdleConnections(); return nil })
	return model.New(model.Config{
		URL: n.cfg.ModelURL, Name: n.cfg.ModelName, APIKey: n.cfg.ModelAPIKey, APIVersion: n.cfg.ModelAPIVersion,
		Timeout: n.cfg.ModelTimeout, HTTP: &http.Client{Transport: transport},
	})
}

// pusher proposes what was written to repositories.
func (n *node) pusher() workers.Kind {
	cfg := generate.Config{Jobs: jobs.New(n.store, jobs.Config{ClaimBy: n.cfg.ClaimBy}), Files: n.files}
	return generate.PushKind(cfg, n.cfg.GitHosts)
}

// pipelines runs the other kinds one after the other.
func (n *node) pipelines(steps []workers.Kind) workers.Kind {
	return pipeline.Kind(pipeline.Config{Jobs: jobs.New(n.store, jobs.Config{ClaimBy: n.cfg.ClaimBy}), Files: n.files, Kinds: steps})
}

// explorer tries test cases on environments.
func (n *node) explorer(steps []workers.Kind) workers.Kind {
	return explore.Kind(explore.Config{Jobs: jobs.New(n.store, jobs.Config{ClaimBy: n.cfg.ClaimBy}), Kinds: steps})
}

func (n *node) startVerifier(ctx context.Context, v *verify.Verifier) error {
	if err := v.Start(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	n.onStop(func(context.Context) error { v.Stop(); return nil })
	return nil
}

// tests says what verifying test projects needs and does not find: the rest works without it.
func (d *diagnosis) tests(ctx context.Context, cfg config.Config) {
	for _, f := range testPrograms(cfg).Check(ctx) {
		if f.Err != nil {
			d.say("BAD", f.What, f.Err.Error())
		} else if f.Good != "" {
			d.say("ok", f.What, f.Good)
		}
		if f.Note != "" {
			d.say("note", f.What, f.Note)
		}
	}
}
