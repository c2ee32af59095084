package projections

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tapedeck/domain/event"
	"tapedeck/domain/knowledge"
	"tapedeck/eventstore/jobs"
)

// shelf has texts by their digest.
type shelf struct {
	mu    sync.Mutex
	texts map[event.Hash][]byte
	lost  map[event.Hash]bool
}

func newShelf() *shelf { return &shelf{texts: map[event.Hash][]byte{}, lost: map[event.Hash]bool{}} }

func (s *shelf) put(text string) knowledge.Text {
	s.mu.Lock()
	defer s.mu.Unlock()
	sum := event.Hash(sha256.Sum256([]byte(text)))
	s.texts[sum] = []byte(text)
	return knowledge.Text{SHA256: sum, Size: int64(len(text))}
}

func (s *shelf) lose(text string, lost bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lost[event.Hash(sha256.Sum256([]byte(text)))] = lost
}

// OpenText implements Texts.
func (s *shelf) OpenText(_ context.Context, digest event.Hash) (io.ReadCloser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text, ok := s.texts[digest]
	if !ok || s.lost[digest] {
		return nil, ErrNoText
	}
	return io.NopCloser(bytes.NewReader(text)), nil
}

// library is a world that knows something.
type library struct {
	*world
	*shelf
	runs int
}

func newLibrary(tb testing.TB) *library { return &library{world: newWorld(tb), shelf: newShelf()} }

// page is a document of a source, without what a run adds.
type page struct {
	key, title, kind, text string
	labels                 []string
	relations              []knowledge.Relation
}

func sourceOf(key string) string { return knowledge.SourceID("default", knowledge.Website, key) }

func docOf(source, key string) string { return knowledge.DocumentID(sourceOf(source), key) }

// ingest has a run store pages and remove documents of the source with a key.
func (l *library) ingest(source string, pages []page, gone ...string) {
	l.runs++
	ctx := l.ctx().Context()
	run := fmt.Sprint("run", l.runs)
	s, err := l.repo.LoadSource(ctx, sourceOf(source))
	if err != nil {
		require.ErrorIs(l.tb, err, jobs.ErrNoKnowledge)
		s = &knowledge.Source{ID: sourceOf(source), Project: "default"}
	}
	facts, err := s.Begin(knowledge.SourceDefined{Kind: knowledge.Website, Key: source, Name: source}, knowledge.RunStarted{JobID: run, Attempt: 1})
	require.NoError(l.tb, err)
	g := knowledge.Gathered{JobID: run, Stored: map[string]knowledge.Entry{}, Removed: gone}
	var changes []jobs.Change
	for _, p := range pages {
		id := docOf(source, p.key)
		g.Stored[p.key] = knowledge.Entry{DocumentID: id}
		changes = append(changes, jobs.Change{Document: l.doc(id), Fact: knowledge.DocumentStored{Facts: knowledge.Facts{
			SourceID: s.ID, Key: p.key, URL: "https://example.org" + p.key, Title: p.title, Kind: p.kind, Labels: p.labels, Relations: p.relations,
			Text: l.put(p.text), JobID: run, Attempt: 1,
		}}})
	}
	for _, key := range gone {
		changes = append(changes, jobs.Change{Document: l.doc(docOf(source, key)), Fact: knowledge.DocumentRemoved{Reason: "gone", JobID: run}})
	}
	facts = append(facts, g, knowledge.RunFinished{JobID: run, Outcome: knowledge.Complete})
	require.NoError(l.tb, l.repo.ApplyKnowledge(ctx, by, l.now, nil, s, facts, changes...))
}

func (l *library) doc(id string) *knowledge.Document {
	d, err := l.repo.LoadDocument(l.ctx().Context(), id, 0)
	if err != nil {
		require.ErrorIs(l.tb, err, jobs.ErrNoKnowledge)
		return &knowledge.Document{ID: id, Project: "default"}
	}
	return d
}

// index follows the library's log in a file that stays.
func (l *library) index(t *testing.T, path string) *Knowledge {
	t.Helper()
	k := NewKnowledge(l.store, l, Config{Path: path})
	require.NoError(t, k.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, k.Stop()) })
	l.catchUp(t, k)
	return k
}

func (l *library) catchUp(t *testing.T, k *Knowledge) {
	t.Helper()
	tail, err := l.store.Tail(t.Context())
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	require.NoError(t, k.WaitFor(ctx, tail))
}

