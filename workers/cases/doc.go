// Package cases has the job kind testcases.generate, which makes test cases of a recording and of what documents demand.
// derive makes them; what it needs is gathered here from the log and the artefact store alone, so that any worker can do
// it: no index of what is known is asked.
package cases
