package proxy

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
)

// ErrStopped is the answer of a Server that was not started, or was stopped.
var ErrStopped = errors.New("the recording proxy is not running")

// Config is what a Server needs.
type Config struct {
	// CA signs what the browser sees. Defaults to a fresh one.
	CA *CA
	// Log takes what goes wrong between browser and proxy. Defaults to nowhere.
	Log *slog.Logger
}

// Server holds the sessions of a process. It is safe for concurrent use.
type Server struct {
	ca  *CA
	log *slog.Logger

	mu       sync.Mutex
	running  bool
	unwatch  func() bool
	sessions map[*Session]struct{}
	own      map[netip.AddrPort]struct{} // where sessions listen: no session leads to another
}

// New makes a Server. The error is that of making a CA.
func New(cfg Config) (*Server, error) {
	if cfg.CA == nil {
		ca, err := NewCA()
		if err != nil {
			return nil, err
		}
		cfg.CA = ca
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Server{
		ca: cfg.CA, log: cfg.Log,
		sessions: make(map[*Session]struct{}), own: make(map[netip.AddrPort]struct{}),
	}, nil
}

// CA is what signs the certificates that browsers see.
func (s *Server) CA() *CA { return s.ca }

// Start lets sessions be opened until ctx ends or Stop is called.
func (s *Server) Start(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("start the recording proxy: %w", err)
	}
	if !s.running {
		s.running = true
		s.unwatch = context.AfterFunc(ctx, s.Stop)
	}
	return nil
}

// Stop closes every session and answers when nothing runs any more. It may be
// called at any time, any number of times.
func (s *Server) Stop() {
	s.mu.Lock()
	if s.unwatch != nil {
		s.unwatch()
	}
	s.running = false
	open := make([]*Session, 0, len(s.sessions))
	for session := range s.sessions {
		open = append(open, session)
	}
	s.mu.Unlock()
	var wg sync.WaitGroup
	for _, session := range open {
		wg.Go(func() {
			if err := session.Close(); err != nil {
				s.log.Warn("close a recording's proxy", "error", err)
			}
		})
	}
	wg.Wait()
}

func (s *Server) add(session *Session) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.running {
		return ErrStopped
	}
	s.sessions[session] = struct{}{}
	s.own[session.Addr()] = struct{}{}
	return nil
}

func (s *Server) remove(session *Session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, session)
	delete(s.own, session.Addr())
}

func (s *Server) isOwn(at netip.AddrPort) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, own := s.own[netip.AddrPortFrom(at.Addr().Unmap(), at.Port())]
	return own
}
