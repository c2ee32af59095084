package knowledge

import (
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"tapedeck/domain/event"
)

// Kind stands in the envelope of a source's and a document's events in place of a job's kind.
const Kind = "knowledge"

// SourceKind says where documents come from.
type SourceKind string

// The kinds of sources.
const (
	Jira    SourceKind = "jira"
	Website SourceKind = "website"
	Files   SourceKind = "documents"
	Bucket  SourceKind = "bucket"
)

// JobKind is the kind of the jobs that ingest such a source.
func (k SourceKind) JobKind() string { return "ingest." + string(k) }

// valid reports whether there is such a kind.
func (k SourceKind) valid() bool {
	switch k {
	case Jira, Website, Files, Bucket:
		return true
	}
	return false
}

// SourceID names the source of a project with this key, for example a site's first address: the same one again when it
// is ingested again.
func SourceID(project string, kind SourceKind, key string) string {
	return "src-" + digestID(project, string(kind), key)
}

// SourceStream is the name of a source's stream.
func SourceStream(id string) string { return "source/" + id }

// Source is a source as its events made it.
type Source struct {
	ID      string         `json:"sourceId"`
	Project string         `json:"project"`
	Kind    SourceKind     `json:"kind"`
	Key     string         `json:"key"`
	Name    string         `json:"name"`
	Labels  []string       `json:"labels,omitempty"`
	Input   jsontext.Value `json:"input,omitzero"`
	Removed bool           `json:"removed,omitzero"`

	CreatedAt time.Time `json:"createdAt"`
	UpdatedAt time.Time `json:"updatedAt"`
	// Run is the newest run; LastComplete is when one last saw the whole source.
	Run          Run       `json:"run,omitzero"`
	LastComplete time.Time `json:"lastComplete,omitzero"`
	// Next is the job that reads the source again; it may have been cancelled since.
	Next *NextRun `json:"nextRun,omitzero"`
	// Since is what the last complete run said a later one may begin at, in the kind's own words.
	Since string `json:"since,omitempty"`

	Version uint64     `json:"version"`
	Head    event.Hash `json:"-"`

	// Entries are the documents by their keys; Faults are those of the newest run.
	Entries map[string]Entry `json:"-"`
	Faults  []Fault          `json:"-"`
}

// Exists reports whether the source was ever defined.
func (s *Source) Exists() bool { return s.Version > 0 }

// Run is one job's work on a source.
type Run struct {
	JobID      string    `json:"jobId"`
	Attempt    int       `json:"attempt"`
	Outcome    Outcome   `json:"outcome"`
	Reason     string    `json:"reason,omitempty"`
	Counts     Counts    `json:"counts"`
	StartedAt  time.Time `json:"startedAt"`
	FinishedAt time.Time `json:"finishedAt,omitzero"`

	// Pending are what was found and not yet dealt with, in the order in which it was found; State is the kind's own
	// mark of how far it came. A later attempt of the same job goes on from both.
	Pending []Found         `json:"-"`
	State   string          `json:"-"`
	Done    map[string]bool `json:"-"`
}

// Outcome is how a run ended, or that it has not.
type Outcome string

// The outcomes of a run.
const (
	Running  Outcome = "running"
	Complete Outcome = "complete" // all of the source was seen: what was not is removed
	Partial  Outcome = "partial"  // a limit, a stop or faults kept it from seeing all
	Failed   Outcome = "failed"
)

// Counts are a run's numbers of documents.
type Counts struct {
	Found     int64 `json:"found"`
	Stored    int64 `json:"stored"`    // new or changed
	Unchanged int64 `json:"unchanged"` // as they were
	Skipped   int64 `json:"skipped"`   // not wanted, with a reason
	Failed    int64 `json:"failed"`
	Removed   int64 `json:"removed"` // no longer there
}

// Entry is what a source knows of one of its documents.
type Entry struct {
	DocumentID string     `json:"documentId"`
	Hash       string     `json:"hash"` // of what was fetched, to tell whether it changed
	Validators Validators `json:"validators,omitzero"`
}

// Validators are those of RFC 9110, section 8.8, for conditional requests.
type Validators struct {
	ETag         string `json:"etag,omitempty"`
	LastModified string `json:"lastModified,omitempty"`
}

// Found is something to look at, for example a page that another one links to.
type Found struct {
	Key   string `json:"key"`
	Depth int    `json:"depth,omitzero"`
	// More is the kind's own word on it.
	More string `json:"more,omitempty"`
}

// Fault is why something of a source could not be ingested, or was left out.
type Fault struct {
	Key string `json:"key"`
	// Code is one word for programs, for example "too_large", "robots", "broken".
	Code    string `json:"code"`
	Message string `json:"message"`
	// Skipped: it was left out on purpose.
	Skipped bool `json:"skipped,omitzero"`
}

// ParseSourceStream is the reverse of SourceStream.
func ParseSourceStream(name string) (id string, ok bool) { return cutStream(name, "source/") }

func cutStream(name, prefix string) (id string, ok bool) {
	id, ok = strings.CutPrefix(name, prefix)
	return id, ok && id != "" && !strings.Contains(id, "/")
}
