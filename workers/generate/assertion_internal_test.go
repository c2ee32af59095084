package generate

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"tapedeck/domain/recording"
	"tapedeck/workers/generate/learn"
)

func TestAssertionsGoBackToRecordedSteps(t *testing.T) {
	t.Parallel()
	doc := recording.Document{Steps: []recording.Step{
		{ID: "s1", Type: recording.Click, Title: "Click Buy"},
		{ID: "s1-claim-1", Type: recording.Assert, Title: "It is bought", By: learn.By},
		{ID: "s2", Type: recording.Assert, Title: "See the total"},
	}}
	require.Equal(t, []Assertion{
		{Number: 1, StepID: "s1", Learned: true, Text: "It is bought"}, {Number: 2, StepID: "s2", Text: "See the total"},
	}, assertions(doc, []string{"s1-claim-1", "s2"}))
	var many []string
	for i := range MaxTold + 10 {
		many = append(many, fmt.Sprint("s", i))
	}
	require.Len(t, assertions(doc, many), MaxTold)
	require.Empty(t, assertions(doc, nil))
}
