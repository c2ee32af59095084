package jira_test

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"

	"tapedeck/internal/jiratest"
	"tapedeck/workers/ingest/jira"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares with testdata/name.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(got+"\n"), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), got+"\n")
}

type object = map[string]any

func para(text string) object {
	return object{"type": "paragraph", "content": []any{object{"type": "text", "text": text}}}
}

func doc(content ...any) object { return object{"type": "doc", "version": 1, "content": content} }

// checkout is an issue in which every field is used, in either flavour's form.
func checkout(cloud bool) jiratest.Issue {
	rich := func(adf object, wiki string) any {
		if cloud {
			return adf
		}
		return wiki
	}
	picture := object{"type": "mediaSingle", "content": []any{object{"type": "media", "attrs": object{"type": "file", "id": "0f1e", "collection": "", "alt": "cart.png"}}}}
	sprints := any([]any{object{"id": 1, "name": "Sprint 4, late", "state": "active"}})
	if !cloud {
		sprints = []any{"com.atlassian.greenhopper.service.sprint.Sprint@1[id=1,rapidViewId=2,state=ACTIVE,name=Sprint 4, late,startDate=2026-03-01T09:00:00.000Z]"}
	}
	linked := func(key, title string) object {
		return object{"key": key, "fields": object{"summary": title, "status": object{"name": "Open"}, "issuetype": object{"name": "Story"}}}
	}
	fields := object{
		"summary": "Guest  checkout\nwithout account", "issuetype": object{"name": "Story"}, "status": object{"name": "In Progress"},
		"priority": object{"name": "High"}, "project": object{"name": "Shop", "key": "A"}, "labels": []any{"checkout", "guest"},
		"assignee": object{"displayName": "Grace Hopper", "emailAddress": "grace@example.com"}, "reporter": object{"displayName": "Ada Lovelace"},
		"components": []any{object{"name": "Cart"}, object{"name": "Payment"}}, "fixVersions": []any{object{"name": "2.4"}}, "resolution": nil,
		"description": rich(doc(object{"type": "heading", "attrs": object{"level": 1}, "content": []any{object{"type": "text", "text": "Why"}}}, para("Guests leave at sign-up."), picture),
			"h1. Why\nGuests leave at sign-up.\n\n!cart.png|thumbnail!"),
		"parent":   linked("A-1", "Checkout"),
		"subtasks": []any{linked("A-12", "Form")},
		"issuelinks": []any{
			object{"type": object{"name": "Blocks", "inward": "is blocked by", "outward": "blocks"}, "outwardIssue": linked("A-20", "Release")},
			object{"type": object{"name": "Blocks", "inward": "is blocked by", "outward": "blocks"}, "inwardIssue": linked("B-3", "Payment_API")}},
		"customfield_10030": rich(doc(object{"type": "bulletList", "content": []any{object{"type": "listItem", "content": []any{para("A guest can pay")}}, object{"type": "listItem", "content": []any{para("No account is made")}}}}),
			"* A guest can pay\n* No account is made"),
		"customfield_10031": rich(doc(para("Same name, other project")), "Same name, other project"),
		"customfield_10040": object{"value": "Web", "child": object{"value": "Mobile"}},
		"customfield_10020": sprints,
		"customfield_10014": "A-2",
		"customfield_10050": 8.0,
		"customfield_10060": []any{object{"displayName": "Grace Hopper"}, "b*c"},
		"customfield_10070": object{"odd": true},
	}
	i := jiratest.Issue{Key: "A-11", Created: epoch, Updated: epoch.Add(time.Hour), Fields: fields,
		Files: []jiratest.File{{ID: "70", Name: "cart.png", Type: "image/png", Content: make([]byte, 2048)}}}
	for n := range 130 {
		body := fmt.Sprint("Comment ", n)
		if n == 129 {
			body = "Last: *done*?"
		}
		i.Comments = append(i.Comments, jiratest.Comment{ID: fmt.Sprint(500 + n), Author: "Grace Hopper", Created: epoch.Add(time.Duration(n) * time.Minute), Body: rich(doc(para(body)), body)})
	}
	return i
}

func withFields(b *bundle) {
	const plugin = "com.atlassian.jira.plugin.system.customfieldtypes:"
	b.AddField("customfield_10030", "acceptance  criteria", plugin+"textarea")
	b.AddField("customfield_10031", "Acceptance Criteria", plugin+"textarea")
	b.AddField("customfield_10040", "Platform", plugin+"cascadingselect")
	b.AddField("customfield_10020", "Sprint", "com.pyxis.greenhopper.jira:gh-sprint")
	b.AddField("customfield_10014", "Epic Link", "com.pyxis.greenhopper.jira:gh-epic-link")
	b.AddField("customfield_10050", "Story Points", plugin+"float")
	b.AddField("customfield_10060", "Testers", plugin+"multiuserpicker")
	b.AddField("customfield_10070", "Odd", "vendor:odd")
}

