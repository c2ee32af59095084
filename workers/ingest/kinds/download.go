package kinds

import (
	"context"
	"fmt"
	"os"

	"tapedeck/workers/ingest/bucket"
)

// download is an object, and its content when it was fetched ahead.
type download struct {
	object  bucket.Object
	isKnown bool
	err     error
	local   *os.File
	ready   chan struct{} // closed when local or err is there; nil when nothing is fetched ahead
}

const (
	// downloadsAhead is how many objects are fetched while one is read: a store far away answers slowly.
	downloadsAhead = 4
	// aheadSize is the largest that is.
	aheadSize = 32 << 20
)

// ahead lists the objects that are wanted behind a key, and fetches the next few of them. An error of the list comes
// without an object, as the last. The channel is drained and closed when ctx ends.
func (r *bucketRun) ahead(ctx context.Context, after string) <-chan *download {
	out := make(chan *download, downloadsAhead)
	go func() {
		defer close(out)
		for o, err := range r.bucket.List(ctx) {
			if err == nil && (o.Key <= after || !r.patterns.Choose(o.Key)) {
				continue
			}
			next := &download{object: o, err: err}
			if err == nil {
				r.prepare(ctx, next)
			}
			select {
			case out <- next:
			case <-ctx.Done():
				_ = next.drop()
				return
			}
		}
	}()
	context.AfterFunc(ctx, func() {
		for next := range out {
			_ = next.drop()
		}
	})
	return out
}

func (r *bucketRun) prepare(ctx context.Context, d *download) {
	switch {
	case r.isKnown(d.object):
		d.isKnown = true
	case r.largest > 0 && d.object.Size > r.largest:
		d.err = &bucket.Error{Code: "too_large", Message: fmt.Sprintf("it has %d bytes, more than the %d of INGEST_MAX_UPLOAD", d.object.Size, r.largest)}
	case d.object.Size <= aheadSize:
		d.ready = make(chan struct{})
		go func() {
			defer close(d.ready)
			d.local, d.err = fetchObject(ctx, r.bucket, d.object.Key)
		}()
	}
}

// file is the object's content on this machine; the caller closes it.
func (d *download) file(ctx context.Context, from *bucket.Bucket) (*os.File, error) {
	if d.ready != nil {
		<-d.ready // it ends with its context
		return d.local, d.err
	}
	if d.err != nil {
		return nil, d.err
	}
	return fetchObject(ctx, from, d.object.Key)
}

// drop lets go of what nobody will read.
func (d *download) drop() error {
	if d.ready == nil {
		return nil
	}
	<-d.ready
	if d.local == nil {
		return nil
	}
	return d.local.Close()
}

func fetchObject(ctx context.Context, from *bucket.Bucket, key string) (*os.File, error) {
	r, err := from.Read(ctx, key)
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }() // nothing was written
	local, _, err := spool(r)
	return local, err
}
