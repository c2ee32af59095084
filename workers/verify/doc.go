// Package verify is the job kind suite.verify: it runs a Playwright Test project and writes down what its tests are worth
// (domain/proof). On the twin of a recording each run is put under other conditions, so that a test which passes only by
// luck is found out, and then under faults, so that a test which notices nothing is. On an environment the tests run
// against the live site.
//
// runner runs the project, mutant makes the faults. Here are the kind and its input (kind, input), the project's files
// (archive), the recordings (tapes), what each run is put under (plan), one run of a test (session), the order of it all
// (verify), the faults (mutation) and what is kept of it (ledger).
package verify
