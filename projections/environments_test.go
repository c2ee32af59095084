package projections

import (
	"errors"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tapedeck/domain/environment"
	"tapedeck/domain/event"
	"tapedeck/eventstore/jobs"
)

// set changes an environment; removing one that is not there changes nothing.
func (w *world) set(project, name string, c environment.Command) environment.State {
	s, _, err := w.repo.ChangeEnvironment(w.ctx().Context(), project, name, by, jobs.Precondition{}, w.now, c)
	if !errors.Is(err, environment.ErrNotFound) {
		require.NoError(w.tb, err)
	}
	return s
}

// furnish draws one step of an environment's life.
func (w *world) furnish(t *rapid.T) {
	project, name := rapid.SampledFrom([]string{"default", "other"}).Draw(t, "project"), rapid.SampledFrom([]string{"staging", "live"}).Draw(t, "name")
	settings := environment.Settings{
		BaseURL: "http://localhost:3000", Title: rapid.StringMatching(`[a-c]{0,3}`).Draw(t, "title"), Writable: rapid.Bool().Draw(t, "writable"),
		Headers: map[string]string{"X-A": "1", "X-B": "2", "X-C": "3"},
	}
	w.set(project, name, rapid.SampledFrom([]environment.Command{environment.Set{Settings: settings}, environment.Remove{}}).Draw(t, "command"))
}

func TestTheListFollowsEnvironments(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := New(w.store, Config{Path: t.TempDir() + "/read.db"})
	require.NoError(t, p.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, p.Stop()) })
	list := func(project string) (names []string) {
		t.Helper()
		tail, err := w.store.Tail(t.Context())
		require.NoError(t, err)
		require.NoError(t, p.WaitFor(t.Context(), tail))
		found, err := p.Environments(t.Context(), project)
		require.NoError(t, err)
		require.Equal(t, tail, found.Cursor)
		for _, e := range found.Items {
			names = append(names, e.Project+"/"+e.Name+" "+e.BaseURL)
		}
		return names
	}
	at := func(address string) environment.Set {
		return environment.Set{Settings: environment.Settings{BaseURL: address}}
	}
	w.set("default", "staging", at("http://a"))
	w.set("default", "live", at("http://b"))
	w.set("other", "staging", at("http://c"))
	require.Equal(t, []string{"default/live http://b", "default/staging http://a"}, list("default"))
	w.now = w.now.Add(time.Hour)
	last := w.set("default", "staging", at("http://d"))
	w.set("default", "live", environment.Remove{})
	require.Equal(t, []string{"default/staging http://d", "other/staging http://c"}, list(""))
	found, err := p.Environments(t.Context(), "default")
	require.NoError(t, err)
	last.Head = event.Hash{}
	require.Equal(t, []environment.State{last}, found.Items, "all of it, and when it was changed")
	w.set("default", "live", at("http://e"))
	require.Equal(t, []string{"default/live http://e", "default/staging http://d"}, list("default"))
	require.Empty(t, list("nothing"))
}

// What came into the log beside the repository is no part of an environment; an event of a newer build is counted.
func TestForeignEventsChangeNoEnvironment(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.set("default", "staging", environment.Set{Settings: environment.Settings{BaseURL: "http://a"}})
	stream := environment.Stream("default", "staging")
	w.raw(event.Event{
		Type: "environment.dreamt", Subject: "staging", Project: "default", Stream: stream, Sequence: 2, PrevHash: first.Head,
		SchemaVersion: 1, Data: jsontext.Value(`{"a":1}`),
	})
	w.raw(event.Event{
		Type: "environment.defined", Subject: "other", Project: "default", Stream: environment.Stream("default", "live"), Sequence: 1,
		SchemaVersion: 1, Data: jsontext.Value(`{"baseUrl":"http://b"}`),
	})
	p := New(w.store, Config{Path: t.TempDir() + "/read.db"})
	require.NoError(t, p.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, p.Stop()) })
	tail, err := w.store.Tail(t.Context())
	require.NoError(t, err)
	require.NoError(t, p.WaitFor(t.Context(), tail))
	found, err := p.Environments(t.Context(), "")
	require.NoError(t, err)
	require.Len(t, found.Items, 1)
	require.Equal(t, uint64(2), found.Items[0].Version)
	require.Equal(t, "http://a", found.Items[0].BaseURL)
	require.Equal(t, int64(1), p.Status(t.Context()).Skipped)
}
