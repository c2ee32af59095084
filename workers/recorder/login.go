package recorder

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/playwright-community/playwright-go"

	"tapedeck/domain/recording"
	"tapedeck/proxy"
	"tapedeck/workers"
	"tapedeck/workers/recorder/browser"
	"tapedeck/workers/recorder/mask"
	"tapedeck/workers/recorder/play"
	"tapedeck/workers/recorder/profile"
)

// Profiles keeps logins. *profile.Store implements it.
type Profiles interface {
	// Load returns a login with its storage state, whose values are secrets. It fails with profile.ErrNotFound,
	// profile.ErrNoKey or profile.ErrKey.
	Load(project, name string) (profile.Info, []byte, error)
	// Save keeps a login under its name. It fails with profile.ErrNoKey.
	Save(info profile.Info, state []byte, now time.Time) (profile.Info, error)
}

// profile is the storage state of the login that the recording begins with. Its cookies and tokens are secrets.
func (s *session) profile(ctx context.Context) (*playwright.OptionalStorageState, error) {
	if s.in.Profile == "" {
		return nil, nil //nolint:nilnil // no profile is no state
	}
	raw, err := s.login(ctx)
	if err != nil {
		return nil, s.profileFault(err)
	}
	state, err := storageState(raw)
	if err != nil {
		return nil, s.profileFault(err)
	}
	for _, c := range state.Cookies {
		s.mask.Declare(mask.Cookie, c.Name, c.Value)
	}
	_ = s.mask.Body("application/json", raw) // learns the tokens in it
	return state, nil
}

func (s *session) profileFault(err error) error {
	var own *workers.Error
	if errors.As(err, &own) {
		return err
	}
	return workers.Permanent(CodeProfile, fmt.Errorf("login profile %q: %w", s.in.Profile, err))
}

func storageState(raw []byte) (*playwright.OptionalStorageState, error) {
	var state playwright.OptionalStorageState
	if err := json.Unmarshal(raw, &state); err != nil {
		return nil, errors.New("its storage state cannot be read")
	}
	return &state, nil
}

// login loads the profile. When its time is over, or the address leads back to where the login begins, it signs in
// again by playing the login's recording, and keeps what comes of it.
func (s *session) login(ctx context.Context) ([]byte, error) {
	if s.cfg.Profiles == nil {
		return nil, errors.New("this worker has no login profiles")
	}
	info, state, err := s.cfg.Profiles.Load(s.job.Project(), s.in.Profile)
	if err != nil {
		return nil, err
	}
	if !info.Expired(s.cfg.Now()) {
		out, err := s.signedOut(ctx, info, state)
		if err != nil || !out {
			return state, err
		}
	}
	s.job.Progress(-1, "the login is over: signing in again")
	state, err = s.signIn(ctx, info)
	if err != nil {
		return nil, fmt.Errorf("it is signed out, and signing in again failed: %w", err)
	}
	if _, err := s.cfg.Profiles.Save(info, state, s.cfg.Now()); err != nil {
		return nil, err
	}
	s.note("the login profile %q was signed out and has been signed in again", info.Name)
	return state, nil
}

// signedOut opens the address with the login and looks whether it leads to where the login begins.
func (s *session) signedOut(ctx context.Context, info profile.Info, raw []byte) (out bool, err error) {
	if samePlace(s.in.URL, info.URL) {
		return false, nil // the login's own page says nothing
	}
	state, err := storageState(raw)
	if err != nil {
		return false, err
	}
	err = s.aside(ctx, state, func(c *browser.Context) error {
		page, err := c.NewPage()
		if err != nil {
			return err
		}
		if _, err := page.Goto(s.in.URL, playwright.PageGotoOptions{Timeout: milliseconds(loginPatience)}); err != nil {
			return nil // the recording itself says what is wrong with the address
		}
		out = samePlace(page.URL(), info.URL)
		return nil
	})
	return out, err
}

// samePlace compares addresses without query and fragment.
func samePlace(a, b string) bool {
	u, err1 := url.Parse(a)
	v, err2 := url.Parse(b)
	return err1 == nil && err2 == nil && u.Host == v.Host && strings.TrimSuffix(u.Path, "/") == strings.TrimSuffix(v.Path, "/")
}

