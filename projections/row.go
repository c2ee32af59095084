package projections

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"tapedeck/domain/event"
	"tapedeck/domain/job"
	"tapedeck/eventstore"
)

// keptArtifacts bounds Job.Artifacts.
const keptArtifacts = 256

// document is the JSON of a row.
type document struct {
	State     job.State         `json:"state"`
	Progress  *job.Progress     `json:"progress,omitempty"`
	Artifacts []job.Artifact    `json:"artifacts,omitempty"`
	Cursor    eventstore.Cursor `json:"cursor"`
}

// row is a job while it is folded.
type row struct {
	document
	num int64
	// stored is the status in the file, if the row is there.
	isStored bool
	stored   job.Status
	dirty    bool
	// submitted and errText are what search covers, until they are written.
	submitted  string
	errText    string
	errChanged bool
}

func decodeRow(num int64, doc []byte) (*row, error) {
	r := &row{num: num, isStored: true}
	if err := json.Unmarshal(doc, &r.document); err != nil {
		return nil, fmt.Errorf("read job %d: %w", num, err)
	}
	r.stored = r.State.Status
	return r, nil
}

func (d *document) encode() ([]byte, error) {
	return json.Marshal(d, json.Deterministic(true))
}

// foldState applies an event of the state stream, through job.Fold: there is no second way to compute
// a state. Data that is not what its type promises counts as an unknown event; valid is false then.
func (r *row) foldState(e *eventstore.Recorded) (valid bool) {
	before, attempt := r.State.Error, r.State.Attempt
	next, err := job.Fold(r.State, e.Event, e.Hash)
	if err != nil {
		next = job.Evolve(r.State, job.Unknown{Type: e.Type}, e.Time)
	}
	if r.State.Version == 0 {
		next.ID, next.Project = strings.Clone(e.Subject), strings.Clone(e.Project) // let go of the envelope
		r.submitted = submittedText(&next)
	}
	r.State = next
	if next.Error != before {
		r.errText, r.errChanged = errorText(next.Error), true
	}
	if next.Attempt != attempt {
		r.Progress = nil
	}
	slim(&r.State)
	return err == nil
}

// foldOutput applies an event of an attempt's output stream.
func (r *row) foldOutput(e *eventstore.Recorded) (valid bool) {
	fact, err := job.Decode(e.Type, e.SchemaVersion, e.Data)
	if err != nil {
		return false
	}
	switch fact := fact.(type) {
	case job.Progressed:
		p := job.Progress(fact)
		r.Progress = &p
	case job.ArtifactStored:
		r.keep(job.Artifact{
			Name: fact.Name, Size: fact.Size, ContentType: fact.ContentType, SHA256: fact.SHA256,
			Attempt: e.Attempt, StoredAt: e.Time,
		})
	default:
	}
	return true
}

// keep adds an artefact; the same name in the same attempt replaces the first.
func (r *row) keep(a job.Artifact) {
	r.Artifacts = slices.DeleteFunc(r.Artifacts, func(b job.Artifact) bool {
		return b.Name == a.Name && b.Attempt == a.Attempt
	})
	r.Artifacts = append(r.Artifacts, a)
	r.Artifacts = r.Artifacts[max(0, len(r.Artifacts)-keptArtifacts):]
}

// slim takes away what a row does not show. Folding on from a slim state and slimming again gives the
// same as slimming the full state: TestRowsEqualJobFold.
func slim(s *job.State) {
	s.Input, s.Result, s.Annotations, s.Commands = nil, nil, nil, nil
	s.Lease, s.LeaseMS, s.Fingerprint, s.Head = "", 0, "", event.Hash{}
	s.Error = withoutDetail(s.Error)
	s.Attempts = s.Attempts[max(0, len(s.Attempts)-KeptAttempts):]
	for i := range s.Attempts {
		s.Attempts[i].Error = withoutDetail(s.Attempts[i].Error)
	}
}

func withoutDetail(e *job.Error) *job.Error {
	if e == nil || e.Detail == "" {
		return e
	}
	short := *e
	short.Detail = ""
	return &short
}

func (d *document) job() Job {
	return Job{State: d.State, Progress: d.Progress, Artifacts: d.Artifacts, Cursor: d.Cursor}
}

// duration is in nanoseconds, -1 for a job that did not run or has not ended.
func duration(s *job.State) int64 {
	if s.StartedAt.IsZero() || s.FinishedAt.IsZero() {
		return -1
	}
	return max(0, int64(s.FinishedAt.Sub(s.StartedAt)))
}

// nanos orders times; what int64 cannot hold is moved to its ends.
func nanos(t time.Time) int64 {
	switch {
	case t.IsZero():
		return 0
	case t.Year() < 1679:
		return math.MinInt64
	case t.Year() > 2261:
		return math.MaxInt64
	}
	return t.UnixNano()
}

// statusRank orders statuses by a job's life; a status that is not known comes last.
func statusRank(s job.Status) int64 {
	if i := slices.Index(job.Statuses, s); i >= 0 {
		return int64(i)
	}
	return int64(len(job.Statuses))
}

func priorityRank(p job.Priority) int64 {
	if i := slices.Index(job.Priorities, p); i >= 0 {
		return int64(i)
	}
	return int64(len(job.Priorities))
}
