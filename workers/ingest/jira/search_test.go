package jira_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tapedeck/internal/jiratest"
	"tapedeck/workers/ingest/jira"
)

// TestWhatAnyJiraDoes runs against both stand-ins, and against a real Jira when the environment names one (see real).
func TestWhatAnyJiraDoes(t *testing.T) {
	t.Parallel()
	flavours(t, func(t *testing.T, opts jiratest.Options) {
		b := setup(t, opts)
		b.Put(plain(30)...)
		exercise(t, b.client, "project = A")
	})
	t.Run("real", func(t *testing.T) {
		t.Parallel()
		c, jql := real(t)
		exercise(t, c, jql)
	})
}

func exercise(t *testing.T, c *jira.Client, jql string) {
	account, err := c.Account(t.Context())
	require.NoError(t, err)
	require.NotEmpty(t, account.TimeZone)
	_, err = time.LoadLocation(account.TimeZone)
	require.NoError(t, err)
	fields, err := c.Fields(t.Context())
	require.NoError(t, err)
	require.True(t, slices.ContainsFunc(fields, func(f jira.Field) bool { return f.ID == "summary" }))

	preview, err := c.DryRun(t.Context(), jira.Query{JQL: jql})
	require.NoError(t, err)
	require.NotEmpty(t, preview.Keys, "the filter finds nothing")

	first, err := c.Search(t.Context(), jira.Query{JQL: jql, PageSize: 7, Comments: true}, jira.State{})
	require.NoError(t, err)
	require.NotEmpty(t, first.Issues)
	require.LessOrEqual(t, len(first.Issues), 7)
	for n, i := range first.Issues {
		d := i.Document()
		require.True(t, strings.HasPrefix(d.Title, i.Key+" "), d.Title)
		require.Contains(t, d.URL, account.Site)
		require.False(t, i.Created.IsZero())
		require.True(t, n == 0 || !i.Created.Before(first.Issues[n-1].Created), "not in the order of creation")
	}
	if !first.Next.Done {
		second, err := c.Search(t.Context(), jira.Query{JQL: jql, PageSize: 7, Comments: true}, stored(t, first.Next))
		require.NoError(t, err)
		require.NotEmpty(t, second.Issues)
		require.NotContains(t, keys(first.Issues), second.Issues[0].Key)
	}
	_, err = c.Search(t.Context(), jira.Query{JQL: jql + " AND ("}, jira.State{})
	requireCode(t, jira.Invalid, err)
}

func TestThousandsOfIssuesComeOnce(t *testing.T) {
	t.Parallel()
	flavours(t, func(t *testing.T, opts jiratest.Options) {
		b := setup(t, opts)
		b.Put(plain(2000)...)
		got := keys(all(t, b.client, jira.Query{JQL: "project = A ORDER BY updated DESC"}))
		require.Len(t, got, 2000)
		require.Equal(t, 2000, unique(got))
		require.Equal(t, "A-1", got[0])
		require.Len(t, b.Queries(), map[bool]int{true: 20, false: 21}[opts.Cloud]) // Data Center's pages share an issue, within its 100

		require.Len(t, all(t, b.client, jira.Query{JQL: "project = A", KeysOnly: true}), 2000)
		require.Len(t, all(t, b.client, jira.Query{JQL: "project = A", PageSize: 1, UpdatedSince: epoch.Add(1996 * time.Minute)}), 5)
	})
}

func TestOnlyWhatChangedIsRead(t *testing.T) {
	t.Parallel()
	flavours(t, func(t *testing.T, opts jiratest.Options) {
		b := setup(t, opts)
		issues := plain(50)
		b.Put(issues...)
		first, err := b.client.Search(t.Context(), jira.Query{JQL: "project = A"}, jira.State{})
		require.NoError(t, err)
		require.WithinDuration(t, time.Now(), first.AsOf, time.Minute)

		edited := issues[3]
		edited.Updated, edited.Fields = first.AsOf.Add(time.Second), map[string]any{"summary": "Edited"}
		b.Put(edited)
		got := all(t, b.client, jira.Query{JQL: "key = A-1 OR project = A order by key", UpdatedSince: first.AsOf})
		require.Equal(t, []string{"A-4"}, keys(got), "the filter's OR must stay inside of its brackets")
		require.NotEqual(t, first.Issues[3].Document().HashInput(), got[0].Document().HashInput())

		touched := issues[3] // a vote, a rank: nothing that is kept has changed
		touched.Updated = first.AsOf.Add(time.Second)
		b.Put(touched)
		again := all(t, b.client, jira.Query{JQL: "key = A-4"})
		require.NotEqual(t, first.Issues[3].Updated, again[0].Updated)
		require.Equal(t, first.Issues[3].Document().HashInput(), again[0].Document().HashInput())
	})
}

