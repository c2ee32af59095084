// Package viewer serves Playwright's trace viewer and the traces that it shows, on an origin of its own: a trace's
// snapshots are pages of other people with their scripts, and must not act as pages of this server's API.
//
// A trace is reached by an address that is signed and good for some minutes. The signing key is the process's own, so an
// address holds for the viewer that gave it and no longer than it runs.
package viewer

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"tapedeck/artifacts"
)

// Artifacts reads the files of jobs. *artifacts.Store implements it.
type Artifacts interface {
	// Read fails with artifacts.ErrName or artifacts.ErrNotFound.
	Read(ctx context.Context, k artifacts.Key, offset, length int64) (*artifacts.Reader, error)
}

// Config sets a Server up.
type Config struct {
	// Addr is where to listen. Defaults to 127.0.0.1:0.
	Addr string
	// Dir finds the viewer's files: the folder lib/vite/traceViewer of playwright-core. It is asked when a trace is
	// first shown, so that a recorder that is installed later is found.
	Dir func() (string, error)
	// Artifacts holds the traces.
	Artifacts Artifacts
	// AllowedHosts are served besides localhost and IP addresses.
	AllowedHosts []string
	// Lifetime is how long an address is good. Defaults to 10 minutes.
	Lifetime time.Duration
	// Logger defaults to none.
	Logger *slog.Logger
}

// Server is safe for concurrent use.
type Server struct {
	cfg  Config
	key  [32]byte
	http *http.Server

	mu       sync.Mutex
	listener net.Listener
	served   chan struct{}
}

// New returns a Server that listens when it is started.
func New(cfg Config) *Server {
	if cfg.Addr == "" {
		cfg.Addr = "127.0.0.1:0"
	}
	if cfg.Lifetime == 0 {
		cfg.Lifetime = 10 * time.Minute
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Server{cfg: cfg}
	_, _ = rand.Read(s.key[:]) // never fails
	mux := http.NewServeMux()
	mux.HandleFunc("GET /traces/{token}/{file}", s.trace)
	mux.HandleFunc("GET /", s.page)
	s.http = &http.Server{
		Handler: s.guard(mux), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 75 * time.Second,
		ErrorLog: slog.NewLogLogger(cfg.Logger.Handler(), slog.LevelDebug),
	}
	return s
}

// Start listens and serves until Stop.
func (s *Server) Start(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listener != nil {
		return errors.New("viewer: started twice")
	}
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.cfg.Addr)
	if err != nil {
		return fmt.Errorf("trace viewer: %w", err)
	}
	s.listener, s.served = ln, make(chan struct{})
	go func() {
		defer close(s.served)
		_ = s.http.Serve(ln)
	}()
	return nil
}

// Stop takes no more requests and waits for those under way, at most until ctx ends.
func (s *Server) Stop(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listener == nil {
		return nil
	}
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, s.http.Close())
	}
	<-s.served
	return err
}

// Addr is the bound address; empty before Start.
func (s *Server) Addr() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listener == nil {
		return ""
	}
	return s.listener.Addr().String()
}

// ErrMissing: the viewer's files are not installed.
var ErrMissing = errors.New("the trace viewer is not installed")

// URL is where the viewer shows a trace. Host is the Host header of whoever asks: the viewer is
// on the same name, at its own port.
func (s *Server) URL(trace artifacts.Key, host string) (string, error) {
	if _, err := s.files(); err != nil {
		return "", err
	}
	_, port, err := net.SplitHostPort(s.Addr())
	if err != nil {
		return "", errors.New("viewer: not started")
	}
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	base := "http://" + net.JoinHostPort(strings.Trim(name, "[]"), port)
	at := base + "/traces/" + s.sign(trace, time.Now().Add(s.cfg.Lifetime)) + "/trace.zip"
	return base + "/index.html?trace=" + url.QueryEscape(at), nil
}

func (s *Server) files() (string, error) {
	dir, err := s.cfg.Dir()
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrMissing, err)
	}
	if _, err := os.Stat(dir + "/index.html"); err != nil {
		return "", fmt.Errorf("%w in %s", ErrMissing, dir)
	}
	return dir, nil
}

