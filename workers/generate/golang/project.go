package golang

import (
	"bytes"
	"embed"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/template"

	"tapedeck/domain/recording"
	"tapedeck/domain/secret"
	"tapedeck/workers/generate/naming"
	"tapedeck/workers/generate/typescript"
)

//go:embed templates
var templates embed.FS

var parsed = template.Must(template.New("").Funcs(template.FuncMap{"quote": quote, "members": members}).ParseFS(templates, "templates/*.tmpl"))

// PlaywrightVersion is that of playwright-go that the module requires: our own.
const PlaywrightVersion = "v0.5200.1"

// Setup is the file of a module with what its tests share. It is the same for all recordings: their tests can stand in one
// folder.
const Setup = "tests/browser_setup_test.go"

// Options are what a module is made with beside its recording.
type Options struct {
	// Open opens a recording's artefact, for files that were uploaded. Defaults to none: such steps are left out.
	Open func(artifact string) (io.ReadCloser, error)
	// MaxFile bounds each uploaded file, in bytes. Defaults to 32 MiB.
	MaxFile int64
	// Cases become tests of their own, where they can be written. Defaults to none.
	Cases []typescript.Case
	// Proves are the ids of the cases that the recording's own test is the code of. Defaults to none.
	Proves []string
}

// Project is what was written.
type Project struct {
	// Files are by their path in the module, with slashes.
	Files map[string][]byte
	// Spec is the path of the recording's test, Cases that of the test cases' tests; "" when there are none.
	Spec, Cases string
	// Written are the ids of the cases that became tests.
	Written []string
	// Statements counts the lines of its body.
	Statements int
	// Notes say which steps could not be written, and why.
	Notes []string
}

// Write writes a recording as a module whose tests run by themselves. The error is that of Options.Open.
func Write(doc recording.Document, o Options) (Project, error) {
	if o.MaxFile <= 0 {
		o.MaxFile = 32 << 20
	}
	f := newFlow(doc, map[string]recording.File{})
	f.write()
	tables := f.tables(o.Cases)
	slug := naming.Slug(doc.Name)
	p := Project{Files: map[string][]byte{}, Spec: "tests/" + slug + "_test.go", Statements: len(f.lines), Notes: f.notes}
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
		p.Files["tests/testdata/"+name] = data
	}
	if len(tables) > 0 {
		p.Cases = "tests/" + slug + ".cases_test.go"
	}
	secrets := slices.Clone(doc.Secrets)
	for i, s := range secrets {
		secrets[i] = secret.Variable(s)
	}
	about := map[string]any{
		"Slug": slug, "Func": testName(slug), "Recording": doc.ID, "Version": doc.Version, "Said": said(doc.ID, o.Proves), "Lines": f.render(), "Page": f.needed()["page"],
		"Secrets": secrets, "Origin": f.origin, "Viewport": doc.Viewport, "Spec": p.Spec, "Cases": p.Cases, "Notes": f.notes, "Tables": tables, "Playwright": PlaywrightVersion,
	}
	return p, p.fill(about)
}

// fill writes the files that have templates.
func (p Project) fill(about map[string]any) error {
	parts := map[string]string{"go.mod": "go.mod.tmpl", "go.sum": "go.sum.tmpl", "README.md": "README.md.tmpl", ".gitignore": "gitignore.tmpl", Setup: "setup.go.tmpl", p.Spec: "test.go.tmpl"}
	if p.Cases != "" {
		parts[p.Cases] = "cases.go.tmpl"
	}
	for name, from := range parts {
		var out bytes.Buffer
		if err := parsed.ExecuteTemplate(&out, from, about); err != nil {
			return err
		}
		p.Files[name] = out.Bytes()
		if name == p.Spec || name == p.Cases {
			var err error
			if p.Files[name], err = file(out.String()); err != nil {
				return err
			}
		}
	}
	return nil
}

// testName is the name of the recording's test; TestMain is another thing.
func testName(slug string) string {
	if slug == "main" {
		return "TestMainFlow"
	}
	return "Test" + goName(slug)
}

// said is what a test says of where it comes from.
func said(id string, proves []string) string {
	out := "recording " + id
	if len(proves) > 0 {
		out += ", test cases " + strings.Join(proves, ", ")
	}
	return out
}
