package handlers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"tapedeck/domain/job"
	"tapedeck/domain/knowledge"
	"tapedeck/eventstore"
	"tapedeck/eventstore/jobs"
	"tapedeck/handlers/live"
	"tapedeck/handlers/problem"
	"tapedeck/handlers/spa"
	"tapedeck/handlers/tape"
	"tapedeck/handlers/wire"
)

// Server is the HTTP side of a process. Make one with New.
type Server struct {
	cfg     Config
	log     *slog.Logger
	repo    *jobs.Repository
	store   eventstore.Store
	kinds   map[string]*Kind
	tapes   *tape.Reader
	modes   *queueModes
	hub     *live.Hub
	conns   *wire.Set
	guard   *guard
	door    *door
	metrics *metrics
	app     *fiber.App
	routes  []route
	started time.Time

	mu       sync.Mutex
	listener net.Listener
	served   chan error
}

type route struct{ method, path string }

// New prepares a server and does not listen yet.
func New(cfg Config) (*Server, error) {
	cfg = cfg.WithDefaults()
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	s := &Server{
		cfg: cfg, log: cfg.Logger, repo: cfg.Jobs, store: cfg.Jobs.Store(), kinds: map[string]*Kind{},
		tapes: tape.NewReader(cfg.Jobs), conns: wire.NewSet(cfg.Logger),
		guard: newGuard(append(ownHosts(cfg.Addr), cfg.AllowedHosts...), cfg.AllowedOrigins), door: newDoor(cfg.Token),
		started: cfg.Now(),
	}
	s.modes = newQueueModes(s.repo.LoadQueue, cfg.Now)
	for i := range cfg.Kinds {
		s.kinds[cfg.Kinds[i].Name] = &cfg.Kinds[i]
	}
	s.hub = live.NewHub(live.Config{
		Log: s.store, Source: cfg.Source, Rows: s.rows, Logger: cfg.Logger, Heartbeat: cfg.Heartbeat,
	})
	s.metrics = newMetrics(s)
	s.app = fiber.New(fiber.Config{
		DisableStartupMessage:        true,
		ErrorHandler:                 s.fail,
		BodyLimit:                    cfg.BodyLimit,
		StreamRequestBody:            true, // see limitBody
		DisablePreParseMultipartForm: true,
		CaseSensitive:                true,
		StrictRouting:                true,
		// A connection that says nothing must not hold up a shutdown.
		ReadTimeout:    30 * time.Second,
		WriteTimeout:   60 * time.Second,
		IdleTimeout:    75 * time.Second,
		ReadBufferSize: 16 << 10,
	})
	// Detached connections belong to s.conns (see package wire).
	s.app.Server().KeepHijackedConns = true
	return s, s.mount()
}

func (s *Server) mount() error {
	s.app.Use(identify, s.metrics.observe, s.rescue, s.limitBody, s.guard.check, s.door.check)
	s.mountJobs()
	s.mountLive()
	s.mountQueues()
	s.mountRecorder()
	s.mountKnowledge()
	s.mountSuites()
	s.mountTestCases()
	s.mountPipelines()
	s.mountEnvironments()
	s.mountDoor()
	s.mountSystem()
	s.refuseOtherMethods()
	s.app.Use("/api", notFound)
	if s.cfg.Page == nil {
		s.app.Use(notFound)
		return nil
	}
	site, err := spa.New(s.cfg.Page)
	if err != nil {
		return err
	}
	s.app.Use(site.Serve)
	return nil
}

func (s *Server) mountJobs() {
	s.post("/api/jobs", s.submit)
	s.get("/api/jobs", s.listJobs)
	s.post("/api/jobs/bulk", s.bulk)
	s.get("/api/jobs/:jobId", s.getJob)
	s.get("/api/jobs/:jobId/events", s.jobEvents)
	s.get("/api/jobs/:jobId/log", s.jobLog)
	s.post("/api/jobs/:jobId/cancel", s.cancelJob)
	s.post("/api/jobs/:jobId/stop", s.stopJob)
	s.post("/api/jobs/:jobId/retry", s.retryJob)
	s.post("/api/jobs/:jobId/annotate", s.annotateJob)
	s.post("/api/jobs/:jobId/fork", s.forkJob)
	s.get("/api/jobs/:jobId/artifacts", s.listArtifacts)
	s.get("/api/jobs/:jobId/artifacts/+", s.readArtifact)
	s.get("/api/jobs/:jobId/tape", s.exportTape)
}

