package proxy

import (
	"context"
	"fmt"
	"time"
)

// idle ends an exchange whose bytes stand still. A nil idle never does.
type idle struct {
	timeout time.Duration
	timer   *time.Timer
}

func newIdle(timeout time.Duration, cancel context.CancelCauseFunc) *idle {
	i := &idle{timeout: timeout}
	i.timer = time.AfterFunc(timeout, func() {
		cancel(&Failure{CodeTimeout, fmt.Sprintf("nothing moved for %v", timeout)})
	})
	i.timer.Stop()
	return i
}

func (i *idle) touch() {
	if i != nil {
		i.timer.Reset(i.timeout)
	}
}

func (i *idle) rest() {
	if i != nil {
		i.timer.Stop()
	}
}

func (i *idle) stop() { i.rest() }
