package video

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// Frame is one picture, as a list of a film's frames has it.
type Frame struct {
	File     string `json:"file"`
	OffsetMS int64  `json:"offsetMs"`
	Page     string `json:"page"`
	Width    int    `json:"width,omitempty"`
	Height   int    `json:"height,omitempty"`

	// Path is where the JPEG lies.
	Path string `json:"-"`
}

// lastFrame is how long the last frame is shown at least.
const lastFrame = 500 * time.Millisecond

// Encode makes a WebM of the frames with the program ffmpeg, each shown as long as it was; list is a file that it may
// write. The video has the first frame's size. Whatever a frame's file pretends to be, it is read as a picture.
func Encode(ctx context.Context, ffmpeg, list, out string, frames []Frame, length time.Duration) error {
	var script strings.Builder
	script.WriteString("ffconcat version 1.0\n")
	for i, fr := range frames {
		end := max(length, time.Duration(fr.OffsetMS)*time.Millisecond+lastFrame)
		if i+1 < len(frames) {
			end = time.Duration(frames[i+1].OffsetMS) * time.Millisecond
		}
		shown := max(end-time.Duration(fr.OffsetMS)*time.Millisecond, time.Millisecond)
		fmt.Fprintf(&script, "file '%s'\nduration %.3f\n", strings.ReplaceAll(fr.Path, "'", `'\''`), shown.Seconds())
	}
	fmt.Fprintf(&script, "file '%s'\n", strings.ReplaceAll(frames[len(frames)-1].Path, "'", `'\''`)) // or its duration is not heeded
	if err := os.WriteFile(list, []byte(script.String()), 0o600); err != nil {
		return err
	}
	w, h := even(frames[0].Width), even(frames[0].Height)
	size := fmt.Sprintf("scale=%d:%d:force_original_aspect_ratio=decrease,pad=%d:%d:(ow-iw)/2:(oh-ih)/2,format=yuv420p", w, h, w, h)
	cmd := exec.CommandContext(ctx, ffmpeg, "-hide_banner", "-loglevel", "error", "-nostdin", "-y", "-format_whitelist", "concat,image2,jpeg_pipe", "-f", "concat", "-safe", "0", "-i", list,
		"-vf", size, "-fps_mode", "vfr", "-c:v", "libvpx", "-b:v", "1M", "-crf", "20", "-deadline", "realtime", "-cpu-used", "8", "-threads", "1", out) // threads of libvpx spin while they wait for each other
	var said bytes.Buffer
	cmd.Stderr = &limitedWriter{w: &said, left: 2000}
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(said.String()))
	}
	return nil
}

func even(n int) int { return max(n, 2) / 2 * 2 }

// limitedWriter takes everything and keeps the beginning.
type limitedWriter struct {
	w    io.Writer
	left int
}

func (l *limitedWriter) Write(p []byte) (int, error) {
	n := min(len(p), l.left)
	l.left -= n
	_, err := l.w.Write(p[:n])
	return len(p), err
}
