// Package pipeline runs the kind pipeline.run: record → ingest → test cases → generate → verify, each step a job of its own
// that is a child of the pipeline.
//
// The pipeline's attempt submits one step after the other, under ids that follow from its own, and waits for each by the
// log. An attempt after a kill finds the steps that have ended and goes on with the first that has not; after a failure
// that somebody retries it runs the failed step again. While it waits it holds a slot of the queue "pipeline" and of no
// other, so that no number of pipelines keeps their own steps from running: that is why it refuses to run in a queue in
// which steps wait.
package pipeline
