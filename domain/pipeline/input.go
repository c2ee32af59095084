package pipeline

import (
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"tapedeck/domain/job"
)

// Kind is the job kind, Queue where its jobs wait: a queue of their own, because they wait for jobs of other queues.
const (
	Kind  = "pipeline.run"
	Queue = "pipeline"
)

// Step is a part of a pipeline.
type Step string

// The steps.
const (
	Record   Step = "record"
	Ingest   Step = "ingest"
	Cases    Step = "cases"
	Generate Step = "generate"
	Verify   Step = "verify"
)

// Steps lists them in their order.
var Steps = []Step{Record, Ingest, Cases, Generate, Verify}

// Before reports whether the step comes before another.
func (s Step) Before(other Step) bool { return slices.Index(Steps, s) < slices.Index(Steps, other) }

// Valid reports whether there is such a step.
func (s Step) Valid() bool { return slices.Contains(Steps, s) }

// Input is what may be asked for.
type Input struct {
	Recording string         `json:"recordingId" title:"Recording" doc:"A recording that there is; without one record is needed." maxlen:"128"`
	Record    jsontext.Value `json:"record" title:"Record" doc:"The input of recorder.record: its recording is what tests are made of."`
	Ingest    jsontext.Value `json:"ingest" title:"Documents" doc:"The input of ingest.documents: what the product should do."`
	Sources   []string       `json:"sources" title:"Sources" doc:"Ids of sources that there are, for the test cases." maxlen:"99"`
	Cases     bool           `json:"cases" title:"Test cases" doc:"Make test cases of the recording and of the documents."`
	Learn     bool           `json:"learn" title:"Learn assertions" doc:"Run the flow on the recording's twin, and add assertions of what its steps change."`
	Runs      int            `json:"runs" title:"Runs" doc:"How often each test runs." min:"1" max:"100"`
	Mutants   int            `json:"mutants" title:"Mutants" doc:"How many faults they are tried with; 0 is none." min:"0" max:"10000"`
	Budget    int            `json:"budgetSeconds" title:"Budget (s)" doc:"How long faults may take; the rest goes on in a job of its own." min:"1" max:"86400"`
	Earlier   Earlier        `json:"earlier" title:"Earlier pipeline" doc:"Take what another pipeline has done already."`
}

// Earlier names a pipeline whose steps before From are taken as they are.
type Earlier struct {
	PipelineID string `json:"pipelineId" title:"Pipeline" maxlen:"64"`
	From       Step   `json:"from" title:"From" doc:"The first step that is done again: record, ingest, cases, generate or verify." maxlen:"16"`
}

// Defaults is an Input that leaves everything out.
func Defaults() Input {
	return Input{Cases: true, Learn: true, Runs: 5, Mutants: 200, Budget: 120}
}

// Check implements workers.Checker.
func (in Input) Check() []job.Fault {
	var list []job.Fault
	add := func(path, message string) { list = append(list, job.Fault{Path: path, Message: message}) }
	switch {
	case in.Recording == "" && !given(in.Record):
		add("record", "is needed, or a recordingId")
	case in.Recording != "" && given(in.Record):
		add("record", "excludes recordingId")
	}
	if in.Earlier != (Earlier{}) {
		if in.Earlier.PipelineID == "" {
			add("earlier.pipelineId", "is needed")
		}
		if !in.Earlier.From.Valid() {
			add("earlier.from", "want record, ingest, cases, generate or verify")
		} else if !in.Wants(in.Earlier.From) {
			add("earlier.from", "this pipeline has no such step")
		}
	}
	return list
}

// given reports whether a part of the input is there.
func given(v jsontext.Value) bool { return len(v) > 0 && v.Kind() != 'n' }

// Wants reports whether the pipeline has a step.
func (in Input) Wants(s Step) bool {
	switch s {
	case Record:
		return given(in.Record)
	case Ingest:
		return given(in.Ingest)
	case Cases:
		return in.Cases
	case Generate, Verify:
		return true
	}
	return false
}

// Takes reports whether a step's result is the earlier pipeline's.
func (in Input) Takes(s Step) bool { return in.Earlier.PipelineID != "" && s.Before(in.Earlier.From) }