func TestNothingIsMissedWhenIssuesGoDuringASearch(t *testing.T) {
	t.Parallel()
	flavours(t, func(t *testing.T, opts jiratest.Options) {
		b := setup(t, opts)
		b.Put(plain(300)...)
		q := jira.Query{JQL: "project = A"}
		page, err := b.client.Search(t.Context(), q, jira.State{})
		require.NoError(t, err)
		got := keys(page.Issues)
		b.Delete("A-5", "A-6", got[len(got)-1], "A-200")
		for !page.Next.Done {
			page, err = b.client.Search(t.Context(), q, stored(t, page.Next))
			require.NoError(t, err)
			got = append(got, keys(page.Issues)...)
		}
		require.Equal(t, 299, unique(got), "all but A-200, which was gone before it was reached")
		require.Less(t, len(got), 305, "only the last minute is read again")
	})
}

func TestAnExpiredPageTokenCostsNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, jiratest.Options{Cloud: true})
	b.Put(plain(250)...)
	q := jira.Query{JQL: "project = A"}
	page, err := b.client.Search(t.Context(), q, jira.State{})
	require.NoError(t, err)
	got := keys(page.Issues)
	b.ExpirePages()
	again, err := jira.New(b.cfg) // another process, a week later
	require.NoError(t, err)
	for !page.Next.Done {
		page, err = again.Search(t.Context(), q, stored(t, page.Next))
		require.NoError(t, err)
		got = append(got, keys(page.Issues)...)
	}
	require.Equal(t, 250, unique(got))
	require.Less(t, len(got), 255)
	require.Contains(t, b.Queries()[2], "created >= ")
}

func TestAStateBelongsToItsQuery(t *testing.T) {
	t.Parallel()
	b := setup(t, jiratest.Options{})
	b.Put(plain(3)...)
	page, err := b.client.Search(t.Context(), jira.Query{JQL: "project = A"}, jira.State{})
	require.NoError(t, err)
	_, err = b.client.Search(t.Context(), jira.Query{JQL: "project = B"}, page.Next)
	requireCode(t, jira.Invalid, err)
	done, err := b.client.Search(t.Context(), jira.Query{JQL: "project = A"}, page.Next)
	require.NoError(t, err)
	require.Empty(t, done.Issues)
}

func TestADryRunCountsAndShowsTheFirst(t *testing.T) {
	t.Parallel()
	flavours(t, func(t *testing.T, opts jiratest.Options) {
		b := setup(t, opts)
		b.Put(plain(40)...)
		p, err := b.client.DryRun(t.Context(), jira.Query{JQL: "project = A ORDER BY key DESC", Fields: []string{"No Such Field"}})
		require.NoError(t, err)
		require.Equal(t, 40, p.Count)
		require.Equal(t, opts.Cloud, p.Approximate)
		require.Equal(t, "A-40", p.Keys[0])
		require.Len(t, p.Keys, 10)
		require.Equal(t, []string{`no field is named "No Such Field"`}, p.Notes)
	})
}

func TestBoundsAreInTheAccountsTime(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 7, 1, 12, 0, 30, 0, time.UTC)
	autumn := time.Date(2026, 11, 1, 5, 30, 0, 0, time.UTC) // 01:30 in New York, for the first time
	for zone, cases := range map[string]map[time.Time]string{
		"":                 {at: "2026-07-01 11:59"},
		"Asia/Kolkata":     {at: "2026-07-01 17:29"},
		"America/New_York": {at: "2026-07-01 07:59", autumn: "2026-11-01 00:29", autumn.Add(time.Hour): "2026-11-01 01:29"},
	} {
		for since, want := range cases {
			b := setup(t, jiratest.Options{TimeZone: zone})
			_, err := b.client.Search(t.Context(), jira.Query{JQL: "project = A or key = B-1", UpdatedSince: since}, jira.State{})
			require.NoError(t, err)
			require.Equal(t, fmt.Sprintf(`(project = A or key = B-1) AND updated >= "%s" ORDER BY created ASC, key ASC`, want), b.Queries()[0])
		}
	}
}

func TestOrderByIsFoundWhereItIsOne(t *testing.T) {
	t.Parallel()
	for jql, want := range map[string]string{
		"project = A ORDER  BY key":                "project = A ORDER BY created ASC, key ASC",
		"project = A\norder\tby updated desc, key": "project = A ORDER BY created ASC, key ASC",
		`project = "order by"`:                     `project = "order by" ORDER BY created ASC, key ASC`,
		`project = 'a \' order by b'`:              `project = 'a \' order by b' ORDER BY created ASC, key ASC`,
		"order by key":                             "ORDER BY created ASC, key ASC",
		"border = by":                              "",
	} {
		b := setup(t, jiratest.Options{})
		_, err := b.client.Search(t.Context(), jira.Query{JQL: jql}, jira.State{})
		if want == "" {
			requireCode(t, jira.Invalid, err)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, want, b.Queries()[0])
	}
	for _, jql := range []string{"project = A) OR (key = B", `summary ~ "open`, "(project = A", `x = 'a\'`} {
		b := setup(t, jiratest.Options{})
		_, err := b.client.Search(t.Context(), jira.Query{JQL: jql}, jira.State{})
		requireCode(t, jira.Invalid, err)
		require.Empty(t, b.Queries(), "%s must not be sent", jql)
	}
}