func shop(l *library) {
	l.ingest("shop", []page{
		{key: "/cart", title: "Cart", kind: "page", text: "# Cart\n\nThe cart must keep its items for a week.\n\n- Items can be removed.\n- Prices are shown in euros.\n", labels: []string{"shop"},
			relations: []knowledge.Relation{{Type: "links to", Key: "/pay", URL: "https://example.org/pay"}, {Type: "links to", URL: "https://elsewhere.org/"}}},
		{key: "/pay", title: "Payment", kind: "page", text: "# Payment\n\nPaying with a café card works. Items of the cart are kept until then.\n"},
		{key: "/help", title: "Help", kind: "page", text: "# Help\n\nNobody reads this.\n"},
	})
}

func (l *library) search(t *testing.T, k *Knowledge, q SearchQuery) (texts []string) {
	t.Helper()
	found, err := k.Search(t.Context(), q)
	require.NoError(t, err)
	require.Equal(t, len(found.Items), found.Total)
	for _, h := range found.Items {
		texts = append(texts, h.Text)
	}
	return texts
}

func TestSearchFindsPassages(t *testing.T) {
	t.Parallel()
	l := newLibrary(t)
	shop(l)
	k := l.index(t, "")
	keep, pay := "The cart must keep its items for a week.", "Paying with a café card works. Items of the cart are kept until then."
	require.Equal(t, []string{keep}, l.search(t, k, SearchQuery{Text: "keeping item week"}), "words are looked for by their stems")
	require.Equal(t, []string{pay}, l.search(t, k, SearchQuery{Text: "CAFE"}), "without regard to case and accents")
	require.Equal(t, []string{pay}, l.search(t, k, SearchQuery{Text: `"items of the cart"`}))
	require.Equal(t, []string{"Prices are shown in euros."}, l.search(t, k, SearchQuery{Text: "eur*"}))
	require.Equal(t, []string{pay}, l.search(t, k, SearchQuery{Text: "cart -week -removed -prices"}))
	require.Equal(t, []string{keep}, l.search(t, k, SearchQuery{Text: "cart", Requirements: []knowledge.RequirementType{knowledge.Must}}))
	require.Len(t, l.search(t, k, SearchQuery{Text: "cart", Labels: []string{"shop"}}), 3)
	require.Empty(t, l.search(t, k, SearchQuery{Text: "cart", Project: "other"}))
	require.Empty(t, l.search(t, k, SearchQuery{Text: "cart", Sources: []string{"none"}}))
	require.Empty(t, l.search(t, k, SearchQuery{Text: "cart", Since: l.now.Add(time.Second)}))
	require.Len(t, l.search(t, k, SearchQuery{Text: "cart", Sources: []string{sourceOf("shop")}, Kinds: []string{"page"}, Since: l.now, Until: l.now.Add(1)}), 4)

	found, err := k.Search(t.Context(), SearchQuery{Text: "week zebra"})
	require.NoError(t, err)
	require.True(t, found.Loose)
	require.Equal(t, keep, found.Items[0].Text)
	found, err = k.Search(t.Context(), SearchQuery{Text: "cart items", Limit: 1})
	require.NoError(t, err)
	require.Equal(t, keep, found.Items[0].Text, "title, text and a demand")
	require.Equal(t, []Fragment{{"The ", false}, {"cart", true}, {" must keep its ", false}, {"items", true}, {" for a week.", false}}, found.Items[0].Snippet)
	require.Equal(t, docOf("shop", "/cart"), found.Items[0].DocumentID)
	require.Equal(t, []string{"Cart"}, found.Items[0].Headings)
	second, err := k.Search(t.Context(), SearchQuery{Text: "cart items", Limit: 1, Page: found.Next})
	require.NoError(t, err)
	require.NotEqual(t, found.Items[0].ID, second.Items[0].ID)
	require.LessOrEqual(t, second.Items[0].Score, found.Items[0].Score)
	_, err = k.Search(t.Context(), SearchQuery{Text: "cart", Limit: 1, Page: found.Next})
	require.ErrorIs(t, err, ErrBadPage)
	for _, text := range []string{"", "  ", "-cart", "!!! ???", strings.Repeat("word ", 17)} {
		_, err = k.Search(t.Context(), SearchQuery{Text: text})
		require.ErrorIs(t, err, ErrBadQuery, text)
	}
}

