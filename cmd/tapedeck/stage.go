package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"tapedeck/eventstore"
	"tapedeck/eventstore/jobs"
	"tapedeck/handlers"
	"tapedeck/workers/recorder"
	"tapedeck/workers/recorder/relay"
	"tapedeck/workers/recorder/stage"
)

// startStage lets APIs in other processes bring viewers to the sessions of this one.
func (n *node) startStage(ctx context.Context, rec *recorder.Recorder) (eventstore.Stage, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", n.cfg.StageAddr)
	if err != nil {
		return eventstore.Stage{}, fmt.Errorf("listen: %w (set STAGE_ADDR to another address)", err)
	}
	n.closed(listener.Addr().String())
	token := relay.NewToken()
	mux := http.NewServeMux()
	mux.Handle(relay.Path, relay.Handler(token, func(ctx context.Context, sessionID, viewer string) (relay.Seat, error) {
		return rec.Join(ctx, sessionID, viewer)
	}))
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	n.onStop(func(context.Context) error { return server.Close() }) // sockets would outlast a shutdown
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			n.log.Error("live sessions cannot be joined any more", "error", err)
		}
	}()
	return eventstore.Stage{URL: "http://" + reachable(listener.Addr()), Token: token}, nil
}

// reachable is a bound address as others can dial it: for every interface, by this machine's name.
func reachable(addr net.Addr) string {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok || !tcp.IP.IsUnspecified() {
		return addr.String()
	}
	host, err := os.Hostname()
	if err != nil {
		return addr.String()
	}
	return net.JoinHostPort(host, fmt.Sprint(tcp.Port))
}

// join finds a live session: in this process, or at the worker that runs its job.
func (a apiRecorder) join(ctx context.Context, sessionID, who string) (handlers.Seat, error) {
	if a.rec != nil {
		seat, err := a.rec.Join(ctx, sessionID, who)
		if !errors.Is(err, stage.ErrNoStage) {
			return seat, err
		}
	}
	at, err := stageOf(ctx, a.repo, sessionID)
	if err != nil {
		return nil, err
	}
	seat, err := relay.Dial(ctx, at.URL, at.Token, sessionID, who)
	if errors.Is(err, relay.ErrNoStage) {
		return nil, handlers.ErrNoStage
	}
	return seat, err
}

// stageOf is where the worker that runs a job says that its sessions are.
func stageOf(ctx context.Context, repo *jobs.Repository, jobID string) (eventstore.Stage, error) {
	state, err := repo.Load(ctx, jobID)
	if err != nil {
		return eventstore.Stage{}, err
	}
	alive, err := repo.Store().Workers(ctx)
	if err != nil {
		return eventstore.Stage{}, err
	}
	for _, w := range alive {
		if w.ID == state.Worker && w.Stage.URL != "" {
			return w.Stage, nil
		}
	}
	return eventstore.Stage{}, handlers.ErrNoStage
}
