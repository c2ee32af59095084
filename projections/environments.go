package projections

import (
	"context"
	"strings"

	"github.com/go-json-experiment/json"
	"zombiezen.com/go/sqlite"

	"tapedeck/domain/environment"
	"tapedeck/eventstore"
)

// Environments implements Reader.
func (p *Projector) Environments(ctx context.Context, project string) (EnvironmentList, error) {
	out := EnvironmentList{Items: []environment.State{}}
	err := p.read(ctx, func(conn *sqlite.Conn, at progress) error {
		out.Cursor = at.checkpoint
		w := where{}
		w.and("there = 1")
		if project != "" {
			w.and("project = ?", project)
		}
		return ask(conn, "SELECT doc FROM environment WHERE "+w.String()+" ORDER BY project, name", func(s *sqlite.Stmt) error {
			var e environment.State
			err := json.Unmarshal(columnBytes(s, 0), &e)
			out.Items = append(out.Items, e)
			return err
		}, w.args...)
	})
	return out, err
}

// EnvironmentList is all environments of a project, or of all, by project and name.
type EnvironmentList struct {
	Items []environment.State
	// Cursor is what the list reflects.
	Cursor eventstore.Cursor
}

// environment folds an event of an environment's stream. One that is not the next of its stream is no part of it.
func (d *fold) environment(e *eventstore.Recorded) error {
	project, name, ok := environment.ParseStream(e.Stream)
	if !ok || e.Project != project || e.Subject != name {
		d.at.skipped++
		return nil
	}
	s, known := d.environments[e.Stream]
	if !known {
		var err error
		if s, err = readEnvironment(d.file.conn, project, name); err != nil {
			return err
		}
	}
	if e.Sequence != s.Version+1 {
		d.at.skipped++
		return nil
	}
	next, err := environment.Fold(*s, e.Event, e.Hash)
	if err != nil {
		d.at.skipped++
		return nil
	}
	next.Project, next.Name = strings.Clone(project), strings.Clone(name)
	d.environments[strings.Clone(e.Stream)] = &next
	return nil
}

// readEnvironment is an environment as it was folded last; one that is not known has no version.
func readEnvironment(conn *sqlite.Conn, project, name string) (*environment.State, error) {
	s := &environment.State{Project: project, Name: name}
	err := exec(conn, "SELECT doc FROM environment WHERE project = ? AND name = ?", func(stmt *sqlite.Stmt) error {
		return json.Unmarshal(columnBytes(stmt, 0), s)
	}, project, name)
	return s, err
}

func (d *fold) writeEnvironments() error {
	for _, s := range d.environments {
		doc, err := json.Marshal(s, json.Deterministic(true))
		if err != nil {
			return err
		}
		there := 0
		if s.Exists() {
			there = 1
		}
		err = exec(d.file.conn, `INSERT INTO environment VALUES (?, ?, ?, CAST(? AS TEXT))
			ON CONFLICT DO UPDATE SET there = excluded.there, doc = excluded.doc`, nil, s.Project, s.Name, there, doc)
		if err != nil {
			return err
		}
	}
	return nil
}
