package kinds_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tapedeck/domain/job"
	"tapedeck/domain/knowledge"
	"tapedeck/internal/jiratest"
	"tapedeck/workers/ingest/extract"
	"tapedeck/workers/ingest/jira"
	"tapedeck/workers/ingest/kinds"
)

var epoch = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

// tracker is a Jira with a worker that ingests from it.
type tracker struct {
	*bundle
	jira *jiratest.Server
}

func track(t *testing.T, issues int, adjust ...func(*jiratest.Options)) *tracker {
	t.Helper()
	opts := jiratest.Options{Cloud: true}
	for _, f := range adjust {
		f(&opts)
	}
	s := jiratest.Start(t, opts)
	for i := range issues {
		s.Put(issue(i+1, fmt.Sprintf("The export must work %d.", i+1)))
	}
	b := setup(t, func(c *kinds.Config) {
		c.Jira = jira.Config{BaseURL: s.URL, Email: jiratest.Email, APIToken: jiratest.Token, Attempts: 2, Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }}
	})
	return &tracker{b, s}
}

func issue(n int, text string) jiratest.Issue {
	at := epoch.Add(time.Duration(n) * time.Minute)
	return jiratest.Issue{Key: fmt.Sprintf("A-%d", n), Created: at, Updated: at, Fields: map[string]any{"summary": fmt.Sprintf("Issue %d", n), "description": paragraph(text)}}
}

func paragraph(text string) map[string]any {
	return map[string]any{"type": "doc", "version": 1, "content": []any{
		map[string]any{"type": "paragraph", "content": []any{map[string]any{"type": "text", "text": text}}},
	}}
}

const everything = "project = A"

func (b *tracker) search() map[string]any { return map[string]any{"jql": everything} }

func (b *tracker) known() *knowledge.Source {
	b.Helper()
	return b.source(knowledge.Jira, b.jira.URL+"\n"+everything)
}

func TestJiraIsKeptAndOnlyChangesAreRead(t *testing.T) {
	t.Parallel()
	b := track(t, 250)
	b.succeed("ingest.jira", b.search())
	s := b.known()
	require.Equal(t, knowledge.Complete, s.Run.Outcome)
	require.Equal(t, knowledge.Counts{Found: 250, Stored: 250}, s.Run.Counts)
	require.Equal(t, everything, s.Name)
	d := b.document(s, "A-7")
	require.Equal(t, b.jira.URL+"/browse/A-7", d.URL)
	require.Contains(t, d.Title, "Issue 7")
	require.Contains(t, b.text(d), "The export must work 7.")
	require.Equal(t, 1, d.Requirements)

	before := len(b.jira.Queries())
	changed := issue(7, "The export must be fast.")
	changed.Updated = time.Now().Add(time.Hour) // what Jira says of its own time is when the run before began
	b.jira.Put(changed, issue(251, "A new one."))
	b.jira.Delete("A-9", "A-10")
	moved := issue(252, "Came into the project without a change.")
	moved.Created, moved.Updated = epoch.Add(-time.Hour), epoch.Add(-time.Hour)
	b.jira.Put(moved)
	b.succeed("ingest.jira", b.search())
	s = b.known()
	require.Equal(t, knowledge.Complete, s.Run.Outcome)
	require.Equal(t, knowledge.Counts{Found: 250, Stored: 3, Unchanged: 247, Removed: 2}, s.Run.Counts)
	require.Contains(t, b.text(b.document(s, "A-7")), "The export must be fast.")
	require.EqualValues(t, 2, b.document(s, "A-7").Version)
	require.True(t, b.document(s, "A-9").Removed)
	require.Contains(t, b.text(b.document(s, "A-252")), "Came into the project")
	whole := 0
	for _, q := range b.jira.Queries()[before:] {
		if !strings.Contains(q, "updated") && !strings.Contains(q, "key in") {
			whole++
		}
	}
	require.Positive(t, whole, "the keys of everything are compared")

	// What was removed and comes back is stored again.
	b.jira.Put(issue(9, "Back again."))
	b.succeed("ingest.jira", b.search())
	require.False(t, b.document(b.known(), "A-9").Removed)
}

