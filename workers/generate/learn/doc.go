// Package learn finds out what a flow's steps change on its pages, and makes claims of it that a test can assert. It is
// pure: who runs the flow hands it what the pages showed.
package learn
