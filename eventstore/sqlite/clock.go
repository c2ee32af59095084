package sqlite

import (
	"sync"
	"time"
)

// clock is the store's time: the wall clock, but it never goes back. When the wall clock jumps back,
// the store's time runs on at its own pace until the wall clock has caught up.
type clock struct {
	wall func() time.Time

	mu   sync.Mutex
	last int64     // microseconds, the last answer
	seen time.Time // when that was, with a monotonic reading
}

func newClock(wall func() time.Time, atLeast int64) *clock {
	return &clock{wall: wall, last: atLeast, seen: time.Now()}
}

// now returns microseconds since 1970.
func (c *clock) now() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := time.Now()
	c.last = max(c.wall().UnixMicro(), c.last+at.Sub(c.seen).Microseconds())
	c.seen = at
	return c.last
}

func fromMicro(us int64) time.Time { return time.UnixMicro(us).UTC() }

// ceilMicro rounds up, so that a deadline never fires early.
func ceilMicro(t time.Time) int64 { return t.Add(time.Microsecond - 1).UnixMicro() }