func TestJiraIsReadAnewWhenMoreIsAskedFor(t *testing.T) {
	t.Parallel()
	b := track(t, 3)
	commented := issue(2, "text")
	commented.Comments = []jiratest.Comment{{ID: "1", Author: "Ada", Created: epoch, Body: paragraph("The comment.")}}
	b.jira.Put(commented)
	b.succeed("ingest.jira", b.search())
	require.NotContains(t, b.text(b.document(b.known(), "A-2")), "The comment.")
	more := b.search()
	more["comments"] = true
	b.succeed("ingest.jira", more)
	require.Contains(t, b.text(b.document(b.known(), "A-2")), "The comment.")
	require.Equal(t, knowledge.Counts{Found: 3, Stored: 1, Unchanged: 2}, b.known().Run.Counts)
}

func TestJiraGoesOnWhereItBroke(t *testing.T) {
	t.Parallel()
	b := track(t, 2000)
	busy := jiratest.Fault{Status: http.StatusTooManyRequests, RetryAfter: "1"}
	down := jiratest.Fault{Status: http.StatusBadGateway}
	var fine jiratest.Fault
	faults := []jiratest.Fault{fine, busy}
	for range 8 {
		faults = append(faults, fine)
	}
	b.jira.Fail(append(faults, down, down, fine, fine, down)...) // the client tries twice
	id := b.submit("ingest.jira", b.search())
	s := b.final(id)
	require.Equal(t, job.StatusSucceeded, s.Status, "%+v", s.Error)
	require.Equal(t, 2, s.Attempt)
	require.Equal(t, knowledge.Counts{Found: 2000, Stored: 2000}, b.known().Run.Counts)
	require.Len(t, b.jira.Queries(), 20+4, "each page of a hundred issues was asked for once, but for those that failed")
}

func TestJiraFaultsSayWhatToDo(t *testing.T) {
	t.Parallel()
	b := track(t, 3)
	s := b.final(b.submit("ingest.jira", map[string]any{"jql": "project = A AND ("}))
	require.Equal(t, job.StatusFailed, s.Status)
	require.Equal(t, "invalid", s.Error.Code)
	require.Equal(t, 1, s.Attempt)

	b.succeed("ingest.jira", b.search())
	b.jira.Expire()
	s = b.final(b.submit("ingest.jira", b.search()))
	require.Equal(t, job.StatusFailed, s.Status)
	require.Equal(t, "unauthorized", s.Error.Code)
	require.NotContains(t, s.Error.Message, jiratest.Token)
	require.Equal(t, knowledge.Failed, b.known().Run.Outcome)
	require.False(t, b.document(b.known(), "A-1").Removed, "a run that failed removes nothing")

	none := setup(t)
	s = none.final(none.submit("ingest.jira", b.search()))
	require.Equal(t, "not_configured", s.Error.Code)
	require.Contains(t, s.Error.Message, "JIRA_BASE_URL")
}

func TestJiraIsStopped(t *testing.T) {
	t.Parallel()
	b := track(t, 400, func(o *jiratest.Options) { o.MaxResults = 1 })
	id := b.submit("ingest.jira", b.search())
	b.await("the run's beginning", func() bool { return len(b.jira.Queries()) > 0 })
	b.do(id, job.RequestStop{Now: time.Now()})
	require.Equal(t, job.StatusSucceeded, b.final(id).Status)
	s := b.known()
	require.Equal(t, knowledge.Partial, s.Run.Outcome)
	require.Less(t, s.Run.Counts.Stored, int64(400))
	b.succeed("ingest.jira", b.search())
	require.Equal(t, knowledge.Complete, b.known().Run.Outcome)
	require.Equal(t, int64(400), b.known().Run.Counts.Found)
}

