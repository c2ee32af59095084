// Package job decides what may happen to a job. Decide and Evolve are pure: the time and new ids
// arrive in the command, and nothing here does I/O, reads a clock or draws a random number.
//
// A job has two kinds of stream. Its state stream ("job/ID") holds the events that Decide returns;
// State is their fold, and time travel is the same fold stopped early. An output stream for each
// attempt ("job/ID/out/N") holds what the attempt says while it runs (Progressed, Logged,
// ArtifactStored); Output is its fold. The event that closes an attempt carries the output's head,
// so that nothing of that attempt can follow it.
package job
