package workers

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tapedeck/domain/job"
)

type metrics struct {
	registerer prometheus.Registerer
	running    *prometheus.GaugeVec
	duration   *prometheus.HistogramVec
	wait       *prometheus.HistogramVec
	stale      prometheus.Counter
	malformed  prometheus.Counter
	abandoned  prometheus.Counter
	recovered  *prometheus.CounterVec
	blocked    prometheus.Gauge
}

var buckets = []float64{.001, .005, .01, .05, .1, .5, 1, 5, 10, 60, 300, 1800}

func newMetrics(r prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		registerer: r,
		running: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "tapedeck_worker_running_jobs", Help: "Jobs that this worker runs now.",
		}, []string{"kind"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "tapedeck_job_duration_seconds", Help: "Time from claim to end of an attempt.", Buckets: buckets,
		}, []string{"kind", "outcome"}),
		wait: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "tapedeck_job_wait_seconds", Help: "Time from queueing to claim.", Buckets: buckets,
		}, []string{"kind"}),
		stale: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "tapedeck_queue_entries_stale_total", Help: "Queue entries whose job had nothing to claim.",
		}),
		malformed: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "tapedeck_queue_entries_malformed_total", Help: "Queue entries that were no job and were dropped.",
		}),
		abandoned: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "tapedeck_jobs_abandoned_total", Help: "Jobs whose code ignored the end of its context.",
		}),
		recovered: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tapedeck_jobs_recovered_total", Help: "Deadlines that were fired, by what happened.",
		}, []string{"what"}),
		blocked: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "tapedeck_reactor_blocked", Help: "Messages that a reactor cannot get past now.",
		}),
	}
	var errs []error
	for _, c := range []prometheus.Collector{m.running, m.duration, m.wait, m.stale, m.malformed, m.abandoned, m.recovered, m.blocked} {
		errs = append(errs, r.Register(c))
	}
	return m, errors.Join(errs...)
}

func (m *metrics) started(s job.State) {
	m.running.WithLabelValues(s.Kind).Inc()
	m.wait.WithLabelValues(s.Kind).Observe(max(0, s.UpdatedAt.Sub(s.QueuedAt).Seconds()))
}

func (m *metrics) ended(s job.State, outcome string, took time.Duration) {
	m.running.WithLabelValues(s.Kind).Dec()
	m.duration.WithLabelValues(s.Kind, outcome).Observe(took.Seconds())
}
