package kinds

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"

	"tapedeck/domain/job"
	"tapedeck/domain/knowledge"
	"tapedeck/workers"
	"tapedeck/workers/ingest"
	"tapedeck/workers/ingest/bucket"
	"tapedeck/workers/ingest/extract"
)

type bucketInput struct {
	URL        string   `json:"url" title:"Address" doc:"s3://bucket, gs://bucket, azblob://container or file:///folder, one that INGEST_BUCKETS allows." required:"true" minlen:"1" maxlen:"2048"`
	Prefix     string   `json:"prefix,omitempty" title:"Prefix" doc:"What the keys begin with." maxlen:"1024"`
	Patterns   []string `json:"patterns,omitempty" title:"Patterns" doc:"Keys that are read, * for any text; ! before one leaves out. Empty is all."`
	MaxObjects int      `json:"maxObjects" title:"Files" doc:"How many are read at most." min:"1" max:"100000"`
	Every      every    `json:"every,omitempty" title:"Again every" doc:"Read what changed again after this time, such as 24h; empty is not." maxlen:"20"`
	Name       string   `json:"name,omitempty" title:"Name" doc:"What the source is called; empty is the address." maxlen:"200"`
	Labels     []string `json:"labels,omitempty" title:"Labels"`
}

var bucketDefaults = bucketInput{MaxObjects: 10_000}

// Check implements workers.Checker.
func (in bucketInput) Check() []job.Fault {
	if _, err := bucket.ParsePatterns(in.Patterns); err != nil {
		return []job.Fault{{Path: "patterns", Message: err.Error()}}
	}
	return in.Every.check()
}

func (c Config) bucket() workers.Kind {
	spec := c.spec(knowledge.Bucket, "Ingest a bucket", "Keeps the text of the files in a bucket or folder; later runs read what changed, and notice what is gone.")
	return workers.Define(spec, bucketDefaults, c.runBucket)
}

// bucketRun is one attempt.
type bucketRun struct {
	fileReader
	in       bucketInput
	place    bucket.Place
	bucket   *bucket.Bucket
	patterns bucket.Patterns
	largest  int64
	before   map[string]string // the archives that an earlier run read whole, with their versions
	now      map[string]string
}

// bucketSince is what a complete run tells the next. Other documents carry their object's version themselves.
type bucketSince struct {
	Archives map[string]string `json:"archives,omitempty"`
}

func (c Config) runBucket(ctx context.Context, j *workers.Job, in bucketInput) (any, error) {
	place, err := c.Buckets.Find(in.URL, in.Prefix)
	if e := lasting(err); e != nil {
		return nil, workers.Permanent(string(e.Code), err)
	}
	patterns, err := bucket.ParsePatterns(in.Patterns)
	if err != nil {
		return nil, workers.Permanent("invalid", err)
	}
	name := in.Name
	if name == "" {
		name = clip(place.String(), 200)
	}
	run, err := c.begin(ctx, j, ingest.Definition{Kind: knowledge.Bucket, Key: place.String(), Name: name, Labels: in.Labels}, in, in.Every)
	if err != nil {
		return nil, err
	}
	defer run.Close()
	r := &bucketRun{
		fileReader: fileReader{run, j, c.Extractor, in.Labels}, in: in, place: place, patterns: patterns, largest: c.MaxFile, now: map[string]string{},
	}
	if r.bucket, err = bucket.Open(ctx, place); err != nil {
		return r.fail(ctx, err)
	}
	defer func() { _ = r.bucket.Close() }() // nothing was written
	return r.run(ctx)
}

// fail ends the run for good, unless another attempt may do better.
func (r *bucketRun) fail(ctx context.Context, err error) (any, error) {
	if e := lasting(err); e != nil {
		return fail(ctx, r.Run, string(e.Code), err)
	}
	return nil, errors.Join(err, r.Flush(ctx))
}

// lasting is an error that another attempt would meet again; nil when it is none.
func lasting(err error) *bucket.Error {
	var e *bucket.Error
	if errors.As(err, &e) && e.Code != bucket.Unavailable {
		return e
	}
	return nil
}

