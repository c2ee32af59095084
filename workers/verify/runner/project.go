package runner

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/template"
	"time"

	"github.com/go-json-experiment/json"
)

//go:embed shim
var shimFiles embed.FS

// ErrProject is wrapped by every error about the project itself: trying again cannot help.
var ErrProject = errors.New("the test project cannot be run")

func refuse(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrProject, fmt.Sprintf(format, args...))
}

// generated is the configuration that is laid beside the project's own; runs use it.
const generated = "tapedeck.config.ts"

// configNames are Playwright's.
var configNames = []string{
	"playwright.config.ts", "playwright.config.js", "playwright.config.mts", "playwright.config.mjs", "playwright.config.cts", "playwright.config.cjs",
}

// prepare checks a project's folder and makes the place of our stand-in. The folder has to be the caller's own copy.
func prepare(dir string) error {
	if _, err := os.Lstat(filepath.Join(dir, generated)); err == nil {
		if err := os.Remove(filepath.Join(dir, generated)); err != nil {
			return err
		}
	}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		if d.IsDir() && d.Name() == "node_modules" {
			if ours(path) {
				return fs.SkipDir
			}
			return refuse("%s: a project brings no packages; it gets @playwright/test %s, and nothing else", name, KitVersion)
		}
		if d.IsDir() || d.Type().IsRegular() {
			return nil
		}
		if d.Type()&fs.ModeSymlink == 0 {
			return refuse("%s is no file", name)
		}
		to, err := filepath.EvalSymlinks(path)
		if err != nil {
			return refuse("%s is a link to nowhere", name)
		}
		root, err := filepath.EvalSymlinks(dir)
		if err != nil {
			return err
		}
		if to != root && !strings.HasPrefix(to, root+string(filepath.Separator)) {
			return refuse("%s is a link that leads out of the project", name)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return os.MkdirAll(filepath.Join(dir, filepath.FromSlash(shimPlace)), 0o755)
}

// ours says that a folder of packages holds nothing but the place of our stand-in.
func ours(path string) bool {
	list, err := os.ReadDir(path)
	if err != nil || len(list) != 1 || list[0].Name() != "@playwright" {
		return false
	}
	list, err = os.ReadDir(filepath.Join(path, "@playwright"))
	return err == nil && len(list) == 1 && list[0].Name() == "test"
}

// writeShim lays our stand-in into a folder.
func writeShim(dir string) error {
	files, err := fs.Sub(shimFiles, "shim")
	if err != nil {
		return err
	}
	return os.CopyFS(dir, files)
}

// settings are what the generated configuration says.
type settings struct {
	Own       string // the project's configuration, "" for none
	OwnJSON   string
	Kit       string
	Out       string
	Chromium  string
	Args      []string
	Workers   int
	TimeoutMS int64
	ExpectMS  int64
	ActionMS  int64
	Trace     bool
}

var configTemplate = template.Must(template.New("config").Funcs(template.FuncMap{"json": func(v any) (string, error) {
	b, err := json.Marshal(v)
	return string(b), err
}}).Parse(`{{if .Own}}import * as loaded from {{json .OwnJSON}};
const own: any = (loaded as any).default?.default ?? (loaded as any).default ?? loaded;
{{else}}const own: any = {};
{{end}}const chromium = (use: any) => !use?.browserName && !use?.defaultBrowserType || use.browserName === "chromium" || !use.browserName && use.defaultBrowserType === "chromium";
const forced = (use: any) => ({
  ...use,
  browserName: "chromium",
  channel: undefined,
  headless: true,
  launchOptions: { executablePath: {{json .Chromium}}, args: {{json .Args}}, chromiumSandbox: false },
  connectOptions: undefined,
  actionTimeout: Math.min(use?.actionTimeout || {{.ActionMS}}, {{.ActionMS}}),
  navigationTimeout: Math.min(use?.navigationTimeout || {{.TimeoutMS}}, {{.TimeoutMS}}),
  screenshot: "off",
  video: "off",
  trace: {{if .Trace}}"retain-on-failure"{{else}}"off"{{end}},
});
const bound = (one: any) => ({
  retries: 0,
  repeatEach: 1,
  timeout: Math.min(one.timeout || {{.TimeoutMS}}, {{.TimeoutMS}}),
  expect: { ...one.expect, timeout: Math.min(one.expect?.timeout ?? {{.ExpectMS}}, {{.ExpectMS}}) },
  outputDir: {{json .Out}},
});
process.env.TAPEDECK_EXPECT_MS = String(bound(own).expect.timeout);
const projects = (own.projects ?? []).filter((p: any) => chromium({ ...own.use, ...p.use }));
if (own.projects?.length && !projects.length) throw new Error("none of the configuration's projects runs in Chromium");
export default {
  ...own,
  ...bound(own),
  globalTimeout: 0,
  maxFailures: 0,
  forbidOnly: false,
  fullyParallel: true,
  workers: {{.Workers}},
  reporter: [["@playwright/test/reporter"]],
  updateSnapshots: "none",
  webServer: undefined,
  reportSlowTests: null,
  captureGitInfo: { commit: false, diff: false },
  use: forced(own.use),
  projects: projects.length ? projects.map((p: any) => ({ ...p, ...bound({ ...own, ...p }), use: forced({ ...own.use, ...p.use }) })) : undefined,
};
`))

// configure writes the generated configuration into the project's folder.
func configure(dir string, s settings) error {
	for _, name := range configNames {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			s.Own, s.OwnJSON = name, "./"+name
			break
		}
	}
	f, err := os.Create(filepath.Join(dir, generated))
	if err != nil {
		return err
	}
	return errors.Join(configTemplate.Execute(f, s), f.Close())
}

func millis(d, standard time.Duration) int64 {
	if d <= 0 {
		d = standard
	}
	return d.Milliseconds()
}
