// Package eventstore is the contract of the log and the parts of it that every back end shares.
//
// A Store holds streams of events in one global order (the log), and beside them what must change
// together with them: topics (queues of messages that are handed to one of several readers),
// deadlines (at most one for each stream), leases (at most one for each stream) and watches. One
// Append changes all of these or none.
//
// Back ends: memory (tests), sqlite (embedded, exclusive to one process), redis (several processes).
// The suite in eventstoretest holds for each. All methods are safe for concurrent use.
package eventstore
