package workers

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"tapedeck/domain/job"
	"tapedeck/eventstore"
	"tapedeck/eventstore/jobs"
)

// lane takes the jobs of one queue. Each of its goroutines takes a queue entry, claims its job and
// runs it.
type lane struct {
	*shift
	queue      string
	limit      int
	subscriber message.Subscriber
	entries    <-chan *message.Message
	// open counts the goroutines that run no claimed job: so many entries may be taken and not yet
	// acknowledged. free says that it grew.
	open atomic.Int64
	free chan struct{}
	// room bounds the running jobs when there are more goroutines than limit: as many again may hold
	// an entry whose kind is full, so that it does not keep other kinds from running.
	room *slots
}

func newLane(s *shift, queue string, limit int) *lane {
	return &lane{shift: s, queue: queue, limit: limit, free: make(chan struct{}, 1)}
}

func (l *lane) start() error {
	sub, err := l.cfg.Store.Subscriber(eventstore.Reader{
		Name: l.cfg.Name + "/" + l.queue, Slots: func() int { return int(l.open.Load()) }, Free: l.free,
		Redeliver: l.cfg.LeaseTTL, // what died with an entry is as dead as what died with a job
	})
	if err != nil {
		return err
	}
	l.subscriber = sub
	topics := make([]string, len(job.Priorities))
	for i, p := range job.Priorities {
		topics[i] = job.Topic(l.queue, p)
	}
	if l.entries, err = sub.Subscribe(l.working, strings.Join(topics, ",")); err != nil {
		return errors.Join(err, sub.Close())
	}
	n := l.limit
	for _, kind := range l.kinds {
		if cap(kind.free) < l.limit {
			n, l.room = 2*l.limit, newSlots(l.limit)
			break
		}
	}
	for range n {
		l.hire()
	}
	return nil
}

// hire starts one more goroutine: at the start, and in place of one whose job was abandoned.
func (l *lane) hire() {
	l.claimers.Add(1)
	l.opened()
	go func() {
		for msg := range l.entries {
			if abandoned := l.handle(msg); abandoned {
				return // dismissed already: see lane.dismiss
			}
		}
		if l.taking.Err() == nil {
			l.alarms.set("queue "+l.queue, errors.New("it is not read any more: the store ended the subscription"))
		}
		l.open.Add(-1)
		l.claimers.Done()
	}()
}

func (l *lane) opened() {
	l.open.Add(1)
	select {
	case l.free <- struct{}{}:
	default:
	}
}

// dismiss stops counting the goroutine of an abandoned job and starts another.
func (l *lane) dismiss() {
	if l.taking.Err() == nil {
		l.hire()
	}
	l.claimers.Done()
}

// handle sees one queue entry through. The entry is acknowledged as soon as the claim is in the log,
// or when there is nothing to claim.
func (l *lane) handle(msg *message.Message) (abandoned bool) {
	entry, err := jobs.FromMessage(msg.Payload)
	if err != nil {
		l.malformed(msg, err)
		return false
	}
	state := entry.State
	if !entry.Complete {
		if state, err = l.repo.Load(l.taking, state.ID); err != nil {
			l.unloadable(msg, err)
			return false
		}
	}
	kind, known := l.cfg.Kinds.Lookup(state.Kind)
	if !known || state.Newer {
		l.alarms.flash("queue "+l.queue, fmt.Errorf("job %s of kind %s needs another worker", state.ID, state.Kind))
		l.pauseTaking()
		msg.Nack()
		return false
	}
	limit := l.kinds[state.Kind]
	if !l.takeSlots(limit) {
		msg.Nack()
		return false
	}
	l.running.claiming(1)
	a, err := l.claim(kind, limit, state, l.by.Within(entry.Cause))
	if err == nil {
		l.running.add(a)
	}
	l.running.claiming(-1)
	if err != nil {
		l.giveSlots(limit)
		l.unclaimed(msg, err)
		return false
	}
	l.open.Add(-1)
	msg.Ack()
	if !a.run() {
		return true
	}
	l.opened()
	return false
}

// takeSlots waits while the kind is full, but not so long that the entry is handed to others.
func (l *lane) takeSlots(kind *slots) bool {
	if kind == nil && l.room == nil {
		return true
	}
	ctx, cancel := context.WithTimeout(l.taking, l.cfg.LeaseTTL/3)
	defer cancel()
	if !kind.take(ctx) {
		return false
	}
	if !l.room.take(ctx) {
		kind.give()
		return false
	}
	return true
}

func (l *lane) giveSlots(kind *slots) {
	l.room.give()
	kind.give()
}

// claim appends job.started with its lease. Somebody may have changed the queued job since: then it
// is read and claimed as it is now. The end of taking does not cut it off: a claim whose answer nobody
// waits for can be in the log all the same, and the job would wait for its lease to expire.
func (l *lane) claim(kind Kind, limit *slots, state job.State, by jobs.Caller) (*attempt, error) {
	for {
		if err := l.taking.Err(); err != nil {
			return nil, err
		}
		granted := time.Now() // the lease runs from before the append, to be safe
		started, _, err := l.repo.Apply(l.working, state, by, job.Start{
			Now: l.cfg.Now(), Attempt: state.Attempt + 1, Worker: l.id, Lease: l.token(), LeaseMS: l.cfg.LeaseTTL.Milliseconds(),
		})
		if err == nil {
			return newAttempt(l, kind, limit, started, by, granted), nil
		}
		if !errors.Is(err, eventstore.ErrConflict) {
			return nil, err
		}
		if state, err = l.repo.Load(l.working, state.ID); err != nil {
			return nil, err
		}
	}
}

// unclaimed settles an entry whose job could not be claimed.
func (l *lane) unclaimed(msg *message.Message, err error) {
	var refused *job.RefusedError
	if errors.As(err, &refused) { // stale: the job was claimed, cancelled, or queued once more
		l.metrics.stale.Inc()
		msg.Ack()
		return
	}
	l.unloadable(msg, err)
}

func (l *lane) unloadable(msg *message.Message, err error) {
	if errors.Is(err, job.ErrNotFound) {
		l.malformed(msg, err)
		return
	}
	if l.taking.Err() == nil {
		l.cfg.Logger.Warn("queue entry goes back", "queue", l.queue, "entry", msg.Metadata.Get(eventstore.MetaEntry), "error", err)
		l.pauseTaking()
	}
	msg.Nack()
}

func (l *lane) malformed(msg *message.Message, err error) {
	l.metrics.malformed.Inc()
	l.cfg.Logger.Error("queue entry is no job", "queue", l.queue, "entry", msg.Metadata.Get(eventstore.MetaEntry), "error", err)
	msg.Ack()
}

// pauseTaking keeps what goes back to its queue from coming round without end.
func (l *lane) pauseTaking() {
	select {
	case <-l.taking.Done():
	case <-time.After(200 * time.Millisecond):
	}
}
