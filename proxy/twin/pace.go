package twin

import (
	"context"
	"time"
)

// pace lets what the server said on its own come when what preceded it in the recording has happened again: every write
// that had begun, every message that the page had sent on the same socket, and, for a while, everything that it had asked.
type pace struct {
	run   *Run
	last  time.Time // the recorded time of what came last
	asked int       // how many exchanges of the tape are known to have been asked
	wrote int       // how many writes are known to have been sent
}

const (
	// grace is how long a message waits for what was asked before it: a page may do without it (a cache).
	grace = 2 * time.Second
	// maxGap bounds the recorded pause before a message.
	maxGap = 100 * time.Millisecond
)

func (r *Run) pace(x *exchange) *pace { return &pace{run: r, last: x.entry.Started} }

// until waits for what was recorded at a time. heard answers whether the page has sent on this socket what it had sent
// before that. False says that nobody waits any more.
func (p *pace) until(ctx context.Context, at time.Time, heard func() bool) bool {
	var since time.Time
	for {
		p.run.mu.Lock()
		changed := p.run.changed
		hard, soft := p.wroteLocked(at) && (heard == nil || heard()), p.askedLocked(at)
		p.run.mu.Unlock()
		left := time.Hour
		if hard {
			if since.IsZero() {
				since = time.Now()
			}
			left = grace - time.Since(since)
			if soft || left <= 0 {
				p.giveUp(at)
				break
			}
		}
		if !p.run.await(ctx, changed, left) {
			return false
		}
	}
	gap := min(max(at.Sub(p.last), 0), maxGap)
	p.last = at
	return p.run.wait(ctx, gap) == nil
}

// wroteLocked passes over a save that a later one replaced: a page may do without it.
func (p *pace) wroteLocked(at time.Time) bool {
	writes := p.run.tape.writes
	for p.wrote < len(writes) && writes[p.wrote].entry.Started.Before(at) {
		w := writes[p.wrote]
		if !w.entry.Started.Add(p.run.tape.tick).Before(at) && p.run.tape.tick == coarse {
			break // nobody knows which was first
		}
		if !p.run.sent[p.wrote] && w.superseded == nil && !w.pending {
			return false
		}
		p.last = latest(p.last, writes[p.wrote].entry.Started)
		p.wrote++
	}
	return true
}

// holdBack keeps an answer that the server held back, as it does for those who wait for news, until the writes that had
// begun before it have been sent: it may tell of them. One that is given again takes the time that it took.
func (r *Run) holdBack(ctx context.Context, d decision) error {
	if d.kind != read || !d.long() {
		return nil
	}
	if d.again {
		return r.wait(ctx, min(d.began().Sub(d.entry.Started), unanswered))
	}
	p, deadline := r.pace(d.exchange), time.Now().Add(unanswered)
	for {
		r.mu.Lock()
		wrote, changed := p.wroteLocked(d.began()), r.changed
		r.mu.Unlock()
		left := time.Until(deadline)
		switch {
		case wrote:
			return nil
		case left <= 0:
			r.note("%s %s was answered although what was written while it waited was not", d.entry.Request.Method, d.entry.Request.URL)
			return nil
		case !r.await(ctx, changed, left):
			return r.wait(ctx, left) // answers why
		}
	}
}

func (p *pace) askedLocked(at time.Time) bool {
	all := p.run.tape.all
	for p.asked < len(all) && all[p.asked].entry.Started.Before(at) {
		if x := all[p.asked]; x.kind != background && !p.run.asked[x.key] {
			return false
		}
		p.asked++
	}
	return true
}

// giveUp does not wait a second time for what was not asked.
func (p *pace) giveUp(at time.Time) {
	all := p.run.tape.all
	for p.asked < len(all) && all[p.asked].entry.Started.Before(at) {
		p.asked++
	}
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
