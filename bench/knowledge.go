package main

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"tapedeck/client"
	"tapedeck/domain/knowledge"
	"tapedeck/internal/prose"
)

const knowledgeSection = "what is known, by `tapedeck serve` on its embedded log"

// known measures the whole way of documents: read, stored with their events, indexed, found. What a large upload costs
// in memory is measured by a server that did nothing else.
func (b *bench) known(ctx context.Context) ([]figure, error) {
	texts, err := b.knower(ctx, (*knower).crawl, (*knower).fill, (*knower).search)
	if err != nil {
		return nil, err
	}
	large, err := b.knower(ctx, (*knower).large)
	return append(texts, large...), err
}

// knower measures one after the other on a server of their own.
func (b *bench) knower(ctx context.Context, measures ...func(*knower, context.Context) ([]figure, error)) ([]figure, error) {
	t, err := b.serve("", "RECORDER_ALLOW_LOOPBACK=1", "INGEST_MAX_UPLOAD="+strconv.Itoa(3<<30))
	if err != nil {
		return nil, err
	}
	defer t.Close()
	cl, err := client.New("http://" + t.address)
	if err != nil {
		return nil, err
	}
	defer cl.Close()
	k := &knower{bench: b, server: t, client: cl, prose: prose.New(3)}
	var out []figure
	for _, measure := range measures {
		figures, err := measure(k, ctx)
		if err != nil {
			return nil, err
		}
		out = append(out, figures...)
	}
	return out, nil
}

type knower struct {
	*bench
	server *tapedeck
	client *client.Client
	prose  prose.Writer
}

// run awaits the end of a job of ingest.* and returns its run.
func (k *knower) run(ctx context.Context, j client.Job, kind knowledge.SourceKind) (run knowledge.Run, err error) {
	for ctx.Err() == nil {
		if j, err = k.client.Job(ctx, j.JobID, nil); err != nil {
			return run, err
		}
		if j.Final() {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if j.Status != "succeeded" {
		return run, fmt.Errorf("%s %s: %+v", kind, j.Status, j.Error)
	}
	var list struct {
		Items []struct {
			Run knowledge.Run `json:"run"`
		} `json:"items"`
	}
	for {
		var behind *client.Problem // the answer waits for the index, not long
		err = k.client.Get(ctx, "/api/knowledge/sources", url.Values{"minCursor": {j.Cursor}}, &list)
		if !errors.As(err, &behind) || behind.Status != http.StatusServiceUnavailable {
			break
		}
	}
	for _, s := range list.Items {
		if s.Run.JobID == j.JobID {
			return s.Run, err
		}
	}
	return run, fmt.Errorf("no source of job %s: %w", j.JobID, err)
}

// crawl reads a site of small pages as fast as it answers: it asks for no delay.
func (k *knower) crawl(ctx context.Context) ([]figure, error) {
	pages := k.scale(3000)
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, err := strconv.Atoi(strings.Trim(r.URL.Path, "/"))
		if r.URL.Path != "/" && (err != nil || n >= pages) {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		var links strings.Builder
		for i := n*10 + 1; i <= n*10+10 && i < pages; i++ {
			fmt.Fprintf(&links, `<li><a href="/%d">Page %d</a>`, i, i)
		}
		fmt.Fprintf(w, "<!doctype html><title>Page %d</title><main><h1>Page %d</h1><p>%s</p><ul>%s</ul></main>", n, n, pageText(n), links.String())
	}))
	defer site.Close()
	f := figure{Section: knowledgeSection, Name: "static pages of a local site, crawled and stored", Unit: "pages/s", Target: atLeast(200), Note: fmt.Sprintf("%d pages, no delay, four at a time", pages)}
	var j client.Job
	if err := k.client.Post(ctx, "/api/ingest/website", map[string]any{"url": site.URL + "/", "maxPages": 100_000, "maxDepth": 100}, &j); err != nil {
		return nil, err
	}
	run, err := k.run(ctx, j, knowledge.Website)
	if err != nil {
		return nil, err
	}
	f.Runs = []float64{float64(run.Counts.Stored) / run.FinishedAt.Sub(run.StartedAt).Seconds()}
	if int(run.Counts.Stored) != pages {
		return nil, fmt.Errorf("%d of %d pages were stored", run.Counts.Stored, pages)
	}
	return []figure{f}, nil
}

// pageText is the same for a page whenever it is asked for, and different for each.
func pageText(n int) string {
	p := prose.New(uint64(n) + 100)
	return p.Sentence() + " " + p.Sentence()
}

const perDocument = 40

