// Package kinds has the kinds of jobs that ingest: each connects a client that
// knows nothing of jobs (packages jira, website, extract) with an ingest.Run,
// which stores what is new, resumes and notices deletions.
package kinds
