package workers_test

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"tapedeck/workers"
)

// countInput is what the job takes: its tags become the JSON Schema that the page makes a form of.
type countInput struct {
	To int `json:"to" title:"Count to" doc:"Where to stop." min:"1" max:"100"`
}

// A kind of work is a name, the defaults of its input, and a function.
func ExampleDefine() {
	kind := workers.Define(workers.Spec{Name: "demo.count", Title: "Count"}, countInput{To: 10},
		func(ctx context.Context, j *workers.Job, in countInput) (any, error) {
			for i := range in.To {
				select {
				case <-ctx.Done(): // cancelled, timed out, or the worker ends: context.Cause says which
					return nil, ctx.Err()
				case <-j.StopRequested(): // end early, keep what there is
					return i, nil
				case <-time.After(time.Second):
				}
				j.Logf(slog.LevelInfo, "%d", i+1)
				j.Progress(100*float64(i+1)/float64(in.To), "")
			}
			return in.To, nil
		})
	fmt.Println(kind.Check([]byte(`{"to": 0}`)))
	// Output: input.to: minimum: got 0, want 1
}
