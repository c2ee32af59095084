package twin

import (
	"context"
	"net/http"
	"time"
)

// Saves are writes that say what a thing is (PUT) or that it is gone (DELETE): sent twice they change nothing more (RFC
// 9110, 9.2.2). A page that saves by itself while somebody works sends one whenever its clock says so, and how many of
// them there are, and which states between, differs from run to run. So of an address that the recording saved more than
// once in a row only the last save has to be sent; others may be left out, come again, or show a state that was not
// recorded.

func isSave(method string) bool { return method == http.MethodPut || method == http.MethodDelete }

// saves finds the addresses that were saved more than once.
func (t *Tape) saves() {
	last := map[string]*exchange{}
	for _, x := range t.writes {
		if !isSave(x.entry.Request.Method) {
			continue
		}
		address := x.url.String()
		if before := last[address]; before != nil && before.entry.Request.Method == x.entry.Request.Method {
			before.superseded = x
			t.saved[x.key+"?"+x.url.RawQuery] = true
		}
		last[address] = x
	}
}

// savedLocked lets a save pass that the recording has not just so. Nil where that does not hold.
func (r *Run) savedLocked(q query, list []found, near []nearby) *exchange {
	if !isSave(q.Request.Method) || !r.tape.saved[keyOf(q.Request.Method, q.request.url)+"?"+q.request.url.RawQuery] {
		return nil
	}
	address := q.request.url.String()
	if len(list) > 0 {
		x := list[len(list)-1].exchange
		last := x
		for last.superseded != nil {
			last = last.superseded
		}
		if last == x {
			delete(r.unsettled, address)
		} else if r.sent[last.index] { // back to a state before the last
			diffs, _ := r.tape.compare(last, q.request, r.names, r.now(), r.shownNow())
			r.unsettled[address] = nearby{last, diffs}
		}
		return x
	}
	for _, n := range near {
		if n.url.String() == address && n.superseded != nil {
			r.noteLocked("%s %s: a state was saved that the recording does not have; only the last one counts", q.Request.Method, n.entry.Request.URL)
			r.unsettled[address] = n
			return n.exchange
		}
	}
	return nil
}

// supersedeLocked marks what a later save made unimportant.
func (r *Run) supersedeLocked(x *exchange) {
	if !isSave(x.entry.Request.Method) {
		return
	}
	delete(r.unsettled, x.url.String())
	for i, w := range r.tape.writes[:x.index] {
		if !r.sent[i] && w.superseded != nil && w.key == x.key && w.url.String() == x.url.String() {
			r.sent[i] = true
			r.noteLocked("%s %s: a state between was not saved", w.entry.Request.Method, w.entry.Request.URL)
		}
	}
}

// Settle waits until every recorded write was sent, at most as long as patience: what a page sends a moment later is
// still to come when the last step is done. False says that some were not sent. Where only a part is played, it waits
// besides until nothing more has come for a moment: that nothing is sent has to be seen too.
func (r *Run) Settle(ctx context.Context, patience time.Duration) bool {
	deadline := time.Now().Add(patience)
	for {
		r.mu.Lock()
		missing := len(r.missingLocked()) + len(r.unsettled)
		changed := r.changed
		r.mu.Unlock()
		if missing == 0 {
			return r.opts.Until.IsZero() || r.quiet(ctx, deadline)
		}
		left := time.Until(deadline)
		if left <= 0 || !r.await(ctx, changed, left) {
			return false
		}
	}
}

// quietFor is how long nothing has to come before it counts as nothing.
const quietFor = 300 * time.Millisecond

// quiet waits until nothing more comes; false when the time is over, or nobody waits any more.
func (r *Run) quiet(ctx context.Context, deadline time.Time) bool {
	for {
		r.mu.Lock()
		changed := r.changed
		r.mu.Unlock()
		rest := time.NewTimer(quietFor)
		select {
		case <-rest.C:
			return true
		case <-changed:
			rest.Stop()
		case <-ctx.Done():
			rest.Stop()
			return false
		}
		if time.Now().After(deadline) {
			return false
		}
	}
}

// missingLocked are the writes that were not sent and that no later one made unimportant.
func (r *Run) missingLocked() []*exchange {
	var out []*exchange
	for i, x := range r.tape.writes {
		if !r.sent[i] && !x.pending && !r.opts.beyond(x.entry.Started) && (x.superseded == nil || !r.sent[x.superseded.index]) {
			out = append(out, x)
		}
	}
	return out
}
