// Package explore has the kind suite.explore: test cases whose answers no recording holds are tried on an environment that may
// be written to, each recorded anew, and those that went as expected become tests that are proven on their own recording. What
// went otherwise is told, and never becomes an expectation.
package explore
