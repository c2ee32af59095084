// Package generate has the job kind suite.generate, which writes tests from a recording and hands them to suite.verify:
// no test is shown without its proof. typescript writes the code that is proven, golang the same in Go, naming names both.
package generate
