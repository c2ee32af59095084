package workers

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"tapedeck/domain/job"
)

// Registry is the set of kinds that a process knows. It does not change once it is made.
type Registry struct {
	byName map[string]Kind
	specs  []Spec
}

// NewRegistry checks the kinds' specs and fails with all their faults.
func NewRegistry(kinds ...Kind) (*Registry, error) {
	r := &Registry{byName: map[string]Kind{}}
	var errs []error
	for _, k := range kinds {
		s := k.Spec()
		if !job.ValidName(s.Name) || !job.ValidName(s.Queue) {
			errs = append(errs, fmt.Errorf("kind %q on queue %q: not a valid name", s.Name, s.Queue))
		}
		if r.byName[s.Name] != nil {
			errs = append(errs, fmt.Errorf("kind %q is registered twice", s.Name))
		}
		r.byName[s.Name] = k
		r.specs = append(r.specs, s)
	}
	slices.SortFunc(r.specs, func(a, b Spec) int { return strings.Compare(a.Name, b.Name) })
	return r, errors.Join(errs...)
}

// Lookup returns a kind by its name.
func (r *Registry) Lookup(name string) (Kind, bool) {
	k, ok := r.byName[name]
	return k, ok
}

// Specs lists the kinds by name.
func (r *Registry) Specs() []Spec { return slices.Clone(r.specs) }

// Queues lists the queues that the kinds go to by default.
func (r *Registry) Queues() []string {
	var out []string
	for _, s := range r.specs {
		out = append(out, s.Queue)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
