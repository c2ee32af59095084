package projections

import (
	"time"

	"tapedeck/domain/job"
	"tapedeck/domain/queue"
	"tapedeck/eventstore"
)

// Filter selects jobs. Every field that is set must match; the zero Filter matches every job.
type Filter struct {
	Project string
	// Statuses, Kinds and Queues each match any of their members.
	Statuses []job.Status
	// Kinds are globs, such as "recorder*": * is any run of characters, ? any one.
	Kinds  []string
	Queues []string
	// Labels must all be there with these values.
	Labels map[string]string
	// ParentID selects the children of a job.
	ParentID string
	// IDs selects jobs by their ids.
	IDs []string
	// Text is what a person typed: every word must occur in the job's id, kind, labels, input or
	// error, the last one as a prefix. No text is a syntax error; text without a single letter or
	// digit matches nothing.
	Text string
	// CreatedAfter (inclusive) and CreatedBefore (exclusive) bound the time of submission.
	CreatedAfter, CreatedBefore time.Time
}

// SortKey is what a list is ordered by.
type SortKey string

// The sort keys. Jobs without the time or duration in question come last in ascending and in
// descending order. SortCreatedAt, SortKind, SortQueue and SortPriority never change: their pages
// neither miss nor repeat a job. By another key a job that changes between two pages can move past
// the place where they meet; the log from the first page's Cursor has the change.
const (
	// SortCreatedAt is the order of submission: that of the log, whatever the writers' clocks said.
	SortCreatedAt  SortKey = "createdAt"
	SortUpdatedAt  SortKey = "updatedAt"
	SortFinishedAt SortKey = "finishedAt"
	// SortDuration: from the first start to the end.
	SortDuration SortKey = "duration"
	SortKind     SortKey = "kind"
	// SortStatus: in the order of a job's life.
	SortStatus SortKey = "status"
	SortQueue  SortKey = "queue"
	// SortPriority: the most urgent first.
	SortPriority SortKey = "priority"
	SortAttempt  SortKey = "attempt"
)

// Sort is an order. Jobs with equal keys follow each other in the order of their submission (or its
// reverse, when Descending). The zero Sort is the newest submission first.
type Sort struct {
	Key        SortKey
	Descending bool
}

// JobQuery asks for a page of jobs.
type JobQuery struct {
	Filter Filter
	Sort   Sort
	// Limit defaults to 50 and is at most MaxPage.
	Limit int
	// Page is the Next of the page before; it holds only for the same Filter and Sort.
	Page string
	// Count asks for JobPage.Total, which costs a scan of everything that matches.
	Count bool
}

// MaxPage is the most jobs that one page or selection holds.
const MaxPage = 1000

// Job is a row of the list. State is the fold of the job's state stream without what only its own
// page shows: Input, Result, Annotations and the Detail of errors are empty, and Attempts holds the
// last KeptAttempts.
type Job struct {
	job.State
	// Progress is that of the current or last attempt, nil when it reported none.
	Progress *job.Progress
	// Artifacts are those of all attempts, in the order in which they were stored.
	Artifacts []job.Artifact
	// Cursor is that of the last event folded into the row.
	Cursor eventstore.Cursor
}

// KeptAttempts bounds Job.Attempts.
const KeptAttempts = 10

// JobPage is a page of a list.
type JobPage struct {
	Items []Job
	// Next continues the list; empty on the last page.
	Next string
	// Total counts all jobs that match; -1 unless asked for.
	Total int64
	// Cursor is what the page reflects.
	Cursor eventstore.Cursor
}

// Selection is what a bulk action works on.
type Selection struct {
	// IDs of the first jobs that match, the oldest submission first.
	IDs []string
	// ByStatus counts all jobs that match; Total is their sum.
	ByStatus map[job.Status]int64
	Total    int64
	Cursor   eventstore.Cursor
}

// Queue is what events say of a queue. Live depth and the readers come from the store.
type Queue struct {
	// State is the fold of the queue's stream: its name, mode, and since when. Version 0 is a queue
	// that nobody ever paused or drained.
	queue.State
	// Kinds that were ever submitted to it, by name.
	Kinds []string
	// ByStatus counts the queue's jobs.
	ByStatus map[job.Status]int64
	// Waiting counts its queued jobs by priority.
	Waiting map[job.Priority]int64
}

// Queues is the list of queues by name.
type Queues struct {
	Items  []Queue
	Cursor eventstore.Cursor
}

// StatsQuery asks for statistics of the events in [From, To), by the writers' clocks.
type StatsQuery struct {
	// Project narrows it down; empty is all.
	Project  string
	From, To time.Time
	// Bucket is the width of Throughput's buckets: a multiple of ten seconds. Zero lets the
	// projector choose one that gives 30 to 180 buckets. From and To are moved outwards to its multiples.
	Bucket time.Duration
}

// Tally counts what happened.
type Tally struct {
	Submitted, Started, Succeeded, Failed, Cancelled, Dead int64
	// Retried counts attempts that ended with another one scheduled.
	Retried int64
}

// Ended counts the jobs that reached a final status.
func (t Tally) Ended() int64 { return t.Succeeded + t.Failed + t.Cancelled + t.Dead }

// Bucket is one stretch of time.
type Bucket struct {
	Time time.Time
	Tally
}

// Percentiles are interpolated in buckets of a fixed grid, at most 13 % wide.
type Percentiles struct {
	// Count is the number of values; the rest is zero when there is none.
	Count         int64
	P50, P95, P99 time.Duration
}

// KindStats are the figures of one kind.
type KindStats struct {
	Kind string
	Tally
	// Duration is that of attempts that succeeded or failed, from start to end.
	Duration Percentiles
	// Wait is how long attempts were queued before they started.
	Wait Percentiles
}

// Stats answers a StatsQuery.
type Stats struct {
	From, To time.Time
	Bucket   time.Duration
	// Throughput holds every bucket from From to To, empty ones too.
	Throughput []Bucket
	// Kinds that were active, by name.
	Kinds []KindStats
	// ByStatus counts all jobs of the project now, whenever they were submitted.
	ByStatus map[job.Status]int64
	Cursor   eventstore.Cursor
}
