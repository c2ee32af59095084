package projections

import (
	"cmp"
	"slices"

	"github.com/go-json-experiment/json"
	"zombiezen.com/go/sqlite"

	"tapedeck/domain/queue"
)

func (d *fold) write() error {
	tallies := map[tallyKey]int64{}
	// FTS5 gathers what is written in the order of rowids, and begins anew at every step back.
	slices.SortFunc(d.touched, func(a, b *row) int { return cmp.Compare(a.num, b.num) })
	for _, r := range d.touched {
		if err := d.writeRow(r, tallies); err != nil {
			return err
		}
	}
	if err := d.writeTallies(tallies); err != nil {
		return err
	}
	if err := d.writeStats(); err != nil {
		return err
	}
	if err := d.writeQueues(); err != nil {
		return err
	}
	if err := d.writeRecordings(); err != nil {
		return err
	}
	return d.writeEnvironments()
}

func (d *fold) writeRow(r *row, tallies map[tallyKey]int64) error {
	key := tallyKey{r.State.Project, r.State.Kind, r.State.Queue, priorityRank(r.State.Priority), statusRank(r.State.Status)}
	tallies[key]++
	if r.isStored {
		key.status = statusRank(r.stored)
		tallies[key]--
	}
	doc, err := r.encode()
	if err != nil {
		return err
	}
	if r.isStored {
		err = d.updateRow(r, doc)
	} else {
		err = d.insertRow(r, doc)
	}
	r.isStored, r.stored, r.dirty = true, r.State.Status, false
	r.submitted, r.errText, r.errChanged = "", "", false
	return err
}

func (d *fold) insertRow(r *row, doc []byte) error {
	s := &r.State
	err := exec(d.file.conn, `INSERT INTO job (num, id, project, kind, queue, priority, status, attempt,
		created, updated, finished, duration) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, nil,
		r.num, s.ID, s.Project, s.Kind, s.Queue, priorityRank(s.Priority), statusRank(s.Status), s.Attempt,
		nanos(s.CreatedAt), nanos(s.UpdatedAt), nanos(s.FinishedAt), duration(s))
	if err != nil {
		return err
	}
	if err := exec(d.file.conn, "INSERT INTO doc VALUES (?, CAST(? AS TEXT))", nil, r.num, doc); err != nil {
		return err
	}
	if s.ParentID != "" {
		if err := exec(d.file.conn, "INSERT INTO child VALUES (?, ?)", nil, s.ParentID, r.num); err != nil {
			return err
		}
	}
	for _, k := range sortedKeys(s.Labels) {
		if err := exec(d.file.conn, "INSERT INTO label VALUES (?, ?, ?)", nil, k, s.Labels[k], r.num); err != nil {
			return err
		}
	}
	return exec(d.file.conn, "INSERT INTO job_text (rowid, submitted, error) VALUES (?, ?, ?)", nil, r.num, r.submitted, r.errText)
}

// updateRow leaves alone what a job keeps from its submission on, and the indexes over it.
func (d *fold) updateRow(r *row, doc []byte) error {
	s := &r.State
	err := exec(d.file.conn, `UPDATE job SET status = ?, attempt = ?, updated = ?, finished = ?, duration = ?
		WHERE num = ?`, nil,
		statusRank(s.Status), s.Attempt, nanos(s.UpdatedAt), nanos(s.FinishedAt), duration(s), r.num)
	if err == nil {
		err = exec(d.file.conn, "UPDATE doc SET doc = CAST(? AS TEXT) WHERE num = ?", nil, doc, r.num)
	}
	if err != nil || !r.errChanged {
		return err
	}
	return exec(d.file.conn, "UPDATE job_text SET error = ? WHERE rowid = ?", nil, r.errText, r.num)
}

// tallyKey is what jobs are counted by.
type tallyKey struct {
	project, kind, queue string
	priority, status     int64
}

func (d *fold) writeTallies(tallies map[tallyKey]int64) error {
	for k, n := range tallies {
		if n == 0 {
			continue
		}
		err := exec(d.file.conn, `INSERT INTO tally VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET n = n + excluded.n`, nil, k.project, k.kind, k.queue, k.priority, k.status, n)
		if err != nil {
			return err
		}
	}
	// How the events were cut into batches must not show.
	return exec(d.file.conn, "DELETE FROM tally WHERE n = 0", nil)
}

func readQueue(conn *sqlite.Conn, name string) (*queue.State, error) {
	s := &queue.State{Name: name, Mode: queue.ModeRunning}
	err := exec(conn, "SELECT doc FROM queue WHERE name = ?", func(stmt *sqlite.Stmt) error {
		return json.Unmarshal(columnBytes(stmt, 0), s)
	}, name)
	return s, err
}

func (d *fold) writeQueues() error {
	for name, s := range d.queues {
		doc, err := json.Marshal(s, json.Deterministic(true))
		if err != nil {
			return err
		}
		err = exec(d.file.conn, "INSERT INTO queue VALUES (?, CAST(? AS TEXT)) ON CONFLICT DO UPDATE SET doc = excluded.doc", nil, name, doc)
		if err != nil {
			return err
		}
	}
	return nil
}
