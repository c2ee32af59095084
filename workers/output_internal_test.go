package workers

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tapedeck/domain/job"
	"tapedeck/eventstore"
)

// heap is a sink that keeps facts, and refuses some as a full store does.
type heap struct {
	facts []job.Event
	full  func() bool
}

func (h *heap) Append(_ context.Context, _ time.Time, facts ...job.Event) error {
	if h.full() {
		return eventstore.ErrFull
	}
	h.facts = append(h.facts, facts...)
	return nil
}

func (h *heap) Head() job.Head { return job.Head{Count: uint64(len(h.facts))} }

// Whatever is said, in whatever order with flushes and a store that is full now and then: the tape
// holds a part of the lines in their order, as UTF-8, within the budget, and its last mark counts
// exactly what is not there.
func TestOutputKeepsCount(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		budget := Budget{
			Lines: rapid.Int64Range(1, 30).Draw(t, "lines"), Bytes: rapid.Int64Range(1, 300).Draw(t, "bytes"),
			Line: rapid.IntRange(4, 20).Draw(t, "line"), Batch: rapid.IntRange(1, 500).Draw(t, "batch"),
		}.WithDefaults()
		last := false
		h := &heap{full: func() bool { return !last && rapid.IntRange(0, 4).Draw(t, "full") == 0 }}
		o := newOutput(context.Background(), budget, &redactor{}, time.Now, h)
		said, saidBytes := 0, 0
		for i := range rapid.IntRange(0, 60).Draw(t, "steps") {
			if rapid.Bool().Draw(t, "flush") {
				require.NoError(t, o.flush())
				continue
			}
			text := fmt.Sprintf("%02d", i) + rapid.StringOfN(rapid.RuneFrom([]rune("aü\xff")), 0, 30, -1).Draw(t, "text")
			for rest := text; rest != ""; {
				part := cutRunes(rest, budget.Line)
				rest = rest[len(part):]
				said++
				saidBytes += len(part)
			}
			require.NoError(t, o.log("info", "", text))
		}
		last = true
		head, err := o.seal()
		require.NoError(t, err)
		require.EqualValues(t, len(h.facts), head.Count)
		require.ErrorIs(t, o.log("info", "", "late"), ErrAttemptOver)
		require.ErrorIs(t, o.flush(job.ArtifactStored{}), ErrAttemptOver)

		var kept, keptBytes int
		var dropped job.Truncation
		var text strings.Builder
		for _, fact := range h.facts {
			batch := fact.(job.Logged)
			if batch.Truncated != nil {
				dropped = *batch.Truncated
			}
			for _, l := range batch.Lines {
				require.LessOrEqual(t, len(l.Text), budget.Line)
				require.True(t, utf8.ValidString(l.Text))
				kept++
				keptBytes += len(l.Text)
				text.WriteString(l.Text)
			}
		}
		require.LessOrEqual(t, int64(kept), budget.Lines)
		require.LessOrEqual(t, int64(keptBytes), budget.Bytes)
		require.Equal(t, job.Truncation{Lines: int64(said - kept), Bytes: int64(saidBytes - keptBytes)}, dropped)
	})
}

func TestOutputThatBreaksSaysSo(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	o := newOutput(context.Background(), Budget{}.WithDefaults(), &redactor{}, time.Now, brokenSink{broken})
	require.NoError(t, o.log("info", "", "x"))
	require.ErrorIs(t, o.flush(), broken)
	_, err := o.seal()
	require.ErrorIs(t, err, broken, "the head is not known")
}

type brokenSink struct{ err error }

func (s brokenSink) Append(context.Context, time.Time, ...job.Event) error { return s.err }
func (s brokenSink) Head() job.Head                                        { return job.Head{} }

func TestAlarms(t *testing.T) {
	t.Parallel()
	a := &alarms{logger: Config{}.WithDefaults().Logger, byName: map[string]alarm{}}
	a.set("store", errors.New("away"))
	a.flash("queue", errors.New("unknown kind"))
	require.Equal(t, []string{"queue: unknown kind", "store: away"}, a.list())
	a.byName["queue"] = alarm{text: "queue", until: time.Now().Add(-time.Second)}
	a.set("store", nil)
	a.set("never", nil)
	require.Empty(t, a.list())
}

func TestMasksInAnyForm(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.StringMatching(`[!-~]{6,20}`).Filter(func(s string) bool { return !strings.Contains(mask, s) }).Draw(t, "secret")
		before, behind := rapid.StringMatching(`[ ]{0,5}`).Draw(t, "before"), rapid.StringMatching(`[ ]{0,5}`).Draw(t, "behind")
		var r redactor
		r.add(secret)
		require.Equal(t, before+mask+behind, r.text(before+secret+behind))
		masked, err := r.json([]byte(`{"a":[1.50,{"b":` + string(quote(before+secret+behind)) + `}]}`))
		require.NoError(t, err)
		require.JSONEq(t, `{"a":[1.50,{"b":"`+before+mask+behind+`"}]}`, string(masked))
	})
}

func quote(s string) []byte {
	b, _ := jsontext.AppendQuote(nil, s)
	return b
}
