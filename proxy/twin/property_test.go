package twin_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tapedeck/proxy"
	"tapedeck/proxy/twin"
)

var epoch = time.Date(2026, 11, 27, 15, 42, 7, 123e6, time.UTC)

// exchange is a recorded one, at a number of milliseconds after the epoch.
func exchange(id int64, at int, method, url, body, answer string) proxy.Entry {
	e := proxy.Entry{
		ID: id, Started: epoch.Add(time.Duration(at) * time.Millisecond), Done: true, Timings: proxy.Timings{Total: 2 * time.Millisecond},
		Request:  proxy.Request{Method: method, URL: url, Header: proxy.Headers{{Name: "Content-Type", Value: "application/json"}}, Body: proxy.NewBody([]byte(body))},
		Response: &proxy.Response{Status: http.StatusOK, Header: proxy.Headers{{Name: "Content-Type", Value: "application/json"}}, Body: proxy.NewBody([]byte(answer))},
	}
	return e
}

// sends plays one write of a tape and answers the drift.
func sends(t require.TestingT, tape *twin.Tape, body any) []twin.Drift {
	raw, err := json.Marshal(body, json.Deterministic(true))
	require.NoError(t, err)
	run := tape.Play(twin.RunOptions{Now: func() time.Time { return epoch.Add(time.Hour) }})
	req, err := http.NewRequest(http.MethodPost, "http://site.test/save", strings.NewReader(string(raw)))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	if resp, err := run.RoundTrip(req); err == nil {
		require.NoError(t, resp.Body.Close())
	}
	return run.Finish().Drift
}

// chosen are values that a person chooses or a page reckons with, each with another one that would be wrong.
func chosen() *rapid.Generator[[2]any] {
	words := []string{"pear", "plum", "quantity", "Ada Lovelace", "iPhone15", "Galaxy24", "Strasbourg", "Kaiserslautern", "tape-reel", "v2.10.3", "de-DE", "en-US", "#ff8800", "#00ff88", "draft", "published", "27 Nov 2026", "Room204", "/img/a4.png", "user@example.org", "two words", "", "0", "null"}
	day := func(t *rapid.T, n int) string {
		d := epoch.Truncate(24*time.Hour).AddDate(0, 0, n)
		return d.Format(rapid.SampledFrom([]string{"2006-01-02", "02.01.2006", "2006-01-02T00:00", time.RFC3339, "2006-01-02T15:04:05.000Z", "20060102", "02Jan2006"}).Draw(t, "layout"))
	}
	return rapid.Custom(func(t *rapid.T) [2]any {
		pair := func(g *rapid.Generator[any]) [2]any {
			a := g.Draw(t, "a")
			return [2]any{a, g.Filter(func(b any) bool { return b != a }).Draw(t, "b")}
		}
		switch rapid.IntRange(0, 7).Draw(t, "kind") {
		case 0:
			return pair(rapid.SampledFrom(words).AsAny())
		case 1:
			return pair(rapid.Int64Range(-50, 50).AsAny())
		case 2:
			return pair(rapid.Int64Range(-99_999_999, 99_999_999).AsAny())
		case 3:
			return pair(rapid.Custom(func(t *rapid.T) float64 { return float64(rapid.Int64Range(-1e7, 1e7).Draw(t, "cents")) / 100 }).AsAny())
		case 4:
			return pair(rapid.Bool().AsAny())
		case 5: // a day in another layout may be the same moment, and not wrong
			n := rapid.IntRange(-400, 399).Draw(t, "day")
			return [2]any{day(t, n), day(t, n+rapid.SampledFrom([]int{-1, 1, 7, 30}).Draw(t, "days off"))}
		case 6: // a share: it has a small denominator
			return pair(rapid.Custom(func(t *rapid.T) float64 {
				return float64(rapid.IntRange(1, 11).Draw(t, "n")) / float64(rapid.SampledFrom([]int{12, 3, 8, 100, 9}).Draw(t, "of"))
			}).AsAny())
		default:
			return [2]any{nil, rapid.SampledFrom([]any{false, 0, ""}).Draw(t, "not null")}
		}
	})
}

// tree is a JSON value; leaf decides what its leaves are, by their number.
func tree(t *rapid.T, depth int, leaf func() any) any {
	switch kind := rapid.IntRange(0, 3).Draw(t, "node"); {
	case depth == 0 || kind == 0:
		return leaf()
	case kind == 1:
		out := []any{}
		for range rapid.IntRange(1, 3).Draw(t, "items") {
			out = append(out, tree(t, depth-1, leaf))
		}
		return out
	default:
		out := map[string]any{}
		for i := range rapid.IntRange(1, 4).Draw(t, "members") {
			out[fmt.Sprintf("m%d", i)] = tree(t, depth-1, leaf)
		}
		return out
	}
}

