// Package proxy is the one way from a recording's browser to the network. It
// ends the browser's TLS with a CA of its own, asks an origin for the answer,
// streams it back as it comes, and keeps what was said.
//
// A Server runs one Session for each recording, each on a loopback port of its
// own: that is the value of a browser context's proxy option. What answers is
// an http.RoundTripper (SessionConfig.Origin): the network under an
// egress.Policy, or something that plays a recording back. Listening, TLS,
// streaming and capture are the same for both.
//
// The files are named for their roles: session (the listener and what ends
// it), tunnel (CONNECT, TLS towards the browser), forward (one exchange),
// refusal (the pages of our own), upgrade (WebSockets), network (the origin
// that dials), exchange and entry (what is kept), spool (bodies), noise (what
// the browser says on its own account).
//
// The browser is to be started with --ignore-certificate-errors-spki-list set
// to CA.SPKIHash, so that it trusts this process's proxy and nobody else who
// is unknown to it. Chromium heeds that flag only together with
// --user-data-dir, which Playwright always passes. Traffic that belongs to no
// context (the browser's own) does not take a context's proxy: give the
// browser itself a proxy that does not exist, or its launch a Session of its own.
//
// Known limits. Header names reach the record in their canonical form, and the
// order between different names is not kept; repeats of one name keep theirs.
// A path with a stray percent sign ("/100%") is refused by net/http before it
// gets here. The browser sees HTTP/2 wherever it offers it, whatever
// the origin speaks; the entry names what the origin spoke. An HTTP/2 origin's
// pushes and WebSockets over HTTP/2 (RFC 8441) do not exist here: browsers fall
// back to HTTP/1.1.
package proxy
