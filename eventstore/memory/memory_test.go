package memory_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"tapedeck/eventstore"
	"tapedeck/eventstore/eventstoretest"
	"tapedeck/eventstore/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestConformance(t *testing.T) {
	t.Parallel()
	eventstoretest.Exercise(t, func(t testing.TB) eventstore.Store {
		s := memory.New(nil)
		t.Cleanup(func() { require.NoError(t, s.Close()) })
		return s
	})
}
