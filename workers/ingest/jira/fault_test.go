package jira_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tapedeck/internal/jiratest"
	"tapedeck/workers/ingest/jira"
)

func requireCode(t *testing.T, code jira.Code, err error) *jira.Error {
	t.Helper()
	var e *jira.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, code, e.Code, err)
	require.NotEmpty(t, e.Hint, "an error says what to do")
	require.NotContains(t, err.Error(), "\n")
	leaks(t, err.Error())
	return e
}

func TestFaultsSayWhatToDo(t *testing.T) {
	t.Parallel()
	flavours(t, func(t *testing.T, opts jiratest.Options) {
		for _, c := range []struct {
			fault jiratest.Fault
			code  jira.Code
			say   string
		}{
			{jiratest.Fault{Status: 400, Body: `{"errorMessages":["The value 'X' does not exist for the field 'project'."]}`}, jira.Invalid, "does not exist for the field 'project'.; check the spelling"},
			{jiratest.Fault{Status: 401, Type: "text/plain", Body: "Client must be authenticated, not CREDENTIALS"}, jira.Unauthorized, "not ***; the token is wrong or has expired"},
			{jiratest.Fault{Status: 403, Body: `{"message":"No"}`}, jira.Forbidden, "No; give the account permission"},
			{jiratest.Fault{Status: 404, Type: "text/html", Body: "<html>"}, jira.NotFound, "check the base URL"},
			{jiratest.Fault{Status: 410, Body: `{"errorMessages":["The requested API has been removed."]}`}, jira.Gone, "has been removed"},
			{jiratest.Fault{Status: 500}, jira.Unavailable, "try again later"},
			{jiratest.Fault{Status: 302, Location: "https://login.example.com/?session=hush"}, jira.Invalid, "https://login.example.com:"},
			{jiratest.Fault{Status: 429, RetryAfter: "86400"}, jira.RateLimited, "try again later"},
			{jiratest.Fault{Type: "text/html", Body: "<html>Sign in</html>"}, jira.Malformed, "login page"},
			{jiratest.Fault{Body: `{"issues": [`}, jira.Malformed, "base URL"},
			{jiratest.Fault{Body: `{"issues": 7}`}, jira.Malformed, "base URL"},
		} {
			b := setup(t, opts)
			b.Put(plain(3)...)
			c.fault.Body = strings.ReplaceAll(c.fault.Body, "CREDENTIALS", b.cfg.APIToken+b.cfg.PAT) // as a server may echo them
			b.Fail(c.fault)
			_, err := b.client.Search(t.Context(), jira.Query{JQL: "project = A"}, jira.State{})
			e := requireCode(t, c.code, err)
			require.Contains(t, err.Error(), c.say)
			require.NotContains(t, err.Error(), "hush")
			if c.code == jira.RateLimited {
				require.Equal(t, 24*time.Hour, e.RetryAfter)
				require.Empty(t, b.waits)
			}
		}
	})
}

func TestAnUnboundedQueryIsExplained(t *testing.T) {
	t.Parallel()
	b := setup(t, jiratest.Options{Cloud: true})
	_, err := b.client.Search(t.Context(), jira.Query{JQL: "order by created"}, jira.State{})
	requireCode(t, jira.Invalid, err)
	require.Contains(t, err.Error(), "Unbounded JQL")
	require.Contains(t, err.Error(), "project = ABC")
}

func TestAnExpiredTokenIsNoticed(t *testing.T) {
	t.Parallel()
	flavours(t, func(t *testing.T, opts jiratest.Options) {
		b := setup(t, opts)
		b.Put(plain(300)...)
		page, err := b.client.Search(t.Context(), jira.Query{JQL: "project = A"}, jira.State{})
		require.NoError(t, err)
		b.Expire()
		_, err = b.client.Search(t.Context(), jira.Query{JQL: "project = A"}, page.Next)
		requireCode(t, jira.Unauthorized, err) // Cloud answers 200 and no issues

		fresh, err := jira.New(b.cfg)
		require.NoError(t, err)
		_, err = fresh.Search(t.Context(), jira.Query{JQL: "project = A"}, jira.State{})
		requireCode(t, jira.Unauthorized, err)
	})
}

