// Package e2e tests the real program from outside: its processes, its API, its page.
package e2e
