package projections

import (
	"cmp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tapedeck/domain/job"
)

// matches is the filter said a second time, in plain Go over the full state.
func matches(f Filter, s job.State) bool {
	return (f.Project == "" || f.Project == s.Project) &&
		(len(f.Statuses) == 0 || slices.Contains(f.Statuses, s.Status)) &&
		(len(f.Kinds) == 0 || slices.ContainsFunc(f.Kinds, func(g string) bool { return matchesGlob(g, s.Kind) })) &&
		(len(f.Queues) == 0 || slices.Contains(f.Queues, s.Queue)) &&
		(f.ParentID == "" || f.ParentID == s.ParentID) &&
		(len(f.IDs) == 0 || slices.Contains(f.IDs, s.ID)) &&
		(f.CreatedAfter.IsZero() || !s.CreatedAt.Before(f.CreatedAfter)) &&
		(f.CreatedBefore.IsZero() || s.CreatedAt.Before(f.CreatedBefore)) &&
		matchesLabels(f, s) && matchesText(f.Text, s)
}

func matchesGlob(glob, kind string) bool {
	before, after, star := strings.Cut(glob, "*")
	if !star {
		return glob == kind
	}
	return len(kind) >= len(before)+len(after) && strings.HasPrefix(kind, before) && strings.HasSuffix(kind, after)
}

func matchesLabels(f Filter, s job.State) bool {
	for k, v := range f.Labels {
		if got, ok := s.Labels[k]; !ok || got != v {
			return false
		}
	}
	return true
}

// tokens are the words of a text as a search engine sees them: letters and digits, without case and
// diacritics.
func tokens(text string) []string {
	plain := strings.NewReplacer("ü", "u", "ï", "i").Replace(strings.ToLower(text)) // all that someWords has
	return strings.FieldsFunc(plain, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) })
}

func matchesText(text string, s job.State) bool {
	if text == "" {
		return true
	}
	submitted := []string{s.ID, s.Kind}
	for k, v := range s.Labels {
		submitted = append(submitted, k, v)
	}
	hay := [][]string{tokens(strings.Join(submitted, " ") + " " + strings.ReplaceAll(string(s.Input), `\n`, " "))}
	if s.Error != nil {
		hay = append(hay, tokens(s.Error.Code+" "+s.Error.Message+" "+s.Error.Detail))
	}
	words := tokens(text)
	for i, word := range words {
		found := slices.ContainsFunc(slices.Concat(hay...), func(h string) bool {
			return h == word || i == len(words)-1 && strings.HasPrefix(h, word)
		})
		if !found {
			return false
		}
	}
	return len(words) > 0
}

// compareBy orders states as a Sort does, said a second time.
func compareBy(s Sort, num map[string]int) func(a, b job.State) int {
	key := func(a, b job.State) int {
		switch s.Key {
		case SortUpdatedAt:
			return a.UpdatedAt.Compare(b.UpdatedAt)
		case SortFinishedAt:
			return last(s, a.FinishedAt.IsZero(), b.FinishedAt.IsZero(), a.FinishedAt.Compare(b.FinishedAt))
		case SortDuration:
			return last(s, duration(&a) < 0, duration(&b) < 0, cmp.Compare(duration(&a), duration(&b)))
		case SortKind:
			return strings.Compare(a.Kind, b.Kind)
		case SortStatus:
			return cmp.Compare(slices.Index(job.Statuses, a.Status), slices.Index(job.Statuses, b.Status))
		case SortQueue:
			return strings.Compare(a.Queue, b.Queue)
		case SortPriority:
			return cmp.Compare(slices.Index(job.Priorities, a.Priority), slices.Index(job.Priorities, b.Priority))
		case SortAttempt:
			return cmp.Compare(a.Attempt, b.Attempt)
		}
		return 0 // the submission decides
	}
	return func(a, b job.State) int {
		c := cmp.Or(key(a, b), cmp.Compare(num[a.ID], num[b.ID]))
		if s.Descending || s.Key == "" {
			return -c
		}
		return c
	}
}

// last puts the ones without a value behind the others, whatever the direction.
func last(s Sort, aNone, bNone bool, c int) int {
	if aNone == bNone {
		return c
	}
	behind := 1
	if s.Descending {
		behind = -1
	}
	if aNone {
		return behind
	}
	return -behind
}

var sortKeys = []SortKey{
	"", SortCreatedAt, SortUpdatedAt, SortFinishedAt, SortDuration, SortKind, SortStatus, SortQueue, SortPriority, SortAttempt,
}

