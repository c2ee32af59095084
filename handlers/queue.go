package handlers

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"tapedeck/domain/job"
	"tapedeck/domain/queue"
	"tapedeck/eventstore"
	"tapedeck/handlers/problem"
	"tapedeck/projections"
)

type queueBody struct {
	Name        string    `json:"name"`
	Kinds       []string  `json:"kinds"`
	Paused      bool      `json:"paused"`
	Draining    bool      `json:"draining"`
	Reason      string    `json:"reason,omitzero"`
	Depth       depthBody `json:"depth"`
	OldestAgeMS *int64    `json:"oldestAgeMs,omitzero"`
	Running     int64     `json:"running"`
	Workers     int       `json:"workers"`
}

type depthBody struct {
	High   int64 `json:"high"`
	Normal int64 `json:"normal"`
	Low    int64 `json:"low"`
}

func (d *depthBody) add(p job.Priority, n int64) {
	switch p {
	case job.PriorityHigh:
		d.High += n
	case job.PriorityNormal:
		d.Normal += n
	case job.PriorityLow:
		d.Low += n
	}
}

func (s *Server) listQueues(c *fiber.Ctx) error {
	if err := readQuery(c).err(); err != nil {
		return err
	}
	ctx, cancel := within()
	defer cancel()
	queues, cursor, err := s.queues(ctx, "")
	if err != nil {
		return err
	}
	return sendJSON(c, fiber.StatusOK, struct {
		Items  []queueBody       `json:"items"`
		Cursor eventstore.Cursor `json:"cursor"`
	}{queues, cursor})
}

// queues joins what the kinds, the read model, the store and the workers know of queues.
func (s *Server) queues(ctx context.Context, project string) ([]queueBody, eventstore.Cursor, error) {
	known, err := s.cfg.Reader.Queues(ctx, project)
	if err != nil {
		return nil, known.Cursor, readFault(err)
	}
	depths, err := s.store.Depths(ctx, "q/")
	if err != nil {
		return nil, known.Cursor, err
	}
	workers, err := s.store.Workers(ctx)
	if err != nil {
		return nil, known.Cursor, err
	}
	all := map[string]*queueBody{}
	at := func(name string) *queueBody {
		if all[name] == nil {
			all[name] = &queueBody{Name: name, Kinds: []string{}}
		}
		return all[name]
	}
	for _, k := range s.cfg.Kinds {
		at(k.Queue).carries(k.Name)
	}
	for _, q := range known.Items {
		b := at(q.Name)
		b.Running = q.ByStatus[job.StatusRunning] + q.ByStatus[job.StatusStopping]
		for _, k := range q.Kinds {
			b.carries(k)
		}
	}
	for _, d := range depths {
		if name, priority, ok := parseTopic(d.Topic); ok {
			at(name).wait(d, priority, s.cfg.Now())
		}
	}
	out := make([]queueBody, 0, len(all))
	for name, b := range all {
		state, err := s.repo.LoadQueue(ctx, name)
		if err != nil {
			return nil, known.Cursor, err
		}
		b.Paused, b.Draining, b.Reason = state.Mode == queue.ModePaused, state.Mode == queue.ModeDraining, state.Reason
		b.Workers = readers(workers, name)
		slices.Sort(b.Kinds)
		out = append(out, *b)
	}
	slices.SortFunc(out, func(a, b queueBody) int { return strings.Compare(a.Name, b.Name) })
	return out, known.Cursor, nil
}

func (b *queueBody) carries(kind string) {
	if !slices.Contains(b.Kinds, kind) {
		b.Kinds = append(b.Kinds, kind)
	}
}

func (b *queueBody) wait(d eventstore.TopicDepth, p job.Priority, now time.Time) {
	b.Depth.add(p, d.Waiting)
	if d.Oldest.IsZero() || d.Waiting == 0 {
		return
	}
	age := max(0, now.Sub(d.Oldest).Milliseconds())
	if b.OldestAgeMS == nil || age > *b.OldestAgeMS {
		b.OldestAgeMS = &age
	}
}

// parseTopic is the inverse of job.Topic.
func parseTopic(topic string) (name string, p job.Priority, ok bool) {
	rest, isQueue := strings.CutPrefix(topic, "q/")
	name, priority, ok := strings.Cut(rest, "/")
	return name, job.Priority(priority), ok && isQueue
}

func readers(workers []eventstore.Worker, name string) int {
	n := 0
	for _, w := range workers {
		if slices.Contains(w.Queues, name) {
			n++
		}
	}
	return n
}

func (s *Server) pauseQueue(c *fiber.Ctx) error  { return s.setMode(c, queue.ModePaused) }
func (s *Server) resumeQueue(c *fiber.Ctx) error { return s.setMode(c, queue.ModeRunning) }
func (s *Server) drainQueue(c *fiber.Ctx) error  { return s.setMode(c, queue.ModeDraining) }

func (s *Server) setMode(c *fiber.Ctx, mode queue.Mode) error {
	name := strings.Clone(c.Params("queue"))
	var b reasonBody
	if err := optionalBody(c, &b); err != nil {
		return err
	}
	if len(b.Reason) > maxReason {
		return problem.Field1("/reason", "at most 1000 bytes")
	}
	ctx, cancel := within()
	defer cancel()
	before, _, err := s.queues(ctx, "")
	if err != nil {
		return err
	}
	i := slices.IndexFunc(before, func(q queueBody) bool { return q.Name == name })
	if i < 0 {
		return fiber.NewError(fiber.StatusNotFound, "no such queue")
	}
	state, err := s.repo.SetQueueMode(ctx, name, caller(c), mode, b.Reason, s.cfg.Now())
	if err != nil {
		return err
	}
	s.modes.put(name, state.Mode)
	after := before[i]
	after.Paused, after.Draining, after.Reason = state.Mode == queue.ModePaused, state.Mode == queue.ModeDraining, state.Reason
	return sendJSON(c, fiber.StatusAccepted, after)
}

