package projections

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"zombiezen.com/go/sqlite"

	"tapedeck/domain/knowledge"
	"tapedeck/eventstore"
)

// SearchQuery asks for passages. Every field that is set must match.
type SearchQuery struct {
	// Text is what a person typed: words, which all must be there, "phrases", beginnings* and -what must not be there.
	Text                   string
	Project                string
	Sources, Kinds, Labels []string
	// Requirements selects passages that demand something, of these types.
	Requirements []knowledge.RequirementType
	// Since and Until bound when the document changed at its source, or was stored; Until is not part of it.
	Since, Until time.Time
	// Limit defaults to 50 and is at most MaxPage.
	Limit int
	// Page is the Next of the page before; it holds only for the same query.
	Page string
}

// Hit is a passage that was found.
type Hit struct {
	Passage
	// DocumentKind is the document's.
	DocumentKind string `json:"documentKind"`
	// Score is how well it fits: greater is better. It compares with those of the same search alone.
	Score float64 `json:"score"`
	// Snippet is the part of the text that shows why.
	Snippet []Fragment `json:"snippet"`
}

// SearchPage is a page of what was found, the best first.
type SearchPage struct {
	Items []Hit
	// Total counts what was found, up to MaxRanked.
	Total int
	// Loose: no passage has all the words, these have some of them.
	Loose bool
	// Next continues the list; empty on the last page.
	Next string
	// Cursor is what the page reflects.
	Cursor eventstore.Cursor
}

// Bounds of a search.
const (
	// MaxRanked is how many passages are ranked and counted. Of words that more of them have, the passages that came into
	// the index last are: which of thousands fits best, such words do not say.
	MaxRanked = 1000
	// requirementWeight is how much better a passage fits because it demands something.
	requirementWeight = 1.2
	rankedMore        = 100
)

// Search finds passages. Titles weigh more than headings, headings more than texts, and what demands something a little
// more than what does not. When no passage has all the words, those that have some are found.
func (k *Knowledge) Search(ctx context.Context, q SearchQuery) (SearchPage, error) {
	page := SearchPage{Items: []Hit{}}
	words, err := parseSearch(q.Text)
	if err != nil {
		return page, err
	}
	err = k.read(ctx, func(conn *sqlite.Conn, at progress) error {
		page.Cursor = at.checkpoint
		if err := q.run(conn, at.epoch, words.all(), &page); err != nil || page.Total > 0 || len(words.terms) == 1 {
			return err
		}
		page.Loose = true
		return q.run(conn, at.epoch, words.any(), &page)
	})
	page.Loose = page.Loose && page.Total > 0
	return page, err
}

// where needs no document but for its filters: the index has only those that are there.
func (q SearchQuery) where(match string) (*where, error) {
	w := &where{from: "passage_text"}
	w.and("passage_text MATCH ?", match)
	err := documentFilter{Project: q.Project, Sources: q.Sources, Kinds: q.Kinds, Labels: q.Labels, Since: q.Since, Until: q.Until}.add(w)
	if len(q.Requirements) > maxValues {
		return nil, fmt.Errorf("%w: more than %d values", ErrBadQuery, maxValues)
	}
	if len(q.Requirements) > 0 {
		values := make([]any, len(q.Requirements))
		for i, r := range q.Requirements {
			values[i] = string(r)
		}
		w.and(in("passage.requirement", len(values)), values...)
	}
	if len(w.terms) > 1 {
		w.from += " CROSS JOIN passage ON passage.num = passage_text.rowid CROSS JOIN document ON document.num = passage.document"
	}
	return w, err
}

// ranked is a passage that was found.
type ranked struct {
	num   int64
	score float64 // less is better
}

func (q SearchQuery) run(conn *sqlite.Conn, epoch, match string, page *SearchPage) error {
	limit, err := pageLimit(q.Limit)
	if err != nil {
		return err
	}
	w, err := q.where(match)
	if err != nil {
		return err
	}
	bare := q
	bare.Limit, bare.Page = 0, ""
	list := listDigest(epoch, bare)
	offset := 0
	if q.Page != "" {
		from, err := parsePlace(q.Page, list)
		if err != nil {
			return err
		}
		offset = int(from.Num)
	}
	found, err := rank(conn, w, offset+limit)
	if err != nil {
		return err
	}
	page.Total = len(found)
	found = found[min(offset, len(found)):]
	if len(found) > limit {
		found = found[:limit]
		page.Next = place{List: list, Num: int64(offset + limit)}.token()
	}
	page.Items, err = hits(conn, match, found)
	return err
}

