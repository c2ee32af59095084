package fetch

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// Text is the body in UTF-8, and the name of the character set that it was in: by
// its byte order mark, the header, the page's own declaration, or its look, in
// this order, unless that is plainly wrong. It is valid UTF-8; what cannot be
// decoded became U+FFFD. The error is a *Failure with CodeCharset.
func (r *Response) Text() (text, name string, err error) {
	enc, name := r.encoding()
	if name == "replacement" {
		return "", "", failure(CodeCharset, r.URL.String(), "its character set is not decoded by browsers either, for safety")
	}
	if name == "utf-8" {
		return strings.ToValidUTF8(string(bytes.TrimPrefix(r.Body, []byte("\ufeff"))), "\ufffd"), name, nil
	}
	out, _, err := transform.Bytes(unicode.BOMOverride(enc.NewDecoder()), r.Body)
	if err != nil {
		return "", "", failure(CodeCharset, r.URL.String(), "declared %s, which it is not: %v", name, err)
	}
	return strings.ToValidUTF8(string(out), "\ufffd"), name, nil
}

// encoding corrects the two mistakes that are common: UTF-8 declared as a set of
// one byte a character, and the reverse.
func (r *Response) encoding() (encoding.Encoding, string) {
	enc, name, _ := charset.DetermineEncoding(r.Body, r.Header.Get("Content-Type"))
	if name != "utf-16le" && name != "utf-16be" && utf16(r.Body) {
		if r.Body[0] == 0 {
			return charset.Lookup("utf-16be")
		}
		return charset.Lookup("utf-16le")
	}
	valid, broken := sequences(r.Body)
	switch {
	case name == "utf-8" && broken > valid:
		return charset.Lookup("windows-1252")
	case singleByte(name) && broken == 0 && valid > 0:
		return charset.Lookup("utf-8")
	}
	return enc, name
}

func singleByte(name string) bool {
	return strings.HasPrefix(name, "windows-") || strings.HasPrefix(name, "iso-8859-")
}

// sequences counts the characters of several bytes that are UTF-8, and the bytes that are not.
func sequences(body []byte) (valid, broken int) {
	for i := 0; i < len(body); {
		if body[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, n := utf8.DecodeRune(body[i:])
		if r == utf8.RuneError && n == 1 {
			broken++
		} else {
			valid++
		}
		i += n
	}
	return valid, broken
}
