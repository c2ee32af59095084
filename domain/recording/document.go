package recording

import "slices"

// Format names the version of recording.json that this build writes. Readers accept every "tapedeck.recording/1".
const Format = "tapedeck.recording/1"

// Document is recording.json: a recording at one version, as a person keeps, edits and imports it.
type Document struct {
	Format   string `json:"format"`
	ID       string `json:"recordingId,omitempty"`
	Project  string `json:"project,omitempty"`
	Version  uint64 `json:"version,omitzero"`
	Name     string `json:"name"`
	Folder   string `json:"folder,omitempty"`
	URL      string `json:"url"`
	Viewport Size   `json:"viewport,omitzero"`
	Browser  string `json:"browser,omitempty"`
	// Secrets are names; their values come from the run.
	Secrets   []string   `json:"secrets,omitempty"`
	Variables []Variable `json:"variables,omitempty"`
	Steps     []Step     `json:"steps"`
}

// secretNames are the secrets that a run has to be given: those that were declared, and those that steps turned out to type.
func (s State) secretNames() []string {
	names := slices.Clone(s.Secrets)
	add := func(v *Value) {
		if v != nil && v.Secret != "" && !slices.Contains(names, v.Secret) {
			names = append(names, v.Secret)
		}
	}
	for _, step := range s.Steps {
		add(step.Value)
		for i := range step.Values {
			add(&step.Values[i])
		}
	}
	return names
}

// Document is the recording as recording.json.
func (s State) Document() Document {
	steps := s.Steps
	if steps == nil {
		steps = []Step{}
	}
	return Document{
		Format: Format, ID: s.ID, Project: s.Project, Version: s.Version, Name: s.Name, Folder: s.Folder, URL: s.URL,
		Viewport: s.Viewport, Browser: s.Browser, Secrets: s.secretNames(), Variables: s.Variables, Steps: steps,
	}
}

// Typed are the texts that steps enter or choose: what whoever runs the recording again has to enter again.
func (d Document) Typed() []string {
	var out []string
	add := func(v Value) {
		if v.Text != "" {
			out = append(out, v.Text)
		}
	}
	for _, step := range d.Steps {
		if step.Value != nil {
			add(*step.Value)
		}
		for _, v := range step.Values {
			add(v)
		}
		if step.Dialog != nil && step.Dialog.Text != "" {
			out = append(out, step.Dialog.Text)
		}
	}
	return out
}
