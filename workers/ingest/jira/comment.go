package jira

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Comment is what a person wrote below an issue.
type Comment struct {
	ID               string
	Author           string
	Created, Updated time.Time
	Text             string // Markdown
}

type rawComment struct {
	ID      string         `json:"id"`
	Author  *person        `json:"author"`
	Created string         `json:"created"`
	Updated string         `json:"updated"`
	Body    jsontext.Value `json:"body"`
}

type rawComments struct {
	Comments []rawComment `json:"comments"`
	Total    int          `json:"total"`
}

// comments reads those that a search brings along; when these are not all (Cloud brings 20), it fetches all, page by
// page, up to Config.MaxComments.
func (c *Client) comments(ctx context.Context, r *reading) error {
	var some rawComments
	r.into("comment", &some)
	all := some.Comments
	if some.Total > len(all) {
		more, err := c.allComments(ctx, r)
		var e *Error
		switch {
		case err == nil:
			all = more
		case errors.As(err, &e) && (e.Code == NotFound || e.Code == Forbidden): // the issue went in between
			r.note("%d of %d comments are read: %s", len(all), some.Total, strings.TrimPrefix(err.Error(), "jira: "))
		default:
			return err
		}
	}
	for _, raw := range all {
		r.issue.Comments = append(r.issue.Comments, Comment{ID: raw.ID, Author: raw.Author.String(), Created: parseTime(raw.Created),
			Updated: parseTime(raw.Updated), Text: r.body("comment "+raw.ID, raw.Body)})
	}
	slices.SortStableFunc(r.issue.Comments, func(a, b Comment) int { return a.Created.Compare(b.Created) })
	return nil
}

func (c *Client) allComments(ctx context.Context, r *reading) ([]rawComment, error) {
	var all []rawComment
	for {
		var page rawComments
		_, err := c.do(ctx, call{op: "comments of " + r.issue.Key, method: http.MethodGet,
			path:  c.api("/issue/" + url.PathEscape(r.issue.Key) + "/comment"),
			query: url.Values{"startAt": {strconv.Itoa(len(all))}, "maxResults": {"100"}, "orderBy": {"created"}}}, &page)
		if err != nil {
			return nil, err
		}
		all = append(all, page.Comments...)
		switch {
		case len(all) >= c.cfg.MaxComments && page.Total > c.cfg.MaxComments:
			r.note("%d of %d comments are read", c.cfg.MaxComments, page.Total)
			return all[:c.cfg.MaxComments], nil
		case len(page.Comments) == 0, len(all) >= page.Total:
			return all, nil
		}
	}
}