func (s *Server) mountLive() {
	s.get("/api/events", s.tap)
	s.get("/api/ws", s.openSocket)
}

func (s *Server) mountQueues() {
	s.get("/api/queues", s.listQueues)
	s.post("/api/queues/:queue/pause", s.pauseQueue)
	s.post("/api/queues/:queue/resume", s.resumeQueue)
	s.post("/api/queues/:queue/drain", s.drainQueue)
	s.get("/api/workers", s.listWorkers)
}

// A session is its job, and so is a recording: they share their id.
func (s *Server) mountRecorder() {
	s.post("/api/recorder/sessions", s.openSession)
	s.get("/api/recorder/sessions/:jobId", s.readSession)
	s.post("/api/recorder/sessions/:jobId/stop", s.stopJob)
	s.post("/api/recorder/sessions/:jobId/cancel", s.cancelJob)
	s.get("/api/recorder/sessions/:jobId/ws", s.openStage)
	s.get("/api/recorder/devices", s.listDevices)
	s.get("/api/recorder/profiles", s.listProfiles)
	s.post("/api/recorder/profiles/:name/remove", s.removeProfile)
	s.get("/api/recorder/:jobId/artifacts/+", s.readArtifact)
	s.get("/api/recordings", s.listRecordings)
	s.post("/api/recordings/import", s.importRecording)
	s.get("/api/recordings/:jobId", s.getRecording)
	s.get("/api/recordings/:jobId/document", s.readDocument)
	s.get("/api/recordings/:jobId/chrome", s.exportChrome)
	s.get("/api/recordings/:jobId/versions", s.listVersions)
	s.get("/api/recordings/:jobId/trace", s.openTrace)
	s.post("/api/recordings/:jobId/edit", s.editRecording)
}

func (s *Server) mountSuites() {
	s.post("/api/suites", s.generateSuite)
	s.post(verifyPath, s.verifySuite)
	s.post("/api/suites/push", s.pushSuite)
	s.post("/api/suites/explore", s.exploreSuite)
	s.get("/api/suites/:id/proof", s.getProof)
	s.get("/api/suites/:jobId/trace", s.openRunTrace)
	s.get("/api/suites/:jobId/review", s.getReview)
	s.get("/api/suites/:jobId/text", s.readSuiteText)
	s.put("/api/suites/:jobId/text", s.editSuite)
	s.get("/api/suites/:jobId/diff", s.diffSuite)
	s.post("/api/suites/:jobId/accept", s.reviewSuite(acceptSuite))
	s.post("/api/suites/:jobId/reject", s.reviewSuite(rejectSuite))
	s.post("/api/suites/:jobId/prove", s.proveSuiteAgain)
	s.get("/api/suites/:jobId/project.zip", s.exportSuite)
	s.post("/api/suites/:jobId/project.zip", s.exportSuite)
}

func (s *Server) mountTestCases() {
	s.post("/api/test-cases/generate", s.generateCases)
	s.get("/api/test-cases", s.listCases)
	s.get("/api/test-cases/:jobId", s.getCases)
	s.get("/api/test-cases/:jobId/stale", s.listStale)
	s.post("/api/test-cases/:jobId/regenerate", s.regenerateCases)
	s.get("/api/test-cases/:jobId/cases/:caseId/trace", s.traceCase)
	s.get("/api/test-cases/:jobId/export", s.exportCases)
	s.post("/api/test-cases/:jobId/export", s.exportCases)
	s.post("/api/test-cases/:jobId/cases/:caseId/edit", s.reviewCase(editCase))
	s.post("/api/test-cases/:jobId/cases/:caseId/accept", s.reviewCase(acceptCase))
	s.post("/api/test-cases/:jobId/cases/:caseId/reject", s.reviewCase(rejectCase))
	s.post("/api/test-cases/:jobId/cases/:caseId/prove", s.reviewCase(s.proveCase))
}

