package live

import (
	"iter"

	"tapedeck/eventstore"
)

// Mode is what a subscription gets.
type Mode string

// The modes.
const (
	// All is every matching event.
	All Mode = "all"
	// Coalesce is the latest state of the jobs with matching events, some times a second.
	Coalesce Mode = "coalesce"
)

// group is the members that get the same frames: same filter, mode and encoding. The hub's lock guards it.
type group struct {
	key      groupKey
	id       string
	mode     Mode
	encoding Encoding
	match    *matcher
	members  map[*Sub]struct{}
	// told is the last cursor that every member knows.
	told eventstore.Cursor
	// dirty and folded are what the next coalesced message reports.
	dirty  map[string]struct{}
	folded int
	// flushing says that such a message is being made: until it is queued, nothing may claim its cursor.
	flushing bool
}

type groupKey struct{ id, encoding string }

func (g *group) fold(run []*Entry) {
	for _, e := range run {
		if id, ok := e.jobID(); ok {
			g.dirty[id] = struct{}{}
			g.folded++
		}
	}
}

// groups finds the groups that an event may concern without asking all of them: most pages watch one job.
type groups struct {
	byKey map[groupKey]*group
	byJob map[string]map[*group]struct{}
	wide  map[*group]struct{} // those that do not name jobs
	// labelled counts groups that need their entries' labels.
	labelled int
}

func newGroups() groups {
	return groups{byKey: map[groupKey]*group{}, byJob: map[string]map[*group]struct{}{}, wide: map[*group]struct{}{}}
}

func (gs *groups) all() iter.Seq[*group] {
	return func(yield func(*group) bool) {
		for _, g := range gs.byKey {
			if !yield(g) {
				return
			}
		}
	}
}

// match returns the entries that concern each group, in order.
func (gs *groups) match(entries []*Entry) map[*group][]*Entry {
	runs := map[*group][]*Entry{}
	for _, e := range entries {
		for g := range gs.wide {
			if g.match.matches(e) {
				runs[g] = append(runs[g], e)
			}
		}
		for g := range gs.byJob[e.Subject] {
			if g.match.matches(e) {
				runs[g] = append(runs[g], e)
			}
		}
	}
	return runs
}

// join makes s a member of its group, which begins at cursor when s is the first.
func (gs *groups) join(s *Sub, at eventstore.Cursor) *group {
	key := s.key()
	g := gs.byKey[key]
	if g == nil {
		g = &group{
			key: key, id: s.id, mode: s.mode, encoding: s.client.encoding, match: s.match,
			members: map[*Sub]struct{}{}, told: at, dirty: map[string]struct{}{},
		}
		gs.add(g)
	}
	g.members[s] = struct{}{}
	s.group, s.match = g, g.match // one matcher for all members
	return g
}

func (gs *groups) add(g *group) {
	gs.byKey[g.key] = g
	if g.match.needsLabels() {
		gs.labelled++
	}
	if len(g.match.filter.Jobs) == 0 {
		gs.wide[g] = struct{}{}
	}
	for _, id := range g.match.filter.Jobs {
		if gs.byJob[id] == nil {
			gs.byJob[id] = map[*group]struct{}{}
		}
		gs.byJob[id][g] = struct{}{}
	}
}

// leave takes s out; the last one out removes the group.
func (gs *groups) leave(s *Sub) {
	g := s.group
	if g == nil {
		return
	}
	s.group = nil
	delete(g.members, s)
	if len(g.members) > 0 {
		return
	}
	delete(gs.byKey, g.key)
	delete(gs.wide, g)
	if g.match.needsLabels() {
		gs.labelled--
	}
	for _, id := range g.match.filter.Jobs {
		delete(gs.byJob[id], g)
		if len(gs.byJob[id]) == 0 {
			delete(gs.byJob, id)
		}
	}
}
