package live

import "time"

// Watch signals whenever something happened to a job; several events may be one signal. It signals at once too.
func (h *Hub) Watch(jobID string) (changed <-chan struct{}, stop func()) {
	w := &watcher{signal: make(chan struct{}, 1)}
	w.signal <- struct{}{}
	c := h.Connect(w, w)
	f := Filter{Jobs: []string{jobID}}
	s := &Sub{id: f.id(All), client: c, match: newMatcher(f), mode: All, cursor: h.Cursor(), ctx: c.ctx, cancel: c.cancel}
	_ = h.start(s) // fails only when the hub is stopped, which ends the connection too
	return w.signal, func() { h.Disconnect(c) }
}

// watcher is a client that wants to know that, and not what.
type watcher struct{ signal chan struct{} }

func (w *watcher) Write([][]byte) error {
	select {
	case w.signal <- struct{}{}:
	default:
	}
	return nil
}

func (*watcher) Silence() time.Duration         { return 0 }
func (*watcher) Close(int, string)              {}
func (*watcher) Abort()                         {}
func (*watcher) name() string                   { return "watch" }
func (*watcher) events(string, []*Entry) []byte { return []byte{1} }
func (*watcher) control(message) []byte         { return []byte{1} }
func (*watcher) heartbeat() []byte              { return nil }
