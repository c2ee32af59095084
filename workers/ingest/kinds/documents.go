package kinds

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"tapedeck/artifacts"
	"tapedeck/domain/job"
	"tapedeck/domain/knowledge"
	"tapedeck/workers"
	"tapedeck/workers/ingest"
	"tapedeck/workers/ingest/extract"
)

// Uploads opens the files that were uploaded for a job.
type Uploads interface {
	// OpenUpload fails with artifacts.ErrNotFound.
	OpenUpload(ctx context.Context, id string) (io.ReadCloser, error)
}

type documentsInput struct {
	Files   []upload `json:"files" title:"Files" doc:"What was uploaded, by POST /api/ingest/documents." required:"true" minlen:"1" maxlen:"10000"`
	Name    string   `json:"name" title:"Name" doc:"Uploads of the same name are one source." minlen:"1" maxlen:"200"`
	Replace bool     `json:"replace" title:"Replace" doc:"Take out the documents of earlier uploads that are not among these."`
	Labels  []string `json:"labels,omitempty" title:"Labels"`
}

type upload struct {
	Name        string `json:"name" required:"true" minlen:"1" maxlen:"1024"`
	Upload      string `json:"upload" required:"true" minlen:"1" maxlen:"100"`
	SHA256      string `json:"sha256" required:"true" pattern:"^[0-9a-f]{64}$"`
	Size        int64  `json:"size" required:"true" min:"0"`
	ContentType string `json:"contentType,omitempty" maxlen:"255"`
}

// Check implements workers.Checker.
func (in documentsInput) Check() []job.Fault {
	var faults []job.Fault
	seen := map[string]bool{}
	for i, f := range in.Files {
		if seen[f.Name] {
			faults = append(faults, job.Fault{Path: "files[" + strconv.Itoa(i) + "].name", Message: "is given twice"})
		}
		seen[f.Name] = true
	}
	return faults
}

func (c Config) documents() workers.Kind {
	spec := c.spec(knowledge.Files, "Ingest documents", "Keeps the text of uploaded files and archives of them: PDF, Office, HTML, Markdown, CSV, JSON, OpenAPI, Gherkin, tests.")
	return workers.Define(spec, documentsInput{Name: "Documents"}, c.runDocuments)
}

// documentsRun is one attempt.
type documentsRun struct {
	fileReader
	cfg Config
	in  documentsInput
}

func (c Config) runDocuments(ctx context.Context, j *workers.Job, in documentsInput) (any, error) {
	run, err := c.begin(ctx, j, ingest.Definition{Kind: knowledge.Files, Key: in.Name, Name: in.Name, Labels: in.Labels}, in, "")
	if err != nil {
		return nil, err
	}
	defer run.Close()
	r := &documentsRun{fileReader{run, j, c.Extractor, in.Labels}, c, in}
	return r.run(ctx)
}

func (r *documentsRun) run(ctx context.Context) (any, error) {
	next := 0 // the first file that no earlier attempt read whole
	if s := r.State(); s != "" {
		var err error
		if next, err = strconv.Atoi(s); err != nil {
			return nil, err
		}
	}
	for i := next; i < len(r.in.Files); i++ {
		if isStopped(r.job) {
			return r.Finish(ctx, knowledge.Partial, stoppedEarly, "")
		}
		if err := r.file(ctx, r.in.Files[i]); err != nil {
			return nil, errors.Join(err, r.Flush(ctx))
		}
		r.Mark(strconv.Itoa(i + 1))
	}
	if !r.in.Replace {
		r.KeepOthers()
	}
	if isEmpty(r.Run) {
		return fail(ctx, r.Run, "nothing_read", fmt.Errorf("none of the files could be read: %s", faultText(r.FirstFault())))
	}
	return r.Finish(ctx, knowledge.Complete, "", "")
}

// file keeps a file's documents; one that cannot be read is a fault of its own.
func (r *documentsRun) file(ctx context.Context, f upload) error {
	local, err := r.fetch(ctx, f)
	if errors.Is(err, artifacts.ErrNotFound) {
		return r.fault(ctx, knowledge.Fault{Key: f.Name, Code: "gone", Message: "the upload is no longer there: upload it again"})
	}
	if err != nil {
		return err
	}
	defer func() { _ = local.Close() }()
	_, err = r.keepFile(ctx, extract.File{Name: f.Name, ContentType: f.ContentType, Content: local, Size: f.Size}, nil)
	return err
}

// fetch copies an upload to this machine.
func (r *documentsRun) fetch(ctx context.Context, f upload) (*os.File, error) {
	from, err := r.cfg.Uploads.OpenUpload(ctx, f.Upload)
	if err != nil {
		return nil, err
	}
	defer func() { _ = from.Close() }()
	hash := sha256.New()
	local, n, err := spool(io.TeeReader(from, hash))
	if err != nil {
		return nil, err
	}
	if n != f.Size || hex.EncodeToString(hash.Sum(nil)) != f.SHA256 {
		err = workers.Permanent("upload_differs", fmt.Errorf("%s is not what was uploaded: its bytes changed in the artefact store", f.Name))
		return nil, errors.Join(err, local.Close())
	}
	return local, nil
}
