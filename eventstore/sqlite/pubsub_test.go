package sqlite_test

import (
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/tests"
	"github.com/stretchr/testify/require"

	"tapedeck/eventstore"
	"tapedeck/eventstore/sqlite"
)

// Of watermill's universal suite everything applies but what needs one of these: consumer groups and
// old messages for new subscribers (a topic is a queue, not a log: an acked message is gone), a
// guaranteed order and so no message before the last one's ack (a worker takes several jobs at a
// time; Reactor has both, TestReactor), exactly once (nobody has it), and a service to restart (the
// store lives in the process, TestRestart).
var features = tests.Features{Persistent: true}

func TestUniversalPubSub(t *testing.T) {
	t.Parallel()
	s := open(t, sqlite.Config{})
	construct := func(t *testing.T) (message.Publisher, message.Subscriber) {
		sub, err := s.Subscriber(eventstore.Reader{Name: "suite", Redeliver: time.Second})
		require.NoError(t, err)
		return s.Publisher(), sub
	}
	tests.TestPubSub(t, features, construct, nil)
}
