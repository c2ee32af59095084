// Package twin answers from a recording's network as the stateful server did:
// the site itself may be switched off.
//
// A Tape is what was recorded, made ready once; a Run is one playing of it, the
// http.RoundTripper that a proxy session takes as its Origin. A Run begins in
// the state in which the recording began and goes on by causes, never by the
// number of times that something is read:
//
//   - A write (a request whose method may change something) matches a recorded
//     one that was not sent yet by method, URL and body value. What a write
//     changed is seen by what is read after it. A write that was not recorded,
//     that differs, or that is sent twice is refused; one that is not sent is
//     told at the end.
//   - A read is answered by the latest recorded answer whose writes have all
//     been sent. Only where the server's answer changed although nothing was
//     written (a job that is polled) the answers follow each other, and the last
//     one stays.
//   - Values that the page makes itself (ids, random numbers, times) match by
//     where they came from: a value that the recording first saw in a request is
//     the page's own, and this run's takes its place wherever the recorded one
//     stands in later requests and answers. What the server said first, or a
//     person typed, has to be the same.
//   - Messages of WebSockets and event streams come when what preceded them in
//     the recording has happened again.
//
// Everything that did not fit is a Drift in the Report. In Strict mode it is
// refused; in Closest mode the nearest recorded answer is given instead, which
// is for looking around: such a run proves nothing.
//
// The files are named for their roles: tape (what was recorded, made ready),
// classify (what kind of exchange it was), match and value (is this request that
// one?), generated (may this value differ?), run and state (one playing), answer
// and ranges (a recorded answer on the wire), socket, stream and pace (what the
// server says on its own), inject and policy (our script in pages and workers),
// drift (the report).
//
// Known limits. Answers are sent without the content encoding that they were
// recorded with. The state is what HTTP writes made of it: a server that changes
// by a WebSocket message alone is followed only in the order of its answers.
//
// A POST counts as a write, but for GraphQL queries: that it was sent twice and
// answered alike shows nothing, a search does that and an order that is placed
// twice. So a search by POST has to be sent as often as in the recording.
//
// A heartbeat is what was sent at least four times, at least a second apart, in
// one rhythm, with one answer, the same but for the time in it; one that counts,
// or that the recording shows less often, is a write. A beacon is told by its mode
// (no-cors): sendBeacon of a Blob of JSON looks like any other write. One in 80
// pairs of Math.random().toString(36) looks like a word that somebody chose.
//
// Pinning does not reach a worker at a data: address, a Blob's that Trusted Types
// let pass or that another realm named, a frame in a sandbox or a shadow tree
// without an address, one whose srcdoc is changed later, and what is asked of a
// frame in the very task that made it; suite.verify pins all frames by the driver.
// A "use strict" at the head of a Blob's classic worker no longer counts.
package twin
