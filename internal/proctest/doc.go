// Package proctest runs other programs for tests that kill, freeze and restart
// them. A process ends with its test, and with the test binary if that is
// killed.
package proctest
