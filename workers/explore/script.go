package explore

import (
	"net/url"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"tapedeck/domain/recording"
)

// script is the input of the job that records a candidate on the environment.
func (e *exploration) script(x candidate) (jsontext.Value, error) {
	steps := make([]recording.Step, len(x.doc.Steps))
	for i, s := range x.doc.Steps {
		s.URL, s.Evidence = e.there(s.URL), nil
		steps[i] = s
	}
	variables := []map[string]any{}
	for _, v := range x.doc.Variables {
		variables = append(variables, map[string]any{"name": v.Name, "value": x.values[v.Name], "unique": v.Unique, "note": v.Note})
	}
	secrets := []recording.SecretRef{}
	for _, s := range e.site.Secrets {
		secrets = append(secrets, recording.SecretRef{Name: s.Name, Ref: s.Ref})
	}
	in := map[string]any{
		"name": x.title, "folder": "Explored", "url": e.there(x.doc.URL), "mode": "script", "steps": steps, "variables": variables, "secrets": secrets,
		"ignoreHttpsErrors": e.site.IgnoreHTTPSErrors,
	}
	if x.doc.Viewport.Width > 0 {
		in["viewport"] = x.doc.Viewport
	}
	if len(e.site.Headers) > 0 {
		in["extraHeaders"] = e.site.Headers
	}
	if e.site.LoginProfile != "" {
		in["profile"] = e.site.LoginProfile
	}
	return json.Marshal(in, json.Deterministic(true))
}

// there is an address of the recorded site on the environment; others stay as they are.
func (e *exploration) there(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	recorded, err := url.Parse(e.doc.URL)
	if err != nil || u.Host == "" || u.Host != recorded.Host || u.Scheme != recorded.Scheme {
		return address
	}
	base, err := url.Parse(e.site.BaseURL)
	if err != nil {
		return address
	}
	u.Scheme, u.Host = base.Scheme, base.Host
	return u.String()
}
