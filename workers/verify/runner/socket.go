package runner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// controlSocket is the socket on which the shim asks.
const controlSocket = "control.sock"

// Annotation is what a test says of itself: test('…', { annotation: { type, description } }).
type Annotation struct {
	Type        string `json:"type"`
	Description string `json:"description"`
}

// Test is one test of a project.
type Test struct {
	File        string       `json:"file"`
	Line        int          `json:"line"`
	Titles      []string     `json:"titles"`
	Project     string       `json:"project"` // Playwright's, of the configuration
	Repeat      int          `json:"repeat"`  // from 0
	Tags        []string     `json:"tags"`
	Annotations []Annotation `json:"annotations"`
}

// Setup is what a run gets.
type Setup struct {
	// Proxy is a proxy on this machine that the browser and API requests go through. It is all that they reach.
	Proxy netip.AddrPort
	// BaseURL replaces the configuration's. Defaults to that.
	BaseURL string
	// StorageState is a login, in Playwright's format. Defaults to the configuration's.
	StorageState jsontext.Value
	// Headers are sent with every request.
	Headers map[string]string
	// Env is set in the test's process for this run, for secrets.
	Env map[string]string
	// CPUThrottle slows pages down by this factor. Defaults to 1.
	CPUThrottle int
	// Patience multiplies the limits of the test, its assertions and actions that it does not set itself: a run that is slowed
	// down takes longer. Defaults to 1.
	Patience float64
	// Checkpoints asks for what pages show after each assertion about one and at the end.
	Checkpoints bool
	// Coverage asks which functions of the pages' scripts were run.
	Coverage bool
	// InitScript runs at the beginning of every document.
	InitScript string
	// InPlace are faults that are put into the page at each assertion that held, and taken back. Defaults to none.
	InPlace *InPlace
	// Skip leaves the run out: it has no session.
	Skip bool
}

// InPlace are faults to be tried at a run's assertions.
type InPlace struct {
	// Script is the source of a JavaScript function of a fault, and true, that looks for its elements and answers
	// { found, put, undo }. What stands around them has the attribute data-tapedeck-around until undo.
	Script string         `json:"script"`
	List   []InPlaceFault `json:"list"`
	// MS is how long they may take at one assertion, in milliseconds.
	MS int `json:"milliseconds"`
	// Check asks also whether each assertion notices that what it is about is changed.
	Check bool `json:"check"`
}

// InPlaceFault is one of them.
type InPlaceFault struct {
	ID    string         `json:"id"`
	Fault jsontext.Value `json:"fault"`
}

// SeenFault is what an assertion made of a fault that the page had a place for.
type SeenFault struct {
	ID string `json:"id"`
	// Gone and Come are lines of the page that it no longer showed with the fault, and that it showed only then.
	Gone       []string `json:"gone"`
	Come       []string `json:"come"`
	Killed     bool     `json:"killed"`
	Message    string   `json:"message"`
	DurationMS float64  `json:"durationMs"`
}

// Observation is something that happened in a run.
type Observation struct {
	// Kind is "assertion", "checkpoint", "coverage", "faults", "check" or "pageError".
	Kind string `json:"kind"`
	// Index counts assertions from 1.
	Index      int    `json:"index"`
	Matcher    string `json:"matcher"`
	Subject    string `json:"subject"`
	Negated    bool   `json:"negated"`
	Soft       bool   `json:"soft"`
	Poll       bool   `json:"poll"`
	Held       bool   `json:"held"`
	File       string `json:"file"`
	Line       int    `json:"line"`
	DurationMS int64  `json:"durationMs"`
	// At is the assertion that a checkpoint follows; 0 at the end.
	At    int        `json:"at"`
	Pages []PageView `json:"pages"`
	// Message is a page's error.
	Message string `json:"message"`
	// URL is a script's, and Ranges the functions of it that were run, as offsets in UTF-16 units.
	URL    string   `json:"url"`
	Ranges [][2]int `json:"ranges"`
	// Faults are those that were tried in place; Complete says that none was left out at this assertion.
	Faults   []SeenFault `json:"faults"`
	Complete bool        `json:"complete"`
	// Noticed of Tried changes of what the assertion is about.
	Tried   int `json:"tried"`
	Noticed int `json:"noticed"`
}

// PageView is what a page shows.
type PageView struct {
	URL     string `json:"url"`
	Aria    string `json:"aria"` // Playwright's aria snapshot of the body
	Unknown bool   `json:"unknown"`
	// Told is what scripts in its frames say: the answers of globalThis[Symbol.for("tapedeck.told")]().
	Told []jsontext.Value `json:"told"`
}

// End is how a run that did not pass ended; By is "assertion", "action", "crash" or "timeout".
type End struct {
	By        string `json:"by"`
	Assertion int    `json:"assertion"`
	Message   string `json:"message"`
	File      string `json:"file"`
	Line      int    `json:"line"`
}

