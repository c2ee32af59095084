// Package generate has the job kind suite.generate, which writes tests from a recording and hands them to suite.verify:
// no test is shown without its proof. typescript writes the code.
package generate
