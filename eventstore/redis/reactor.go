package redis

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill-redisstream/pkg/redisstream"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/google/uuid"
	goredis "github.com/redis/go-redis/v9"

	"tapedeck/eventstore"
)

// Reactor implements eventstore.Topics: watermill-redisstream's Subscriber, kept from its faults.
//
//   - An entry that cannot be read closes its channel: the decoder never fails; such entries are acked,
//     counted and shown.
//   - It logs errors for ever when the group is gone: it stops at every error and is made anew.
//   - It runs a long handler's message again, even by itself: the messages of a live reactor are kept
//     fresh, so that only those of a dead one are claimed.
//   - Closing it closes its client and cuts off a read: it has a client of its own, and what it held
//     is given back.
//   - It deletes consumers by their idle time: here a consumer is deleted when it has ended, with
//     nothing pending.
//   - It loses the ack of a message that was acked as it was closed, and leaves acked entries in the
//     stream: they are acked and dropped here too.
func (s *Store) Reactor(group string) (message.Subscriber, error) {
	if group == "" {
		return nil, errors.New("reactor: a group needs a name")
	}
	return &reactor{store: s, group: group, closing: make(chan struct{})}, s.usable()
}

type reactor struct {
	store   *Store
	group   string
	closing chan struct{}

	mu      sync.Mutex // guards closed and running.Add against Close
	closed  bool
	running sync.WaitGroup
}

const (
	// reactorStale is how long a message of a reactor that died stays with it.
	reactorStale = 15 * time.Second
	// reactorTend is how often a live reactor shows that it has not.
	reactorTend = 3 * time.Second
	// reactorClaim is how often messages of dead reactors are looked for.
	reactorClaim = time.Second
	// reactorConnections: one to read, two to claim, one to look after consumers, one to ack.
	reactorConnections = 6
	never              = 100 * 365 * 24 * time.Hour
)

// Subscribe implements message.Subscriber. The channel is closed when ctx ends, the Subscriber or the
// Store is closed, or the log was replaced.
func (r *reactor) Subscribe(ctx context.Context, topic string) (<-chan *message.Message, error) {
	if err := validTopic(topic); err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, fmt.Errorf("subscribe %s: %w", topic, eventstore.ErrClosed)
	}
	ctx, stop := joined(ctx, r.closing, r.store.done)
	reading := &reading{
		store: r.store, topic: topic, group: r.group, out: make(chan *message.Message),
		consumer: r.group + "-" + uuid.NewString(),
	}
	r.running.Add(1)
	err := r.store.start(func() {
		defer r.running.Done()
		defer stop()
		reading.run(ctx)
	})
	if err != nil {
		r.running.Done()
		stop()
		return nil, err
	}
	return reading.out, nil
}

// Close implements message.Subscriber.
func (r *reactor) Close() error {
	r.mu.Lock()
	if !r.closed {
		r.closed = true
		close(r.closing)
	}
	r.mu.Unlock()
	r.running.Wait()
	return nil
}

// joined returns a context that ends with ctx or one of the channels; stop frees it.
func joined(ctx context.Context, ends ...<-chan struct{}) (joint context.Context, stop func()) {
	joint, cancel := context.WithCancel(ctx)
	var watching sync.WaitGroup
	for _, end := range ends {
		watching.Go(func() {
			select {
			case <-end:
				cancel()
			case <-joint.Done():
			}
		})
	}
	return joint, func() {
		cancel()
		watching.Wait()
	}
}

// reading is one subscription of a reactor.
type reading struct {
	store                  *Store
	topic, group, consumer string
	out                    chan *message.Message
}

// run reads until ctx ends or the store cannot be used any more.
func (r *reading) run(ctx context.Context) {
	defer close(r.out)
	for pause := minPause; ctx.Err() == nil; pause = min(2*pause, maxPause) {
		err := r.session(ctx, func() { pause = minPause })
		if ctx.Err() != nil || errors.Is(err, eventstore.ErrEpoch) || errors.Is(err, eventstore.ErrClosed) {
			return
		}
		r.store.opts.Logger.Warn("a reactor reads its topic anew", "topic", r.topic, "group", r.group, "error", err)
		sleep(ctx, pause)
	}
}

