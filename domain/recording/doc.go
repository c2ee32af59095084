// Package recording decides what may happen to a recording: steps are added while a browser is driven, and edited
// afterwards. Pure, in the manner of package job.
//
// A recording is made by a job of kind recorder.record and has that job's id, which is also its session's. Its events
// are on a stream of its own (see Stream), so that it can be edited long after the job has ended and opened at any
// version. A step keeps evidence, not a decision: every way to find its element, with what each found at that moment.
package recording
