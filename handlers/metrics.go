package handlers

import (
	"context"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/common/expfmt"

	"tapedeck/domain/job"
	"tapedeck/projections"
)

// metrics observes requests, and asks the parts of the server when it is scraped.
type metrics struct {
	log      *slog.Logger
	registry *prometheus.Registry
	all      prometheus.Gatherers
	latency  *prometheus.HistogramVec

	mu        sync.RWMutex
	observers map[requestKind]prometheus.Observer
}

type requestKind struct {
	route  string
	method string
	status int
}

func newMetrics(s *Server) *metrics {
	m := &metrics{
		log:      s.log,
		registry: prometheus.NewRegistry(),
		latency: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "tapedeck_http_request_duration_seconds",
			Help:    "Time to answer; for a live connection, to take it.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},
		}, []string{"route", "method", "status"}),
		observers: map[requestKind]prometheus.Observer{},
	}
	m.registry.MustRegister(m.latency, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), &gauges{server: s})
	m.all = prometheus.Gatherers{m.registry}
	if s.cfg.Metrics != nil {
		m.all = append(m.all, s.cfg.Metrics)
	}
	return m
}

// observe is a middleware. The route and not the path is the label, so that ids do not become time series.
func (m *metrics) observe(c *fiber.Ctx) error {
	start := time.Now()
	err := c.Next()
	if err != nil {
		// The error handler runs now, so that its status is known.
		if err := c.App().ErrorHandler(c, err); err != nil {
			_ = c.SendStatus(fiber.StatusInternalServerError)
		}
	}
	route := c.Route().Path
	status := c.Response().StatusCode()
	if status == fiber.StatusNotFound && route == "/" {
		route = "none"
	}
	if m.log.Enabled(c.Context(), slog.LevelDebug) {
		m.log.Debug("request", "requestId", requestID(c), "method", c.Method(), "path", c.Path(), "status", status, "took", time.Since(start))
	}
	m.observer(requestKind{route, c.Route().Method, status}).Observe(time.Since(start).Seconds())
	return nil
}

func (m *metrics) observer(k requestKind) prometheus.Observer {
	m.mu.RLock()
	o := m.observers[k]
	m.mu.RUnlock()
	if o != nil {
		return o
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	o = m.latency.WithLabelValues(k.route, k.method, strconv.Itoa(k.status))
	m.observers[k] = o
	return o
}

func (m *metrics) serve(c *fiber.Ctx) error {
	families, err := m.all.Gather()
	if err != nil {
		return err
	}
	format := expfmt.NewFormat(expfmt.TypeTextPlain)
	c.Set(fiber.HeaderContentType, string(format))
	enc := expfmt.NewEncoder(c.Response().BodyWriter(), format)
	for _, f := range families {
		if err := enc.Encode(f); err != nil {
			return err
		}
	}
	return nil
}

// gauges collects what is looked up at the time of a scrape. Counts of jobs come from the read model, so they are the
// same in every API process and survive its restart.
type gauges struct{ server *Server }

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("tapedeck_"+name, help, labels, nil)
}

var (
	descQueueDepth  = desc("queue_depth", "Jobs that wait in a queue.", "queue", "priority")
	descQueueAge    = desc("queue_oldest_seconds", "Age of the oldest job that waits.", "queue")
	descQueueMode   = desc("queue_paused", "1 when a queue is paused.", "queue")
	descRunning     = desc("queue_running", "Jobs of a queue that run.", "queue")
	descJobs        = desc("jobs", "Jobs by status.", "status")
	descOutcomes    = desc("jobs_ended_1h", "Jobs that ended in the last hour.", "kind", "outcome")
	descRetries     = desc("job_retries_1h", "Attempts of the last hour that were followed by another one.", "kind")
	descDuration    = desc("job_duration_1h_seconds", "Duration of the last hour's attempts.", "kind", "quantile")
	descWait        = desc("job_wait_1h_seconds", "Time in the queue of the last hour's attempts.", "kind", "quantile")
	descWorkers     = desc("workers", "Workers that are alive.", "status")
	descClients     = desc("live_clients", "Live connections.", "encoding")
	descSubs        = desc("live_subscriptions", "Live subscriptions; those that catch up read the log.", "state")
	descLiveLag     = desc("live_lag_seconds", "Age of the oldest event that a subscription has not got yet.")
	descLiveQueued  = desc("live_queued_bytes", "Bytes that wait for slow clients.")
	descLiveEvents  = desc("live_events_total", "Events sent to live clients.")
	descFallBacks   = desc("live_fallbacks_total", "Times that a slow client was sent back to the log.")
	descLag         = desc("projection_lag_seconds", "How far the read model is behind the log.")
	descFolded      = desc("projection_events_total", "Events folded into the read model.")
	descSkipped     = desc("skipped_entries", "Entries that are no events, or hold other data than their type promises.", "part")
	descUp          = desc("store_up", "1 when the store can be used.")
	descScrapeFault = desc("scrape_faults", "Parts that could not be asked for this scrape.")
)

