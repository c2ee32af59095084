// Package mutant makes the faults that a test should notice, and changes that it should not mind. Where they are put is
// chosen from the recording, from the scripts that a run of it executed and from what its pages showed, never from the
// test: a test cannot be written to please them.
//
// Three layers, each in a file of its own: response (what the server answers), script (the served JavaScript, changed in
// its syntax tree), page (what a page shows and does, changed by a script in it). harmless holds the changes that no test
// should mind. choose draws a sample that has all sorts in it.
package mutant
