package workers

import (
	"log/slog"
	"slices"
	"sync"
	"time"
)

// alarms are what is wrong now, by where.
type alarms struct {
	logger *slog.Logger
	mu     sync.Mutex
	byName map[string]alarm
}

type alarm struct {
	text  string
	until time.Time // zero: until it is cleared
}

// set raises an alarm, or clears it when err is nil. It logs only changes.
func (a *alarms) set(name string, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, stands := a.byName[name]; err == nil {
		if stands {
			a.logger.Info("alarm over", "where", name)
		}
		delete(a.byName, name)
		return
	}
	a.raise(name, err, time.Time{})
}

// flash raises an alarm about something that comes back for as long as it is wrong: the alarm ends
// by itself when it does not.
func (a *alarms) flash(name string, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.raise(name, err, time.Now().Add(flashFor))
}

const flashFor = 15 * time.Second

func (a *alarms) raise(name string, err error, until time.Time) {
	if was, stands := a.byName[name]; !stands || was.over() {
		a.logger.Error("alarm", "where", name, "error", err)
	}
	a.byName[name] = alarm{text: name + ": " + err.Error(), until: until}
}

func (a alarm) over() bool { return !a.until.IsZero() && time.Now().After(a.until) }

func (a *alarms) list() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := make([]string, 0, len(a.byName))
	for name, alarm := range a.byName {
		if alarm.over() {
			delete(a.byName, name)
			continue
		}
		out = append(out, alarm.text)
	}
	slices.Sort(out)
	return out
}
