package wire

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp/fasthttpadaptor"
)

const (
	// maxMessage bounds what a client may send in one message.
	maxMessage = 64 << 10
	// writeTimeout is how long one batch of frames may take; a client that reads nothing for so long is cut off and
	// comes back with its cursor.
	writeTimeout = 60 * time.Second
	// readBuffer and writeBuffer are small: clients send little, and frames do not go through coder's writer.
	// writeBuffer holds any control frame whole.
	readBuffer  = 512
	writeBuffer = 256
)

// Socket is a WebSocket. Its methods may be called concurrently, except Read.
type Socket struct {
	ws       *websocket.Conn
	late     *lateConn
	lastRead atomic.Int64
}

// Upgrade answers 101 and calls run with the socket in a goroutine of the set, or writes why it cannot. When run
// returns, the socket is closed; a panic in it closes with 1011 and goes no further.
func (s *Set) Upgrade(c *fiber.Ctx, run func(ctx context.Context, socket *Socket)) error {
	if s.closed() {
		return fiber.ErrServiceUnavailable
	}
	var req http.Request
	if err := fasthttpadaptor.ConvertRequest(c.Context(), &req, true); err != nil {
		return fiber.ErrBadRequest
	}
	socket := &Socket{late: &lateConn{}}
	socket.late.onRead = func() { socket.lastRead.Store(time.Now().UnixNano()) }
	answer := &acceptWriter{header: http.Header{}, late: socket.late}
	// Host and Origin are checked for every request alike, before this.
	ws, err := websocket.Accept(answer, &req, &websocket.AcceptOptions{
		InsecureSkipVerify: true,
		CompressionMode:    websocket.CompressionDisabled,
	})
	for name, values := range answer.header {
		for _, v := range values {
			c.Response().Header.Add(name, v)
		}
	}
	if err != nil {
		return fiber.NewError(answer.status, string(answer.body))
	}
	ws.SetReadLimit(maxMessage)
	socket.ws = ws
	c.Status(http.StatusSwitchingProtocols)
	c.Context().Hijack(func(hijacked net.Conn) {
		conn, early, err := detach(hijacked)
		if err != nil {
			_ = conn.Close()
			return
		}
		socket.late.bind(conn, early)
		socket.lastRead.Store(time.Now().UnixNano())
		s.run(socket, func(ctx context.Context) { run(ctx, socket) })
	})
	return nil
}

// Read returns the next text message; closing the socket ends it. A binary message violates the protocol.
func (s *Socket) Read() ([]byte, error) {
	kind, data, err := s.ws.Read(context.Background())
	if err != nil {
		return nil, err
	}
	if kind != websocket.MessageText {
		_ = s.ws.Close(websocket.StatusUnsupportedData, "text frames only")
		return nil, errors.New("binary message")
	}
	return data, nil
}

// AllowMessages changes how long a message of the client may be, in bytes.
func (s *Socket) AllowMessages(limit int64) { s.ws.SetReadLimit(limit) }

// Write writes whole frames, made by Frame, in one go.
func (s *Socket) Write(frames [][]byte) error {
	bufs := net.Buffers(frames)
	return s.late.writeBuffers(&bufs, writeTimeout)
}

// Silence is how long the client has sent nothing, not even a pong.
func (s *Socket) Silence() time.Duration {
	return time.Since(time.Unix(0, s.lastRead.Load()))
}

// Close ends the socket with a code and a reason of at most 123 bytes, waiting some seconds for the client to agree.
func (s *Socket) Close(code int, reason string) {
	_ = s.ws.Close(websocket.StatusCode(code), reason)
}

// Abort cuts the connection.
func (s *Socket) Abort()         { _ = s.late.Close(); _ = s.ws.CloseNow() }
func (s *Socket) closeAway()     { s.Close(int(websocket.StatusGoingAway), "server shuts down") }
func (s *Socket) closePanicked() { s.Close(int(websocket.StatusInternalError), "internal error") }

// acceptWriter takes websocket.Accept's answer; the connection that it hands out is bound when fasthttp has written
// the answer.
type acceptWriter struct {
	header http.Header
	status int
	body   []byte
	late   *lateConn
}

func (w *acceptWriter) Header() http.Header    { return w.header }
func (w *acceptWriter) WriteHeader(status int) { w.status = status }
func (w *acceptWriter) Write(p []byte) (int, error) {
	w.body = append(w.body, p...)
	return len(p), nil
}

func (w *acceptWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return w.late, bufio.NewReadWriter(bufio.NewReaderSize(w.late, readBuffer), bufio.NewWriterSize(w.late, writeBuffer)), nil
}
