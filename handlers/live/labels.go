package live

import (
	"context"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"tapedeck/domain/job"
	"tapedeck/eventstore"
)

// labelCache knows the labels of jobs. They are given on submission and never change, so what was read once holds;
// that makes a label filter select the same in catch-up and live.
type labelCache struct {
	log streamReader
	mu  sync.Mutex
	// Two generations: what was not asked for during a whole one is forgotten.
	young, old map[string]map[string]string
}

type streamReader interface {
	ReadStream(ctx context.Context, stream string, from uint64, limit int) ([]eventstore.Recorded, error)
}

const labelGeneration = 20_000

func newLabelCache(log streamReader) *labelCache {
	return &labelCache{log: log, young: map[string]map[string]string{}}
}

// fill gives every entry its job's labels, reading those of jobs that were submitted out of sight.
func (c *labelCache) fill(ctx context.Context, entries []*Entry) error {
	for _, e := range entries {
		if e.labels != nil {
			continue
		}
		labels, err := c.of(ctx, e)
		if err != nil {
			return err
		}
		e.labels = labels
	}
	return nil
}

// warm makes sure that fill will not have to read, and leaves the entries alone: they are shared.
func (c *labelCache) warm(ctx context.Context, entries []*Entry) error {
	for _, e := range entries {
		if _, err := c.of(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

func (c *labelCache) of(ctx context.Context, e *Entry) (map[string]string, error) {
	id, ok := e.jobID()
	if !ok {
		return nil, nil
	}
	if labels, known := c.get(id); known {
		return labels, nil
	}
	labels, err := c.read(ctx, e, id)
	if err == nil {
		c.put(id, labels)
	}
	return labels, err
}

func (c *labelCache) read(ctx context.Context, e *Entry, id string) (map[string]string, error) {
	if e.Sequence == 1 && e.Stream == job.Stream(id) {
		return labelsOf(e.Data), nil
	}
	first, err := c.log.ReadStream(ctx, job.Stream(id), 1, 1)
	if err != nil || len(first) == 0 {
		return map[string]string{}, err
	}
	return labelsOf(first[0].Data), nil
}

func labelsOf(submitted jsontext.Value) map[string]string {
	var d struct {
		Labels map[string]string `json:"labels"`
	}
	if json.Unmarshal(submitted, &d) != nil || d.Labels == nil {
		return map[string]string{}
	}
	return d.Labels
}

func (c *labelCache) get(id string) (map[string]string, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if labels, ok := c.young[id]; ok {
		return labels, true
	}
	labels, ok := c.old[id]
	if ok {
		c.young[id] = labels
	}
	return labels, ok
}

func (c *labelCache) put(id string, labels map[string]string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.young) >= labelGeneration {
		c.old, c.young = c.young, make(map[string]map[string]string, labelGeneration)
	}
	c.young[id] = labels
}
