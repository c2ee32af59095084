package jira

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Issue is what an issue says. Names and titles are plain text on one line, bodies are Markdown.
type Issue struct {
	ID, Key, URL                    string
	Summary, Type, Status           string
	Priority, Resolution, Project   string
	Assignee, Reporter              string
	Labels, Components, FixVersions []string
	Sprints                         []string
	Created, Updated                time.Time
	Description                     string
	Sections                        []Section // acceptance criteria first, then other named fields
	Comments                        []Comment // the oldest first
	Attachments                     []Attachment
	Relations                       []Relation
	// Notes say what could not be read or has no form in Markdown.
	Notes []string
}

// Section is a field with a text of its own.
type Section struct {
	Name string
	Text string // Markdown
}

// Attachment is a file of an issue; Client.Attachment fetches it.
type Attachment struct {
	ID, Name, ContentType string
	Size                  int64 // bytes
	URL                   string
	Created               time.Time
	Author                string
}

// Direction says which end of a relation the issue is.
type Direction string

// The directions: A blocks B is outward for A and inward for B.
const (
	Outward Direction = "outward"
	Inward  Direction = "inward"
)

// Relation leads to another issue.
type Relation struct {
	// Type is the kind of link as Jira names it ("Blocks"), "Parent" (outward from the child) or "Epic" (outward from
	// the issue of the epic).
	Type      string
	Direction Direction
	// Phrase reads from this issue to the other: "is blocked by".
	Phrase string
	Key    string
	Title  string
	Status string
	URL    string
}

// reading is an issue on its way from Jira's answer.
type reading struct {
	flavour Flavour
	site    string
	fields  map[string]jsontext.Value
	issue   Issue
}

// issue reads an answer. A field that cannot be read costs a note, not the issue; only further comments that cannot be
// fetched are an error.
func (c *Client) issue(ctx context.Context, a Account, s shown, raw rawIssue) (Issue, error) {
	r := &reading{flavour: a.Flavour, site: a.Site, fields: raw.Fields}
	r.issue = Issue{ID: raw.ID, Key: raw.Key, URL: browse(a.Site, raw.Key)}
	r.facts()
	r.people()
	r.attachments()
	r.relations(s)
	r.texts(s)
	if err := c.comments(ctx, r); err != nil {
		return Issue{}, err
	}
	return r.issue, nil
}

func browse(site, key string) string { return safeURL(site + "/browse/" + key) }

func (r *reading) note(format string, args ...any) {
	s := oneLine(fmt.Sprintf(format, args...))
	if len(r.issue.Notes) < maxNotes && !slices.Contains(r.issue.Notes, s) {
		r.issue.Notes = append(r.issue.Notes, s)
	}
}

func present(v jsontext.Value) bool { return len(v) > 0 && v.Kind() != 'n' }

// lenient reads data of strangers: what is mistyped fails, what is unknown or repeated does not.
func lenient(raw jsontext.Value, out any) error {
	return json.Unmarshal(raw, out, jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))
}

// into reads a field.
func (r *reading) into(field string, out any) {
	if raw := r.fields[field]; present(raw) && lenient(raw, out) != nil {
		r.note("the field %q could not be read", field)
	}
}

type name struct {
	Name string `json:"name"`
	Key  string `json:"key"`
}

func (r *reading) name(field string) string {
	var n name
	r.into(field, &n)
	return oneLine(n.Name)
}

func (r *reading) names(field string) []string {
	var all []name
	r.into(field, &all)
	var out []string
	for _, n := range all {
		out = append(out, oneLine(n.Name))
	}
	return out
}

func (r *reading) facts() {
	i := &r.issue
	r.into("summary", &i.Summary)
	i.Summary = oneLine(i.Summary)
	i.Type, i.Status = r.name("issuetype"), r.name("status")
	i.Priority, i.Resolution, i.Project = r.name("priority"), r.name("resolution"), r.name("project")
	i.Components, i.FixVersions = r.names("components"), r.names("fixVersions")
	r.into("labels", &i.Labels)
	for n, l := range i.Labels {
		i.Labels[n] = oneLine(l)
	}
	i.Created, i.Updated = fieldTime(r.fields["created"]), fieldTime(r.fields["updated"])
}