func TestTheIndexFollowsDocuments(t *testing.T) {
	t.Parallel()
	l := newLibrary(t)
	shop(l)
	k := l.index(t, "")
	sources, _, err := k.Sources(t.Context(), "default")
	require.NoError(t, err)
	require.Len(t, sources, 1)
	require.EqualValues(t, 3, sources[0].Documents)
	require.Equal(t, knowledge.Counts{Stored: 3}, sources[0].Run.Counts)

	l.ingest("shop", []page{{key: "/cart", title: "Cart", kind: "page", text: "# Cart\n\nThe cart must be empty.\n"}}, "/help")
	l.catchUp(t, k)
	require.Empty(t, l.search(t, k, SearchQuery{Text: "week"}))
	require.Empty(t, l.search(t, k, SearchQuery{Text: "nobody"}))
	require.Len(t, l.search(t, k, SearchQuery{Text: "empty"}), 1)
	d, versions, ok, err := k.Document(t.Context(), docOf("shop", "/cart"))
	require.NoError(t, err)
	require.True(t, ok)
	require.EqualValues(t, 2, d.Version)
	require.Len(t, versions, 2)
	require.EqualValues(t, 2, versions[0].Version)
	gone, err := k.Documents(t.Context(), DocumentQuery{Removed: true})
	require.NoError(t, err)
	require.Len(t, gone.Items, 1)
	passages, err := k.Passages(t.Context(), docOf("shop", "/help"))
	require.NoError(t, err)
	require.Empty(t, passages)

	l.ingest("shop", []page{{key: "/help", title: "Help", kind: "page", text: "# Help\n\nNobody reads this.\n"}})
	l.catchUp(t, k)
	require.Len(t, l.search(t, k, SearchQuery{Text: "nobody"}), 1)
	p, ok, err := k.Passage(t.Context(), passageOf(t, k, docOf("shop", "/cart")))
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, "The cart must be empty.", p.Text)
}

func passageOf(t *testing.T, k *Knowledge, document string) string {
	t.Helper()
	passages, err := k.Passages(t.Context(), document)
	require.NoError(t, err)
	require.NotEmpty(t, passages)
	return passages[0].ID
}

func TestDocumentsAreListed(t *testing.T) {
	t.Parallel()
	l := newLibrary(t)
	shop(l)
	k := l.index(t, "")
	var titles []string
	for next := ""; ; {
		page, err := k.Documents(t.Context(), DocumentQuery{Sort: Sort{Key: SortTitle}, Limit: 2, Page: next})
		require.NoError(t, err)
		for _, d := range page.Items {
			titles = append(titles, d.Title)
		}
		if next = page.Next; next == "" {
			break
		}
	}
	require.Equal(t, []string{"Cart", "Help", "Payment"}, titles)
	page, err := k.Documents(t.Context(), DocumentQuery{Text: "items", Source: sourceOf("shop")})
	require.NoError(t, err)
	require.Len(t, page.Items, 2)
	_, err = k.Documents(t.Context(), DocumentQuery{Sort: Sort{Key: "colour"}})
	require.ErrorIs(t, err, ErrBadQuery)
}

func TestRelationsGoBothWays(t *testing.T) {
	t.Parallel()
	l := newLibrary(t)
	shop(l)
	k := l.index(t, "")
	cart, pay := docOf("shop", "/cart"), docOf("shop", "/pay")
	related, err := k.Relations(t.Context(), cart)
	require.NoError(t, err)
	require.Len(t, related, 2)
	require.Equal(t, pay, related[0].DocumentID)
	require.Empty(t, related[1].DocumentID)
	related, err = k.Relations(t.Context(), pay)
	require.NoError(t, err)
	require.Len(t, related, 1)
	require.True(t, related[0].Incoming)
	require.Equal(t, cart, related[0].DocumentID)
}

func TestSimilarPassagesShareRareWords(t *testing.T) {
	t.Parallel()
	l := newLibrary(t)
	shop(l)
	l.ingest("wiki", []page{
		{key: "/a", title: "A", kind: "page", text: "Removed items leave a trace for a week in the basket.\n"},
		{key: "/b", title: "B", kind: "page", text: "Something else altogether stands here.\n"},
	})
	k := l.index(t, "")
	hits, ok, err := k.Similar(t.Context(), passageOf(t, k, docOf("shop", "/cart")), 5)
	require.NoError(t, err)
	require.True(t, ok)
	require.NotEmpty(t, hits)
	require.Equal(t, docOf("wiki", "/a"), hits[0].DocumentID)
	for _, h := range hits {
		require.NotEqual(t, docOf("shop", "/cart"), h.DocumentID)
	}
	_, ok, err = k.Similar(t.Context(), "none", 5)
	require.NoError(t, err)
	require.False(t, ok)
}

