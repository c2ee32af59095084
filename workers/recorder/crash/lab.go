package crash

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/playwright-community/playwright-go"

	"tapedeck/domain/recording"
	"tapedeck/workers/recorder/play"
)

// Outcome is where a step's target led in a changed document.
type Outcome string

// The outcomes. The first three are of changes that leave the element, the last two of those that remove it.
const (
	Found    Outcome = "found"    // to the element
	Wrong    Outcome = "wrong"    // to another one
	Lost     Outcome = "lost"     // nowhere, although it is there
	Gone     Outcome = "gone"     // nowhere, and it is not there
	Mistaken Outcome = "mistaken" // to another one, as if that were it
)

// Result is how one change of one sample ended.
type Result struct {
	Sample   string
	Operator Operator
	Outcome  Outcome
	// Way is the selector that led to an element; empty when none did.
	Way string
	// Healed: that was not the way the recorder thought best.
	Healed bool
	// Why is what the player said when it found nothing.
	Why string
}

// ErrUnfit: the unchanged document does not lead to the sample's element, so that nothing can be told from a change.
var ErrUnfit = errors.New("the unchanged document does not lead to the element")

// Lab is one page in which samples are changed. Its methods are not for concurrent use.
type Lab struct {
	page   playwright.Page
	player *play.Player
	script string
	served Sample
}

// policy keeps a document's own scripts from running; ours do not come from the document.
const policy = "script-src 'none'; object-src 'none'"

// OpenLab makes a lab of a page that is the only one of its context, and cuts the context off from the network. Whoever
// opened it closes it, after Close.
func OpenLab(page playwright.Page) (*Lab, error) {
	script, err := changing()
	if err != nil {
		return nil, err
	}
	l := &Lab{page: page, script: script}
	if err := page.Context().Route("**/*", l.serve); err != nil {
		return nil, fmt.Errorf("crash: cut off the network: %w", err)
	}
	// A document at rest need not be waited for: one look with every means is all.
	l.player = play.New(page.Context(), play.Options{Timeout: time.Nanosecond, HealAfter: time.Nanosecond})
	return l, nil
}

// Close lets go of the context.
func (l *Lab) Close() { l.player.Close() }

// serve answers the sample's address with its document, and nothing else.
func (l *Lab) serve(r playwright.Route) {
	if r.Request().URL() != address(l.served.URL) || !r.Request().IsNavigationRequest() {
		_ = r.Abort()
		return
	}
	_ = r.Fulfill(playwright.RouteFulfillOptions{
		Body: l.served.HTML, ContentType: playwright.String("text/html; charset=utf-8"),
		Headers: map[string]string{"Content-Security-Policy": policy},
	})
}

// address is what the browser asks for.
func address(url string) string {
	url, _, _ = strings.Cut(url, "#")
	return url
}

// Run applies every operator that fits the sample, each to the unchanged document. It fails with ErrUnfit, or when the
// browser does.
func (l *Lab) Run(ctx context.Context, s Sample, operators ...Operator) ([]Result, error) {
	if err := l.load(s); err != nil {
		return nil, err
	}
	at, way, err := l.look(ctx, s)
	if err != nil {
		return nil, err
	}
	if at != it {
		return nil, fmt.Errorf("crash: %s: %w: %s%s", s.Name, ErrUnfit, way.Way, way.Why)
	}
	var results []Result
	for _, o := range operators {
		if o.Rewords && claimsItsText(s.Step) {
			continue
		}
		if err := l.load(s); err != nil {
			return results, err
		}
		changed, err := apply(l.page, l.script, s.Place, o, seed(s.Name, o.Name))
		if err != nil {
			return results, err
		}
		if !changed {
			continue
		}
		at, r, err := l.look(ctx, s)
		if err != nil {
			return results, err
		}
		r.Sample, r.Operator, r.Outcome = s.Name, o, judge(at, o.Removes)
		results = append(results, r)
	}
	return results, nil
}

// claimsItsText: that the element with this text can be seen is the claim.
func claimsItsText(s recording.Step) bool {
	return s.Type == recording.Assert && s.Assertion.Claim == recording.Visible && !s.Assertion.Not
}

func judge(at whereabouts, removed bool) Outcome {
	switch {
	case removed && at == nowhere:
		return Gone
	case removed:
		return Mistaken
	case at == it:
		return Found
	case at == nowhere:
		return Lost
	}
	return Wrong
}

// keeping remembers the element out of any selector's sight; its document is loaded anew for each change.
const keeping = `elements => { globalThis.tapedeckCrash = elements[0]; return elements.length }`

func (l *Lab) load(s Sample) error {
	l.served = s
	if _, err := l.page.Goto(address(s.URL), playwright.PageGotoOptions{WaitUntil: playwright.WaitUntilStateLoad}); err != nil {
		return fmt.Errorf("crash: load the document of %s: %w", s.Name, err)
	}
	n, err := l.page.Locator(s.Place).EvaluateAll(keeping)
	if err != nil {
		return fmt.Errorf("crash: the element of %s: %w", s.Name, err)
	}
	if n != 1 {
		return fmt.Errorf("crash: the element of %s: its place in the document leads to %v elements", s.Name, n)
	}
	return nil
}

// whereabouts are where a target led.
type whereabouts int

const (
	nowhere whereabouts = iota
	it
	elsewhere
)

// look asks the player.
func (l *Lab) look(ctx context.Context, s Sample) (whereabouts, Result, error) {
	step := s.Step
	step.Page = l.player.Name(l.page)
	loc, found, err := l.player.Find(ctx, step)
	r := Result{Way: found.Used.Selector, Healed: found.Healed}
	var failed *play.StepError
	switch {
	case errors.As(err, &failed) && (failed.Reason == play.NotFound || failed.Reason == play.Ambiguous):
		r.Why = failed.Message
		return nowhere, r, nil
	case err != nil:
		return nowhere, r, fmt.Errorf("crash: look for %s: %w", s.Name, err)
	}
	same, err := loc.EvaluateAll(`elements => elements.length === 1 && elements[0] === globalThis.tapedeckCrash`)
	if err != nil {
		return nowhere, r, fmt.Errorf("crash: look at what was found for %s: %w", s.Name, err)
	}
	if same == true {
		return it, r, nil
	}
	return elsewhere, r, nil
}
