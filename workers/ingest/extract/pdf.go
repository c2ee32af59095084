package extract

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/klippa-app/go-pdfium"
	pdfiumerrors "github.com/klippa-app/go-pdfium/errors"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"
	"github.com/klippa-app/go-pdfium/webassembly"
	"github.com/tetratelabs/wazero"
	wasm "github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

const (
	// maxPages is how many pages of one PDF are read.
	maxPages = 20_000
	// wasmPage is the unit of WebAssembly's memory.
	wasmPage = 64 << 10
	// sandboxes is how many PDFs are read at the same time.
	sandboxes = 2
)

// sandbox runs PDFium compiled to WebAssembly: each document in an instance of its own that has neither files nor
// network, only its memory and the document's bytes. Compiling takes some seconds and is done at the first PDF.
type sandbox struct {
	memory   int64
	cacheDir string

	turns chan struct{} // one for each that is read

	mu     sync.Mutex
	pool   pdfium.Pool
	closed bool
}

func newSandbox(memory int64, cacheDir string) sandbox {
	return sandbox{memory: memory, cacheDir: cacheDir, turns: make(chan struct{}, sandboxes)}
}

// enter compiles the reader, if that was not done yet, and waits for a turn, which leave ends. Neither is the document's
// fault, or counts as its time.
func (s *sandbox) enter(ctx context.Context) (leave func(), err error) {
	if _, err := s.start(); err != nil {
		return nil, err
	}
	select {
	case s.turns <- struct{}{}:
		return func() { <-s.turns }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (s *sandbox) start() (pdfium.Pool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errors.New("extract: closed")
	}
	if s.pool != nil {
		return s.pool, nil
	}
	config := wazero.NewRuntimeConfig().WithCoreFeatures(wasm.CoreFeaturesV2 | experimental.CoreFeaturesExceptionHandling).
		WithCloseOnContextDone(true).WithMemoryLimitPages(uint32(min(s.memory/wasmPage, 65536)))
	if s.cacheDir != "" {
		cache, err := wazero.NewCompilationCacheWithDir(s.cacheDir)
		if err != nil {
			return nil, fmt.Errorf("cache of the PDF reader: %w", err)
		}
		config = config.WithCompilationCache(cache)
	}
	pool, err := webassembly.Init(webassembly.Config{MaxTotal: sandboxes, FSConfig: wazero.NewFSConfig(), RuntimeConfig: config,
		Stdout: io.Discard, Stderr: io.Discard})
	if err != nil {
		return nil, fmt.Errorf("start the PDF reader: %w", err)
	}
	s.pool = pool
	return pool, nil
}

func (s *sandbox) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.pool == nil {
		return nil
	}
	pool := s.pool
	s.pool = nil
	return pool.Close()
}

// with gives fn an instance that is killed when the context ends.
func (s *sandbox) with(ctx context.Context, fn func(pdfium.Pdfium) error) error {
	pool, err := s.start()
	if err != nil {
		return err
	}
	instance, err := pool.GetInstanceWithContext(ctx)
	if err != nil {
		return errors.Join(ctx.Err(), err)
	}
	killed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(killed)
		_ = instance.Kill() // it is done for either way
	})
	err = fn(instance)
	if !stop() {
		<-killed
		return ctx.Err()
	}
	_ = instance.Close() // after a trap there is nothing left to close
	return err
}

func (x *Extractor) readPDF(ctx context.Context, in *input, doc *Document, out *markdown) error {
	return x.sandbox.with(ctx, func(instance pdfium.Pdfium) error {
		return (&pdfReader{ctx: ctx, pdfium: instance, in: in, doc: doc, out: out}).read()
	})
}

type pdfReader struct {
	ctx    context.Context
	pdfium pdfium.Pdfium
	in     *input
	doc    *Document
	out    *markdown
	file   references.FPDF_DOCUMENT
}

