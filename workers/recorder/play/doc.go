// Package play runs the steps of a recording in a browser context: for a
// scripted recording, for the beginning of one that a person goes on with, to
// sign in anew for a login profile, and to replay a recording.json.
//
// A Player takes one step at a time and says how it went: which way to the
// element it used, what it had to try, which dialogs it answered. A step that
// cannot be done ends in a *StepError; nothing is skipped in silence, and an
// assertion never holds because nothing was found, except where that is what
// it claims (hidden, a count of zero).
//
// Playwright's calls cannot be interrupted. Run returns at once when its
// context ends; the call that was under way ends by its own time limit, which
// is kept short while it only waits. Close waits for such calls.
package play
