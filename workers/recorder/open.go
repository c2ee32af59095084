package recorder

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/playwright-community/playwright-go"

	"tapedeck/domain/device"
	"tapedeck/domain/recording"
	"tapedeck/domain/secret"
	"tapedeck/proxy"
	"tapedeck/workers"
	"tapedeck/workers/recorder/mask"
)

// look is how the browser shows itself, with device and wishes put together.
type look struct {
	Device            string         `json:"device,omitempty"`
	Viewport          recording.Size `json:"viewport"`
	DeviceScaleFactor float64        `json:"deviceScaleFactor"`
	Mobile            bool           `json:"mobile,omitempty"`
	Touch             bool           `json:"touch,omitempty"`
	UserAgent         string         `json:"userAgent,omitempty"`
	Locale            string         `json:"locale,omitempty"`
	Timezone          string         `json:"timezone,omitempty"`
	ColorScheme       string         `json:"colorScheme,omitempty"`
}

// lookOf is what was wished for, else the device's, else the usual.
func lookOf(in Input) look {
	d, _ := device.Find(in.Device)
	l := look{
		Device: in.Device, Viewport: recording.Size{Width: cmp.Or(in.Viewport.Width, d.Width, 1280), Height: cmp.Or(in.Viewport.Height, d.Height, 800)},
		DeviceScaleFactor: cmp.Or(in.DeviceScaleFactor, d.DeviceScaleFactor, 1), Mobile: in.Mobile || d.Mobile, Touch: in.Touch || d.Touch,
		UserAgent: cmp.Or(in.UserAgent, d.UserAgent), Locale: in.Locale, Timezone: in.Timezone, ColorScheme: in.ColorScheme,
	}
	if d.Engine != "" && d.Engine != "chromium" && in.UserAgent == "" {
		l.UserAgent = d.UserAgent // it says that it is another browser: that is what was asked for
	}
	return l
}

// open brings a session to the point where its browser could load the first page.
func (s *session) open(ctx context.Context) error {
	s.look = lookOf(s.in)
	if err := s.resolveSecrets(ctx); err != nil {
		return err
	}
	if err := s.gatherSteps(ctx); err != nil {
		return err
	}
	scratch, err := s.pool.Scratch()
	if err != nil {
		return err
	}
	if s.dir, err = scratch.Dir("session"); err != nil {
		return err
	}
	if err := s.openProxy(ctx); err != nil {
		return err
	}
	options, err := s.contextOptions(ctx)
	if err != nil {
		return err
	}
	if s.ctx, err = s.pool.Context(ctx, options); err != nil {
		return explainContext(err)
	}
	s.browser = "Chromium " + s.ctx.Version()
	s.ctx.SetDefaultTimeout(float64(callTimeout.Milliseconds()))
	if err := s.start(ctx); err != nil {
		return err
	}
	return s.watch()
}

// callTimeout bounds single calls of the driver.
const callTimeout = 30 * time.Second

// explainContext: what the browser does not take of the options is the input's fault.
func explainContext(err error) error {
	for sign, field := range map[string]string{"timezone": "timezone", "locale": "locale", "extraHTTPHeaders": "extraHeaders"} {
		if strings.Contains(strings.ToLower(err.Error()), strings.ToLower(sign)) {
			return workers.Permanent("input", fmt.Errorf("input.%s: %s", field, firstLine(err)))
		}
	}
	return err
}

// resolveSecrets makes the values of all references known to the masker before anything is written.
func (s *session) resolveSecrets(ctx context.Context) error {
	for _, secret := range s.in.Secrets {
		if secret.Ref == "" {
			continue
		}
		value, err := s.job.ResolveSecret(ctx, secret.Ref)
		if err != nil {
			return err
		}
		s.secrets[secret.Name] = value // nobody else looks yet
		s.mask.Declare(mask.Declared, secret.Name, value)
	}
	return nil
}

func (s *session) resolve(ctx context.Context, kind, name, ref string) (string, error) {
	if ref == "" {
		return "", nil
	}
	value, err := s.job.ResolveSecret(ctx, ref)
	if err == nil {
		s.mask.Declare(kind, name, value)
	}
	return value, err
}

// openProxy opens this session's way to the network.
func (s *session) openProxy(ctx context.Context) error {
	cfg, err := s.proxyConfig(ctx)
	if err != nil {
		return err
	}
	if s.proxy, err = s.Recorder.proxy.Open(cfg); err != nil {
		return workers.Permanent("input", err)
	}
	return nil
}