func (r *pdfReader) read() error {
	opened, err := r.pdfium.OpenDocument(&requests.OpenDocument{FileReader: io.NewSectionReader(r.in.Content, 0, r.in.Size), FileReaderSize: r.in.Size})
	switch {
	case errors.Is(err, pdfiumerrors.ErrPassword), errors.Is(err, pdfiumerrors.ErrSecurity):
		return fault(ErrEncrypted, "it opens with a password only, save it without one")
	case err != nil:
		return broken("its structure", err)
	}
	r.file = opened.Document
	count, err := r.pdfium.FPDF_GetPageCount(&requests.FPDF_GetPageCount{Document: r.file})
	if err != nil {
		return broken("its pages", err)
	}
	r.metadata()
	r.doc.set("pages", itoa(count.PageCount))
	pages, err := r.pages(count.PageCount)
	if err != nil {
		return err
	}
	layout(pages, r.doc, r.out)
	if r.out.out.Len() == 0 {
		return fault(ErrNoText, "it has %d pages and no text: a scan, perhaps, that has to go through text recognition first", count.PageCount)
	}
	return nil
}

// pages reads the lines of each page. A page that cannot be read is left out and noted, unless none can.
func (r *pdfReader) pages(count int) (pages [][]pdfLine, err error) {
	if count > maxPages {
		r.doc.note("Pages after the first " + itoa(maxPages) + " were left out.")
		count = maxPages
	}
	size, failed := 0, 0
	for i := range count {
		lines, pageErr := r.page(i)
		if r.ctx.Err() != nil {
			return nil, r.ctx.Err()
		}
		if pageErr != nil {
			err = pageErr
			failed++
			r.doc.note("Page " + itoa(i+1) + " could not be read.")
			if failed >= 20 {
				break
			}
		}
		pages = append(pages, lines)
		for _, line := range lines {
			size += len(line.text())
		}
		if size > r.in.limits.Text {
			r.doc.note("Pages after page " + itoa(i+1) + " were left out.")
			break
		}
	}
	if failed > 0 && size == 0 {
		return nil, broken("its pages", err)
	}
	return pages, nil
}

func (r *pdfReader) page(i int) ([]pdfLine, error) {
	page := requests.Page{ByIndex: &requests.PageByIndex{Document: r.file, Index: i}}
	text, err := r.pdfium.GetPageTextStructured(&requests.GetPageTextStructured{Page: page,
		Mode: requests.GetPageTextStructuredModeRects, CollectFontInformation: true})
	if err != nil {
		return nil, err
	}
	var lines []pdfLine
	for _, rect := range text.Rects {
		p := rect.PointPosition
		piece := pdfLine{left: p.Left, right: p.Right, bottom: min(p.Top, p.Bottom), top: max(p.Top, p.Bottom),
			cells: []pdfCell{{p.Left, rect.Text}}}
		if font := rect.FontInformation; font != nil {
			piece.size = font.RenderedSize
			piece.bold = font.Weight >= 600 || strings.Contains(strings.ToLower(font.Name), "bold")
		}
		if len(lines) == 0 || !lines[len(lines)-1].join(piece) {
			lines = append(lines, piece)
		}
	}
	return lines, nil
}

func (r *pdfReader) metadata() {
	all, err := r.pdfium.GetMetaData(&requests.GetMetaData{Document: r.file})
	if err != nil {
		return
	}
	names := map[string]string{"Author": "author", "Subject": "subject", "Keywords": "keywords", "Creator": "generator"}
	for _, tag := range all.Tags {
		switch tag.Tag {
		case "Title":
			r.doc.Title = tag.Value
		case "CreationDate":
			r.doc.set("created", pdfDate(tag.Value))
		case "ModDate":
			r.doc.set("modified", pdfDate(tag.Value))
		default:
			if key := names[tag.Tag]; key != "" {
				r.doc.set(key, tag.Value)
			}
		}
	}
}

// pdfDate is a date of PDF (ISO 32000-1, 7.9.4) in RFC 3339; another stays as it is.
func pdfDate(s string) string {
	value := strings.ReplaceAll(strings.TrimPrefix(s, "D:"), "'", "")
	for _, form := range []string{"20060102150405-0700", "20060102150405Z0700", "20060102150405Z", "20060102150405", "20060102"} {
		if t, err := time.Parse(form, value); err == nil {
			return t.Format(time.RFC3339)
		}
	}
	return s
}
