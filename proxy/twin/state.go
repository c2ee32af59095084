package twin

import (
	"bytes"
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"tapedeck/proxy"
)

// patience is how long a read waits for a write that was over before it in the recording: what the page sends at the
// same time may arrive in another order.
const patience = time.Second

// decision is what a request gets.
type decision struct {
	*exchange
	// again says that the same answer was given before.
	again bool
	// drift says why there is no exchange; one without a kind, that nobody waits for it any more.
	drift Drift
}

// decide finds the recorded exchange that answers a request, and moves the state on. Without one it says what drifted.
func (r *Run) decide(q query) decision {
	deadline := time.Now().Add(patience)
	for {
		d, changed := r.try(q, !time.Now().Before(deadline))
		if changed == nil {
			return d
		}
		if !r.await(q.Context(), changed, time.Until(deadline)) {
			return decision{}
		}
	}
}

// await waits until something changed or the time is over; false when nobody waits any more.
func (r *Run) await(ctx context.Context, changed <-chan struct{}, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-changed:
		return true
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	case <-r.ctx.Done():
		return false
	}
}

// try decides once. A channel says that it is worth trying again when that is closed.
func (r *Run) try(q query, last bool) (decision, <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	x, d, early := r.chooseLocked(q)
	if x != nil && x.kind == write && d.Kind == "" && r.opts.beyond(x.entry.Started) {
		d = Drift{Kind: Extra, Entry: x.entry.ID, Detail: "was sent, although the recording sent it only after the part that is played"}
		x, early = r.orClosest(x), false
	}
	if x != nil && early && !last {
		return decision{}, r.changed
	}
	r.asked[keyOf(q.Request.Method, q.request.url)] = true
	if x == nil {
		return decision{drift: d}, nil
	}
	if early {
		r.noteLocked("%s %s was asked before the write that preceded it in the recording", x.entry.Request.Method, x.entry.Request.URL)
	}
	if d.Kind != "" {
		d.Method, d.URL = q.Request.Method, q.request.url.String()
		r.driftLocked(d)
	}
	r.asked[x.key] = true
	if x.kind == write && !r.sent[x.index] && d.Kind == "" && r.unsettled[x.url.String()].exchange != x {
		r.sent[x.index] = true
		r.report.Written++
		r.supersedeLocked(x)
	}
	if x.request.cut {
		r.driftLocked(Drift{
			Kind: Incomplete, Method: q.Request.Method, URL: q.request.url.String(), Entry: x.entry.ID,
			Detail: "the recording does not hold all that was sent, so that nobody can say whether it is the same",
		})
	}
	again := r.given[x]
	r.given[x] = true
	r.touchLocked()
	return decision{exchange: x, again: again}, nil
}

// chooseLocked answers the exchange to play. early says that writes which preceded it were not sent yet.
func (r *Run) chooseLocked(q query) (x *exchange, d Drift, early bool) {
	switch {
	case isUpgrade(q.Request):
		return r.chooseSocketLocked(q)
	case safe(q.Request.Method) || isQueryBody(q.Header.Get("Content-Type"), q.raw):
		return r.chooseReadLocked(q)
	}
	return r.chooseWriteLocked(q)
}

func isUpgrade(req *http.Request) bool { return req.Header.Get("Upgrade") != "" }

// found is a recorded exchange that a request could be.
type found struct {
	*exchange
	learned names
}

// candidatesLocked are the recorded exchanges of one method and address that a request matches, in their order. near are
// those of the same address that it does not match, with what differs.
func (r *Run) candidatesLocked(q query, of func(kind) bool) (list []found, near []nearby) {
	for _, x := range r.tape.byKey[keyOf(q.Request.Method, q.request.url)] {
		if of(x.kind) {
			list, near = r.weighLocked(q, x, list, near)
		}
	}
	if len(list) > 0 {
		return list, near
	}
	// An address that holds a value of the page's own.
	key := keyOf(q.Request.Method, q.request.url)
	for _, x := range r.tape.byShape[shapeOf(q.Request.Method, q.request.url)] {
		if x.key != key && of(x.kind) {
			list, near = r.weighLocked(q, x, list, near)
		}
	}
	return list, near
}

// nearby is an exchange that a request is not.
type nearby struct {
	*exchange
	diffs []Difference
}

func (r *Run) weighLocked(q query, x *exchange, list []found, near []nearby) ([]found, []nearby) {
	diffs, learned := r.tape.compare(x, q.request, r.names, r.now(), r.shownNow())
	if len(diffs) == 0 {
		return append(list, found{x, learned}), near
	}
	return list, append(near, nearby{x, diffs})
}

func (r *Run) learnLocked(f found) *exchange {
	for recorded, now := range f.learned.now {
		r.names.now[recorded], r.names.then[now], r.replacer = now, recorded, nil
	}
	return f.exchange
}

func (r *Run) chooseWriteLocked(q query) (*exchange, Drift, bool) {
	list, near := r.candidatesLocked(q, func(k kind) bool { return k == write })
	for _, f := range list {
		if !r.sent[f.index] {
			return r.learnLocked(f), Drift{}, false
		}
	}
	if x := r.savedLocked(q, list, near); x != nil {
		return x, Drift{}, false
	}
	if x := r.backgroundLocked(q); x != nil {
		return x, Drift{}, false
	}
	if len(list) > 0 {
		x := list[len(list)-1].exchange
		return r.orClosest(x), Drift{Kind: Extra, Entry: x.entry.ID, Detail: "was sent once more than in the recording"}, false
	}
	if isBeacon(q.Header.Get) {
		r.noteLocked("%s %s, which the page cannot read, is not in the recording", q.Request.Method, q.request.url)
		return nowhere, Drift{}, false
	}
	if n := closest(near, func(x *exchange) bool { return !r.sent[x.index] }); n != nil {
		return r.orClosest(n.exchange), Drift{Kind: Altered, Entry: n.entry.ID, Detail: "differs from what was recorded", Differences: n.diffs}, false
	}
	if n := closest(near, func(*exchange) bool { return true }); n != nil {
		return r.orClosest(n.exchange), Drift{Kind: Extra, Entry: n.entry.ID, Detail: "is not in the recording, which sent something else there", Differences: n.diffs}, false
	}
	return nil, Drift{Kind: Unrecorded, Detail: "nothing was written there in the recording"}, false
}

