package jiratest

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
)

type request struct {
	JQL           string   `json:"jql"`
	Fields        []string `json:"fields"`
	MaxResults    int      `json:"maxResults"`
	StartAt       int      `json:"startAt"`
	NextPageToken string   `json:"nextPageToken"`
}

// searching reads the request, and answers faults and whoever is not signed in: Cloud then finds nothing, and says so
// in a header only.
func (s *Server) searching(find func(http.ResponseWriter, request)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var q request
		if err := json.UnmarshalRead(r.Body, &q); err != nil {
			refuse(w, http.StatusBadRequest, "Invalid request payload. Refer to the REST API documentation and try again.")
			return
		}
		if f, ok := s.fault(q); ok {
			f.serve(w)
			return
		}
		if !s.authorized(r) {
			w.Header().Set("X-Seraph-Loginreason", "AUTHENTICATED_FAILED")
			if !s.opts.Cloud {
				refuse(w, http.StatusUnauthorized, "You are not authenticated. Authentication required to perform this operation.")
				return
			}
			answer(w, map[string]any{"issues": []any{}, "isLast": true})
			return
		}
		find(w, q)
	}
}

func (s *Server) fault(q request) (Fault, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queries = append(s.queries, q.JQL)
	if len(s.faults) == 0 {
		return Fault{}, false
	}
	f := s.faults[0]
	s.faults = s.faults[1:]
	return f, f != Fault{}
}

func (f Fault) serve(w http.ResponseWriter) {
	for name, value := range map[string]string{"Retry-After": f.RetryAfter, "Location": f.Location, "Content-Type": f.Type} {
		if value != "" {
			w.Header().Set(name, value)
		}
	}
	if f.Cut {
		w.Header().Set("Content-Length", fmt.Sprint(len(f.Body)+100))
	}
	w.WriteHeader(max(f.Status, http.StatusOK))
	_, _ = w.Write([]byte(f.Body))
}

// matches are the issues that a query finds, in its order.
func (s *Server) matches(jql string) ([]Issue, error) {
	q, err := parse(jql, s.zone)
	if err != nil {
		return nil, err
	}
	if q.where == nil && s.opts.Cloud {
		return nil, fmt.Errorf("Unbounded JQL queries are not allowed here. Please add a search restriction to your query.") //nolint:staticcheck // Jira's own words
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Issue
	for _, i := range s.issues {
		if q.where == nil || q.where(i) {
			out = append(out, i)
		}
	}
	slices.SortFunc(out, q.compare)
	return out, nil
}

func (s *Server) searchByToken(w http.ResponseWriter, q request) {
	found, err := s.matches(q.JQL)
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	if q.NextPageToken != "" {
		rest, ok := s.behind(found, q)
		if !ok {
			refuse(w, http.StatusBadRequest, "The provided next page token is invalid or expired.")
			return
		}
		found = rest
	}
	n := min(len(found), s.size(q.MaxResults))
	page := map[string]any{"issues": s.shown(found[:n], q.Fields), "isLast": n == len(found)}
	if n < len(found) {
		page["nextPageToken"] = s.token(q.JQL, found[n-1])
	}
	answer(w, page)
}

func (s *Server) size(asked int) int {
	if asked <= 0 {
		asked = 50
	}
	return min(asked, s.opts.MaxResults)
}

func (s *Server) token(jql string, last Issue) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d\x00%s\x00%s\x00%d", s.epoch, jql, last.Key, last.Created.UnixNano()))
}

// behind is what follows the issue that a token names, whether or not it is still there.
func (s *Server) behind(found []Issue, q request) ([]Issue, bool) {
	raw, err := base64.RawURLEncoding.DecodeString(q.NextPageToken)
	parts := strings.Split(string(raw), "\x00")
	s.mu.Lock()
	epoch := fmt.Sprint(s.epoch)
	s.mu.Unlock()
	if err != nil || len(parts) != 4 || parts[0] != epoch || parts[1] != q.JQL {
		return nil, false
	}
	for n, i := range found {
		if fmt.Sprint(i.Created.UnixNano()) == parts[3] && i.Key == parts[2] {
			return found[n+1:], true
		}
	}
	return nil, false
}

func (s *Server) searchByOffset(w http.ResponseWriter, q request) {
	found, err := s.matches(q.JQL)
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	size := s.size(q.MaxResults)
	rest := found[min(q.StartAt, len(found)):]
	answer(w, map[string]any{"expand": "schema,names", "startAt": q.StartAt, "maxResults": size, "total": len(found),
		"issues": s.shown(rest[:min(len(rest), size)], q.Fields)})
}

func (s *Server) count(w http.ResponseWriter, r *http.Request) {
	var q request
	_ = json.UnmarshalRead(r.Body, &q)
	found, err := s.matches(q.JQL)
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	answer(w, map[string]any{"count": len(found)})
}