// Ended is what the shim knows when a run is over.
type Ended struct {
	// Status is Playwright's: passed, failed, timedOut, skipped, interrupted.
	Status     string `json:"status"`
	End        *End   `json:"end"`
	Assertions int    `json:"assertions"`
}

// Verdict is the host's last word about a run.
type Verdict struct {
	// Fail, if not empty, fails a run that passed.
	Fail string `json:"fail,omitempty"`
}

// Host decides what runs get and is told what happens. Its methods are called at the same time for different runs, and in
// order for one. An error of Begin fails that run.
type Host interface {
	// Begin is asked before a run's browser context is made; session names the run from then on.
	Begin(ctx context.Context, t Test) (session string, s Setup, err error)
	// Observe is told of one thing that happened.
	Observe(session string, o Observation)
	// Settle is asked when the test is over and its pages are still open; it may wait for what they are about to send. It
	// answers whether the run may pass as far as is known: of one that may not, evidence is kept.
	Settle(ctx context.Context, session string) bool
	// Finish is asked when the pages are closed.
	Finish(ctx context.Context, session string, e Ended) Verdict
}

// control serves the shim of one invocation.
type control struct {
	ctx          context.Context
	host         Host
	host0, seen0 layout // where the sockets lie, outside and inside

	mu       sync.Mutex
	sessions map[string]*forward
	count    int
	listed   []Test
	results  []Result
	errors   []Fault
	onResult func(Result)
	ended    bool
}

// forward joins a socket in the file system with a proxy.
type forward struct {
	ln   net.Listener
	to   netip.AddrPort
	wait sync.WaitGroup
	mu   sync.Mutex
	open map[net.Conn]bool
}

func (c *control) serve() (stop func(), err error) {
	ln, err := net.Listen("unix", filepath.Join(c.host0.run, controlSocket))
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	route(mux, "/begin", c.begin)
	route(mux, "/report", c.report)
	route(mux, "/settle", c.settle)
	route(mux, "/finish", c.finish)
	route(mux, "/tests", c.tests)
	route(mux, "/result", c.result)
	route(mux, "/error", c.fault)
	route(mux, "/end", c.end)
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute, BaseContext: func(net.Listener) context.Context { return c.ctx }}
	done := make(chan struct{})
	go func() { defer close(done); _ = srv.Serve(ln) }()
	return func() {
		_ = srv.Close()
		<-done
		c.mu.Lock()
		left := c.sessions
		c.sessions = map[string]*forward{}
		c.mu.Unlock()
		for _, f := range left {
			f.close()
		}
	}, nil
}

// maxAsk bounds what the shim may say at once.
const maxAsk = 4 << 20

func route[In, Out any](mux *http.ServeMux, path string, answer func(context.Context, In) (Out, error)) {
	mux.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) {
		var in In
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxAsk))
		if err == nil {
			err = json.Unmarshal(body, &in)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		out, err := answer(r.Context(), in)
		if err != nil {
			http.Error(w, err.Error(), http.StatusConflict)
			return
		}
		_ = json.MarshalWrite(w, out)
	})
}

type none struct{}

type beginAsk struct {
	Test   Test `json:"test"`
	Worker int  `json:"worker"`
}

type beginAnswer struct {
	Session     string            `json:"session"`
	Socket      string            `json:"socket,omitempty"`
	BaseURL     string            `json:"baseURL,omitempty"`
	State       jsontext.Value    `json:"storageState,omitempty"`
	Headers     map[string]string `json:"extraHTTPHeaders,omitempty"`
	Env         map[string]string `json:"env,omitempty"`
	CPUThrottle int               `json:"cpuThrottle,omitempty"`
	Patience    float64           `json:"patience,omitempty"`
	Checkpoints bool              `json:"checkpoints,omitempty"`
	InitScript  string            `json:"initScript,omitempty"`
	Coverage    bool              `json:"coverage,omitempty"`
	InPlace     *InPlace          `json:"inPlace,omitempty"`
	Skip        bool              `json:"skip,omitempty"`
}

func (c *control) begin(ctx context.Context, in beginAsk) (beginAnswer, error) {
	session, s, err := c.host.Begin(c.ctx, in.Test)
	if err != nil {
		return beginAnswer{}, err
	}
	out := beginAnswer{
		Session: session, BaseURL: s.BaseURL, State: s.StorageState, Headers: s.Headers, Env: s.Env, CPUThrottle: s.CPUThrottle, Patience: s.Patience,
		Checkpoints: s.Checkpoints, Coverage: s.Coverage, InitScript: s.InitScript, InPlace: s.InPlace, Skip: s.Skip,
	}
	if !s.Proxy.IsValid() {
		return out, nil
	}
	c.mu.Lock()
	c.count++
	name := strconv.Itoa(c.count) + ".sock"
	c.mu.Unlock()
	f, err := newForward(filepath.Join(c.host0.run, name), s.Proxy)
	if err != nil {
		return out, err
	}
	c.mu.Lock()
	c.sessions[session] = f
	c.mu.Unlock()
	out.Socket = filepath.Join(c.seen0.run, name)
	return out, ctx.Err()
}

