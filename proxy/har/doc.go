// Package har writes what a proxy session kept as a HAR 1.2 file. Bodies stand
// in it decoded, as text or base64. Beside the format's own members it has
// those that browsers use: _webSocketMessages and _resourceType (as in Chrome's
// export), _error, _transferSize, and for event streams _eventStreamMessages.
//
// Nothing is masked unless Options.Redactor is given. With one, every value
// that came from outside passes through it, and a body that cannot be decoded
// is left out, because nobody can look into it.
package har
