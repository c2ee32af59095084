package generate

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"

	"tapedeck/domain/job"
	"tapedeck/domain/recording"
)

// signedIn says whether a recording began with a login profile; an imported one did not.
func (c Config) signedIn(ctx context.Context, id string) (bool, error) {
	made, err := c.Jobs.Load(ctx, id)
	if errors.Is(err, job.ErrNotFound) {
		return false, nil
	}
	if err != nil || made.Kind != recording.Kind {
		return false, err
	}
	var in struct {
		Profile string `json:"profile"`
	}
	if err := json.Unmarshal(made.Input, &in); err != nil {
		return false, fmt.Errorf("the input of job %s: %w", id, err)
	}
	return in.Profile != "", nil
}
