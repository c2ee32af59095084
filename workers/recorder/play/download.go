package play

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"slices"
	"time"

	"github.com/playwright-community/playwright-go"

	"tapedeck/domain/recording"
)

// downloading says that a download is about to be there.
func (r *run) downloading() bool {
	ok, _ := r.await(time.Second, func() bool {
		r.pages.mu.Lock()
		defer r.pages.mu.Unlock()
		return len(r.pages.downloads) > 0
	})
	return ok
}

// download waits for the oldest file that no step has taken, and for all of its bytes.
func (r *run) download() error {
	var d playwright.Download
	ok, err := r.await(r.left(), func() bool { d = r.pages.takeDownload(r.wanted()); return d != nil })
	if err != nil {
		return err
	}
	if !ok {
		return fail(Timeout, "no download began")
	}
	path, err := ask(r, func() (string, error) {
		if err := d.Failure(); err != nil {
			return "", err
		}
		return d.Path()
	})
	if err != nil {
		if final(err) {
			return err
		}
		return fail(FileMissing, "the download of %s failed: %s", d.SuggestedFilename(), brief(err))
	}
	if r.result.Download, err = describe(path, d.SuggestedFilename()); err != nil {
		return fail(FileMissing, "%v", err)
	}
	if name := r.wanted(); name != "" && name != d.SuggestedFilename() {
		r.note("the file is named %q, not %q", d.SuggestedFilename(), name)
	}
	if r.opts.Download == nil {
		return nil
	}
	if err := r.opts.Download(r.ctx, r.step, d); err != nil {
		return fail(FileMissing, "keep %s: %v", d.SuggestedFilename(), err)
	}
	return nil
}

func (r *run) wanted() string {
	if len(r.step.Files) == 0 {
		return ""
	}
	return r.step.Files[0].Name
}

// takeDownload prefers the one with the name, else takes the oldest.
func (p *pages) takeDownload(name string) playwright.Download {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.downloads) == 0 {
		return nil
	}
	i := max(slices.IndexFunc(p.downloads, func(d playwright.Download) bool { return d.SuggestedFilename() == name }), 0)
	d := p.downloads[i]
	p.downloads = slices.Delete(p.downloads, i, i+1)
	return d
}

func describe(path, name string) (*recording.File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	hash := sha256.New()
	size, err := io.Copy(hash, f)
	if err != nil {
		return nil, err
	}
	return &recording.File{Name: name, Size: size, SHA256: hex.EncodeToString(hash.Sum(nil))}, nil
}
