package artifacts

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"

	"gocloud.dev/gcerrors"

	"tapedeck/domain/event"
)

// Texts are files that are named by their own digest: equal ones are kept once, and none ever changes. They outlive the
// jobs that stored them.

func textPath(digest event.Hash) string {
	name := hex.EncodeToString(digest[:])
	return "texts/" + name[:2] + "/" + name
}

// PutText keeps a text and returns its SHA-256. When it returns, the text is durable.
func (s *Store) PutText(ctx context.Context, text []byte) (event.Hash, error) {
	digest := event.Hash(sha256.Sum256(text))
	path := textPath(digest)
	if there, err := s.bucket.Exists(ctx, path); err != nil || there {
		return digest, wrapText("store", err)
	}
	_, err := s.write(ctx, path, "text/markdown; charset=utf-8", bytes.NewReader(text))
	return digest, wrapText("store", err)
}

// OpenText reads a text. It fails with ErrNotFound.
func (s *Store) OpenText(ctx context.Context, digest event.Hash) (io.ReadCloser, error) {
	r, err := s.bucket.NewReader(ctx, textPath(digest), nil)
	if gcerrors.Code(err) == gcerrors.NotFound {
		return nil, fmt.Errorf("%w: text %s", ErrNotFound, hex.EncodeToString(digest[:]))
	}
	return r, wrapText("read", err)
}

func wrapText(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s text: %w", what, err)
}
