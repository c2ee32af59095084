package proxy

import "time"

// Limits bound what a session keeps; what passes through is never cut.
type Limits struct {
	// MemoryBody is how much of a body is kept in memory before it goes to a
	// file. Defaults to 256 KiB.
	MemoryBody int64
	// MaxBody is how much of a body is kept; the entry tells the true size.
	// Defaults to 50 MiB.
	MaxBody int64
	// MaxTotal is how much of all bodies, messages and events of a session is
	// kept. Defaults to 1 GiB.
	MaxTotal int64
	// MaxMemory is how much of them is kept in memory; beyond it bodies go to
	// files at once and messages lose their data. Defaults to 64 MiB.
	MaxMemory int64
	// MaxMessage is how much of one WebSocket message or event is kept.
	// Defaults to 1 MiB.
	MaxMessage int64
	// MaxMessages is how many messages and events of a session are kept.
	// Defaults to 100 000.
	MaxMessages int64
	// MaxEntries is how many exchanges are kept; later ones pass and are
	// counted. Defaults to 50 000.
	MaxEntries int
	// HeaderTimeout is how long an origin may take to begin its answer.
	// Defaults to 5 minutes, as in Chromium.
	HeaderTimeout time.Duration
	// IdleTimeout is how long an origin may let a body stand still, in either
	// direction; event streams and WebSockets may rest. Defaults to 5 minutes.
	IdleTimeout time.Duration
}

// WithDefaults fills in what is not set.
func (l Limits) WithDefaults() Limits {
	l.MemoryBody = or(l.MemoryBody, 256<<10)
	l.MaxBody = or(l.MaxBody, 50<<20)
	l.MaxTotal = or(l.MaxTotal, 1<<30)
	l.MaxMemory = or(l.MaxMemory, 64<<20)
	l.MaxMessage = or(l.MaxMessage, 1<<20)
	l.MaxMessages = or(l.MaxMessages, 100_000)
	l.MaxEntries = or(l.MaxEntries, 50_000)
	l.HeaderTimeout = or(l.HeaderTimeout, 5*time.Minute)
	l.IdleTimeout = or(l.IdleTimeout, 5*time.Minute)
	return l
}

func or[T int | int64 | time.Duration](v, otherwise T) T {
	if v <= 0 {
		return otherwise
	}
	return v
}
