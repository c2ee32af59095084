package bucket

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"gocloud.dev/blob"
	_ "gocloud.dev/blob/azureblob" // azblob://
	"gocloud.dev/blob/fileblob"
	_ "gocloud.dev/blob/gcsblob" // gs://
	_ "gocloud.dev/blob/s3blob"  // s3://
)

// Object is a file in a bucket.
type Object struct {
	Key        string
	Size       int64
	ModifiedAt time.Time
	// Version changes when the content does.
	Version string
}

// Bucket is a bucket that is open. It is safe for concurrent use.
type Bucket struct {
	place  Place
	bucket *blob.Bucket
	root   *os.Root // of a folder
}

// Open opens a place. It fails with an [*Error], or with the context's error.
func Open(ctx context.Context, p Place) (*Bucket, error) {
	if p.open.Scheme == "file" {
		return openFolder(p)
	}
	b, err := blob.OpenBucket(ctx, p.open.String())
	if err != nil {
		return nil, explain(ctx, p.URL, err)
	}
	return &Bucket{place: p, bucket: b}, nil
}

func openFolder(p Place) (*Bucket, error) {
	dir := filepath.FromSlash(p.open.Path)
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, folderError(p, err)
	}
	b, err := fileblob.OpenBucket(dir, &fileblob.Options{Metadata: fileblob.MetadataDontWrite})
	if err != nil {
		return nil, errors.Join(folderError(p, err), root.Close())
	}
	return &Bucket{place: p, bucket: b, root: root}, nil
}

func folderError(p Place, err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return &Error{NotFound, p.URL + ": there is no such folder on the worker's machine"}
	}
	return &Error{Forbidden, fmt.Sprintf("%s cannot be opened: %v", p.URL, errors.Unwrap(err))}
}

// Close releases the bucket.
func (b *Bucket) Close() error {
	err := b.bucket.Close()
	if b.root != nil {
		err = errors.Join(err, b.root.Close())
	}
	return err
}

// List is what lies in the place, in the order of the keys, without what is hidden: keys with a part that begins with a
// dot. An error, an [*Error] or the context's, is the last.
func (b *Bucket) List(ctx context.Context) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		for it := b.bucket.List(&blob.ListOptions{Prefix: b.place.Prefix}); ; {
			o, err := it.Next(ctx)
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(Object{}, explain(ctx, b.place.URL, err))
				return
			}
			if o.IsDir || strings.HasSuffix(o.Key, "/") || isHidden(o.Key) {
				continue
			}
			if !yield(Object{Key: o.Key, Size: o.Size, ModifiedAt: o.ModTime, Version: versionOf(o)}, nil) {
				return
			}
		}
	}
}

func isHidden(key string) bool { return strings.HasPrefix(key, ".") || strings.Contains(key, "/.") }

// versionOf is the content's digest where the store tells it: an object that was written again unchanged is not read again.
func versionOf(o *blob.ListObject) string {
	if len(o.MD5) > 0 {
		return "md5:" + hex.EncodeToString(o.MD5)
	}
	return strconv.FormatInt(o.Size, 36) + "-" + strconv.FormatInt(o.ModTime.UnixNano(), 36)
}

// Read opens an object. It fails with an [*Error], or with the context's error; so does what it returns.
func (b *Bucket) Read(ctx context.Context, key string) (io.ReadCloser, error) {
	if b.root != nil { // of what is listed, a link may lead out
		if _, err := b.root.Stat(filepath.FromSlash(key)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, &Error{Forbidden, "it leads out of the folder, or may not be read"}
		}
	}
	r, err := b.bucket.NewReader(ctx, key, nil)
	if err != nil {
		return nil, explain(ctx, key, err)
	}
	return &reader{ctx, key, r}, nil
}

// reader explains its errors.
type reader struct {
	ctx  context.Context
	key  string
	from io.ReadCloser
}

// Read implements io.Reader.
func (r *reader) Read(p []byte) (int, error) {
	n, err := r.from.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = explain(r.ctx, r.key, err)
	}
	return n, err
}

// Close implements io.Closer.
func (r *reader) Close() error { return r.from.Close() }
