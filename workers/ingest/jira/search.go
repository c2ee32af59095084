package jira

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Query says which issues are wanted, and what of them.
type Query struct {
	// JQL is the filter, as in Jira's issue search. Its ORDER BY is not used: issues come in the order of their
	// creation, which no edit changes.
	JQL string
	// UpdatedSince leaves out what was not changed since: Page.AsOf of the run before. The bound reaches back by up to
	// two minutes (JQL knows minutes), so what comes may be known already. Defaults to all.
	UpdatedSince time.Time
	// Criteria are the names or ids of fields with acceptance criteria, whatever their case. Defaults to DefaultCriteria.
	Criteria []string
	// Fields are the names or ids of other fields to keep, each in a section of its own. Defaults to none.
	Fields []string
	// Comments asks for the comments, all of them. Defaults to false.
	Comments bool
	// KeysOnly asks for keys and times of creation alone: the quick way to see what is still there. Defaults to false.
	KeysOnly bool
	// PageSize is how many issues to ask for at once; Jira may answer fewer. Defaults to 100, with KeysOnly to 1,000.
	PageSize int
}

// State is where a search stands. It is plain data that can be stored as JSON; the zero State is the beginning. It
// holds no credentials, and its members are the Client's business.
type State struct {
	Query   string    `json:"query,omitzero"` // fingerprint of the Query
	JQL     string    `json:"jql,omitzero"`   // as it was sent
	AsOf    time.Time `json:"asOf,omitzero"`
	Token   string    `json:"token,omitzero"`   // Cloud: the next page
	Start   int       `json:"start,omitzero"`   // Data Center: issues seen
	Last    string    `json:"last,omitzero"`    // key of the last issue seen
	Created time.Time `json:"created,omitzero"` // its time of creation
	Size    int       `json:"size,omitzero"`    // issues to ask for
	Done    bool      `json:"done,omitzero"`    // there is no next page
}

// Page is a part of what a search finds.
type Page struct {
	Issues []Issue
	// Next continues after this page; Next.Done says that it was the last one.
	Next State
	// AsOf is Jira's own time when the search began: UpdatedSince of the next run, once this one came to its end.
	AsOf time.Time
	// Notes concern the search as a whole: fields that were asked for and do not exist.
	Notes []string
}

// Search answers the page that state leads to. The caller goes on with Page.Next until it is Done, at once or after a
// restart: a page token that has expired and an issue that left the results in between are noticed, and the search goes
// on from the last issue's minute of creation. An issue can therefore come twice; what is new in it its Updated time
// or its Document's hash says. Cloud's index may lag behind an edit by seconds. The error is an *Error or the context's.
func (c *Client) Search(ctx context.Context, q Query, state State) (Page, error) {
	account, err := c.Account(ctx)
	if err != nil {
		return Page{}, err
	}
	fields, err := c.shown(ctx, q)
	if err != nil {
		return Page{}, err
	}
	s := state
	if s.Query == "" {
		s, err = q.begin(account)
	} else if s.Query != q.fingerprint() {
		err = &Error{Code: Invalid, Op: "search", Hint: "the stored state belongs to another query: begin again"}
	}
	if err != nil || s.Done {
		return Page{Next: s, AsOf: s.AsOf}, err
	}
	found, err := c.found(ctx, q, account, fields, &s)
	if err != nil {
		return Page{}, err
	}
	page := Page{Next: s, AsOf: s.AsOf, Notes: fields.notes}
	for _, raw := range found {
		issue, err := c.issue(ctx, account, fields, raw)
		if err != nil {
			return Page{}, err
		}
		page.Issues = append(page.Issues, issue)
	}
	return page, nil
}

func (q Query) begin(a Account) (State, error) {
	jql, err := q.bounded(a, time.Time{})
	size := 100
	if q.KeysOnly {
		size = 1000
	}
	return State{Query: q.fingerprint(), JQL: jql, Size: cmp.Or(q.PageSize, size)}, err
}

// bounded is the query with its bounds in time, in the order of creation.
func (q Query) bounded(a Account, created time.Time) (string, error) {
	where, _, err := split(q.JQL)
	if err != nil {
		return "", err
	}
	return joinWords(and(where, since("updated", q.UpdatedSince, a), since("created", created, a)), "ORDER BY created ASC, key ASC"), nil
}

