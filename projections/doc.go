// Package projections keeps read models: what lists, searches and statistics answer from.
//
// A Projector follows the log and folds it in batches into an SQLite file of its own, together with
// its checkpoint in the same transaction. The file is disposable: each API process has one, and it is
// built again from nothing whenever its checkpoint does not belong to the log any more. Nothing in it
// depends on a clock, on the size of the batches or on how often the process was restarted: two
// projectors that stand at the same checkpoint have the same Dump.
//
// Reads never wait for the fold. Every answer says the cursor that it reflects, so that a page that
// subscribes from there misses nothing and sees nothing twice.
package projections
