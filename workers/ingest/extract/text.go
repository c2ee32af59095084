package extract

import (
	"bytes"
	"context"
	"io"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/gogs/chardet"
	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

func readText(_ context.Context, in *input, doc *Document, out *markdown) error {
	text, err := in.text(doc)
	if err != nil {
		return err
	}
	for _, paragraph := range strings.Split(tidy(text), "\n\n") {
		out.block(escape(paragraph))
	}
	return nil
}

// text is the whole file in UTF-8; the encoding goes to the metadata if it is another.
func (in *input) text(doc *Document) (string, error) {
	r, name, err := in.decoded()
	if err != nil {
		return "", err
	}
	if err := in.holdable(in.limits.Whole); err != nil {
		return "", err
	}
	if name != "UTF-8" {
		doc.set("encoding", name)
	}
	raw, err := io.ReadAll(r)
	if err != nil {
		return "", broken("its text", err)
	}
	return string(raw), nil
}

// holdable refuses a file that is too large to be held in memory.
func (in *input) holdable(limit int64) error {
	if in.Size > limit {
		return fault(ErrTooLarge, "files of kind %s are read up to %d MiB, split it or raise the limit", in.kind, limit>>20)
	}
	return nil
}

// decoded reads the file as UTF-8, without a byte order mark, and names its encoding.
func (in *input) decoded() (io.Reader, string, error) {
	r := io.NewSectionReader(in.Content, 0, in.Size)
	e, name := encodingOf(in.head)
	if e == nil {
		return r, name, nil
	}
	return e.NewDecoder().Reader(r), name, nil
}

// encodingOf tells an encoding by the beginning of a file: its byte order mark, UTF-8 that is valid, the zeros of
// UTF-16 without a mark, and else by the frequency of letters.
func encodingOf(head []byte) (encoding.Encoding, string) {
	switch {
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		return unicode.UTF8BOM, "UTF-8"
	case bytes.HasPrefix(head, []byte("\xff\xfe")):
		return unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), "UTF-16LE"
	case bytes.HasPrefix(head, []byte("\xfe\xff")):
		return unicode.UTF16(unicode.BigEndian, unicode.UseBOM), "UTF-16BE"
	case validUTF8(head) && !bytes.Contains(head, []byte{0}):
		return nil, "UTF-8"
	}
	if order, name, ok := bare16(head); ok {
		return unicode.UTF16(order, unicode.IgnoreBOM), name
	}
	if guess, err := chardet.NewTextDetector().DetectBest(head); err == nil && guess.Confidence >= 20 {
		if e, name := charset.Lookup(guess.Charset); e != nil && name != "utf-8" {
			return e, guess.Charset
		}
	}
	return charmap.Windows1252, "windows-1252"
}

// validUTF8 allows for a character that is cut at the end.
func validUTF8(head []byte) bool {
	for i := 0; i < 4 && i <= len(head); i++ {
		if utf8.Valid(head[:len(head)-i]) {
			return true
		}
	}
	return false
}

// bare16 recognises UTF-16 without a mark: most of its high bytes are zero, few of its low ones.
func bare16(head []byte) (unicode.Endianness, string, bool) {
	zeros := [2]int{}
	for i, b := range head {
		if b == 0 {
			zeros[i%2]++
		}
	}
	half := len(head) / 2
	switch {
	case half < 2:
	case zeros[1] > half*6/10 && zeros[0] < half/20+1 && wellFormed16(head, 1):
		return unicode.LittleEndian, "UTF-16LE", true
	case zeros[0] > half*6/10 && zeros[1] < half/20+1 && wellFormed16(head, 0):
		return unicode.BigEndian, "UTF-16BE", true
	}
	return unicode.BigEndian, "", false
}

// wellFormed16 says whether there are no lone surrogates and no control characters but white space.
func wellFormed16(head []byte, high int) bool {
	for i := 0; i+3 < len(head); i += 2 {
		unit := rune(head[i+high])<<8 | rune(head[i+1-high])
		if utf16.IsSurrogate(unit) {
			return utf16.DecodeRune(unit, rune(head[i+2+high])<<8|rune(head[i+3-high])) != utf8.RuneError
		}
		if unit < ' ' && !strings.ContainsRune("\t\n\r\f", unit) {
			return false
		}
	}
	return true
}

// looksLikeText says whether the beginning of a file can be text in some encoding.
func looksLikeText(head []byte) bool {
	if e, name := encodingOf(head); e != nil && strings.HasPrefix(name, "UTF-16") {
		return true
	}
	control := 0
	for _, b := range head {
		if b == 0 {
			return false
		}
		if b < ' ' && b != '\t' && b != '\n' && b != '\r' && b != '\f' && b != 0x1b {
			control++
		}
	}
	return control*50 <= len(head)
}
