package stage_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// BenchmarkFrames counts the frames a second of a page that changes everywhere all the time.
func BenchmarkFrames(b *testing.B) {
	s := setup(b, pages{"/": animation})
	v := s.join("ann")
	s.open("/")
	require.Eventually(b, func() bool { return len(v.frames()) > 10 }, patience, blink)
	from, start := len(v.frames()), time.Now()
	for b.Loop() {
		<-time.After(time.Second)
	}
	b.ReportMetric(float64(len(v.frames())-from)/time.Since(start).Seconds(), "frames/s")
}

// BenchmarkClick measures the time from a click on the canvas to the frame that shows what it did.
func BenchmarkClick(b *testing.B) {
	s := setup(b, pages{"/": `<body style="margin:0;height:100vh;background:#f00" onmousedown="n=!window.n;window.n=n;document.body.style.background=n?'#00f':'#f00'">`})
	v := s.join("ann")
	s.open("/")
	v.sees(400, 300, 255, 0, 0)
	var took []float64
	for b.Loop() {
		blue := len(took)%2 == 0
		start := time.Now()
		v.click(400, 300)
		for {
			p := pixel(v.picture(), 400, 300)
			if near(p[2], 255) == blue && near(p[0], 255) != blue {
				break
			}
			<-time.After(time.Millisecond)
		}
		took = append(took, float64(time.Since(start).Microseconds())/1000)
		<-time.After(50 * time.Millisecond) // a person does not click at once again
	}
	slices.Sort(took)
	b.ReportMetric(took[len(took)/2], "ms-median")
	b.ReportMetric(took[len(took)*95/100], "ms-p95")
}