func (q Query) fingerprint() string {
	raw, err := json.Marshal(q, json.Deterministic(true))
	if err != nil {
		return "none"
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:8])
}

// rawIssue is an issue as Jira answers it.
type rawIssue struct {
	ID     string                    `json:"id"`
	Key    string                    `json:"key"`
	Fields map[string]jsontext.Value `json:"fields"`
}

// answer is a page in either flavour's form.
type answer struct {
	Issues        []rawIssue `json:"issues"`
	NextPageToken string     `json:"nextPageToken"`
	IsLast        bool       `json:"isLast"`
	StartAt       int        `json:"startAt"`
	Total         int        `json:"total"`
}

// found asks for the page of s and moves s behind it.
func (c *Client) found(ctx context.Context, q Query, a Account, fields shown, s *State) ([]rawIssue, error) {
	for {
		ans, header, err := c.ask(ctx, a, fields, *s)
		var e *Error
		switch {
		case errors.As(err, &e) && e.Code == TooLarge && s.Size > 1:
			s.Size = max(s.Size/2, 1)
			continue
		case errors.As(err, &e) && e.Code == Invalid && s.Token != "", err == nil && drifted(*s, a, ans):
			if err := s.rebase(q, a); err != nil {
				return nil, err
			}
			continue
		case err != nil:
			return nil, err
		}
		if s.AsOf.IsZero() {
			s.AsOf = c.serverTime(header)
		}
		return s.pass(a, ans), nil
	}
}

func (c *Client) ask(ctx context.Context, a Account, fields shown, s State) (answer, http.Header, error) {
	cl := call{op: "search", method: http.MethodPost}
	if a.Flavour == Cloud {
		cl.path, cl.body = "/rest/api/3/search/jql", struct {
			JQL           string   `json:"jql"`
			Fields        []string `json:"fields"`
			MaxResults    int      `json:"maxResults"`
			NextPageToken string   `json:"nextPageToken,omitzero"`
		}{s.JQL, fields.ids, s.Size, s.Token}
	} else { // a later page begins with the last issue of the page before
		cl.path, cl.body = "/rest/api/2/search", struct {
			JQL        string   `json:"jql"`
			Fields     []string `json:"fields"`
			MaxResults int      `json:"maxResults"`
			StartAt    int      `json:"startAt"`
		}{s.JQL, fields.ids, s.Size + min(s.Start, 1), max(s.Start-1, 0)}
	}
	var ans answer
	header, err := c.do(ctx, cl, &ans)
	return ans, header, err
}

// drifted says whether results moved to the left between two pages of offsets, because an issue was deleted or no
// longer fits the filter: whatever slid over the boundary would be missed.
func drifted(s State, a Account, ans answer) bool {
	return a.Flavour != Cloud && s.Start > 0 && (len(ans.Issues) == 0 || ans.Issues[0].Key != s.Last)
}

// rebase goes on from the minute in which the last issue was created.
func (s *State) rebase(q Query, a Account) (err error) {
	s.Token, s.Start = "", 0
	s.JQL, err = q.bounded(a, s.Created)
	return err
}

// pass moves s behind an answer and leaves out the issue that is there only to tell a drift.
func (s *State) pass(a Account, ans answer) []rawIssue {
	issues := ans.Issues
	if a.Flavour == Cloud {
		s.Token = ans.NextPageToken
		s.Done = ans.IsLast || ans.NextPageToken == ""
	} else {
		first := max(s.Start-1, 0)
		if s.Start > 0 {
			issues = issues[1:]
		}
		s.Start = first + len(ans.Issues)
		s.Done = len(issues) == 0 || s.Start >= ans.Total
	}
	if len(issues) > 0 {
		last := issues[len(issues)-1]
		s.Last = last.Key
		if t := fieldTime(last.Fields["created"]); !t.IsZero() {
			s.Created = t
		}
	}
	return issues
}

// serverTime is Jira's clock: ours may be ahead of it.
func (c *Client) serverTime(h http.Header) time.Time {
	if t, err := http.ParseTime(h.Get("Date")); err == nil {
		return t.UTC()
	}
	return c.cfg.Now().UTC().Truncate(time.Second)
}
