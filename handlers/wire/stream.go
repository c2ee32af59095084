package wire

import (
	"bytes"
	"context"
	"net"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"
)

// Stream is a response whose body is written for as long as the client stays: SSE and NDJSON. Its methods may be
// called concurrently.
type Stream struct {
	late    *lateConn
	chunked bool
	gone    context.CancelFunc
}

// Stream answers with the headers that c's response has by now, and calls run in a goroutine of the set to write the
// body. run's context ends as soon as the client goes away.
func (s *Set) Stream(c *fiber.Ctx, contentType string, run func(ctx context.Context, stream *Stream)) error {
	if s.closed() {
		return fiber.ErrServiceUnavailable
	}
	if c.Method() == fiber.MethodHead {
		c.Response().Header.SetContentType(contentType)
		return nil
	}
	stream := &Stream{late: &lateConn{}, chunked: c.Request().Header.IsHTTP11()}
	head := stream.head(c, contentType)
	c.Context().HijackSetNoResponse(true)
	c.Context().Hijack(func(hijacked net.Conn) {
		conn, _, err := detach(hijacked)
		if err != nil {
			_ = conn.Close()
			return
		}
		stream.late.bind(conn, nil)
		s.run(stream, func(ctx context.Context) {
			ctx, stream.gone = context.WithCancel(ctx)
			defer stream.gone()
			s.running.Go(stream.watch)
			if err := stream.write(net.Buffers{head}); err != nil {
				return
			}
			run(ctx, stream)
		})
	})
	return nil
}

// head is the status line and headers. One stream is one connection: what the client pipelines behind it is dropped.
func (s *Stream) head(c *fiber.Ctx, contentType string) []byte {
	h := &c.Response().Header
	h.SetContentType(contentType)
	h.Set(fiber.HeaderCacheControl, "no-store")
	h.Set("X-Accel-Buffering", "no")
	var b bytes.Buffer
	b.WriteString("HTTP/1.1 200 OK\r\n")
	h.VisitAll(func(k, v []byte) {
		switch string(k) {
		case fiber.HeaderContentLength, fiber.HeaderTransferEncoding, fiber.HeaderConnection:
			return
		}
		b.Write(k)
		b.WriteString(": ")
		b.Write(v)
		b.WriteString("\r\n")
	})
	if s.chunked {
		b.WriteString("Transfer-Encoding: chunked\r\n")
	}
	b.WriteString("Connection: close\r\n\r\n")
	return b.Bytes()
}

// Write writes the pieces as one chunk.
func (s *Stream) Write(pieces [][]byte) error {
	if !s.chunked {
		return s.write(pieces)
	}
	size := 0
	for _, p := range pieces {
		size += len(p)
	}
	if size == 0 {
		return nil
	}
	bufs := make(net.Buffers, 0, len(pieces)+2)
	bufs = append(bufs, strconv.AppendInt(nil, int64(size), 16), crlf)
	bufs = append(bufs, pieces...)
	return s.write(append(bufs, crlf))
}

var (
	crlf      = []byte("\r\n")
	lastChunk = []byte("0\r\n\r\n")
)

// End marks the body as complete; without it a client knows that it was cut off.
func (s *Stream) End() {
	if s.chunked {
		_ = s.write(net.Buffers{lastChunk})
	}
}

func (s *Stream) write(bufs net.Buffers) error {
	return s.late.writeBuffers(&bufs, writeTimeout)
}

// watch reads until the client is gone: nothing else notices before the next write.
func (s *Stream) watch() {
	buf := make([]byte, 64)
	for {
		if _, err := s.late.Read(buf); err != nil {
			s.gone()
			return
		}
	}
}

// Silence is always zero: a stream's client has nothing to say.
func (s *Stream) Silence() time.Duration { return 0 }

// Close cuts the stream off; a response has no code for it.
func (s *Stream) Close(int, string) { s.Abort() }

// Abort cuts the connection.
func (s *Stream) Abort()         { _ = s.late.Close() }
func (s *Stream) closeAway()     { s.Abort() }
func (s *Stream) closePanicked() { s.Abort() }