// orClosest is an exchange that is not the right one, where the mode allows that.
func (r *Run) orClosest(x *exchange) *exchange {
	if r.opts.Mode == Closest {
		return x
	}
	return nil
}

// closest is the exchange of which the fewest values differ.
func closest(near []nearby, if_ func(*exchange) bool) *nearby {
	var best *nearby
	for i, n := range near {
		if if_(n.exchange) && (best == nil || len(n.diffs) < len(best.diffs)) {
			best = &near[i]
		}
	}
	return best
}

// backgroundLocked answers what the page sends on its own account: what a beacon says may differ every time, a heartbeat
// is the same.
func (r *Run) backgroundLocked(q query) *exchange {
	beacon := isBeacon(q.Header.Get)
	var list []*exchange
	for _, x := range r.tape.byKey[keyOf(q.Request.Method, q.request.url)] {
		if x.kind != background {
			continue
		}
		diffs, _ := r.tape.compare(x, q.request, r.names, r.now(), r.shownNow())
		if len(diffs) == 0 || beacon && isBeacon(x.entry.Request.Header.Get) {
			list = append(list, x)
		}
	}
	return r.nextLocked(list)
}

func (r *Run) chooseReadLocked(q query) (*exchange, Drift, bool) {
	list, near := r.candidatesLocked(q, func(k kind) bool { return k == read })
	if isPreflight(q.Request) {
		list = slices.DeleteFunc(list, func(f found) bool { return !sameHeader(q.Header, f.entry.Request.Header, askedMethod) })
	}
	if len(list) == 0 {
		d := Drift{Kind: Unrecorded, Detail: "is not in the recording"}
		n := closest(near, func(*exchange) bool { return true })
		if n == nil {
			return nil, d, false
		}
		d.Entry, d.Differences = n.entry.ID, n.diffs
		if r.opts.Mode == Closest {
			d.Kind = Nearest
		}
		return r.orClosest(n.exchange), d, false
	}
	list = variants(q.Header, list)
	ready := slices.DeleteFunc(slices.Clone(list), func(f found) bool { return !r.sentLocked(f.past) })
	if len(ready) == 0 {
		return r.learnLocked(list[0]), Drift{}, !alikeAnswers(list)
	}
	x := r.nextLocked(r.groupLocked(ready))
	for _, f := range ready {
		if f.exchange == x {
			r.learnLocked(f)
		}
	}
	return x, Drift{}, false
}

// groupLocked are the answers of the latest state, in their order. One whose asking overlapped the write that led to the
// state may show it already: it comes first, if it was not given before.
func (r *Run) groupLocked(ready []found) []*exchange {
	latest := ready[len(ready)-1]
	var group []*exchange
	for _, f := range ready {
		if f.past.equal(latest.past) || !r.given[f.exchange] && r.tape.overlaps(f.exchange, latest.past) {
			group = append(group, f.exchange)
		}
	}
	return group
}

// overlaps says that an exchange was not yet answered, or still told what happened, when the last write of a set began.
func (t *Tape) overlaps(x *exchange, p past) bool {
	if p.upTo == 0 {
		return false
	}
	until := x.began()
	if streams(x.entry) {
		until, _ = x.ended()
	}
	return !x.entry.Done || until.After(t.writes[p.upTo-1].entry.Started.Add(t.tick))
}

// alikeAnswers says that a read was answered alike whenever it was asked: nothing that was written matters to it. Of one
// that was asked a single time nobody knows; it counts as such, or every file would wait for what the page had sent before.
func alikeAnswers(list []found) bool {
	for _, f := range list[1:] {
		a, b := list[0].entry.Response, f.entry.Response
		if (a == nil) != (b == nil) || a != nil && a.Status != b.Status || !bytes.Equal(list[0].body, f.body) {
			return false
		}
	}
	return true
}

// givenUp says that nobody waited for the whole answer in the recording, or that it is not all there.
func (x *exchange) givenUp() bool {
	e := x.entry.Error
	return x.cut != "" || e != nil && (e.Code == "" || e.Code == proxy.CodeCancelled || e.Code == proxy.CodeStopped)
}

// nextLocked gives the answers of one state one after the other; the last one stays. What was given up in the recording
// comes only where there is nothing else, and what it left without an answer where the server would let the page wait.
func (r *Run) nextLocked(group []*exchange) *exchange {
	var last, pending *exchange
	long := false
	for _, x := range group {
		switch {
		case x.pending:
			pending = cmp.Or(pending, x)
		case x.givenUp():
			continue
		case !r.given[x]:
			return x
		default:
			last = x
		}
		long = long || x.long()
	}
	switch {
	case last != nil && (pending == nil || !long):
		return last
	case pending != nil:
		return pending
	case len(group) == 0:
		return nil
	}
	for _, x := range group {
		if !r.given[x] {
			return x
		}
	}
	return group[len(group)-1]
}
