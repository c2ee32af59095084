package twin

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// The kinds of a Drift.
const (
	Unrecorded = "unrecorded" // a request that the recording does not have
	Altered    = "altered"    // a write that differs from the recorded one
	Extra      = "extra"      // a write that was sent more often than in the recording
	Missing    = "missing"    // a write that was not sent
	Message    = "message"    // a WebSocket message that the recording does not have
	Silent     = "silent"     // a WebSocket message that was not sent
	Incomplete = "incomplete" // the recording does not hold the whole answer
	Nearest    = "closest"    // answered by the nearest recorded answer
)

// Drift is one thing in which a run differed from its recording.
type Drift struct {
	Kind   string    `json:"kind"`
	Time   time.Time `json:"time"`
	Method string    `json:"method,omitempty"`
	URL    string    `json:"url,omitempty"`
	// Entry is the recorded exchange that it should have been, 0 when there is none.
	Entry int64 `json:"entry,omitzero"`
	// Detail says what differs, for people.
	Detail string `json:"detail,omitempty"`
	// Differences are the values that differ, at most 20.
	Differences []Difference `json:"differences,omitempty"`
}

// String is one line.
func (d Drift) String() string {
	s := d.Kind + ": " + d.Method + " " + d.URL
	if d.Detail != "" {
		s += ": " + d.Detail
	}
	for i, diff := range d.Differences {
		if i == 3 {
			s += fmt.Sprintf("; and %d more", len(d.Differences)-i)
			break
		}
		s += "; " + diff.String()
	}
	return s
}

// Difference is one value of a request that is not the recorded one.
type Difference struct {
	// Path says where: "query.page", "body.items[2].name", "body".
	Path string `json:"path"`
	// Recorded and Sent are the values, cut at 200 bytes; empty where there is none.
	Recorded string `json:"recorded,omitempty"`
	Sent     string `json:"sent,omitempty"`
}

func (d Difference) String() string {
	return fmt.Sprintf("%s was %q, now %q", d.Path, d.Recorded, d.Sent)
}

// Report is what a Run did, as far as it has come.
type Report struct {
	// Drift is what did not fit, in order. A run without any followed its recording.
	Drift []Drift `json:"drift"`
	// More counts the drift beyond the 500 that are listed.
	More int `json:"more,omitzero"`
	// Notes are what was let pass and should be known: a heartbeat that came less often.
	Notes []string `json:"notes,omitempty"`
	// Requests counts what was asked, Writes the recorded writes, Written those of them that were sent.
	Requests int `json:"requests"`
	Writes   int `json:"writes"`
	Written  int `json:"written"`
	// Served lists the answers in the order in which they were decided.
	Served []Served `json:"served"`
}

// Served is one answer of a run.
type Served struct {
	// OffsetMS is the time since the run's start, in milliseconds.
	OffsetMS int64  `json:"offsetMs"`
	Method   string `json:"method"`
	URL      string `json:"url"`
	// Entry is the recorded exchange that was played, 0 for none.
	Entry  int64 `json:"entry,omitzero"`
	Status int   `json:"status"`
}

// maxDrift bounds a report: a page that asks for ever must not fill the memory.
const maxDrift = 500

// maxServed bounds the list of answers.
const maxServed = 20_000

func (r *Run) driftLocked(d Drift) {
	d.Time = r.now()
	if len(r.report.Drift) < maxDrift {
		r.report.Drift = append(r.report.Drift, d)
		return
	}
	r.report.More++
}

func (r *Run) noteLocked(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if len(r.report.Notes) < maxDrift && !slices.Contains(r.report.Notes, text) {
		r.report.Notes = append(r.report.Notes, text)
	}
}

func (r *Run) note(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.noteLocked(format, args...)
}

// Report is the run so far; what was not sent is not yet in it.
func (r *Run) Report() Report {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.copyLocked()
}

func (r *Run) copyLocked() Report {
	out := r.report
	out.Drift, out.Notes, out.Served = slices.Clone(out.Drift), slices.Clone(out.Notes), slices.Clone(out.Served)
	return out
}

// Finish ends the run and answers its whole report: what the recording sent and
// this run did not is in it. It may be called again, with the same answer.
func (r *Run) Finish() Report {
	r.end()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.finished != nil {
		return *r.finished
	}
	for _, x := range r.missingLocked() {
		r.driftLocked(Drift{Kind: Missing, Method: x.entry.Request.Method, URL: x.entry.Request.URL, Entry: x.entry.ID, Detail: "was not sent"})
	}
	for _, address := range slices.Sorted(maps.Keys(r.unsettled)) {
		n := r.unsettled[address]
		r.driftLocked(Drift{
			Kind: Altered, Method: n.entry.Request.Method, URL: address, Entry: n.entry.ID, Detail: "what was saved last is not what was recorded", Differences: n.diffs,
		})
	}
	r.silentLocked()
	out := r.copyLocked()
	r.finished = &out
	return out
}