func newForward(path string, to netip.AddrPort) (*forward, error) {
	ln, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	f := &forward{ln: ln, to: to, open: map[net.Conn]bool{}}
	f.wait.Go(func() {
		for {
			near, err := ln.Accept()
			if err != nil {
				return
			}
			f.wait.Go(func() { f.join(near) })
		}
	})
	return f, nil
}

func (f *forward) join(near net.Conn) {
	far, err := net.Dial("tcp", f.to.String())
	if err != nil {
		_ = near.Close()
		return
	}
	f.mu.Lock()
	f.open[near], f.open[far] = true, true
	f.mu.Unlock()
	var both sync.WaitGroup
	pass := func(to, from net.Conn) {
		_, _ = io.Copy(to, from)
		if half, ok := to.(interface{ CloseWrite() error }); ok {
			_ = half.CloseWrite()
		}
	}
	both.Go(func() { pass(far, near) })
	both.Go(func() { pass(near, far) })
	both.Wait()
	_ = near.Close()
	_ = far.Close()
	f.mu.Lock()
	delete(f.open, near)
	delete(f.open, far)
	f.mu.Unlock()
}

func (f *forward) close() {
	_ = f.ln.Close()
	f.mu.Lock()
	for c := range f.open {
		_ = c.Close()
	}
	f.mu.Unlock()
	f.wait.Wait()
}

type reportAsk struct {
	Session string `json:"session"`
	Observation
}

func (c *control) report(_ context.Context, in reportAsk) (none, error) {
	c.host.Observe(in.Session, in.Observation)
	return none{}, nil
}

type sessionAsk struct {
	Session string `json:"session"`
}

type settleAnswer struct {
	Fits bool `json:"fits"`
}

func (c *control) settle(ctx context.Context, in sessionAsk) (settleAnswer, error) {
	return settleAnswer{Fits: c.host.Settle(ctx, in.Session)}, nil
}

type finishAsk struct {
	Session string `json:"session"`
	Ended
}

func (c *control) finish(_ context.Context, in finishAsk) (Verdict, error) {
	c.mu.Lock()
	f := c.sessions[in.Session]
	delete(c.sessions, in.Session)
	c.mu.Unlock()
	if f != nil {
		f.close()
	}
	return c.host.Finish(c.ctx, in.Session, in.Ended), nil
}

type testsAsk struct {
	Tests []Test `json:"tests"`
}

func (c *control) tests(_ context.Context, in testsAsk) (none, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.listed = in.Tests
	return none{}, nil
}

// Fault is what Playwright Test says of a project or a run.
type Fault struct {
	Message string `json:"message"`
	File    string `json:"file"`
	Line    int    `json:"line"`
}

func (f Fault) String() string {
	if f.File == "" {
		return f.Message
	}
	return fmt.Sprintf("%s:%d: %s", f.File, f.Line, f.Message)
}

// Attachment is a file that a run left; Path is where it lies in the folder of results.
type Attachment struct {
	Name        string `json:"name"`
	Path        string `json:"path"`
	ContentType string `json:"contentType"`
}

// Result is what Playwright Test says of one run.
type Result struct {
	Test        Test         `json:"test"`
	Status      string       `json:"status"`
	DurationMS  int64        `json:"durationMs"`
	Worker      int          `json:"worker"`
	Errors      []Fault      `json:"errors"`
	Attachments []Attachment `json:"attachments"`
}

func (c *control) result(_ context.Context, in Result) (none, error) {
	for i, a := range in.Attachments {
		rel, err := filepath.Rel(c.seen0.out, a.Path)
		if err != nil || !filepath.IsLocal(rel) {
			in.Attachments[i].Path = ""
			continue
		}
		in.Attachments[i].Path = filepath.Join(c.host0.out, rel)
	}
	c.mu.Lock()
	c.results = append(c.results, in)
	tell := c.onResult
	c.mu.Unlock()
	if tell != nil {
		tell(in)
	}
	return none{}, nil
}

func (c *control) fault(_ context.Context, in Fault) (none, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.errors) < 50 {
		c.errors = append(c.errors, in)
	}
	return none{}, nil
}

func (c *control) end(context.Context, struct{}) (none, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
	return none{}, nil
}

// makeRoom makes a folder with a short path: a socket's may have 100 bytes.
func makeRoom() (string, error) {
	dir, err := os.MkdirTemp("", "td-")
	if err == nil && len(dir) > 80 {
		err = errors.New("TMPDIR is too long for sockets")
	}
	return dir, err
}
