package wire

import (
	"io"
	"net"
	"sync/atomic"
	"time"
)

// How much of a refused request is still taken, and for how long, so that its sender gets to read the answer.
const (
	lingerBytes = 8 << 20
	lingerTime  = 2 * time.Second
)

// Linger makes the listener's TCP connections able to LetFinish.
func Linger(ln net.Listener) net.Listener { return lingerListener{ln} }

// LetFinish makes the connection's Close take what the client still sends, within bounds, before it hangs up. A
// connection that is closed with unread bytes is reset, and the reset may overtake the answer (RFC 9112, 9.6).
// Connections of other listeners are left alone.
func LetFinish(conn net.Conn) {
	if l, ok := conn.(*lingerConn); ok {
		l.finish.Store(true)
	}
}

type lingerListener struct{ net.Listener }

func (l lingerListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if tcp, ok := conn.(*net.TCPConn); ok {
		return &lingerConn{TCPConn: tcp}, err
	}
	return conn, err
}

// lingerConn embeds the TCP connection, so that net.Buffers still reach writev.
type lingerConn struct {
	*net.TCPConn
	finish atomic.Bool
}

func (c *lingerConn) Close() error {
	if c.finish.Load() && c.CloseWrite() == nil && c.SetReadDeadline(time.Now().Add(lingerTime)) == nil {
		_, _ = io.CopyN(io.Discard, c.TCPConn, lingerBytes)
	}
	return c.TCPConn.Close()
}
