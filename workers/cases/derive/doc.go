// Package derive makes test cases of what a recording holds and of what documents demand. It is pure and needs no model: the
// same material gives the same cases. It compares words and numbers; what it cannot tell it leaves out, and where a
// document and the recording disagree it says so instead of choosing.
//
// A passage belongs to a step, or a field, when their words are the same: stems of names, labels and texts, in English and
// German. Limits are read from sentences and tables by the rules in rules.go, from forms by their attributes, from
// refusals of servers and asserted texts by the same rules.
package derive
