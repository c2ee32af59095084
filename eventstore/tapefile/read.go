package tapefile

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json"

	"tapedeck/domain/event"
	"tapedeck/domain/job"
	"tapedeck/eventstore"
)

// Report is what Verify found.
type Report struct {
	JobID   string       `json:"jobId"`
	Epoch   string       `json:"epoch"`
	Events  uint64       `json:"events"`
	Streams []StreamHead `json:"streams"`
	Erased  int          `json:"erased"`
	// Artifacts are the files that the tape names, with the digests that they must have.
	Artifacts []job.Artifact `json:"artifacts,omitempty"`
	Status    job.Status     `json:"status"`
	// Faults are empty for a tape that is whole and unchanged.
	Faults []string `json:"faults,omitempty"`
}

// OK reports whether the tape is whole and unchanged.
func (r Report) OK() bool { return len(r.Faults) == 0 }

// maxLine bounds one line of a file in bytes.
const maxLine = 64 << 20

// Read hands a file's events to each in their order and returns header and trailer. It fails with
// ErrNotATape, and with io.ErrUnexpectedEOF when the trailer is missing.
func Read(r io.Reader, each func(Entry) error) (Header, Trailer, error) {
	var h Header
	var t Trailer
	plain, err := Decompress(r)
	if err != nil {
		return h, t, err
	}
	defer plain.Close()
	lines := bufio.NewScanner(plain)
	lines.Buffer(make([]byte, 64<<10), maxLine)
	if !lines.Scan() || json.Unmarshal(lines.Bytes(), &h) != nil || h.Tape == 0 {
		return h, t, ErrNotATape
	}
	if h.Tape > Format {
		return h, t, fmt.Errorf("%w: form %d needs a newer build", ErrNotATape, h.Tape)
	}
	for lines.Scan() {
		var line struct {
			Entry
			Trailer
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			return h, t, fmt.Errorf("%w: %w", ErrNotATape, err)
		}
		if line.End {
			return h, line.Trailer, nil
		}
		line.Event = append([]byte(nil), line.Event...)
		if err := each(line.Entry); err != nil {
			return h, t, err
		}
	}
	if err := lines.Err(); err != nil {
		return h, t, fmt.Errorf("read tape: %w", err)
	}
	return h, t, io.ErrUnexpectedEOF
}

// Verify checks a tape file by itself: every chain, the heads in the trailer, and that the event
// which closes an attempt names the end of that attempt's output. It fails only on input that
// cannot be read as a tape; what is wrong with a tape stands in the report.
func Verify(r io.Reader) (Report, error) {
	v := verifier{chains: map[string]*eventstore.Chain{}, closed: map[string]job.Head{}}
	h, t, err := Read(r, v.entry)
	v.report.JobID, v.report.Epoch = h.JobID, h.Epoch
	if errors.Is(err, io.ErrUnexpectedEOF) {
		v.fault("the file was cut off: its last line is missing")
		err = nil
	} else if err == nil {
		v.trailer(t)
	}
	v.outputs()
	v.report.Status = v.state.Status
	return v.report, err
}

type verifier struct {
	report Report
	chains map[string]*eventstore.Chain
	closed map[string]job.Head
	order  []string
	state  job.State
}

func (v *verifier) fault(format string, args ...any) {
	v.report.Faults = append(v.report.Faults, fmt.Sprintf(format, args...))
}

func (v *verifier) entry(e Entry) error {
	v.report.Events++
	ev, hash, err := event.Parse(e.Event)
	if err != nil {
		v.fault("event %d of the file: %v", v.report.Events, err)
		return nil
	}
	chain := v.chains[ev.Stream]
	if chain == nil {
		chain = &eventstore.Chain{Stream: ev.Stream}
		v.chains[ev.Stream] = chain
		v.order = append(v.order, ev.Stream)
	}
	if err := chain.Verify(e.Event); err != nil {
		v.fault("%v", err)
		*chain = eventstore.Chain{Stream: ev.Stream, Version: ev.Sequence, Head: hash} // go on behind the break
	}
	if hash != e.Hash {
		v.fault("stream %s, event %d: its hash is not the one that was exported", ev.Stream, ev.Sequence)
	}
	if !ev.DataDigest.IsZero() {
		v.report.Erased++
	}
	v.fold(ev, hash)
	return nil
}

func (v *verifier) fold(ev event.Event, hash event.Hash) {
	id, attempt, ok := job.ParseStream(ev.Stream)
	if !ok {
		return
	}
	if attempt > 0 {
		out, err := job.FoldOutput(job.Output{}, ev, hash)
		if err != nil {
			v.fault("stream %s, event %d: %v", ev.Stream, ev.Sequence, err)
		}
		v.report.Artifacts = append(v.report.Artifacts, out.Artifacts...)
		return
	}
	state, err := job.Fold(v.state, ev, hash)
	if err != nil {
		v.fault("stream %s, event %d: %v", ev.Stream, ev.Sequence, err)
		return
	}
	v.state = state
	for _, a := range state.Attempts {
		if a.Output != nil {
			v.closed[job.OutputStream(id, a.Number)] = *a.Output
		}
	}
}

func (v *verifier) trailer(t Trailer) {
	if t.Events != v.report.Events {
		v.fault("the file holds %d events, its last line says %d", v.report.Events, t.Events)
	}
	said := map[string]StreamHead{}
	for _, h := range t.Streams {
		said[h.Stream] = h
		if v.chains[h.Stream] == nil {
			v.fault("stream %s is missing", h.Stream)
		}
	}
	for _, name := range v.order {
		c := v.chains[name]
		got := StreamHead{Stream: name, Count: c.Version, Hash: c.Head}
		if said[name] != got {
			v.fault("stream %s ends at event %d, not where the last line says", name, got.Count)
		}
		v.report.Streams = append(v.report.Streams, got)
	}
}

func (v *verifier) outputs() {
	for name, head := range v.closed {
		var got job.Head
		if c := v.chains[name]; c != nil {
			got = job.Head{Count: c.Version, Hash: c.Head}
		}
		if got != head {
			v.fault("stream %s has %d events, but the event that closed the attempt names %d", name, got.Count, head.Count)
		}
	}
}
