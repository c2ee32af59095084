package stage_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"tapedeck/workers/recorder/stage"
)

func TestStartAndStopInAnyOrder(t *testing.T) {
	t.Parallel()
	context := browser(t).Context(t)
	for range 5 {
		s, err := stage.New(stage.Config{Context: context, SessionID: "s"})
		require.NoError(t, err)
		_, err = s.Join("early")
		require.ErrorIs(t, err, stage.ErrNoStage)
		_, err = context.NewPage()
		require.NoError(t, err)
		require.NoError(t, s.Start(t.Context()))
		require.Error(t, s.Start(t.Context()))
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				if seat, err := s.Join("ann"); err == nil {
					_ = seat.Take(t.Context(), []byte(`{"op":"openTab"}`))
					seat.Close()
					seat.Close()
				}
			})
			all.Go(func() { s.Stop("stopped", "") })
		}
		all.Wait()
		<-s.Done()
		require.Error(t, s.Start(t.Context()))
	}
	never, err := stage.New(stage.Config{Context: context, SessionID: "s"})
	require.NoError(t, err)
	never.Stop("stopped", "")
	require.Error(t, never.Start(t.Context()))
}

func TestRegistryHasOneStageForASession(t *testing.T) {
	t.Parallel()
	context := browser(t).Context(t)
	var all stage.Registry
	one, err := stage.New(stage.Config{Context: context, SessionID: "s"})
	require.NoError(t, err)
	two, err := stage.New(stage.Config{Context: context, SessionID: "s"})
	require.NoError(t, err)
	remove, err := all.Add(one)
	require.NoError(t, err)
	_, err = all.Add(two)
	require.Error(t, err)
	remove()
	again, err := all.Add(two)
	require.NoError(t, err)
	remove() // of the first one: it must not take the second one away
	_, err = all.Add(one)
	require.Error(t, err)
	again()
	one.Stop("", "")
	two.Stop("", "")
}

func TestSeatsAreBounded(t *testing.T) {
	t.Parallel()
	b := setup(t, pages{"/": `<p>`})
	var seats []stage.Seat
	for range 32 {
		seat, err := b.stage.Join("crowd")
		require.NoError(t, err)
		seats = append(seats, seat)
	}
	_, err := b.stage.Join("one more")
	require.ErrorIs(t, err, stage.ErrFull)
	seats[3].Close()
	_, _, err = seats[3].Next(t.Context())
	require.ErrorIs(t, err, stage.ErrClosed)
	_, err = b.stage.Join("one more")
	require.NoError(t, err)
	// A seat that nobody reads ends itself instead of growing.
	for range 2000 {
		b.stage.Notice("info", "hello")
	}
	require.ErrorIs(t, seats[0].Take(t.Context(), []byte(`{"op":"drive"}`)), stage.ErrClosed)
}

func TestRepeatedDialogsOfAPersonAreNoLoop(t *testing.T) {
	t.Parallel()
	b := setup(t, pages{"/": `<button style="position:absolute;left:0;top:0;width:100px;height:100px" onclick="alert(1);window.n=(window.n||0)+1">Go</button>`})
	v := b.join("ann")
	b.open("/")
	for range 12 {
		v.click(50, 50)
		v.send(`{"op":"dialog","id":%q,"accept":true,"text":""}`, v.hears("dialog", nil)["id"])
		v.hears("closed", nil)
	}
	b.becomes(12, "window.n")
}