// person is shown by name only: addresses are nobody's business here.
type person struct {
	DisplayName string `json:"displayName"`
	Name        string `json:"name"`
}

func (p *person) String() string {
	if p == nil {
		return ""
	}
	return oneLine(cmp.Or(p.DisplayName, p.Name))
}

func (r *reading) people() {
	var assignee, reporter *person
	r.into("assignee", &assignee)
	r.into("reporter", &reporter)
	r.issue.Assignee, r.issue.Reporter = assignee.String(), reporter.String()
}

func (r *reading) attachments() {
	var all []struct {
		ID       string  `json:"id"`
		Filename string  `json:"filename"`
		MimeType string  `json:"mimeType"`
		Size     int64   `json:"size"`
		Content  string  `json:"content"`
		Created  string  `json:"created"`
		Author   *person `json:"author"`
	}
	r.into("attachment", &all)
	for _, a := range all {
		r.issue.Attachments = append(r.issue.Attachments, Attachment{ID: a.ID, Name: oneLine(a.Filename), ContentType: oneLine(a.MimeType),
			Size: a.Size, URL: safeURL(a.Content), Created: parseTime(a.Created), Author: a.Author.String()})
	}
}

// file is the address of an attached file; of several with a name the last one is meant, as in Jira.
func (r *reading) file(name string) string {
	for _, a := range slices.Backward(r.issue.Attachments) {
		if a.Name == oneLine(name) {
			return a.URL
		}
	}
	return ""
}

// linked is an issue as another one's link shows it.
type linked struct {
	Key    string `json:"key"`
	Fields struct {
		Summary string `json:"summary"`
		Status  name   `json:"status"`
	} `json:"fields"`
}

func (r *reading) relate(kind string, d Direction, phrase string, to *linked) {
	if to == nil || to.Key == "" {
		return
	}
	r.issue.Relations = append(r.issue.Relations, Relation{Type: oneLine(kind), Direction: d, Phrase: oneLine(phrase), Key: oneLine(to.Key),
		Title: oneLine(to.Fields.Summary), Status: oneLine(to.Fields.Status.Name), URL: browse(r.site, oneLine(to.Key))})
}

func (r *reading) relations(s shown) {
	var parent *linked
	r.into("parent", &parent)
	r.relate("Parent", Outward, "is a child of", parent)
	for _, f := range s.epicLink {
		var key string
		r.into(f.ID, &key)
		r.relate("Epic", Outward, "belongs to the epic", &linked{Key: key})
	}
	var children []linked
	r.into("subtasks", &children)
	for i := range children {
		r.relate("Parent", Inward, "is the parent of", &children[i])
	}
	var links []struct {
		Type struct {
			Name    string `json:"name"`
			Inward  string `json:"inward"`
			Outward string `json:"outward"`
		} `json:"type"`
		InwardIssue  *linked `json:"inwardIssue"`
		OutwardIssue *linked `json:"outwardIssue"`
	}
	r.into("issuelinks", &links)
	for _, l := range links {
		r.relate(l.Type.Name, Outward, l.Type.Outward, l.OutwardIssue)
		r.relate(l.Type.Name, Inward, l.Type.Inward, l.InwardIssue)
	}
}

func (r *reading) texts(s shown) {
	r.issue.Description = r.body("description", r.fields["description"])
	for _, f := range s.sections {
		if text := r.value(f, r.fields[f.ID]); text != "" {
			r.issue.Sections = append(r.issue.Sections, Section{Name: oneLine(f.Name), Text: text})
		}
	}
	for _, f := range s.sprints {
		r.issue.Sprints = append(r.issue.Sprints, r.sprints(r.fields[f.ID])...)
	}
}

// timeLayout is Jira's, with milliseconds and an offset without a colon.
const timeLayout = "2006-01-02T15:04:05.000-0700"

func parseTime(s string) time.Time {
	for _, layout := range []string{timeLayout, time.RFC3339} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

func fieldTime(raw jsontext.Value) time.Time {
	var s string
	if !present(raw) || lenient(raw, &s) != nil {
		return time.Time{}
	}
	return parseTime(s)
}