func (s *Server) listWorkers(c *fiber.Ctx) error {
	if err := readQuery(c).err(); err != nil {
		return err
	}
	ctx, cancel := within()
	defer cancel()
	workers, err := s.store.Workers(ctx)
	if err != nil {
		return err
	}
	for i := range workers {
		w := &workers[i]
		w.Kinds, w.Queues, w.Running = present(w.Kinds), present(w.Queues), present(w.Running)
		w.Status = workerStatus(*w, s.cfg.Now())
		w.Stage = eventstore.Stage{} // its token is not for clients
	}
	return sendJSON(c, fiber.StatusOK, map[string]any{"items": present(workers)})
}

// silentAfter is how long a worker may send no heartbeat before it is shown as lost; soon after, it vanishes.
const silentAfter = 12 * time.Second

func workerStatus(w eventstore.Worker, now time.Time) string {
	switch {
	case now.Sub(w.HeartbeatAt) > silentAfter:
		return "lost"
	case w.Status == "draining":
		return "draining"
	default:
		return "active"
	}
}

// present makes a missing list an empty one.
func present[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

type statsBody struct {
	Window        duration             `json:"window"`
	From          time.Time            `json:"from"`
	To            time.Time            `json:"to"`
	BucketSeconds int                  `json:"bucketSeconds"`
	Throughput    []bucketBody         `json:"throughput"`
	Kinds         []kindStats          `json:"kinds"`
	Statuses      map[job.Status]int64 `json:"statuses"`
	Queues        []queueBody          `json:"queues"`
	Cursor        eventstore.Cursor    `json:"cursor"`
}

type bucketBody struct {
	Time      time.Time `json:"time"`
	Submitted int64     `json:"submitted"`
	Started   int64     `json:"started"`
	Succeeded int64     `json:"succeeded"`
	Failed    int64     `json:"failed"`
	Cancelled int64     `json:"cancelled"`
	Dead      int64     `json:"dead"`
	Retried   int64     `json:"retried"`
}

type kindStats struct {
	Kind        string      `json:"kind"`
	Count       int64       `json:"count"`
	Succeeded   int64       `json:"succeeded"`
	Failed      int64       `json:"failed"`
	Cancelled   int64       `json:"cancelled"`
	Dead        int64       `json:"dead"`
	Retries     int64       `json:"retries"`
	SuccessRate *float64    `json:"successRate,omitzero"`
	Duration    percentiles `json:"duration"`
	Wait        percentiles `json:"wait"`
}

// percentiles are milliseconds; absent when nothing was measured.
type percentiles struct {
	P50 *float64 `json:"p50,omitzero"`
	P95 *float64 `json:"p95,omitzero"`
	P99 *float64 `json:"p99,omitzero"`
}

func percentilesOf(p projections.Percentiles) percentiles {
	if p.Count == 0 {
		return percentiles{}
	}
	ms := func(d time.Duration) *float64 {
		v := float64(d.Microseconds()) / 1000
		return &v
	}
	return percentiles{ms(p.P50), ms(p.P95), ms(p.P99)}
}

const (
	maxWindow = 7 * 24 * time.Hour
	minWindow = 10 * time.Second
)

func (s *Server) readStats(c *fiber.Ctx) error {
	q := readQuery(c, "window", "project")
	window := time.Hour
	if text := q.one("window"); text != "" {
		var err error
		if window, err = time.ParseDuration(text); err != nil || window < minWindow || window > maxWindow {
			q.fault("window", "want a duration from 10s to 168h")
		}
	}
	if err := q.err(); err != nil {
		return err
	}
	ctx, cancel := within()
	defer cancel()
	now := s.cfg.Now()
	stats, err := s.cfg.Reader.Stats(ctx, projections.StatsQuery{Project: q.one("project"), From: now.Add(-window), To: now})
	if err != nil {
		return readFault(err)
	}
	queues, _, err := s.queues(ctx, q.one("project"))
	if err != nil {
		return err
	}
	return sendJSON(c, fiber.StatusOK, statsOf(stats, window, queues))
}

func statsOf(st projections.Stats, window time.Duration, queues []queueBody) statsBody {
	b := statsBody{
		Window: duration(window), From: st.From, To: st.To, BucketSeconds: int(st.Bucket / time.Second), Queues: queues,
		Throughput: []bucketBody{}, Kinds: []kindStats{}, Statuses: st.ByStatus, Cursor: st.Cursor,
	}
	for _, t := range st.Throughput {
		b.Throughput = append(b.Throughput, bucketBody{
			t.Time, t.Submitted, t.Started, t.Succeeded, t.Failed, t.Cancelled, t.Dead, t.Retried,
		})
	}
	for _, k := range st.Kinds {
		row := kindStats{
			Kind: k.Kind, Count: k.Ended(), Succeeded: k.Succeeded, Failed: k.Failed, Cancelled: k.Cancelled, Dead: k.Dead,
			Retries: k.Retried, Duration: percentilesOf(k.Duration), Wait: percentilesOf(k.Wait),
		}
		if n := k.Ended(); n > 0 {
			rate := float64(k.Succeeded) / float64(n)
			row.SuccessRate = &rate
		}
		b.Kinds = append(b.Kinds, row)
	}
	if b.Statuses == nil {
		b.Statuses = map[job.Status]int64{}
	}
	return b
}
