package proxy

import (
	"encoding/binary"
	"time"
)

// WebSocket opcodes (RFC 6455).
const (
	opContinuation = 0
	opText         = 1
	opBinary       = 2
	opClose        = 8
	opPing         = 9
	opPong         = 10
)

// frames reads one direction of a WebSocket as it passes and puts its messages
// together. It takes the bytes in any pieces, never fails, and stops reading
// along at the first frame that is none.
type frames struct {
	sent   bool
	limit  int64
	emit   func(Message)
	closed bool // a close message passed
	broken bool

	head    [14]byte
	have    int
	left    uint64 // of the frame's payload
	mask    [4]byte
	masked  bool
	at      int // of the mask
	control bool
	fin     bool
	message Message // under way; Opcode 0 means none
	notice  Message // the control message under way
}

func newFrames(sent bool, limit int64, emit func(Message)) *frames {
	return &frames{sent: sent, limit: limit, emit: emit}
}

func (f *frames) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 && !f.broken {
		if f.left == 0 {
			p = f.header(p)
		} else {
			p = f.payload(p)
		}
	}
	return n, nil
}

// header collects a frame's head.
func (f *frames) header(p []byte) []byte {
	for len(p) > 0 {
		f.head[f.have] = p[0]
		f.have++
		p = p[1:]
		if f.have >= 2 && f.have == f.headLen() {
			f.have = 0
			f.begin()
			return p
		}
	}
	return nil
}

func (f *frames) headLen() int {
	n := 2
	switch f.head[1] & 0x7f {
	case 126:
		n += 2
	case 127:
		n += 8
	}
	if f.head[1]&0x80 != 0 {
		n += 4
	}
	return n
}

// begin takes a complete head in.
func (f *frames) begin() {
	rest := f.head[2:]
	switch n := f.head[1] & 0x7f; n {
	case 126:
		f.left, rest = uint64(binary.BigEndian.Uint16(rest)), rest[2:]
	case 127:
		f.left, rest = binary.BigEndian.Uint64(rest), rest[8:]
	default:
		f.left = uint64(n)
	}
	f.masked, f.at = f.head[1]&0x80 != 0, 0
	copy(f.mask[:], rest)
	f.fin = f.head[0]&0x80 != 0
	opcode := int(f.head[0] & 0x0f)
	f.control = opcode >= opClose
	if !f.open(opcode, f.head[0]&0x40 != 0) || f.left > 1<<62 {
		f.broken = true
		return
	}
	if f.left == 0 {
		f.end()
	}
}

// open says whether a frame may come now.
func (f *frames) open(opcode int, compressed bool) bool {
	switch opcode {
	case opContinuation:
		return f.message.Opcode != 0
	case opText, opBinary:
		if f.message.Opcode != 0 {
			return false
		}
		f.message = Message{Sent: f.sent, Opcode: opcode, Compressed: compressed}
		return true
	case opClose, opPing, opPong:
		f.notice = Message{Sent: f.sent, Opcode: opcode}
		return f.fin && f.left <= 125
	default:
		return false
	}
}

func (f *frames) payload(p []byte) []byte {
	n := int(min(uint64(len(p)), f.left))
	m := &f.message
	if f.control {
		m = &f.notice
	}
	keep := int(max(min(int64(n), f.limit-int64(len(m.Data))), 0))
	from := len(m.Data)
	m.Data = append(m.Data, p[:keep]...)
	if f.masked {
		for i := range keep {
			m.Data[from+i] ^= f.mask[(f.at+i)&3]
		}
		f.at = (f.at + n) & 3
	}
	m.Size += int64(n)
	f.left -= uint64(n)
	if f.left == 0 {
		f.end()
	}
	return p[n:]
}

// end closes a frame, and the message if it was its last.
func (f *frames) end() {
	switch {
	case f.control:
		f.closed = f.closed || f.notice.Opcode == opClose
		f.notice.Time = time.Now()
		f.emit(f.notice)
	case f.fin:
		m := f.message
		f.message = Message{}
		m.Time = time.Now()
		f.emit(m)
	}
}
