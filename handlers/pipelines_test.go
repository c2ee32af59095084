package handlers_test

import (
	"bytes"
	"mime/multipart"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"

	"tapedeck/artifacts"
	"tapedeck/domain/job"
	"tapedeck/domain/pipeline"
	"tapedeck/eventstore/jobs"
	"tapedeck/handlers"
)

// pipelineDesk is a server that takes pipelines, which the test runs.
func pipelineDesk(t *testing.T) *library {
	t.Helper()
	return &library{bundle: setup(t, func(c *handlers.Config) {
		c.Uploads, c.MaxUpload = c.Artifacts.(*artifacts.Store), 1<<20
		c.Kinds = append(c.Kinds, handlers.Kind{Name: pipeline.Kind, Queue: pipeline.Queue, Retry: job.RetryPolicy{}.WithDefaults(), Check: func(input jsontext.Value) error {
			in := pipeline.Defaults()
			if err := json.Unmarshal(input, &in, json.RejectUnknownMembers(true)); err != nil {
				return &job.InvalidError{Faults: []job.Fault{{Path: "input", Message: "is no input"}}}
			}
			faults := in.Check()
			for i := range faults {
				faults[i].Path = "input." + faults[i].Path
			}
			if len(faults) > 0 {
				return &job.InvalidError{Faults: faults}
			}
			return nil
		}})
	})}
}

type pipelineAnswer struct {
	JobID  string `json:"jobId"`
	Status string `json:"status"`
	Steps  []struct {
		Step      string `json:"step"`
		Status    string `json:"status"`
		JobID     string `json:"jobId"`
		TakenFrom string `json:"takenFrom"`
	} `json:"steps"`
	Labels  map[string]string `json:"labels"`
	Earlier *pipeline.Earlier `json:"earlier"`
	Result  *pipeline.Result  `json:"result"`
}

func (b *bundle) pipeline(id string) (p pipelineAnswer, statuses []string) {
	b.t.Helper()
	b.do("GET", "/api/pipelines/"+id, "").is(200).into(&p)
	for _, s := range p.Steps {
		statuses = append(statuses, s.Status)
	}
	return p, statuses
}

// step does a step of a pipeline as a worker would.
func (b *bundle) step(id string, step pipeline.Step, fail bool) {
	b.t.Helper()
	child := jobs.StepID(id, step)
	_, _, err := b.repo.Submit(b.t.Context(), child, "default", worker, job.Submit{
		Now: time.Now(), Kind: "any.thing", Queue: "bulk", ParentID: id, Retry: job.RetryPolicy{}.WithDefaults(), Fingerprint: child, CommandID: child,
	})
	require.NoError(b.t, err)
	s, out := b.begin(child)
	if fail {
		_, _, err = b.repo.Execute(b.t.Context(), child, worker, job.Fail{Now: time.Now(), Lease: "lease-" + s.ID, Error: job.Error{Code: "odd", Message: "no ink", Permanent: true}})
		require.NoError(b.t, err)
		return
	}
	b.succeed(child, out, `{}`)
}

const flow = `{"record":{"url":"http://app.test/"},"cases":false,"labels":{"a":"b"},"project":"shop"}`

func TestAPipelineIsSubmittedShownAndRetried(t *testing.T) {
	t.Parallel()
	l := pipelineDesk(t)
	res := l.do("POST", "/api/pipelines", flow, "Idempotency-Key", "one").is(202)
	id := res.job().JobID
	require.Equal(t, "/api/pipelines/"+id, res.header.Get("Location"))
	require.Equal(t, "true", l.do("POST", "/api/pipelines", flow, "Idempotency-Key", "one").is(202).header.Get("Idempotent-Replay"))
	p, statuses := l.pipeline(id)
	require.Equal(t, []string{"pending", "left_out", "left_out", "pending", "pending"}, statuses)
	require.Equal(t, map[string]string{"a": "b"}, p.Labels)

	l.do("POST", "/api/pipelines/"+id+"/retry", "").is(409).problem("conflict") // it has not ended
	l.begin(id)
	l.step(id, pipeline.Record, false)
	l.step(id, pipeline.Generate, true)
	_, _, err := l.repo.Execute(t.Context(), id, worker, job.Fail{Now: time.Now(), Lease: "lease-" + id, Error: job.Error{Code: "step_failed", Message: "no ink", Permanent: true}})
	require.NoError(t, err)
	_, statuses = l.pipeline(id)
	require.Equal(t, []string{"succeeded", "left_out", "left_out", "failed", "pending"}, statuses)

	require.Equal(t, "the step generate has not succeeded: begin there", l.do("POST", "/api/pipelines/"+id+"/retry", `{"from":"verify"}`).is(409).problem("conflict").Detail)
	require.Equal(t, "/earlier/from", l.do("POST", "/api/pipelines/"+id+"/retry", `{"from":"cases"}`).is(400).problem("invalid").Errors[0].Path)
	require.Equal(t, "/from", l.do("POST", "/api/pipelines/"+id+"/retry", `{"from":"nowhere"}`).is(400).problem("invalid").Errors[0].Path)
	before := l.size()
	again := l.do("POST", "/api/pipelines/"+id+"/retry", "").is(202).job().JobID
	require.Equal(t, before+1, l.size())
	p, statuses = l.pipeline(again)
	require.Equal(t, &pipeline.Earlier{PipelineID: id, From: pipeline.Generate}, p.Earlier)
	require.Equal(t, []string{"succeeded", "left_out", "left_out", "pending", "pending"}, statuses)
	require.Equal(t, []string{id, jobs.StepID(id, pipeline.Record)}, []string{p.Steps[0].TakenFrom, p.Steps[0].JobID})
	require.Equal(t, map[string]string{"a": "b"}, p.Labels)
	require.Equal(t, "shop", l.do("GET", "/api/jobs/"+again, "").job().Project)

	first := l.do("POST", "/api/pipelines/"+id+"/retry", `{"from":"record"}`, "Idempotency-Key", "two").is(202).job().JobID
	require.Equal(t, first, l.do("POST", "/api/pipelines/"+id+"/retry", `{"from":"record"}`, "Idempotency-Key", "two").is(202).job().JobID)
	_, statuses = l.pipeline(first)
	require.Equal(t, "pending", statuses[0])
}

