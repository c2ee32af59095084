// Package capture watches what is done in a browser context and says it as steps of a recording.
//
// A script of ours runs in an isolated world of every document (folder script, one concern a file): the page cannot
// see it, a strict Content-Security-Policy does not stop it, and it changes nothing. It describes an element when the
// pointer goes down, before the page reacts, and hands each message over in a call that leaves the page before it
// returns. Navigations, dialogs, popups, downloads and the end of pages are seen from outside.
//
// Everything arrives in one queue in the order in which the browser said it, and one goroutine works it off: handlers
// of playwright-go run on its dispatch goroutine and must not call its API.
package capture
