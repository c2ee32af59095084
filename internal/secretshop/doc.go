// Package secretshop is a web application for tests that gives away every
// secret it is told, in as many places and encodings as applications do: on
// the page, in addresses, storage, console, headers, bodies and sockets. It
// stands where its Places say, in letters that a text recogniser reads, so
// that a test can drive it by the mouse and look for what pictures show.
package secretshop
