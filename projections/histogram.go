package projections

import (
	"encoding/binary"
	"errors"
	"math/bits"
	"slices"
	"time"
)

// A histogram counts durations in a fixed grid of microseconds: exact below 8 µs, then eight buckets
// for each doubling. The grid never changes, so that histograms of any two stretches can be added.
type histogram map[uint16]int64

// cell is the bucket of a duration; a negative one (clocks that disagree) counts as zero.
func cell(d time.Duration) uint16 {
	us := uint64(max(0, d.Microseconds()))
	if us < 8 {
		return uint16(us)
	}
	exp := bits.Len64(us) - 1
	return uint16((exp-2)*8 + int(us>>(exp-3))&7)
}

// floor is the smallest number of microseconds in a cell.
func floor(c uint16) uint64 {
	if c < 8 {
		return uint64(c)
	}
	exp := int(c)/8 + 2
	return (8 + uint64(c)%8) << (exp - 3)
}

func (h *histogram) add(d time.Duration) {
	if *h == nil {
		*h = histogram{}
	}
	(*h)[cell(d)]++
}

func (h *histogram) merge(other histogram) {
	if *h == nil && len(other) > 0 {
		*h = histogram{}
	}
	for c, n := range other {
		(*h)[c] += n
	}
}

func (h histogram) cells() []uint16 {
	out := make([]uint16, 0, len(h))
	for c := range h {
		out = append(out, c)
	}
	slices.Sort(out)
	return out
}

// encode writes pairs of (distance to the cell before, count) as varints, in the order of the cells.
func (h histogram) encode() []byte {
	b := make([]byte, 0, 4*len(h))
	last := uint16(0)
	for _, c := range h.cells() {
		b = binary.AppendUvarint(b, uint64(c-last))
		b = binary.AppendUvarint(b, uint64(h[c]))
		last = c
	}
	return b
}

var errHistogram = errors.New("histogram is damaged")

func decodeHistogram(b []byte) (histogram, error) {
	h := histogram{}
	c := uint64(0)
	for len(b) > 0 {
		step, n := binary.Uvarint(b)
		if n <= 0 {
			return nil, errHistogram
		}
		count, m := binary.Uvarint(b[n:])
		c += step
		repeated := step == 0 && len(h) > 0
		if m <= 0 || repeated || c > uint64(cell(1<<63-1)) || count == 0 || count > 1<<62 {
			return nil, errHistogram
		}
		h[uint16(c)] = int64(count)
		b = b[n+m:]
	}
	return h, nil
}

func (h histogram) percentiles() Percentiles {
	var p Percentiles
	for _, n := range h {
		p.Count += n
	}
	p.P50, p.P95, p.P99 = h.quantile(p.Count, 50), h.quantile(p.Count, 95), h.quantile(p.Count, 99)
	return p
}

// quantile interpolates inside the cell that holds the value of rank percent × total.
func (h histogram) quantile(total, percent int64) time.Duration {
	rank := (total*percent + 99) / 100
	seen := int64(0)
	for _, c := range h.cells() {
		n := h[c]
		if seen+n >= rank && n > 0 {
			lo, hi := float64(floor(c)), float64(floor(c+1))
			us := lo + (hi-lo)*(float64(rank-seen)-0.5)/float64(n)
			return time.Duration(us * float64(time.Microsecond))
		}
		seen += n
	}
	return 0
}
