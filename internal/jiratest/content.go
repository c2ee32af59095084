package jiratest

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"
)

const layout = "2006-01-02T15:04:05.000-0700"

func (s *Server) stamp(t time.Time) string { return t.In(s.zone).Format(layout) }

// shown are issues with the fields that were asked for.
func (s *Server) shown(issues []Issue, fields []string) []any {
	out := []any{}
	for n, i := range issues {
		all := map[string]any{"created": s.stamp(i.Created), "updated": s.stamp(i.Updated), "comment": s.someComments(i), "attachment": s.filesOf(i)}
		for name, v := range i.Fields {
			all[name] = v
		}
		kept := map[string]any{}
		for _, name := range fields {
			kept[name] = all[name]
		}
		id := fmt.Sprint(10_000 + n)
		out = append(out, map[string]any{"expand": "", "id": id, "key": i.Key, "self": s.URL + "/rest/api/3/issue/" + id, "fields": kept})
	}
	return out
}

// someComments are what a search brings: 20 on Cloud, all on Data Center.
func (s *Server) someComments(i Issue) map[string]any {
	n := len(i.Comments)
	if s.opts.Cloud {
		n = min(n, 20)
	}
	return s.commentPage(i.Comments, 0, n)
}

func (s *Server) commentPage(all []Comment, start, size int) map[string]any {
	page := []any{}
	rest := all[min(max(start, 0), len(all)):]
	for _, c := range rest[:min(size, len(rest))] {
		author := map[string]any{"displayName": c.Author, "emailAddress": "hidden@example.com", "active": true}
		page = append(page, map[string]any{"id": c.ID, "author": author, "updateAuthor": author, "body": c.Body,
			"created": s.stamp(c.Created), "updated": s.stamp(c.Created), "jsdPublic": true})
	}
	return map[string]any{"comments": page, "startAt": start, "maxResults": size, "total": len(all)}
}

func (s *Server) comments(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	i, ok := s.issues[r.PathValue("key")]
	s.mu.Unlock()
	if !ok {
		refuse(w, http.StatusNotFound, "Issue does not exist or you do not have permission to see it.")
		return
	}
	start, _ := strconv.Atoi(r.URL.Query().Get("startAt"))
	size, _ := strconv.Atoi(r.URL.Query().Get("maxResults"))
	answer(w, s.commentPage(i.Comments, start, min(size, s.opts.MaxResults)))
}

func (s *Server) filesOf(i Issue) []any {
	out := []any{}
	for _, f := range i.Files {
		out = append(out, s.facts(i, f))
	}
	return out
}

func (s *Server) facts(i Issue, f File) map[string]any {
	content := s.URL + "/secure/attachment/" + f.ID + "/" + f.Name
	if s.opts.Cloud {
		content = s.URL + "/rest/api/3/attachment/content/" + f.ID
	}
	return map[string]any{"id": f.ID, "filename": f.Name, "mimeType": f.Type, "size": len(f.Content), "content": content,
		"created": s.stamp(i.Created), "author": map[string]any{"displayName": "Ada Lovelace"}}
}

func (s *Server) lookUp(id string) (Issue, File, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, i := range s.issues {
		if n := slices.IndexFunc(i.Files, func(f File) bool { return f.ID == id }); n >= 0 {
			return i, i.Files[n], true
		}
	}
	return Issue{}, File{}, false
}

func (s *Server) fileFacts(w http.ResponseWriter, r *http.Request) {
	i, f, ok := s.lookUp(r.PathValue("id"))
	if !ok {
		refuse(w, http.StatusNotFound, "The attachment with id '"+r.PathValue("id")+"' does not exist")
		return
	}
	answer(w, s.facts(i, f))
}

func (s *Server) file(w http.ResponseWriter, r *http.Request) {
	_, f, ok := s.lookUp(r.PathValue("id"))
	if !ok || f.Name != r.PathValue("name") {
		refuse(w, http.StatusNotFound, "The attachment does not exist")
		return
	}
	w.Header().Set("Content-Type", f.Type)
	_, _ = w.Write(f.Content)
}

// redirectToFile sends on to the media service, or serves the file where none is set.
func (s *Server) redirectToFile(w http.ResponseWriter, r *http.Request) {
	_, f, ok := s.lookUp(r.PathValue("id"))
	s.mu.Lock()
	media := s.media
	s.mu.Unlock()
	switch {
	case !ok:
		refuse(w, http.StatusNotFound, "The attachment with id '"+r.PathValue("id")+"' does not exist")
	case media != "":
		w.Header().Set("Location", media+f.ID+"?token=signed-for-one-use")
		w.WriteHeader(http.StatusSeeOther)
	default:
		w.Header().Set("Content-Type", f.Type)
		_, _ = w.Write(f.Content)
	}
}
