package recorder

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/playwright-community/playwright-go"

	"tapedeck/artifacts"
	"tapedeck/domain/recording"
	"tapedeck/workers"
)

// storedFile is one artefact in metadata.json.
type storedFile struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// store keeps a file and returns its name; "" when it could not be kept, which is said.
func (s *session) store(ctx context.Context, name string, r io.Reader) string {
	fact, err := s.job.Store(ctx, name, "", r)
	switch {
	case errors.Is(err, workers.ErrAttemptOver), ctx.Err() != nil:
		return ""
	case err != nil:
		s.note("%s was not kept: %v", name, err)
		return ""
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stored = append(s.stored, storedFile{Name: name, Size: fact.Size, SHA256: fact.SHA256.String()})
	return name
}

func (s *session) storeFile(ctx context.Context, name, path string) string {
	f, err := os.Open(path)
	if err != nil {
		s.note("%s was not kept: %v", name, errors.Unwrap(err))
		return ""
	}
	defer func() { _ = f.Close() }()
	return s.store(ctx, name, f)
}

// pipe stores what write writes, without a file in between.
func (s *session) pipe(ctx context.Context, name string, write func(io.Writer) error) string {
	r, w := io.Pipe()
	go func() { _ = w.CloseWithError(write(w)) }()
	defer func() { _ = r.Close() }() // a writer that nobody reads ends
	return s.store(ctx, name, r)
}

// discard takes back what was stored: the recording was thrown away.
func (s *session) discard(ctx context.Context) {
	s.mu.Lock()
	var names []string
	for _, f := range s.stored {
		names = append(names, f.Name)
	}
	s.stored = nil
	s.mu.Unlock()
	if err := s.job.Discard(ctx, names...); err != nil {
		s.cfg.Logger.Warn("artefacts of a cancelled recording remain", "job", s.job.ID(), "error", err)
	}
}

// uploadOf gives the bytes of a file that was uploaded in the recording that is run again.
func (s *session) uploadOf(ctx context.Context, file recording.File) (playwright.InputFile, error) {
	from := s.in.From.RecordingID
	if s.cfg.Files == nil || from == "" || file.Artifact == "" {
		return playwright.InputFile{}, fmt.Errorf("the bytes of %q were not kept", file.Name)
	}
	state, err := s.cfg.Jobs.LoadRecording(ctx, from)
	if err != nil {
		return playwright.InputFile{}, err
	}
	r, err := s.cfg.Files.Read(ctx, artifacts.Key{JobID: from, Attempt: max(state.Attempt, 1), Name: file.Artifact}, 0, -1)
	if err != nil {
		return playwright.InputFile{}, err
	}
	defer func() { _ = r.Close() }()
	data, err := io.ReadAll(io.LimitReader(r, maxUpload))
	return playwright.InputFile{Name: file.Name, MimeType: file.ContentType, Buffer: data}, err
}

// maxUpload bounds a file that is given to a page: it travels through the driver's pipe.
const maxUpload = 50 << 20
