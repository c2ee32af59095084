// Package mask keeps secrets out of what a recording writes. A secret becomes a placeholder that keeps its format
// (letters stay letters, digits digits, the length stays) and is the same wherever the secret stood, so that a replay
// still parses and still matches; a JSON web token keeps its header and claims and loses its signature.
//
// A Masker learns secrets in two ways: they are declared (what was typed into a password field, what a secretRef
// resolved to), or they stand where secrets stand (an Authorization header, a cookie, a JSON member named "token").
// What it knows it finds everywhere: as it is, percent-encoded, in JSON and HTML escapes, in base64, and across the tags
// of a page. Because what is learned late may have been written early, everything that is written at the end is passed
// through twice: the first pass learns.
//
// The key of the placeholders is random, lives as long as the recording's session and is never written: a placeholder
// cannot be tried against a list of guesses.
package mask