// fill uploads a zip of Markdown, and awaits that all of it can be found.
func (k *knower) fill(ctx context.Context) ([]figure, error) {
	documents := k.scale(200_000) / perDocument
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for i := range documents {
		f, err := w.Create(fmt.Sprintf("doc-%d.md", i))
		if err != nil {
			return nil, err
		}
		if _, err := io.WriteString(f, k.prose.Document(perDocument)); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	began := time.Now()
	j, err := k.upload(ctx, "texts", func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(buf.Bytes())), nil })
	if err != nil {
		return nil, err
	}
	run, err := k.run(ctx, j, knowledge.Files)
	if err != nil {
		return nil, err
	}
	took := time.Since(began)
	if int(run.Counts.Stored) != documents {
		return nil, fmt.Errorf("%d of %d documents were stored", run.Counts.Stored, documents)
	}
	passages := float64(documents * perDocument)
	return []figure{{
		Section: knowledgeSection, Name: "passages uploaded, read, stored and indexed", Unit: "passages/s", Runs: []float64{passages / took.Seconds()},
		Target: atLeast(5000), Note: fmt.Sprintf("a zip of %d Markdown files, until the index has the last", documents),
	}}, nil
}

func (k *knower) upload(ctx context.Context, name string, open func() (io.ReadCloser, error)) (j client.Job, err error) {
	err = k.client.Upload(ctx, "/api/ingest/documents", url.Values{"name": {name}}, []client.File{{Name: name + ".zip", Open: open}}, &j)
	return j, err
}

// search asks what people ask, over HTTP: words, three words, phrases, beginnings.
func (k *knower) search(ctx context.Context) ([]figure, error) {
	var times []float64
	p := k.prose
	for i := range k.scale(1000) {
		q := []string{
			p.Word(), p.Word() + " " + p.Word() + " " + p.Word(), `"` + p.Word() + " " + p.Word() + `"`, p.Word() + "*", p.Word() + " must",
		}[i%5]
		began := time.Now()
		var found struct{}
		if err := k.client.Get(ctx, "/api/knowledge/search", url.Values{"q": {q}}, &found); err != nil {
			return nil, fmt.Errorf("%s: %w", q, err)
		}
		times = append(times, float64(time.Since(began).Microseconds())/1000)
	}
	slices.Sort(times)
	at := func(part int) float64 { return times[len(times)*part/100] }
	return []figure{{
		Section: knowledgeSection, Name: "search over them and the site, p95", Unit: "ms", Runs: []float64{at(95)}, Target: atMost(20),
		Note: fmt.Sprintf("p50 %s, over HTTP, %d queries of five sorts", number(at(50)), len(times)),
	}}, nil
}

// large uploads a zip of Word documents, each with a picture that is most of it.
func (k *knower) large(ctx context.Context) ([]figure, error) {
	const each = 10 << 20
	documents := k.scale(200)
	before, err := peakMemory(k.server.PID())
	if err != nil {
		return nil, err
	}
	j, err := k.upload(ctx, "large", func() (io.ReadCloser, error) {
		r, w := io.Pipe()
		go func() { w.CloseWithError(writeLarge(w, documents, each)) }()
		return r, nil
	})
	if err != nil {
		return nil, err
	}
	run, err := k.run(ctx, j, knowledge.Files)
	if err != nil {
		return nil, err
	}
	if int(run.Counts.Stored) != documents {
		return nil, fmt.Errorf("%d of %d documents were stored", run.Counts.Stored, documents)
	}
	after, err := peakMemory(k.server.PID())
	return []figure{{
		Section: knowledgeSection, Name: "memory of the server until it has read a large zip (RSS, peak)", Unit: "MB", Runs: []float64{after}, Target: atMost(300),
		Note: fmt.Sprintf("%s MB of Word documents; %s MB before", number(float64(documents*each)/1e6), number(before)),
	}}, err
}

// writeLarge writes documents that are large because of what stands in them beside the text.
func writeLarge(out io.Writer, documents, each int) error {
	picture := make([]byte, each)
	rng := rand.NewChaCha8([32]byte{1})
	_, _ = rng.Read(picture) // it never fails
	outer := zip.NewWriter(out)
	for i := range documents {
		f, err := outer.CreateHeader(&zip.FileHeader{Name: fmt.Sprintf("report-%d.docx", i), Method: zip.Store})
		if err != nil {
			return err
		}
		inner := zip.NewWriter(f)
		for _, part := range []struct {
			name string
			data []byte
		}{
			{"[Content_Types].xml", []byte(`<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>`)},
			{"_rels/.rels", []byte(`<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>`)},
			{"word/document.xml", fmt.Appendf(nil, `<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>Report %d. %s</w:t></w:r></w:p></w:body></w:document>`, i, pageText(i))},
			{"word/media/picture.png", picture},
		} {
			w, err := inner.CreateHeader(&zip.FileHeader{Name: part.name, Method: zip.Store})
			if err == nil {
				_, err = w.Write(part.data)
			}
			if err != nil {
				return err
			}
		}
		if err := inner.Close(); err != nil {
			return err
		}
	}
	return outer.Close()
}

// peakMemory is the most memory that a process ever had resident, in MB.
func peakMemory(pid int) (float64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 64)
			return kb * 1024 / 1e6, err
		}
	}
	return 0, fmt.Errorf("process %d does not say its peak", pid)
}
