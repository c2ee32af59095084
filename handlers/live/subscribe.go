package live

import (
	"context"
	"errors"
	"time"

	"tapedeck/eventstore"
	"tapedeck/handlers/problem"
)

// Sub is one subscription of one client.
type Sub struct {
	id, ref string
	client  *Client
	match   *matcher
	mode    Mode
	ctx     context.Context
	cancel  context.CancelFunc

	// goal is where the log ended when it began: before that it has not caught up.
	goal eventstore.Position

	// The hub's lock guards the rest, but for cursor while the subscription catches up.
	cursor eventstore.Cursor // everything up to here is queued or does not match
	group  *group            // nil while it catches up
	at     time.Time         // of the last event read in catch-up, or when it began
	ended  bool
}

// Request asks for a subscription.
type Request struct {
	Ref    string
	Filter Filter
	// From is a cursor, `beginning`, `now` or an RFC 3339 time; empty is now.
	From string
	// Mode is All when it is empty.
	Mode Mode
}

// maxSubscriptions bounds one client.
const maxSubscriptions = 64

// Connect adds a client. Disconnect must follow.
func (h *Hub) Connect(conn Conn, encoding Encoding) *Client {
	c := newClient(h.ctx, conn, encoding, h.cfg.QueueBytes)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.clients[c] = struct{}{}
	return c
}

// Disconnect ends a client's subscriptions.
func (h *Hub) Disconnect(c *Client) {
	c.cancel()
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range c.subs {
		h.end(s)
	}
	delete(h.clients, c)
}

// Subscribe starts a subscription, or moves it when the client has the same one already. It fails with a
// *problem.Problem for a request that is not valid, a *eventstore.GoneError for a cursor that cannot be continued, and
// with the store's errors.
func (h *Hub) Subscribe(ctx context.Context, c *Client, r Request) error {
	if r.Mode == "" {
		r.Mode = All
	}
	if r.Mode != All && r.Mode != Coalesce {
		return problem.Field1("/mode", "mode is all or coalesce")
	}
	if err := r.Filter.Validate(); err != nil {
		return err
	}
	from, err := h.From(ctx, r.From)
	if err != nil {
		return err
	}
	goal := from
	if r.From != "" && r.From != "now" {
		if goal, err = h.log.Tail(ctx); err != nil {
			return err
		}
	}
	filter := r.Filter.canonical()
	s := &Sub{goal: goal.Position, id: filter.id(r.Mode), ref: r.Ref, client: c, match: newMatcher(filter), mode: r.Mode, cursor: from}
	s.ctx, s.cancel = context.WithCancel(c.ctx)
	return h.start(s)
}

func (h *Hub) start(s *Sub) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.stopped {
		s.cancel()
		return eventstore.ErrClosed
	}
	if old := s.client.subs[s.id]; old != nil {
		h.end(old)
	}
	if len(s.client.subs) >= maxSubscriptions {
		s.cancel()
		return problem.New(problem.Invalid, "too many subscriptions on one connection")
	}
	s.client.subs[s.id] = s
	s.client.send(message{Op: opSubscribed, Ref: s.ref, Subscription: s.id, Cursor: s.cursor.String()})
	h.running.Go(func() { h.catchUp(s) })
	return nil
}

// Unsubscribe ends the subscription with this ref or id. Nothing of it is queued after the answer.
func (h *Hub) Unsubscribe(c *Client, ref, id string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range c.subs {
		if id != "" && s.id == id || id == "" && s.ref == ref {
			h.end(s)
			c.send(message{Op: opUnsubscribed, Ref: s.ref, Subscription: s.id})
			return nil
		}
	}
	return problem.New(problem.NotFound, "no such subscription on this connection")
}

// end takes a subscription out; h.mu is held.
func (h *Hub) end(s *Sub) {
	s.ended = true
	s.cancel()
	h.groups.leave(s)
	if s.client.subs[s.id] == s {
		delete(s.client.subs, s.id)
	}
}

// From resolves the grammar that every live endpoint shares. Now is the hub's own place, so that a subscription joins
// without a read.
func (h *Hub) From(ctx context.Context, from string) (eventstore.Cursor, error) {
	switch from {
	case "", "now":
		return h.now(ctx)
	case "beginning":
		return eventstore.Start(h.log.Epoch()), nil
	}
	if t, err := time.Parse(time.RFC3339Nano, from); err == nil {
		return h.log.At(ctx, t)
	}
	cursor, err := eventstore.ParseCursor(from)
	if err != nil {
		return cursor, problem.Field1("/from", "from is a cursor, an RFC 3339 time, beginning or now")
	}
	return cursor, h.log.Resolve(ctx, cursor)
}

func (h *Hub) now(ctx context.Context) (eventstore.Cursor, error) {
	h.mu.Lock()
	ready := h.ready
	h.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, maxPause)
	defer cancel()
	select {
	case <-ready:
		return h.Cursor(), nil
	case <-ctx.Done():
		return eventstore.Cursor{}, errors.Join(eventstore.ErrUnavailable, ctx.Err())
	}
}