// rank returns what was found, the best first. What demands something is put before its equals among the best, and as
// many more as could get there by it.
func rank(conn *sqlite.Conn, w *where, best int) ([]ranked, error) {
	var found []ranked
	query := "SELECT passage_text.rowid, bm25(passage_text, 4.0, 2.0, 1.0) FROM " + w.from + " WHERE " + w.String() + " ORDER BY passage_text.rowid DESC LIMIT ?"
	err := ask(conn, query, func(s *sqlite.Stmt) error {
		found = append(found, ranked{s.ColumnInt64(0), s.ColumnFloat(1)})
		return nil
	}, append(slices.Clone(w.args), MaxRanked)...)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(found, ranked.compare)
	near := found[:min(len(found), best+rankedMore)]
	for i := range near {
		err := exec(conn, "SELECT 1 FROM passage WHERE num = ? AND requirement <> ''", func(*sqlite.Stmt) error {
			near[i].score *= requirementWeight
			return nil
		}, near[i].num)
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(near, ranked.compare)
	return found, nil
}

func (r ranked) compare(other ranked) int {
	return cmp.Or(cmp.Compare(r.score, other.score), cmp.Compare(r.num, other.num))
}

// hits are the passages with what shows why. They are looked up in one pass over what matches: each look-up of its own
// would gather the matches anew.
func hits(conn *sqlite.Conn, match string, found []ranked) ([]Hit, error) {
	out := make([]Hit, len(found))
	if len(found) == 0 {
		return out, nil
	}
	place := map[int64]int{}
	low, high := found[0].num, found[0].num
	nums := make([]any, len(found))
	for i, f := range found {
		place[f.num], nums[i] = i, f.num
		low, high = min(low, f.num), max(high, f.num)
	}
	query := `SELECT passage_text.rowid, highlight(passage_text, 2, '` + markBegin + `', '` + markEnd + `') FROM passage_text
		WHERE passage_text MATCH ? AND passage_text.rowid BETWEEN ? AND ? AND ` + in("+passage_text.rowid", len(nums))
	err := ask(conn, query, func(s *sqlite.Stmt) error {
		out[place[s.ColumnInt64(0)]].Snippet = snippet(s.ColumnText(1))
		return nil
	}, append([]any{match, low, high}, nums...)...)
	for i, f := range found {
		if err != nil {
			return nil, err
		}
		out[i].Score = -f.score
		err = exec(conn, passageColumns+" WHERE passage.num = ?", func(s *sqlite.Stmt) (err error) {
			out[i].Passage, err = scanPassage(s, 0)
			out[i].DocumentKind = s.ColumnText(6)
			return err
		}, f.num)
	}
	return out, err
}

// Bounds of the search for what is similar.
const (
	similarWords = 60  // of the passage that are looked at
	similarTerms = 8   // the rarest of them, which are looked for
	similarRare  = 500 // passages that have a word, beyond which it says little
)

// Similar finds passages of other documents of the project that share the rarest words with a passage; ok is false when there is no
// such passage.
func (k *Knowledge) Similar(ctx context.Context, passageID string, limit int) (hits []Hit, ok bool, err error) {
	hits = []Hit{}
	if limit, err = pageLimit(limit); err != nil {
		return hits, false, err
	}
	p, ok, err := k.Passage(ctx, passageID)
	if err != nil || !ok {
		return hits, ok, err
	}
	err = k.read(ctx, func(conn *sqlite.Conn, at progress) error {
		terms, err := rarest(conn, p.Text)
		if err != nil || len(terms) == 0 {
			return err
		}
		match := "(" + strings.Join(terms, " OR ") + ")"
		q, page := SearchQuery{Limit: min(2*limit+10, MaxPage)}, SearchPage{}
		err = exec(conn, "SELECT project FROM document WHERE id = ?", func(s *sqlite.Stmt) error {
			q.Project = s.ColumnText(0)
			return nil
		}, p.DocumentID)
		if err != nil {
			return err
		}
		if err := q.run(conn, at.epoch, match, &page); err != nil {
			return err
		}
		for _, h := range page.Items {
			if h.DocumentID != p.DocumentID && len(hits) < limit {
				hits = append(hits, h)
			}
		}
		return nil
	})
	return hits, true, err
}

// rarest are the words of a text that the fewest passages have, as terms of FTS5. A word that only this text has, or very
// many have, says nothing.
func rarest(conn *sqlite.Conn, text string) ([]string, error) {
	type rated struct {
		term string
		n    int
	}
	var found []rated
	for _, word := range distinctWords(text, similarWords) {
		term := ftsTerm(word, true)
		n := 0
		err := exec(conn, "SELECT count(*) FROM (SELECT 1 FROM passage_text WHERE passage_text MATCH ? LIMIT ?)", func(s *sqlite.Stmt) error {
			n = s.ColumnInt(0)
			return nil
		}, term, similarRare)
		if err != nil {
			return nil, err
		}
		if n > 1 && n < similarRare {
			found = append(found, rated{term, n})
		}
	}
	slices.SortStableFunc(found, func(a, b rated) int { return cmp.Compare(a.n, b.n) })
	var terms []string
	for _, f := range found[:min(len(found), similarTerms)] {
		terms = append(terms, f.term)
	}
	return terms, nil
}

func distinctWords(text string, limit int) (words []string) {
	for word := range strings.FieldsFuncSeq(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) }) {
		if len(words) < limit && len([]rune(word)) > 2 && !slices.Contains(words, word) {
			words = append(words, word)
		}
	}
	return words
}
