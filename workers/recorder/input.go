package recorder

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/net/http/httpguts"
	"golang.org/x/text/language"

	"tapedeck/domain/device"
	"tapedeck/domain/job"
	"tapedeck/domain/recording"
	"tapedeck/domain/recording/chromerecorder"
	"tapedeck/domain/secret"
)

// Modes of a session.
const (
	Interactive = "interactive"
	Script      = "script"
)

// Input is what may be asked for. It never holds the value of a secret, only references.
type Input struct {
	URL     string `json:"url" title:"Address" doc:"Where the recording begins." required:"true" minlen:"1" maxlen:"8192"`
	Name    string `json:"name" title:"Name" doc:"Empty is the address's host." maxlen:"200"`
	Project string `json:"project" title:"Project" doc:"Said when the job is submitted; it has no effect here." maxlen:"128"`
	Folder  string `json:"folder" title:"Folder" doc:"Where in the library, with slashes." maxlen:"400"`
	Mode    string `json:"mode" title:"Mode" doc:"interactive: a person drives; script: the steps are run and it ends." enum:"interactive,script"`

	Steps           []jsontext.Value `json:"steps" title:"Steps" doc:"Steps of the recording format, run before a person goes on." maxlen:"2000"`
	ChromeRecording jsontext.Value   `json:"chromeRecording" title:"Chrome recording" doc:"A recording of Chrome DevTools' Recorder, instead of steps."`
	From            From             `json:"from" title:"Recording" doc:"A recording whose steps are run first, instead of steps."`

	Device            string   `json:"device" title:"Device" doc:"A device's name, for example Pixel 7." maxlen:"100"`
	Viewport          Viewport `json:"viewport" title:"Viewport"`
	DeviceScaleFactor float64  `json:"deviceScaleFactor" title:"Scale factor" doc:"Device pixels for a CSS pixel; 0 is the device's, or 1." min:"0" max:"5"`
	Mobile            bool     `json:"mobile" title:"Mobile"`
	Touch             bool     `json:"touch" title:"Touch"`
	Locale            string   `json:"locale" title:"Locale" doc:"For example de-CH." maxlen:"64"`
	Timezone          string   `json:"timezone" title:"Time zone" doc:"For example Europe/Zurich." maxlen:"64"`
	UserAgent         string   `json:"userAgent" title:"User agent" maxlen:"1024"`
	ColorScheme       string   `json:"colorScheme" title:"Colours" enum:"light,dark,no-preference"`

	ExtraHeaders      map[string]string `json:"extraHeaders" title:"Headers" doc:"Sent with every request. Secret ones hold ${secret:NAME}."`
	HTTPCredentials   Credentials       `json:"httpCredentials" title:"HTTP credentials" doc:"For HTTP authentication of the address's origin."`
	Proxy             UserProxy         `json:"proxy" title:"Proxy" doc:"A proxy behind ours."`
	IgnoreHTTPSErrors bool              `json:"ignoreHttpsErrors" title:"Ignore HTTPS errors"`
	SlowMoMS          int               `json:"slowMoMs" title:"Slow motion (ms)" doc:"A pause after each step of a script." min:"0" max:"60000"`
	TimeLimitMS       int               `json:"timeLimitMs" title:"Time limit (ms)" doc:"0 is the server's." min:"0" max:"86400000"`
	Profile           string            `json:"profile" title:"Login profile" doc:"The name of a login to begin with." maxlen:"128"`
	SaveProfile       string            `json:"saveProfile" title:"Keep the login as" doc:"The name of a login profile that is kept of this session's cookies and storage when it ends in good order." maxlen:"64"`
	Secrets           []Secret          `json:"secrets" title:"Secrets" doc:"Names that steps refer to, and where their values are." maxlen:"100"`
	Variables         []Variable        `json:"variables" title:"Variables" maxlen:"200"`
	Capture           Capture           `json:"capture" title:"Keep"`
}

// From names a recording whose steps are run first.
type From struct {
	RecordingID string `json:"recordingId" title:"Recording" maxlen:"128"`
	Version     uint64 `json:"version" title:"Version" doc:"0 is the newest."`
	Steps       int    `json:"steps" title:"Steps" doc:"How many of its steps; 0 is all." min:"0" max:"2000"`
}

// Viewport is a size in CSS pixels; 0 is the device's, or 1280 × 800.
type Viewport struct {
	Width  int `json:"width" title:"Width" min:"0" max:"3840"`
	Height int `json:"height" title:"Height" min:"0" max:"2400"`
}

// Credentials answer HTTP authentication.
type Credentials struct {
	Username    string `json:"username" title:"User" maxlen:"256"`
	PasswordRef string `json:"passwordRef" title:"Password" doc:"A secret's reference." maxlen:"128"`
}

