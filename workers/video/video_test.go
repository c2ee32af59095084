package video_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"tapedeck/workers/recorder/browser"
	"tapedeck/workers/video"
)

func picture(t testing.TB, grey uint8) []byte {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 64, 36))
	for i := range img.Pix {
		img.Pix[i] = color.Gray{Y: grey}.Y
	}
	var b bytes.Buffer
	require.NoError(t, jpeg.Encode(&b, img, nil))
	return b.Bytes()
}

func trace(t testing.TB, files map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, data := range files {
		w, err := z.Create(name)
		require.NoError(t, err)
		_, err = w.Write(data)
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	return b.Bytes()
}

func shot(file string, at float64) string {
	return fmt.Sprintf("{\"type\":\"screencast-frame\",\"pageId\":\"page@1\",\"file\":%q,\"width\":1280,\"height\":720,\"timestamp\":%g}\n", file, at)
}

func TestAFilmIsWhatATraceShows(t *testing.T) {
	t.Parallel()
	data := trace(t, map[string][]byte{
		"screencast/a.jpeg": picture(t, 10), "screencast/b.jpeg": picture(t, 200), "screencast/evil.jpeg": []byte("#EXTM3U\nfile:///etc/passwd\n"),
		"1-trace.trace": []byte(`{"type":"before","title":"screencast-frame"}` + "\nno JSON\n" +
			shot("screencast/b.jpeg", 1700) + shot("screencast/evil.jpeg", 1300) + shot("screencast/gone.jpeg", 1400) + shot("screencast/a.jpeg", 1000)),
		"0-trace.trace": []byte(shot("screencast/b.jpeg", 1800)),
	})
	frames, err := video.FromTrace(bytes.NewReader(data), int64(len(data)), t.TempDir())
	require.NoError(t, err)
	require.Len(t, frames, 2, "by time, without what is no picture or shows the same again")
	require.Equal(t, []int64{0, 700}, []int64{frames[0].OffsetMS, frames[1].OffsetMS})
	require.Equal(t, 64, frames[0].Width)

	ffmpeg, err := browser.Places{}.FindFFmpeg()
	require.NoError(t, err)
	dir := t.TempDir()
	out := filepath.Join(dir, "video.webm")
	require.NoError(t, video.Encode(t.Context(), ffmpeg, filepath.Join(dir, "list.txt"), out, frames, 0))
	film, err := os.ReadFile(out)
	require.NoError(t, err)
	require.True(t, bytes.HasPrefix(film, []byte("\x1a\x45\xdf\xa3")), "no WebM")

	// A file that is no picture is not read as what it says it is.
	require.NoError(t, os.WriteFile(frames[0].Path, []byte("ffconcat version 1.0\nfile '/etc/hostname'\n"), 0o600))
	require.Error(t, video.Encode(t.Context(), ffmpeg, filepath.Join(dir, "list.txt"), out, frames[:1], 0))
}

func TestALongFilmKeepsItsEnd(t *testing.T) {
	t.Parallel()
	files := map[string][]byte{"a.jpg": picture(t, 10), "b.jpg": picture(t, 200)}
	var events bytes.Buffer
	for i := range 2000 {
		events.WriteString(shot([]string{"a.jpg", "b.jpg"}[i%2], float64(i)*100))
	}
	files["x.trace"] = events.Bytes()
	data := trace(t, files)
	frames, err := video.FromTrace(bytes.NewReader(data), int64(len(data)), t.TempDir())
	require.NoError(t, err)
	require.Len(t, frames, 600)
	require.Equal(t, int64(59_900), frames[599].OffsetMS)
}

func FuzzFromTrace(f *testing.F) {
	f.Add(trace(f, map[string][]byte{"a.jpg": picture(f, 1), "x.trace": []byte(shot("a.jpg", 1))}))
	f.Fuzz(func(t *testing.T, data []byte) {
		frames, err := video.FromTrace(bytes.NewReader(data), int64(len(data)), t.TempDir())
		for _, fr := range frames {
			require.NoError(t, err)
			require.FileExists(t, fr.Path)
		}
	})
}
