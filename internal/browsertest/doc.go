// Package browsertest drives a real browser for tests: one driver and one
// Chromium for a test binary, a fresh context for each test. The browser
// reaches the loopback interface only, so that a page which needs a foreign
// host fails its test.
package browsertest
