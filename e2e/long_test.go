package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/require"

	"tapedeck/domain/proof"
	"tapedeck/domain/testcase"
	"tapedeck/internal/tapedecktest"
)

// TestALongFlowBecomesATest records 511 steps without any assertion: with nothing learnt the test says that it asserts nothing,
// and is proven all the same; its case has the steps that one can have, and says how many there are.
func TestALongFlowBecomesATest(t *testing.T) {
	slow(t, "TestARecordingBecomesAProvenTest")
	t.Parallel()
	s := tapedecktest.Start(t, "serve", recordsHere(t)...)
	c := s.Client()
	target := func(role, name string) map[string]any {
		return map[string]any{"candidates": []any{map[string]any{
			"by": "role", "selector": fmt.Sprintf("internal:role=%s[name=%q i]", role, name), "locator": fmt.Sprintf("getByRole('%s', { name: '%s' })", role, name), "matches": 1,
		}}}
	}
	steps := []any{map[string]any{"id": "s0", "type": "navigate", "url": "http://app.test/"}}
	for i := range 509 {
		steps = append(steps, map[string]any{"id": fmt.Sprintf("f%d", i), "type": "fill", "target": target("textbox", "Note"), "value": map[string]any{"text": fmt.Sprintf("Note %d", i)}})
	}
	steps = append(steps, map[string]any{"id": "send", "type": "click", "target": target("button", "Add")})
	flow, err := json.Marshal(map[string]any{"steps": steps})
	require.NoError(t, err)
	id := recordFlow(t, c, flow)
	written := jobEnd(t, c, submit(t.Context(), t, c, "suite.generate", `{"recordingId":"`+id+`","learn":false,"runs":2,"mutants":0}`).JobID)
	require.Equal(t, "succeeded", written.Status, "%+v", written.Error)
	var suite struct {
		Notes   []string `json:"notes"`
		ProofID string   `json:"proofId"`
	}
	require.NoError(t, json.Unmarshal(written.Result, &suite))
	require.Contains(t, strings.Join(suite.Notes, "|"), "asserts nothing")
	require.Equal(t, "succeeded", jobEnd(t, c, suite.ProofID).Status)
	p := proofOf(t, c, suite.ProofID)
	require.Equal(t, proof.StatusProven, p.Status, "%+v", p.Verdicts)

	made := jobEnd(t, c, submit(t.Context(), t, c, testcase.Kind, `{"recordingId":"`+id+`"}`).JobID)
	require.Equal(t, "succeeded", made.Status)
	require.Contains(t, string(made.Result), "has 511 steps, of which the first")
}
