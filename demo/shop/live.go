package shop

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/coder/websocket"
	"github.com/go-json-experiment/json"
)

// watcher is one page that is told a product's stock. What changes while it is told the last state is told at once
// afterwards: only the newest state counts.
type watcher struct {
	slug    string
	changed chan struct{} // has room for one
}

// wake tells whoever watches a product. It needs mu.
func (s *Shop) wake(slug string) {
	for w := range s.watchers {
		if w.slug == slug {
			select {
			case w.changed <- struct{}{}:
			default:
			}
		}
	}
}

// watch begins to watch; false when too many do.
func (s *Shop) watch(slug string) (*watcher, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.watchers) >= maxSockets {
		return nil, false
	}
	w := &watcher{slug: slug, changed: make(chan struct{}, 1)}
	s.watchers[w] = struct{}{}
	return w, true
}

func (s *Shop) unwatch(w *watcher) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.watchers, w)
}

// stockNews is a message to a page. Quantity and Enough answer what the page asked about, if it did.
type stockNews struct {
	Stock    int    `json:"stock"`
	Text     string `json:"text"`
	Quantity int    `json:"quantity,omitzero"`
	Enough   bool   `json:"enough"`
	Advice   string `json:"advice"`
}

// asked is a message of a page: how many pieces somebody means to buy.
type asked struct {
	Quantity int `json:"quantity"`
}

// few is when a page says that there are only so many.
const few = 3

func (s *Shop) news(slug string, quantity int) stockNews {
	s.mu.Lock()
	stock := s.stock[slug]
	s.mu.Unlock()
	n := stockNews{Stock: stock, Quantity: quantity, Enough: quantity <= stock}
	switch {
	case stock == 0:
		n.Text = "Sold out"
	case stock <= few:
		n.Text = fmt.Sprintf("Only %d left", stock)
	default:
		n.Text = fmt.Sprintf("%d in stock", stock)
	}
	switch {
	case quantity > maxQuantity:
		n.Enough, n.Advice = false, fmt.Sprintf("At most %d in one order.", maxQuantity)
	case quantity > stock:
		n.Advice = fmt.Sprintf("There are only %d.", stock)
	case quantity > 0:
		n.Advice = "Ready to send today."
	}
	return n
}

// Bounds of a socket: how long it may take to write, how often it is asked whether it still lives, and what it may ask.
const (
	writeTimeout = 10 * time.Second
	pingEvery    = 30 * time.Second
	maxAsked     = 1 << 10
)

// live tells a page the stock of a product: at the beginning, at every change, and when it asks about a quantity.
func (s *Shop) live(w http.ResponseWriter, r *http.Request) {
	p, ok := productOf(r.PathValue("slug"))
	if !ok {
		s.notFound(w, r)
		return
	}
	watch, ok := s.watch(p.Slug)
	if !ok {
		http.Error(w, "Too many pages are open.", http.StatusServiceUnavailable)
		return
	}
	defer s.unwatch(watch)
	c, err := websocket.Accept(w, r, nil) // refuses pages of other sites
	if err != nil {
		return
	}
	defer func() { _ = c.CloseNow() }()
	c.SetReadLimit(maxAsked)
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	questions := make(chan int)
	go func() {
		defer cancel()
		hear(ctx, c, questions)
	}()
	s.tell(ctx, c, watch, questions)
}

// hear reads questions until there are no more, or one that is none.
func hear(ctx context.Context, c *websocket.Conn, questions chan<- int) {
	for {
		_, raw, err := c.Read(ctx)
		if err != nil {
			return
		}
		var q asked
		if err := json.Unmarshal(raw, &q, json.RejectUnknownMembers(true)); err != nil || q.Quantity < 0 {
			_ = c.Close(websocket.StatusPolicyViolation, "want a quantity")
			return
		}
		select {
		case questions <- q.Quantity:
		case <-ctx.Done():
			return
		}
	}
}

// tell writes what is new until the page goes or the shop closes.
func (s *Shop) tell(ctx context.Context, c *websocket.Conn, watch *watcher, questions <-chan int) {
	ping := time.NewTicker(pingEvery)
	defer ping.Stop()
	quantity, fresh := 0, true
	for {
		if fresh && say(ctx, c, s.news(watch.slug, quantity)) != nil {
			return
		}
		fresh = true
		select {
		case <-watch.changed:
		case quantity = <-questions:
		case <-ping.C:
			if alive(ctx, c) != nil {
				return
			}
			fresh = false
		case <-s.closed:
			_ = c.Close(websocket.StatusGoingAway, "the shop closes")
			return
		case <-ctx.Done():
			return
		}
	}
}

func say(ctx context.Context, c *websocket.Conn, news stockNews) error {
	raw, err := json.Marshal(news)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	return c.Write(ctx, websocket.MessageText, raw)
}

func alive(ctx context.Context, c *websocket.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	return c.Ping(ctx)
}
