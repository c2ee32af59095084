package main

import (
	"context"
	"time"

	"tapedeck/domain/environment"
	"tapedeck/handlers"
	"tapedeck/workers/probe"
	"tapedeck/workers/recorder/profile"
)

// looks tells the API what tests would find at an environment: the two packages do not know each other.
func (n *node) looks(logins *profile.Store) func(context.Context, environment.State) []handlers.Finding {
	p := probe.New(probe.Config{
		Policy: n.egressPolicy(),
		Login: func(project, name string) (bool, error) {
			info, _, err := logins.Load(project, name)
			return info.Expired(time.Now()), err
		},
	})
	return func(ctx context.Context, e environment.State) []handlers.Finding {
		found := p.Look(ctx, e)
		out := make([]handlers.Finding, len(found))
		for i, f := range found {
			out[i] = handlers.Finding{Subject: f.Subject, Level: handlers.Level(f.Level), Message: f.Message}
		}
		return out
	}
}
