package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
)

// wsClient is the least WebSocket client that can count: it shares two cores
// with the server under test, so the same cheap client reads from both sides.
type wsClient struct {
	conn net.Conn
	in   *bufio.Reader
	buf  []byte

	received int // payload bytes of text frames
}

func dialWS(ctx context.Context, address, path string) (*wsClient, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", path, address)
	in := bufio.NewReaderSize(conn, 16<<10)
	res, err := http.ReadResponse(in, nil)
	if err != nil {
		conn.Close()
		return nil, err
	}
	if res.StatusCode != http.StatusSwitchingProtocols {
		body, _ := io.ReadAll(io.LimitReader(res.Body, 1<<10))
		conn.Close()
		return nil, fmt.Errorf("%s%s answers %s: %s", address, path, res.Status, strings.TrimSpace(string(body)))
	}
	return &wsClient{conn: conn, in: in}, nil
}

func (c *wsClient) Close() { c.conn.Close() }

const (
	opText   = 1
	opBinary = 2
	opClose  = 8
	opPing   = 9
	opPong   = 10
)

// Send writes one text frame.
func (c *wsClient) Send(text string) error { return c.write(opText, []byte(text)) }

// write masks with zero, which leaves the payload as it is.
func (c *wsClient) write(op byte, payload []byte) error {
	frame := []byte{0x80 | op}
	if n := len(payload); n < 126 {
		frame = append(frame, 0x80|byte(n))
	} else {
		frame = binary.BigEndian.AppendUint16(append(frame, 0x80|126), uint16(n))
	}
	frame = append(append(frame, 0, 0, 0, 0), payload...)
	_, err := c.conn.Write(frame)
	return err
}

// Next returns the payload of the next frame, valid until the next call.
// It answers pings on the way.
func (c *wsClient) Next() ([]byte, error) {
	_, payload, err := c.next()
	return payload, err
}

// next also tells a text frame from a binary one.
func (c *wsClient) next() (byte, []byte, error) {
	for {
		op, n, err := c.header()
		if err != nil {
			return 0, nil, err
		}
		if cap(c.buf) < n {
			c.buf = make([]byte, n)
		}
		payload := c.buf[:n]
		if _, err := io.ReadFull(c.in, payload); err != nil {
			return 0, nil, err
		}
		switch op {
		case opPing:
			if err := c.write(opPong, payload); err != nil {
				return 0, nil, err
			}
		case opClose:
			return 0, nil, fmt.Errorf("the server closed: %q", payload)
		default:
			c.received += n
			return op, payload, nil
		}
	}
}

func (c *wsClient) header() (op byte, n int, err error) {
	var h [8]byte
	if _, err = io.ReadFull(c.in, h[:2]); err != nil {
		return 0, 0, err
	}
	op, n = h[0]&0x0f, int(h[1]&0x7f)
	switch n {
	case 126:
		_, err = io.ReadFull(c.in, h[:2])
		n = int(binary.BigEndian.Uint16(h[:2]))
	case 127:
		_, err = io.ReadFull(c.in, h[:8])
		n = int(binary.BigEndian.Uint64(h[:8]))
	}
	return op, n, err
}

// Await reads until a frame holds the text.
func (c *wsClient) Await(text string) error {
	for {
		frame, err := c.Next()
		if err != nil {
			return fmt.Errorf("waiting for %q: %w", text, err)
		}
		if bytes.Contains(frame, []byte(text)) {
			return nil
		}
	}
}

// Count reads frames until the marker was seen n times: a frame may carry
// several messages, and each message has the marker once.
func (c *wsClient) Count(marker string, n int) error {
	for seen := 0; seen < n; {
		frame, err := c.Next()
		if err != nil {
			return fmt.Errorf("after %d of %d messages: %w", seen, n, err)
		}
		seen += bytes.Count(frame, []byte(marker))
	}
	return nil
}