// sign makes a token of a claim and its HMAC.
func (s *Server) sign(k artifacts.Key, until time.Time) string {
	claim := base64.RawURLEncoding.EncodeToString([]byte(fmt.Sprintf("%s %d %d %s", k.JobID, k.Attempt, until.Unix(), k.Name)))
	return claim + "." + s.mac(claim)
}

func (s *Server) mac(claim string) string {
	mac := hmac.New(sha256.New, s.key[:])
	mac.Write([]byte(claim))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// read checks a token. ok is false for one that was not given by this server, or whose time is over.
func (s *Server) read(token string) (k artifacts.Key, ok bool) {
	claim, mac, _ := strings.Cut(token, ".")
	if !hmac.Equal([]byte(mac), []byte(s.mac(claim))) {
		return k, false
	}
	raw, err := base64.RawURLEncoding.DecodeString(claim)
	fields := strings.SplitN(string(raw), " ", 4)
	if err != nil || len(fields) != 4 {
		return k, false
	}
	attempt, err1 := strconv.Atoi(fields[1])
	until, err2 := strconv.ParseInt(fields[2], 10, 64)
	if err1 != nil || err2 != nil || time.Now().Unix() > until {
		return k, false
	}
	return artifacts.Key{JobID: fields[0], Attempt: attempt, Name: fields[3]}, true
}

func (s *Server) trace(w http.ResponseWriter, r *http.Request) {
	key, ok := s.read(r.PathValue("token"))
	if !ok {
		http.Error(w, "This address is not good any more. Open the trace again from where it was linked.", http.StatusForbidden)
		return
	}
	file, err := s.cfg.Artifacts.Read(r.Context(), key, 0, -1)
	if errors.Is(err, artifacts.ErrNotFound) {
		http.Error(w, "The trace is not there any more.", http.StatusNotFound)
		return
	}
	if err != nil {
		s.cfg.Logger.Error("read a trace", "job", key.JobID, "err", err)
		http.Error(w, "The trace cannot be read now.", http.StatusServiceUnavailable)
		return
	}
	defer func() { _ = file.Close() }()
	w.Header().Set("Content-Type", "application/zip")
	w.Header().Set("Content-Length", strconv.FormatInt(file.Size, 10))
	w.Header().Set("Cache-Control", "private, no-store")
	_, _ = io.Copy(w, file)
}

// page serves the viewer's own files.
func (s *Server) page(w http.ResponseWriter, r *http.Request) {
	dir, err := s.files()
	if err != nil {
		s.cfg.Logger.Warn("show a trace", "err", err)
		http.Error(w, "The trace viewer is not installed; `tapedeck doctor` says what is missing.", http.StatusServiceUnavailable)
		return
	}
	root, err := os.OpenRoot(dir) // links out of the folder are not followed
	if err != nil {
		http.Error(w, "The trace viewer cannot be read.", http.StatusServiceUnavailable)
		return
	}
	defer func() { _ = root.Close() }()
	http.FileServerFS(root.FS()).ServeHTTP(w, r)
}

// policy is what the viewer works under (it was tried): nothing from elsewhere, scripts of snapshots included.
const policy = "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; " +
	"img-src 'self' data: blob:; font-src 'self' data:; frame-src 'self' data: blob:; connect-src 'self'; object-src 'none'; base-uri 'none'"

// guard serves only names that mean this machine, so that no page can rebind its own name to the viewer.
func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.allows(r.Host) {
			http.Error(w, "This server does not answer to this Host.", http.StatusForbidden)
			return
		}
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		next.ServeHTTP(w, r)
	})
}

func (s *Server) allows(hostport string) bool {
	host := strings.ToLower(hostport)
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.Trim(host, "[]")
	if _, err := netip.ParseAddr(host); err == nil || host == "localhost" {
		return true
	}
	for _, allowed := range s.cfg.AllowedHosts {
		if strings.EqualFold(allowed, host) {
			return true
		}
	}
	return false
}
