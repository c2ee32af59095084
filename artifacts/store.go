package artifacts

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/blob/fileblob"
	"gocloud.dev/gcerrors"

	"tapedeck/domain/event"
)

var (
	// ErrNotFound: no file with this key.
	ErrNotFound = errors.New("no such artefact")
	// ErrTooLarge: more bytes than Put was allowed to take; nothing was stored.
	ErrTooLarge = errors.New("artefact is too large")
)

// Store is a bucket of files. It is safe for concurrent use.
type Store struct{ bucket *blob.Bucket }

// Open opens the bucket with this URL. A URL without a scheme, or with "file", is a folder, which is
// made when it is missing. Another scheme works when its driver is linked in.
func Open(ctx context.Context, where string) (*Store, error) {
	dir, isFolder, err := Folder(where)
	if err != nil {
		return nil, fmt.Errorf("open artefacts: %w", err)
	}
	var b *blob.Bucket
	if isFolder {
		b, err = fileblob.OpenBucket(dir, &fileblob.Options{
			CreateDir: true, DirFileMode: 0o750, NoTempDir: true, Metadata: fileblob.MetadataDontWrite,
		})
	} else {
		b, err = blob.OpenBucket(ctx, where)
	}
	if err != nil {
		return nil, fmt.Errorf("open artefacts: %w", err)
	}
	return &Store{bucket: b}, nil
}

// Folder is the folder that Open opens for "dir", "/dir", "file:///dir" and "file://./dir"; another URL
// is none.
func Folder(where string) (dir string, ok bool, err error) {
	scheme, _, hasScheme := strings.Cut(where, "://")
	if !hasScheme {
		if where == "" {
			return "", false, errors.New("no folder or URL given")
		}
		return where, true, nil
	}
	if scheme != "file" {
		return "", false, nil
	}
	u, err := url.Parse(where)
	if err != nil {
		return "", false, err
	}
	if u.RawQuery != "" || (u.Host != "" && u.Host != "." && u.Host != "localhost") || u.Path == "" {
		return "", false, fmt.Errorf("want file:///folder or file://./folder, got %q", where)
	}
	if u.Host == "." {
		return filepath.FromSlash(strings.TrimPrefix(u.Path, "/")), true, nil
	}
	return filepath.FromSlash(u.Path), true, nil
}

// Close releases the bucket.
func (s *Store) Close() error { return s.bucket.Close() }

// Healthy reports whether the bucket can be reached now.
func (s *Store) Healthy(ctx context.Context) error {
	ok, err := s.bucket.IsAccessible(ctx)
	if err == nil && !ok {
		err = errors.New("bucket is not there")
	}
	return err
}

// Stored is what a tape keeps of a file.
type Stored struct {
	Size        int64
	ContentType string
	SHA256      event.Hash
}

// Put stores what r yields, at most limit bytes, and replaces a file with the same key. An empty
// contentType is found from the name. When it fails, or ctx ends before the last byte was taken,
// nothing is stored. It fails with ErrName or ErrTooLarge, or with r's own error.
func (s *Store) Put(ctx context.Context, k Key, contentType string, r io.Reader, limit int64) (Stored, error) {
	if err := k.Validate(); err != nil {
		return Stored{}, err
	}
	if contentType == "" {
		contentType = TypeOf(k.Name)
	}
	digest := sha256.New()
	limited := &limitedReader{r: io.TeeReader(r, digest), left: limit}
	n, err := s.write(ctx, k.path(), contentType, limited)
	if errors.Is(err, ErrTooLarge) {
		err = fmt.Errorf("%w: more than %d bytes", ErrTooLarge, limit)
	}
	if err != nil {
		return Stored{}, fmt.Errorf("store artefact: %w", err)
	}
	return Stored{Size: n, ContentType: contentType, SHA256: event.Hash(digest.Sum(nil))}, nil
}

// limitedReader fails with ErrTooLarge where there is more than was allowed.
type limitedReader struct {
	r    io.Reader
	left int64
}

// Read implements io.Reader.
func (l *limitedReader) Read(p []byte) (int, error) {
	if int64(len(p)) > l.left+1 {
		p = p[:l.left+1]
	}
	n, err := l.r.Read(p)
	l.left -= int64(n)
	if l.left < 0 {
		return 0, ErrTooLarge
	}
	return n, err
}

// write stores all that r yields, durably, or nothing.
func (s *Store) write(ctx context.Context, path, contentType string, r io.Reader) (int64, error) {
	ctx, abandon := context.WithCancel(ctx)
	defer abandon()
	var file *os.File
	w, err := s.bucket.NewWriter(ctx, path, &blob.WriterOptions{
		ContentType: contentType,
		BeforeWrite: func(as func(any) bool) error { as(&file); return nil },
	})
	if err != nil {
		return 0, err
	}
	n, err := io.Copy(w, r)
	if err == nil && file != nil {
		err = file.Sync() // the tape will say that it is there
	}
	if err != nil {
		abandon()
		_ = w.Close()
		return 0, err
	}
	return n, w.Close()
}

// Delete removes a file; one that is not there is no error. It fails with ErrName.
func (s *Store) Delete(ctx context.Context, k Key) error {
	if err := k.Validate(); err != nil {
		return err
	}
	if err := s.bucket.Delete(ctx, k.path()); err != nil && gcerrors.Code(err) != gcerrors.NotFound {
		return fmt.Errorf("delete artefact: %w", err)
	}
	return nil
}

// Reader reads a file or a part of it.
type Reader struct {
	io.ReadCloser
	// Size is the whole file's.
	Size    int64
	ModTime time.Time
}

// Read opens a file from offset on, length bytes or to its end when length is negative. An offset
// behind the end reads nothing. It fails with ErrName or ErrNotFound.
func (s *Store) Read(ctx context.Context, k Key, offset, length int64) (*Reader, error) {
	if err := k.Validate(); err != nil {
		return nil, err
	}
	if offset < 0 {
		return nil, fmt.Errorf("read artefact: offset %d", offset)
	}
	r, err := s.bucket.NewRangeReader(ctx, k.path(), offset, length, nil)
	if gcerrors.Code(err) == gcerrors.NotFound {
		return nil, fmt.Errorf("%w: %s", ErrNotFound, k.Name)
	}
	if err != nil {
		return nil, fmt.Errorf("read artefact: %w", err)
	}
	return &Reader{ReadCloser: r, Size: r.Size(), ModTime: r.ModTime()}, nil
}
