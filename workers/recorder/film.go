package recorder

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/playwright-community/playwright-go"
	"golang.org/x/sync/errgroup"

	"tapedeck/workers/video"
)

// film keeps the frames that were shown, and thins them out when there are too
// many: every other one goes, and from then on only half as many come in.
type film struct {
	dir    string
	max    int
	mu     sync.Mutex
	frames []video.Frame
	gap    time.Duration // at least this between two
	seq    int
	prev   []byte // the last one's bytes, to pass over equal ones
	over   bool   // they are being stored
}

func newFilm(dir string, most int) (*film, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return &film{dir: dir, max: max(most, 4)}, nil
}

// add keeps a frame that differs from the one before. What must not be shown is painted over already.
func (f *film) add(page string, width, height int, at time.Duration, picture []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.over {
		return
	}
	if n := len(f.frames); n > 0 {
		last := f.frames[n-1]
		if last.Page == page && bytes.Equal(f.prev, picture) {
			return
		}
		if at-time.Duration(last.OffsetMS)*time.Millisecond < f.gap && last.Page == page {
			f.replaceLast(picture)
			return
		}
	}
	f.seq++
	path := fmt.Sprintf("%s/%06d.jpg", f.dir, f.seq)
	if os.WriteFile(path, picture, 0o600) != nil {
		return
	}
	f.prev = picture
	f.frames = append(f.frames, video.Frame{OffsetMS: at.Milliseconds(), Page: page, Width: width, Height: height, Path: path})
	if len(f.frames) > f.max {
		f.thin()
	}
}

// standIn keeps a step's picture of a page that has no frame yet: one is kept only when the page held still while it was
// looked at, which a page that was left soon may not have done.
func (f *film) standIn(page string, size playwright.Size, at time.Duration, picture []byte) {
	f.mu.Lock()
	missing := !slices.ContainsFunc(f.frames, func(fr video.Frame) bool { return fr.Page == page })
	f.mu.Unlock()
	if missing {
		f.add(page, size.Width, size.Height, at, picture)
	}
}

func (f *film) empty() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.frames) == 0
}

// replaceLast: what is shown in the end counts, not what passed by.
func (f *film) replaceLast(picture []byte) {
	if os.WriteFile(f.frames[len(f.frames)-1].Path, picture, 0o600) == nil {
		f.prev = picture
	}
}

func (f *film) thin() {
	kept := f.frames[:0]
	for i, fr := range f.frames {
		if i%2 == 0 || i == len(f.frames)-1 {
			kept = append(kept, fr)
		} else {
			_ = os.Remove(fr.Path)
		}
	}
	f.frames = kept
	f.gap = max(2*f.gap, 200*time.Millisecond)
}

// end returns the frames with the names that they are stored under; none is added any more.
func (f *film) end() []video.Frame {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.over = true
	out := make([]video.Frame, len(f.frames))
	for i, fr := range f.frames {
		fr.File = fmt.Sprintf("%06d.jpg", i+1)
		out[i] = fr
	}
	return out
}

// storeFilm stores the frames, their index, and the video made of them.
func (s *session) storeFilm(ctx context.Context, length time.Duration) (thumbnail string) {
	if s.film == nil {
		return ""
	}
	kept := s.storeFrames(ctx, s.film.end())
	if len(kept) == 0 {
		s.note("no video: no page was shown long enough to keep a picture of it without secrets")
		return ""
	}
	index, err := json.Marshal(kept)
	if err == nil {
		s.store(ctx, "film/index.json", bytes.NewReader(index))
	}
	s.storeVideo(ctx, kept, length)
	return "film/" + kept[len(kept)-1].File
}

// framesAtOnce is how many frames are stored at the same time: each waits for the disk and for the tape.
const framesAtOnce = 8

// storeFrames returns the frames that could be kept.
func (s *session) storeFrames(ctx context.Context, frames []video.Frame) (kept []video.Frame) {
	stored := make([]bool, len(frames))
	var all errgroup.Group
	all.SetLimit(framesAtOnce)
	for i, fr := range frames {
		all.Go(func() error {
			stored[i] = s.storeFile(ctx, "film/"+fr.File, fr.Path) != ""
			return nil
		})
	}
	_ = all.Wait()
	for i, fr := range frames {
		if stored[i] {
			kept = append(kept, fr)
		}
	}
	return kept
}

func (s *session) storeVideo(ctx context.Context, frames []video.Frame, length time.Duration) {
	ffmpeg, err := s.cfg.Browser.Places.FindFFmpeg()
	if err != nil {
		s.note("%v", err)
		return
	}
	out := s.path("video.webm")
	if err := video.Encode(ctx, ffmpeg, s.path("frames.txt"), out, frames, length); err != nil {
		s.note("no video: %v", err)
		return
	}
	s.storeFile(ctx, "video.webm", out)
}
