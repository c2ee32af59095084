package wire

import "encoding/binary"

// Frame returns payload as one unmasked, final text frame, ready to be written to any number of sockets.
func Frame(payload []byte) []byte {
	return append(AppendFrameHeader(make([]byte, 0, len(payload)+MaxFrameHeader), len(payload)), payload...)
}

// BinaryFrame is Frame for a binary message.
func BinaryFrame(payload []byte) []byte {
	frame := Frame(payload)
	frame[0] = finBinary
	return frame
}

// MaxFrameHeader is how many bytes AppendFrameHeader appends at most.
const MaxFrameHeader = 10

const (
	finText   = 0x81
	finBinary = 0x82
)

// AppendFrameHeader appends the header of a text frame with n bytes of payload.
func AppendFrameHeader(b []byte, n int) []byte {
	switch {
	case n < 126:
		return append(b, finText, byte(n))
	case n <= 0xffff:
		return binary.BigEndian.AppendUint16(append(b, finText, 126), uint16(n))
	default:
		return binary.BigEndian.AppendUint64(append(b, finText, 127), uint64(n))
	}
}

// PingFrame is a ping without payload: a client answers it even when its page is busy, which Silence then sees.
var PingFrame = []byte{0x89, 0x00}
