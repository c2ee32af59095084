package jira

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

// Document is the draft of what is kept of an issue.
type Document struct {
	Key   string // of the issue
	URL   string // its page
	Title string // "KEY Summary"
	Kind  string // "issue"
	// Text is Markdown; its sections have headings of the second level: Description, one for each acceptance-criteria
	// and other named field, Comments, Attachments, Links.
	Text string
	// Metadata has a list of values for each name; names without a value are left out.
	Metadata    map[string][]string
	Relations   []Relation
	Attachments []Attachment
	Updated     time.Time
	Notes       []string
}

// Document drafts the issue's document. It is pure: the same issue makes the same document.
func (i Issue) Document() Document {
	return Document{Key: i.Key, URL: i.URL, Title: joinWords(i.Key, i.Summary), Kind: "issue", Text: i.text(), Metadata: i.metadata(),
		Relations: i.Relations, Attachments: i.Attachments, Updated: i.Updated, Notes: i.Notes}
}

// HashInput is what a content hash is taken of: title, text, metadata without the time of the last update, and
// relations. An edit that changes nothing of these (a vote, a rank) leaves it as it was.
func (d Document) HashInput() []byte {
	metadata := map[string][]string{}
	for name, values := range d.Metadata {
		if name != "updated" {
			metadata[name] = values
		}
	}
	raw, err := json.Marshal([]any{d.Title, d.URL, d.Kind, d.Text, metadata, d.Relations}, json.Deterministic(true))
	if err != nil { // plain strings that went through clean
		return []byte(d.Title + "\x00" + d.Text)
	}
	return raw
}

func (i Issue) metadata() map[string][]string {
	out := map[string][]string{}
	set := func(name string, values ...string) {
		if values = slices.DeleteFunc(slices.Clone(values), func(s string) bool { return s == "" }); len(values) > 0 {
			out[name] = values
		}
	}
	set("type", i.Type)
	set("status", i.Status)
	set("priority", i.Priority)
	set("resolution", i.Resolution)
	set("project", i.Project)
	set("labels", i.Labels...)
	set("assignee", i.Assignee)
	set("reporter", i.Reporter)
	set("components", i.Components...)
	set("fixVersions", i.FixVersions...)
	set("sprint", i.Sprints...)
	set("created", stamp(i.Created))
	set("updated", stamp(i.Updated))
	return out
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func (i Issue) text() string {
	parts := []string{section("Description", i.Description)}
	for _, s := range i.Sections {
		parts = append(parts, section(s.Name, s.Text))
	}
	parts = append(parts, section("Comments", i.comments()), section("Attachments", i.attachments()), section("Links", i.links()))
	return tidy(joinBlocks(parts...))
}

func section(name, text string) string {
	if text == "" {
		return ""
	}
	return heading(2, escape(name, false)) + "\n\n" + demote(text, 2)
}

// demote moves the headings of a text below those of its section.
func demote(text string, by int) string {
	lines := strings.Split(text, "\n")
	fenced := ""
	for i, l := range lines {
		marks := l[:len(l)-len(strings.TrimLeft(l, "`"))]
		switch {
		case fenced == "" && len(marks) >= 3 && !strings.Contains(l[len(marks):], "`"):
			fenced = marks
		case fenced != "" && l == fenced:
			fenced = ""
		case fenced == "" && strings.HasPrefix(l, "#"):
			level := len(l) - len(strings.TrimLeft(l, "#"))
			lines[i] = strings.Repeat("#", max(min(level+by, 6)-level, 0)) + l
		}
	}
	return strings.Join(lines, "\n")
}

func (i Issue) comments() string {
	var parts []string
	for _, c := range i.Comments {
		title := strings.Trim(c.Author+", "+c.Created.UTC().Format("2006-01-02 15:04 UTC"), ", ")
		if c.Created.IsZero() {
			title = c.Author
		}
		parts = append(parts, heading(1, escape(title, false)), demote(c.Text, 1)) // below the section, in the end
	}
	return joinBlocks(parts...)
}

func (i Issue) attachments() string {
	var lines []string
	for _, a := range i.Attachments {
		about := strings.Trim(a.ContentType+", "+bytesText(a.Size), ", ")
		lines = append(lines, "- "+link(escape(a.Name, true), a.URL)+" ("+escape(about, false)+")")
	}
	return strings.Join(lines, "\n")
}

func bytesText(n int64) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f kB", float64(n)/(1<<10))
	}
	return strconv.FormatInt(n, 10) + " bytes"
}

func (i Issue) links() string {
	var lines []string
	for _, r := range i.Relations {
		l := "- " + escape(r.Phrase, false) + " " + link(escape(r.Key, true), r.URL)
		if r.Title != "" {
			l += ": " + escape(r.Title, false)
		}
		if r.Status != "" {
			l += " (" + escape(r.Status, false) + ")"
		}
		lines = append(lines, l)
	}
	return strings.Join(lines, "\n")
}
