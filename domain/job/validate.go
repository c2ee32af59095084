package job

import (
	"fmt"
	"math"
	"slices"
	"unicode/utf8"
)

// Bounds of a submission.
const (
	MaxInput       = 1 << 20 // bytes of input JSON
	MaxLabels      = 32
	MaxLabelKey    = 64  // bytes
	MaxLabelValue  = 256 // bytes
	MaxAfter       = 64
	MaxAttempts    = 100
	MaxAnnotation  = 8 << 10 // bytes
	MaxAnnotations = 1000
	maxDelayMS     = int64(366 * 24 * 3600 * 1000)
)

func (c Submit) withDefaults() Submit {
	if c.Queue == "" {
		c.Queue = "default"
	}
	if c.Priority == "" {
		c.Priority = PriorityNormal
	}
	c.Retry = c.Retry.WithDefaults()
	c.After = slices.Clone(c.After) // the command is the caller's
	for i := range c.After {
		if c.After[i].OnFailure == "" {
			c.After[i].OnFailure = OnFailureFail
		}
	}
	return c
}

// WithDefaults fills the zero fields.
func (p RetryPolicy) WithDefaults() RetryPolicy {
	if p.MaxAttempts == 0 {
		p.MaxAttempts = 3
	}
	if p.InitialMS == 0 {
		p.InitialMS = 1000
	}
	if p.MaxMS == 0 {
		p.MaxMS = max(300_000, p.InitialMS)
	}
	if p.Factor == 0 {
		p.Factor = 2
	}
	return p
}

func (c Submit) validate() error {
	var faults InvalidError
	faults.check(ValidName(c.Kind), "kind", "want 1–64 of a–z, 0–9, '.', '_', '-'")
	faults.check(ValidName(c.Queue), "queue", "want 1–64 of a–z, 0–9, '.', '_', '-'")
	faults.check(c.Priority == PriorityHigh || c.Priority == PriorityNormal || c.Priority == PriorityLow,
		"priority", "want high, normal or low")
	faults.check(len(c.Input) <= MaxInput, "input", "at most %d bytes", MaxInput)
	faults.check(c.Input == nil || c.Input.IsValid(), "input", "want one JSON value")
	faults.check(c.TimeoutMS >= 0 && c.TimeoutMS <= maxDelayMS, "timeout", "want 0 to 366 days")
	faults.check(c.RunAt.Sub(c.Now).Milliseconds() <= maxDelayMS, "runAt", "at most 366 days ahead")
	c.validateLabels(&faults)
	c.validateAfter(&faults)
	c.Retry.validate(&faults)
	return faults.orNil()
}

func (c Submit) validateLabels(faults *InvalidError) {
	faults.check(len(c.Labels) <= MaxLabels, "labels", "at most %d labels", MaxLabels)
	for k, v := range c.Labels {
		ok := k != "" && len(k) <= MaxLabelKey && len(v) <= MaxLabelValue && utf8.ValidString(k) && utf8.ValidString(v)
		faults.check(ok, "labels", "a key has 1–%d bytes and a value at most %d, both UTF-8", MaxLabelKey, MaxLabelValue)
	}
}

func (c Submit) validateAfter(faults *InvalidError) {
	faults.check(len(c.After) <= MaxAfter, "after", "at most %d jobs", MaxAfter)
	seen := map[string]bool{}
	for _, d := range c.After {
		faults.check(d.JobID != "" && !seen[d.JobID], "after", "each job once, by its id")
		faults.check(d.OnFailure == OnFailureFail || d.OnFailure == OnFailureCancel || d.OnFailure == OnFailureRun,
			"after", "onFailure is fail, cancel or run")
		seen[d.JobID] = true
	}
}

func (p RetryPolicy) validate(faults *InvalidError) {
	faults.check(p.MaxAttempts >= 1 && p.MaxAttempts <= MaxAttempts, "retry.maxAttempts", "want 1 to %d", MaxAttempts)
	faults.check(p.InitialMS >= 1 && p.InitialMS <= p.MaxMS, "retry.initialMs", "want at least 1 ms and at most the longest pause")
	faults.check(p.MaxMS <= maxDelayMS, "retry.maxMs", "at most 366 days")
	faults.check(p.Factor >= 1 && p.Factor <= 100 && !math.IsNaN(p.Factor), "retry.factor", "want 1 to 100")
}

func (e *InvalidError) check(ok bool, path, format string, args ...any) {
	if !ok {
		e.Faults = append(e.Faults, Fault{Path: path, Message: fmt.Sprintf(format, args...)})
	}
}
