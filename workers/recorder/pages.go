package recorder

import (
	"strconv"
	"sync"

	"github.com/playwright-community/playwright-go"
)

// pageList names the pages of a context: "page" is the first, "page2" the next.
// A name is never used again.
type pageList struct {
	mu    sync.Mutex
	names map[playwright.Page]string
	order []playwright.Page
	open  int
	// gone is called when the last page was closed.
	gone func()
}

func newPageList(gone func()) *pageList {
	return &pageList{names: map[playwright.Page]string{}, gone: gone}
}

// add names a page; it is safe to call on the driver's dispatch goroutine.
func (l *pageList) add(page playwright.Page) (fresh bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, known := l.names[page]; known {
		return false
	}
	name := "page"
	if n := len(l.order) + 1; n > 1 {
		name += strconv.Itoa(n)
	}
	l.names[page] = name
	l.order = append(l.order, page)
	l.open++
	page.OnClose(func(playwright.Page) { l.closed() })
	return true
}

// count is how many pages there ever were.
func (l *pageList) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.order)
}

func (l *pageList) closed() {
	l.mu.Lock()
	l.open--
	last := l.open == 0
	l.mu.Unlock()
	if last {
		l.gone()
	}
}

func (l *pageList) name(page playwright.Page) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.names[page]
}

// nameFor is the name of a page, which it gets when it has none.
func (l *pageList) nameFor(page playwright.Page) string {
	l.add(page)
	return l.name(page)
}
