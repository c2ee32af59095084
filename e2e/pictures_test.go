package e2e

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	_ "image/jpeg"
	_ "image/png"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// pictures reads what is to be seen in pictures, each that looks different once.
type pictures struct {
	t     *testing.T
	dir   string
	seen  []thumbnail
	texts map[string]string // by the picture's name
	looks int
}

func newPictures(t *testing.T) *pictures {
	t.Helper()
	_, err := exec.LookPath("tesseract")
	require.NoError(t, err, "run `make deps-test`")
	return &pictures{t: t, dir: t.TempDir(), texts: map[string]string{}}
}

// add reads a picture unless one that looks the same was read.
func (p *pictures) add(ctx context.Context, name string, b []byte) {
	p.t.Helper()
	p.looks++
	img, _, err := image.Decode(bytes.NewReader(b))
	require.NoError(p.t, err, name)
	small := shrink(img)
	if slices.ContainsFunc(p.seen, small.looksLike) {
		return
	}
	p.seen = append(p.seen, small)
	p.texts[name] = p.recognise(ctx, b)
}

// recognise is the text in a picture.
func (p *pictures) recognise(ctx context.Context, b []byte) string {
	p.t.Helper()
	cmd := exec.CommandContext(ctx, "tesseract", "stdin", "stdout", "--psm", "11", "--dpi", "96")
	cmd.Env = append(os.Environ(), "OMP_THREAD_LIMIT=1")
	cmd.Stdin = bytes.NewReader(b)
	out, err := cmd.Output()
	require.NoError(p.t, err)
	return string(out)
}

// video adds every frame of a film.
func (p *pictures) video(ctx context.Context, name string, b []byte) (frames int) {
	p.t.Helper()
	path := filepath.Join(p.dir, name)
	require.NoError(p.t, os.WriteFile(path, b, 0o600))
	out, err := exec.CommandContext(ctx, "ffmpeg", "-v", "error", "-i", path, "-fps_mode", "passthrough", filepath.Join(p.dir, "%06d.png")).CombinedOutput()
	require.NoError(p.t, err, "%s", out)
	files, err := filepath.Glob(filepath.Join(p.dir, "*.png"))
	require.NoError(p.t, err)
	for i, file := range files {
		picture, err := os.ReadFile(file)
		require.NoError(p.t, err)
		p.add(ctx, fmt.Sprintf("%s frame %d", name, i+1), picture)
	}
	return len(files)
}

// showing are the pictures in which a text is to be read.
func (p *pictures) showing(text string) (names []string) {
	for name, seen := range p.texts {
		if reads(seen, text) {
			names = append(names, name+": "+strings.Join(strings.Fields(seen), " "))
		}
	}
	slices.Sort(names)
	return names
}

// thumbnail is a picture in grey, small enough to be compared with all others
// and large enough that a line of text makes a difference.
type thumbnail []uint8

const thumbWidth, thumbHeight = 320, 200

func shrink(img image.Image) thumbnail {
	b := img.Bounds()
	out := make(thumbnail, thumbWidth*thumbHeight)
	for y := range thumbHeight {
		for x := range thumbWidth {
			x0, x1 := b.Min.X+x*b.Dx()/thumbWidth, b.Min.X+(x+1)*b.Dx()/thumbWidth
			y0, y1 := b.Min.Y+y*b.Dy()/thumbHeight, b.Min.Y+(y+1)*b.Dy()/thumbHeight
			sum, n := 0, 0
			for py := y0; py < max(y1, y0+1); py++ {
				for px := x0; px < max(x1, x0+1); px++ {
					sum += int(grey(img, px, py))
					n++
				}
			}
			out[y*thumbWidth+x] = uint8(sum / n)
		}
	}
	return out
}

func grey(img image.Image, x, y int) uint8 {
	if i, ok := img.(*image.YCbCr); ok {
		return i.Y[i.YOffset(x, y)]
	}
	return color.GrayModel.Convert(img.At(x, y)).(color.Gray).Y
}

// looksLike passes over what encoding a picture does to it, and not a letter.
func (a thumbnail) looksLike(b thumbnail) bool {
	differ := 0
	for i := range a {
		if d := int(a[i]) - int(b[i]); d > 40 || d < -40 {
			if differ++; differ > 4 {
				return false
			}
		}
	}
	return true
}

// reads says whether a text was recognised, give or take letters that look alike and one in six that was misread. The
// beginning counts as the whole.
func reads(seen, text string) bool {
	seen, text = alike(seen), alike(text)
	return near(seen, text, len(text)/6) || len(text) > 8 && near(seen, text[:8], 1)
}

// alike takes out everything but letters and digits, and makes those one that recognisers take for one another.
func alike(s string) string {
	s = strings.NewReplacer("i", "1", "l", "1", "|", "1", "!", "1", "o", "0", "s", "5", "z", "2", "b", "8", "g", "9", "q", "9", "t", "7").Replace(strings.ToLower(s))
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
}

// near says whether a part of the text is at most so many edits away.
func near(text, want string, edits int) bool {
	row := make([]int, len(want)+1)
	for i := range row {
		row[i] = i
	}
	for k := range len(text) {
		before := row[0]
		row[0] = 0
		for i := 1; i <= len(want); i++ {
			cost := before
			if want[i-1] != text[k] {
				cost++
			}
			before = row[i]
			row[i] = min(cost, row[i]+1, row[i-1]+1)
		}
		if row[len(want)] <= edits {
			return true
		}
	}
	return false
}