func TestWaitsAsLongAsJiraAsks(t *testing.T) {
	t.Parallel()
	flavours(t, func(t *testing.T, opts jiratest.Options) {
		b := setup(t, opts, func(c *jira.Config) { c.Now = func() time.Time { return epoch } })
		b.Put(plain(3)...)
		b.Fail(jiratest.Fault{Status: 429, RetryAfter: "7"}, jiratest.Fault{Status: 503, RetryAfter: epoch.Add(20 * time.Second).Format(http.TimeFormat)},
			jiratest.Fault{Status: 502}, jiratest.Fault{Body: `{"issues":[`, Cut: true})
		require.Len(t, all(t, b.client, jira.Query{JQL: "project = A"}), 3)
		require.Len(t, b.waits, 4)
		for i, least := range []time.Duration{7 * time.Second, 20 * time.Second, 4 * time.Second, 8 * time.Second} {
			require.GreaterOrEqual(t, b.waits[i], least)
			require.LessOrEqual(t, b.waits[i], least+least/4+1)
		}
	})
}

func TestGivesUpAfterItsTries(t *testing.T) {
	t.Parallel()
	b := setup(t, jiratest.Options{}, func(c *jira.Config) { c.Attempts = 3 })
	for range 3 {
		b.Fail(jiratest.Fault{Status: 503})
	}
	_, err := b.client.Search(t.Context(), jira.Query{JQL: "project = A"}, jira.State{})
	require.Equal(t, 503, requireCode(t, jira.Unavailable, err).Status)
	require.Len(t, b.waits, 2)
}

func TestWaitingEndsWithTheContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	b := setup(t, jiratest.Options{}, func(c *jira.Config) {
		c.Sleep = func(ctx context.Context, _ time.Duration) error { cancel(); return ctx.Err() }
	})
	b.Fail(jiratest.Fault{Status: 429, RetryAfter: "1"})
	_, err := b.client.Search(ctx, jira.Query{JQL: "project = A"}, jira.State{})
	require.ErrorIs(t, err, context.Canceled)
}

func TestALargeAnswerIsAskedForInParts(t *testing.T) {
	t.Parallel()
	flavours(t, func(t *testing.T, opts jiratest.Options) {
		b := setup(t, opts, func(c *jira.Config) { c.MaxAnswer = 20_000 })
		issues := plain(60)
		for i := range issues {
			issues[i].Fields = map[string]any{"summary": strings.Repeat("long ", 200)}
		}
		b.Put(issues...)
		require.Equal(t, 60, unique(keys(all(t, b.client, jira.Query{JQL: "project = A"}))))

		huge := issues[0]
		huge.Fields = map[string]any{"summary": strings.Repeat("x", 30_000)}
		b.Put(huge)
		_, err := b.client.Search(t.Context(), jira.Query{JQL: "project = A"}, jira.State{})
		requireCode(t, jira.TooLarge, err)
	})
}

func TestNoServerIsAClearError(t *testing.T) {
	t.Parallel()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	b := setup(t, jiratest.Options{}, func(c *jira.Config) { c.BaseURL = gone.URL })
	_, err := b.client.Account(t.Context())
	requireCode(t, jira.Unavailable, err)
	require.Contains(t, err.Error(), "connection refused")
}

func TestCredentialsAreNotPrinted(t *testing.T) {
	t.Parallel()
	cfg := jira.Config{BaseURL: "https://example.com", Email: jiratest.Email, APIToken: jiratest.Token, PAT: jiratest.PAT}
	c, err := jira.New(cfg)
	require.NoError(t, err)
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		leaks(t, fmt.Sprintf(format, cfg))
		leaks(t, fmt.Sprintf(format, c))
		require.Contains(t, fmt.Sprintf(format, c), "example.com")
	}
}

func TestSettingsAreChecked(t *testing.T) {
	t.Parallel()
	for say, cfg := range map[string]jira.Config{
		"must not hold credentials": {BaseURL: "https://u:" + jiratest.Token + "@example.com", PAT: "x"},
		"cannot be read":            {BaseURL: "https://u:" + jiratest.Token + "@exa mple.com:x", PAT: "x"},
		"a scheme and a host":       {BaseURL: "example.com", PAT: "x"},
		"no query":                  {BaseURL: "https://example.com?x=1", PAT: "x"},
		"no credentials":            {BaseURL: "https://example.com"},
		"needs the e-mail":          {BaseURL: "https://example.com", APIToken: "x"},
		"flavour":                   {BaseURL: "https://example.com", PAT: "x", Flavour: "server"},
		"negative":                  {BaseURL: "https://example.com", PAT: "x", MaxWait: -1},
	} {
		_, err := jira.New(cfg)
		require.ErrorContains(t, err, say)
		leaks(t, err.Error())
	}
}

