// Package suite is the review of a generated suite: its test's text as it was generated and as people edited it, what they said
// of it, which proofs were made of which text, and where it was handed out to. A review is the stream suite/ID of the job that
// generated the suite, which proposes the text; people go on from there.
//
// A text stands in the artefact store under its own digest; events name it. How a proof ended is the proof's own to say: a
// review names its job.
package suite
