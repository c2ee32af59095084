// Package golang writes recordings as Go modules whose tests drive a browser by playwright-go. Every text of a recording
// becomes a quoted literal: it is never code.
package golang
