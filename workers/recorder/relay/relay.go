// Package relay brings a viewer to a session that is live in another process: an API that a person's page talks to
// reaches the worker that drives the browser over one WebSocket for each viewer.
//
// A worker makes a random token when it starts and tells it, with its address, in the worker registry of the log. Who
// can read the registry can dial; nobody else can, also not a page that finds the port.
package relay

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/coder/websocket"
)

// Seat is one viewer's place before a live session: see package stage.
type Seat interface {
	Next(ctx context.Context) (data []byte, binary bool, err error)
	Take(ctx context.Context, message []byte) error
	Close()
}

// maxMessage bounds a message in either direction: a frame, or the files of a file chooser.
const maxMessage = 32 << 20

// ErrNoStage: the worker does not run the session (any more).
var ErrNoStage = errors.New("the worker does not run this session")

// NewToken is a worker's secret, for one run of its process.
func NewToken() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

// Path is where Handler is mounted.
const Path = "/stage/"

// Handler serves GET Path + session id to whoever has the token. Join takes the viewer's seat; its error means that the
// session is not here.
func Handler(token string, join func(ctx context.Context, sessionID, viewer string) (Seat, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		given := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		if r.Header.Get("Origin") != "" || subtle.ConstantTimeCompare([]byte(given), []byte(token)) != 1 {
			http.Error(w, "forbidden", http.StatusForbidden)
			return
		}
		seat, err := join(context.WithoutCancel(r.Context()), strings.TrimPrefix(r.URL.Path, Path), r.URL.Query().Get("viewer"))
		if err != nil {
			http.Error(w, "no such session", http.StatusNotFound)
			return
		}
		defer seat.Close()
		ws, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		ws.SetReadLimit(maxMessage)
		serve(r.Context(), ws, seat)
	})
}

// serve carries messages both ways until one side ends.
func serve(ctx context.Context, ws *websocket.Conn, seat Seat) {
	ctx, leave := context.WithCancel(ctx)
	done := make(chan struct{})
	defer func() { <-done }()
	defer func() { _ = ws.CloseNow() }()
	defer leave()
	go func() {
		defer close(done)
		defer leave()
		for {
			_, message, err := ws.Read(ctx)
			if err != nil || seat.Take(ctx, message) != nil {
				return
			}
		}
	}()
	for {
		data, binary, err := seat.Next(ctx)
		if errors.Is(err, io.EOF) {
			_ = ws.Close(websocket.StatusNormalClosure, "the session ended")
			return
		}
		if err != nil {
			return
		}
		kind := websocket.MessageText
		if binary {
			kind = websocket.MessageBinary
		}
		if ws.Write(ctx, kind, data) != nil {
			return
		}
	}
}

const dialTimeout = 5 * time.Second

// Dial takes a seat at a session that another process runs; base is that worker's address, such as
// "http://127.0.0.1:9001". It fails with ErrNoStage when the worker does not run the session.
func Dial(ctx context.Context, base, token, sessionID, viewer string) (Seat, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	ws, res, err := websocket.Dial(ctx, base+Path+sessionID+"?viewer="+viewer, &websocket.DialOptions{
		HTTPHeader: http.Header{"Authorization": {"Bearer " + token}},
	})
	if res != nil && res.StatusCode == http.StatusNotFound {
		return nil, ErrNoStage
	}
	if err != nil {
		return nil, fmt.Errorf("reach the worker's stage: %w", err)
	}
	ws.SetReadLimit(maxMessage)
	return &remote{ws: ws}, nil
}

// remote is a seat in another process.
type remote struct{ ws *websocket.Conn }

// Next implements Seat.
func (r *remote) Next(ctx context.Context) ([]byte, bool, error) {
	kind, data, err := r.ws.Read(ctx)
	if websocket.CloseStatus(err) == websocket.StatusNormalClosure {
		return nil, false, io.EOF
	}
	return data, kind == websocket.MessageBinary, err
}

// Take implements Seat.
func (r *remote) Take(ctx context.Context, message []byte) error {
	return r.ws.Write(ctx, websocket.MessageText, message)
}

// Close implements Seat.
func (r *remote) Close() { _ = r.ws.CloseNow() }
