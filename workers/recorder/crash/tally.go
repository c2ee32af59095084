package crash

import "strings"

// Tally counts how cases ended.
type Tally map[Outcome]int

// Cases are all of them.
func (t Tally) Cases() int {
	n := 0
	for _, c := range t {
		n += c
	}
	return n
}

// Survived is the share of cases that left the element and found it, in per cent; 0 when there are none.
func (t Tally) Survived() float64 { return share(t[Found], t[Wrong]+t[Lost]) }

// Honest is the share of cases that removed the element and said so, in per cent; 0 when there are none.
func (t Tally) Honest() float64 { return share(t[Gone], t[Mistaken]) }

func share(right, otherwise int) float64 {
	if right+otherwise == 0 {
		return 0
	}
	return 100 * float64(right) / float64(right+otherwise)
}

// Count tallies results by a key, such as ByOperator.
func Count(results []Result, key func(Result) string) map[string]Tally {
	out := map[string]Tally{}
	for _, r := range results {
		if out[key(r)] == nil {
			out[key(r)] = Tally{}
		}
		out[key(r)][r.Outcome]++
	}
	return out
}

// ByOperator is the name of the change.
func ByOperator(r Result) string { return r.Operator.Name }

// ByApplication is what a sample's name begins with, up to the slash.
func ByApplication(r Result) string {
	name, _, _ := strings.Cut(r.Sample, "/")
	return name
}

// Together is one key for all.
func Together(Result) string { return "" }
