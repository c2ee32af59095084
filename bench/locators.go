package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/playwright-community/playwright-go"

	"tapedeck/internal/apptest"
	"tapedeck/internal/browsertest"
	"tapedeck/workers/recorder/capture"
	"tapedeck/workers/recorder/crash"
	"tapedeck/workers/recorder/play"
)

const (
	survivalSection = "recorded elements after one change of the page (steps of recordings of TiddlyWiki, Verdaccio, MailDev, Node-RED)"
	absenceSection  = "the same elements taken away: said to be gone"
)

// locators measures how well the recorded ways to an element survive change, and whether it is said when it is gone.
func (b *bench) locators(ctx context.Context) ([]figure, error) {
	samples, err := proofSamples(ctx)
	if err != nil {
		return nil, err
	}
	browser, err := browsertest.Launch()
	if err != nil {
		return nil, err
	}
	defer browser.Close()
	results, err := crashed(ctx, browser, samples)
	return locatorFigures(results), err
}

// proofSamples plays the proof applications' recordings and keeps their elements. Applications end with a test, so it
// is run as a benchmark of one iteration.
func proofSamples(ctx context.Context) (samples []crash.Sample, err error) {
	err = errors.New("the applications did not start: make deps-test")
	testing.Benchmark(func(t *testing.B) {
		if samples == nil {
			samples, err = gatherProofs(ctx, t)
		}
	})
	return samples, err
}

func gatherProofs(ctx context.Context, t *testing.B) ([]crash.Sample, error) {
	dir, err := browsertest.DriverDir()
	if err != nil {
		return nil, err
	}
	script, err := capture.LoadScript(dir)
	if err != nil {
		return nil, err
	}
	browser, err := browsertest.Launch()
	if err != nil {
		return nil, err
	}
	defer browser.Close()
	var samples []crash.Sample
	for _, p := range apptest.Proofs() {
		app := p.Start(t)
		doc := p.Recording(t, app)
		page, err := browser.NewPage(playwright.BrowserNewContextOptions{
			Viewport: &playwright.Size{Width: doc.Viewport.Width, Height: doc.Viewport.Height},
		})
		if err != nil {
			return nil, err
		}
		got, err := crash.Gather(ctx, page.Context(), doc, crash.Gathering{Name: p.Name, Script: script, Play: play.Options{Secrets: p.Secret}})
		if err = errors.Join(err, page.Context().Close()); err != nil {
			return nil, err
		}
		samples = append(samples, got...)
	}
	return samples, nil
}

// crashed applies every change to every sample. An element that the unchanged document does not lead to is a failure.
func crashed(ctx context.Context, browser *browsertest.Browser, samples []crash.Sample) ([]crash.Result, error) {
	page, err := browser.NewPage()
	if err != nil {
		return nil, err
	}
	defer page.Context().Close()
	lab, err := crash.OpenLab(page)
	if err != nil {
		return nil, err
	}
	defer lab.Close()
	var results []crash.Result
	var failed error
	for _, s := range samples {
		got, err := lab.Run(ctx, s, crash.Operators()...)
		results, failed = append(results, got...), errors.Join(failed, err)
	}
	return results, failed
}

// locatorFigures are a line for each operator and application, and for all.
func locatorFigures(results []crash.Result) []figure {
	var kept, removed []crash.Result
	for _, r := range results {
		if r.Operator.Removes {
			removed = append(removed, r)
		} else {
			kept = append(kept, r)
		}
	}
	var figures []figure
	for _, half := range []struct {
		section string
		results []crash.Result
		target  float64
	}{{survivalSection, kept, 98}, {absenceSection, removed, 94}} {
		all := crash.Count(half.results, crash.Together)[""]
		total := locatorFigure(half.section, "all", all)
		total.Target = atLeast(half.target)
		figures = append(figures, total)
		byOperator := crash.Count(half.results, crash.ByOperator)
		for _, o := range crash.Operators() {
			if t, ok := byOperator[o.Name]; ok {
				figures = append(figures, locatorFigure(half.section, o.About, t))
			}
		}
		byApplication := crash.Count(half.results, crash.ByApplication)
		for _, app := range slices.Sorted(maps.Keys(byApplication)) {
			figures = append(figures, locatorFigure(half.section, "in "+app, byApplication[app]))
		}
	}
	return figures
}

func locatorFigure(section, name string, t crash.Tally) figure {
	f := figure{Section: section, Name: name, Unit: "%", Runs: []float64{t.Survived()}}
	f.Note = fmt.Sprintf("%d cases: %d found, %d wrong, %d lost", t.Cases(), t[crash.Found], t[crash.Wrong], t[crash.Lost])
	if section == absenceSection {
		f.Runs = []float64{t.Honest()}
		f.Note = fmt.Sprintf("%d cases: %d gone, %d mistaken", t.Cases(), t[crash.Gone], t[crash.Mistaken])
	}
	return f
}
