package live

import (
	"context"
	"sync"
	"time"
)

// Conn carries bytes to one client. Write blocks while the client is slow and fails when it is gone; Close ends a
// Write that blocks.
type Conn interface {
	Write(frames [][]byte) error
	// Silence is how long the client gave no sign of life, zero when it cannot.
	Silence() time.Duration
	// Close ends the connection with a WebSocket close code and a reason, which may take seconds.
	Close(code int, reason string)
	// Abort cuts the connection.
	Abort()
}

// WebSocket close codes.
const (
	closePolicy = 1008
)

// maxControl bounds queued control messages: a client that asks without reading the answers is cut off.
const maxControl = 1000

// Client is a connection with its queue of frames. The queue is bounded by offer, which refuses; nothing is dropped.
type Client struct {
	conn     Conn
	encoding Encoding
	limit    int
	ctx      context.Context
	cancel   context.CancelFunc

	mu       sync.Mutex
	queue    [][]byte
	size     int
	controls int
	writing  bool
	closed   bool
	waiting  []chan struct{}

	subs map[string]*Sub // guarded by the hub's lock
}

func newClient(ctx context.Context, conn Conn, encoding Encoding, limit int) *Client {
	c := &Client{conn: conn, encoding: encoding, limit: limit, subs: map[string]*Sub{}}
	c.ctx, c.cancel = context.WithCancel(ctx)
	return c
}

// offer queues frames unless the client is behind: then it takes none and the caller falls back to the log. An empty
// queue takes any one frame, so that a large event gets through.
func (c *Client) offer(frames ...[]byte) bool {
	size := total(frames)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.size+size > c.limit && (c.size > 0 || len(frames) > 1) {
		return false
	}
	c.push(size, frames)
	return true
}

// force queues frames however full the queue is: for a caller that waited for room before.
func (c *Client) force(frames [][]byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.push(total(frames), frames)
}

// send queues a control message.
func (c *Client) send(m message) {
	frame := c.encoding.control(m)
	if frame == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.controls++; c.controls > maxControl && !c.closed {
		c.closed = true
		go c.conn.Close(closePolicy, "answers are not read")
		return
	}
	c.push(len(frame), [][]byte{frame})
}

// beat keeps a silent connection alive; one with frames waiting needs no more.
func (c *Client) beat() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.writing {
		frame := c.encoding.heartbeat()
		c.push(len(frame), [][]byte{frame})
	}
}

func (c *Client) push(size int, frames [][]byte) {
	if c.closed {
		return
	}
	c.queue = append(c.queue, frames...)
	c.size += size
	if !c.writing {
		c.writing = true
		go c.write()
	}
}

// write runs only while there is something to write, so that an idle client has no goroutine for it. Whatever was
// queued meanwhile goes out in one call.
func (c *Client) write() {
	for {
		c.mu.Lock()
		frames, size := c.queue, c.size
		c.queue, c.controls = nil, 0
		if len(frames) == 0 || c.closed {
			c.writing = false
			c.release()
			c.mu.Unlock()
			return
		}
		c.mu.Unlock()
		err := c.conn.Write(frames)
		c.mu.Lock()
		c.size -= size
		if err != nil {
			c.closed = true
		}
		c.release()
		c.mu.Unlock()
		if err != nil {
			c.cancel()
			c.conn.Abort()
			return
		}
	}
}

func (c *Client) release() {
	if c.size > c.limit/2 && !c.closed {
		return
	}
	for _, w := range c.waiting {
		close(w)
	}
	c.waiting = nil
}

// room waits until half of the queue is free.
func (c *Client) room(ctx context.Context) error {
	for {
		c.mu.Lock()
		if c.size <= c.limit/2 || c.closed {
			c.mu.Unlock()
			return ctx.Err()
		}
		wake := make(chan struct{})
		c.waiting = append(c.waiting, wake)
		c.mu.Unlock()
		select {
		case <-wake:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// drained waits until everything that is queued is written.
func (c *Client) drained(ctx context.Context) {
	for ctx.Err() == nil {
		c.mu.Lock()
		idle := !c.writing || c.closed
		wake := make(chan struct{})
		if !idle {
			c.waiting = append(c.waiting, wake)
		}
		c.mu.Unlock()
		if idle {
			return
		}
		select {
		case <-wake:
		case <-ctx.Done():
		}
	}
}

func total(frames [][]byte) int {
	n := 0
	for _, f := range frames {
		n += len(f)
	}
	return n
}
