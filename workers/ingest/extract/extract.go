package extract

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
)

// Extractor reads files. It is safe for concurrent use; two PDFs at most are read at the same time.
type Extractor struct {
	limits  Limits
	sandbox sandbox
}

// New makes an extractor. cacheDir is a private folder in which the compiled PDF reader is kept, so that another process
// starts at once; empty: each process compiles it at its first PDF, which takes some seconds. Call Close at the end.
func New(limits Limits, cacheDir string) *Extractor {
	limits = limits.WithDefaults()
	return &Extractor{limits: limits, sandbox: newSandbox(limits.Sandbox, cacheDir)}
}

// Close ends the PDF reader. PDFs that are being read fail.
func (x *Extractor) Close() error { return x.sandbox.close() }

// Documents reads a file: one document, or one for each entry of an archive in the archive's order, each read when it is
// asked for. A file or entry that cannot be read is a [*Fault]; the entries behind it still follow. Another error, the
// context's among them, is the last.
func (x *Extractor) Documents(ctx context.Context, f File) iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) { x.walk(ctx, f, 1, yield) }
}

// Extract reads a file as Documents does and returns what could be read and the joined errors of what could not.
func Extract(ctx context.Context, f File, limits Limits) (documents []Document, err error) {
	x := New(limits, "")
	defer func() { err = errors.Join(err, x.Close()) }()
	for document, fault := range x.Documents(ctx, f) {
		if fault != nil {
			err = errors.Join(err, fault)
			continue
		}
		documents = append(documents, document)
	}
	return documents, err
}

// walk yields what is in a file and says whether to go on.
func (x *Extractor) walk(ctx context.Context, f File, depth int, yield func(Document, error) bool) bool {
	in, note, err := x.sniff(f)
	if err != nil {
		return x.refuse(ctx, f.Name, err, yield)
	}
	if in.kind == archive {
		return x.archive(ctx, in, depth, yield)
	}
	doc, err := x.document(ctx, in)
	if err != nil {
		return x.refuse(ctx, f.Name, err, yield)
	}
	if note != "" {
		doc.Notes = append([]string{note}, doc.Notes...)
	}
	return yield(doc, nil)
}

// refuse yields a fault with its file's name; what is no fault of the file ends the walk.
func (x *Extractor) refuse(ctx context.Context, name string, err error, yield func(Document, error) bool) bool {
	var f *Fault
	if ctx.Err() == nil && errors.As(err, &f) {
		named := *f
		if named.Name == "" {
			named.Name = name
		}
		return yield(Document{}, &named)
	}
	yield(Document{}, errors.Join(ctx.Err(), fmt.Errorf("extract %s: %w", tidyLine(name), err)))
	return false
}

func (x *Extractor) sniff(f File) (in *input, note string, err error) {
	defer recovered(&err)
	return sniff(f, x.limits)
}

// document reads one document in its time.
func (x *Extractor) document(ctx context.Context, in *input) (Document, error) {
	if in.kind == PDF {
		leave, err := x.sandbox.enter(ctx)
		if err != nil {
			return Document{}, err
		}
		defer leave()
	}
	ctx, cancel := context.WithTimeoutCause(ctx, x.limits.Time, fault(ErrTooSlow, "it was given up after %s", x.limits.Time))
	defer cancel()
	doc := Document{Name: in.Name, Kind: in.kind}
	err := x.read(ctx, in, &doc)
	if err != nil && ctx.Err() != nil {
		return doc, context.Cause(ctx)
	}
	return doc, err
}

// read has the kind's reader write the document; a reader that panics failed.
func (x *Extractor) read(ctx context.Context, in *input, doc *Document) (err error) {
	defer recovered(&err)
	out := &markdown{limit: x.limits.Text}
	if err := x.reader(in.kind)(ctx, in, doc, out); err != nil {
		return broken("it cannot be read", err)
	}
	return doc.finish(out)
}

// recovered makes a panic an error: parsers of others are not proof against everything.
func recovered(err *error) {
	if p := recover(); p != nil {
		*err = fault(ErrBroken, "its reader failed: %s", shorten(tidyLine(fmt.Sprint(p)), 200))
	}
}

// reader is what reads a kind of document.
type reader func(ctx context.Context, in *input, doc *Document, out *markdown) error

func (x *Extractor) reader(kind Kind) reader {
	switch kind {
	case PDF:
		return x.readPDF
	case DOCX:
		return readDOCX
	case XLSX:
		return readXLSX
	case PPTX:
		return readPPTX
	case ODT, ODS, ODP:
		return readODF
	case HTML:
		return readHTML
	case Markdown:
		return readMarkdown
	case CSV:
		return readCSV
	case JSON, OpenAPI:
		return readJSON
	case NDJSON:
		return readNDJSON
	case YAML:
		return readYAML
	case Gherkin:
		return readGherkin
	case TestCode:
		return readTestCode
	default:
		return readText
	}
}

func itoa(n int) string { return strconv.Itoa(n) }

// atoi is a number, 0 for what is none.
func atoi(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return n
}
