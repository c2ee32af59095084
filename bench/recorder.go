package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"
)

const (
	liveSection   = "a live recording in headless Chromium at 1280×800, everything kept (SQLite FULL, both CPUs shared)"
	scriptSection = "a scripted recording of the flow in recordersite.go, everything kept"
)

// recorder measures what a person who records sees, and what keeping everything costs.
func (b *bench) recorder(ctx context.Context) ([]figure, error) {
	shop, err := openSite()
	if err != nil {
		return nil, err
	}
	defer shop.Close()
	app, err := b.openStudio()
	if err != nil {
		return nil, err
	}
	defer app.Close()
	if err := app.warmUp(ctx, shop); err != nil {
		return nil, fmt.Errorf("warm-up: %w", err)
	}
	var figures []figure
	for _, part := range []func(context.Context, *studio, *site) ([]figure, error){b.canvas, b.cost, b.together} {
		got, err := part(ctx, app, shop)
		figures = append(figures, got...)
		if err != nil {
			return figures, err
		}
	}
	return figures, nil
}

// studio is a server that records, with one connection for commands.
type studio struct {
	*tapedeck
	commands *httpConn
}

func (b *bench) openStudio() (*studio, error) {
	driver, err := filepath.Abs(filepath.Join(b.peers.dir, "..", "..", "deployments", "playwright"))
	if err != nil {
		return nil, err
	}
	app, err := b.serve("", "RECORDER_ALLOW_LOOPBACK=1", "PLAYWRIGHT_DRIVER_PATH="+driver)
	if err != nil {
		return nil, err
	}
	commands, err := dialHTTP(app.address)
	if err != nil {
		app.Close()
		return nil, err
	}
	return &studio{app, commands}, nil
}

// Close gives the browser time to end: killed with the server, it would leave its temporary files.
func (s *studio) Close() {
	s.commands.Close()
	_ = s.Stop()
	s.tapedeck.Close()
}

// warmUp starts driver and browser, and has each part of the way run once.
func (s *studio) warmUp(ctx context.Context, site *site) error {
	_, err := s.runScript(ctx, site.flow())
	return err
}

// open begins a session and returns its id.
func (s *studio) open(input map[string]any) (string, error) {
	body, err := json.Marshal(input)
	if err != nil {
		return "", err
	}
	answer, err := s.commands.Post("/api/recorder/sessions", body)
	if err != nil {
		return "", err
	}
	var session struct{ SessionID string }
	err = json.Unmarshal(answer, &session)
	return session.SessionID, err
}

// stop ends a session in good order and waits for it.
func (s *studio) stop(ctx context.Context, id string) error {
	tape, err := s.listen(ctx, finals...)
	if err != nil {
		return err
	}
	defer tape.Close()
	if _, err := s.commands.Post("/api/recorder/sessions/"+id+"/stop", []byte("{}")); err != nil {
		return err
	}
	_, err = tape.succeeded(id)
	return err
}

var finals = []string{"job.succeeded", "job.failed", "job.died", "job.cancelled"}

// tap is a live client that waits for events.
type tap struct{ ws *wsClient }

// listen has all events of some types from now on.
func (s *studio) listen(ctx context.Context, types ...string) (*tap, error) {
	ws, err := dialWS(ctx, s.address, "/api/ws")
	if err != nil {
		return nil, err
	}
	names, _ := json.Marshal(types)
	err = errors.Join(ws.Send(fmt.Sprintf(`{"op":"subscribe","ref":"r","filter":{"types":%s},"from":"now"}`, names)), ws.Await(`"subscribed"`))
	if err != nil {
		ws.Close()
		return nil, err
	}
	return &tap{ws}, nil
}

func (t *tap) Close() { t.ws.Close() }

// tapeEvent is what the bench reads of an event.
type tapeEvent struct {
	Type, Subject string
	Data          struct{ Step struct{ Type string } }
	at            time.Time
	raw           string
}

// recordingTakes bounds what one recording may take: the bench fails rather than hangs.
const recordingTakes = 2 * time.Minute

// next reads the events of the next message.
func (t *tap) next() ([]tapeEvent, error) {
	if err := t.ws.conn.SetReadDeadline(time.Now().Add(recordingTakes)); err != nil {
		return nil, err
	}
	frame, err := t.ws.Next()
	if err != nil {
		return nil, err
	}
	now := time.Now()
	var m struct {
		Op     string
		Events []tapeEvent
	}
	if err := json.Unmarshal(frame, &m); err != nil {
		return nil, fmt.Errorf("frame %q: %w", frame, err)
	}
	if m.Op == "gone" || m.Op == "error" {
		return nil, fmt.Errorf("the server says %s", frame)
	}
	for i := range m.Events {
		m.Events[i].at, m.Events[i].raw = now, string(frame)
	}
	return m.Events, nil
}

// succeeded waits for the ends of jobs and returns when the last one was seen.
func (t *tap) succeeded(ids ...string) (time.Time, error) {
	open := map[string]bool{}
	for _, id := range ids {
		open[id] = true
	}
	var last time.Time
	for len(open) > 0 {
		events, err := t.next()
		if err != nil {
			return last, err
		}
		for _, e := range events {
			if !open[e.Subject] {
				continue
			}
			if e.Type != "job.succeeded" {
				return last, fmt.Errorf("the recording ended with %s: %s", e.Type, strings.TrimSpace(e.raw))
			}
			delete(open, e.Subject)
			last = e.at
		}
	}
	return last, nil
}

// runScript records a flow and returns how long it took from the request to the end of the job at a live client.
func (s *studio) runScript(ctx context.Context, f flow) (time.Duration, error) {
	return s.runScripts(ctx, f, 1)
}

// runScripts records a flow n times at once.
func (s *studio) runScripts(ctx context.Context, f flow, n int) (time.Duration, error) {
	tape, err := s.listen(ctx, finals...)
	if err != nil {
		return 0, err
	}
	defer tape.Close()
	start := time.Now()
	var ids []string
	for range n {
		id, err := s.open(f.input())
		if err != nil {
			return 0, err
		}
		ids = append(ids, id)
	}
	end, err := tape.succeeded(ids...)
	return end.Sub(start), err
}
