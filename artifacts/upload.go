package artifacts

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"gocloud.dev/gcerrors"

	"tapedeck/domain/event"
)

// Upload is a file that somebody gave for a job that does not exist yet.
type Upload struct {
	ID     string
	Size   int64 // bytes
	SHA256 event.Hash
}

// uploadPath fails with ErrName.
func uploadPath(id string) (string, error) {
	if len(id) != 32 || strings.Trim(id, "0123456789abcdef") != "" {
		return "", fmt.Errorf("%w: %q is no upload", ErrName, id)
	}
	return "uploads/" + id, nil
}

// PutUpload stores what r yields, at most limit bytes, under a new id. When it returns, the file is durable; when it fails,
// or ctx ends before the last byte was taken, nothing is stored. It fails with ErrTooLarge, or with r's own error.
func (s *Store) PutUpload(ctx context.Context, r io.Reader, limit int64) (Upload, error) {
	var id [16]byte
	_, _ = rand.Read(id[:]) // it never fails
	u := Upload{ID: hex.EncodeToString(id[:])}
	path, err := uploadPath(u.ID)
	if err != nil {
		return Upload{}, err
	}
	digest := sha256.New()
	u.Size, err = s.write(ctx, path, "application/octet-stream", &limitedReader{r: io.TeeReader(r, digest), left: limit})
	if errors.Is(err, ErrTooLarge) {
		err = fmt.Errorf("%w: more than %d bytes", ErrTooLarge, limit)
	}
	if err != nil {
		return Upload{}, fmt.Errorf("store upload: %w", err)
	}
	u.SHA256 = event.Hash(digest.Sum(nil))
	return u, nil
}

// OpenUpload reads an upload. It fails with ErrName or ErrNotFound.
func (s *Store) OpenUpload(ctx context.Context, id string) (io.ReadCloser, error) {
	path, err := uploadPath(id)
	if err != nil {
		return nil, err
	}
	r, err := s.bucket.NewReader(ctx, path, nil)
	if gcerrors.Code(err) == gcerrors.NotFound {
		return nil, fmt.Errorf("%w: upload %s", ErrNotFound, id)
	}
	if err != nil {
		return nil, fmt.Errorf("read upload: %w", err)
	}
	return r, nil
}

// DeleteUpload removes an upload; one that is not there is no error. It fails with ErrName.
func (s *Store) DeleteUpload(ctx context.Context, id string) error {
	path, err := uploadPath(id)
	if err != nil {
		return err
	}
	if err := s.bucket.Delete(ctx, path); err != nil && gcerrors.Code(err) != gcerrors.NotFound {
		return fmt.Errorf("delete upload: %w", err)
	}
	return nil
}
