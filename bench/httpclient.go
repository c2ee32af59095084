package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
)

// httpConn is one keep-alive connection that sends a request and reads its
// answer: it shares two cores with the server under test, so it does no more.
type httpConn struct {
	conn net.Conn
	in   *bufio.Reader
	host string
	body []byte
}

func dialHTTP(address string) (*httpConn, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	return &httpConn{conn: conn, in: bufio.NewReaderSize(conn, 16<<10), host: address}, nil
}

func (c *httpConn) Close() { c.conn.Close() }

func (c *httpConn) Get(path string) ([]byte, error) { return c.do("GET", path, nil, 200) }

// Post sends JSON and wants 202.
func (c *httpConn) Post(path string, body []byte) ([]byte, error) {
	return c.do("POST", path, body, 202)
}

// do returns the answer's body, valid until the next call.
func (c *httpConn) do(method, path string, body []byte, want int) ([]byte, error) {
	req := fmt.Appendf(nil, "%s %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", method, path, c.host, len(body))
	if _, err := c.conn.Write(append(req, body...)); err != nil {
		return nil, err
	}
	status, err := c.line()
	if err != nil {
		return nil, err
	}
	length := -1
	for {
		line, err := c.line()
		if err != nil {
			return nil, err
		}
		if line == "" {
			break
		}
		name, value, _ := strings.Cut(line, ":")
		if strings.EqualFold(name, "Content-Length") {
			if length, err = strconv.Atoi(strings.TrimSpace(value)); err != nil {
				return nil, err
			}
		}
	}
	if length < 0 {
		return nil, fmt.Errorf("%s %s: an answer without Content-Length", method, path)
	}
	if cap(c.body) < length {
		c.body = make([]byte, length)
	}
	c.body = c.body[:length]
	if _, err := io.ReadFull(c.in, c.body); err != nil {
		return nil, err
	}
	if !strings.Contains(status, " "+strconv.Itoa(want)+" ") {
		return nil, fmt.Errorf("%s %s answers %s: %s", method, path, status, c.body)
	}
	return c.body, nil
}

func (c *httpConn) line() (string, error) {
	line, err := c.in.ReadString('\n')
	return strings.TrimRight(line, "\r\n"), err
}
