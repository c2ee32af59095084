package live

import (
	"context"
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"tapedeck/eventstore"
)

// rowsPerMessage bounds a coalesced message.
const rowsPerMessage = 500

// pending is what one coalesced message of a group reports.
type pending struct {
	group  *group
	ids    []string
	folded int
	from   eventstore.Cursor
}

// coalesce reports changed jobs some times a second. The rows are read once for all groups.
func (h *Hub) coalesce() {
	ticker := time.NewTicker(h.cfg.CoalesceEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			h.flush()
		case <-h.ctx.Done():
			return
		}
	}
}

func (h *Hub) flush() {
	work, at := h.takeDirty()
	if len(work) == 0 {
		return
	}
	for _, p := range work {
		messages, err := h.messages(h.ctx, p.group.id, p.ids, p.folded, p.from, at)
		if err != nil {
			h.putBack(p)
			if h.ctx.Err() == nil {
				h.cfg.Logger.Warn("coalesced rows cannot be read", "err", err)
			}
			continue
		}
		h.deliverRows(p, messages, at)
	}
}

func (h *Hub) takeDirty() ([]pending, eventstore.Cursor) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var work []pending
	for g := range h.groups.all() {
		if len(g.dirty) == 0 {
			continue
		}
		p := pending{group: g, folded: g.folded, from: g.told}
		for id := range g.dirty {
			p.ids = append(p.ids, id)
		}
		slices.Sort(p.ids)
		g.dirty, g.folded, g.flushing = map[string]struct{}{}, 0, true
		work = append(work, p)
	}
	return work, h.cursor
}

func (h *Hub) putBack(p pending) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, id := range p.ids {
		p.group.dirty[id] = struct{}{}
	}
	p.group.folded += p.folded
	p.group.flushing = false
}

func (h *Hub) deliverRows(p pending, messages []message, at eventstore.Cursor) {
	frames := make([][]byte, 0, len(messages))
	for _, m := range messages {
		if f := p.group.encoding.control(m); f != nil {
			frames = append(frames, f)
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	p.group.told, p.group.flushing = at, false
	for s := range p.group.members {
		if !s.client.offer(frames...) {
			h.fallBack(s, p.from)
		}
	}
}

// messages splits the rows; only the last message moves the cursor.
func (h *Hub) messages(ctx context.Context, id string, ids []string, folded int, from, at eventstore.Cursor) ([]message, error) {
	var out []message
	for chunk := range slices.Chunk(ids, rowsPerMessage) {
		rows, err := h.cfg.Rows(ctx, chunk, at)
		if err != nil {
			return nil, err
		}
		if rows == nil {
			rows = []jsontext.Value{}
		}
		out = append(out, message{Op: opCoalesced, Subscription: id, Jobs: rows, Cursor: from.String()})
	}
	if n := len(out); n > 0 {
		out[n-1].Cursor, out[n-1].Folded = at.String(), folded
	}
	return out, nil
}

// coalesced is the same for one subscription that catches up.
func (h *Hub) coalesced(s *Sub, run []*Entry, reached eventstore.Cursor) ([][]byte, error) {
	g := &group{dirty: map[string]struct{}{}}
	g.fold(run)
	ids := make([]string, 0, len(g.dirty))
	for id := range g.dirty {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	messages, err := h.messages(s.ctx, s.id, ids, g.folded, s.cursor, reached)
	if err != nil {
		return nil, err
	}
	var frames [][]byte
	for _, m := range messages {
		frames = append(frames, s.client.encoding.control(m))
	}
	return frames, nil
}
