package stage

import (
	"encoding/binary"
	"errors"
	"math"
	"time"
)

// Of a frame's message.
const (
	frameVersion = 1
	formatJPEG   = 1
	headerSize   = 16
)

// Header is what stands before the picture in a frame's message, 16 bytes, big endian.
type Header struct {
	Page          uint16 // 1 is the first page
	Frame         uint32 // rises; what a viewer acknowledges
	Width, Height uint16 // of the viewport in CSS pixels
	Millis        uint32 // since the stage's start
}

// EncodeFrame is a frame's message.
func EncodeFrame(h Header, jpeg []byte) []byte {
	out := make([]byte, headerSize, headerSize+len(jpeg))
	out[0], out[1] = frameVersion, formatJPEG
	binary.BigEndian.PutUint16(out[2:], h.Page)
	binary.BigEndian.PutUint32(out[4:], h.Frame)
	binary.BigEndian.PutUint16(out[8:], h.Width)
	binary.BigEndian.PutUint16(out[10:], h.Height)
	binary.BigEndian.PutUint32(out[12:], h.Millis)
	return append(out, jpeg...)
}

// DecodeFrame is the inverse of EncodeFrame; the picture shares data's bytes.
func DecodeFrame(data []byte) (Header, []byte, error) {
	if len(data) < headerSize {
		return Header{}, nil, errors.New("frame: too short")
	}
	if data[0] != frameVersion || data[1] != formatJPEG {
		return Header{}, nil, errors.New("frame: unknown version or format")
	}
	return Header{
		Page:   binary.BigEndian.Uint16(data[2:]),
		Frame:  binary.BigEndian.Uint32(data[4:]),
		Width:  binary.BigEndian.Uint16(data[8:]),
		Height: binary.BigEndian.Uint16(data[10:]),
		Millis: binary.BigEndian.Uint32(data[12:]),
	}, data[headerSize:], nil
}

// picture is a frame as it came from the browser.
type picture struct {
	page          *page
	jpeg          []byte
	width, height uint16
	millis        uint32    // since the stage's start
	taken         time.Time // by the browser's clock, which is this machine's
	number        uint32
	message       []byte // the encoded frame, shared by all seats
}

// numbered is the picture as frame n.
func (p *picture) numbered(n uint32) *picture {
	out := *p
	out.number = n
	out.message = EncodeFrame(Header{Page: p.page.number, Frame: n, Width: p.width, Height: p.height, Millis: p.millis}, p.jpeg)
	return &out
}

// pixels brings a browser's number into the header's range.
func pixels(v any) uint16 {
	f, _ := number(v)
	if !(f >= 0) {
		return 0
	}
	return uint16(min(f, math.MaxUint16))
}

// number is a JSON number as the driver hands it out.
func number(v any) (float64, bool) {
	switch n := v.(type) {
	case float64:
		return n, true
	case int:
		return float64(n), true
	}
	return 0, false
}
