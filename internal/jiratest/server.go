package jiratest

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
)

// Who may sign in, and with what.
const (
	Email = "ada@example.com"
	Token = "ATATT3xFfGF0-stand-in-token"
	PAT   = "NjM0-stand-in-access-token"
)

// Options say what kind of Jira it is.
type Options struct {
	Cloud       bool
	ContextPath string // "/jira"; defaults to none
	TimeZone    string // of the account; defaults to UTC
	MaxResults  int    // the most issues of one answer; defaults to 100
}

// Issue is an issue as it is stored; Fields are those of the REST API beside key, created, updated, comment and attachment.
type Issue struct {
	Key              string
	Created, Updated time.Time
	Fields           map[string]any
	Comments         []Comment
	Files            []File
}

// Comment has a body of ADF (Cloud) or wiki markup (Data Center).
type Comment struct {
	ID, Author string
	Created    time.Time
	Body       any
}

// File is an attachment.
type File struct {
	ID, Name, Type string
	Content        []byte
}

// Fault is an answer that replaces the one to the next search; the zero one lets it be answered.
type Fault struct {
	Status     int
	RetryAfter string
	Location   string
	Type, Body string
	Cut        bool // the connection ends within the body
}

// Server is safe for concurrent use.
type Server struct {
	URL string // the base URL, with the context path

	opts Options
	zone *time.Location

	mu      sync.Mutex
	issues  map[string]Issue
	fields  []map[string]any
	faults  []Fault
	queries []string
	seen    []string
	expired bool
	epoch   int    // page tokens of earlier ones are refused
	media   string // where files of Cloud are redirected to
}

// Start runs a server until the test ends.
func Start(t testing.TB, opts Options) *Server {
	t.Helper()
	zone, err := time.LoadLocation(opts.TimeZone)
	if err != nil {
		t.Fatal(err)
	}
	if opts.MaxResults == 0 {
		opts.MaxResults = 100
	}
	s := &Server{opts: opts, zone: zone, issues: map[string]Issue{}, fields: systemFields()}
	h := httptest.NewServer(s.routes())
	t.Cleanup(h.Close)
	s.URL = h.URL + opts.ContextPath
	return s
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	v := s.opts.ContextPath + "/rest/api/2"
	mux.HandleFunc("GET "+v+"/serverInfo", s.serverInfo)
	if s.opts.Cloud {
		v = s.opts.ContextPath + "/rest/api/3"
		mux.HandleFunc("POST "+v+"/search/jql", s.searching(s.searchByToken))
		mux.HandleFunc("POST "+v+"/search/approximate-count", s.signedIn(s.count))
		mux.HandleFunc("POST "+v+"/search", s.removed)
		mux.HandleFunc("POST "+s.opts.ContextPath+"/rest/api/2/search", s.removed)
		mux.HandleFunc("GET "+v+"/attachment/content/{id}", s.signedIn(s.redirectToFile))
	} else {
		mux.HandleFunc("POST "+v+"/search", s.searching(s.searchByOffset))
		mux.HandleFunc("GET "+v+"/attachment/{id}", s.signedIn(s.fileFacts))
		mux.HandleFunc("GET "+s.opts.ContextPath+"/secure/attachment/{id}/{name}", s.signedIn(s.file))
	}
	mux.HandleFunc("GET "+v+"/myself", s.signedIn(s.myself))
	mux.HandleFunc("GET "+v+"/field", s.signedIn(s.listFields))
	mux.HandleFunc("GET "+v+"/issue/{key}/comment", s.signedIn(s.comments))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.seen = append(s.seen, r.Method+" "+r.URL.Path)
		s.mu.Unlock()
		mux.ServeHTTP(w, r)
	})
}

// Put stores issues, or replaces those with the same keys.
func (s *Server) Put(issues ...Issue) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, i := range issues {
		s.issues[i.Key] = i
	}
}

// Delete removes issues.
func (s *Server) Delete(keys ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range keys {
		delete(s.issues, k)
	}
}

// AddField adds a custom field; custom is the key of its type.
func (s *Server) AddField(id, name, custom string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fields = append(s.fields, map[string]any{"id": id, "key": id, "name": name, "custom": true, "orderable": true, "navigable": true,
		"searchable": true, "clauseNames": []string{name}, "schema": map[string]any{"type": "any", "custom": custom}})
}

// Fail lets the next searches fail, one fault each.
func (s *Server) Fail(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, faults...)
}

// Expire makes the credentials invalid.
func (s *Server) Expire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expired = true
}

// ExpirePages makes the page tokens invalid that were given out so far.
func (s *Server) ExpirePages() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.epoch++
}

// RedirectFiles sends whoever asks for a file of Cloud to this address, followed by the file's id.
func (s *Server) RedirectFiles(base string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.media = base
}

// Requests are the methods and paths that were asked for.
func (s *Server) Requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.seen)
}

// Queries are the JQL that searches had.
func (s *Server) Queries() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.queries)
}

// authorized compares the header with what this flavour takes.
func (s *Server) authorized(r *http.Request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	want := "Bearer " + PAT
	if s.opts.Cloud {
		want = "Basic " + base64.StdEncoding.EncodeToString([]byte(Email+":"+Token))
	}
	return !s.expired && r.Header.Get("Authorization") == want
}

func (s *Server) signedIn(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if s.authorized(r) {
			next(w, r)
			return
		}
		w.Header().Set("X-Seraph-Loginreason", "AUTHENTICATED_FAILED")
		if s.opts.Cloud {
			w.Header().Set("Content-Type", "text/plain")
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = w.Write([]byte("Client must be authenticated to access this resource."))
			return
		}
		refuse(w, http.StatusUnauthorized, "You do not have the permission to see the specified issue. "+r.Header.Get("Authorization"))
	}
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	_ = json.MarshalWrite(w, v)
}

func refuse(w http.ResponseWriter, status int, messages ...string) {
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.WriteHeader(status)
	_ = json.MarshalWrite(w, map[string]any{"errorMessages": messages, "errors": map[string]any{}})
}

func (s *Server) removed(w http.ResponseWriter, _ *http.Request) {
	refuse(w, http.StatusGone, "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API.")
}

func (s *Server) serverInfo(w http.ResponseWriter, _ *http.Request) {
	kind := "Server"
	if s.opts.Cloud {
		kind = "Cloud"
	}
	answer(w, map[string]any{"baseUrl": s.URL, "version": "9.12.1", "deploymentType": kind, "serverTitle": "Jira"})
}

func (s *Server) myself(w http.ResponseWriter, _ *http.Request) {
	answer(w, map[string]any{"accountId": "5b10a2844c20165700ede21g", "displayName": "Ada Lovelace", "emailAddress": Email,
		"timeZone": s.zone.String(), "active": true})
}

func (s *Server) listFields(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	answer(w, s.fields)
}

func systemFields() []map[string]any {
	var out []map[string]any
	for _, name := range []string{"Summary", "Description", "Status", "Environment"} {
		id := strings.ToLower(name)
		out = append(out, map[string]any{"id": id, "key": id, "name": name, "custom": false, "schema": map[string]any{"type": "string", "system": id}})
	}
	return out
}