// UserProxy is a proxy that the user wants traffic to go through.
type UserProxy struct {
	Server      string `json:"server" title:"Server" doc:"http://, https:// or socks5://host:port" maxlen:"1024"`
	Username    string `json:"username" title:"User" maxlen:"256"`
	PasswordRef string `json:"passwordRef" title:"Password" doc:"A secret's reference." maxlen:"128"`
	Bypass      string `json:"bypass" title:"Except for" doc:"Hosts that are reached without it, with commas." maxlen:"4096"`
}

// Secret is a name for a value that is never written.
type Secret struct {
	Name string `json:"name" title:"Name" required:"true" maxlen:"64"`
	// Ref is where its value is; without one only the name is declared.
	Ref string `json:"ref" title:"Reference" maxlen:"128"`
}

// Variable is a value that differs from run to run.
type Variable struct {
	Name   string   `json:"name" title:"Name" required:"true"`
	Value  string   `json:"value" title:"Value" doc:"The value of this run; empty keeps the recorded one." maxlen:"65536"`
	Rows   []string `json:"rows" title:"Rows" maxlen:"1000"`
	Unique bool     `json:"unique" title:"Unique"`
	Note   string   `json:"note" title:"Note" maxlen:"1000"`
}

// Capture says what is kept.
type Capture struct {
	Video       bool `json:"video" title:"Video and film strip"`
	Trace       bool `json:"trace" title:"Trace"`
	HAR         bool `json:"har" title:"Network"`
	Screenshots bool `json:"screenshots" title:"Screenshots"`
	DOM         bool `json:"dom" title:"Documents"`
	Console     bool `json:"console" title:"Console"`
}

func defaults() Input {
	return Input{
		Mode: Interactive, ColorScheme: "no-preference",
		Capture: Capture{Video: true, Trace: true, HAR: true, Screenshots: true, DOM: true, Console: true},
	}
}

// Check implements workers.Checker: what the schema cannot say.
func (in Input) Check() []job.Fault {
	c := &faults{}
	c.add("url", checkURL(in.URL))
	c.steps(in)
	c.look(in)
	c.network(in)
	c.names(in)
	return c.list
}

type faults struct{ list []job.Fault }

func (c *faults) add(path string, err error) {
	if err != nil {
		c.list = append(c.list, job.Fault{Path: path, Message: err.Error()})
	}
}

func (c *faults) want(ok bool, path, format string, args ...any) {
	if !ok {
		c.add(path, fmt.Errorf(format, args...))
	}
}

func checkURL(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return fmt.Errorf("is no address: %w", withoutURL(err))
	case u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("want http:// or https://")
	case u.Hostname() == "":
		return fmt.Errorf("has no host")
	case u.User != nil:
		return fmt.Errorf("holds credentials, which would be written down: use httpCredentials with a passwordRef")
	}
	return nil
}

// withoutURL keeps an address that may hold a secret out of the message.
func withoutURL(err error) error {
	if own, ok := err.(*url.Error); ok { //nolint:errorlint // url.Parse's own type
		return own.Err
	}
	return err
}

func (c *faults) steps(in Input) {
	sources := 0
	for _, given := range []bool{len(in.Steps) > 0, len(in.ChromeRecording) > 0, in.From.RecordingID != ""} {
		if given {
			sources++
		}
	}
	c.want(sources <= 1, "steps", "steps, chromeRecording and from exclude each other")
	c.want(in.Mode != Script || sources == 1, "steps", "a script needs steps, chromeRecording or from")
	c.want(in.From.RecordingID != "" || in.From == (From{}), "from.recordingId", "is needed")
	if len(in.ChromeRecording) > 0 {
		_, _, err := chromerecorder.Import(in.ChromeRecording)
		c.add("chromeRecording", err)
	}
	steps, list := decodeSteps(in.Steps)
	c.list = append(c.list, list...)
	c.clear("steps", steps)
	if len(in.ChromeRecording) > 0 {
		d, _, err := chromerecorder.Import(in.ChromeRecording)
		c.add("chromeRecording", err)
		c.clear("chromeRecording.steps", d.Steps)
	}
	seen := map[string]bool{}
	for i, s := range steps {
		c.want(!seen[s.ID], fmt.Sprintf("steps.%d.id", i), "is there twice")
		seen[s.ID] = true
	}
}

// clear refuses passwords: what is submitted stands in the log.
func (c *faults) clear(path string, steps []recording.Step) {
	for i, s := range steps {
		name, yes := s.TypesSecret()
		c.want(!yes, fmt.Sprintf("%s.%d.value", path, i),
			"would be written down: let the value be {\"secret\": %q} and name that, with a ref, in secrets (an import of the recording does the first)", name)
	}
}

