package video

import (
	"archive/zip"
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"image/jpeg"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

// Bounds of what is taken out of a trace: a test project writes it, or whatever it likes.
const (
	maxFrames  = 600
	maxPicture = 1 << 20
	maxEvents  = 64 << 20
	maxSide    = 4000
	maxLength  = time.Hour
)

// FromTrace lays the pictures of Playwright's trace into a folder: all that its pages showed, in the order of time; of a
// very long one the end. No frames are no error.
func FromTrace(trace io.ReaderAt, size int64, dir string) ([]Frame, error) {
	in, err := zip.NewReader(trace, size)
	if err != nil {
		return nil, fmt.Errorf("read the trace: %w", err)
	}
	files := map[string]*zip.File{}
	var shots []shot
	for _, f := range in.File {
		files[f.Name] = f
		if !strings.HasSuffix(f.Name, ".trace") {
			continue
		}
		found, err := shotsOf(f)
		if err != nil {
			return nil, fmt.Errorf("read the trace: %s: %w", f.Name, err)
		}
		shots = append(shots, found...)
	}
	slices.SortFunc(shots, func(a, b shot) int { return cmp.Compare(a.Timestamp, b.Timestamp) })
	shots = shots[max(len(shots)-maxFrames, 0):]
	var frames []Frame
	var before []byte
	for _, s := range shots {
		picture := pictureOf(files[s.File])
		shape, err := jpeg.DecodeConfig(bytes.NewReader(picture))
		after := s.Timestamp - shots[0].Timestamp
		if err != nil || shape.Width > maxSide || shape.Height > maxSide || after > float64(maxLength.Milliseconds()) || bytes.Equal(picture, before) {
			continue
		}
		before = picture
		name := fmt.Sprintf("%06d.jpg", len(frames)+1)
		fr := Frame{
			File: name, OffsetMS: int64(after), Page: s.Page, Width: shape.Width, Height: shape.Height,
			Path: filepath.Join(dir, name),
		}
		if err := os.WriteFile(fr.Path, picture, 0o600); err != nil {
			return nil, err
		}
		frames = append(frames, fr)
	}
	return frames, nil
}

// shot is the trace's event of a picture.
type shot struct {
	Type      string  `json:"type"`
	Page      string  `json:"pageId"`
	File      string  `json:"file"`
	Timestamp float64 `json:"timestamp"` // in milliseconds
}

const shotType = "screencast-frame"

func shotsOf(f *zip.File) ([]shot, error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	var out []shot
	lines := bufio.NewReader(io.LimitReader(r, maxEvents))
	for {
		line, err := lines.ReadBytes('\n')
		var s shot
		if bytes.Contains(line, []byte(shotType)) && json.Unmarshal(line, &s) == nil && s.Type == shotType {
			out = append(out, s)
		}
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// pictureOf is nil for what is not there or too large.
func pictureOf(f *zip.File) []byte {
	if f == nil || f.UncompressedSize64 > maxPicture {
		return nil
	}
	r, err := f.Open()
	if err != nil {
		return nil
	}
	defer func() { _ = r.Close() }()
	data, err := io.ReadAll(io.LimitReader(r, maxPicture))
	if err != nil {
		return nil
	}
	return data
}
