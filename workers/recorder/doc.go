// Package recorder is the kind recorder.record: a browser that a person or a
// script drives, and everything that is kept of it but the secrets.
//
// A Recorder holds what a worker process has once: the browser pool and the
// proxy. A session is one recording, from its browser context to its last
// artefact. The files are named for their roles: input (what may be asked for),
// kind (the job), session (a recording's life), open (context, proxy, start),
// script (steps that are run), scribe (the tape), evidence (pictures and
// documents of a step), hide (secrets in pictures), console, film (frames and
// video), trace (the driver's trace, masked), artefacts (what is stored at the
// end), faults (why a recording failed).
//
// Nothing is written before it went through the masker; what the driver writes
// by itself lies in the pool's private folder and is masked before it is stored.
package recorder
