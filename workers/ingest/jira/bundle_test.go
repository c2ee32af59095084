package jira_test

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/require"

	"tapedeck/internal/jiratest"
	"tapedeck/workers/ingest/jira"
)

var epoch = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

// bundle is a stand-in with a client of it, whose waits are noted and not waited.
type bundle struct {
	*jiratest.Server
	cfg    jira.Config
	client *jira.Client

	mu    sync.Mutex
	waits []time.Duration
}

func setup(t *testing.T, opts jiratest.Options, change ...func(*jira.Config)) *bundle {
	b := &bundle{Server: jiratest.Start(t, opts)}
	b.cfg = jira.Config{BaseURL: b.URL, PAT: jiratest.PAT, Sleep: b.sleep}
	if opts.Cloud {
		b.cfg.Email, b.cfg.APIToken, b.cfg.PAT = jiratest.Email, jiratest.Token, ""
	}
	for _, c := range change {
		c(&b.cfg)
	}
	var err error
	b.client, err = jira.New(b.cfg)
	require.NoError(t, err)
	return b
}

func (b *bundle) sleep(ctx context.Context, d time.Duration) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waits = append(b.waits, d)
	return ctx.Err()
}

// flavours runs a test against both kinds of stand-in.
func flavours(t *testing.T, test func(t *testing.T, opts jiratest.Options)) {
	for _, cloud := range []bool{true, false} {
		t.Run(map[bool]string{true: "cloud", false: "data center"}[cloud], func(t *testing.T) {
			t.Parallel()
			test(t, jiratest.Options{Cloud: cloud, ContextPath: "/jira", TimeZone: "America/New_York"})
		})
	}
}

// plain are n issues of project A, one a minute.
func plain(n int) []jiratest.Issue {
	out := make([]jiratest.Issue, n)
	for i := range out {
		at := epoch.Add(time.Duration(i) * time.Minute)
		out[i] = jiratest.Issue{Key: fmt.Sprintf("A-%d", i+1), Created: at, Updated: at, Fields: map[string]any{"summary": fmt.Sprint("Issue ", i+1)}}
	}
	return out
}

// all reads every page; the state goes through JSON each time, as a caller stores it.
func all(t *testing.T, c *jira.Client, q jira.Query) []jira.Issue {
	var out []jira.Issue
	for state := (jira.State{}); !state.Done; {
		page, err := c.Search(t.Context(), q, state)
		require.NoError(t, err)
		out = append(out, page.Issues...)
		state = stored(t, page.Next)
	}
	return out
}

func stored(t *testing.T, s jira.State) (out jira.State) {
	raw, err := json.Marshal(s)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, &out))
	return out
}

func keys(issues []jira.Issue) []string {
	var out []string
	for _, i := range issues {
		out = append(out, i.Key)
	}
	return out
}

func unique(keys []string) int {
	seen := map[string]bool{}
	for _, k := range keys {
		seen[k] = true
	}
	return len(seen)
}

// real is the Jira that the environment names: JIRA_TEST_BASE_URL with JIRA_TEST_EMAIL and JIRA_TEST_API_TOKEN, or
// JIRA_TEST_PAT; JIRA_TEST_JQL restricts what is read. Tests only read from it.
func real(t *testing.T) (*jira.Client, string) {
	base := os.Getenv("JIRA_TEST_BASE_URL")
	if base == "" {
		t.Skip("JIRA_TEST_BASE_URL is not set")
	}
	c, err := jira.New(jira.Config{BaseURL: base, Email: os.Getenv("JIRA_TEST_EMAIL"), APIToken: os.Getenv("JIRA_TEST_API_TOKEN"), PAT: os.Getenv("JIRA_TEST_PAT")})
	require.NoError(t, err)
	jql := os.Getenv("JIRA_TEST_JQL")
	if jql == "" {
		jql = "updated >= -7d"
	}
	return c, jql
}

// leaks fails when any of the credentials is in a text.
func leaks(t *testing.T, s string) {
	for _, secret := range []string{jiratest.Token, jiratest.PAT, "YWRhQGV4YW1wbGUuY29t"} {
		require.NotContains(t, s, secret)
	}
}
