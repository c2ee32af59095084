package mutant

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"slices"
)

// Choose draws at most n of the sites, the same ones for the same seed: one of each operator in turn, so that the rare
// sorts are in it. What it draws for n it also draws, first, for more.
func Choose(sites []Site, n int, seed uint64) []Site {
	by := map[string][]Site{}
	for _, s := range sites {
		by[s.Operator] = append(by[s.Operator], s)
	}
	var operators []string
	for name, list := range by {
		operators = append(operators, name)
		slices.SortFunc(list, func(a, b Site) int {
			return cmp.Or(cmp.Compare(lot(seed, a.ID), lot(seed, b.ID)), cmp.Compare(a.ID, b.ID))
		})
	}
	slices.Sort(operators)
	var out []Site
	for round := 0; len(out) < min(n, len(sites)); round++ {
		for _, name := range operators {
			if round < len(by[name]) && len(out) < n {
				out = append(out, by[name][round])
			}
		}
	}
	return out
}

func lot(seed uint64, id string) uint64 {
	sum := sha256.Sum256(binary.LittleEndian.AppendUint64([]byte(id), seed))
	return binary.LittleEndian.Uint64(sum[:])
}