// decodeSteps reads steps strictly. A step without an id gets one.
func decodeSteps(raw []jsontext.Value) (steps []recording.Step, list []job.Fault) {
	for i, value := range raw {
		var s recording.Step
		path := fmt.Sprintf("steps.%d", i)
		if err := json.Unmarshal(value, &s, json.RejectUnknownMembers(true)); err != nil {
			list = append(list, job.Fault{Path: path, Message: brief(err)})
			continue
		}
		if s.ID == "" {
			s.ID = fmt.Sprintf("s%d", i+1)
		}
		for _, f := range s.Check() {
			list = append(list, job.Fault{Path: path + "." + strings.ReplaceAll(f.Path, "/", "."), Message: f.Message})
		}
		steps = append(steps, s)
	}
	return steps, list
}

func brief(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

func (c *faults) look(in Input) {
	if in.Device != "" {
		_, ok := device.Find(in.Device)
		c.want(ok, "device", "there is no device %q; GET /api/recorder/devices lists them", in.Device)
	}
	c.want((in.Viewport.Width == 0) == (in.Viewport.Height == 0), "viewport", "width and height are needed")
	c.want(in.Viewport.Width == 0 || in.Viewport.Width >= 64 && in.Viewport.Height >= 64, "viewport", "at least 64 × 64")
	if in.Locale != "" {
		_, err := language.Parse(in.Locale)
		c.want(err == nil, "locale", "is no language tag such as de-CH")
	}
	c.want(in.Timezone == "" || timezone.MatchString(in.Timezone), "timezone", "is no zone such as Europe/Zurich")
	c.want(httpguts.ValidHeaderFieldValue(in.UserAgent), "userAgent", "cannot be a header's value")
}

// timezone is how zones are named; whether there is one the browser says.
var timezone = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$`)

func (c *faults) network(in Input) {
	c.list = append(c.list, secret.CheckHeaders("extraHeaders", in.ExtraHeaders, in.secrets())...)
	c.want((in.HTTPCredentials.Username == "") == (in.HTTPCredentials.PasswordRef == ""), "httpCredentials", "username and passwordRef are needed")
	c.proxy(in.Proxy)
}

func (c *faults) proxy(p UserProxy) {
	if p.Server == "" {
		c.want(p == (UserProxy{}), "proxy.server", "is needed")
		return
	}
	u, err := url.Parse(p.Server)
	c.want(err == nil && slices.Contains([]string{"http", "https", "socks5", "socks5h"}, u.Scheme) && u.Hostname() != "" && u.User == nil,
		"proxy.server", "want http://, https:// or socks5://host:port; the user goes into username and passwordRef")
	c.want(p.Username != "" || p.PasswordRef == "", "proxy.username", "is needed with a passwordRef")
}

func (c *faults) names(in Input) {
	for path, name := range map[string]string{"profile": in.Profile, "saveProfile": in.SaveProfile} {
		c.want(name == "" || job.ValidName(name), path, "want 1–64 of a–z, 0–9, '.', '_', '-'")
	}
	c.list = append(c.list, secret.CheckNames("secrets", in.secrets())...)
	start := recording.Started{Attempt: 1, Name: in.name(), Folder: in.Folder, Variables: in.variables()}
	if _, err := recording.Decide(recording.State{}, recording.Start{Started: start}); err != nil {
		var invalid *job.InvalidError
		if asInvalid(err, &invalid) {
			for _, f := range invalid.Faults {
				c.list = append(c.list, job.Fault{Path: strings.ReplaceAll(f.Path, "/", "."), Message: f.Message})
			}
		}
	}
}

func (in Input) secrets() []secret.Ref {
	refs := make([]secret.Ref, len(in.Secrets))
	for i, s := range in.Secrets {
		refs[i] = secret.Ref(s)
	}
	return refs
}

// name is the recording's name: the address's host unless it was given.
func (in Input) name() string {
	if strings.TrimSpace(in.Name) != "" {
		return in.Name
	}
	if u, err := url.Parse(in.URL); err == nil && u.Host != "" {
		return u.Host
	}
	return "recording"
}

func (in Input) variables() []recording.Variable {
	var out []recording.Variable
	for _, v := range in.Variables {
		out = append(out, recording.Variable{Name: v.Name, Rows: v.Rows, Unique: v.Unique, Note: v.Note})
	}
	return out
}

// mode is what the recording's events say.
func (in Input) mode() string {
	if in.Mode == Interactive && (len(in.Steps) > 0 || len(in.ChromeRecording) > 0 || in.From.RecordingID != "") {
		return "mixed"
	}
	return in.Mode
}
