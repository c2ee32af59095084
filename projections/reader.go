package projections

import (
	"context"
	"errors"
	"time"

	"tapedeck/eventstore"
)

var (
	// ErrBadPage: a page token that this projector did not give, or gave for another filter or sort.
	ErrBadPage = errors.New("page token does not belong to this list")
	// ErrBadQuery: a filter, a sort or a window that cannot be answered; the message says why.
	ErrBadQuery = errors.New("query cannot be answered")
	// ErrBehind: the read models did not reach a cursor in time.
	ErrBehind = errors.New("read models are behind the cursor")
	// ErrStopped: the projector is stopped.
	ErrStopped = errors.New("projector is stopped")
	// ErrLocked: another process has the read models' file open.
	ErrLocked = errors.New("another process has these read models open")
)

// Reader answers from the read models. Projector implements it. All methods are safe for concurrent
// use, may fail with ErrStopped or ctx's error, and fail with ErrBadQuery or ErrBadPage where they
// take a query.
type Reader interface {
	// Jobs returns a page.
	Jobs(ctx context.Context, q JobQuery) (JobPage, error)
	// Job returns one row; ok is false when the read models do not have it (yet).
	Job(ctx context.Context, id string) (j Job, ok bool, err error)
	// Select returns up to limit ids of the jobs that match, for a bulk action.
	Select(ctx context.Context, f Filter, limit int) (Selection, error)
	// Queues lists the queues that any job or queue event named; project "" is all.
	Queues(ctx context.Context, project string) (Queues, error)
	// Projects lists the projects that any job named.
	Projects(ctx context.Context) ([]string, error)
	// Recordings returns a page of the library.
	Recordings(ctx context.Context, q RecordingQuery) (RecordingPage, error)
	// Folders lists the folders of a project's recordings that were not removed; project "" is all.
	Folders(ctx context.Context, project string) ([]Folder, error)
	// Environments lists a project's environments that were not removed; project "" is all.
	Environments(ctx context.Context, project string) (EnvironmentList, error)
	// Stats aggregates a window.
	Stats(ctx context.Context, q StatsQuery) (Stats, error)

	// WaitFor returns when the read models reflect the cursor; it is woken by the fold. It fails with
	// a *eventstore.GoneError for a cursor of another log or one that the log does not reach, and with ErrBehind when ctx's
	// deadline comes first.
	WaitFor(ctx context.Context, c eventstore.Cursor) error
	// Checkpoint is the cursor up to which the log is folded.
	Checkpoint() eventstore.Cursor
	// Rebuild builds the read models again beside the ones that serve, and exchanges them.
	Rebuild(ctx context.Context) (Report, error)
	// Check compares the read models with ones that are built from nothing; it changes nothing.
	Check(ctx context.Context) (Comparison, error)
	// Status looks at the projector.
	Status(ctx context.Context) Status
}

// Status is how the read models stand.
type Status struct {
	Checkpoint eventstore.Cursor
	// Tail is the log's last event; zero when the log cannot be asked.
	Tail eventstore.Cursor
	// CaughtUp says that the checkpoint had reached the log's end when it was last looked at.
	CaughtUp bool
	// Lag is how old, by its writer's clock, the oldest event of the last batch was when it could be
	// queried (0 when that is a while ago) or, while the fold is behind, how old the last folded event is.
	Lag time.Duration
	// Folded counts events since the start of the process.
	Folded int64
	// Skipped counts entries of the log that were no events, or events with data that is not what
	// their type promises. They changed nothing.
	Skipped int64
	// Rebuilt says why the read models were built from nothing at the start, empty when they were not.
	Rebuilt string
	// Err is why the fold does not get on, nil when it does.
	Err error
}
