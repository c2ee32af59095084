package live

import "time"

type counts struct {
	events    int64
	fallBacks int64
}

// Stats is how the hub stands.
type Stats struct {
	// Clients by encoding.
	Clients map[string]int
	// Subscriptions that are live, and those that read the log.
	Live, CatchingUp int
	// Groups is how many different filters are live.
	Groups int
	// Events counts events queued for clients, FallBacks how often a slow client was sent back to the log.
	Events, FallBacks int64
	// QueuedBytes is what waits for all clients.
	QueuedBytes int
	// Lag is how old the oldest event may be that a subscription in catch-up has not got yet.
	Lag time.Duration
}

// Stats looks at the hub now.
func (h *Hub) Stats() Stats {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := Stats{Clients: map[string]int{}, Groups: len(h.groups.byKey), Events: h.counts.events, FallBacks: h.counts.fallBacks}
	for c := range h.clients {
		s.Clients[c.encoding.name()]++
		for _, sub := range c.subs {
			if sub.group != nil {
				s.Live++
			} else {
				s.CatchingUp++
				if !sub.at.IsZero() {
					s.Lag = max(s.Lag, time.Since(sub.at))
				}
			}
		}
		c.mu.Lock()
		s.QueuedBytes += c.size
		c.mu.Unlock()
	}
	return s
}
