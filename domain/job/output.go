package job

import (
	"slices"
	"time"

	"tapedeck/domain/event"
)

// Output is the fold of one attempt's output stream, but for the log lines themselves: those are
// read from the store.
type Output struct {
	Progress  Progress    `json:"progress"`
	Artifacts []Artifact  `json:"artifacts,omitempty"`
	Lines     int64       `json:"lines"`
	Truncated *Truncation `json:"truncated,omitempty"`
	Version   uint64      `json:"version"`
	Head      event.Hash  `json:"head"`
}

// Progress is how far an attempt is.
type Progress struct {
	// Percent is 0…100, or negative when unknown.
	Percent float64 `json:"percent"`
	Message string  `json:"message,omitempty"`
}

// Artifact is a kept file of one attempt.
//
// Its fields are spelt out: embedding ArtifactStored would make this an Event.
type Artifact struct {
	Name        string     `json:"name"`
	Size        int64      `json:"size"`
	ContentType string     `json:"contentType"`
	SHA256      event.Hash `json:"sha256"`
	Attempt     int        `json:"attempt"`
	StoredAt    time.Time  `json:"storedAt"`
}

// FoldOutput applies one stored event of an output stream. An artefact stored again under the same
// name replaces the first.
func FoldOutput(o Output, e event.Event, hash event.Hash) (Output, error) {
	fact, err := Decode(e.Type, e.SchemaVersion, e.Data)
	if err != nil {
		return o, err
	}
	if p, ok := fact.(Progressed); ok {
		o.Progress = Progress(p)
	}
	if l, ok := fact.(Logged); ok {
		o.Lines += int64(len(l.Lines))
		if l.Truncated != nil {
			o.Truncated = l.Truncated
		}
	}
	if a, ok := fact.(ArtifactStored); ok {
		o.Artifacts = slices.DeleteFunc(slices.Clone(o.Artifacts), func(b Artifact) bool { return b.Name == a.Name })
		o.Artifacts = append(o.Artifacts, Artifact{
			Name: a.Name, Size: a.Size, ContentType: a.ContentType, SHA256: a.SHA256,
			Attempt: e.Attempt, StoredAt: e.Time,
		})
	}
	o.Version, o.Head = e.Sequence, hash
	return o, nil
}
