// Package runner runs a Playwright Test project in a sandbox, each run of each test in a session that a Host decides: which
// proxy it goes through, under which conditions, with which secrets. It knows nothing of twins or jobs.
//
// The project sees our stand-in for @playwright/test (shim/), which is Playwright's own with fixtures that ask the host
// before a context is made, report assertions and what pages show, and let the host fail a run that passed.
//
// The sandbox is bubblewrap: no network but a loopback of its own, on which the shim forwards one port to the socket of the
// run's proxy; nothing of the file system but the programs, the project (read only) and one folder for results; no
// environment but what is given; everything ends with it. Memory and processes are watched from outside.
//
// The files are named for their roles: kit (what is installed), project (the folder and its configuration), sandbox, watch
// (memory and processes), socket (what the shim asks), run (one invocation).
package runner
