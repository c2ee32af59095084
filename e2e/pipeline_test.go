package e2e

import (
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/require"

	"tapedeck/client"
	"tapedeck/demo/flows"
	"tapedeck/domain/pipeline"
	"tapedeck/internal/tapedecktest"
)

// awaitPipeline asks until a pipeline is as wanted.
func awaitPipeline(t *testing.T, c *client.Client, id, what string, want func(pipeline.State) bool) (p pipeline.State) {
	t.Helper()
	ctx := deadline(t)
	eventually(ctx, t, what, func() (bool, any) {
		err := c.Get(ctx, "/api/pipelines/"+id, nil, &p)
		return err == nil && want(p), p
	})
	return p
}

// TestAPipelineProvesAFlowOfTheDemoShop: what runs by itself is begun once for a log and can be cancelled; a flow of one's
// own goes from its recording to its proof, and again from its last step.
func TestAPipelineProvesAFlowOfTheDemoShop(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s := tapedecktest.Start(t, "serve", append(recordsHere(t), "DEMO=1")...)
	c := s.Client()
	var info struct {
		Demo struct {
			URL        string `json:"url"`
			PipelineID string `json:"pipelineId"`
		} `json:"demo"`
	}
	require.NoError(t, c.Get(ctx, "/api/info", nil, &info))
	first, err := c.Job(ctx, info.Demo.PipelineID, nil)
	require.NoError(t, err)
	require.Equal(t, pipeline.Kind, first.Kind)
	require.Equal(t, map[string]string{"demo": "1"}, first.Labels)
	record := awaitPipeline(t, c, first.JobID, "the first step is begun", func(p pipeline.State) bool { return p.Steps[0].JobID != "" }).Steps[0].JobID
	_, err = c.Command(ctx, first.JobID, "cancel", nil)
	require.NoError(t, err)
	p := awaitPipeline(t, c, first.JobID, "the pipeline and its step are cancelled", func(p pipeline.State) bool {
		return p.Status == "cancelled" && p.Steps[0].Status == "cancelled"
	})
	require.Equal(t, record, p.Steps[0].JobID)

	// Starting again does not begin it again.
	require.NoError(t, s.Stop())
	s.Restart()
	require.NoError(t, c.Get(ctx, "/api/info", nil, &info))
	page, err := c.Jobs(ctx, url.Values{"kind": {pipeline.Kind}})
	require.NoError(t, err)
	require.Len(t, page.Items, 1)
	require.Equal(t, "cancelled", page.Items[0].Status)

	doc, err := flows.Flow{Name: "search"}.Document(info.Demo.URL)
	require.NoError(t, err)
	raw, err := json.Marshal(doc)
	require.NoError(t, err)
	flow := filepath.Join(t.TempDir(), "search.json")
	require.NoError(t, os.WriteFile(flow, raw, 0o600))
	env := []string{"TAPEDECK_URL=" + s.URL()}
	out, said, code := tapedecktest.Run(ctx, t, env, "pipeline", flow, "--document", filepath.Join(tapedecktest.Root(), "demo", "documents", "products-and-search.md"),
		"--learn=false", "--runs", "2", "--mutants", "4", "--budget", "20", "-o", "json")
	require.Equal(t, 0, code, said)
	require.NoError(t, json.Unmarshal([]byte(out), &p))
	require.Equal(t, "proven", p.Result.Outcome)
	for _, st := range p.Steps {
		require.Equal(t, "succeeded", st.Status, st.Step)
		require.Contains(t, said, string(st.Step)+": job "+st.JobID)
	}
	var cases struct {
		Cases []struct {
			Steps []struct{} `json:"steps"`
		} `json:"cases"`
	}
	require.NoError(t, c.Get(ctx, "/api/test-cases/"+p.Result.CasesID, nil, &cases))
	require.NotEmpty(t, cases.Cases)

	out, said, code = tapedecktest.Run(ctx, t, env, "pipeline", "retry", p.ID, "--from", "generate", "-o", "json")
	require.Equal(t, 0, code, said)
	var again pipeline.State
	require.NoError(t, json.Unmarshal([]byte(out), &again))
	require.Equal(t, []string{p.ID, p.Result.RecordingID}, []string{again.Steps[0].TakenFrom, again.Result.RecordingID})
	require.NotEqual(t, p.Result.GenerateID, again.Result.GenerateID)

	_, said, code = tapedecktest.Run(ctx, t, env, "pipeline", "--recording", "nothing")
	require.Equal(t, 1, code)
	require.Contains(t, said, "there is no recording nothing")
	_, said, code = tapedecktest.Run(ctx, t, env, "pipeline")
	require.Equal(t, 2, code)
	require.Contains(t, said, "want a flow, an address or --recording")
}
