package wire

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"
)

// unsafeConner is what fasthttp's hijacked connection offers besides net.Conn.
type unsafeConner interface{ UnsafeConn() net.Conn }

// detach returns the real connection behind a hijacked one and the bytes that the client sent early. fasthttp may
// reuse its reader as soon as the hijack handler returns, so nothing of it may be kept.
func detach(hijacked net.Conn) (net.Conn, []byte, error) {
	conn := hijacked
	if u, ok := hijacked.(unsafeConner); ok {
		conn = u.UnsafeConn()
	}
	early, err := drain(hijacked)
	if err != nil {
		return conn, nil, fmt.Errorf("drain early bytes: %w", err)
	}
	return conn, early, conn.SetDeadline(time.Time{})
}

// maxEarly bounds what a client may send before it saw the answer.
const maxEarly = 64 << 10

// drain takes what fasthttp's reader has buffered. A deadline in the past makes the read behind the buffer fail at
// once and before the socket is touched, so no byte is lost.
func drain(hijacked net.Conn) ([]byte, error) {
	if err := hijacked.SetReadDeadline(time.Unix(1, 0)); err != nil {
		return nil, err
	}
	var early []byte
	buf := make([]byte, 512)
	for {
		n, err := hijacked.Read(buf)
		early = append(early, buf[:n]...)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			return early, nil
		case err != nil:
			return nil, err
		case len(early) > maxEarly:
			return nil, errors.New("client sent too much before the answer")
		}
	}
}

// lateConn is a net.Conn that gets its connection after it was handed out. bind happens before anything else uses it.
type lateConn struct {
	writing sync.Mutex
	conn    net.Conn
	early   []byte
	// onRead is told of every successful read: a client that is silent for too long is given up.
	onRead func()
}

var errNotBound = errors.New("wire: connection is not bound")

func (l *lateConn) bind(conn net.Conn, early []byte) { l.conn, l.early = conn, early }

func (l *lateConn) Read(p []byte) (int, error) {
	if len(l.early) > 0 {
		n := copy(p, l.early)
		if l.early = l.early[n:]; len(l.early) == 0 {
			l.early = nil
		}
		return n, nil
	}
	if l.conn == nil {
		return 0, errNotBound
	}
	n, err := l.conn.Read(p)
	if n > 0 && l.onRead != nil {
		l.onRead()
	}
	return n, err
}

func (l *lateConn) Write(p []byte) (int, error) {
	l.writing.Lock()
	defer l.writing.Unlock()
	if l.conn == nil {
		return 0, errNotBound
	}
	return l.conn.Write(p)
}

// writeBuffers writes all buffers as one unit with one deadline; a deadline that strikes leaves half a frame behind,
// so the caller must close.
func (l *lateConn) writeBuffers(bufs *net.Buffers, timeout time.Duration) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	if l.conn == nil {
		return errNotBound
	}
	if err := l.conn.SetWriteDeadline(time.Now().Add(timeout)); err != nil {
		return err
	}
	if _, err := bufs.WriteTo(l.conn); err != nil {
		return err
	}
	return l.conn.SetWriteDeadline(time.Time{})
}

// Close does not wait for a write in flight: it is what ends one. It is called without a connection when the client
// went away before the answer was written.
func (l *lateConn) Close() error {
	if l.conn == nil {
		return nil
	}
	return l.conn.Close()
}

func (l *lateConn) LocalAddr() net.Addr                { return l.conn.LocalAddr() }
func (l *lateConn) RemoteAddr() net.Addr               { return l.conn.RemoteAddr() }
func (l *lateConn) SetDeadline(t time.Time) error      { return l.conn.SetDeadline(t) }
func (l *lateConn) SetReadDeadline(t time.Time) error  { return l.conn.SetReadDeadline(t) }
func (l *lateConn) SetWriteDeadline(t time.Time) error { return l.conn.SetWriteDeadline(t) }
