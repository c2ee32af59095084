package typescript

import (
	"bytes"
	"embed"
	"fmt"
	"io"
	"slices"
	"text/template"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"tapedeck/domain/recording"
	"tapedeck/domain/secret"
	"tapedeck/workers/generate/naming"
)

//go:embed templates
var templates embed.FS

var parsed = template.Must(template.New("").Funcs(template.FuncMap{"quote": quote}).ParseFS(templates, "templates/*.tmpl"))

// PlaywrightVersion is that of @playwright/test that the project asks for.
const PlaywrightVersion = "1.65.0"

// Options are what a project is made with beside its recording.
type Options struct {
	// Open opens a recording's artefact, for files that were uploaded. Defaults to none: such steps are left out.
	Open func(artifact string) (io.ReadCloser, error)
	// MaxFile bounds each uploaded file, in bytes. Defaults to 32 MiB.
	MaxFile int64
	// Probe adds an assertion that always holds after each step, once the page is still: who runs the test sees there what
	// the step has changed. It is no test that is shown to anybody. Defaults to false.
	Probe bool
	// Soft lets the test go on after a suggested assertion that does not hold, so that one run tells of all of them.
	// Defaults to false.
	Soft bool
	// Cases become tests of their own, where they can be written. Defaults to none.
	Cases []Case
	// Login says that the recording began signed in: the tests take their login from a file that STORAGE_STATE names.
	// Defaults to false.
	Login bool
	// Proves are the ids of the cases that the recording's own test is the code of. Defaults to none.
	Proves []string
}

// Project is what was written.
type Project struct {
	// Files are by their path in the project, with slashes.
	Files map[string][]byte
	// Spec is the path of the recording's test, Cases that of the test cases' tests; "" when there are none.
	Spec, Cases string
	// Pages are the paths of the classes of pages that the tests use again, and of what gives them to the tests.
	Pages []string
	// Written are the ids of the cases that became tests.
	Written []string
	// Statements counts the lines of its body.
	Statements int
	// Asked are the ids of the steps that its assertions are about, one for each assertion, in order.
	Asked []string
	// Notes say which steps could not be written, and why.
	Notes []string
}

// Write writes a recording as a project that runs by itself. The error is that of Options.Open.
func Write(doc recording.Document, o Options) (Project, error) {
	if o.MaxFile <= 0 {
		o.MaxFile = 32 << 20
	}
	f, tables := tests(doc, o)
	p := Project{Files: map[string][]byte{}, Spec: "tests/" + slug(doc.Name) + ".spec.ts", Statements: len(f.lines), Asked: f.asked, Notes: f.notes}
	if len(tables) > 0 {
		p.Cases = "tests/" + slug(doc.Name) + ".cases.spec.ts"
	}
	for _, t := range tables {
		for _, r := range t.Rows {
			p.Written = append(p.Written, r.ID)
		}
	}
	for name, file := range f.files {
		data, err := naming.Read(o.Open, o.MaxFile, file)
		if err != nil {
			return p, fmt.Errorf("the file %s that was uploaded: %w", file.Name, err)
		}
		p.Files["tests/files/"+name] = data
	}
	secrets := slices.Clone(doc.Secrets)
	for i, s := range secrets {
		secrets[i] = secret.Variable(s)
	}
	pack, err := json.Marshal(map[string]any{
		"name": slug(doc.Name), "private": true, "scripts": map[string]string{"test": "playwright test"},
		"devDependencies": map[string]string{"@playwright/test": PlaywrightVersion, "@types/node": "^20"},
	}, json.Deterministic(true), jsontext.WithIndent("  "))
	if err != nil {
		return p, err
	}
	p.Files["package.json"] = append(pack, '\n')
	about := map[string]any{
		"Title": title(doc.Name), "Recording": doc.ID, "Version": doc.Version, "Lines": f.lines, "Files": len(f.files) > 0, "Secrets": secrets,
		"Origin": f.origin, "Viewport": doc.Viewport, "Spec": p.Spec, "Notes": f.notes, "Probe": o.Probe, "Proves": o.Proves, "Cases": p.Cases, "Tables": tables,
		"Fixtures": f.fixtures, "Login": o.Login,
	}
	parts := map[string]string{
		p.Spec: "spec.ts.tmpl", "playwright.config.ts": "config.ts.tmpl", "README.md": "README.md.tmpl", "tsconfig.json": "tsconfig.json.tmpl", ".gitignore": "gitignore.tmpl",
	}
	if p.Cases != "" {
		parts[p.Cases] = "cases.ts.tmpl"
	}
	if f.pages != nil {
		fixtures := slug(doc.Name) + ".fixtures"
		about["Objects"], about["FixturesFrom"] = f.pages.order, "./"+fixtures
		parts["tests/"+fixtures+".ts"] = "fixtures.ts.tmpl"
		p.Pages = []string{"tests/" + fixtures + ".ts"}
	}
	for name, from := range parts {
		if p.Files[name], err = fill(from, about); err != nil {
			return p, err
		}
	}
	if f.pages == nil {
		return p, nil
	}
	for _, page := range f.pages.order {
		name := "tests/" + page.File
		if p.Files[name], err = fill("page.ts.tmpl", page); err != nil {
			return p, err
		}
		p.Pages = append(p.Pages, name)
	}
	return p, nil
}

// tests writes the recording's test and those of the cases; those that are only tried have all in one place.
func tests(doc recording.Document, o Options) (*flow, []table) {
	write := func(p *pages) (*flow, []table) {
		f := &flow{doc: doc, origin: originOf(doc.URL), files: map[string]recording.File{}, count: map[string]int{}, probe: o.Probe, soft: o.Soft, pages: p}
		f.write()
		return f, f.tables(o.Cases)
	}
	p := &pages{at: places(doc)}
	if o.Probe || o.Soft {
		return write(nil)
	}
	f, tables := write(p)
	if p.decide("pages/" + slug(doc.Name)) {
		return write(p)
	}
	f.pages = nil
	return f, tables
}

func fill(from string, about any) ([]byte, error) {
	var out bytes.Buffer
	err := parsed.ExecuteTemplate(&out, from, about)
	return out.Bytes(), err
}

func originOf(address string) string { return naming.Origin(address) }

func title(name string) string { return naming.Title(name) }

func slug(name string) string { return naming.Slug(name) }
