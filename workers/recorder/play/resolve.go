package play

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/playwright-community/playwright-go"

	"tapedeck/domain/recording"
	"tapedeck/workers/recorder/likeness"
)

// enterFrame leads from an iframe element into its document, in Playwright's selector language.
const enterFrame = " >> internal:control=enter-frame >> "

// found is an element that a target led to.
type found struct {
	loc      playwright.Locator
	scope    string // the selector that leads into its document
	selector string // in that document
	used     recording.Candidate
	healed   bool
}

// healing says which other ways than the first one may be taken.
type healing int

const (
	healAny  healing = iota // any that leads to one element of the same kind
	healSame                // only to an element of the same kind and with the text that was recorded
	healNone                // none: what the first way leads to is the claim
)

// search looks for one target.
type search struct {
	r      *run
	target *recording.Target
	ways   []recording.Candidate
	tried  []Try
	seen   []*likeness.Seen // for each way, how the only element that it leads to compares
	heal   healing
	known  likeness.Known
	knows  bool   // known is enough to compare by
	lack   string // why what is most like it was not taken
}

// find waits until a way to the target leads to exactly one element.
func (r *run) find(t *recording.Target, heal healing) (found, error) {
	s := &search{r: r, target: t, ways: ways(t.Best(), t.Candidates), heal: heal}
	if len(s.ways) == 0 {
		return found{}, fail(Invalid, "the step names no way to its element")
	}
	s.known, s.knows = likeness.Know(t.Element, s.ways)
	s.seen = make([]*likeness.Seen, len(s.ways))
	for _, w := range s.ways {
		s.tried = append(s.tried, Try{Selector: w.Selector, By: w.By, Matches: -1, Why: "not tried"})
	}
	var f found
	ok, err := r.poll(func() (ok bool, err error) {
		f, ok, err = s.look(s.patience())
		return ok, err
	})
	if err != nil {
		return found{}, err
	}
	if !ok {
		return found{}, s.failure()
	}
	if f.healed {
		r.result.Healed = true
		r.result.Tried = append(r.result.Tried, s.tried...)
	}
	return f, nil
}

// ways are the candidates in the order in which they are tried, each once.
func ways(best string, candidates []recording.Candidate) []recording.Candidate {
	out := make([]recording.Candidate, 0, len(candidates)+1)
	if i := slices.IndexFunc(candidates, func(c recording.Candidate) bool { return c.Selector == best }); i >= 0 {
		out = append(out, candidates[i])
	} else if best != "" {
		out = append(out, recording.Candidate{By: "css", Selector: best, Matches: -1})
	}
	for _, c := range candidates {
		if c.Selector != "" && !slices.ContainsFunc(out, func(o recording.Candidate) bool { return o.Selector == c.Selector }) {
			out = append(out, c)
		}
	}
	return out
}

// look tries the first way or all of them, once.
func (s *search) look(p patience) (found, bool, error) {
	all := p > patient
	scope, healed, ok, err := s.r.frames(s.target.Frames, all, &s.tried[0])
	if err != nil || !ok {
		return found{}, false, err
	}
	for i, w := range s.ways {
		if i > 0 && (!all || s.heal == healNone) {
			break
		}
		ok, err := s.try(scope, i)
		if err != nil {
			return found{}, false, err
		}
		if ok && (i == 0 || !s.knows) {
			return s.r.found(scope, w, healed || i > 0), true, nil
		}
	}
	if !all || s.heal == healNone {
		return found{}, false, nil
	}
	if s.knows {
		if f, ok, err := s.alike(scope, p); ok || err != nil {
			return f, ok, err
		}
	}
	if s.heal == healAny && s.tried[0].Matches > 1 {
		return s.onlyVisible(scope)
	}
	return found{}, false, nil
}

func (r *run) found(scope string, used recording.Candidate, healed bool) found {
	return found{loc: r.tab.page.Locator(scope + used.Selector), scope: scope, selector: used.Selector, used: used, healed: healed}
}

// try looks at what one way leads to: whether that is one element that may be the recorded one.
func (s *search) try(scope string, i int) (bool, error) {
	t := &s.tried[i]
	n, seen, err := s.compare(scope+s.ways[i].Selector, i)
	s.seen[i] = seen
	if err != nil {
		t.Matches, t.Why = -1, brief(err)
		if final(err) {
			return false, err
		}
		return false, nil
	}
	t.Matches, t.Why = n, ""
	if n != 1 || s.trusts(i) {
		return n == 1, nil
	}
	if seen == nil {
		t.Why, err = s.differs(scope + s.ways[i].Selector)
	} else {
		t.Why = s.another(i, *seen)
	}
	return t.Why == "" && err == nil, err
}

// failure says why no way led to one element.
func (s *search) failure() error {
	f := &fault{reason: NotFound, tried: s.tried, text: "nothing was found by " + s.ways[0].Selector}
	if why := s.tried[0].Why; why != "" {
		f.text += ": " + why
	}
	for _, t := range s.tried {
		if t.Matches > 1 {
			f.reason, f.text = Ambiguous, cmp.Or(t.Why, fmt.Sprintf("%d elements were found by %s", t.Matches, t.Selector))
			break
		}
	}
	if s.lack != "" {
		f.text += "; what is most like it was not taken: " + s.lack
	}
	return f
}

