package recorder

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/playwright-community/playwright-go"

	"tapedeck/proxy"
	"tapedeck/workers/recorder/browser"
)

// VisitConfig says how pages are visited.
type VisitConfig struct {
	// Proxy is the user's own, with its credentials. Defaults to none.
	Proxy *url.URL
	// State is a login's storage state. Defaults to nobody's.
	State []byte
	// Agent is added to the browser's user agent, so that a site's owner sees who visits. Defaults to nothing.
	Agent string
}

// Visitor loads pages for whoever wants to read them; nothing is recorded. It is safe for concurrent use.
type Visitor struct {
	ctx *browser.Context
	way *proxy.Session
}

// Visit opens a browser context with a way to the network of its own. It fails as a recording's begin does, with
// browser.ErrMissing for example.
func (r *Recorder) Visit(ctx context.Context, cfg VisitConfig) (*Visitor, error) {
	way, err := r.proxy.Open(proxy.SessionConfig{Policy: r.cfg.Egress, Upstream: cfg.Proxy})
	if err != nil {
		return nil, err
	}
	v := &Visitor{way: way}
	if v.ctx, err = r.visitContext(ctx, way.URL(), cfg); err != nil {
		closeWay(way)
		return nil, err
	}
	v.ctx.SetDefaultTimeout(float64(callTimeout.Milliseconds()))
	return v, nil
}

func (r *Recorder) visitContext(ctx context.Context, way string, cfg VisitConfig) (*browser.Context, error) {
	o := playwright.BrowserNewContextOptions{Proxy: &playwright.Proxy{Server: way}, AcceptDownloads: playwright.Bool(false)}
	if len(cfg.State) > 0 {
		state, err := storageState(cfg.State)
		if err != nil {
			return nil, err
		}
		o.StorageState = state
	}
	if cfg.Agent == "" {
		return r.pool.Context(ctx, o)
	}
	plain, err := r.pool.Context(ctx, playwright.BrowserNewContextOptions{Proxy: o.Proxy})
	if err != nil {
		return nil, err
	}
	agent, err := agentOf(ctx, plain)
	if err = errors.Join(err, plain.Close()); err != nil {
		return nil, err
	}
	o.UserAgent = playwright.String(agent + " " + cfg.Agent)
	return r.pool.Context(ctx, o)
}

// agentOf is how the browser names itself.
func agentOf(ctx context.Context, c *browser.Context) (string, error) {
	return call(ctx, func() (string, error) {
		page, err := c.NewPage()
		if err != nil {
			return "", err
		}
		agent, err := page.Evaluate("navigator.userAgent")
		text, _ := agent.(string)
		return text, err
	})
}

const (
	// settleWithin bounds the wait for a page that goes on asking for things after it was loaded.
	settleWithin = 5 * time.Second
	// maxRendered bounds a page's HTML in bytes.
	maxRendered = 20 << 20
)

// Render loads a page and answers its HTML once it has settled, and where it ended.
func (v *Visitor) Render(ctx context.Context, address string) (html []byte, final string, err error) {
	page, err := call(ctx, func() (playwright.Page, error) { return v.ctx.NewPage() })
	if err != nil {
		return nil, "", err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleWithin)
		defer cancel()
		_, _ = call(ctx, func() (any, error) { return nil, page.Close() })
	}()
	text, err := call(ctx, func() (string, error) {
		if _, err := page.Goto(address, playwright.PageGotoOptions{WaitUntil: playwright.WaitUntilStateLoad}); err != nil {
			return "", errors.New(firstLine(err))
		}
		_ = page.WaitForLoadState(playwright.PageWaitForLoadStateOptions{ // a page that polls never does
			State: playwright.LoadStateNetworkidle, Timeout: milliseconds(settleWithin),
		})
		return page.Content()
	})
	if err == nil && len(text) > maxRendered {
		err = fmt.Errorf("the page has more than %d MiB once its scripts have run", maxRendered>>20)
	}
	return []byte(text), page.URL(), err
}

// Close ends the visit and all of its pages.
func (v *Visitor) Close() error {
	defer closeWay(v.way)
	return v.ctx.Close()
}