// Describe implements prometheus.Collector; the set of series is not fixed.
func (g *gauges) Describe(chan<- *prometheus.Desc) {}

const scrapeTimeout = 5 * time.Second

// Collect implements prometheus.Collector. A part that cannot be asked is missing, and counted.
func (g *gauges) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
	defer cancel()
	faults := 0
	for _, part := range []func(context.Context, emit) error{g.store, g.queues, g.jobs, g.workers, g.live, g.projection} {
		if part(ctx, emitter(out)) != nil {
			faults++
		}
	}
	emitter(out)(descScrapeFault, prometheus.GaugeValue, float64(faults))
}

type emit func(d *prometheus.Desc, kind prometheus.ValueType, v float64, labels ...string)

func emitter(out chan<- prometheus.Metric) emit {
	return func(d *prometheus.Desc, kind prometheus.ValueType, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, kind, v, labels...)
	}
}

func (e emit) gauge(d *prometheus.Desc, v float64, labels ...string) {
	e(d, prometheus.GaugeValue, v, labels...)
}

func (g *gauges) store(ctx context.Context, e emit) error {
	health := g.server.store.Health(ctx)
	e.gauge(descUp, bit(health.Err == nil))
	e.gauge(descSkipped, float64(health.Malformed), "store")
	return health.Err
}

func (g *gauges) queues(ctx context.Context, e emit) error {
	queues, _, err := g.server.queues(ctx, "")
	for _, q := range queues {
		e.gauge(descQueueDepth, float64(q.Depth.High), q.Name, string(job.PriorityHigh))
		e.gauge(descQueueDepth, float64(q.Depth.Normal), q.Name, string(job.PriorityNormal))
		e.gauge(descQueueDepth, float64(q.Depth.Low), q.Name, string(job.PriorityLow))
		age := 0.0
		if q.OldestAgeMS != nil {
			age = float64(*q.OldestAgeMS) / 1000
		}
		e.gauge(descQueueAge, age, q.Name)
		e.gauge(descQueueMode, bit(q.Paused), q.Name)
		e.gauge(descRunning, float64(q.Running), q.Name)
	}
	return err
}

func (g *gauges) jobs(ctx context.Context, e emit) error {
	now := g.server.cfg.Now()
	stats, err := g.server.cfg.Reader.Stats(ctx, projections.StatsQuery{From: now.Add(-time.Hour), To: now})
	if err != nil {
		return err
	}
	for status, n := range stats.ByStatus {
		e.gauge(descJobs, float64(n), string(status))
	}
	for _, k := range stats.Kinds {
		e.gauge(descOutcomes, float64(k.Succeeded), k.Kind, "succeeded")
		e.gauge(descOutcomes, float64(k.Failed), k.Kind, "failed")
		e.gauge(descOutcomes, float64(k.Cancelled), k.Kind, "cancelled")
		e.gauge(descOutcomes, float64(k.Dead), k.Kind, "dead")
		e.gauge(descRetries, float64(k.Retried), k.Kind)
		e.quantiles(descDuration, k.Duration, k.Kind)
		e.quantiles(descWait, k.Wait, k.Kind)
	}
	return nil
}

func (e emit) quantiles(d *prometheus.Desc, p projections.Percentiles, kind string) {
	if p.Count == 0 {
		return
	}
	e.gauge(d, p.P50.Seconds(), kind, "0.5")
	e.gauge(d, p.P95.Seconds(), kind, "0.95")
	e.gauge(d, p.P99.Seconds(), kind, "0.99")
}

func (g *gauges) workers(ctx context.Context, e emit) error {
	workers, err := g.server.store.Workers(ctx)
	byStatus := map[string]int{}
	for _, w := range workers {
		byStatus[w.Status]++
	}
	for status, n := range byStatus {
		e.gauge(descWorkers, float64(n), status)
	}
	return err
}

func (g *gauges) live(_ context.Context, e emit) error {
	s := g.server.hub.Stats()
	for encoding, n := range s.Clients {
		e.gauge(descClients, float64(n), encoding)
	}
	e.gauge(descSubs, float64(s.Live), "live")
	e.gauge(descSubs, float64(s.CatchingUp), "catching_up")
	e.gauge(descLiveLag, s.Lag.Seconds())
	e.gauge(descLiveQueued, float64(s.QueuedBytes))
	e(descLiveEvents, prometheus.CounterValue, float64(s.Events))
	e(descFallBacks, prometheus.CounterValue, float64(s.FallBacks))
	return g.server.hub.Err()
}

func (g *gauges) projection(ctx context.Context, e emit) error {
	s := g.server.cfg.Reader.Status(ctx)
	e.gauge(descLag, s.Lag.Seconds())
	e(descFolded, prometheus.CounterValue, float64(s.Folded))
	e.gauge(descSkipped, float64(s.Skipped), "read_model")
	return s.Err
}

func bit(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
