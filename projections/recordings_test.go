package projections

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tapedeck/domain/job"
	"tapedeck/domain/recording"
)

// edit applies commands to a recording, which the first of them may start; what is refused changes nothing.
func (w *world) edit(id string, commands ...recording.Command) recording.State {
	s, err := w.repo.LoadRecording(w.ctx().Context(), id)
	if errors.Is(err, recording.ErrNotFound) {
		s, err = recording.State{ID: id, Project: "default"}, nil
	}
	require.NoError(w.tb, err)
	next, err := w.repo.ApplyRecording(w.ctx().Context(), s, by, w.now, nil, commands...)
	var refused *recording.RefusedError
	var invalid *job.InvalidError
	if err != nil && !errors.As(err, &refused) && !errors.As(err, &invalid) {
		require.ErrorIs(w.tb, err, recording.ErrNotFound)
	}
	return next
}

func step(id, title string) recording.Step {
	return recording.Step{
		ID: id, Type: recording.Press, Key: "Enter", Title: title,
		Evidence: &recording.Evidence{Aria: "a long text that no list shows"},
	}
}

// record draws one step of a recording's life.
func (w *world) record(t *rapid.T) {
	id := rapid.SampledFrom([]string{"r1", "r2", "r3"}).Draw(t, "which")
	s, _ := w.repo.LoadRecording(w.ctx().Context(), id)
	name := rapid.StringMatching(`[a-c]{1,3}`).Draw(t, "name")
	fresh := fmt.Sprint("s", s.Version)
	last := ""
	if len(s.Steps) > 0 {
		last = s.Steps[len(s.Steps)-1].ID
	}
	commands := []recording.Command{
		recording.Start{Started: recording.Started{Attempt: s.Attempt + 1, Name: name, Mode: "script", URL: "http://localhost/"}},
		recording.Record{Step: step(fresh, drawWord(t))}, recording.Record{Step: step(fresh, name)},
		recording.Amend{Step: step(last, drawWord(t))}, recording.Retract{StepID: last},
		recording.Finish{Finished: recording.Finished{Outcome: "complete", Attempt: s.Attempt, DurationMS: int64(len(s.Steps))}},
		recording.Rename{Name: name}, recording.PutInFolder{Folder: name}, recording.InsertStep{Step: step(fresh, name)},
		recording.MoveStep{StepID: last}, recording.RemoveStep{StepID: last}, recording.Undo{}, recording.Redo{},
		recording.RestoreVersion{Version: s.Version / 2}, recording.Remove{}, recording.Restore{},
	}
	w.edit(id, commands[rapid.IntRange(0, len(commands)-1).Draw(t, "command")])
}

func TestTheLibraryFollowsRecordings(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i, name := range []string{"Sign in", "Order a voucher", "Ärger"} {
		w.edit(fmt.Sprint("r", i+1), recording.Start{Started: recording.Started{
			Attempt: 1, Name: name, Folder: []string{"shop", "shop/basket", "shopping"}[i], Mode: "script", URL: "http://localhost/",
		}}, recording.Record{Step: step("1", "Click Checkout")})
	}
	w.edit("r2", recording.Finish{Finished: recording.Finished{Outcome: "complete", Attempt: 1, DurationMS: 1500}})
	w.edit("r2", recording.Rename{Name: "Buy"}, recording.InsertStep{Step: step("2", "Type the coupon"), Index: 0})
	p := New(w.store, Config{Path: t.TempDir() + "/read.db"})
	require.NoError(t, p.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, p.Stop()) })

	list := func(q RecordingQuery) (names []string) {
		t.Helper()
		tail, err := w.store.Tail(t.Context())
		require.NoError(t, err)
		require.NoError(t, p.WaitFor(t.Context(), tail))
		page, err := p.Recordings(t.Context(), q)
		require.NoError(t, err)
		for _, r := range page.Items {
			names = append(names, r.Name)
		}
		return names
	}
	require.Equal(t, []string{"Ärger", "Buy", "Sign in"}, list(RecordingQuery{}))
	require.Equal(t, []string{"Buy", "Sign in"}, list(RecordingQuery{Folder: "shop"}), "with what is below it, and no more")
	require.Equal(t, []string{"Buy"}, list(RecordingQuery{Text: "coup"}), "steps are searched")
	require.Empty(t, list(RecordingQuery{Text: "voucher"}), "what it was called before is not")
	require.Equal(t, []string{"Ärger"}, list(RecordingQuery{Text: "arger"}))
	require.Equal(t, []string{"Buy"}, list(RecordingQuery{Statuses: []recording.Status{recording.StatusComplete}}))
	require.Equal(t, []string{"Buy", "Sign in", "Ärger"}, list(RecordingQuery{Sort: Sort{Key: SortName}}))
	require.Equal(t, "Buy", list(RecordingQuery{Sort: Sort{Key: SortSteps, Descending: true}})[0], "the longest first")

	w.edit("r2", recording.Undo{})
	require.Empty(t, list(RecordingQuery{Text: "coupon"}), "the step was taken back")
	w.edit("r2", recording.Remove{})
	require.Equal(t, []string{"Ärger", "Sign in"}, list(RecordingQuery{}))
	require.Equal(t, []string{"Buy"}, list(RecordingQuery{Removed: true}))
	folders, err := p.Folders(t.Context(), "default")
	require.NoError(t, err)
	require.Equal(t, []Folder{{"shop", 1}, {"shopping", 1}}, folders)

	page, err := p.Recordings(t.Context(), RecordingQuery{Limit: 1})
	require.NoError(t, err)
	require.NotEmpty(t, page.Next)
	page, err = p.Recordings(t.Context(), RecordingQuery{Limit: 1, Page: page.Next})
	require.NoError(t, err)
	require.Equal(t, "Sign in", page.Items[0].Name)
	require.Empty(t, page.Next)
	_, err = p.Recordings(t.Context(), RecordingQuery{Limit: 1, Page: "x"})
	require.ErrorIs(t, err, ErrBadPage)
	_, err = p.Recordings(t.Context(), RecordingQuery{Sort: Sort{Key: "size"}})
	require.ErrorIs(t, err, ErrBadQuery)
}
