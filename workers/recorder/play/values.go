package play

import (
	"slices"

	"tapedeck/domain/recording"
)

// text is what a value is in this run.
func (r *run) text(v recording.Value) (string, error) {
	switch {
	case v.Secret != "":
		return r.secret(v.Secret)
	case v.Variable != "":
		if text, ok := r.opts.Variables[v.Variable]; ok {
			return text, nil
		}
	}
	return v.Text, nil
}

func (r *run) secret(name string) (string, error) {
	if r.opts.Secrets != nil {
		if text, ok := r.opts.Secrets(name); ok {
			r.remember(text)
			return text, nil
		}
	}
	return "", &fault{reason: Secret, secret: name, text: "this run has no value for the secret " + name}
}

// remember keeps a value to be scrubbed from messages, the longest first.
func (p *Player) remember(value string) {
	if value == "" || slices.Contains(p.used, value) {
		return
	}
	p.used = append(p.used, value)
	slices.SortFunc(p.used, func(a, b string) int { return len(b) - len(a) })
}

func (r *run) texts(values []recording.Value) ([]string, error) {
	out := make([]string, 0, len(values))
	for _, v := range values {
		text, err := r.text(v)
		if err != nil {
			return nil, err
		}
		out = append(out, text)
	}
	return out, nil
}
