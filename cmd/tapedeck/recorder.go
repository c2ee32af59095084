package main

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"tapedeck/artifacts"
	"tapedeck/config"
	"tapedeck/domain/device"
	"tapedeck/domain/recording"
	"tapedeck/eventstore/jobs"
	"tapedeck/handlers"
	"tapedeck/handlers/viewer"
	"tapedeck/proxy/egress"
	"tapedeck/workers/recorder"
	"tapedeck/workers/recorder/browser"
	"tapedeck/workers/recorder/profile"
)

func places(cfg config.Config) browser.Places {
	return browser.Places{Driver: cfg.DriverPath, Chromium: cfg.ChromiumPath, Browsers: cfg.BrowsersPath, DataDir: cfg.DataDir}
}

func browserConfig(cfg config.Config) browser.Config {
	return browser.Config{Places: places(cfg), Headless: cfg.RecorderHeadless, ScratchBase: cfg.RecorderTmpDir}
}

// newRecorder makes what records; nothing is started before the first recording.
func (n *node) newRecorder() (*recorder.Recorder, error) {
	logins, err := openProfiles(n.cfg)
	if err != nil {
		return nil, err
	}
	return recorder.New(recorder.Config{
		Browser: browserConfig(n.cfg), Jobs: jobs.New(n.store, jobs.Config{ClaimBy: n.cfg.ClaimBy}), Files: n.files,
		Egress: n.egressPolicy(), Profiles: logins, Concurrency: n.cfg.RecorderConcurrency, TimeLimit: n.cfg.RecorderTimeLimit, Logger: n.log,
	})
}

func openProfiles(cfg config.Config) (*profile.Store, error) {
	return profile.Open(cmp.Or(cfg.ProfileDir, filepath.Join(cfg.DataDir, "profiles")), cfg.ProfileKey)
}

// apiProfiles shows the API what may be shown of login profiles.
type apiProfiles struct{ logins *profile.Store }

// List implements handlers.Profiles.
func (a apiProfiles) List(project string) ([]handlers.Profile, error) {
	infos, err := a.logins.List(project)
	out := make([]handlers.Profile, len(infos))
	for i, info := range infos {
		out[i] = handlers.Profile(info)
	}
	return out, err
}

// Remove implements handlers.Profiles.
func (a apiProfiles) Remove(project, name string) error {
	err := a.logins.Remove(project, name)
	if errors.Is(err, profile.ErrNotFound) || errors.Is(err, profile.ErrName) {
		return handlers.ErrNoProfile
	}
	return err
}

// egressPolicy says where recorded pages may go: never to this server itself, or a page could drive it. The ports that
// are set belong to it also where the API or the log is another process's; bound ones are added as they are known.
func (n *node) egressPolicy() egress.Policy {
	p := egress.Policy{
		AllowLoopback: n.cfg.RecorderAllowLoopback, AllowPrivate: n.cfg.RecorderAllowPrivate, AllowHosts: n.cfg.RecorderAllowHosts,
		Own: &n.own,
	}
	for _, port := range []int{n.cfg.APIPort, n.cfg.TracePort, portOf(n.cfg.StageAddr), portOf(n.cfg.WorkerAddr), brokerPort(n.cfg.BrokerURL)} {
		if port > 0 {
			p.DenyAddrs = append(p.DenyAddrs, netip.AddrPortFrom(netip.IPv4Unspecified(), uint16(port)))
		}
	}
	return p
}

// closed keeps recorded pages away from where this process listens now.
func (n *node) closed(addr string) {
	if err := n.own.Add(addr); err != nil {
		n.log.Error("recorded pages may reach this server itself", "error", err) // a listener always has an address
	}
}

func portOf(addr string) int {
	_, text, _ := net.SplitHostPort(addr)
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return 0
	}
	return int(port)
}

// brokerPort is closed on this machine alone: a broker elsewhere is no place of this server's.
func brokerPort(broker string) int {
	u, err := url.Parse(broker)
	if err != nil || u.Host == "" {
		return 0
	}
	if u.Port() == "" {
		return redisPort
	}
	return portOf(u.Host)
}

const redisPort = 6379

// startRecorder lets recordings be made here, and says what they may reach.
func (n *node) startRecorder(ctx context.Context, rec *recorder.Recorder) (handlers.Check, error) {
	if err := rec.Start(ctx); err != nil {
		return handlers.Check{}, err
	}
	n.onStop(func(context.Context) error { rec.Stop(); return nil })
	if n.cfg.RecorderAllowLoopback {
		n.log.Info("recorded pages may reach this machine's loopback addresses; RECORDER_ALLOW_LOOPBACK=0 forbids it")
	}
	var mu sync.Mutex
	var asked time.Time
	var last error
	return handlers.Check{Name: "recorder", Ask: func(ctx context.Context) error {
		mu.Lock()
		defer mu.Unlock()
		if time.Since(asked) > askRecorderEvery { // it runs programs
			last, asked = browser.Missing(rec.Check(ctx)), time.Now()
		}
		return last
	}}, nil
}

// askRecorderEvery is how long an answer about what is installed is good.
const askRecorderEvery = 30 * time.Second

// apiRecorder tells the API of what records here: the two packages do not know each other.
type apiRecorder struct {
	// rec records in this process; nil when workers elsewhere do.
	rec    *recorder.Recorder
	repo   *jobs.Repository
	viewer *viewer.Server
}

// Join implements handlers.Recorder.
func (a apiRecorder) Join(ctx context.Context, sessionID, who string) (handlers.Seat, error) {
	return a.join(ctx, sessionID, who)
}

// Devices implements handlers.Recorder.
func (a apiRecorder) Devices(context.Context) ([]handlers.Device, error) {
	var out []handlers.Device
	for _, d := range device.All() {
		out = append(out, handlers.Device{
			Name: d.Name, UserAgent: d.UserAgent, Viewport: recording.Size{Width: d.Width, Height: d.Height},
			DeviceScaleFactor: d.DeviceScaleFactor, IsMobile: d.Mobile, HasTouch: d.Touch,
		})
	}
	return out, nil
}

// TraceURL implements handlers.Recorder.
func (a apiRecorder) TraceURL(_ context.Context, trace artifacts.Key, host string) (string, error) {
	return a.viewer.URL(trace, host)
}

// startViewer serves traces on an origin of its own: they hold pages of strangers.
func (n *node) startViewer(ctx context.Context) (*viewer.Server, error) {
	v := viewer.New(viewer.Config{
		Addr: net.JoinHostPort(n.cfg.APIHost, strconv.Itoa(n.cfg.TracePort)), Artifacts: n.files,
		AllowedHosts: n.cfg.AllowedHosts, Logger: n.log,
		Dir: func() (string, error) {
			d, err := places(n.cfg).FindDriver()
			return filepath.Join(d.Dir, "package", "lib", "vite", "traceViewer"), err
		},
	})
	if err := v.Start(ctx); err != nil {
		return nil, err
	}
	n.onStop(v.Stop)
	n.closed(v.Addr())
	return v, nil
}

// recorder says what recording needs and does not find: the rest works without it.
func (d *diagnosis) recorder(ctx context.Context, cfg config.Config) {
	for _, f := range browserConfig(cfg).Check(ctx) {
		if f.Err != nil {
			d.say("BAD", f.What, f.Err.Error())
		} else if f.Good != "" {
			d.say("ok", f.What, f.Good)
		}
		if f.Note != "" {
			d.say("note", f.What, f.Note)
		}
	}
	if cfg.RecorderAllowLoopback {
		d.say("note", "recorder", "recorded pages may reach this machine's loopback addresses")
	}
}
