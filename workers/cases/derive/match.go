package derive

import (
	"cmp"
	"slices"
)

// How much has to be the same for a passage to belong to something.
const (
	mostOfThing   = 0.5 // of what the thing is called, by weight
	mostOfPassage = 0.6 // of what the passage says, when the thing is called otherwise
)

type ranked struct {
	passage int
	score   float64
}

// match finds the passages that speak of something: they have most of its words and one more that it or the page around it
// has, or most of what they say is there. The best come first.
func (d *deriver) match(about, around terms, most int) []int {
	if len(about) == 0 {
		return nil
	}
	whole := d.rare.sum(about)
	both := about.with(around)
	var found []ranked
	for i, p := range d.passages {
		core := about.shared(p.own)
		if len(core) == 0 {
			continue
		}
		shared := both.shared(p.own)
		named := d.rare.sum(about.shared(p.all)) / whole
		said := 0.0
		if p.weight > 0 {
			said = d.rare.sum(shared) / p.weight
		}
		if named >= mostOfThing && len(both.shared(p.all)) > 1 || said >= mostOfPassage && len(shared) > 2 {
			found = append(found, ranked{i, named + said})
		}
	}
	slices.SortStableFunc(found, func(a, b ranked) int { return cmp.Compare(b.score, a.score) })
	var out []int
	for _, f := range found[:min(len(found), most)] {
		out = append(out, f.passage)
	}
	return out
}

// touch notes that a part of the flow belongs to a passage; the first one that does is where it is looked at.
func (d *deriver) touch(passage, part int) {
	d.touched[passage] = true
	if d.passages[passage].part == 0 {
		d.passages[passage].part = part + 1
	}
}