// session reads with one Subscriber until it fails or ctx ends.
func (r *reading) session(ctx context.Context, healthy func()) error {
	// Registers the topic, and tells a log that was replaced from a group that is missing.
	if err := r.store.call(ctx, "join", r.topic, r.group).Err(); err != nil {
		return r.store.fault("join", err)
	}
	sub, err := redisstream.NewSubscriber(r.config(), watermill.NewSlogLogger(r.store.opts.Logger))
	if err != nil {
		return err
	}
	acks := newAcker(r.store, r.group)
	inHand, drop := context.WithCancel(context.WithoutCancel(ctx)) // not watermill's: a message sent again has none
	var handling sync.WaitGroup
	defer r.release()
	defer func() {
		_ = sub.Close()
		drop()
		handling.Wait()
		acks.close()
	}()
	messages, err := sub.Subscribe(context.WithoutCancel(ctx), partition+r.topic)
	if err != nil {
		return r.store.fault("read "+r.topic, err)
	}
	tend := time.NewTicker(reactorTend)
	defer tend.Stop()
	var pending *message.Message
	var out chan<- *message.Message
	for {
		select {
		case msg, open := <-messages:
			if !open {
				return fmt.Errorf("read %s: %w", r.topic, eventstore.ErrUnavailable)
			}
			healthy()
			msg.SetContext(inHand)
			handling.Go(func() { r.settle(inHand, msg, acks) })
			if r.passOver(msg) {
				continue
			}
			msg.Metadata.Set(eventstore.MetaTopic, r.topic)
			pending, out = msg, r.out
		case out <- pending:
			pending, out = nil, nil
		case <-tend.C:
			if err := r.call("tend"); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// settle acks and drops a message that was acked. One that was nacked is sent again by watermill. It
// does not look at the message's own context: a Router sets that while the message is on its way.
func (r *reading) settle(ctx context.Context, msg *message.Message, acks *acker) {
	select {
	case <-msg.Acked():
	case <-msg.Nacked():
		return
	case <-ctx.Done():
	}
	select {
	case <-msg.Acked():
		acks.ack(taken{r.topic, entry{id: msg.Metadata.Get(eventstore.MetaEntry)}})
	default:
	}
}

func (r *reading) config() redisstream.SubscriberConfig {
	client := r.store.client(reactorConnections)
	client.AddHook(entryIDs{})
	return redisstream.SubscriberConfig{
		Client:                        client,
		Unmarshaller:                  tolerant{},
		Consumer:                      r.consumer,
		ConsumerGroup:                 r.group,
		NackResendSleep:               nackDelay,
		BlockTime:                     blockTime,
		DisableIndefiniteInitialBlock: true,
		ClaimInterval:                 reactorClaim,
		MaxIdleTime:                   reactorStale,
		CheckConsumersInterval:        never,
		ConsumerTimeout:               never,
		OldestId:                      "0",
		ShouldClaimPendingMessage:     func(p goredis.XPendingExt) bool { return p.Consumer != r.consumer },
		ShouldStopOnReadErrors:        func(error) bool { return true },
	}
}

// passOver acks a message that cannot be read.
func (r *reading) passOver(msg *message.Message) bool {
	why := msg.Metadata.Get(metaMalformed)
	if why == "" {
		return false
	}
	if r.store.passed.note(partition+r.topic, msg.Metadata.Get(eventstore.MetaEntry), errors.New(why)) {
		r.store.opts.Logger.Error("a malformed message was passed over", "topic", r.topic, "error", why)
	}
	return msg.Ack()
}

func (r *reading) call(function string) error {
	ctx, cancel := context.WithTimeout(context.Background(), r.store.opts.Timeout)
	defer cancel()
	err := r.store.lib.call(ctx, r.store.commands, function, r.store.epoch, r.topic, r.group, r.consumer).Err()
	return r.store.fault(function, err)
}

// release lets another reactor have at once what this one held.
func (r *reading) release() {
	if err := r.call("release"); err != nil {
		r.store.opts.Logger.Warn("a reactor's messages will be claimed later", "topic", r.topic, "error", err)
	}
}

// metaMalformed marks a message that could not be read, with the reason.
const metaMalformed = "tapedeck_malformed"

// tolerant reads the wire format and never fails.
type tolerant struct{}

// Unmarshal implements redisstream.Unmarshaller.
func (tolerant) Unmarshal(values map[string]any) (*message.Message, error) {
	var e entry
	e.uuid, _ = values[fieldUUID].(string)
	e.metadata, _ = values[fieldMetadata].(string)
	e.payload, _ = values[fieldPayload].(string)
	msg, err := e.message()
	if err != nil {
		msg = message.NewMessage(uuid.NewString(), []byte(e.payload))
		msg.Metadata.Set(metaMalformed, err.Error())
	}
	e.id, _ = values[eventstore.MetaEntry].(string)
	msg.Metadata.Set(eventstore.MetaEntry, e.id)
	return msg, nil
}

// entryIDs adds to each entry that a client reads its id, which watermill does not hand on.
type entryIDs struct{}

// DialHook implements goredis.Hook.
func (entryIDs) DialHook(next goredis.DialHook) goredis.DialHook { return next }

// ProcessPipelineHook implements goredis.Hook.
func (entryIDs) ProcessPipelineHook(next goredis.ProcessPipelineHook) goredis.ProcessPipelineHook {
	return next
}

// ProcessHook implements goredis.Hook.
func (entryIDs) ProcessHook(next goredis.ProcessHook) goredis.ProcessHook {
	return func(ctx context.Context, cmd goredis.Cmder) error {
		err := next(ctx, cmd)
		switch cmd := cmd.(type) {
		case *goredis.XStreamSliceCmd: // XREADGROUP
			for _, stream := range cmd.Val() {
				addIDs(stream.Messages)
			}
		case *goredis.XMessageSliceCmd: // XCLAIM
			addIDs(cmd.Val())
		}
		return err
	}
}

func addIDs(entries []goredis.XMessage) {
	for i, e := range entries {
		if e.Values == nil {
			entries[i].Values = map[string]any{}
		}
		entries[i].Values[eventstore.MetaEntry] = e.ID
	}
}
