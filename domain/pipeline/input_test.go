package pipeline_test

import (
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"

	"tapedeck/domain/pipeline"
)

func TestStepsAreTakenBeforeTheOneThatIsDoneAgain(t *testing.T) {
	t.Parallel()
	in := pipeline.Input{Record: jsontext.Value(`{}`), Earlier: pipeline.Earlier{PipelineID: "p", From: pipeline.Cases}}
	var taken, wanted []pipeline.Step
	for _, s := range pipeline.Steps {
		if in.Takes(s) {
			taken = append(taken, s)
		}
		if in.Wants(s) {
			wanted = append(wanted, s)
		}
	}
	require.Equal(t, []pipeline.Step{pipeline.Record, pipeline.Ingest}, taken)
	require.Equal(t, []pipeline.Step{pipeline.Record, pipeline.Generate, pipeline.Verify}, wanted)
	in.Earlier = pipeline.Earlier{}
	require.False(t, in.Takes(pipeline.Record))
}

// A member that is null is one that is not there.
func TestNullIsNotGiven(t *testing.T) {
	t.Parallel()
	in := pipeline.Input{Recording: "r", Record: jsontext.Value(`null`), Ingest: jsontext.Value(`null`)}
	require.Empty(t, in.Check())
	require.False(t, in.Wants(pipeline.Record))
	require.False(t, in.Wants(pipeline.Ingest))
}

func TestTheFirstOpenStep(t *testing.T) {
	t.Parallel()
	s := pipeline.State{Steps: []pipeline.StepState{
		{Step: pipeline.Record, Status: pipeline.StepGiven}, {Step: pipeline.Ingest, Status: pipeline.StepLeftOut},
		{Step: pipeline.Cases, Status: "succeeded"}, {Step: pipeline.Generate, Status: "cancelled"}, {Step: pipeline.Verify, Status: pipeline.StepPending},
	}}
	first, open := s.First()
	require.True(t, open)
	require.Equal(t, pipeline.Generate, first)
	s.Steps = s.Steps[:3]
	_, open = s.First()
	require.False(t, open)
}
