package verify

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"tapedeck/artifacts"
	"tapedeck/domain/proof"
	"tapedeck/domain/recording"
	"tapedeck/domain/secret"
	"tapedeck/proxy"
	"tapedeck/proxy/har"
	"tapedeck/proxy/twin"
	"tapedeck/workers"
)

// CodeRecording is the error's code when a recording cannot be played.
const CodeRecording = "bad_recording"

// source is a recording, ready to be played.
type source struct {
	about   proof.Recording
	tape    *twin.Tape
	entries []proxy.Entry
	steps   []recording.Step
	// origin is where it began, what tests take for their base.
	origin string
	// secrets are the placeholders that stand in the recording, by the name of a variable.
	secrets map[string]string
}

// source loads a recording and its network.
func (v *verification) source(ctx context.Context, id string) (*source, error) {
	if s := v.sources[id]; s != nil {
		return s, nil
	}
	state, err := v.cfg.Jobs.LoadRecording(ctx, id)
	if errors.Is(err, recording.ErrNotFound) {
		return nil, workers.Permanent(CodeRecording, fmt.Errorf("there is no recording %s", id))
	}
	if err != nil {
		return nil, err
	}
	r, err := v.cfg.Files.Read(ctx, artifacts.Key{JobID: id, Attempt: max(state.Attempt, 1), Name: "network.har"}, 0, -1)
	if errors.Is(err, artifacts.ErrNotFound) {
		return nil, workers.Permanent(CodeRecording, fmt.Errorf("recording %s holds no network: record it with Network switched on", id))
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	entries, err := har.Read(r, 0)
	if err != nil {
		return nil, workers.Permanent(CodeRecording, fmt.Errorf("recording %s: %w", id, err))
	}
	doc := state.Document()
	tape, err := twin.New(entries, twin.Options{Typed: doc.Typed()})
	if err != nil {
		return nil, workers.Permanent(CodeRecording, fmt.Errorf("recording %s: %w", id, err))
	}
	s := &source{tape: tape, entries: entries, steps: doc.Steps, secrets: placeholders(doc), origin: originOf(tape.First())}
	s.about = proof.Recording{ID: id, Version: state.Version, Name: state.Name, Exchanges: len(entries), Writes: tape.Play(twin.RunOptions{}).Report().Writes}
	for _, cut := range tape.Cut() {
		v.note("recording %s is not whole: %s", id, cut)
	}
	v.sources[id] = s
	return s, nil
}

// until is when a step began to send, or one behind it; the zero time when none of them sent anything. False is an unknown
// step.
func (s *source) until(step string) (time.Time, bool) {
	at := slices.IndexFunc(s.steps, func(x recording.Step) bool { return x.ID == step })
	if at < 0 {
		return time.Time{}, false
	}
	var first time.Time
	for _, x := range s.steps[at:] {
		if x.Evidence == nil {
			continue
		}
		for _, r := range x.Evidence.Requests {
			if r.Entry < 0 || r.Entry >= len(s.entries) {
				continue
			}
			if began := s.entries[r.Entry].Started; first.IsZero() || began.Before(first) {
				first = began
			}
		}
	}
	return first, true
}

func originOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// placeholders are what stands in a recording for what was typed into it in secret.
func placeholders(doc recording.Document) map[string]string {
	out := map[string]string{}
	for _, step := range doc.Steps {
		if step.Value != nil && step.Value.Secret != "" {
			out[secret.Variable(step.Value.Secret)] = step.Value.Text
		}
	}
	return out
}