func drawFilter(t *rapid.T, w *world) Filter {
	var f Filter
	some := func(label string) bool { return rapid.IntRange(0, 3).Draw(t, label) == 0 }
	if some("project") {
		f.Project = "other"
	}
	if some("statuses") {
		f.Statuses = rapid.SliceOfN(rapid.SampledFrom(job.Statuses), 1, 4).Draw(t, "statuses")
	}
	if some("kinds") {
		f.Kinds = rapid.SliceOfN(rapid.SampledFrom([]string{"system.*", "*", "*.flow", "system.ping", "[s]*", "none"}), 1, 2).Draw(t, "kinds")
	}
	if some("queues") {
		f.Queues = rapid.SliceOfN(rapid.SampledFrom(someQueues), 1, 2).Draw(t, "queues")
	}
	if some("labels") {
		f.Labels = map[string]string{"team": rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "team")}
	}
	if some("parent") {
		f.ParentID = rapid.SampledFrom(w.ids).Draw(t, "parent")
	}
	if some("ids") {
		f.IDs = rapid.SliceOfN(rapid.SampledFrom(w.ids), 1, 3).Draw(t, "ids")
	}
	if some("after") {
		f.CreatedAfter = w.states[rapid.SampledFrom(w.ids).Draw(t, "after")].CreatedAt
	}
	if some("before") {
		f.CreatedBefore = w.states[rapid.SampledFrom(w.ids).Draw(t, "before")].CreatedAt
	}
	if some("text") {
		f.Text = strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{
			"checkout", "VOUCHER", "zurich", "naive", "che", "42", "exit", "failed", "ping", "j00", "日本", "team", `"`, "-", "NOT",
		}), 1, 3).Draw(t, "text"), " ")
	}
	return f
}

// Every list is what a naive filter and sort of all jobs give, whatever the page size; counts agree.
func TestListsEqualNaiveFilterAndSort(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t)
		w.submit(drawSubmit(rt, w))
		w.live(rt, rapid.IntRange(1, 50).Draw(rt, "steps"))
		p := New(w.store, quiet(Config{}))
		require.NoError(rt, p.Start(t.Context()))
		defer func() { require.NoError(rt, p.Stop()) }()
		reach(t, p, w.store)
		all, num := w.loadAll(rt)
		for range 4 {
			q := JobQuery{
				Filter: drawFilter(rt, w), Count: true, Limit: rapid.IntRange(1, 7).Draw(rt, "limit"),
				Sort: Sort{Key: rapid.SampledFrom(sortKeys).Draw(rt, "sort"), Descending: rapid.Bool().Draw(rt, "descending")},
			}
			var want []string
			byStatus := map[job.Status]int64{}
			slices.SortFunc(all, compareBy(q.Sort, num))
			for _, s := range all {
				if matches(q.Filter, s) {
					want = append(want, s.ID)
					byStatus[s.Status]++
				}
			}
			got, total := pages(rt, p, t, q)
			require.Equal(rt, want, got, "%+v", q)
			require.EqualValues(rt, len(want), total)
			sel, err := p.Select(t.Context(), q.Filter, 1000)
			require.NoError(rt, err)
			require.ElementsMatch(rt, want, sel.IDs)
			require.Equal(rt, byStatus, sel.ByStatus)
			require.EqualValues(rt, len(want), sel.Total)
		}
	})
}

func (w *world) loadAll(t require.TestingT) (all []job.State, num map[string]int) {
	num = map[string]int{}
	for i, id := range w.ids {
		s, err := w.repo.Load(w.ctx().Context(), id)
		require.NoError(t, err)
		all, num[id] = append(all, s), i
	}
	return all, num
}

// pages collects a list page by page.
func pages(rt require.TestingT, p *Projector, t *testing.T, q JobQuery) (ids []string, total int64) {
	for {
		page, err := p.Jobs(t.Context(), q)
		require.NoError(rt, err)
		for _, j := range page.Items {
			ids = append(ids, j.ID)
		}
		if page.Next == "" {
			return ids, page.Total
		}
		require.Len(rt, page.Items, q.Limit)
		q.Page = page.Next
	}
}

func TestPageTokensHoldForTheirListOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 3 {
		w.submit(job.Submit{Kind: "system.ping"})
	}
	p := start(t, w.store, Config{})
	reach(t, p, w.store)
	q := JobQuery{Limit: 1, Filter: Filter{Kinds: []string{"system.*"}, CreatedAfter: w.now}}
	page, err := p.Jobs(t.Context(), q)
	require.NoError(t, err)
	require.NotEmpty(t, page.Next)
	good := q
	good.Page = page.Next
	_, err = p.Jobs(t.Context(), good)
	require.NoError(t, err)

	otherFilter, otherSort, otherTime := good, good, good
	otherFilter.Filter.Project = "default"
	otherSort.Sort = Sort{Key: SortKind}
	otherTime.Filter.CreatedAfter = w.now.Add(-time.Second)
	for name, bad := range map[string]JobQuery{"filter": otherFilter, "sort": otherSort, "time": otherTime} {
		_, err = p.Jobs(t.Context(), bad)
		require.ErrorIs(t, err, ErrBadPage, name)
	}
	for _, token := range []string{"x", "AAAA", page.Next[1:], page.Next + "A", strings.Repeat("a", 10_000)} {
		bad := q
		bad.Page = token
		_, err = p.Jobs(t.Context(), bad)
		require.ErrorIs(t, err, ErrBadPage, token)
	}
}

func TestQueriesThatCannotBeAnswered(t *testing.T) {
	t.Parallel()
	p := start(t, newWorld(t).store, Config{})
	for name, q := range map[string]JobQuery{
		"sort":   {Sort: Sort{Key: "color"}},
		"limit":  {Limit: MaxPage + 1},
		"minus":  {Limit: -1},
		"status": {Filter: Filter{Statuses: []job.Status{"asleep"}}},
		"words":  {Filter: Filter{Text: strings.Repeat("a ", 17)}},
		"ids":    {Filter: Filter{IDs: make([]string, 10_001)}},
	} {
		_, err := p.Jobs(t.Context(), q)
		require.ErrorIs(t, err, ErrBadQuery, name)
	}
}

// A list that is paged while jobs come and change shows every job that was there from the beginning
// exactly once, when it is sorted by something that does not change.
func TestPagingIsStableWhileJobsChange(t *testing.T) {
	t.Parallel()
	for _, s := range []Sort{{}, {Key: SortCreatedAt}, {Key: SortKind}, {Key: SortQueue, Descending: true}} {
		t.Run(string(s.Key), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			for i := range 60 {
				w.now = w.now.Add(time.Duration(i%3) * time.Second)
				w.submit(job.Submit{Kind: someKinds[i%4], Queue: someQueues[i%3]})
			}
			before := slices.Clone(w.ids)
			p := start(t, w.store, Config{Batch: 7})
			reach(t, p, w.store)
			q := JobQuery{Sort: s, Limit: 4}
			seen := map[string]int{}
			for i := 0; ; i++ {
				page, err := p.Jobs(t.Context(), q)
				require.NoError(t, err)
				for _, j := range page.Items {
					seen[j.ID]++
				}
				if page.Next == "" {
					break
				}
				q.Page = page.Next
				w.submit(job.Submit{Kind: someKinds[i%4], Queue: someQueues[i%3]})
				for _, id := range before[i : i+5] {
					w.try(id, job.RequestCancel{Now: w.now})
				}
				reach(t, p, w.store)
			}
			for _, id := range before {
				require.Equal(t, 1, seen[id], "job %s", id)
			}
		})
	}
}

func FuzzSearch(f *testing.F) {
	w := newWorld(f)
	w.submit(job.Submit{Kind: "system.ping", Input: []byte(`{"a":"checkout with a \"voucher\""}`)})
	p := New(w.store, quiet(Config{}))
	require.NoError(f, p.Start(f.Context()))
	f.Cleanup(func() { require.NoError(f, p.Stop()) })
	tail, err := w.store.Tail(f.Context())
	require.NoError(f, err)
	require.NoError(f, p.WaitFor(f.Context(), tail))
	for _, seed := range []string{
		"checkout", `"`, `""`, `"a" OR "b`, "NEAR(a b)", "a*", "*", "^a", "body:a", "-a", "a AND", "(", "{a b}: c", "a+b", "\x00", "a\x00b",
		"é", "日本", "\xff\xfe", "'; DROP TABLE job", "%", "_", "…", "½", "🎬", "a\u0301", "\u0301", "ª", "a🎬b",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		page, err := p.Jobs(t.Context(), JobQuery{Filter: Filter{Text: text}, Count: true})
		if err != nil {
			require.ErrorIs(t, err, ErrBadQuery)
			return
		}
		require.EqualValues(t, len(page.Items), page.Total)
	})
}

func FuzzPageToken(f *testing.F) {
	list := JobQuery{}.list("epoch")
	f.Add(place{List: list, Int: 5, Num: 7}.token())
	f.Add("")
	f.Add("e30")
	f.Fuzz(func(t *testing.T, token string) {
		p, err := parsePlace(token, list)
		if err != nil {
			require.ErrorIs(t, err, ErrBadPage)
			return
		}
		again, err := parsePlace(p.token(), list)
		require.NoError(t, err)
		require.Equal(t, p, again)
	})
}
