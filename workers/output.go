package workers

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"tapedeck/domain/job"
	"tapedeck/eventstore"
)

// sink appends facts to the attempt's output stream; jobs.OutputWriter is one.
type sink interface {
	Append(ctx context.Context, now time.Time, facts ...job.Event) error
	Head() job.Head
}

// lineCost is what a line weighs beside its text, in the budget and in a batch.
const lineCost = 64

// output gathers what an attempt says and writes it in batches: when the pulse flushes it, when a
// batch is full (the job then waits for the store), and at the end.
type output struct {
	budget Budget
	secret *redactor
	now    func() time.Time
	sink   sink
	// ctx ends when the lease is lost, not when the job is cancelled: a job may speak while it ends.
	ctx context.Context

	writing chan struct{} // holds a token while facts are on their way, so that they keep their order

	mu        sync.Mutex
	next      *batch
	lines     []job.Line
	weight    int
	progress  *job.Progressed
	said      job.Progressed
	usedBytes int64
	usedLines int64
	reports   int64
	artifacts int64
	dropped   job.Truncation
	marked    job.Truncation // what the tape says of dropped
	over      bool
	err       error // the output stream is broken: the attempt cannot be closed with its head
}

func newOutput(ctx context.Context, b Budget, secret *redactor, now func() time.Time, s sink) *output {
	return &output{
		ctx: ctx, budget: b, secret: secret, now: now, sink: s, said: job.Progressed{Percent: -1},
		writing: make(chan struct{}, 1),
	}
}

// log adds text as one or more lines.
func (o *output) log(level, stream, text string) error {
	text = cleanText(o.secret.text(text))
	now := o.now()
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		line = strings.TrimSuffix(line, "\r")
		for len(line) > o.budget.Line {
			head := cutRunes(line, o.budget.Line)
			if err := o.line(job.Line{Time: now, Level: level, Text: head, Stream: stream}); err != nil {
				return err
			}
			line = line[len(head):]
		}
		if err := o.line(job.Line{Time: now, Level: level, Text: line, Stream: stream}); err != nil {
			return err
		}
	}
	return nil
}

// cutRunes is the longest beginning of valid UTF-8 that fits in n bytes.
func cutRunes(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n]
}

func (o *output) line(l job.Line) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	for !o.over && len(o.lines) > 0 && o.weight+len(l.Text)+lineCost > o.budget.Batch {
		o.mu.Unlock()
		err := o.flush()
		o.mu.Lock()
		if err != nil {
			return err
		}
	}
	if o.over {
		return ErrAttemptOver
	}
	if o.usedLines+1 > o.budget.Lines || o.usedBytes+int64(len(l.Text)) > o.budget.Bytes {
		o.dropped.Lines++
		o.dropped.Bytes += int64(len(l.Text))
		return nil
	}
	o.usedLines++
	o.usedBytes += int64(len(l.Text))
	o.lines = append(o.lines, l)
	o.weight += len(l.Text) + lineCost
	return nil
}

// report keeps the newest progress; what was not written yet is replaced.
func (o *output) report(p job.Progressed) {
	p.Message = cutRunes(cleanText(o.secret.text(p.Message)), o.budget.Line)
	o.mu.Lock()
	defer o.mu.Unlock()
	if p != o.said && !o.over {
		o.progress = &p
	}
}

// claimArtifact takes one file out of the budget.
func (o *output) claimArtifact() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.artifacts++
	return o.artifacts <= o.budget.Artifacts
}

// pending reports whether a flush has something to write.
func (o *output) pending() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.lines) > 0 || o.progress != nil || (o.marked == job.Truncation{} && o.dropped != job.Truncation{})
}

// flush writes what is pending, and then more. Facts that come while others are on their way go together.
func (o *output) flush(more ...job.Event) error {
	b := o.gather(more)
	select {
	case o.writing <- struct{}{}:
		o.send(b)
		<-o.writing
	case <-b.sent:
	}
	if len(more) == 0 && errors.Is(b.err, eventstore.ErrFull) {
		return nil // nothing of this caller's was lost but lines, which are counted
	}
	return b.err
}

// batch is what the next append brings beside lines and progress.
type batch struct {
	facts []job.Event
	sent  chan struct{} // closed when err is known
	err   error
}

func (o *output) gather(more []job.Event) *batch {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.next == nil {
		o.next = &batch{sent: make(chan struct{})}
	}
	o.next.facts = append(o.next.facts, more...)
	return o.next
}

// send writes a batch that nobody wrote yet; its caller holds the token.
func (o *output) send(b *batch) {
	o.mu.Lock()
	if o.next != b {
		o.mu.Unlock()
		return // whoever had the token before took it along
	}
	o.next = nil
	o.mu.Unlock()
	b.err = o.write(false, b.facts...)
	close(b.sent)
}

// seal writes the rest and refuses everything later. Its head closes the attempt.
func (o *output) seal() (job.Head, error) {
	o.writing <- struct{}{}
	defer func() { <-o.writing }()
	err := o.write(true)
	return o.sink.Head(), err
}

func (o *output) write(last bool, more ...job.Event) error {
	facts, err := o.take(last)
	if err != nil {
		return err
	}
	facts = append(facts, more...)
	if len(facts) == 0 {
		return nil
	}
	err = o.sink.Append(o.ctx, o.now(), facts...)
	if err == nil {
		return nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if errors.Is(err, eventstore.ErrFull) { // nothing was written: the head still stands
		o.drop(facts)
		if len(more) == 0 {
			return nil
		}
		return err
	}
	o.over, o.err = true, errors.Join(ErrAttemptOver, err)
	return o.err
}

// drop counts the lines of a batch that the store had no room for; o.mu is held.
func (o *output) drop(facts []job.Event) {
	for _, fact := range facts {
		if batch, ok := fact.(job.Logged); ok {
			o.marked = job.Truncation{}
			for _, l := range batch.Lines {
				o.dropped.Lines++
				o.dropped.Bytes += int64(len(l.Text))
			}
		}
	}
}

// take moves what is pending into facts. The mark of a truncation stands when it begins, and with its
// final counts at the end.
func (o *output) take(last bool) (facts []job.Event, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.over {
		if o.err == nil && last {
			return nil, nil
		}
		return nil, errors.Join(o.err, ErrAttemptOver)
	}
	o.over = last
	mark := o.dropped != o.marked && (last || o.marked == job.Truncation{})
	if len(o.lines) > 0 || mark {
		batch := job.Logged{Lines: o.lines}
		if mark {
			o.marked = o.dropped
			batch.Truncated = &o.marked
		}
		facts = append(facts, batch)
		o.lines, o.weight = nil, 0
	}
	if o.progress != nil && o.reports < o.budget.Progress {
		o.reports++
		o.said = *o.progress
		facts = append(facts, *o.progress)
	}
	o.progress = nil
	return facts, nil
}

// cleanText makes text valid UTF-8.
func cleanText(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
