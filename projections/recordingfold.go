package projections

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"zombiezen.com/go/sqlite"

	"tapedeck/domain/event"
	"tapedeck/domain/recording"
	"tapedeck/eventstore"
)

// recordingRow is a recording while it is folded. Its state is the fold of events whose steps are slim: what a list or
// a search shows of them.
type recordingRow struct {
	num      int64
	state    recording.State
	cursor   eventstore.Cursor
	isStored bool
	fresh    []slimEvent // not written yet
}

type slimEvent struct {
	version uint64
	fact    recording.Event
	at      time.Time
}

// keptRecordings bounds how many are kept in memory between batches.
const keptRecordings = 64

// recording folds an event of a recording's stream. One that is not the next of its stream is no part of it.
func (d *fold) recording(e *eventstore.Recorded) error {
	if e.Stream != recording.Stream(e.Subject) {
		d.at.skipped++
		return nil
	}
	r, err := d.recordingRow(e.Subject)
	if err != nil {
		return err
	}
	if e.Sequence != r.state.Version+1 {
		d.at.skipped++
		return nil
	}
	fact, err := recording.Decode(e.Type, e.SchemaVersion, e.Data)
	if err != nil || r.state.Version == 0 && e.Type != typeRecordingStarted {
		d.at.skipped++
		return nil
	}
	if r.state.Version == 0 {
		r.state.ID, r.state.Project = strings.Clone(e.Subject), strings.Clone(e.Project)
	}
	fact = slimFact(fact)
	r.state = recording.Evolve(r.state, fact, e.Time)
	r.cursor = e.Cursor(d.at.epoch)
	r.fresh = append(r.fresh, slimEvent{e.Sequence, fact, e.Time})
	if len(r.fresh) == 1 {
		d.edited = append(d.edited, r)
	}
	return nil
}

var typeRecordingStarted = recording.Started{}.EventType()

// slimFact leaves of a step what lists and searches need.
func slimFact(e recording.Event) recording.Event {
	switch e := e.(type) {
	case recording.StepRecorded:
		e.Step = slimStep(e.Step)
		return e
	case recording.StepChanged:
		e.Step = slimStep(e.Step)
		return e
	case recording.StepInserted:
		e.Step = slimStep(e.Step)
		return e
	default:
		return e
	}
}

func slimStep(s recording.Step) recording.Step {
	out := recording.Step{ID: s.ID, Type: s.Type, Title: clip(s.Title, 400), URL: clip(s.URL, 400), Note: clip(s.Note, 400)}
	if s.Assertion != nil {
		out.Assertion = &recording.Assertion{Claim: s.Assertion.Claim, Expected: clip(s.Assertion.Expected, 400)}
	}
	if s.Value != nil {
		out.Value = &recording.Value{Text: clip(s.Value.Text, 400)}
	}
	return out
}

// recordingRow returns the recording as it was folded last, from memory or its slim events, or an empty one.
func (d *fold) recordingRow(id string) (*recordingRow, error) {
	if r := d.file.tapes[id]; r != nil {
		return r, nil
	}
	r := &recordingRow{}
	var project string
	err := exec(d.file.conn, "SELECT num, project FROM recording WHERE id = ?", func(s *sqlite.Stmt) error {
		r.num, project, r.isStored = s.ColumnInt64(0), s.ColumnText(1), true
		return nil
	}, id)
	if err != nil {
		return nil, err
	}
	if r.isStored {
		r.state.ID, r.state.Project = id, project
		err = exec(d.file.conn, "SELECT type, at, data FROM recording_event WHERE num = ? ORDER BY version", func(s *sqlite.Stmt) error {
			fact, err := recording.Decode(s.ColumnText(0), event.SchemaVersion, columnBytes(s, 2))
			if err == nil {
				r.state = recording.Evolve(r.state, fact, time.Unix(0, s.ColumnInt64(1)).UTC())
			}
			return err
		}, r.num)
	}
	if len(d.file.tapes) >= keptRecordings || d.file.tapes == nil {
		kept := make(map[string]*recordingRow, keptRecordings)
		for _, touched := range d.edited { // they hold what is not written yet
			kept[touched.state.ID] = touched
		}
		d.file.tapes = kept
	}
	d.file.tapes[strings.Clone(id)] = r
	return r, err
}

func (d *fold) writeRecordings() error {
	for _, r := range d.edited {
		if err := d.writeRecording(r); err != nil {
			return fmt.Errorf("recording %s: %w", r.state.ID, err)
		}
	}
	return nil
}

func (d *fold) writeRecording(r *recordingRow) error {
	s := &r.state
	doc, err := json.Marshal(summarise(s, r.cursor), json.Deterministic(true))
	if err != nil {
		return err
	}
	if !r.isStored {
		err = exec(d.file.conn, "SELECT coalesce(max(num), 0) + 1 FROM recording", func(stmt *sqlite.Stmt) error {
			r.num = stmt.ColumnInt64(0)
			return nil
		})
		if err != nil {
			return err
		}
	}
	removed := 0
	if s.Removed {
		removed = 1
	}
	err = exec(d.file.conn, `INSERT INTO recording VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, CAST(? AS TEXT))
		ON CONFLICT (num) DO UPDATE SET folder = excluded.folder, name = excluded.name, status = excluded.status,
		removed = excluded.removed, steps = excluded.steps, duration = excluded.duration, updated = excluded.updated,
		doc = excluded.doc`, nil,
		r.num, s.ID, s.Project, s.Folder, s.Name, string(s.Status), removed, len(s.Steps), s.DurationMS, nanos(s.UpdatedAt), doc)
	if err != nil {
		return err
	}
	for _, e := range r.fresh {
		data, err := recording.Encode(e.fact)
		if err != nil {
			return err
		}
		err = exec(d.file.conn, "INSERT INTO recording_event VALUES (?, ?, ?, ?, CAST(? AS TEXT))", nil,
			r.num, int64(e.version), e.fact.EventType(), nanos(e.at), []byte(data))
		if err != nil {
			return err
		}
	}
	r.fresh = nil
	if r.isStored {
		return exec(d.file.conn, "UPDATE recording_text SET text = ? WHERE rowid = ?", nil, recordingText(s), r.num)
	}
	r.isStored = true
	return exec(d.file.conn, "INSERT INTO recording_text (rowid, text) VALUES (?, ?)", nil, r.num, recordingText(s))
}

func summarise(s *recording.State, at eventstore.Cursor) Recording {
	return Recording{
		ID: s.ID, Project: s.Project, Meta: s.Meta, Name: s.Name, Folder: s.Folder, Steps: len(s.Steps), Version: s.Version, Cursor: at,
	}
}

// recordingText is what search covers of a recording as it is now.
func recordingText(s *recording.State) string {
	parts := []string{s.ID, s.Name, s.Folder, s.URL}
	for _, step := range s.Steps {
		parts = append(parts, step.Title, step.URL, step.Note)
		if step.Assertion != nil {
			parts = append(parts, step.Assertion.Expected)
		}
		if step.Value != nil {
			parts = append(parts, step.Value.Text)
		}
	}
	parts = slices.DeleteFunc(parts, func(p string) bool { return p == "" })
	return clip(strings.Join(parts, "\n"), maxIndexed)
}
