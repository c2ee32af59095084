package recorder

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"

	"github.com/playwright-community/playwright-go"

	"tapedeck/artifacts"
	"tapedeck/domain/recording"
)

// arrival is a file that a page gives, while it comes.
type arrival struct {
	url, name string
	cancelled bool
}

// arrivals follows what comes, so that a file that is too large is cancelled
// before it fills the folder of temporary files. The browser tells of progress
// by an id and the driver of files without one: they are told apart by address
// and name.
type arrivals struct {
	mu    sync.Mutex
	byID  map[string]*arrival
	heads []playwright.Download
}

// onDownload notes a file that the driver tells of.
func (a *arrivals) onDownload(d playwright.Download) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.heads = append(a.heads, d)
}

// begins notes a file that the browser tells of.
func (a *arrivals) begins(params map[string]any) {
	id, _ := params["guid"].(string)
	address, _ := params["url"].(string)
	name, _ := params["suggestedFilename"].(string)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.byID[id] = &arrival{url: address, name: name}
}

// progress returns the file that is over the limit, once; nil else.
func (a *arrivals) progress(params map[string]any, limit int64) playwright.Download {
	id, _ := params["guid"].(string)
	received, _ := params["receivedBytes"].(float64)
	a.mu.Lock()
	defer a.mu.Unlock()
	at := a.byID[id]
	if at == nil || at.cancelled || int64(received) <= limit {
		return nil
	}
	for _, d := range a.heads {
		if d.URL() == at.url && d.SuggestedFilename() == at.name {
			at.cancelled = true
			return d
		}
	}
	return nil
}

// cancel ends a file that is too large.
func (s *session) cancelDownload(d playwright.Download) {
	s.note("the download %s is larger than %d bytes and was cancelled", d.SuggestedFilename(), s.cfg.Limits.Download)
	_ = d.Cancel()
}

// keepDownload stores a file that a step of a script has received.
func (s *session) keepDownload(ctx context.Context, step recording.Step, d playwright.Download) error {
	file, err := s.storeDownload(ctx, d)
	if err != nil {
		return err
	}
	s.scribe.amend(step.ID, func(st *recording.Step) { st.Files = []recording.File{file} })
	return nil
}

func (s *session) storeDownload(ctx context.Context, d playwright.Download) (recording.File, error) {
	from, err := call(ctx, func() (string, error) { return d.Path() })
	if err != nil {
		return recording.File{}, fmt.Errorf("download %s: %s", d.SuggestedFilename(), firstLine(err))
	}
	data, err := os.ReadFile(from)
	if err != nil {
		return recording.File{}, err
	}
	file := recording.File{Name: s.mask.Text(d.SuggestedFilename()), ContentType: artifacts.TypeOf(d.SuggestedFilename())}
	data = s.mask.Body(file.ContentType, data)
	file.Size = int64(len(data))
	file.Artifact = s.store(ctx, s.fileNameIn("downloads", file.Name), bytes.NewReader(data))
	return file, nil
}

// fileNameIn is a name that is free and can be an artefact's.
func (s *session) fileNameIn(folder, suggested string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files++
	name := fmt.Sprintf("%s/%d-%s", folder, s.files, path.Base(filepath.ToSlash(suggested)))
	if artifacts.ValidateName(name) != nil {
		name = fmt.Sprintf("%s/%d%s", folder, s.files, strings.Map(safeRune, path.Ext(suggested)))
	}
	return name
}

func safeRune(r rune) rune {
	if r == '.' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
		return r
	}
	return -1
}