func (s *Server) mountPipelines() {
	s.post(pipelinesPath, s.runPipeline)
	s.get(pipelinesPath+"/:jobId", s.getPipeline)
	s.post(pipelinesPath+"/:jobId/retry", s.retryPipeline)
}

func (s *Server) mountKnowledge() {
	s.post("/api/ingest/jira", s.ingest(knowledge.Jira))
	s.post("/api/ingest/website", s.ingest(knowledge.Website))
	s.post("/api/ingest/bucket", s.ingest(knowledge.Bucket))
	s.post("/api/ingest/jira/preview", s.preview(knowledge.Jira))
	s.post("/api/ingest/website/preview", s.preview(knowledge.Website))
	s.post("/api/ingest/bucket/preview", s.preview(knowledge.Bucket))
	s.post(documentsPath, s.ingestDocuments)
	s.get("/api/knowledge/search", s.search)
	s.get("/api/knowledge/sources", s.listSources)
	s.get("/api/knowledge/sources/:id", s.getSource)
	s.get("/api/knowledge/sources/:id/coverage", s.getCoverage)
	s.get("/api/knowledge/documents", s.listDocuments)
	s.delete("/api/knowledge/documents", s.removeSource)
	s.get("/api/knowledge/documents/:id", s.getDocument)
	s.delete("/api/knowledge/documents/:id", s.removeDocument)
	s.get("/api/knowledge/documents/:id/text", s.readText)
	s.get("/api/knowledge/documents/:id/passages", s.listPassages)
	s.get("/api/knowledge/documents/:id/relations", s.listRelations)
	s.get("/api/knowledge/documents/:id/tests", s.listDocumentTests)
	s.get("/api/knowledge/passages/:id", s.getPassage)
	s.get("/api/knowledge/passages/:id/similar", s.listSimilar)
}

func (s *Server) mountEnvironments() {
	s.get("/api/environments", s.listEnvironments)
	s.get("/api/environments/:name", s.getEnvironment)
	s.put("/api/environments/:name", s.putEnvironment)
	s.delete("/api/environments/:name", s.removeEnvironment)
	s.post("/api/environments/:name/check", s.checkEnvironment)
}

func (s *Server) mountSystem() {
	s.get("/api/kinds", s.listKinds)
	s.get("/api/stats", s.readStats)
	s.get("/api/info", s.readInfo)
	s.post("/api/readmodels/rebuild", s.rebuildReadModels)
	s.post("/api/readmodels/check", s.checkReadModels)
	s.get("/api/openapi.yaml", document(openapiYAML))
	s.get("/api/asyncapi.yaml", document(asyncapiYAML))
	s.get("/api/asyncapi-stage.yaml", document(asyncapiStageYAML))
	s.get("/api/schemas", s.listSchemas)
	s.get("/api/schemas/:name", s.readSchema)
	s.get("/healthz", s.readHealth)
	s.get("/readyz", s.readReadiness)
	s.get("/metrics", s.metrics.serve)
}

func (s *Server) get(path string, h fiber.Handler) {
	s.app.Get(path, h)
	s.routes = append(s.routes, route{fiber.MethodGet, path})
}

func (s *Server) post(path string, h fiber.Handler) {
	s.app.Post(path, h)
	s.routes = append(s.routes, route{fiber.MethodPost, path})
}

func (s *Server) put(path string, h fiber.Handler) {
	s.app.Put(path, h)
	s.routes = append(s.routes, route{fiber.MethodPut, path})
}

func (s *Server) delete(path string, h fiber.Handler) {
	s.app.Delete(path, h)
	s.routes = append(s.routes, route{fiber.MethodDelete, path})
}

// refuseOtherMethods answers 405 on paths that exist: the catch-all routes behind would make it a 404.
func (s *Server) refuseOtherMethods() {
	allowed := map[string][]string{}
	for _, r := range s.routes {
		allowed[r.path] = append(allowed[r.path], r.method)
	}
	for path, methods := range allowed {
		allow := strings.Join(methods, ", ")
		s.app.All(path, func(c *fiber.Ctx) error {
			c.Set(fiber.HeaderAllow, allow)
			return fiber.ErrMethodNotAllowed
		})
	}
}

