package jira

import (
	"context"
	"net/http"
	"slices"
	"strings"
)

// Kinds of custom fields, by the plug-in that defines them.
const (
	sprintField   = "com.pyxis.greenhopper.jira:gh-sprint"
	epicLinkField = "com.pyxis.greenhopper.jira:gh-epic-link"
	textAreaField = "com.atlassian.jira.plugin.system.customfieldtypes:textarea"
)

// Field is a field of issues.
type Field struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Schema struct {
		Type   string `json:"type"`
		Custom string `json:"custom"`
	} `json:"schema"`
}

// Fields lists all fields that the account may see. They are asked for once for each Client.
func (c *Client) Fields(ctx context.Context) ([]Field, error) {
	if _, err := c.Account(ctx); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fields != nil {
		return c.fields, nil
	}
	fields := []Field{}
	if _, err := c.do(ctx, call{op: "fields", method: http.MethodGet, path: c.api("/field")}, &fields); err != nil {
		return nil, err
	}
	c.fields = fields
	return fields, nil
}

// named finds fields by name or id, whatever their case and blanks. Several fields can share a name: team-managed
// projects each bring their own.
func named(all []Field, name string) []Field {
	var out []Field
	for _, f := range all {
		if f.ID == name || foldName(f.Name) == foldName(name) {
			out = append(out, f)
		}
	}
	return out
}

func foldName(s string) string { return strings.ToLower(oneLine(s)) }

func ofKind(all []Field, kind string) []Field {
	var out []Field
	for _, f := range all {
		if f.Schema.Custom == kind {
			out = append(out, f)
		}
	}
	return out
}

// shown is what a search asks for and how its answer is read.
type shown struct {
	ids               []string
	sections          []Field // in the order of their sections
	sprints, epicLink []Field
	notes             []string // names that no field has
}

// basics are the fields that every issue has.
var basics = [...]string{"summary", "description", "issuetype", "status", "priority", "resolution", "project", "labels",
	"assignee", "reporter", "components", "fixVersions", "created", "updated", "parent", "subtasks", "issuelinks", "attachment"}

func (c *Client) shown(ctx context.Context, q Query) (shown, error) {
	if q.KeysOnly {
		return shown{ids: []string{"created"}}, nil
	}
	all, err := c.Fields(ctx)
	if err != nil {
		return shown{}, err
	}
	s := shown{ids: slices.Clone(basics[:]), sprints: ofKind(all, sprintField), epicLink: ofKind(all, epicLinkField)}
	if q.Comments {
		s.ids = append(s.ids, "comment")
	}
	criteria := q.Criteria
	if criteria == nil {
		criteria = DefaultCriteria()
	}
	for i, name := range slices.Concat(criteria, q.Fields) {
		found := named(all, name)
		if len(found) == 0 && (q.Criteria != nil || i >= len(criteria)) {
			s.notes = append(s.notes, "no field is named \""+oneLine(name)+"\"")
		}
		s.sections = append(s.sections, found...)
	}
	s.sections = distinct(s.sections)
	for _, f := range slices.Concat(s.sections, s.sprints, s.epicLink) {
		if !slices.Contains(s.ids, f.ID) {
			s.ids = append(s.ids, f.ID)
		}
	}
	return s, nil
}

func distinct(fields []Field) []Field {
	var out []Field
	for _, f := range fields {
		if !slices.ContainsFunc(out, func(o Field) bool { return o.ID == f.ID }) {
			out = append(out, f)
		}
	}
	return out
}

// DefaultCriteria are the usual names of fields that hold acceptance criteria.
func DefaultCriteria() []string {
	return []string{"Acceptance Criteria", "Definition of Done"}
}
