// Package workers runs jobs. A Worker takes queue entries, claims each job by an append that grants a
// lease, runs the job's Kind, renews the lease, and closes the attempt by another append; beside that
// it fires deadlines, recovers the jobs of workers that fell silent, and wakes jobs that wait for
// others. Any number of Workers may do so on one store: what decides is always the append.
//
// The happy path reads nothing: a queue entry carries the event that queued the job, the claim and
// the end are one append each, and a job shorter than a third of its lease never renews.
//
// The files are named for their roles: claimer (queue entry to claim), runner (one attempt from claim
// to end), pulse (the one loop that renews, times out and looks for requests, for all running jobs),
// output (log lines, progress, artefacts), recoverer (deadlines, silent workers, lost entries),
// reactor (dependencies), presence (the registry of workers).
package workers
