package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"tapedeck/config"
	"tapedeck/handlers"
)

// startHealth lets a process without the API be watched: /healthz, /readyz and /metrics, nothing else.
func (n *node) startHealth(ctx context.Context, checks []handlers.Check) error {
	if n.cfg.WorkerAddr == "" {
		return nil
	}
	n.metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.Handle("GET /metrics", promhttp.HandlerFor(n.metrics, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), healthTimeout)
		defer cancel()
		n.answerReady(ctx, w, checks)
	})
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", n.cfg.WorkerAddr)
	if err != nil {
		return fmt.Errorf("listen: %w (set WORKER_ADDR to another address, or to nothing)", err)
	}
	n.closed(listener.Addr().String())
	server := &http.Server{Handler: mux, ReadTimeout: healthTimeout, WriteTimeout: 2 * healthTimeout}
	n.onStop(server.Shutdown)
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			n.log.Error("health is not answered any more", "error", err)
		}
	}()
	if host, _, _ := net.SplitHostPort(n.cfg.WorkerAddr); !config.Loopback(host) {
		n.log.Warn("other machines can read this worker's health and metrics", "address", n.cfg.WorkerAddr)
	}
	n.log.Info("health is answered", "url", "http://"+listener.Addr().String())
	return nil
}

const healthTimeout = 5 * time.Second

// answerReady says in lines what is wrong. As in the API, a store that cannot be used makes the process
// useless, and an alarm of the worker does not.
func (n *node) answerReady(ctx context.Context, w http.ResponseWriter, checks []handlers.Check) {
	health := n.store.Health(ctx)
	if health.Err != nil {
		n.log.Warn("a check failed", "check", "store", "err", health.Err)
		http.Error(w, "store down: see the worker's log", http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintf(w, "store ok: %s, %s\n", health.Backend, health.Durability)
	for _, warning := range health.Warnings {
		fmt.Fprintf(w, "store degraded: %s\n", warning)
	}
	for _, check := range checks {
		if err := check.Ask(ctx); err != nil {
			n.log.Warn("a check failed", "check", check.Name, "err", err)
			fmt.Fprintf(w, "%s degraded: see the worker's log\n", check.Name)
			continue
		}
		fmt.Fprintf(w, "%s ok\n", check.Name)
	}
}
