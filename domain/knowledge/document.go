package knowledge

import (
	"time"

	"tapedeck/domain/event"
)

// DocumentID names the document of a source with this key: the same one in every run.
func DocumentID(sourceID, key string) string { return "doc-" + digestID(sourceID, key) }

// DocumentStream is the name of a document's stream.
func DocumentStream(id string) string { return "document/" + id }

// ParseDocumentStream is the reverse of DocumentStream.
func ParseDocumentStream(name string) (id string, ok bool) { return cutStream(name, "document/") }

// Document is a document as its events made it.
type Document struct {
	ID      string `json:"documentId"`
	Project string `json:"project"`
	Facts
	Removed bool `json:"removed,omitzero"`
	// Reason says why it was removed.
	Reason string `json:"reason,omitempty"`

	CreatedAt time.Time `json:"createdAt"`
	UpdatedAt time.Time `json:"updatedAt"`

	Version uint64     `json:"version"`
	Head    event.Hash `json:"-"`
}

// Exists reports whether the document was ever stored.
func (d *Document) Exists() bool { return d.Version > 0 }

// Facts are what is known of a version of a document.
type Facts struct {
	SourceID string `json:"sourceId"`
	// Key is what the source knows it by: a canonical URL, an issue's key, a path.
	Key   string `json:"key"`
	URL   string `json:"url,omitempty"`
	Title string `json:"title"`
	// Kind is "issue", "page", "pdf", "spreadsheet", "feature", "openapi" and so on.
	Kind        string            `json:"kind"`
	ContentType string            `json:"contentType,omitempty"`
	Language    string            `json:"language,omitempty"`
	Labels      []string          `json:"labels,omitempty"`
	Metadata    map[string]string `json:"metadata,omitempty"`
	Relations   []Relation        `json:"relations,omitempty"`
	Notes       []string          `json:"notes,omitempty"` // what was left out
	// Text is the Markdown, in the artefact store.
	Text Text `json:"text"`
	// Passages and Requirements count what Split finds in it.
	Passages     int `json:"passages"`
	Requirements int `json:"requirements"`
	// Hash is of what was fetched, to tell whether it changed.
	Hash       string     `json:"hash"`
	Validators Validators `json:"validators,omitzero"`
	// ChangedAt is when it was last changed at its source, as far as that says so.
	ChangedAt time.Time `json:"changedAt,omitzero"`
	JobID     string    `json:"jobId"`
	Attempt   int       `json:"attempt"`
}

// Text names the bytes of a text.
type Text struct {
	SHA256 event.Hash `json:"sha256"`
	Size   int64      `json:"size"`
}

// Relation leads from a document to another, which need not be ingested.
type Relation struct {
	// Type is the source's own word: "blocks", "is blocked by", "parent", "sub-task", "links to".
	Type string `json:"type"`
	// Key is the other's key in the same source, URL its address.
	Key   string `json:"key,omitempty"`
	URL   string `json:"url,omitempty"`
	Title string `json:"title,omitempty"`
}
