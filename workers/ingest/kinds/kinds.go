package kinds

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"tapedeck/domain/job"
	"tapedeck/domain/knowledge"
	"tapedeck/proxy/egress"
	"tapedeck/workers"
	"tapedeck/workers/ingest"
	"tapedeck/workers/ingest/bucket"
	"tapedeck/workers/ingest/extract"
	"tapedeck/workers/ingest/jira"
	"tapedeck/workers/ingest/website/fetch"
)

// Queue is where jobs that ingest wait.
const Queue = "ingest"

// Config is what the kinds need of the process.
type Config struct {
	Ingest ingest.Config
	// Uploads are the files that jobs of ingest.documents read, with the Extractor; so are those of Buckets.
	Uploads   Uploads
	Extractor *extract.Extractor
	// Buckets may be read by jobs of ingest.bucket. Defaults to none: such jobs fail and say what is to be set.
	Buckets bucket.Allowed
	// MaxFile is the largest object of a bucket that is fetched, in bytes. Zero is any.
	MaxFile int64
	// Jira says where it is and who asks. Without a BaseURL jobs of ingest.jira fail and say what is to be set.
	Jira jira.Config
	// Policy says where crawled pages may be.
	Policy egress.Policy
	// Proxy is the way out of crawls, with its credentials; it may be anywhere. Defaults to none.
	Proxy *url.URL
	// Logins opens a project's login profiles. Defaults to none.
	Logins func(project, name string) (Login, error)
	// Browse opens a browser. Defaults to none: jobs that want pages rendered fail.
	Browse func(context.Context, Visit) (Browser, error)
	// Contact tells a site's owner who fetches: a URL or mail address. Defaults to none.
	Contact string
	// Pace is how each host is treated.
	Pace fetch.Pace
}

// All are the kinds.
func (c Config) All() []workers.Kind {
	return []workers.Kind{c.jira(), c.website(), c.documents(), c.bucket()}
}

func (c Config) spec(source knowledge.SourceKind, title, description string) workers.Spec {
	return workers.Spec{
		Name: source.JobKind(), Title: title, Description: description, Queue: Queue,
		Retry: retry,
	}
}

var retry = job.RetryPolicy{MaxAttempts: 5}

// begin begins a run over what the input names, and has it read again later. The input is kept with the source as it was given.
func (c Config) begin(ctx context.Context, j *workers.Job, def ingest.Definition, in any, e every) (*ingest.Run, error) {
	input, err := json.Marshal(in, json.Deterministic(true))
	if err != nil {
		return nil, err
	}
	def.Input, def.Again = jsontext.Value(input), c.again(j, def.Kind, e)
	return ingest.Begin(ctx, c.Ingest, j, def)
}

// fail ends the run and the job for good.
func fail(ctx context.Context, r *ingest.Run, code string, err error) (any, error) {
	if _, err := r.Finish(ctx, knowledge.Failed, err.Error(), ""); err != nil {
		return nil, err
	}
	return nil, workers.Permanent(code, err)
}

// isStopped says whether somebody asked the job to finish early.
func isStopped(j *workers.Job) bool {
	select {
	case <-j.StopRequested():
		return true
	default:
		return false
	}
}

// stoppedEarly is the reason of a run that was asked to finish early.
const stoppedEarly = "it was stopped; what was stored stays"

// isEmpty says whether a run found nothing that it could keep.
func isEmpty(r *ingest.Run) bool {
	c := r.Counts()
	return c.Stored+c.Unchanged == 0 && r.FirstFault() != nil
}

func faultText(f *knowledge.Fault) string { return f.Key + ": " + f.Message }

func logFault(j *workers.Job, f knowledge.Fault) {
	level, what := slog.LevelWarn, "failed"
	if f.Skipped {
		level, what = slog.LevelInfo, "skipped"
	}
	j.Logf(level, "%s %s", what, faultText(&f))
}

// clip bounds a name that is made of what somebody asked for.
func clip(s string, runes int) string {
	if r := []rune(s); len(r) > runes {
		return string(r[:runes-1]) + "…"
	}
	return s
}

func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}
