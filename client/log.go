package client

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
)

// LogLine is one line of a job's log.
type LogLine struct {
	Op      string    `json:"op"`
	Seq     int64     `json:"seq"`
	Attempt int       `json:"attempt"`
	Time    time.Time `json:"time"`
	Level   string    `json:"level"`
	Stream  string    `json:"stream"`
	Text    string    `json:"text"`
	Reason  string    `json:"reason"`
	Detail  string    `json:"detail"`
	// Raw is the line as it came.
	Raw []byte `json:"-"`
}

// Log reads a job's log lines; query is that of GET /api/jobs/{id}/log.
func (c *Client) Log(ctx context.Context, id string, query url.Values, each func(LogLine) error) error {
	return c.log(ctx, id, query, "", each)
}

// FollowLog reads a job's log until nothing can follow, and answers the job as it is then. A
// connection that breaks is taken up again behind the last line; onReconnect hears why. It fails with
// *GoneError when that is no longer possible.
func (c *Client) FollowLog(ctx context.Context, id string, query url.Values, onReconnect func(error), each func(LogLine) error) (Job, error) {
	last, pause := "", firstPause
	for {
		err := c.log(ctx, id, query, last, func(l LogLine) error {
			if l.Seq > 0 {
				last, pause = fmt.Sprintf("%d-%d", l.Attempt, l.Seq), firstPause
			}
			return each(l)
		})
		var j Job
		if err == nil { // the log's end, or the server's
			if j, err = c.Job(ctx, id, nil); err == nil && logEnded(j, query.Get("attempt")) {
				return j, nil
			}
		}
		switch {
		case ctx.Err() != nil:
			return j, ctx.Err()
		case err != nil && !retryable(err, true):
			return j, err
		}
		onReconnect(err)
		if err := rest(ctx, &pause); err != nil {
			return j, err
		}
	}
}

// logEnded reports whether an attempt's log, or the whole job's when it is empty, can grow.
func logEnded(j Job, attempt string) bool {
	if attempt == "" {
		return j.Final()
	}
	n, err := strconv.Atoi(attempt)
	return err != nil || n < j.Attempt || (j.Status != "running" && j.Status != "stopping")
}

func (c *Client) log(ctx context.Context, id string, query url.Values, last string, each func(LogLine) error) error {
	header := http.Header{"Accept": {"application/x-ndjson"}}
	if last != "" {
		header.Set("Last-Event-ID", last)
	}
	res, err := c.do(ctx, http.MethodGet, withQuery("/api/jobs/"+url.PathEscape(id)+"/log", query), header, nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	return lines(res.Body, func(raw []byte) error {
		line := LogLine{Raw: raw}
		if err := json.Unmarshal(raw, &line); err != nil {
			return fmt.Errorf("line of the log: %w", err)
		}
		if line.Op == "gone" {
			return &GoneError{line.Reason, line.Detail}
		}
		return each(line)
	})
}
