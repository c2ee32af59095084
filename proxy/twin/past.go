package twin

import (
	"cmp"
	"slices"
	"time"
)

// past is a set of writes, by their indexes in Tape.writes: all before upTo but those that were open. It is small
// whatever the number of writes is.
type past struct {
	upTo int
	open []int
}

// The times of a recording are exact to the microsecond, those in files of browsers to the millisecond.
const fine, coarse = time.Microsecond, time.Millisecond

func tickOf(all []*exchange) time.Duration {
	for _, x := range all {
		if !x.entry.Started.Truncate(coarse).Equal(x.entry.Started) {
			return fine
		}
	}
	return coarse
}

// order finds which writes were over before each exchange began. A write is over when its answer begins: what it did is
// done then, and the rest may take its time.
func (t *Tape) order() {
	begun, open := 0, []int(nil)
	for _, x := range t.all {
		start := x.entry.Started
		for begun < len(t.writes) && inOrder(t.writes[begun], x) < 0 {
			open = append(open, begun)
			begun++
		}
		open = slices.DeleteFunc(open, func(i int) bool {
			w := t.writes[i]
			return w.entry.Done && !w.pending && !w.began().After(start.Add(t.tick))
		})
		x.past = newPast(begun, open)
	}
}

// inOrder compares by the start; what fell into one tick began in the order of the ids.
func inOrder(a, b *exchange) int {
	return cmp.Or(a.entry.Started.Compare(b.entry.Started), cmp.Compare(a.entry.ID, b.entry.ID))
}

// newPast leaves open writes out at the end, so that equal sets are written alike.
func newPast(upTo int, open []int) past {
	n := len(open)
	for n > 0 && open[n-1] == upTo-1 {
		n--
		upTo--
	}
	return past{upTo: upTo, open: slices.Clone(open[:n])}
}

func (p past) equal(other past) bool { return p.upTo == other.upTo && slices.Equal(p.open, other.open) }

// sentLocked says that all of a set's writes have been sent.
func (r *Run) sentLocked(p past) bool {
	for r.sentUpTo < len(r.sent) && r.sent[r.sentUpTo] {
		r.sentUpTo++
	}
	for i := r.sentUpTo; i < p.upTo; i++ {
		if !r.sent[i] && !slices.Contains(p.open, i) {
			return false
		}
	}
	return true
}
