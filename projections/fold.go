package projections

import (
	_ "embed"
	"strings"

	"zombiezen.com/go/sqlite"

	"tapedeck/domain/environment"
	"tapedeck/domain/event"
	"tapedeck/domain/job"
	"tapedeck/domain/queue"
	"tapedeck/eventstore"
)

//go:embed schema.sql
var schema string

// jobModel has the jobs, queues, statistics, recordings and environments.
var jobModel = &model{
	name: "read models", schema: schema, version: 7, sections: jobSections, words: "job_text",
	tables: func(conn *sqlite.Conn) tables { return &jobTables{conn: conn} },
}

// jobTables implements tables.
type jobTables struct {
	conn  *sqlite.Conn
	rows  rowCache
	tapes map[string]*recordingRow // the recordings that were touched last
}

func (t *jobTables) begin(at *progress) batchFold {
	return &fold{
		file: t, at: at, stats: map[statKey]*statRow{}, queues: map[string]*queue.State{}, environments: map[string]*environment.State{},
	}
}

func (t *jobTables) forget() { t.rows, t.tapes = rowCache{}, nil }

// fold takes one batch in memory: each row that it touches is read once and written once.
type fold struct {
	file    *jobTables
	at      *progress
	touched []*row
	stats   map[statKey]*statRow
	queues  map[string]*queue.State
	edited  []*recordingRow
	// environments are those of the batch, by their streams.
	environments map[string]*environment.State
}

func (d *fold) event(e *eventstore.Recorded) error {
	switch {
	case strings.HasPrefix(e.Stream, "job/"):
		id, attempt, ok := job.ParseStream(e.Stream)
		switch {
		case !ok || id != e.Subject:
			d.at.skipped++
		case attempt == 0:
			return d.state(e)
		case e.Type == typeProgressed || e.Type == typeArtifactStored: // log lines are read from the store
			return d.output(e)
		}
	case strings.HasPrefix(e.Stream, "queue/"):
		return d.queue(e)
	case strings.HasPrefix(e.Stream, "recording/"):
		return d.recording(e)
	case strings.HasPrefix(e.Stream, "environment/"):
		return d.environment(e)
	}
	return nil
}

// state folds an event of a job's state stream. One that is not the next of its stream came into the
// log beside the store's own append: it is no part of the job.
func (d *fold) state(e *eventstore.Recorded) error {
	r, err := d.row(e.Subject)
	if err != nil {
		return err
	}
	switch {
	case r == nil && e.Sequence == 1:
		d.at.rows++
		r = &row{num: d.at.rows}
	case r == nil || e.Sequence != r.State.Version+1:
		d.at.skipped++
		return nil
	}
	before := r.State
	if !r.foldState(e) {
		d.at.skipped++
	} else if e.SchemaVersion <= event.SchemaVersion {
		d.count(e, &before, &r.State)
	}
	if before.Version == 0 {
		d.file.rows.put(r)
	}
	d.touch(r, e)
	return nil
}

func (d *fold) output(e *eventstore.Recorded) error {
	r, err := d.row(e.Subject)
	if err != nil {
		return err
	}
	if r == nil || !r.foldOutput(e) {
		d.at.skipped++
		return nil
	}
	d.touch(r, e)
	return nil
}

func (d *fold) touch(r *row, e *eventstore.Recorded) {
	r.Cursor = e.Cursor(d.at.epoch)
	if !r.dirty {
		r.dirty = true
		d.touched = append(d.touched, r)
	}
}

// findDoc is no join on purpose: SQLite would plan that anew for every id.
const findDoc = "SELECT num, doc FROM doc WHERE num = (SELECT num FROM job WHERE id = ?)"

// row returns the job's row from memory or the file, nil when there is none.
func (d *fold) row(id string) (*row, error) {
	if r := d.file.rows.get(id); r != nil {
		return r, nil
	}
	var r *row
	err := exec(d.file.conn, findDoc, func(s *sqlite.Stmt) (err error) {
		r, err = decodeRow(s.ColumnInt64(0), columnBytes(s, 1))
		return err
	}, id)
	if err == nil && r != nil {
		d.file.rows.put(r)
	}
	return r, err
}

func (d *fold) queue(e *eventstore.Recorded) error {
	name := strings.TrimPrefix(e.Stream, "queue/")
	s, ok := d.queues[name]
	if !ok {
		var err error
		if s, err = readQueue(d.file.conn, name); err != nil {
			return err
		}
	}
	if e.Subject != name || e.Sequence != s.Version+1 || e.SchemaVersion > event.SchemaVersion {
		d.at.skipped++
		return nil
	}
	next, err := queue.Fold(*s, e.Event, e.Hash)
	if err != nil {
		d.at.skipped++
		return nil
	}
	next.Name = strings.Clone(next.Name)
	d.queues[name] = &next
	return nil
}

var (
	typeProgressed     = job.Progressed{}.EventType()
	typeArtifactStored = job.ArtifactStored{}.EventType()
)

// rowCache keeps the rows that were used last: all of young and, until young is full again, old.
type rowCache struct{ young, old map[string]*row }

// cachedRows bounds each half. A queued job that is no longer there when it starts is read and decoded
// again; a row takes about a kilobyte.
const cachedRows = 32 << 10

func (c *rowCache) get(id string) *row {
	if r, ok := c.young[id]; ok {
		return r
	}
	r, ok := c.old[id]
	if ok {
		c.put(r)
	}
	return r
}

func (c *rowCache) put(r *row) {
	if c.young == nil || len(c.young) >= cachedRows {
		c.young, c.old = make(map[string]*row), c.young
	}
	c.young[strings.Clone(r.State.ID)] = r
}