func TestWhichJiraItIsIsAskedWhereItIsOpen(t *testing.T) {
	t.Parallel()
	flavours(t, func(t *testing.T, opts jiratest.Options) {
		b := setup(t, opts, func(c *jira.Config) { c.Email, c.APIToken, c.PAT = jiratest.Email, jiratest.Token, jiratest.PAT })
		b.Put(plain(1)...)
		require.Len(t, all(t, b.client, jira.Query{JQL: "project = A"}), 1)
		account, err := b.client.Account(t.Context())
		require.NoError(t, err)
		require.Equal(t, opts.Cloud, account.Flavour == jira.Cloud)
		require.Contains(t, b.Requests(), "GET /jira/rest/api/2/serverInfo")

		sure := setup(t, opts)
		_, err = sure.client.Account(t.Context())
		require.NoError(t, err)
		require.Len(t, sure.Requests(), 1, "nothing to ask where the credentials tell")
	})
}

func TestFilesAreFetched(t *testing.T) {
	t.Parallel()
	flavours(t, func(t *testing.T, opts jiratest.Options) {
		b := setup(t, opts, func(c *jira.Config) { c.MaxAttachment = 1000 })
		b.Put(jiratest.Issue{Key: "A-1", Files: []jiratest.File{
			{ID: "7", Name: "a b/ü.txt", Type: "text/plain", Content: []byte("content")}, {ID: "8", Name: "big", Content: make([]byte, 1001)}}})
		if opts.Cloud {
			b.RedirectFiles(b.URL + "/rest/api/3/attachment/content/") // to Jira itself, for ever
			_, err := b.client.Attachment(t.Context(), "7", &bytes.Buffer{})
			requireCode(t, jira.Invalid, err)
			b.RedirectFiles("")
		}
		if !opts.Cloud {
			b.Put(jiratest.Issue{Key: "A-1", Files: []jiratest.File{{ID: "7", Name: "a b ü.txt", Content: []byte("content")}, {ID: "8", Name: "big", Content: make([]byte, 1001)}}})
		}
		var got bytes.Buffer
		n, err := b.client.Attachment(t.Context(), "7", &got)
		require.NoError(t, err)
		require.Equal(t, int64(7), n)
		require.Equal(t, "content", got.String())

		got.Reset()
		_, err = b.client.Attachment(t.Context(), "8", &got)
		requireCode(t, jira.TooLarge, err)
		require.Empty(t, got.Bytes())
		_, err = b.client.Attachment(t.Context(), "9", &got)
		requireCode(t, jira.NotFound, err)
		_, err = b.client.Attachment(t.Context(), "../../myself", &got)
		requireCode(t, jira.Invalid, err)
		_, err = b.client.Attachment(t.Context(), "7", failing{})
		require.ErrorIs(t, err, errFull)
	})
}

var errFull = errors.New("disk full")

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errFull }

func TestFilesAreFollowedToHTTPSWithoutCredentials(t *testing.T) {
	t.Parallel()
	var authorization []string
	media := func(w http.ResponseWriter, r *http.Request) {
		authorization = append(authorization, r.Header.Get("Authorization"))
		_, _ = w.Write([]byte("from elsewhere"))
	}
	secure := httptest.NewTLSServer(http.HandlerFunc(media))
	defer secure.Close()
	open := httptest.NewServer(http.HandlerFunc(media))
	defer open.Close()
	b := setup(t, jiratest.Options{Cloud: true}, func(c *jira.Config) { c.HTTP = secure.Client() })
	b.Put(jiratest.Issue{Key: "A-1", Files: []jiratest.File{{ID: "7", Name: "a.txt"}}})

	b.RedirectFiles(secure.URL + "/file/")
	var got bytes.Buffer
	_, err := b.client.Attachment(t.Context(), "7", &got)
	require.NoError(t, err)
	require.Equal(t, "from elsewhere", got.String())
	require.Equal(t, []string{""}, authorization)

	b.RedirectFiles(open.URL + "/file/")
	_, err = b.client.Attachment(t.Context(), "7", &got)
	requireCode(t, jira.Forbidden, err)
	require.NotContains(t, err.Error(), "signed-for-one-use")
	require.Len(t, authorization, 1)

	secure.Close()
	b.RedirectFiles(secure.URL + "/file/")
	_, err = b.client.Attachment(t.Context(), "7", &got)
	requireCode(t, jira.Unavailable, err)
	require.NotContains(t, err.Error(), "signed-for-one-use")
}