// proxyConfig is what a way to the network is to do, with the values of the secrets that it needs.
func (s *session) proxyConfig(ctx context.Context) (proxy.SessionConfig, error) {
	cfg := proxy.SessionConfig{Policy: s.cfg.Egress, IgnoreHTTPSErrors: s.in.IgnoreHTTPSErrors, SpoolDir: s.dir}
	here, err := url.Parse(s.in.URL)
	if err != nil {
		return cfg, workers.Permanent(CodeURL, withoutURL(err))
	}
	if err := s.cfg.Egress.CheckURL(here); err != nil {
		return cfg, workers.Permanent(proxy.CodeDenied, err)
	}
	if s.in.Proxy.Server != "" {
		password, err := s.resolve(ctx, mask.Password, "proxy", s.in.Proxy.PasswordRef)
		if err != nil {
			return cfg, err
		}
		if cfg.Upstream, err = url.Parse(s.in.Proxy.Server); err != nil {
			return cfg, workers.Permanent("input", errors.New("input.proxy.server: is no address"))
		}
		if s.in.Proxy.Username != "" {
			cfg.Upstream.User = url.UserPassword(s.in.Proxy.Username, password)
		}
	}
	if c := s.in.HTTPCredentials; c.Username != "" {
		password, err := s.resolve(ctx, mask.Auth, "basic", c.PasswordRef)
		if err != nil {
			return cfg, err
		}
		cfg.Credentials = &proxy.Credentials{Origin: here.Scheme + "://" + here.Host, Username: c.Username, Password: password}
	}
	cfg.ExtraHeaders = s.extraHeaders()
	return cfg, nil
}

// extraHeaders puts the values of secrets into their places.
func (s *session) extraHeaders() http.Header {
	h := http.Header{}
	for name, value := range s.in.ExtraHeaders {
		h.Set(name, secret.Expand(value, func(name string) string { return s.secrets[name] }))
	}
	if len(h) == 0 {
		return nil
	}
	return h
}

func (s *session) contextOptions(ctx context.Context) (playwright.BrowserNewContextOptions, error) {
	o := s.options(s.proxy.URL())
	state, err := s.profile(ctx)
	o.StorageState = state
	return o, err
}

// options are those of a context that looks as it was wished for, behind a proxy.
func (s *session) options(way string) playwright.BrowserNewContextOptions {
	l := s.look
	size := playwright.Size{Width: l.Viewport.Width, Height: l.Viewport.Height}
	o := playwright.BrowserNewContextOptions{
		Viewport: &size, Screen: &size, DeviceScaleFactor: &l.DeviceScaleFactor, IsMobile: &l.Mobile, HasTouch: &l.Touch,
		Proxy: &playwright.Proxy{Server: way}, AcceptDownloads: playwright.Bool(true),
	}
	if d, ok := device.Find(s.in.Device); ok && d.ScreenWidth > 0 {
		o.Screen = &playwright.Size{Width: d.ScreenWidth, Height: d.ScreenHeight}
	}
	text := func(dst **string, value string) {
		if value != "" {
			*dst = &value
		}
	}
	text(&o.UserAgent, l.UserAgent)
	text(&o.Locale, l.Locale)
	text(&o.TimezoneId, l.Timezone)
	if l.ColorScheme != "" {
		scheme := playwright.ColorScheme(l.ColorScheme)
		o.ColorScheme = &scheme
	}
	return o
}

// start writes the recording's first event.
func (s *session) start(ctx context.Context) error {
	state, err := s.cfg.Jobs.LoadRecording(ctx, s.job.ID())
	if errors.Is(err, recording.ErrNotFound) {
		state, err = recording.State{ID: s.job.ID(), Project: s.job.Project()}, nil
	}
	if err != nil {
		return err
	}
	started := recording.Started{
		Attempt: s.job.Attempt(), Name: s.mask.Text(s.in.name()), Folder: s.in.Folder, Mode: s.in.mode(), URL: s.mask.URL(s.in.URL),
		Viewport: s.look.Viewport, Browser: s.browser, Variables: s.in.variables(), Secrets: s.secretNames(),
		FromID: s.in.From.RecordingID, FromVersion: s.in.From.Version,
	}
	s.began = s.cfg.Now()
	state, err = s.cfg.Jobs.ApplyRecording(ctx, state, s.job.Caller(), s.began, holds(s.job), recording.Start{Started: started})
	if err != nil {
		return fmt.Errorf("begin the recording: %w", err)
	}
	s.scribe = newScribe(s.cfg.Jobs, s.job.Caller(), s.job.Hold(), state, s.cfg.Now, s.refused, s.fail)
	return nil
}

// refused: the recording itself does not take a step.
func (s *session) refused(err error) {
	var full *recording.RefusedError
	if errors.As(err, &full) && len(s.scribe.last().Steps) >= recording.MaxSteps {
		s.stop(fmt.Sprintf("it holds %d steps, the most that a recording may", recording.MaxSteps))
		return
	}
	s.note("a step was left out: %v", err)
}

func (s *session) secretNames() []string {
	var names []string
	for _, secret := range s.in.Secrets {
		names = append(names, secret.Name)
	}
	return names
}
