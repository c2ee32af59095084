package crash

import (
	_ "embed"
	"errors"
	"fmt"

	"github.com/playwright-community/playwright-go"

	"tapedeck/domain/recording"
)

// Sample is one element of a recorded document, with what its recording knows of it.
type Sample struct {
	// Name tells it from others, for example "verdaccio/s3".
	Name string `json:"name"`
	// URL is where the document is loaded.
	URL string `json:"url"`
	// HTML is the document as it was when the step happened.
	HTML string `json:"html"`
	// Place leads to the element in the unchanged document, in Playwright's selector language.
	Place string `json:"place"`
	// Step is what was done or claimed; its Target is the one to be found.
	Step recording.Step `json:"step"`
}

//go:embed script/still.js
var stillScript string

// still is an element's page as text, and where the element is in that text.
func still(element playwright.Locator) (html, place string, err error) {
	answer, err := element.EvaluateAll(stillScript)
	if err != nil {
		return "", "", fmt.Errorf("crash: keep the document: %w", err)
	}
	pair, _ := answer.([]any)
	if len(pair) != 2 {
		return "", "", errors.New("crash: keep the document: the page gave no text")
	}
	html, _ = pair[0].(string)
	place, _ = pair[1].(string)
	if html == "" || place == "" {
		return "", "", errors.New("crash: keep the document: the element is not in its text")
	}
	return html, place, nil
}

// enterFrame leads from an iframe element into its document.
const enterFrame = " >> internal:control=enter-frame >> "

// byBestWay is the element that a target led to when it was recorded: in each frame by the first way that found one
// alone. It fails when that leads to none or several by now.
func byBestWay(page playwright.Page, t recording.Target) (playwright.Locator, error) {
	selector := ""
	for _, f := range t.Frames {
		selector += f.Best() + enterFrame
	}
	loc := page.Locator(selector + t.Best())
	n, err := loc.Count()
	if err == nil && n != 1 {
		err = fmt.Errorf("it leads to %d elements", n)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", errNoSample, t.Best(), err)
	}
	return loc, nil
}
