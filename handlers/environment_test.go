package handlers_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"tapedeck/domain/environment"
	"tapedeck/handlers"
)

type environmentAnswer struct {
	Project, Name, Title, BaseURL, Cursor string
	Writable                              bool
	Secrets                               []struct{ Name, Ref string }
	Headers                               map[string]string
	Version                               int
}

const shopSettings = `{"title":"Staging","baseUrl":"https://shop.test","secrets":[{"name":"token","ref":"TAPEDECK_SECRET_SHOP"}],
	"headers":{"Authorization":"Bearer ${secret:token}"},"writable":true}`

func TestAnEnvironmentIsKept(t *testing.T) {
	t.Parallel()
	b := setup(t)
	valid := schemas(t)
	var e environmentAnswer
	b.do("GET", "/api/environments/staging", "").is(404).problem("not_found")
	a := b.do("PUT", "/api/environments/staging", shopSettings, "If-None-Match", "*").is(201)
	a.into(&e)
	require.Equal(t, "/api/environments/staging?project=default", a.header.Get("Location"))
	require.Equal(t, `"1"`, a.header.Get("ETag"))
	require.Equal(t, "default", e.Project)
	require.True(t, e.Writable)
	require.NotEmpty(t, e.Cursor)

	a = b.do("GET", "/api/environments/staging", "").is(200)
	a.into(&e)
	require.Equal(t, "Bearer ${secret:token}", e.Headers["Authorization"])
	require.Equal(t, "TAPEDECK_SECRET_SHOP", e.Secrets[0].Ref)
	b.do("GET", "/api/environments/staging", "", "If-None-Match", `"1"`).is(304)
	b.do("GET", "/api/environments/staging?project=other", "").is(404)

	a = b.do("PUT", "/api/environments/staging", `{"baseUrl":"https://shop.test/v2"}`, "If-Match", `"1"`).is(200)
	e = environmentAnswer{}
	a.into(&e)
	require.Equal(t, `"2"`, a.header.Get("ETag"))
	require.False(t, e.Writable, "what is not in the body is not set any more")
	require.Empty(t, e.Headers)
	same := b.do("PUT", "/api/environments/staging", `{"baseUrl":"https://shop.test/v2","secrets":[]}`).is(200)
	require.Equal(t, `"2"`, same.header.Get("ETag"), "the same again changes nothing")

	b.do("PUT", "/api/environments/live?project=other", `{"baseUrl":"https://shop.test"}`).is(201).into(&e)
	var list struct{ Items []environmentAnswer }
	b.do("GET", "/api/environments?minCursor="+e.Cursor, "").is(200).into(&list)
	require.Len(t, list.Items, 2)
	b.do("GET", "/api/environments?project=other", "").is(200).into(&list)
	require.Len(t, list.Items, 1)
	require.Equal(t, "live", list.Items[0].Name)

	b.do("DELETE", "/api/environments/staging", "", "If-Match", `"1"`).is(412).problem("conflict")
	b.do("DELETE", "/api/environments/staging", "", "If-Match", `"2"`).is(200).into(&e)
	b.do("GET", "/api/environments?project=default&minCursor="+e.Cursor, "").is(200).into(&list)
	require.Empty(t, list.Items)
	b.do("DELETE", "/api/environments/staging", "").is(404).problem("not_found")
	b.do("PUT", "/api/environments/staging", shopSettings, "If-None-Match", "*").is(201).into(&e)
	require.Equal(t, 4, e.Version, "its history goes on")

	events, err := b.store.ReadStream(t.Context(), environment.Stream("default", "staging"), 1, 10)
	require.NoError(t, err)
	require.Len(t, events, 4)
	for _, e := range events {
		valid(t, e.Stored)
	}
}

func TestBadEnvironmentsAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.do("PUT", "/api/environments/staging", shopSettings).is(201)
	size := b.size()
	for _, c := range []struct {
		path, body, where string
		headers           []string
	}{
		{"staging", `{}`, "/baseUrl", nil},
		{"staging", `{"baseUrl":"https://u:hunter2@shop.test"}`, "/baseUrl", nil},
		{"staging", `{"baseUrl":"https://shop.test","secrets":[{"name":"a","ref":"hunter2"}]}`, "/secrets/0/ref", nil},
		{"staging", `{"baseUrl":"https://shop.test","headers":{"Authorization":"hunter2"}}`, "/headers/Authorization", nil},
		{"staging", `{"baseUrl":"https://shop.test","allowedHosts":["https://x"]}`, "/allowedHosts/0", nil},
		{"staging", `{"baseUrl":"https://shop.test","writeable":true}`, "/writeable", nil},
		{"staging", `{"baseUrl":"https://shop.test","writable":"yes"}`, "/writable", nil},
		{"Not-A-Name", `{"baseUrl":"https://shop.test"}`, "path/name", nil},
		{"staging?project=Not+A+Name", `{"baseUrl":"https://shop.test"}`, "query/project", nil},
		{"staging?projekt=a", `{"baseUrl":"https://shop.test"}`, "query/projekt", nil},
		{"staging", shopSettings, "header/If-None-Match", []string{"If-None-Match", `"1"`}},
		{"staging", shopSettings, "header/If-None-Match", []string{"If-None-Match", "*", "If-Match", `"1"`}},
		{"staging", shopSettings, "header/If-Match", []string{"If-Match", "1"}},
	} {
		a := b.do("PUT", "/api/environments/"+c.path, c.body, c.headers...).is(400)
		p := a.problem("invalid")
		require.NotEmpty(t, p.Errors, c.body)
		require.Equal(t, c.where, p.Errors[0].Path, c.body)
		require.NotContains(t, string(a.body), "hunter2")
	}
	b.do("PUT", "/api/environments/staging", shopSettings, "If-None-Match", "*").is(412).problem("conflict")
	b.do("PUT", "/api/environments/staging", shopSettings, "If-Match", `"7"`).is(412).problem("conflict")
	b.do("PUT", "/api/environments/none", shopSettings, "If-Match", `"1"`).is(412).problem("conflict")
	b.do("GET", "/api/environments/..%2f..%2fjobs", "").is(404)
	b.do("POST", "/api/environments/staging", shopSettings).is(405)
	require.Equal(t, size, b.size(), "bad input changes nothing")
}

func TestAnEnvironmentIsLookedAt(t *testing.T) {
	t.Parallel()
	var asked environment.State
	findings := []handlers.Finding{{Subject: "baseUrl", Level: handlers.LevelOK, Message: "answers"}}
	b := setup(t, func(c *handlers.Config) {
		c.CheckEnvironment = func(_ context.Context, e environment.State) []handlers.Finding {
			asked = e
			return findings
		}
	})
	b.do("POST", "/api/environments/staging/check", "").is(404).problem("not_found")
	b.do("PUT", "/api/environments/staging", shopSettings).is(201)
	var got struct {
		OK       bool
		Findings []struct{ Subject, Level, Message string }
	}
	b.do("POST", "/api/environments/staging/check", "").is(200).into(&got)
	require.True(t, got.OK)
	require.Equal(t, "baseUrl", got.Findings[0].Subject)
	require.Equal(t, "https://shop.test", asked.BaseURL)

	findings = append(findings, handlers.Finding{Subject: "secrets/token", Level: handlers.LevelError, Message: "is not set"})
	b.do("POST", "/api/environments/staging/check", "").is(200).into(&got)
	require.False(t, got.OK)

	blind := setup(t)
	blind.do("PUT", "/api/environments/staging", shopSettings).is(201)
	blind.do("POST", "/api/environments/staging/check", "").is(503).problem("unavailable")
}
