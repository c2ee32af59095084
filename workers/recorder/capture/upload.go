package capture

import (
	"time"

	"github.com/playwright-community/playwright-go"

	"tapedeck/domain/recording"
)

// changeWait is how long after files were chosen the input's own change may come.
const changeWait = 300 * time.Millisecond

// Uploaded says that files were given to a file chooser of a page. The script sees names and sizes by itself; this
// adds what else is known, and is the only trace of an input that is in no document.
func (c *Capture) Uploaded(pw playwright.Page, files []recording.File) {
	by, paused := c.state()
	if paused {
		return
	}
	at := c.options.Now()
	time.AfterFunc(changeWait, func() {
		c.queue.push(func() {
			p, ok := c.page(pw)
			if !ok || p.gone() {
				return
			}
			s := seen{page: pw, name: p.name, by: by, at: at}
			s.URL = pw.URL()
			c.emit(c.fold.uploaded(s, files))
		})
	})
}
