package browsertest

import (
	"fmt"
	"strings"
	"sync"

	"github.com/playwright-community/playwright-go"
)

// notes collects what a page says: console lines, uncaught errors, failed requests.
type notes struct {
	mu    sync.Mutex
	lines []string
}

func watch(page playwright.Page) *notes {
	n := &notes{}
	page.OnConsole(func(m playwright.ConsoleMessage) { n.add("console.%s: %s", m.Type(), m.Text()) })
	page.OnPageError(func(err error) { n.add("uncaught: %v", err) })
	page.OnRequestFailed(func(r playwright.Request) { n.add("request failed: %s %s: %v", r.Method(), r.URL(), r.Failure()) })
	return n
}

func (n *notes) add(format string, args ...any) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lines = append(n.lines, fmt.Sprintf(format, args...))
}

// String is everything noted so far, one line each.
func (n *notes) String() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return strings.Join(n.lines, "\n")
}
