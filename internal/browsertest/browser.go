package browsertest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/playwright-community/playwright-go"

	"tapedeck/workers/recorder/browser"
)

// pageTimeout bounds each wait of a page in milliseconds: generous, because a
// busy machine is not a failure.
const pageTimeout = 20_000

// Browser is one driver with one Chromium. Many tests may use it at once, each
// with its own context.
type Browser struct {
	pw      *playwright.Playwright
	browser playwright.Browser
}

// Launch starts the driver and the browser, for a TestMain that shares them
// between tests; Close ends them. The error names what is not installed.
func Launch(args ...string) (*Browser, error) {
	dir, path, err := find()
	if err != nil {
		return nil, err
	}
	pw, err := playwright.Run(&playwright.RunOptions{DriverDirectory: dir, SkipInstallBrowsers: true})
	if err != nil {
		return nil, fmt.Errorf("start the browser driver: %w", err)
	}
	chrome, err := pw.Chromium.Launch(playwright.BrowserTypeLaunchOptions{
		ExecutablePath:  playwright.String(path),
		Headless:        playwright.Bool(true),
		ChromiumSandbox: playwright.Bool(os.Geteuid() != 0),
		Args:            append(flags(), args...),
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("launch %s: %w", path, err), pw.Stop())
	}
	return &Browser{pw: pw, browser: chrome}, nil
}

// Start launches a browser that ends with the test.
func Start(t testing.TB, args ...string) *Browser {
	t.Helper()
	b, err := Launch(args...)
	if err != nil {
		t.Fatalf("browsertest: %v", err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Errorf("browsertest: close: %v", err)
		}
	})
	return b
}

// Close ends the browser and the driver.
func (b *Browser) Close() error { return errors.Join(b.browser.Close(), b.pw.Stop()) }

// NewPage opens a page in a fresh context for a program that is no test; closing the browser ends it.
func (b *Browser) NewPage(options ...playwright.BrowserNewContextOptions) (playwright.Page, error) {
	ctx, err := b.browser.NewContext(options...)
	if err != nil {
		return nil, err
	}
	ctx.SetDefaultTimeout(pageTimeout)
	return ctx.NewPage()
}

// Version is the browser's version.
func (b *Browser) Version() string { return b.browser.Version() }

// Context opens a fresh context (no cookies, no storage) that ends with the test.
func (b *Browser) Context(t testing.TB, options ...playwright.BrowserNewContextOptions) playwright.BrowserContext {
	t.Helper()
	ctx, err := b.browser.NewContext(options...)
	if err != nil {
		t.Fatalf("browsertest: new context: %v", err)
	}
	ctx.SetDefaultTimeout(pageTimeout)
	t.Cleanup(func() { _ = ctx.Close() })
	return ctx
}

// Page opens a page in a fresh context. When the test fails, the page's last
// picture goes to e2e/screenshots and its console and errors to the test's log.
func (b *Browser) Page(t testing.TB, options ...playwright.BrowserNewContextOptions) playwright.Page {
	t.Helper()
	return Observe(t, b.Context(t, options...))
}

// Observe opens one more page in a context, reported on like Page's.
func Observe(t testing.TB, ctx playwright.BrowserContext) playwright.Page {
	t.Helper()
	page, err := ctx.NewPage()
	if err != nil {
		t.Fatalf("browsertest: new page: %v", err)
	}
	notes := watch(page)
	t.Cleanup(func() {
		if !t.Failed() {
			return
		}
		t.Logf("page %s\n%s", page.URL(), notes)
		if path, err := Screenshot(t, page, "failed"); err == nil {
			t.Logf("picture: %s", path)
		}
	})
	return page
}

// Screenshot writes a picture of the page to e2e/screenshots and returns its path.
func Screenshot(t testing.TB, page playwright.Page, name string) (string, error) {
	t.Helper()
	root, err := moduleRoot()
	if err != nil {
		return "", err
	}
	file := strings.NewReplacer("/", "_", " ", "_").Replace(t.Name() + "-" + name + ".png")
	path := filepath.Join(root, "e2e", "screenshots", file)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { // the driver does not make it
		return "", err
	}
	_, err = page.Screenshot(playwright.PageScreenshotOptions{Path: playwright.String(path)})
	return path, err
}

// flags are the product's, and keep the browser on this machine.
func flags() []string {
	return append(browser.Flags(),
		"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1, EXCLUDE ::1")
}
