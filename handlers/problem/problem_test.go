package problem_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"tapedeck/domain/job"
	"tapedeck/eventstore"
	"tapedeck/handlers/problem"
)

func TestOf(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err    error
		status int
		code   problem.Code
	}{
		{job.ErrNotFound, 404, problem.NotFound},
		{job.ErrExists, 409, problem.Conflict},
		{job.ErrFingerprint, 422, problem.Conflict},
		{&job.InvalidError{Faults: []job.Fault{{Path: "retry.maxAttempts", Message: "no"}}}, 400, problem.Invalid},
		{&job.RefusedError{JobID: "x", Status: job.StatusSucceeded, Why: "no"}, 409, problem.Conflict},
		{eventstore.ErrConflict, 409, problem.Conflict},
		{eventstore.ErrBadCursor, 400, problem.Invalid},
		{&eventstore.GoneError{Reason: eventstore.GoneLost}, 410, problem.Gone},
		{eventstore.ErrFull, 503, problem.Unavailable},
		{eventstore.ErrUnavailable, 503, problem.Unavailable},
		{eventstore.ErrEpoch, 503, problem.Unavailable},
		{context.DeadlineExceeded, 503, problem.Unavailable},
		{problem.Field1("/a", "b"), 400, problem.Invalid},
	} {
		p := problem.Of(fmt.Errorf("while doing something: %w", c.err))
		require.NotNil(t, p, "%v", c.err)
		require.Equal(t, c.status, p.Status, "%v", c.err)
		require.Equal(t, c.code, p.Code, "%v", c.err)
		require.NotEmpty(t, p.Title)
	}
	require.Nil(t, problem.Of(errors.New("something else")))
}

func TestFaultsBecomePointers(t *testing.T) {
	t.Parallel()
	p := problem.Of(&job.InvalidError{Faults: []job.Fault{{Path: "retry.maxAttempts", Message: "no"}}})
	require.Equal(t, []problem.Field{{Path: "/retry/maxAttempts", Message: "no"}}, p.Errors)
}

func TestAProblemIsCopied(t *testing.T) {
	t.Parallel()
	shared := problem.Field1("/a", "b")
	problem.Of(shared).Instance = "one request"
	require.Empty(t, shared.Instance)
}
