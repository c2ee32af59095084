package crash

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/playwright-community/playwright-go"

	"tapedeck/domain/recording"
	"tapedeck/workers/recorder/capture"
	"tapedeck/workers/recorder/play"
)

// Gathering is what Gather needs beside a recording.
type Gathering struct {
	// Name begins the samples' names.
	Name string
	// Script describes elements, from capture.LoadScript.
	Script capture.Script
	// Play is for the player.
	Play play.Options
	// Note is told of each step that gave no sample, and why. Nil: nobody asks.
	Note func(step string, why error)
}

// Gather plays a recording in a context and keeps a sample for each element that a step acts on or claims something
// of: the document right before the step, and the target as the recorder describes what is in the middle of that
// element now. Claims that something is not there have no element. It fails when a step does.
func Gather(ctx context.Context, in playwright.BrowserContext, doc recording.Document, g Gathering) ([]Sample, error) {
	watching, err := capture.Attach(in, capture.Options{Script: g.Script, OnAction: func(capture.Action) {}, Budget: unhurried})
	if err != nil {
		return nil, fmt.Errorf("crash: %w", err)
	}
	player := play.New(in, g.Play)
	defer player.Close()
	var samples []Sample
	for i, step := range doc.Steps {
		for _, s := range elementsOf(step) {
			sample, err := g.take(ctx, player, watching, s)
			switch {
			case errors.Is(err, errNoSample):
				g.note(s.ID, err)
			case err != nil:
				return samples, errors.Join(err, watching.Close())
			default:
				samples = append(samples, sample)
			}
		}
		if _, err := player.Run(ctx, step, doc.Steps[i+1:]...); err != nil {
			return samples, errors.Join(fmt.Errorf("crash: play %s: %w", g.Name, err), watching.Close())
		}
	}
	return samples, watching.Close()
}

func (g Gathering) note(step string, why error) {
	if g.Note != nil {
		g.Note(step, why)
	}
}

// elementsOf are the step once for each of its elements, as its Target.
func elementsOf(step recording.Step) []recording.Step {
	var out []recording.Step
	if step.Target != nil && !step.Disabled && !claimsAbsence(step) {
		out = append(out, step)
	}
	if step.To != nil && !step.Disabled {
		to := recording.Step{ID: step.ID + "-to", Type: recording.Hover, Page: step.Page, Target: step.To, Position: step.ToPosition}
		out = append(out, to)
	}
	return out
}

// claimsAbsence: such a claim is about what its first way leads to, not about one element.
func claimsAbsence(step recording.Step) bool {
	a := step.Assertion
	return a != nil && (a.Not || a.Claim == recording.Hidden || a.Claim == recording.HasCount)
}

// unhurried: what is counted must not depend on how busy the machine is.
const unhurried = time.Minute

// errNoSample: the step is played without being kept.
var errNoSample = errors.New("no sample")

// take keeps what is known of the step's element before the step is done.
func (g Gathering) take(ctx context.Context, player *play.Player, watching *capture.Capture, step recording.Step) (Sample, error) {
	loc, _, err := player.Find(ctx, step)
	if err != nil {
		return Sample{}, fmt.Errorf("crash: look for the element of %s/%s: %w", g.Name, step.ID, err)
	}
	page, err := loc.Page()
	if err != nil {
		return Sample{}, fmt.Errorf("crash: the page of %s/%s: %w", g.Name, step.ID, err)
	}
	x, y, err := pointAt(page, loc, step.Position)
	if err != nil {
		return Sample{}, err
	}
	picked, err := watching.Describe(page, x, y)
	if err != nil {
		return Sample{}, fmt.Errorf("crash: describe the element of %s/%s: %w", g.Name, step.ID, err)
	}
	element, err := byBestWay(page, picked.Target)
	if err != nil {
		return Sample{}, err
	}
	if err := belongs(element, loc); err != nil {
		return Sample{}, err
	}
	html, place, err := still(element)
	if err != nil {
		return Sample{}, err
	}
	step.Target, step.Evidence = &picked.Target, nil
	return Sample{Name: g.Name + "/" + step.ID, URL: page.URL(), HTML: html, Place: place, Step: step}, nil
}

// restWait is how many milliseconds an element has to come to rest.
const restWait = 5_000

// pointAt is where a person would point at an element, in the page's viewport: where the step says, else in the middle
// of what can be seen of it. The element is at rest then.
func pointAt(page playwright.Page, loc playwright.Locator, pos *recording.Point) (x, y float64, err error) {
	hover := playwright.LocatorHoverOptions{Trial: playwright.Bool(true), Timeout: playwright.Float(restWait)}
	if pos != nil {
		hover.Position = &playwright.Position{X: pos.X, Y: pos.Y}
	}
	if err := loc.Hover(hover); err != nil {
		return 0, 0, fmt.Errorf("%w: the element cannot be pointed at: %w", errNoSample, err)
	}
	box, err := loc.BoundingBox()
	if err != nil || box == nil {
		return 0, 0, fmt.Errorf("%w: the element has no place on the page", errNoSample)
	}
	if pos != nil {
		return box.X + pos.X, box.Y + pos.Y, nil
	}
	size := page.ViewportSize()
	middle := func(from, length, most float64) float64 { return (max(from, 0) + min(from+length, most)) / 2 }
	return middle(box.X, box.Width, float64(size.Width)), middle(box.Y, box.Height, float64(size.Height)), nil
}

// belongs checks that what was described is the step's element, or in it or around it: something may have covered it.
func belongs(element, meant playwright.Locator) error {
	if _, err := meant.EvaluateAll(keeping); err != nil {
		return fmt.Errorf("%w: the element went away: %w", errNoSample, err)
	}
	script := `elements => {
		const meant = globalThis.tapedeckCrash;
		delete globalThis.tapedeckCrash;
		return elements.every(e => meant && (e.contains(meant) || meant.contains(e)));
	}`
	if ok, err := element.EvaluateAll(script); err != nil || ok != true {
		return fmt.Errorf("%w: another element stands where it is", errNoSample)
	}
	return nil
}
