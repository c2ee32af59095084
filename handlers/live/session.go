package live

import (
	"context"
	"errors"

	"github.com/go-json-experiment/json"

	"tapedeck/eventstore"
	"tapedeck/handlers/problem"
)

// Reader is a Conn that also hears its client.
type Reader interface {
	Conn
	// Read returns the next message, or an error when the connection has ended.
	Read() ([]byte, error)
}

// command is what a client may say; unknown members are refused.
type command struct {
	Op           string `json:"op"`
	Ref          string `json:"ref"`
	Subscription string `json:"subscription"`
	Filter       Filter `json:"filter"`
	From         string `json:"from"`
	Mode         Mode   `json:"mode"`
}

const maxRef = 64

// Converse serves one WebSocket until it ends.
func (h *Hub) Converse(ctx context.Context, conn Reader) {
	c := h.Connect(conn, WebSocket)
	defer h.Disconnect(c)
	c.send(message{Op: opHello, Epoch: h.log.Epoch(), Heartbeat: h.cfg.Heartbeat.Milliseconds()})
	for {
		raw, err := conn.Read()
		if err != nil {
			return
		}
		aside(func() { err = h.hear(ctx, c, raw) })
		if errors.Is(err, errNotJSON) {
			conn.Close(closePolicy, "not a JSON object")
			return
		}
	}
}

// hear carries out one message of a client. It fails with errNotJSON only: the rest is answered.
func (h *Hub) hear(ctx context.Context, c *Client, raw []byte) error {
	cmd, err := parseCommand(raw)
	if errors.Is(err, errNotJSON) {
		return err
	}
	if err == nil {
		err = h.obey(ctx, c, cmd)
	}
	if err != nil {
		h.refuse(c, cmd, err)
	}
	return nil
}

// aside runs f on another goroutine and waits for it. A stack that has grown stays so for as long as its goroutine
// waits for the next message: an idle client would keep 8 kB of it for one subscribe.
func aside(f func()) {
	var thrown any
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() { thrown = recover() }()
		f()
	}()
	<-done
	if thrown != nil {
		panic(thrown)
	}
}

var errNotJSON = errors.New("not a JSON object")

// parseCommand fails with errNotJSON or a *problem.Problem; what could be read of the command comes with it.
func parseCommand(raw []byte) (command, error) {
	var cmd command
	err := json.Unmarshal(raw, &cmd, json.RejectUnknownMembers(true))
	var semantic *json.SemanticError
	switch {
	case errors.As(err, &semantic):
		return cmd, problem.Field1(string(semantic.JSONPointer), "unknown member or wrong type")
	case err != nil || len(raw) == 0:
		return cmd, errNotJSON
	case len(cmd.Ref) > maxRef:
		cmd.Ref = ""
		return cmd, problem.Field1("/ref", "at most 64 bytes")
	}
	return cmd, nil
}

func (h *Hub) obey(ctx context.Context, c *Client, cmd command) error {
	switch cmd.Op {
	case "subscribe":
		return h.Subscribe(ctx, c, Request{Ref: cmd.Ref, Filter: cmd.Filter, From: cmd.From, Mode: cmd.Mode})
	case "unsubscribe":
		return h.Unsubscribe(c, cmd.Ref, cmd.Subscription)
	case "ping":
		c.send(message{Op: opPong, Ref: cmd.Ref})
		return nil
	default:
		return problem.Field1("/op", "op is subscribe, unsubscribe or ping")
	}
}

// refuse answers a command that was not carried out; the connection stays.
func (h *Hub) refuse(c *Client, cmd command, err error) {
	var gone *eventstore.GoneError
	if errors.As(err, &gone) {
		c.send(message{Op: opGone, Ref: cmd.Ref, Reason: string(gone.Reason), Detail: gone.Detail})
		return
	}
	p := problem.Of(err)
	if p == nil {
		h.cfg.Logger.Error("a live command failed", "op", cmd.Op, "err", err)
		p = problem.New(problem.Internal, "the command failed")
	}
	c.send(message{Op: opError, Ref: cmd.Ref, Problem: p})
}

// Stream serves one subscription as the body of a response until the client leaves, the subscription ends, or ctx
// does. It returns true when the body is complete.
func (h *Hub) Stream(ctx context.Context, conn Conn, encoding Encoding, r Request) bool {
	c := h.Connect(conn, encoding)
	defer h.Disconnect(c)
	if err := h.Subscribe(ctx, c, r); err != nil {
		h.refuse(c, command{}, err)
		c.drained(ctx)
		return true
	}
	s := c.only(h)
	if s == nil {
		return true
	}
	select {
	case <-ctx.Done():
		return false
	case <-s.ctx.Done():
		// It was gone, or failed: the client must still be told.
		c.drained(ctx)
		return c.ctx.Err() == nil
	}
}

func (c *Client) only(h *Hub) *Sub {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range c.subs {
		return s
	}
	return nil
}