func TestJiraIsPreviewed(t *testing.T) {
	t.Parallel()
	b := track(t, 30)
	p, err := b.cfg.Preview(t.Context(), knowledge.Jira, []byte(`{"jql":"project = A"}`))
	require.NoError(t, err)
	require.Equal(t, 30, p.Count)
	require.Len(t, p.Items, 10)
	_, err = setup(t).cfg.Preview(t.Context(), knowledge.Jira, []byte(`{"jql":"project = A"}`))
	require.ErrorContains(t, err, "JIRA_BASE_URL")
	b.jira.Expire()
	_, err = b.cfg.Preview(t.Context(), knowledge.Jira, []byte(`{"jql":"project = A"}`))
	require.Error(t, err)
	require.NotContains(t, err.Error(), jiratest.Token)
}

func TestJiraAttachmentsAreRead(t *testing.T) {
	t.Parallel()
	x := extract.New(extract.Limits{}, "")
	t.Cleanup(func() { require.NoError(t, x.Close()) })
	j := jiratest.Start(t, jiratest.Options{Cloud: true})
	with := issue(1, "See the attached rules.")
	with.Files = []jiratest.File{
		{ID: "501", Name: "rules.md", Type: "text/markdown", Content: []byte("# Rules\n\nThe cart must keep its items.")},
		{ID: "502", Name: "look.png", Type: "image/png", Content: []byte("\x89PNG")},
		{ID: "503", Name: "all.zip", Type: "application/zip", Content: archive(t, map[string]string{"a.txt": "It should be fast."})},
		{ID: "504", Name: "broken.docx", Content: archive(t, map[string]string{"[Content_Types].xml": "<Types", "word/document.xml": "<w:document><w:bo"})},
	}
	j.Put(with, issue(2, "Nothing attached."))
	b := &tracker{setup(t, func(c *kinds.Config) {
		c.Extractor = x
		c.Jira = jira.Config{BaseURL: j.URL, Email: jiratest.Email, APIToken: jiratest.Token, Attempts: 2}
	}), j}
	b.succeed("ingest.jira", b.search())
	require.Len(t, b.known().Entries, 2, "attachments are read when they are asked for")
	in := b.search()
	in["attachments"] = true
	b.succeed("ingest.jira", in)
	s := b.known()
	require.Equal(t, knowledge.Counts{Found: 5, Stored: 2, Unchanged: 2, Failed: 1}, s.Run.Counts)
	d := b.document(s, "A-1/501/rules.md")
	require.Equal(t, 1, d.Requirements)
	require.Equal(t, "attached to", d.Relations[0].Type)
	require.Equal(t, "A-1", d.Relations[0].Key)
	require.Contains(t, b.text(b.document(s, "A-1/503/all.zip/a.txt")), "It should be fast.")
	require.Equal(t, "A-1/504/broken.docx", s.Faults[0].Key)

	// An issue that did not change keeps its files, one that did keeps those that it still has.
	b.succeed("ingest.jira", in)
	require.Len(t, b.known().Entries, 4)
	with.Files, with.Updated = with.Files[:1], time.Now().Add(time.Hour)
	b.jira.Put(with)
	b.succeed("ingest.jira", in)
	s = b.known()
	require.Len(t, s.Entries, 3)
	require.True(t, b.document(s, "A-1/503/all.zip/a.txt").Removed)
	require.False(t, b.document(s, "A-1/501/rules.md").Removed)
}

func TestJiraLinksCanBeLeftOut(t *testing.T) {
	t.Parallel()
	b := track(t, 1)
	linked := issue(1, "text")
	linked.Fields["issuelinks"] = []any{map[string]any{
		"id": "1", "type": map[string]any{"name": "Blocks", "inward": "is blocked by", "outward": "blocks"},
		"outwardIssue": map[string]any{"id": "2", "key": "B-9", "fields": map[string]any{"summary": "Other"}},
	}}
	b.jira.Put(linked)
	b.succeed("ingest.jira", b.search())
	require.Equal(t, "B-9", b.document(b.known(), "A-1").Relations[0].Key)
	in := b.search()
	in["links"] = false
	b.succeed("ingest.jira", in)
	require.Empty(t, b.document(b.known(), "A-1").Relations)
	require.NotContains(t, b.text(b.document(b.known(), "A-1")), "B-9")
}
