package fetch

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

// Pace is how a host is treated.
type Pace struct {
	// Concurrency is how many requests are made at once. Defaults to 4.
	Concurrency int
	// Delay is the least time between the beginnings of two requests. Defaults to 0.
	Delay time.Duration
}

// WithDefaults fills in what is not set.
func (p Pace) WithDefaults() Pace {
	setDefault(&p.Concurrency, 4)
	p.Concurrency = max(1, p.Concurrency)
	return p
}

// paces has one pace for each host.
type paces struct {
	base    Pace
	maxWait time.Duration
	mu      sync.Mutex
	host    map[string]*pace
}

func newPaces(cfg Config) *paces {
	return &paces{base: cfg.Pace, maxWait: cfg.MaxWait, host: map[string]*pace{}}
}

func (p *paces) of(host string) *pace {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := p.host[host]
	if at == nil {
		at = &pace{base: p.base, maxWait: p.maxWait, limit: p.base.Concurrency, delay: p.base.Delay, changed: make(chan struct{})}
		p.host[host] = at
	}
	return at
}

// pace lets requests to one host begin. A host that says it is overloaded (429,
// 503) gets half as many at once and twice the delay, and is left alone for as
// long as it asks; each run of successes gives a part of it back.
type pace struct {
	mu      sync.Mutex
	base    Pace
	maxWait time.Duration
	limit   int
	delay   time.Duration
	active  int
	next    time.Time
	good    int           // successes since the last change
	changed chan struct{} // closed when there may be room
}

const (
	slowest  = 30 * time.Second       // the delay is never adapted beyond it
	firstLag = 250 * time.Millisecond // the delay of a host that had none, after its first complaint
	recovery = 10                     // successes that give a part back
)

// setDelay raises the delay, and makes requests wait for each other: whoever asks
// for a delay does not want several at once.
func (p *pace) setDelay(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if d <= p.base.Delay {
		return
	}
	p.base = Pace{Concurrency: 1, Delay: d}
	p.limit, p.delay = 1, max(p.delay, d)
}

// enter waits until a request may begin; the error is the context's.
func (p *pace) enter(ctx context.Context) error {
	for {
		wait, changed := p.try()
		if changed == nil {
			return nil
		}
		if err := p.await(ctx, wait, changed); err != nil {
			return err
		}
	}
}

// try takes a place, or says how long to wait at least, or for a change if that is zero.
func (p *pace) try() (wait time.Duration, changed chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if p.active >= p.limit {
		return 0, p.changed
	}
	if wait := p.next.Sub(now); wait > 0 {
		return wait, p.changed
	}
	p.active++
	p.next = now.Add(p.delay)
	return 0, nil
}

func (p *pace) await(ctx context.Context, wait time.Duration, changed chan struct{}) error {
	var due <-chan time.Time
	if wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		due = timer.C
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-changed:
	case <-due:
	}
	return nil
}

// leave gives the place back and learns from how the request ended.
func (p *pace) leave(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.active--
	var fault *Failure
	switch {
	case errors.As(err, &fault) && (fault.Status == http.StatusTooManyRequests || fault.Status == http.StatusServiceUnavailable):
		p.slowDown(fault.RetryAfter)
	case err == nil:
		p.speedUp()
	}
	close(p.changed)
	p.changed = make(chan struct{})
}

func (p *pace) slowDown(after time.Duration) {
	p.good = 0
	p.limit = max(1, p.limit/2)
	p.delay = min(max(2*p.delay, firstLag), max(slowest, p.base.Delay))
	if until := time.Now().Add(max(min(after, p.maxWait), p.delay)); until.After(p.next) {
		p.next = until
	}
}

func (p *pace) speedUp() {
	if p.good++; p.good < recovery {
		return
	}
	p.good = 0
	p.limit = min(p.limit+1, p.base.Concurrency)
	p.delay = max(p.base.Delay, p.delay/2)
	if p.delay < firstLag/4 {
		p.delay = p.base.Delay
	}
}

// backoff is the wait before the next try: what the server asks for, or twice the
// last one, between half and one and a half of it.
func (f *Fetcher) backoff(try int, fault *Failure) time.Duration {
	if fault.RetryAfter > 0 {
		return fault.RetryAfter
	}
	wait := f.cfg.Backoff << min(try, 10)
	return wait/2 + rand.N(max(wait, 1))
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
