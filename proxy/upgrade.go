package proxy

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// relay joins the browser's WebSocket with the origin's and reads along.
func (s *Session) relay(w http.ResponseWriter, resp *http.Response, x *exchange) {
	back, ok := resp.Body.(io.ReadWriteCloser)
	if !ok {
		x.fail(&Failure{CodeProtocol, "the origin switched protocols and cannot be written to"})
		panic(http.ErrAbortHandler)
	}
	conn, buf, err := http.NewResponseController(w).Hijack()
	if err != nil {
		x.fail(&Failure{CodeRequest, "a WebSocket needs a connection of its own"})
		panic(http.ErrAbortHandler)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Time{})
	end := func() { _ = conn.Close(); _ = back.Close() }
	defer context.AfterFunc(s.ctx, end)()
	if err := writeSwitch(buf.Writer, resp); err != nil {
		x.fail(&Failure{CodeCancelled, "the browser gave up"})
		return
	}
	limit := s.cfg.Limits.MaxMessage
	sent, received := newFrames(true, limit, x.keepMessage), newFrames(false, limit, x.keepMessage)
	over := make(chan struct{})
	go func() {
		defer close(over)
		defer end()
		browser := io.TeeReader(buf.Reader, sent)
		if _, err := io.Copy(back, browser); err != nil {
			_, _ = io.Copy(io.Discard, browser) // the origin has left: what the browser says to that is still kept
		}
	}()
	_, err = io.Copy(conn, io.TeeReader(back, received))
	hangUp(conn)
	<-over
	if s.ctx.Err() != nil {
		x.fail(&Failure{CodeStopped, "the recording's proxy was stopped"})
	} else if !sent.closed && !received.closed {
		x.fail(brokenSocket(err))
	}
}

// goodbye is how long the browser may take to close a WebSocket that the origin
// has closed.
const goodbye = 3 * time.Second

// hangUp says that nothing more comes. Closing at once could cost the browser
// what is still on its way to it.
func hangUp(conn net.Conn) {
	_ = conn.SetDeadline(time.Now().Add(goodbye))
	if half, ok := conn.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		return
	}
	_ = conn.Close()
}

func brokenSocket(err error) *Failure {
	if err == nil || errors.Is(err, io.EOF) {
		return &Failure{CodeProtocol, "the WebSocket ended without a close message"}
	}
	return &Failure{CodeCancelled, "the WebSocket broke off"}
}

func writeSwitch(w *bufio.Writer, resp *http.Response) error {
	_, _ = fmt.Fprintf(w, "HTTP/1.1 %d %s\r\n", resp.StatusCode, http.StatusText(resp.StatusCode))
	h := resp.Header.Clone()
	h.Del("Alt-Svc")
	h.Del(ErrorHeader)
	_ = h.Write(w)
	_, _ = w.WriteString("\r\n")
	return w.Flush()
}
