package kinds

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"strings"

	"tapedeck/domain/knowledge"
	"tapedeck/workers"
	"tapedeck/workers/ingest"
	"tapedeck/workers/ingest/extract"
)

// fileReader keeps what is written in files.
type fileReader struct {
	*ingest.Run
	job       *workers.Job
	extractor *extract.Extractor
	labels    []string
}

// outcome is what became of a file.
type outcome struct {
	archive bool // its documents are those of its entries
	faults  int
}

// keepFile keeps a file's documents, each completed by more. What cannot be read is a fault of its own.
func (r fileReader) keepFile(ctx context.Context, f extract.File, more func(*ingest.Draft)) (out outcome, err error) {
	for doc, err := range r.extractor.Documents(ctx, f) {
		var bad *extract.Fault
		switch {
		case errors.As(err, &bad):
			out.faults++
			out.archive = out.archive || bad.Name != f.Name
			err = r.fault(ctx, knowledge.Fault{Key: bad.Name, Code: faultCode(bad), Message: bad.Reason.Error() + ": " + bad.Detail})
		case err == nil:
			out.archive = out.archive || doc.Name != f.Name
			err = r.document(ctx, f, doc, more)
		}
		if err != nil {
			return out, err
		}
	}
	return out, nil
}

// keepKnown notes documents that need not be read again.
func (r fileReader) keepKnown(ctx context.Context, keys ...string) error {
	for _, key := range keys {
		if _, err := r.Found(ctx, knowledge.Found{Key: key}); err != nil {
			return err
		}
	}
	return r.Unchanged(ctx, keys...)
}

func (r fileReader) fault(ctx context.Context, f knowledge.Fault) error {
	if _, err := r.Found(ctx, knowledge.Found{Key: f.Key}); err != nil || r.Done(f.Key) {
		return err
	}
	logFault(r.job, f)
	return r.Fault(ctx, f)
}

func (r fileReader) document(ctx context.Context, f extract.File, doc extract.Document, more func(*ingest.Draft)) error {
	if _, err := r.Found(ctx, knowledge.Found{Key: doc.Name}); err != nil || r.Done(doc.Name) {
		return err
	}
	sum := sha256.Sum256([]byte(doc.Title + "\n" + doc.Markdown))
	draft := ingest.Draft{
		Key: doc.Name, Title: doc.Title, Kind: string(doc.Kind), Language: doc.Language, Labels: r.labels, Notes: doc.Notes,
		Metadata: doc.Metadata, Markdown: []byte(doc.Markdown), Hash: hex.EncodeToString(sum[:]),
	}
	if doc.Name == f.Name {
		draft.ContentType = f.ContentType
	}
	if more != nil {
		more(&draft)
	}
	return r.Store(ctx, draft)
}

// faultCode is a fault's reason in one word.
func faultCode(f *extract.Fault) string {
	for reason, code := range map[error]string{
		extract.ErrTooLarge: "too_large", extract.ErrUnsupported: "unsupported", extract.ErrBroken: "broken", extract.ErrBomb: "bomb",
		extract.ErrEncrypted: "encrypted", extract.ErrNoText: "no_text", extract.ErrTooSlow: "too_slow",
	} {
		if errors.Is(f.Reason, reason) {
			return code
		}
	}
	return strings.ReplaceAll(f.Reason.Error(), " ", "_")
}

// spool copies to an unnamed file of this machine, because readers want to go back and forth in it. It lives as long as
// it is open.
func spool(from io.Reader) (local *os.File, size int64, err error) {
	return spoolFrom(func(w io.Writer) error { _, err := io.Copy(w, from); return err })
}

// spoolFrom is spool for what is written rather than read.
func spoolFrom(write func(io.Writer) error) (local *os.File, size int64, err error) {
	if local, err = os.CreateTemp("", "tapedeck-file-"); err != nil {
		return nil, 0, err
	}
	_ = os.Remove(local.Name())
	if err = write(local); err == nil {
		size, err = local.Seek(0, io.SeekCurrent)
	}
	if err != nil {
		return nil, 0, errors.Join(err, local.Close())
	}
	return local, size, nil
}
