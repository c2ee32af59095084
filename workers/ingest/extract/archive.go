package extract

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strings"
)

// heldEntry is the size up to which an archive's entry is unpacked into memory; a larger one goes to a temporary file.
const heldEntry = 4 << 20

// archive yields what is in each entry.
func (x *Extractor) archive(ctx context.Context, in *input, depth int, yield func(Document, error) bool) bool {
	if depth > x.limits.Depth {
		return x.refuse(ctx, in.Name, fault(ErrBomb, "archives are read in archives %d deep", x.limits.Depth), yield)
	}
	z, err := openZip(in.File, x.limits, x.limits.Unpacked)
	if err != nil {
		return x.refuse(ctx, in.Name, err, yield)
	}
	files := 0
	for _, e := range z.File {
		if strings.HasSuffix(e.Name, "/") || metadataEntry(e.Name) {
			continue
		}
		files++
		if !x.entry(ctx, in.Name+"/"+entryName(e), e, depth, yield) {
			return false
		}
	}
	if files == 0 {
		return x.refuse(ctx, in.Name, fault(ErrNoText, "the archive is empty"), yield)
	}
	return true
}

// metadataEntry is what file managers add.
func metadataEntry(name string) bool {
	return strings.HasPrefix(name, "__MACOSX/") || strings.HasSuffix(name, ".DS_Store") || strings.HasSuffix(name, "Thumbs.db")
}

// entryName is the name as text. It may lead out of the archive; nothing follows it.
func entryName(e *zip.File) string {
	name := e.Name
	if encoding, _ := encodingOf([]byte(name)); e.NonUTF8 && encoding != nil {
		if decoded, err := encoding.NewDecoder().String(name); err == nil {
			name = decoded
		}
	}
	return tidyLine(name)
}

func (x *Extractor) entry(ctx context.Context, name string, e *zip.File, depth int, yield func(Document, error) bool) bool {
	if ctx.Err() != nil {
		return x.refuse(ctx, name, ctx.Err(), yield)
	}
	content, done, err := x.unpack(ctx, e)
	if err != nil {
		return x.refuse(ctx, name, err, yield)
	}
	f := File{Name: name, Content: content, Size: int64(e.UncompressedSize64)}
	goOn := x.walk(ctx, f, depth+1, yield)
	if err := done(); err != nil && goOn {
		return x.refuse(ctx, name, err, yield)
	}
	return goOn
}

// unpack makes an entry's content readable at any place until done is called.
func (x *Extractor) unpack(ctx context.Context, e *zip.File) (content io.ReaderAt, done func() error, err error) {
	if e.Flags&1 != 0 {
		return nil, nil, fault(ErrEncrypted, "the entry opens with a password only")
	}
	if e.UncompressedSize64 > uint64(x.limits.Size) {
		return nil, nil, fault(ErrTooLarge, "files are read up to %d MiB", x.limits.Size>>20)
	}
	r, err := e.Open()
	if errors.Is(err, zip.ErrAlgorithm) {
		return nil, nil, fault(ErrUnsupported, "the entry is compressed by method %d, make a plain zip", e.Method)
	}
	if err != nil {
		return nil, nil, broken("the entry", err)
	}
	defer func() { _ = r.Close() }() // nothing was written
	source := &interruptible{ctx, r}
	if e.UncompressedSize64 > heldEntry {
		return spool(source)
	}
	raw, err := io.ReadAll(source)
	if err != nil {
		return nil, nil, broken("the entry", err)
	}
	return bytes.NewReader(raw), func() error { return nil }, nil
}

// spool writes to a temporary file that has no name any more, so that it goes with the process.
func spool(r io.Reader) (io.ReaderAt, func() error, error) {
	f, err := os.CreateTemp("", "extract-*")
	if err != nil {
		return nil, nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	if _, err := io.Copy(f, r); err != nil {
		_ = f.Close() // the error is the entry's
		var path *os.PathError
		if errors.As(err, &path) {
			return nil, nil, err // the disk's fault
		}
		return nil, nil, broken("the entry", err)
	}
	return f, f.Close, nil
}

// interruptible ends with its context.
type interruptible struct {
	ctx context.Context
	r   io.Reader
}

func (i *interruptible) Read(p []byte) (int, error) {
	if err := i.ctx.Err(); err != nil {
		return 0, err
	}
	return i.r.Read(p)
}
