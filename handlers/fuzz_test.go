package handlers

import (
	"net/url"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"

	"tapedeck/domain/job"
	"tapedeck/eventstore"
	"tapedeck/handlers/problem"
)

// FuzzSubmission: a body is refused with a problem, or is a command that the domain can decide on.
func FuzzSubmission(f *testing.F) {
	for _, s := range []string{
		`{"kind":"k"}`, `{"kind":"k","input":{"a":[1,2,{"b":null}]},"labels":{"a":"b"},"retry":{"maxAttempts":2,"backoff":{"initial":"1s","max":"1m","factor":2}}}`,
		`{"kind":"k","runAt":"2030-01-01T00:00:00Z","after":[{"jobId":"x","onFailure":"run"}],"timeout":"1h30m","priority":"low"}`,
		`[{"kind":"k"}]`, `{"kind":null}`, "{\"kind\":\"\xff\"}", `{"kind":"k","delay":"9223372036854775807h"}`,
	} {
		f.Add([]byte(s))
	}
	kind := &Kind{Name: "k", Queue: "q"}
	now := time.Unix(1_700_000_000, 0)
	f.Fuzz(func(t *testing.T, raw []byte) {
		if tooDeep(raw) {
			return
		}
		var b submission
		if err := decode(raw, &b, ""); err != nil {
			var p *problem.Problem
			require.ErrorAs(t, err, &p)
			require.Equal(t, problem.Invalid, p.Code)
			return
		}
		cmd, err := b.command(kind, now)
		if err != nil {
			require.NotNil(t, problem.Of(err))
			return
		}
		events, err := job.Decide(job.State{ID: "x"}, cmd)
		if err != nil {
			require.NotNil(t, problem.Of(err), "%v", err)
			return
		}
		data, err := job.Encode(events[0])
		require.NoError(t, err)
		require.True(t, data.IsValid())
		fingerprint(raw)
	})
}

// FuzzQuery: no query makes the parser fail otherwise than with a problem.
func FuzzQuery(f *testing.F) {
	for _, s := range []string{"status=dead&label=a:b", "limit=5&sort=-createdAt", "label=:&label=a", "a=%zz", "limit=99999999999999999999", "status=&&&", "createdAfter=x"} {
		f.Add(s)
	}
	app := fiber.New()
	f.Fuzz(func(t *testing.T, text string) {
		var req fasthttp.RequestCtx
		req.Request.SetRequestURI("/?" + url.PathEscape(""))
		req.Request.URI().SetQueryString(text)
		c := app.AcquireCtx(&req)
		defer app.ReleaseCtx(c)
		q := readQuery(c, "status", "label", "limit", "sort", "createdAfter", "flag")
		q.statuses("status")
		q.labels("label")
		q.sort("sort", jobSortKeys)
		q.flag("flag", false)
		q.time("createdAfter")
		n := q.number("limit", 7, 1, 1000)
		require.True(t, n >= 1 && n <= 1000)
		if err := q.err(); err != nil {
			require.NotNil(t, problem.Of(err))
		}
	})
}

// FuzzFrom: what is taken for a cursor is the one that its text says.
func FuzzCursor(f *testing.F) {
	for _, s := range []string{"", "now", "beginning", "k3v9x2m1.1763900000000-3.9f86d081", "a.b.c", "k3v9x2m1.1-0.9f86d081", "2030-01-01T00:00:00Z"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := eventstore.ParseCursor(text)
		if err != nil {
			require.ErrorIs(t, err, eventstore.ErrBadCursor)
			return
		}
		require.Equal(t, text, c.String())
	})
}

// FuzzLineID: the id of a log line reads back.
func FuzzLineID(f *testing.F) {
	f.Add("1-1")
	f.Add("-1-1")
	f.Add("1-9223372036854775807")
	f.Fuzz(func(t *testing.T, text string) {
		attempt, from, err := parseLineID(text)
		if err != nil {
			return
		}
		require.Positive(t, attempt)
		require.Positive(t, from)
	})
}

// FuzzHost: a host that passes is an address or an allowed name, whatever surrounds it.
func FuzzHost(f *testing.F) {
	for _, s := range []string{"localhost", "LOCALHOST:80", "127.0.0.1:8000", "[::1]:80", "evil.example", "localhost.evil.example", "evil.example:localhost", "[localhost]"} {
		f.Add(s)
	}
	g := newGuard(nil, nil)
	f.Fuzz(func(t *testing.T, host string) {
		if g.allowsHost(host + ".evil.example") {
			require.Failf(t, "foreign", "%q", host)
		}
	})
}