func TestAMissingTextIsSaidAndLookedForAgain(t *testing.T) {
	t.Parallel()
	l := newLibrary(t)
	text := "# Help\n\nNobody reads this.\n"
	l.lose(text, true)
	shop(l)
	path := filepath.Join(t.TempDir(), "knowledge.db")
	k := l.index(t, path)
	d, _, _, err := k.Document(t.Context(), docOf("shop", "/help"))
	require.NoError(t, err)
	require.Equal(t, ErrNoText.Error(), d.Fault)
	require.Len(t, l.search(t, k, SearchQuery{Text: "cart"}), 4, "the others are there")
	require.NoError(t, k.Stop())
	l.lose(text, false)
	k = l.index(t, path)
	l.ingest("other", nil)
	l.catchUp(t, k)
	require.Len(t, l.search(t, k, SearchQuery{Text: "nobody"}), 1)
}

// Whatever happened, and however it was cut into batches: an index that is built from nothing is the same.
func TestKnowledgeRebuiltEqualsLive(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		l := newLibrary(t)
		k := NewKnowledge(l.store, l, Config{Batch: rapid.IntRange(1, 7).Draw(rt, "batch")})
		require.NoError(t, k.Start(t.Context()))
		defer func() { require.NoError(t, k.Stop()) }()
		for range rapid.IntRange(1, 5).Draw(rt, "runs") {
			var pages []page
			var gone []string
			for _, key := range []string{"/a", "/b", "/c"} {
				switch rapid.IntRange(0, 3).Draw(rt, "what") {
				case 0:
					pages = append(pages, page{key: key, title: drawWord(rt), kind: "page", text: "# " + drawWord(rt) + "\n\nIt must " + drawWord(rt) + ".\n",
						labels: []string{drawWord(rt)}, relations: []knowledge.Relation{{Type: "links to", Key: "/b"}}})
				case 1:
					if !l.doc(docOf("s", key)).Removed && l.doc(docOf("s", key)).Exists() {
						gone = append(gone, key)
					}
				}
			}
			l.ingest("s", pages, gone...)
			if rapid.Bool().Draw(rt, "remove") {
				_, err := l.repo.RemoveSource(t.Context(), sourceOf("s"), by, "not needed", l.now)
				require.NoError(t, err)
			}
			l.drawCases(rt)
		}
		l.catchUp(t, k)
		c, err := k.Check(t.Context())
		require.NoError(t, err)
		require.True(t, c.Equal(), "%v", c.Differences)
	})
}

// FuzzSearchText: whatever a person types, SQLite is not heard complaining.
func FuzzSearchText(f *testing.F) {
	for _, s := range []string{"cart", `"open`, `-"x y" z*`, "a\x00b", `"" * - NEAR( AND OR NOT {title}: ^x`, "*", "é-"} {
		f.Add(s)
	}
	l := newLibrary(f)
	shop(l)
	k := NewKnowledge(l.store, l, Config{})
	require.NoError(f, k.Start(f.Context()))
	f.Cleanup(func() { require.NoError(f, k.Stop()) })
	tail, err := l.store.Tail(f.Context())
	require.NoError(f, err)
	require.NoError(f, k.WaitFor(f.Context(), tail))
	f.Fuzz(func(t *testing.T, text string) {
		found, err := k.Search(t.Context(), SearchQuery{Text: text})
		if err != nil {
			require.ErrorIs(t, err, ErrBadQuery)
		}
		for _, h := range found.Items {
			require.NotEmpty(t, h.Snippet)
		}
	})
}

func TestKnowledgeIsBuiltAgainWhileNobodyServesIt(t *testing.T) {
	t.Parallel()
	l := newLibrary(t)
	path := filepath.Join(t.TempDir(), "knowledge.db")
	l.ingest("s", []page{{key: "/a", title: "Cart", kind: "page", text: "# Cart\n\nIt must keep its items.\n"}})
	k := NewKnowledge(l.store, l, Config{Path: path})
	require.NoError(t, k.Start(t.Context()))
	_, err := RebuildKnowledge(t.Context(), l.store, l, path)
	require.ErrorIs(t, err, ErrLocked)
	require.NoError(t, k.Stop())
	require.NoError(t, os.Remove(path))
	_, err = RebuildKnowledge(t.Context(), l.store, l, path)
	require.NoError(t, err)
	c, err := CheckKnowledge(t.Context(), l.store, l, path)
	require.NoError(t, err)
	require.True(t, c.Equal(), "%v", c.Differences)
	k = NewKnowledge(l.store, l, Config{Path: path})
	require.NoError(t, k.Start(t.Context()))
	defer func() { require.NoError(t, k.Stop()) }()
	found, err := k.Search(t.Context(), SearchQuery{Text: "items"})
	require.NoError(t, err)
	require.Len(t, found.Items, 1)
}
