// Package artifacts keeps the files that jobs store, in any bucket that gocloud.dev/blob can open.
//
// A file is named by its job, its attempt and a relative path (Key). Its digest and size are taken
// while it streams through; they belong into the job's tape, which is the proof of what was stored.
// A file appears under its name only when it is complete.
package artifacts