// frames is the selector that leads into the innermost frame; empty for the page's own document. Each frame is
// found by its first way, or with all by the first one that leads to one element.
func (r *run) frames(frames []recording.Frame, all bool, t *Try) (scope string, healed, ok bool, err error) {
	for _, f := range frames {
		candidates := ways(f.Best(), f.Candidates)
		if f.Name != "" {
			candidates = append(candidates, recording.Candidate{By: "css", Selector: `iframe[name=` + quoteCSS(f.Name) + `]`})
		}
		i, n, err := r.frame(scope, candidates, all)
		if err != nil {
			return "", false, false, err
		}
		if i < 0 {
			t.Matches, t.Why = n, fmt.Sprintf("%d frames were found by %s", n, f.Best())
			return "", false, false, nil
		}
		healed = healed || i > 0
		scope += candidates[i].Selector + enterFrame
	}
	return scope, healed, true, nil
}

// frame is the way that leads to one frame, -1 when none does; first is what the first one leads to.
func (r *run) frame(scope string, candidates []recording.Candidate, all bool) (i, first int, err error) {
	for i, c := range candidates {
		if i > 0 && !all {
			break
		}
		n, err := r.count(scope + c.Selector)
		if err != nil && final(err) {
			return -1, 0, err
		}
		if err == nil && n == 1 {
			return i, first, nil
		}
		if i == 0 {
			first = n
		}
	}
	return -1, first, nil
}

func quoteCSS(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\a `).Replace(s) + `"`
}

func (r *run) count(selector string) (int, error) {
	return ask(r, func() (int, error) { return r.tab.page.Locator(selector).Count() })
}

func (r *run) evaluateAll(selector, script string, arg ...any) (any, error) {
	return ask(r, func() (any, error) { return r.tab.page.Locator(selector).EvaluateAll(script, arg...) })
}

// evaluate runs a function of the element and arg in the page, at once. Locator.Evaluate of the driver's library would
// wait until the element is visible.
func evaluate(loc playwright.Locator, script string, arg any) (any, error) {
	return loc.EvaluateAll(`(all, arg) => { if (all.length !== 1) throw new Error("the element went away"); return (`+script+`)(all[0], arg) }`, arg)
}

// target finds the step's target and says how.
func (r *run) target(heal healing) (found, error) {
	f, err := r.find(r.step.Target, heal)
	r.result.Used = f.used
	return f, err
}

// only finds the step's target in its page.
func (r *run) only() (found, error) {
	if r.step.Target == nil {
		return found{}, fail(Invalid, "the step has no element")
	}
	if err := r.enter(); err != nil {
		return found{}, err
	}
	heal := healAny
	if a := r.step.Assertion; a != nil {
		heal = healingOf(plain(*a))
	}
	return r.target(heal)
}

// way is one way to act on an element that was found.
type way struct {
	note string // said when it is used
	// try waits up to timeout milliseconds until it can be done, and does nothing else if it is a trial.
	try func(timeout float64) error
}

// slice is how long one wait of the driver takes at most, so that a run that is cancelled leaves nothing waiting for long.
const slice = time.Second

// ready waits until the element can be acted on, and answers by which way; the first is tried alone for HealAfter.
func (r *run) ready(f found, ways ...way) (int, error) {
	var last error // of the first way
	for {
		late := r.late()
		for i, w := range ways {
			if i > 0 && time.Since(r.start) < r.opts.HealAfter && waiting(last) && !late {
				break
			}
			err := r.call(func() error { return w.try(*ms(min(slice, r.left()))) })
			if err == nil {
				if w.note != "" {
					r.note("%s", w.note)
				}
				return i, nil
			}
			if final(err) {
				return 0, err
			}
			if i == 0 {
				last = err
			}
		}
		if late || !waiting(last) && (len(ways) == 1 || time.Since(r.start) > r.opts.HealAfter) {
			return 0, r.blame(f, last)
		}
		if err := r.pause(pauses[1]); err != nil {
			return 0, err
		}
	}
}

// waiting says that the driver's time was over; any other error does not go away by waiting.
func waiting(err error) bool { return errors.Is(err, playwright.ErrTimeout) }

// obstruct says what keeps an element from being clicked at a point, or in its middle; nothing when it can be.
const obstruct = `(e, at) => {
	const b = e.getBoundingClientRect(), style = getComputedStyle(e);
	if (!b.width || !b.height || style.visibility !== "visible") return "is not visible";
	if (e.matches(":disabled") || e.closest("[aria-disabled=true]")) return "is not enabled";
	const x = b.x + (at ? at.x : b.width / 2), y = b.y + (at ? at.y : b.height / 2);
	if (x < 0 || y < 0 || x >= innerWidth || y >= innerHeight) return "is outside of the viewport";
	const hit = e.getRootNode().elementFromPoint(x, y);
	if (!hit) return "is covered";
	const label = hit.closest("label");
	if (hit === e || e.contains(hit) || (label && label.control === e)) return "";
	return "is covered by <" + hit.localName + (hit.id ? " id=" + hit.id : "") + ">";
}`

// clear says that nothing keeps an element from being clicked right now. The driver's own trial says the same, and more,
// but takes as long as the click.
func (r *run) clear(f found, pos *recording.Point) bool {
	return f.scope == "" && r.obstacle(f, pos) == ""
}

func (r *run) obstacle(f found, pos *recording.Point) string {
	var at any
	if pos != nil {
		at = map[string]any{"x": pos.X, "y": pos.Y}
	}
	answer, err := ask(r, func() (any, error) { return evaluate(f.loc, obstruct, at) })
	if why, ok := answer.(string); ok && err == nil {
		return why
	}
	return "is in a page that does not answer"
}

// blame says why an element could not be acted on.
func (r *run) blame(f found, err error) error {
	if !waiting(err) {
		return explain(err, NotActionable)
	}
	if why := r.obstacle(f, nil); why != "" {
		return fail(NotActionable, "the element %s", why)
	}
	return fail(NotActionable, "the element could not be acted on in time")
}
