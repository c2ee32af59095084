package play

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"tapedeck/domain/recording"
	"tapedeck/workers/recorder/likeness"
)

// patience says which means a look may use by now.
type patience int

const (
	patient   patience = iota // the first way alone: the page may not be ready
	impatient                 // every recorded way
	desperate                 // an element to which no recorded way leads, if it is enough like the recorded one
)

// patience is over for the first way after HealAfter, for all ways after twice that, and at the last look.
func (s *search) patience() patience {
	waited := time.Since(s.r.start)
	switch {
	case waited >= 2*s.r.opts.HealAfter || s.r.late():
		return desperate
	case waited >= s.r.opts.HealAfter:
		return impatient
	}
	return patient
}

// trusts says that what a way leads to is taken without a look at it: what a person chose, what was there for tests,
// and what a claim about nothing says. Of an unknown element the first way is all there is.
func (s *search) trusts(i int) bool {
	if i > 0 {
		return false
	}
	w := s.ways[0]
	return !s.knows || s.heal == healNone || w.Selector == s.target.Chosen || w.By == "testid"
}

// compare counts what a way leads to, and compares the only one where that matters; both in one call.
func (s *search) compare(selector string, i int) (int, *likeness.Seen, error) {
	if !s.knows || s.trusts(i) {
		n, err := s.r.count(selector)
		return n, nil, err
	}
	answer, err := s.r.evaluateAll(selector, likeness.LookScript, s.known.Argument())
	if err != nil {
		return 0, nil, err
	}
	return likeness.ReadLook(answer)
}

// another says why what a way leads to is not the recorded element; nothing when it may be.
func (s *search) another(i int, seen likeness.Seen) string {
	if i > 0 {
		if why := s.unfit(seen); why != "" {
			return why
		}
	}
	_, why := s.known.Is(s.ways[i], seen)
	return why
}

// unfit says what no likeness makes up for: another kind of element or, where its text is the claim, another text.
func (s *search) unfit(seen likeness.Seen) string {
	facts := s.target.Element
	if !strings.EqualFold(seen.Tag, facts.Tag) {
		return "a <" + seen.Tag + ">, not a <" + facts.Tag + ">"
	}
	if s.heal == healSame && !strings.Contains(squeeze(seen.Text), squeeze(facts.Text)) {
		return "its text is another one"
	}
	return ""
}

// alike chooses among all elements of the document. A way that tells elements apart is taken at its word unless another
// element is clearly more like the recorded one. Any other way is only one more sign: its element has to be the one that
// is most like it, by more than a guess.
func (s *search) alike(scope string, p patience) (found, bool, error) {
	answer, err := s.r.evaluateAll(scope+":root", likeness.RankScript, s.known.Argument())
	if err != nil {
		if !final(err) {
			err = nil
		}
		return found{}, false, err
	}
	ranking, err := likeness.ReadRanking(answer)
	if err != nil {
		return found{}, false, nil //nolint:nilerr // a page that cannot be compared has only its ways
	}
	for i := range s.ways {
		if s.seen[i] != nil && s.tried[i].Why == "" && s.known.Holds(s.ways[i], *s.seen[i], ranking) {
			return s.r.found(scope, s.ways[i], i > 0), true, nil
		}
	}
	ok, why := s.known.Stands(ranking, s.crowd())
	if ok {
		why = s.unfit(ranking[0])
	}
	if why != "" {
		s.lack = why
		return found{}, false, nil
	}
	led := slices.IndexFunc(s.seen, func(o *likeness.Seen) bool { return o != nil && o.Path == ranking[0].Path })
	switch {
	case led >= 0:
		return s.r.found(scope, s.ways[led], led > 0), true, nil
	case p < desperate || s.heal == healSame:
		return found{}, false, nil
	}
	s.r.note("no recorded way leads to the element: the one that is most like it was used (%.2f)", ranking[0].Score)
	way := recording.Candidate{By: "css", Selector: ranking[0].Path, Matches: 1}
	return s.r.found(scope, way, true), true, nil
}

// crowd says what became of the elements that the recorded ways found beside the recorded one. A way that finds nothing
// at all says nothing: its name is another one now.
func (s *search) crowd() likeness.Crowd {
	crowd := likeness.Uncounted
	for i, w := range s.ways {
		switch now := s.tried[i].Matches; {
		case w.Matches <= 1 || now <= 0:
		case now < w.Matches:
			return likeness.Fewer
		default:
			crowd = likeness.Complete
		}
	}
	return crowd
}

// differs says how an element that another way led to differs from the one that was recorded, of which little is known.
func (s *search) differs(selector string) (string, error) {
	facts := s.target.Element
	if facts == nil {
		if s.heal == healSame {
			return "nothing is known of the element that was meant", nil
		}
		return "", nil
	}
	seen, err := s.r.evaluateAll(selector, `els => els.slice(0, 1).map(e => e.tagName.toLowerCase())[0] || ""`)
	if err != nil {
		if final(err) {
			return "", err
		}
		return brief(err), nil
	}
	if tag, _ := seen.(string); facts.Tag != "" && !strings.EqualFold(tag, facts.Tag) {
		return "a <" + tag + ">, not a <" + facts.Tag + ">", nil
	}
	return "", nil
}

func squeeze(text string) string { return strings.Join(strings.Fields(text), " ") }

// onlyVisible is the last resort for a way that leads to several elements: the only one of them that can be seen.
func (s *search) onlyVisible(scope string) (found, bool, error) {
	w := s.ways[0]
	w.Selector += " >> visible=true"
	n, seen, err := s.compare(scope+w.Selector, 0)
	if err != nil || n != 1 {
		if err != nil && !final(err) {
			err = nil
		}
		return found{}, false, err
	}
	if seen != nil {
		if ok, why := s.known.Is(s.ways[0], *seen); !ok {
			s.tried[0].Why = fmt.Sprintf("of %d elements only one can be seen, but %s", s.tried[0].Matches, why)
			return found{}, false, nil
		}
	}
	s.r.note("of %d elements the only visible one was used", s.tried[0].Matches)
	return s.r.found(scope, w, true), true, nil
}
