package shop

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheOldestSessionMakesRoom(t *testing.T) {
	t.Parallel()
	s := New(Config{})
	first := &session{}
	s.keep(httptest.NewRecorder(), first)
	token := s.arrival[0]
	for range maxSessions - 1 {
		s.keep(httptest.NewRecorder(), &session{})
	}
	require.Same(t, first, s.sessions[token])
	s.keep(httptest.NewRecorder(), &session{})
	require.NotContains(t, s.sessions, token)
	require.Len(t, s.sessions, maxSessions)
	// Sessions that ended do not let the list of arrivals grow for ever.
	for range 3 * maxSessions {
		s.keep(httptest.NewRecorder(), &session{})
		clear(s.sessions)
	}
	require.LessOrEqual(t, len(s.arrival), 2*maxSessions)
}

func TestAFullShopTakesNoMoreAccounts(t *testing.T) {
	t.Parallel()
	s := New(Config{})
	for i := range maxAccounts {
		s.accounts[strconv.Itoa(i)] = &account{}
	}
	f := newForm()
	require.Equal(t, http.StatusServiceUnavailable, s.enrol(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/register", nil), &account{Email: "a@example.com"}, &f))
	require.Contains(t, f.Problem, "no more accounts")
}

func TestOnlySoManyPagesWatch(t *testing.T) {
	t.Parallel()
	s := New(Config{})
	var last *watcher
	for range maxSockets {
		w, ok := s.watch("enamel-mug")
		require.True(t, ok)
		last = w
	}
	_, ok := s.watch("enamel-mug")
	require.False(t, ok)
	s.unwatch(last)
	_, ok = s.watch("enamel-mug")
	require.True(t, ok)
}

func TestTheLastOrdersAreKept(t *testing.T) {
	t.Parallel()
	s := New(Config{})
	a := &account{}
	for range maxOrders + 3 {
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/checkout", nil)
		s.keep(w, &session{account: a, cart: cart{lines: []line{{product: catalogue[0], quantity: 1}}}})
		r.AddCookie(w.Result().Cookies()[0])
		_, err := s.buy(r, newForm())
		require.NoError(t, err)
	}
	require.Len(t, a.orders, maxOrders)
	require.Equal(t, "FW-"+strconv.Itoa(firstOrder+maxOrders+2), a.orders[maxOrders-1].Number)
}
