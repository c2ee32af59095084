package tapefile

import (
	"bufio"
	"context"
	"io"
	"time"

	"github.com/go-json-experiment/json"

	"tapedeck/domain/job"
	"tapedeck/eventstore"
)

const pageSize = 500

// Write writes a job's tape, uncompressed, as it is now. It fails with job.ErrNotFound before
// anything is written when there is no such job.
func Write(ctx context.Context, w io.Writer, log eventstore.Log, jobID string, now time.Time) error {
	first, err := log.ReadStream(ctx, job.Stream(jobID), 1, 1)
	if err != nil {
		return err
	}
	if len(first) == 0 {
		return job.ErrNotFound
	}
	buf := bufio.NewWriterSize(w, 64<<10)
	t := &writer{log: log, out: buf}
	if err := t.line(Header{Tape: Format, JobID: jobID, Epoch: log.Epoch(), ExportedAt: now}); err != nil {
		return err
	}
	attempts := 0
	err = t.stream(ctx, job.Stream(jobID), func(e eventstore.Recorded) { attempts = max(attempts, e.Attempt) })
	for n := 1; n <= attempts && err == nil; n++ {
		err = t.stream(ctx, job.OutputStream(jobID, n), func(eventstore.Recorded) {})
	}
	if err != nil {
		return err
	}
	t.trailer.End = true
	if err := t.line(t.trailer); err != nil {
		return err
	}
	return buf.Flush()
}

type writer struct {
	log     eventstore.Log
	out     io.Writer
	trailer Trailer
}

func (t *writer) line(v any) error {
	b, err := json.Marshal(v)
	if err == nil {
		_, err = t.out.Write(append(b, '\n'))
	}
	return err
}

func (t *writer) stream(ctx context.Context, name string, seen func(eventstore.Recorded)) error {
	head := StreamHead{Stream: name}
	for {
		events, err := t.log.ReadStream(ctx, name, head.Count+1, pageSize)
		if err != nil {
			return err
		}
		for _, e := range events {
			seen(e)
			if err := t.line(Entry{Position: e.Position.String(), Hash: e.Hash, Event: e.Stored}); err != nil {
				return err
			}
			head.Count, head.Hash = e.Sequence, e.Hash
		}
		if len(events) < pageSize {
			break
		}
	}
	if head.Count > 0 {
		t.trailer.Events += head.Count
		t.trailer.Streams = append(t.trailer.Streams, head)
	}
	return nil
}
