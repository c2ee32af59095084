// Package ping is the kind system.ping: the shortest job there is.
package ping

import (
	"context"

	"tapedeck/workers"
)

type input struct {
	Message string `json:"message" title:"Message" doc:"Comes back in the result." maxlen:"1000"`
}

type result struct {
	Pong   string `json:"pong"`
	Worker string `json:"worker"`
}

// Kind answers at once, and so proves that a worker takes jobs.
func Kind() workers.Kind {
	return workers.Define(workers.Spec{
		Name:        "system.ping",
		Title:       "Ping",
		Description: "Answers at once: shows that the queue moves and a worker takes jobs.",
		Queue:       "system",
	}, input{}, func(_ context.Context, j *workers.Job, in input) (any, error) {
		return result{Pong: in.Message, Worker: j.Worker()}, nil
	})
}
