// Package sitemap reads sitemaps and sitemap indexes by the protocol of
// sitemaps.org: XML or plain text, gzipped or not.
package sitemap

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// The protocol's limits of one file.
const (
	MaxEntries = 50_000
	MaxSize    = 50 << 20 // bytes, not compressed
	maxLoc     = 2048     // characters of one address
)

// ErrNotSitemap is the error for a file that is none: a page of HTML, or bytes of something else.
var ErrNotSitemap = errors.New("not a sitemap: expected XML with urlset or sitemapindex, or a text of one URL a line")

// Entry is one address that a sitemap names.
type Entry struct {
	Loc string // as it stands in the file, trimmed
	// LastMod is when it was last changed; zero when the file does not say, or not in a form of W3C-DTF.
	LastMod time.Time
}

// File is what was read of a sitemap.
type File struct {
	Pages    []Entry
	Sitemaps []Entry // of an index
	// Notes say what was left out: entries beyond a limit, the rest behind bad XML.
	Notes []string
}

// Parse reads a sitemap. What comes before a fault is kept and the fault is a
// note; the error is ErrNotSitemap, wrapped with the reason, or that of r when
// nothing was read.
func Parse(r io.Reader) (File, error) { return parse(r, MaxSize) }

func parse(r io.Reader, maxSize int64) (File, error) {
	var f File
	plain, err := inflate(bufio.NewReader(r))
	if err != nil {
		return f, err
	}
	limited := &io.LimitedReader{R: plain, N: maxSize + 1}
	body := bufio.NewReader(limited)
	xml, err := isXML(body)
	switch {
	case errors.Is(err, io.EOF):
		return f, fmt.Errorf("%w: the file is empty", ErrNotSitemap)
	case err != nil:
		return f, err
	case xml:
		err = f.readXML(body)
	default:
		err = f.readText(body)
	}
	if limited.N <= 0 {
		f.note("larger than %d MiB: the rest was not read", maxSize>>20)
	}
	return f, err
}

func inflate(r *bufio.Reader) (io.Reader, error) {
	head, _ := r.Peek(2)
	if !bytes.Equal(head, []byte{0x1f, 0x8b}) {
		return r, nil
	}
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, fmt.Errorf("%w: bad gzip: %w", ErrNotSitemap, err)
	}
	return z, nil
}

// isXML looks at the first character that is no space, past a byte order mark.
func isXML(r *bufio.Reader) (bool, error) {
	for {
		head, err := r.Peek(3)
		if len(head) == 0 {
			return false, err
		}
		switch {
		case bytes.Equal(head, []byte("\ufeff")):
			_, _ = r.Discard(3)
		case len(head) >= 2 && (head[0] == 0xff && head[1] == 0xfe || head[0] == 0xfe && head[1] == 0xff):
			return true, nil // UTF-16: the XML reader says what it thinks of it
		case strings.IndexByte(" \t\r\n", head[0]) >= 0:
			_, _ = r.Discard(1)
		default:
			return head[0] == '<', nil
		}
	}
}

func (f *File) readText(r io.Reader) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 64<<10)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line == "" {
			continue
		}
		if !isAddress(line) {
			if len(f.Pages) == 0 {
				return fmt.Errorf("%w: its first line is no URL", ErrNotSitemap)
			}
			f.note("a line that is no URL was passed over")
			continue
		}
		if !f.add(&f.Pages, Entry{Loc: line}) {
			return nil
		}
	}
	return f.broken(lines.Err())
}

// broken keeps what was read before a fault.
func (f *File) broken(err error) error {
	if err == nil {
		return nil
	}
	if len(f.Pages)+len(f.Sitemaps) == 0 {
		return fmt.Errorf("%w: %w", ErrNotSitemap, err)
	}
	f.note("the rest was not read: %v", err)
	return nil
}

// add says whether there is room for more.
func (f *File) add(to *[]Entry, e Entry) bool {
	switch {
	case !isAddress(e.Loc):
		f.note("an entry without a URL was passed over")
	case len(e.Loc) > maxLoc:
		f.note("a URL of more than %d characters was passed over", maxLoc)
	case len(*to) == MaxEntries:
		f.note("more than %d entries: the rest was not read", MaxEntries)
		return false
	default:
		*to = append(*to, e)
	}
	return true
}

// note says a thing once.
func (f *File) note(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	for _, n := range f.Notes {
		if n == text {
			return
		}
	}
	f.Notes = append(f.Notes, text)
}

func isAddress(s string) bool {
	head := strings.ToLower(s[:min(len(s), 8)])
	return strings.HasPrefix(head, "http://") || strings.HasPrefix(head, "https://")
}
