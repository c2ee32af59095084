package job_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tapedeck/domain/job"
)

// histories leads to every status; stopping has two, for the two requests that lead there.
var histories = []struct {
	name  string
	steps []step
}{
	{"nothing", nil},
	{"waiting", []step{submit(after(job.OnFailureFail, "d1", "d2"))}},
	{"delayed", []step{submit(delayed)}},
	{"queued", []step{submit()}},
	{"running", []step{submit(), start(1)}},
	{"stopping", []step{submit(), start(1), stop}},
	{"cancelling", []step{submit(), start(1), cancel}},
	{"retrying", []step{submit(), start(1), fail(1, false)}},
	{"succeeded", []step{submit(), start(1), succeed(1)}},
	{"failed", []step{submit(), start(1), fail(1, true)}},
	{"cancelled", []step{submit(), cancel}},
	{"dead", []step{submit(once), start(1), fail(1, false)}},
}

// Every command in every status: the events without their "job.", and the status they lead to; "-" is
// a command that changes nothing; otherwise the error. An empty cell means "refused".
const matrix = `
                 | nothing         | waiting                        | delayed           | queued            | running                             | stopping                                | cancelling                    | retrying          | succeeded          | failed            | cancelled         | dead
submit           | submitted>queued| exists                         | exists            | exists            | exists                              | exists                                  | exists                        | exists            | exists             | exists            | exists            | exists
resolve ok       | notfound        | dependency_resolved>waiting    | -                 | -                 | -                                   | -                                       | -                             | -                 | -                  | -                 | -                 | -
resolve failed   | notfound        | dependency_resolved+failed>failed | -              | -                 | -                                   | -                                       | -                             | -                 | -                  | -                 | -                 | -
resolve stranger | notfound        | invalid                        | -                 | -                 | -                                   | -                                       | -                             | -                 | -                  | -                 | -                 | -
due early        | notfound        | -                              | -                 | -                 | -                                   | -                                       | -                             | -                 | -                  | -                 | -                 | -
due              | notfound        | -                              | queued>queued     | -                 | -                                   | -                                       | -                             | queued>queued     | -                  | -                 | -                 | -
requeue          | notfound        | -                              | -                 | queued>queued     | -                                   | -                                       | -                             | -                 | -                  | -                 | -                 | -
start 1          | notfound        |                                |                   | started>running   |                                     |                                         |                               |                   |                    |                   |                   |
start 2          | notfound        |                                |                   |                   |                                     |                                         |                               |                   |                    |                   |                   |
succeed          | notfound        |                                |                   |                   | succeeded>succeeded                 | succeeded>succeeded                     | cancelled>cancelled           |                   |                    |                   |                   |
fail             | notfound        |                                |                   |                   | failed+retry_scheduled>retrying     | failed>failed                           | cancelled>cancelled           |                   |                    |                   |                   |
fail for good    | notfound        |                                |                   |                   | failed>failed                       | failed>failed                           | cancelled>cancelled           |                   |                    |                   |                   |
hand back        | notfound        |                                |                   |                   | queued>queued                       | failed>failed                           | cancelled>cancelled           |                   |                    |                   |                   |
confirm cancel   | notfound        |                                |                   |                   |                                     |                                         | cancelled>cancelled           |                   |                    |                   |                   |
expire           | notfound        | -                              | -                 | -                 | lease_expired+retry_scheduled>retrying | lease_expired+dead_lettered>dead     | lease_expired+cancelled>cancelled | -             | -                  | -                 | -                 | -
stop             | notfound        | cancelled>cancelled            | cancelled>cancelled | cancelled>cancelled | stop_requested>stopping         | -                                       | -                             | cancelled>cancelled |                  |                   |                   |
cancel           | notfound        | cancelled>cancelled            | cancelled>cancelled | cancelled>cancelled | cancel_requested>stopping       | cancel_requested>stopping               | -                             | cancelled>cancelled |                  |                   | -                 |
revive           | notfound        |                                | queued>queued     |                   |                                     |                                         |                               | queued>queued     |                    | queued>queued     | queued>queued     | queued>queued
annotate         | notfound        | annotated>waiting              | annotated>delayed | annotated>queued  | annotated>running                   | annotated>stopping                      | annotated>stopping            | annotated>retrying | annotated>succeeded | annotated>failed | annotated>cancelled | annotated>dead
`

var commands = map[string]step{
	"submit": submit(), "resolve ok": resolve("d1", job.StatusSucceeded), "resolve failed": resolve("d1", job.StatusFailed),
	"resolve stranger": resolve("x", job.StatusSucceeded), "due early": due, "due": dueLater, "requeue": requeue,
	"start 1": start(1), "start 2": start(2), "succeed": succeed(1), "fail": fail(1, false), "fail for good": fail(1, true),
	"hand back": handBack(1), "confirm cancel": confirm(1), "expire": expire(1), "stop": stop, "cancel": cancel,
	"revive": revive, "annotate": annotate,
}

func TestEveryCommandInEveryStatus(t *testing.T) {
	t.Parallel()
	rows := strings.Split(strings.Trim(matrix, "\n"), "\n")
	columns := cells(rows[0])
	require.Len(t, columns, len(histories)+1)
	seen := map[string]bool{}
	for _, row := range rows[1:] {
		row := cells(row)
		require.Len(t, row, len(columns), row[0])
		command := commands[row[0]]
		require.NotNil(t, command, row[0])
		seen[row[0]] = true
		for i, h := range histories {
			require.Equal(t, columns[i+1], h.name)
			s := given(t, h.steps...).when(command)
			want := row[i+1]
			if want == "" {
				want = "refused"
			}
			require.Equal(t, want, outcome(s), "%s when %s", row[0], h.name)
		}
	}
	require.Len(t, seen, len(commands))
}

func cells(row string) []string {
	out := strings.Split(row, "|")
	for i := range out {
		out[i] = strings.TrimSpace(out[i])
	}
	return out
}

func outcome(s *spec) string {
	var refused *job.RefusedError
	var invalid *job.InvalidError
	switch {
	case errors.As(s.err, &refused):
		return "refused"
	case errors.As(s.err, &invalid):
		return "invalid"
	case errors.Is(s.err, job.ErrNotFound):
		return "notfound"
	case errors.Is(s.err, job.ErrExists):
		return "exists"
	case s.err != nil:
		return s.err.Error()
	case len(s.got) == 0:
		return "-"
	}
	var types []string
	for _, e := range s.got {
		types = append(types, strings.TrimPrefix(e.EventType(), "job."))
	}
	return strings.Join(types, "+") + ">" + string(s.state.Status)
}