func TestDocumentsComeWithAPipeline(t *testing.T) {
	t.Parallel()
	l := pipelineDesk(t)
	send := func(input string, files ...string) answer {
		var buf bytes.Buffer
		w := multipart.NewWriter(&buf)
		require.NoError(t, w.WriteField("input", input))
		for _, name := range files {
			part, err := w.CreateFormFile("files", name)
			require.NoError(t, err)
			_, err = part.Write([]byte("A note needs a text."))
			require.NoError(t, err)
		}
		require.NoError(t, w.Close())
		return l.do("POST", "/api/pipelines", buf.String(), "Content-Type", w.FormDataContentType())
	}
	id := send(`{"recordingId":"r1","ingest":{"name":"Specs"},"project":"shop"}`, "a.md", "b.md").is(202).job().JobID
	var in struct {
		Ingest struct {
			Name  string `json:"name"`
			Files []struct {
				Name string `json:"name"`
				Size int    `json:"size"`
			} `json:"files"`
		} `json:"ingest"`
	}
	j := l.do("GET", "/api/jobs/"+id, "").job()
	require.NoError(t, json.Unmarshal(j.Input, &in))
	require.Equal(t, "shop", j.Project)
	require.Equal(t, "Specs", in.Ingest.Name)
	require.Len(t, in.Ingest.Files, 2)
	require.Equal(t, 20, in.Ingest.Files[1].Size)
	_, statuses := l.pipeline(id)
	require.Equal(t, []string{"given", "pending", "pending", "pending", "pending"}, statuses)

	before := l.size()
	require.Len(t, l.uploads(), 2)
	for input, path := range map[string]string{
		`{}`: "/record", `{"recordingId":"r1","ingest":{"files":[]}}`: "ingest.files", `{"recordingId":"r1","ingest":7}`: "", `7`: "", `{"colour":1}`: "/",
	} {
		p := send(input, "a.md").is(400).problem("invalid")
		if path != "" {
			require.Equal(t, path, p.Errors[0].Path, input)
		}
	}
	send(`{"recordingId":"r1"}`, "a.md", "a.md").is(400).problem("invalid")
	require.Equal(t, before, l.size())
	require.Len(t, l.uploads(), 2, "what no job reads is not kept")
}

// A pipeline that no worker runs is cancelled by the server, and so is its step.
func TestCancellingAPipelineThatWaitsReachesItsStep(t *testing.T) {
	t.Parallel()
	l := pipelineDesk(t)
	for _, send := range []func(id string){
		func(id string) { l.do("POST", "/api/jobs/"+id+"/cancel", `{"reason":"no more"}`).is(202) },
		func(id string) { l.do("POST", "/api/jobs/"+id+"/stop", "", "If-Match", "*").is(202) },
		func(id string) { l.do("POST", "/api/jobs/bulk", `{"action":"cancel","ids":["`+id+`"]}`).is(200) },
	} {
		id := l.do("POST", "/api/pipelines", flow).is(202).job().JobID
		child := jobs.StepID(id, pipeline.Record)
		_, _, err := l.repo.Submit(t.Context(), child, "shop", worker, job.Submit{Now: time.Now(), Kind: "any.thing", Queue: "bulk", ParentID: id, Retry: job.RetryPolicy{}.WithDefaults()})
		require.NoError(t, err)
		send(id)
		_, statuses := l.pipeline(id)
		require.Equal(t, "cancelled", statuses[0])
	}
}

func TestAPipelineThatIsNotThere(t *testing.T) {
	t.Parallel()
	l := pipelineDesk(t)
	other := l.submit(`{"kind":"any.thing"}`).JobID
	for _, id := range []string{"nothing", other, "a%2Fb"} {
		l.do("GET", "/api/pipelines/"+id, "").is(404).problem("not_found")
		l.do("POST", "/api/pipelines/"+id+"/retry", "").is(404).problem("not_found")
	}
	require.Equal(t, "/record", l.do("POST", "/api/pipelines", `{}`).is(400).problem("invalid").Errors[0].Path)
}
