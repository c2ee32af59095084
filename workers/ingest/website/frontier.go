package website

import "slices"

// Frontier is how far a crawl has come: the fold of its events. It is plain data
// and can be stored; the zero Frontier is that of a new crawl. It is not safe for
// concurrent use.
type Frontier struct {
	// Waiting are the addresses that were found and not dealt with, in order.
	Waiting []Item `json:"waiting,omitempty"`
	// Done are the addresses that were dealt with.
	Done []string `json:"done,omitempty"`
	// Pages counts those that were fetched.
	Pages int `json:"pages,omitzero"`
	// Texts are the first page with each hash. That later ones are nearly the same is
	// not known across a stop.
	Texts map[string]string `json:"texts,omitempty"`
	// Sitemaps are those that were read.
	Sitemaps []string `json:"sitemaps,omitempty"`

	waits map[string]bool // Waiting by address, made when it is needed
}

// Apply folds an event in.
func (f *Frontier) Apply(e Event) {
	switch e := e.(type) {
	case Found:
		f.Waiting = append(f.Waiting, e.Item)
		if f.waits != nil {
			f.waits[e.Item.URL] = true
		}
	case Page:
		f.page(e.Hash, e.URL)
		f.done(e.Item.URL, e.URL)
	case Unchanged:
		f.page(e.Hash, e.URL)
		f.done(e.Item.URL, e.URL)
	case Skipped:
		if e.Reason != NoFollow && e.Reason != TooMany { // another page may lead there yet
			f.done(e.Item.URL)
		}
	case Failed:
		f.done(e.Item.URL)
	case Sitemap:
		f.Sitemaps = append(f.Sitemaps, e.URL)
	case Robots:
	}
}

func (f *Frontier) page(hash, url string) {
	f.Pages++
	if f.Texts == nil {
		f.Texts = map[string]string{}
	}
	if _, ok := f.Texts[hash]; !ok && hash != "" {
		f.Texts[hash] = url
	}
}

func (f *Frontier) done(urls ...string) {
	for _, url := range slices.Compact(urls) {
		f.Done = append(f.Done, url)
		f.remove(url)
	}
}

// remove takes an address out of those that wait: the crawl takes them from the
// front, so it is among the first.
func (f *Frontier) remove(url string) {
	if f.waits == nil || len(f.waits) < len(f.Waiting) {
		f.waits = map[string]bool{}
		for _, w := range f.Waiting {
			f.waits[w.URL] = true
		}
	}
	if !f.waits[url] {
		return
	}
	delete(f.waits, url)
	at := slices.IndexFunc(f.Waiting, func(w Item) bool { return w.URL == url })
	copy(f.Waiting[1:at+1], f.Waiting[:at])
	f.Waiting[0] = Item{}
	f.Waiting = f.Waiting[1:]
}