func TestAnIssueBecomesADocument(t *testing.T) {
	t.Parallel()
	flavours(t, func(t *testing.T, opts jiratest.Options) {
		opts.MaxResults = 50 // comments come in three pages
		b := setup(t, opts)
		withFields(b)
		b.Put(checkout(opts.Cloud))
		q := jira.Query{JQL: "key = A-11", Fields: []string{"platform", "Story Points", "Testers", "customfield_10070", "Nope"}}
		page, err := b.client.Search(t.Context(), q, jira.State{})
		require.NoError(t, err)
		require.Equal(t, []string{`no field is named "Nope"`}, page.Notes)
		d := page.Issues[0].Document()
		require.Empty(t, d.Notes)
		require.Equal(t, "A-11 Guest checkout without account", d.Title)
		require.Equal(t, b.URL+"/browse/A-11", d.URL)
		require.Equal(t, map[string][]string{
			"type": {"Story"}, "status": {"In Progress"}, "priority": {"High"}, "project": {"Shop"}, "labels": {"checkout", "guest"},
			"assignee": {"Grace Hopper"}, "reporter": {"Ada Lovelace"}, "components": {"Cart", "Payment"}, "fixVersions": {"2.4"},
			"sprint": {"Sprint 4, late"}, "created": {"2026-03-01T09:00:00Z"}, "updated": {"2026-03-01T10:00:00Z"},
		}, d.Metadata)
		site := b.URL + "/browse/"
		require.Equal(t, []jira.Relation{
			{Type: "Parent", Direction: jira.Outward, Phrase: "is a child of", Key: "A-1", Title: "Checkout", Status: "Open", URL: site + "A-1"},
			{Type: "Epic", Direction: jira.Outward, Phrase: "belongs to the epic", Key: "A-2", URL: site + "A-2"},
			{Type: "Parent", Direction: jira.Inward, Phrase: "is the parent of", Key: "A-12", Title: "Form", Status: "Open", URL: site + "A-12"},
			{Type: "Blocks", Direction: jira.Outward, Phrase: "blocks", Key: "A-20", Title: "Release", Status: "Open", URL: site + "A-20"},
			{Type: "Blocks", Direction: jira.Inward, Phrase: "is blocked by", Key: "B-3", Title: "Payment_API", Status: "Open", URL: site + "B-3"},
		}, d.Relations)
		require.NotContains(t, d.Text, "Comment", "comments were not asked for")
		require.NotContains(t, d.Text+fmt.Sprint(d.Metadata), "@example.com")
		content := site[:len(site)-len("/browse/")] + map[bool]string{true: "/rest/api/3/attachment/content/70", false: "/secure/attachment/70/cart.png"}[opts.Cloud]
		require.Contains(t, d.Text, "![cart.png]("+content+")")
		require.Contains(t, d.Text, "## acceptance criteria\n\n- A guest can pay\n- No account is made\n\n## Acceptance Criteria\n\nSame name")
		require.Contains(t, d.Text, "## Platform\n\nWeb: Mobile\n\n## Story Points\n\n8\n\n## Testers\n\n- Grace Hopper\n- b\\*c\n\n## Odd\n\n`{\"odd\":true}`")
		require.Contains(t, d.Text, "## Description\n\n### Why\n\nGuests leave")

		q.Comments = true
		page, err = b.client.Search(t.Context(), q, jira.State{})
		require.NoError(t, err)
		require.Len(t, page.Issues[0].Comments, 130)
		text := page.Issues[0].Document().Text
		require.Contains(t, text, "### Grace Hopper, 2026-03-01 11:09 UTC\n\nLast: ")
		require.Contains(t, text, "## Links\n\n- is a child of [A-1]("+site+"A-1): Checkout (Open)")
	})
}

func TestOneOddFieldCostsANoteNotTheIssue(t *testing.T) {
	t.Parallel()
	flavours(t, func(t *testing.T, opts jiratest.Options) {
		b := setup(t, opts, func(c *jira.Config) { c.MaxComments = 60 })
		i := checkout(opts.Cloud)
		i.Fields["labels"], i.Fields["issuelinks"] = "none", 7
		i.Fields["description"] = jsontext.Value(`{"type":"doc","content":[{"type":"paragraph","content":[{"type":"sparkle","text":"kept"}]}]}`)
		b.Put(i, jiratest.Issue{Key: "A-99", Created: epoch})
		got := all(t, b.client, jira.Query{JQL: "project = A", Comments: true})
		require.Len(t, got, 2)
		require.Equal(t, "kept", got[0].Description)
		require.Subset(t, got[0].Notes, []string{`the field "labels" could not be read`, `the field "issuelinks" could not be read`, `description: the node "sparkle" is not known, its text is kept`})
		if opts.Cloud { // Data Center brings all of them along
			require.Len(t, got[0].Comments, 60)
			require.Contains(t, got[0].Notes, "60 of 130 comments are read")
		}
	})
}

// onPath does something before a request to a path is sent.
type onPath struct {
	path string
	do   func()
}

func (o onPath) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.URL.Path, o.path) {
		o.do()
	}
	return http.DefaultTransport.RoundTrip(r)
}

func TestAnIssueThatGoesBeforeItsCommentsAreReadIsKept(t *testing.T) {
	t.Parallel()
	var b *bundle
	b = setup(t, jiratest.Options{Cloud: true}, func(c *jira.Config) {
		c.HTTP = &http.Client{Transport: onPath{"/comment", func() { b.Delete("A-11") }}}
	})
	b.Put(checkout(true))
	got := all(t, b.client, jira.Query{JQL: "project = A", Comments: true})
	require.Len(t, got[0].Comments, 20)
	require.Contains(t, strings.Join(got[0].Notes, " "), "20 of 130 comments are read: comments of A-11: not found (404)")
}
