// Package sqlite keeps the log in one SQLite file: the embedded back end, exclusive to its process.
//
// One goroutine writes. It commits all appends that wait in one transaction (WAL, synchronous FULL),
// each accepted or refused on its own; see writer. Reads go to a small pool of connections and never
// wait for the writer. Which messages are taken is known to this process alone (see broker): a
// restart hands out again whatever was not acked.
package sqlite
