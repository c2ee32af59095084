package client

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Tap says which events to read; Query holds the filter of GET /api/events.
type Tap struct {
	// JobID reads one job's stream (with its output) instead of everything.
	JobID string
	Query url.Values
	// From is a cursor, an RFC 3339 time, "beginning" or "now".
	From   string
	Follow bool
	// OnReconnect, when set, hears why a stream broke before it is taken up again from its cursor.
	OnReconnect func(error)
}

// TapLine is one line of a tap: an event, or a control line when Op is set.
type TapLine struct {
	Op      string         `json:"op"`
	Cursor  string         `json:"cursor"`
	Type    string         `json:"type"`
	Subject string         `json:"subject"`
	Stream  string         `json:"stream"`
	Kind    string         `json:"kind"`
	Project string         `json:"project"`
	Attempt int            `json:"attempt"`
	Seq     uint64         `json:"sequence"`
	Time    time.Time      `json:"time"`
	Data    jsontext.Value `json:"data"`
	Reason  string         `json:"reason"`
	Detail  string         `json:"detail"`
	// Raw is the line as it came.
	Raw []byte `json:"-"`
}

// ErrStop, returned by the callback, ends a tap without an error.
var ErrStop = errors.New("stop")

// GoneError says that a tap cannot go on from its cursor without a gap.
type GoneError struct{ Reason, Detail string }

// Error implements error.
func (e *GoneError) Error() string {
	return fmt.Sprintf("the cursor is gone (%s): %s", e.Reason, e.Detail)
}

// Run reads until the end, or with Follow until ctx ends or each returns an error. A connection that
// breaks is taken up again behind the last cursor seen, so that each event comes once. It fails with
// *GoneError when that is no longer possible.
func (t Tap) Run(ctx context.Context, c *Client, each func(TapLine) error) error {
	from, pause := t.From, firstPause
	for {
		err := t.once(ctx, c, &from, func(l TapLine) error {
			pause = firstPause
			return each(l)
		})
		var problem *Problem
		switch {
		case errors.Is(err, ErrStop):
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.As(err, &problem) && problem.Code == "gone":
			return &GoneError{problem.Reason, problem.Detail}
		case err == nil && !t.Follow:
			return nil
		case err != nil && !retryable(err, t.Follow):
			return err
		}
		if t.OnReconnect != nil {
			t.OnReconnect(err)
		}
		if err := rest(ctx, &pause); err != nil {
			return err
		}
	}
}

// rest waits before the next try, longer each time.
func rest(ctx context.Context, pause *time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(*pause/2 + rand.N(*pause)):
		*pause = min(2**pause, lastPause)
		return nil
	}
}

const (
	firstPause = 100 * time.Millisecond
	lastPause  = 5 * time.Second
)

// errBroken marks a stream that ended in the middle.
var errBroken = errors.New("stream broke")

func retryable(err error, follow bool) bool {
	var p *Problem
	if errors.As(err, &p) {
		return follow && (p.Status == http.StatusServiceUnavailable || p.Status == http.StatusTooManyRequests)
	}
	return follow && (errors.Is(err, ErrUnreachable) || errors.Is(err, errBroken))
}

func (t Tap) once(ctx context.Context, c *Client, from *string, each func(TapLine) error) error {
	path, query := "/api/events", url.Values{}
	if t.JobID != "" {
		path = "/api/jobs/" + url.PathEscape(t.JobID) + "/events"
		query.Set("output", "true")
	}
	for k, v := range t.Query {
		query[k] = v
	}
	if *from != "" {
		query.Set("from", *from)
	}
	if t.Follow {
		query.Set("follow", "true")
	}
	res, err := c.do(ctx, http.MethodGet, withQuery(path, query), http.Header{"Accept": {"application/x-ndjson"}}, nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	return ReadTap(res.Body, func(line TapLine) error {
		if err := each(line); err != nil {
			return err
		}
		if line.Cursor != "" {
			*from = line.Cursor
		}
		return nil
	})
}

// ReadTap reads the NDJSON of one answer of GET /api/events to its end. It fails with each's error and
// with *GoneError.
func ReadTap(r io.Reader, each func(TapLine) error) error {
	return lines(r, func(raw []byte) error {
		line := TapLine{Raw: raw}
		if err := json.Unmarshal(raw, &line); err != nil {
			return fmt.Errorf("line of the stream: %w", err)
		}
		if line.Op == "gone" {
			return &GoneError{line.Reason, line.Detail}
		}
		return each(line)
	})
}

// maxTapLine bounds one line in bytes.
const maxTapLine = 16 << 20

// lines hands whole lines to each; a last line without its end was cut off and is not handed on.
func lines(r io.Reader, each func([]byte) error) error {
	in := bufio.NewReaderSize(r, 64<<10)
	var line []byte
	for {
		part, err := in.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case errors.Is(err, bufio.ErrBufferFull) && len(line) <= maxTapLine:
			continue
		case errors.Is(err, io.EOF) && len(line) == 0:
			return nil
		case err != nil:
			return fmt.Errorf("%w: %w", errBroken, err)
		}
		if len(line) > 1 {
			if err := each(line); err != nil {
				return err
			}
		}
		line = nil
	}
}
