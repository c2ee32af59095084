package generate

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"tapedeck/domain/recording"
	"tapedeck/domain/testcase"
	"tapedeck/workers"
	"tapedeck/workers/generate/typescript"
)

// CodeCases is the error's code when the test cases are not those of the recording.
const CodeCases = "bad_cases"

// cases are those of a set that become tests, the ids of those that the recording's own test is the code of, and notes about
// the others. Rejected ones are left out.
func (c Config) cases(ctx context.Context, j *workers.Job, id string, doc recording.Document) (list []typescript.Case, proves, notes []string, err error) {
	set, err := c.Jobs.LoadTestCases(ctx, id)
	switch {
	case errors.Is(err, testcase.ErrNotFound), err == nil && set.Owner != j.Project():
		return nil, nil, nil, workers.Permanent(CodeCases, fmt.Errorf("there are no test cases %s", id))
	case err != nil:
		return nil, nil, nil, err
	case set.RecordingID != doc.ID:
		return nil, nil, nil, workers.Permanent(CodeCases, fmt.Errorf("the test cases %s are of recording %s, not of %s", id, set.RecordingID, doc.ID))
	case set.Status != testcase.Complete:
		return nil, nil, nil, workers.Permanent(CodeCases, fmt.Errorf("the test cases %s are still being generated: wait until they are complete", id))
	}
	elsewhere, byHand := 0, 0
	for _, r := range set.Cases {
		switch t := r.Trial; {
		case r.Standing == testcase.IsRejected:
		case t == nil:
			byHand++
		case t.Outcome == testcase.OutcomeRecorded:
			if t.Last == "" || asserted(doc.Steps, t.Last) {
				proves = append(proves, r.ID)
			}
		case typescript.CanWrite(*t):
			list = append(list, typescript.Case{ID: r.ID, Title: r.Title, Trial: *t})
		default:
			elsewhere++
		}
	}
	if elsewhere > 0 {
		notes = append(notes, fmt.Sprintf("%d test cases need an answer that the recording does not hold: try them with suite.explore on an environment", elsewhere))
	}
	if byHand > 0 {
		notes = append(notes, fmt.Sprintf("%d test cases are for a person: no program can do their steps as they stand", byHand))
	}
	return list, proves, notes, nil
}

// asserted says that something is claimed of what a step brought, before the next thing is done.
func asserted(steps []recording.Step, id string) bool {
	at := slices.IndexFunc(steps, func(s recording.Step) bool { return s.ID == id })
	if at < 0 {
		return false
	}
	for _, s := range steps[at+1:] {
		switch {
		case s.Disabled || s.Follows():
		case s.Type == recording.Assert:
			return true
		default:
			return false
		}
	}
	return false
}
