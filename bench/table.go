package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

// figure is one line of the table: the median of its runs, and the target it
// is held against, if it has one.
type figure struct {
	Section string    `json:"section"`
	Name    string    `json:"name"`
	Unit    string    `json:"unit"`
	Runs    []float64 `json:"runs"`
	Ratio   float64   `json:"ratio,omitempty"` // to what RatioTo names
	RatioTo string    `json:"ratioTo,omitempty"`
	Target  *target   `json:"target,omitempty"`
	Note    string    `json:"note,omitempty"`
}

// target holds either the figure itself or its ratio against a bound: AtMost, unless there is an AtLeast.
type target struct {
	OfRatio bool    `json:"ofRatio,omitempty"`
	AtLeast float64 `json:"atLeast,omitempty"`
	AtMost  float64 `json:"atMost,omitempty"`
}

func atLeast(v float64) *target      { return &target{AtLeast: v} }
func atMost(v float64) *target       { return &target{AtMost: v} }
func ratioAtLeast(v float64) *target { return &target{OfRatio: true, AtLeast: v} }

func (f figure) median() float64 { return median(f.Runs) }

func (f figure) reached() bool {
	v := f.median()
	if f.Target.OfRatio {
		v = f.Ratio
	}
	if f.Target.AtLeast != 0 {
		return v >= f.Target.AtLeast
	}
	return v <= f.Target.AtMost
}

// against sets the ratio of f to the median of a reference figure.
func (f figure) against(ref figure) figure {
	if m := ref.median(); m > 0 {
		f.Ratio, f.RatioTo = f.median()/m, ref.Name
	}
	return f
}

func (t target) String() string {
	s := "≤ " + number(t.AtMost)
	if t.AtLeast != 0 {
		s = "≥ " + number(t.AtLeast)
	}
	if t.OfRatio {
		s += " ×"
	}
	return s
}

func median(runs []float64) float64 {
	if len(runs) == 0 {
		return math.NaN()
	}
	s := slices.Sorted(slices.Values(runs))
	if n := len(s); n%2 == 0 {
		return (s[n/2-1] + s[n/2]) / 2
	}
	return s[len(s)/2]
}

func printTable(w io.Writer, figures []figure) {
	var rows [][]string
	section := ""
	for _, f := range figures {
		if f.Section != section {
			section = f.Section
			rows = append(rows, nil, []string{section})
		}
		ratio, want, verdict := "", "", ""
		if f.RatioTo != "" {
			ratio = fmt.Sprintf("%.2f × %s", f.Ratio, f.RatioTo)
		}
		if f.Target != nil {
			want, verdict = f.Target.String(), "NOT REACHED"
			if f.reached() {
				verdict = "reached"
			}
		}
		rows = append(rows, []string{"  " + f.Name, number(f.median()) + " " + f.Unit, spread(f.Runs), ratio, want, verdict, f.Note})
	}
	widths := make([]int, 7)
	for _, r := range rows {
		for i, c := range r {
			if len(r) > 1 {
				widths[i] = max(widths[i], len([]rune(c)))
			}
		}
	}
	for _, r := range rows {
		var line strings.Builder
		for i, c := range r {
			line.WriteString(c + strings.Repeat(" ", max(0, widths[i]-len([]rune(c)))+2))
		}
		fmt.Fprintln(w, strings.TrimRight(line.String(), " "))
	}
}

func spread(runs []float64) string {
	if len(runs) < 2 {
		return ""
	}
	return fmt.Sprintf("(%s … %s, n=%d)", number(slices.Min(runs)), number(slices.Max(runs)), len(runs))
}

// number prints three significant digits, with thousands separated.
func number(v float64) string {
	switch a := math.Abs(v); {
	case math.IsNaN(v):
		return "n/a"
	case a >= 1000:
		return thousands(int64(math.Round(v)))
	case a >= 100 || a == math.Trunc(a):
		return fmt.Sprintf("%.0f", v)
	case a >= 10:
		return fmt.Sprintf("%.1f", v)
	default:
		return fmt.Sprintf("%.2f", v)
	}
}

func thousands(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
