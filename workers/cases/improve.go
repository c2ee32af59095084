package cases

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"tapedeck/domain/testcase"
	"tapedeck/workers"
	"tapedeck/workers/cases/advise"
)

// errStopped ends the questions to the model when somebody asks the job to finish early.
var errStopped = errors.New("the job was asked to finish early")

// improve asks the model about what was derived. Without an answer that can be used, the cases stay as they are.
func (c Config) improve(ctx context.Context, j *workers.Job, derived []testcase.Case, in Input) (advise.Result, error) {
	asking, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	go func() {
		select {
		case <-j.StopRequested():
			stop(errStopped)
		case <-asking.Done():
		}
	}()
	got, err := advise.Improve(asking, c.Model, derived, advise.Options{
		RecordingID: in.Recording, Room: in.Limit - len(derived),
		Progress: func(first, last, of int) {
			j.Progress(85+14*float64(first-1)/float64(of), fmt.Sprintf("asking the model about cases %d to %d of %d", first, last, of))
		},
	})
	if err != nil && !errors.Is(err, errStopped) {
		return got, err
	}
	for _, n := range got.Notes {
		j.Logf(slog.LevelWarn, "%s", n)
	}
	j.Logf(slog.LevelInfo, "the model %s worded %d titles and proposed %d cases", c.Model.Name(), got.Improved, got.Proposed)
	return got, nil
}
