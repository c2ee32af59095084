package proxy

import (
	"sync"
	"sync/atomic"
	"time"
)

// record is what a session keeps.
type record struct {
	spool    *spool
	limits   Limits
	messages atomic.Int64

	mu        sync.Mutex
	exchanges []*exchange
	next      int64
	beyond    int64
	listeners []func(Entry)
	noise     map[string]int
}

func newRecord(spool *spool, limits Limits) *record {
	return &record{spool: spool, limits: limits, noise: make(map[string]int)}
}

// begin opens an entry. Beyond the limit it is filled and reported like any
// other but not kept, nor are its bodies.
func (r *record) begin(conn int64) *exchange {
	x := &exchange{log: r, entry: Entry{Started: time.Now(), Connection: conn}}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.next++
	x.entry.ID = r.next
	if len(r.exchanges) >= r.limits.MaxEntries {
		r.beyond++
		return x
	}
	x.sent, x.received = r.spool.capture(), r.spool.capture()
	r.exchanges = append(r.exchanges, x)
	return x
}

// admit counts a message or event and says whether it is kept.
func (r *record) admit() bool { return r.messages.Add(1) <= r.limits.MaxMessages }

func (r *record) completed(x *exchange) {
	r.mu.Lock()
	listeners := r.listeners[:len(r.listeners):len(r.listeners)]
	r.mu.Unlock()
	if len(listeners) == 0 {
		return
	}
	e := x.snapshot()
	for _, tell := range listeners {
		tell(e)
	}
}

func (r *record) listen(tell func(Entry)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.listeners = append(r.listeners, tell)
}

func (r *record) since(t time.Time) []Entry {
	r.mu.Lock()
	all := r.exchanges[:len(r.exchanges):len(r.exchanges)]
	r.mu.Unlock()
	var entries []Entry
	for _, x := range all {
		if t.IsZero() || !x.entry.Started.Before(t) { // Started never changes
			entries = append(entries, x.snapshot())
		}
	}
	return entries
}

func (r *record) countNoise(host string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.noise[host]++
}
