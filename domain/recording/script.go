package recording

// Script is the input of a job of recorder.record that plays a recording.
type Script struct {
	Name      string      `json:"name"`
	URL       string      `json:"url"`
	Mode      string      `json:"mode"`
	Viewport  Size        `json:"viewport,omitzero"`
	Steps     []Step      `json:"steps"`
	Variables []Variable  `json:"variables,omitempty"`
	Secrets   []SecretRef `json:"secrets,omitempty"`
}

// SecretRef says where a secret's value is.
type SecretRef struct {
	Name string `json:"name"`
	Ref  string `json:"ref,omitempty"`
}

// Script is what plays the document. Its secrets are named and have no references yet.
func (d Document) Script() Script {
	s := Script{Name: d.Name, URL: d.URL, Mode: "script", Viewport: d.Viewport, Steps: d.Steps, Variables: d.Variables}
	for _, name := range d.Secrets {
		s.Secrets = append(s.Secrets, SecretRef{Name: name})
	}
	return s
}