// with is a tree with its n-th leaf replaced by f.
func with(v any, n *int, f func(any) any) any {
	switch v := v.(type) {
	case []any:
		out := slices.Clone(v)
		for i := range out {
			out[i] = with(out[i], n, f)
		}
		return out
	case map[string]any:
		out := maps.Clone(v)
		for _, name := range slices.Sorted(maps.Keys(v)) {
			out[name] = with(v[name], n, f)
		}
		return out
	}
	*n--
	if *n == -1 {
		return f(v)
	}
	return v
}

func tapeOf(t require.TestingT, body any, typed ...string) *twin.Tape {
	raw, err := json.Marshal(body, json.Deterministic(true))
	require.NoError(t, err)
	tape, err := twin.New([]proxy.Entry{
		exchange(1, 0, http.MethodGet, "http://site.test/", "", `<h1>shop</h1>`), exchange(2, 1000, http.MethodPost, "http://site.test/save", string(raw), `"ok"`),
	}, twin.Options{Typed: typed})
	require.NoError(t, err)
	return tape
}

func TestEveryWrongLeafIsRefused(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var wrong []any
		body := map[string]any{"root": tree(t, 3, func() any {
			pair := chosen().Draw(t, "leaf")
			wrong = append(wrong, pair[1])
			return pair[0]
		})}
		// Leaves are numbered by the order of names, which is the one in which they were drawn.
		tape := tapeOf(t, body)
		require.Empty(t, sends(t, tape, body))
		for i, other := range wrong {
			n := i
			mutant := with(body, &n, func(any) any { return other })
			drift := sends(t, tape, mutant)
			require.NotEmpty(t, drift, "%v and %v", body, mutant)
			require.Equal(t, twin.Altered, drift[0].Kind)
			require.Len(t, drift[0].Differences, 1)
			n = i
			as := with(body, &n, func(v any) any { return []any{v} })
			require.NotEmpty(t, sends(t, tape, as), "another type: %v", as)
		}
	})
}

func TestEveryWrongShapeIsRefused(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"Przemysl", "Tchaikovsky", "Kyrgyzstan", "pear", "plum", "wonderful", "PostgreSQL16", "SKU00012AB", "iPhone15"}), 2, 6, rapid.ID).Draw(t, "list")
		items := make([]any, len(list))
		for i, s := range list {
			items[i] = s
		}
		body := map[string]any{"items": items, "note": "x"}
		tape := tapeOf(t, body)
		i := rapid.IntRange(0, len(items)-2).Draw(t, "at")
		swapped := slices.Clone(items)
		swapped[i], swapped[i+1] = swapped[i+1], swapped[i]
		for _, mutant := range []any{
			map[string]any{"items": swapped, "note": "x"},
			map[string]any{"items": items[:len(items)-1], "note": "x"},
			map[string]any{"items": append(slices.Clone(items), items[0]), "note": "x"},
			map[string]any{"items": items},
			map[string]any{"items": items, "note": "x", "more": nil},
			map[string]any{"items": items, "note": nil},
			items,
			nil,
		} {
			drift := sends(t, tape, mutant)
			require.NotEmpty(t, drift)
			require.Equal(t, twin.Altered, drift[0].Kind)
		}
	})
}

func TestMadeLeavesAreNoFalseAlarm(t *testing.T) {
	t.Parallel()
	makes := []func(*rapid.T, string) string{
		func(t *rapid.T, label string) string {
			var id uuid.UUID
			copy(id[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, label))
			return id.String()
		},
		func(t *rapid.T, label string) string {
			return fmt.Sprintf("%x", rapid.SliceOfN(rapid.ByteMax(255), 12, 12).Draw(t, label))
		},
	}
	rapid.Check(t, func(t *rapid.T) {
		var kinds []int
		var recorded []string
		body := map[string]any{"root": tree(t, 3, func() any {
			kind := rapid.IntRange(0, len(makes)-1).Draw(t, "kind")
			value := makes[kind](t, "recorded")
			if kind == 1 && (!strings.ContainsAny(value, "0123456789") || !strings.ContainsAny(value, "abcdef")) || slices.Contains(recorded, value) {
				value = uuid.NewString()
				kind = 0
			}
			kinds, recorded = append(kinds, kind), append(recorded, value)
			return value
		})}
		tape := tapeOf(t, body)
		again := body
		for i, kind := range kinds {
			value := uuid.NewString()
			if kind == 1 {
				value = strings.ReplaceAll(uuid.NewString(), "-", "")[:24]
			}
			n := i
			again = with(again, &n, func(any) any { return value }).(map[string]any)
		}
		require.Empty(t, sends(t, tape, again))
	})
}
