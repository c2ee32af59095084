// Package browser runs the one driver and the one Chromium of a worker process
// and hands out browser contexts.
//
// A Pool starts both when the first context is asked for and again when either
// has died; a context that was lost says so (Context.Lost). The files are named
// for their roles: find (driver, browser, ffmpeg), flags, scratch (the private
// folder for everything that they write), engine (a driver with its browser),
// pool (engines one after the other), check (what is missing).
//
// The browser writes what people type into its temporary files. They all lie
// in a folder of this process's own, mode 0700, in memory where the system
// offers that (/dev/shm). It is removed with the pool, and what a killed process
// left is removed by the next one to look: TestRemainsOfAKilledProcessAreWiped.
package browser