func notFound(*fiber.Ctx) error { return fiber.ErrNotFound }

// rescue turns a panic into an answer.
func (s *Server) rescue(c *fiber.Ctx) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return c.Next()
}

// Start listens and serves until Stop. It returns when the address is bound.
func (s *Server) Start(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listener != nil {
		return errors.New("handlers: started twice")
	}
	// Keep-alive finds clients whose machine vanished.
	lc := net.ListenConfig{KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 30 * time.Second, Interval: 10 * time.Second, Count: 3}}
	ln, err := lc.Listen(ctx, "tcp", s.cfg.Addr)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	s.listener, s.served = ln, make(chan error, 1)
	s.hub.Start(context.WithoutCancel(ctx))
	go func() { s.served <- s.app.Listener(wire.Linger(ln)) }()
	return nil
}

// Handler serves requests without a listener, for tests and benchmarks.
func (s *Server) Handler() fasthttp.RequestHandler { return s.app.Handler() }

// Routes lists what is served besides the page, as "METHOD path".
func (s *Server) Routes() []string {
	out := make([]string, len(s.routes))
	for i, r := range s.routes {
		out[i] = r.method + " " + r.path
	}
	return out
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

// Stop takes no more requests, closes live connections (1001) and waits for what is under way, at most until ctx ends.
// Calling it again is harmless.
func (s *Server) Stop(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.served == nil {
		return nil
	}
	s.conns.Shutdown(ctx)
	err := s.app.ShutdownWithContext(ctx)
	// A server that had not begun to accept does not know its listener yet.
	_ = s.listener.Close()
	if served := <-s.served; !errors.Is(served, net.ErrClosed) {
		err = errors.Join(err, served)
	}
	s.hub.Stop()
	s.served = nil
	return err
}

// requestTimeout bounds a request's work on the store.
const requestTimeout = 15 * time.Second

// within is the context of one request. fasthttp's own is reused and must not be kept.
func within() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), requestTimeout)
}

// caller says who acts, for the envelopes.
func caller(c *fiber.Ctx) jobs.Caller {
	by := jobs.Caller{Source: "tapedeck/api", CorrelationID: requestID(c)}
	if tp := c.Get("traceparent"); len(tp) == 55 && harmless(tp) {
		by.TraceParent = strings.Clone(tp)
	}
	return by
}

func sendJSON(c *fiber.Ctx, status int, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode the answer: %w", err)
	}
	c.Status(status).Response().Header.SetContentType(fiber.MIMEApplicationJSON)
	c.Response().SetBodyRaw(b)
	return nil
}

// jobID is the id in the path; one that cannot be is not there.
func jobID(c *fiber.Ctx) (string, error) {
	id := c.Params("jobId")
	if len(id) == 0 || len(id) > 64 || strings.Trim(id, idChars) != "" {
		return "", job.ErrNotFound
	}
	return strings.Clone(id), nil
}

const idChars = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"

// fail is fiber's error handler: the one place where an error becomes an answer.
func (s *Server) fail(c *fiber.Ctx, err error) error {
	var fe *fiber.Error
	if errors.As(err, &fe) {
		err = problem.OfStatus(fe.Code, fe.Message)
	}
	p := s.known(err, requestID(c))
	if c.Context().RequestBodyStream() != nil { // what was not read of it is no next request
		c.Response().SetConnectionClose()
		wire.LetFinish(c.Context().Conn())
	}
	return sendProblem(c, p)
}

// known is a problem for any error; what is not known is logged, and only the request id reaches the client.
func (s *Server) known(err error, instance string) *problem.Problem {
	p := problem.Of(err)
	if p == nil {
		s.log.Error("request failed", "requestId", instance, "err", err)
		p = problem.New(problem.Internal, "the server has logged what went wrong under this instance")
	}
	p.Instance = instance
	return p
}
