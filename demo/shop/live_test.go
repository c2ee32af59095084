package shop_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/require"
)

type news struct {
	Stock, Quantity int
	Text, Advice    string
	Enough          bool
}

// line is a page's socket.
type line struct {
	t    *testing.T
	ctx  context.Context
	conn *websocket.Conn
}

func (w *world) watch(slug string) *line {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	w.t.Cleanup(cancel)
	conn, _, err := websocket.Dial(ctx, strings.Replace(w.url, "http", "ws", 1)+"/live/stock/"+slug, nil)
	require.NoError(w.t, err)
	w.t.Cleanup(func() { _ = conn.CloseNow() })
	return &line{w.t, ctx, conn}
}

func (l *line) next() (n news) {
	l.t.Helper()
	_, raw, err := l.conn.Read(l.ctx)
	require.NoError(l.t, err)
	require.NoError(l.t, json.Unmarshal(raw, &n, json.MatchCaseInsensitiveNames(true)))
	return n
}

func (l *line) ask(text string) {
	l.t.Helper()
	require.NoError(l.t, l.conn.Write(l.ctx, websocket.MessageText, []byte(text)))
}

func (l *line) ends() websocket.StatusCode {
	l.t.Helper()
	_, _, err := l.conn.Read(l.ctx)
	require.Error(l.t, err)
	require.NoError(l.t, l.ctx.Err(), "it was never closed")
	return websocket.CloseStatus(err)
}

func TestStockIsToldAtOnceAndWhenItChanges(t *testing.T) {
	t.Parallel()
	w := setup(t)
	hat, mug := w.watch("wool-hat"), w.watch("enamel-mug")
	require.Equal(t, "Only 3 left", hat.next().Text)
	require.Equal(t, "120 in stock", mug.next().Text)
	require.Equal(t, "Sold out", w.watch("pocket-stove").next().Text)
	v := w.customer()
	v.add("wool-hat", 1)
	v.order().is(http.StatusSeeOther)
	require.Equal(t, news{Stock: 2, Text: "Only 2 left", Enough: true}, hat.next())
	v.add("wool-hat", 2)
	v.order().is(http.StatusSeeOther)
	require.Equal(t, "Sold out", hat.next().Text)
	mug.ask(`{"quantity":1}`) // it was told nothing of the hats
	require.Equal(t, news{Stock: 120, Quantity: 1, Text: "120 in stock", Enough: true, Advice: "Ready to send today."}, mug.next())
}

func TestAQuantityIsAskedAbout(t *testing.T) {
	t.Parallel()
	w := setup(t)
	hat := w.watch("wool-hat")
	hat.next()
	for text, want := range map[string]string{
		`{"quantity":3}`: "Ready to send today.", `{"quantity":4}`: "There are only 3.", `{"quantity":11}`: "At most 10 in one order.", `{}`: "",
	} {
		hat.ask(text)
		n := hat.next()
		require.Equal(t, want, n.Advice)
		require.Equal(t, n.Quantity <= 3, n.Enough)
	}
	// What was asked is answered anew when the stock changes.
	hat.ask(`{"quantity":3}`)
	require.True(t, hat.next().Enough)
	v := w.customer()
	v.add("wool-hat", 1)
	v.order().is(http.StatusSeeOther)
	require.Equal(t, "There are only 2.", hat.next().Advice)
}

func TestASocketThatTalksNonsenseIsClosed(t *testing.T) {
	t.Parallel()
	w := setup(t)
	for text, want := range map[string]websocket.StatusCode{
		`{"quantity":-1}`: websocket.StatusPolicyViolation, `hello`: websocket.StatusPolicyViolation, `{"price":1}`: websocket.StatusPolicyViolation,
		strings.Repeat(" ", 2<<10): websocket.StatusMessageTooBig,
	} {
		l := w.watch("enamel-mug")
		l.next()
		l.ask(text)
		require.Equal(t, want, l.ends(), "%.20q", text)
	}
}

func TestSocketsOfOtherSitesAreRefused(t *testing.T) {
	t.Parallel()
	w := setup(t)
	at := strings.Replace(w.url, "http", "ws", 1) + "/live/stock/"
	_, resp, err := websocket.Dial(t.Context(), at+"enamel-mug", &websocket.DialOptions{HTTPHeader: http.Header{"Origin": {"https://elsewhere.example"}}})
	require.Error(t, err)
	require.Equal(t, http.StatusForbidden, resp.StatusCode)
	_, resp, err = websocket.Dial(t.Context(), at+"spaceship", nil)
	require.Error(t, err)
	require.Equal(t, http.StatusNotFound, resp.StatusCode)
	w.visitor().get("/live/stock/enamel-mug").is(http.StatusUpgradeRequired)
}

func TestClosingEndsTheSockets(t *testing.T) {
	t.Parallel()
	w := setup(t)
	l := w.watch("enamel-mug")
	l.next()
	w.shop.Close()
	w.shop.Close()
	require.Equal(t, websocket.StatusGoingAway, l.ends())
	w.visitor().get("/").is(http.StatusOK)
}
