// Package eventstoretest is the conformance suite that every back end of the event store passes:
// each sentence of the contract's documentation is a test here.
package eventstoretest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tapedeck/eventstore"
)

// Factory opens an empty store of its own for one test and closes it when the test ends. Close may be
// called by the test before.
type Factory func(t testing.TB) eventstore.Store

// Damager is what a back end's store implements, in its test, when what it stores can be spoilt from
// outside: it replaces the stored bytes of an event by garbage.
type Damager interface {
	Damage(t testing.TB, stream string, version uint64)
}

// Exercise runs the whole suite.
func Exercise(t *testing.T, open Factory) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, *bundle){
		"Append/Positions":     testAppend,
		"Append/Duplicate":     testDuplicate,
		"Append/DuplicateDoes": testDuplicateHasNoEffect,
		"Append/Conflict":      testConflict,
		"Append/AllOrNothing":  testAllOrNothing,
		"Append/Invalid":       testInvalid,
		"Append/Large":         testLarge,
		"Append/Cancelled":     testCancelled,
		"Append/Impatient":     testImpatient,
		"Append/Model":         testModel,
		"Race/OneVersion":      testOneWinnerPerVersion,
		"Race/Retry":           testEverybodyGetsThrough,
		"Race/Duplicate":       testSameAppendAtOnce,
		"Race/Renewal":         testRenewalAgainstStill,
		"Race/Claim":           testTwoClaims,
		"Log/ReadStream":       testReadStream,
		"Log/ReadAll":          testReadAll,
		"Log/ReadBack":         testReadBack,
		"Log/Wait":             testWait,
		"Log/Follow":           testFollow,
		"Log/Malformed":        testMalformed,
		"Cursor/Resolve":       testResolve,
		"Cursor/At":            testAt,
		"Lease/Life":           testLease,
		"Lease/Hold":           testHold,
		"Deadline/Order":       testDeadlines,
		"Deadline/Postpone":    testPostpone,
		"Deadline/Fires":       testDeadlineFires,
		"Topic/Message":        testMessage,
		"Topic/Order":          testTopicOrder,
		"Topic/Share":          testShare,
		"Topic/Nack":           testNack,
		"Topic/Redeliver":      testRedeliver,
		"Topic/Reader":         testReaderComesBack,
		"Topic/Slots":          testSlots,
		"Topic/Pause":          testPause,
		"Topic/Depths":         testDepths,
		"Topic/End":            testSubscriptionEnds,
		"Topic/Reactor":        testReactor,
		"Watch/Wake":           testWatch,
		"Watch/Race":           testNoWakeIsLost,
		"Registry":             testRegistry,
		"Health":               testHealth,
		"Close":                testClose,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, setup(t, open))
		})
	}
}

type bundle struct {
	eventstore.Store
	ctx context.Context
}

// patience bounds every wait of the suite; nothing waits for it to pass.
const patience = 3 * time.Minute

// glance is how long a test looks for what must not happen: that cannot be proved, only looked for.
const glance = 60 * time.Millisecond

func setup(t *testing.T, open Factory) *bundle {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return &bundle{Store: open(t), ctx: ctx}
}

func (b *bundle) append(t *testing.T, a eventstore.Append) eventstore.Appended {
	t.Helper()
	done, err := b.Append(b.ctx, a)
	require.NoError(t, err)
	require.False(t, done.Duplicate)
	return done
}

func (b *bundle) write(t *testing.T, writes ...eventstore.Write) eventstore.Appended {
	t.Helper()
	return b.append(t, eventstore.Append{Writes: writes})
}

func (b *bundle) stream(t *testing.T, name string) []eventstore.Recorded {
	t.Helper()
	events, err := b.ReadStream(b.ctx, name, 1, 100_000)
	require.NoError(t, err)
	return events
}

// log reads everything, a few entries at a time.
func (b *bundle) log(t *testing.T) (out []eventstore.Recorded) {
	t.Helper()
	after := eventstore.Position{}
	for {
		batch, err := b.ReadAll(b.ctx, after, 64)
		require.NoError(t, err)
		if batch.Next == after {
			return out
		}
		out, after = append(out, batch.Events...), batch.Next
	}
}

// now is the store's clock.
func (b *bundle) now(t *testing.T) time.Time {
	t.Helper()
	_, now, _, err := b.Due(b.ctx, 1)
	require.NoError(t, err)
	return now
}

// tick waits until the store's clock shows a later millisecond, and returns it.
func (b *bundle) tick(t *testing.T) time.Time {
	t.Helper()
	first := b.now(t)
	for {
		if now := b.now(t); now.Sub(first) >= 2*time.Millisecond {
			return now.Truncate(time.Millisecond)
		}
		require.NoError(t, b.ctx.Err())
	}
}

// eventually polls what the store makes true by itself.
func (b *bundle) eventually(t *testing.T, why string, is func() bool) {
	t.Helper()
	for !is() {
		select {
		case <-b.ctx.Done():
			require.Fail(t, "never: "+why)
		case <-time.After(time.Millisecond):
		}
	}
}

func (b *bundle) depth(t *testing.T, topic string) eventstore.TopicDepth {
	t.Helper()
	depths, err := b.Depths(b.ctx, topic)
	require.NoError(t, err)
	for _, d := range depths {
		if d.Topic == topic {
			return d
		}
	}
	return eventstore.TopicDepth{Topic: topic}
}