// loginPatience bounds what is done for a login beside the recording.
const loginPatience = 30 * time.Second

// signIn plays the recording of a login in a context of its own and returns the storage state afterwards.
func (s *session) signIn(ctx context.Context, info profile.Info) (state []byte, err error) {
	login, err := s.cfg.Jobs.LoadRecording(ctx, info.RecordingID)
	if errors.Is(err, recording.ErrNotFound) {
		return nil, errors.New("its recording is gone; record the login again")
	}
	if err != nil {
		return nil, err
	}
	secrets, err := s.loginSecrets(ctx, info.RecordingID)
	if err != nil {
		return nil, err
	}
	steps := slices.Clone(login.Steps)
	if len(steps) == 0 || steps[0].Type != recording.Navigate {
		steps = slices.Insert(steps, 0, recording.Step{ID: "start", Type: recording.Navigate, URL: info.URL, Page: "page"})
	}
	err = s.aside(ctx, nil, func(c *browser.Context) error {
		player := play.New(c, play.Options{Secrets: func(name string) (string, bool) { v, ok := secrets[name]; return v, ok }})
		defer player.Close()
		if err := player.RunAll(ctx, steps, func(recording.Step, play.Result) {}); err != nil {
			return errors.New(s.mask.Text(firstLine(err)))
		}
		state, err = takeState(c)
		return err
	})
	return state, err
}

// loginSecrets resolves what the login's session named, and what this one names: that wins.
func (s *session) loginSecrets(ctx context.Context, recordingID string) (map[string]string, error) {
	out := map[string]string{}
	job, err := s.cfg.Jobs.Load(ctx, recordingID)
	if err != nil {
		return nil, err
	}
	var in Input
	if err := json.Unmarshal(job.Input, &in); err != nil {
		return nil, errors.New("its job cannot be read")
	}
	for _, secret := range append(in.Secrets, s.in.Secrets...) {
		if secret.Ref == "" {
			continue
		}
		if out[secret.Name], err = s.job.ResolveSecret(ctx, secret.Ref); err != nil {
			return nil, err
		}
		s.mask.Declare(mask.Declared, secret.Name, out[secret.Name])
	}
	return out, nil
}

// aside runs something in a browser context that is no part of the recording, with a way to the network of its own.
func (s *session) aside(ctx context.Context, state *playwright.OptionalStorageState, do func(*browser.Context) error) error {
	cfg, err := s.proxyConfig(ctx)
	if err != nil {
		return err
	}
	way, err := s.Recorder.proxy.Open(cfg)
	if err != nil {
		return err
	}
	defer closeWay(way)
	options := s.options(way.URL())
	options.StorageState = state
	c, err := s.pool.Context(ctx, options)
	if err != nil {
		return explainContext(err)
	}
	defer func() { _ = c.Close() }()
	c.SetDefaultTimeout(float64(loginPatience.Milliseconds()))
	_, err = call(ctx, func() (struct{}, error) { return struct{}{}, do(c) })
	return err
}

func closeWay(way *proxy.Session) {
	way.Stop()
	_ = way.Close()
}

// saveLogin keeps the session's cookies and storage as a profile, if it was asked for.
func (s *session) saveLogin(ctx context.Context) {
	if s.in.SaveProfile == "" {
		return
	}
	err := errors.New("this worker has no login profiles")
	if s.cfg.Profiles != nil {
		var state []byte
		if state, err = call(ctx, func() ([]byte, error) { return takeState(s.ctx) }); err == nil {
			_, err = s.cfg.Profiles.Save(profile.Info{
				Project: s.job.Project(), Name: s.in.SaveProfile, RecordingID: s.job.ID(), URL: s.mask.URL(s.in.URL),
			}, state, s.cfg.Now())
		}
	}
	if err != nil {
		s.note("the login was not kept as profile %q: %s", s.in.SaveProfile, firstLine(err))
		return
	}
	s.note("the login was kept as profile %q", s.in.SaveProfile)
}

func takeState(c playwright.BrowserContext) ([]byte, error) {
	state, err := c.StorageState()
	if err != nil {
		return nil, err
	}
	return json.Marshal(state)
}

func milliseconds(d time.Duration) *float64 { return playwright.Float(float64(d.Milliseconds())) }
