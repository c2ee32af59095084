package jira

import (
	"net/http"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"
)

// Whatever an issue's fields hold, its document is made, on one line where it should be.
func FuzzIssue(f *testing.F) {
	f.Add([]byte(`{"summary":"a\nb","labels":["x"],"status":{"name":"Open"},"parent":{"key":"A-1"},"issuelinks":[{"type":{"name":"Blocks"},"inwardIssue":{"key":"B-1"}}],
		"attachment":[{"id":"1","filename":"a.txt","size":9,"content":"https://e.com/a"}],"s":["Sprint@1[id=1,name=a, b,goal=]"],"comment":{"total":1,"comments":[{"body":"*x*"}]},
		"description":"h1. x\n|a|","c":{"value":"a","child":{"value":"b"}},"created":"2026-03-01T10:00:00.000+0100","assignee":{"displayName":"Ada"}}`))
	f.Add([]byte(`{"description":{"type":"doc","content":[{"type":"heading","content":[{"type":"text","text":"x"}]}]},"c":[1,{"odd":[]},"x"],"labels":7}`))
	c, err := New(Config{BaseURL: "https://example.com", PAT: "x", Attempts: 1, HTTP: &http.Client{Transport: offline{}}})
	require.NoError(f, err)
	s := shown{sections: []Field{{ID: "c", Name: "C"}}, sprints: []Field{{ID: "s"}}, epicLink: []Field{{ID: "e"}}}
	f.Fuzz(func(t *testing.T, raw []byte) {
		issue := rawIssue{Key: "A-1"}
		if lenient(raw, &issue.Fields) != nil {
			return
		}
		for _, flavour := range []Flavour{Cloud, DataCenter} {
			got, err := c.issue(t.Context(), Account{Flavour: flavour, Site: "https://example.com"}, s, issue)
			if err != nil { // further comments
				require.ErrorContains(t, err, "comments of A-1")
				continue
			}
			d := got.Document()
			require.NotContains(t, d.Title, "\n")
			require.Equal(t, tidy(d.Text), d.Text)
			require.True(t, jsontext.Value(d.HashInput()).IsValid())
			for _, r := range d.Relations {
				require.True(t, r.URL == "" || strings.HasPrefix(r.URL, "https://example.com/browse/"))
			}
		}
	})
}

type offline struct{}

func (offline) RoundTrip(*http.Request) (*http.Response, error) { return nil, http.ErrServerClosed }

// Whatever a filter is, it is taken apart without loss, and what is put around it is not drawn into it.
func FuzzJQL(f *testing.F) {
	for _, jql := range []string{"project = A ORDER BY key", `summary ~ "order by \" x" or (a in (b, 'c'))`, "order\nby", `"`, ")("} {
		f.Add(jql)
	}
	f.Fuzz(func(t *testing.T, jql string) {
		where, order, err := split(jql)
		if err != nil {
			return
		}
		require.Equal(t, strings.Join(strings.Fields(jql), ""), strings.Join(strings.Fields(where+order), ""))
		again, none, err := split(where)
		require.NoError(t, err)
		require.Equal(t, where, again)
		require.Empty(t, none)
		bounded := and(where, "updated >= \"2026-01-01 00:00\"")
		whole, _, err := split(bounded + " ORDER BY created ASC")
		require.NoError(t, err)
		require.Equal(t, bounded, whole)
	})
}
