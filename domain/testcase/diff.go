package testcase

import (
	"fmt"
	"slices"
	"strings"
)

// Change is one part of a case that differs between two versions of it. Before is empty for what was added, After for what
// was taken away.
type Change struct {
	// Path leads to it with slashes; a step is named by its id: "steps/2/expected".
	Path   string `json:"path"`
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
}

// Diff lists what a person reads differently in two versions of a case, in the order of the case.
func Diff(before, after Case) []Change {
	var out []Change
	compare := func(path, a, b string) {
		if a != b {
			out = append(out, Change{Path: path, Before: a, After: b})
		}
	}
	compare("title", before.Title, after.Title)
	compare("type", string(before.Type), string(after.Type))
	compare("priority", string(before.Priority), string(after.Priority))
	for i := range max(len(before.Preconditions), len(after.Preconditions)) {
		compare(fmt.Sprintf("preconditions/%d", i), at(before.Preconditions, i), at(after.Preconditions, i))
	}
	for _, s := range after.Steps {
		old, _ := before.step(s.ID)
		compare("steps/"+s.ID+"/action", old.Action, s.Action)
		compare("steps/"+s.ID+"/data", old.Data, s.Data)
		compare("steps/"+s.ID+"/expected", old.Expected, s.Expected)
	}
	for _, s := range before.Steps {
		if _, there := after.step(s.ID); !there {
			out = append(out, Change{Path: "steps/" + s.ID, Before: strings.TrimSpace(s.Action + " " + s.Data)})
		}
	}
	kept := slices.DeleteFunc(before.stepIDs(), func(id string) bool { _, there := after.step(id); return !there })
	same := slices.DeleteFunc(after.stepIDs(), func(id string) bool { _, there := before.step(id); return !there })
	compare("order", strings.Join(kept, " "), strings.Join(same, " "))
	compare("tags", strings.Join(before.Tags, ", "), strings.Join(after.Tags, ", "))
	return out
}

func at(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return ""
}

func (c Case) step(id string) (Step, bool) {
	i := slices.IndexFunc(c.Steps, func(s Step) bool { return s.ID == id })
	if i < 0 {
		return Step{}, false
	}
	return c.Steps[i], true
}

func (c Case) stepIDs() []string {
	ids := make([]string, len(c.Steps))
	for i, s := range c.Steps {
		ids[i] = s.ID
	}
	return ids
}
