package jira

import (
	"context"
	"net/http"
)

// Preview is what a query would bring.
type Preview struct {
	// Count is how many issues match; on Cloud it is an estimate.
	Count       int
	Approximate bool
	// Keys are the first issues, ten at most, in the query's own order.
	Keys []string
	// Notes say which fields were asked for and do not exist.
	Notes []string
}

// DryRun counts what a query matches and shows its first keys; nothing is read of the issues.
func (c *Client) DryRun(ctx context.Context, q Query) (Preview, error) {
	account, err := c.Account(ctx)
	if err != nil {
		return Preview{}, err
	}
	fields, err := c.shown(ctx, q)
	if err != nil {
		return Preview{}, err
	}
	where, order, err := split(q.JQL)
	if err != nil {
		return Preview{}, err
	}
	where = and(where, since("updated", q.UpdatedSince, account))
	ans, _, err := c.ask(ctx, account, shown{ids: []string{"created"}}, State{JQL: joinWords(where, order), Size: 10})
	if err != nil {
		return Preview{}, err
	}
	p := Preview{Count: ans.Total, Notes: fields.notes}
	for _, issue := range ans.Issues[:min(len(ans.Issues), 10)] {
		p.Keys = append(p.Keys, issue.Key)
	}
	if account.Flavour == Cloud {
		p.Approximate = true
		p.Count, err = c.approximateCount(ctx, where)
	}
	return p, err
}

func (c *Client) approximateCount(ctx context.Context, jql string) (int, error) {
	var counted struct {
		Count int `json:"count"`
	}
	_, err := c.do(ctx, call{op: "count", method: http.MethodPost, path: "/rest/api/3/search/approximate-count", body: map[string]string{"jql": jql}}, &counted)
	return counted.Count, err
}
