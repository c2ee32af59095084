package workers

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	buswatch "github.com/ThreeDotsLabs/watermill/components/metrics"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/message/router/middleware"
	"github.com/go-json-experiment/json"

	"tapedeck/domain/job"
	"tapedeck/domain/recording"
	"tapedeck/eventstore"
)

// reactor wakes jobs that wait for others. A message says only where to look: the decision comes from
// reading both jobs, so that a repeated or late message does no harm. A message that cannot be
// handled is never skipped: its handler tries again until it succeeds, and raises an alarm meanwhile.
type reactor struct {
	*shift
	router *message.Router
}

func newReactor(s *shift) (*reactor, error) {
	r := &reactor{shift: s}
	logger := watermill.NewSlogLoggerWithLevelMapping(s.cfg.Logger, quieter)
	router, err := message.NewRouter(message.RouterConfig{CloseTimeout: 5 * time.Second}, logger)
	if err != nil {
		return nil, fmt.Errorf("reactor: %w", err)
	}
	sub, err := s.cfg.Store.Reactor("wake")
	if err != nil {
		return nil, fmt.Errorf("reactor: %w", err)
	}
	buswatch.NewPrometheusMetricsBuilder(s.cfg.Metrics, "tapedeck", "bus").AddPrometheusRouterMetrics(router)
	router.AddMiddleware(middleware.CorrelationID, r.untilDone, middleware.Recoverer)
	router.AddConsumerHandler("wake", job.WakeTopic, sub, r.wake)
	r.router = router
	return r, nil
}

// start returns when the router takes messages: watermill cannot close one that is only starting.
func (r *reactor) start() error {
	over := make(chan error, 1)
	r.rest.Go(func() { over <- r.router.Run(r.working) })
	select {
	case err := <-over:
		return fmt.Errorf("reactor: %w", err)
	case <-r.router.Running():
	}
	r.rest.Go(func() {
		select {
		case err := <-over:
			if r.working.Err() == nil {
				r.alarms.set("reactor", errors.Join(errors.New("it has ended"), err))
			}
		case <-r.working.Done():
		}
		if err := r.router.Close(); err != nil {
			r.cfg.Logger.Warn("reactor did not end in time", "error", err)
		}
	})
	return nil
}

// untilDone is watermill's Retry without an end: a reactor blocks and raises an alarm.
func (r *reactor) untilDone(next message.HandlerFunc) message.HandlerFunc {
	return func(msg *message.Message) ([]*message.Message, error) {
		where := "reactor message " + msg.UUID
		var failed bool
		handle := func(m *message.Message) ([]*message.Message, error) {
			out, err := next(m)
			if err != nil && !failed && m.Context().Err() == nil {
				failed = true
				r.metrics.blocked.Inc()
			}
			if failed {
				r.alarms.set(where, err)
			}
			return out, err
		}
		defer func() {
			if failed {
				r.metrics.blocked.Dec()
				r.alarms.set(where, nil)
			}
		}()
		retry := middleware.Retry{
			MaxRetries: math.MaxInt32, InitialInterval: 50 * time.Millisecond, MaxInterval: 5 * time.Second,
			Multiplier: 2, RandomizationFactor: 0.3,
		}
		return retry.Middleware(handle)(msg)
	}
}

// wake tells a waiting job that a job of its After has ended, or a recording that its own has, if it has.
func (r *reactor) wake(msg *message.Message) error {
	var w eventstore.WakeMessage
	if err := json.Unmarshal(msg.Payload, &w); err != nil {
		return fmt.Errorf("wake message: %w", err)
	}
	id, attempt, ok := job.ParseStream(w.Stream)
	if !ok || attempt != 0 || w.Watcher == "" {
		return fmt.Errorf("wake message: stream %q, watcher %q", w.Stream, w.Watcher)
	}
	ctx := msg.Context()
	by := r.by
	dep, err := r.repo.LoadUntil(ctx, id, func(e eventstore.Recorded) bool {
		by = r.by.Within(e.Event)
		by.CausationID = e.ID
		return false
	})
	if err != nil {
		return err
	}
	if !dep.Status.Final() {
		return nil // its end will cause another message
	}
	if id, ok := recording.ParseStream(w.Watcher); ok {
		return r.repo.CloseRecording(ctx, id, by, r.cfg.Now(), dep)
	}
	_, _, err = r.repo.Execute(ctx, w.Watcher, by, job.ResolveDependency{
		Now: r.cfg.Now(),
		Dep: job.DependencyResolved{JobID: dep.ID, Status: dep.Status, Version: dep.Version, Hash: dep.Head},
	})
	if errors.As(err, new(*job.RefusedError)) || errors.As(err, new(*job.InvalidError)) {
		r.cfg.Logger.Warn("waiting job does not take the end of another", "job", w.Watcher, "other", dep.ID, "error", err)
		return nil
	}
	return err
}

// quieter maps watermill's own log: what it tells about its insides is for debugging.
var quieter = map[slog.Level]slog.Level{
	slog.LevelInfo: slog.LevelDebug, slog.LevelDebug: watermill.LevelTrace, watermill.LevelTrace: watermill.LevelTrace,
}