func (r *bucketRun) run(ctx context.Context) (any, error) {
	var since bucketSince
	if s := r.Since(); s != "" {
		if err := json.Unmarshal([]byte(s), &since); err != nil {
			return nil, err
		}
	}
	r.before = since.Archives
	seen, over, err := r.objects(ctx)
	switch {
	case errors.Is(err, errStopped):
		return r.Finish(ctx, knowledge.Partial, stoppedEarly, "")
	case err != nil:
		return r.fail(ctx, err)
	case over:
		return r.Finish(ctx, knowledge.Partial, "the limit of "+count(r.in.MaxObjects, "file")+" was reached", "")
	case seen == 0 && len(r.KnownBelow("")) == 0:
		return fail(ctx, r.Run, "nothing_found", fmt.Errorf("%s has no file that is wanted", r.place))
	case isEmpty(r.Run):
		return fail(ctx, r.Run, "nothing_read", fmt.Errorf("none of the files could be read: %s", faultText(r.FirstFault())))
	}
	next, err := json.Marshal(bucketSince{r.now}, json.Deterministic(true))
	if err != nil {
		return nil, err
	}
	return r.Finish(ctx, knowledge.Complete, "", string(next))
}

// objects reads what is wanted, in the order of the keys, behind what an earlier attempt read.
func (r *bucketRun) objects(ctx context.Context) (seen int, over bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	after := r.State()
	for next := range r.ahead(ctx, after) {
		if next.object.Key == "" { // the list ended so
			return seen, false, next.err
		}
		if isStopped(r.job) {
			return seen, false, errors.Join(errStopped, next.drop())
		}
		if seen++; seen > r.in.MaxObjects {
			return seen, true, next.drop()
		}
		if err := r.object(ctx, next); err != nil {
			return seen, false, err
		}
		r.Mark(next.object.Key)
	}
	return seen, false, ctx.Err()
}

// object keeps one object's documents, unless they are known.
func (r *bucketRun) object(ctx context.Context, next *download) error {
	o := next.object
	if next.isKnown {
		return r.keep(ctx, o)
	}
	local, err := next.file(ctx, r.bucket)
	if bad := lasting(err); bad != nil {
		return r.unread(ctx, o.Key, bad)
	}
	if err != nil {
		return err
	}
	defer func() { _ = local.Close() }()
	out, err := r.keepFile(ctx, extract.File{Name: o.Key, Content: local, Size: o.Size}, func(d *ingest.Draft) {
		d.URL = r.place.Address(d.Key)
		d.ChangedAt = o.ModifiedAt
		d.Validators = knowledge.Validators{ETag: o.Version}
	})
	if err == nil && out.archive && out.faults == 0 {
		r.now[o.Key] = o.Version
	}
	return err
}

// unread notes why an object was not read. What is known of it stays, an archive's documents too, unless it is gone.
func (r *bucketRun) unread(ctx context.Context, key string, bad *bucket.Error) error {
	gone := bad.Code == bucket.NotFound
	if !gone {
		if err := r.Unchanged(ctx, r.KnownBelow(key+"/")...); err != nil {
			return err
		}
	}
	return r.fault(ctx, knowledge.Fault{Key: key, Code: string(bad.Code), Message: bad.Message, Skipped: gone})
}

// isKnown tells whether an object is as an earlier run read it.
func (r *bucketRun) isKnown(o bucket.Object) bool {
	if r.before[o.Key] == o.Version {
		return true
	}
	e, ok := r.Known(o.Key)
	return ok && e.Validators.ETag == o.Version
}

func (r *bucketRun) keep(ctx context.Context, o bucket.Object) error {
	keys := []string{o.Key}
	if r.before[o.Key] == o.Version {
		r.now[o.Key] = o.Version
		keys = r.KnownBelow(o.Key + "/")
	}
	return r.keepKnown(ctx, keys...)
}
