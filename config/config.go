// Package config reads the settings: flags, then environment, then a YAML file, then defaults; the
// first that says something wins. The names of the system that Tapedeck replaces are honoured.
package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Config is every setting of the server processes. In the file the keys are those of the koanf tags.
type Config struct {
	// APIHost is the address to listen on. Anything but loopback makes the server reachable by
	// others and needs an APIToken: who reaches it drives a browser. Defaults to 127.0.0.1.
	APIHost string `koanf:"api-host" env:"API_HOST" usage:"address to listen on; anything but loopback needs API_TOKEN"`
	// APIPort is the port to listen on; 0 takes a free one. Defaults to 8000.
	APIPort int `koanf:"api-port" env:"API_PORT" usage:"port to listen on, 0 for a free one"`
	// APIToken is asked of everybody who uses the API or the page: at least 16 characters. Empty asks nobody, which
	// is allowed on loopback only. Defaults to empty.
	APIToken string `koanf:"api-token" env:"API_TOKEN" usage:"token that the page and clients must show; at least 16 characters" secret:"true"`
	// BrokerURL names the log: redis://, rediss:// or unix:// for Redis Streams; empty is the embedded
	// SQLite log in DataDir, exclusive to one process. Defaults to empty.
	BrokerURL string `koanf:"broker-url" env:"BROKER_URL,CELERY_BROKER_URL" usage:"redis://… for several processes; empty for the embedded log" secret:"true"`
	// DataDir holds the embedded log, the read models and, by default, the artefacts. Defaults to ./data.
	DataDir string `koanf:"data-dir" env:"DATA_DIR" usage:"folder of the embedded log, read models and artefacts"`
	// ArtifactsURL is where artefacts are kept: a folder or a file:// URL. Defaults to DataDir/artifacts.
	ArtifactsURL string `koanf:"artifacts-url" env:"ARTIFACTS_URL,RECORDER_OUTPUT_DIR" usage:"folder or file:// URL of the artefacts"`
	// AllowedHosts are the Host headers that are served besides those of the listen address and
	// localhost. Defaults to none.
	AllowedHosts []string `koanf:"allowed-hosts" env:"ALLOWED_HOSTS" usage:"further Host headers to serve"`
	// AllowedOrigins are the browser origins besides the server's own that may call it. Defaults to none.
	AllowedOrigins []string `koanf:"allowed-origins" env:"ALLOWED_ORIGINS" usage:"further origins whose pages may call the API"`
	// BodyLimit bounds a request body in bytes. Defaults to 4 MiB.
	BodyLimit int `koanf:"body-limit" env:"BODY_LIMIT" usage:"bytes of a request body at most"`
	// Eager makes `tapedeck api` run jobs itself, as `serve` does. Defaults to false.
	Eager bool `koanf:"eager" env:"CELERY_TASK_ALWAYS_EAGER" usage:"run jobs in the API process too"`
	// Queues are the queues that workers read; empty is every queue of the kinds they know. Defaults
	// to empty.
	Queues []string `koanf:"queues" env:"QUEUES" usage:"queues to read; all when empty"`
	// Concurrency is how many jobs of one queue a process runs at a time. Defaults to 32.
	Concurrency int `koanf:"concurrency" env:"WORKER_CONCURRENCY" usage:"jobs of one queue at a time in one process"`
	// KindConcurrency bounds single kinds beside that, each as kind=jobs. Defaults to none.
	KindConcurrency []string `koanf:"kind-concurrency" env:"KIND_CONCURRENCY" usage:"bounds of single kinds beside concurrency, as kind=jobs"`
	// WorkerName names the process in the registry and on the tapes, and for the queues: what a name
	// took and never settled goes to the same name at once. Workers of one host should have names of
	// their own. Defaults to the host's name.
	WorkerName string `koanf:"worker-name" env:"WORKER_NAME" usage:"name of this worker"`
	// WorkerAddr is where `tapedeck worker` answers /healthz, /readyz and /metrics. The other commands
	// answer them on the API's address. Defaults to empty: nowhere.
	WorkerAddr string `koanf:"worker-addr" env:"WORKER_ADDR" usage:"host:port for a worker's /healthz, /readyz and /metrics; empty for none"`
	// OutputBytes bounds the log lines of one attempt; what is over it is dropped, counted and marked.
	// Defaults to 16 MiB.
	OutputBytes int `koanf:"output-bytes" env:"OUTPUT_BYTES" usage:"bytes of log that one attempt may write"`
	// OutputLines bounds them by number. Defaults to 200000.
	OutputLines int `koanf:"output-lines" env:"OUTPUT_LINES" usage:"lines of log that one attempt may write"`
	// ResultBytes bounds a result as JSON; a larger one fails the job. Defaults to 1 MiB.
	ResultBytes int `koanf:"result-bytes" env:"RESULT_BYTES" usage:"bytes of a job's result at most"`
	// ArtifactCount bounds the files that one attempt may store. Defaults to 5000.
	ArtifactCount int `koanf:"artifact-count" env:"ARTIFACT_COUNT" usage:"artefacts that one attempt may store"`
	// ArtifactBytes bounds one of them. Defaults to 1 GiB.
	ArtifactBytes int `koanf:"artifact-bytes" env:"ARTIFACT_BYTES" usage:"bytes of one artefact at most"`
	// StageAddr is where a worker without the API lets APIs join the browser sessions that it runs. Its address and a
	// random token are told in the log's registry; set it to an address that the APIs' machines reach. Defaults to
	// 127.0.0.1:0, for APIs on this machine.
	StageAddr string `koanf:"stage-addr" env:"STAGE_ADDR" usage:"where APIs join the live sessions of a worker without the API"`
	// Lease is how long a silent worker keeps a job. Defaults to 15s.
	Lease time.Duration `koanf:"lease" env:"LEASE" usage:"how long a silent worker keeps a job"`
	// ClaimBy is how long a queued job may be unclaimed before its queue entry is looked for.
	// Defaults to 1m.
	ClaimBy time.Duration `koanf:"claim-by" env:"CLAIM_BY" usage:"when to look for a lost queue entry"`
	// DrainTimeout is how long a process that was asked to end lets jobs finish before it hands them
	// back. Defaults to 20s.
	DrainTimeout time.Duration `koanf:"drain-timeout" env:"DRAIN_TIMEOUT" usage:"how long jobs may finish on shutdown"`
	// KillAfter is how long a job may ignore a cancel before it is abandoned. Defaults to 30s.
	KillAfter time.Duration `koanf:"kill-after" env:"KILL_AFTER" usage:"how long a job may ignore a cancel"`
	// RecorderHeadless runs the recorder's browser without a window; false needs a display. Defaults to true.
	RecorderHeadless bool `koanf:"recorder-headless" env:"RECORDER_HEADLESS" usage:"record without a window; 0 needs DISPLAY"`
	// RecorderConcurrency is how many recordings one worker makes at a time. Defaults to 4.
	RecorderConcurrency int `koanf:"recorder-concurrency" env:"RECORDER_CONCURRENCY" usage:"recordings at a time in one process"`
	// RecorderTimeLimit bounds a recording that asks for no other. Defaults to 2h.
	RecorderTimeLimit time.Duration `koanf:"recorder-time-limit" env:"RECORDER_TIME_LIMIT" usage:"how long a recording may take unless it asks for less or more"`
	// VerifyKitPath is the folder whose node_modules holds @playwright/test. Defaults to the usual places: see
	// scripts/install-test-kit.
	VerifyKitPath string `koanf:"verify-kit-path" env:"VERIFY_KIT_PATH" usage:"folder of the test kit (npm @playwright/test)"`
	// VerifyUnconfined runs test projects without a sandbox. Defaults to false.
	VerifyUnconfined bool `koanf:"verify-unconfined" env:"VERIFY_UNCONFINED" usage:"run test projects without bubblewrap: whoever submits one can do what this server can"`
	// RecorderTmpDir is where temporary files of recordings lie, which hold what people type: a folder of
	// this process's own is made in it. Defaults to a private folder on /dev/shm, if that is in memory.
	RecorderTmpDir string `koanf:"recorder-tmp-dir" env:"RECORDER_TMP_DIR" usage:"folder on a tmpfs for temporary files of recordings"`
	// RecorderAllowLoopback lets recorded pages reach this machine. Defaults to false; `make run` sets it.
	RecorderAllowLoopback bool `koanf:"recorder-allow-loopback" env:"RECORDER_ALLOW_LOOPBACK" usage:"recorded pages may reach this machine's loopback addresses"`
	// RecorderAllowPrivate lets recorded pages reach private networks. Defaults to false.
	RecorderAllowPrivate bool `koanf:"recorder-allow-private" env:"RECORDER_ALLOW_PRIVATE" usage:"recorded pages may reach private networks"`
	// RecorderAllowHosts are names, addresses and prefixes that recorded pages may reach although they are
	// private or this machine. Defaults to none.
	RecorderAllowHosts []string `koanf:"recorder-allow-hosts" env:"RECORDER_ALLOW_HOSTS" usage:"hosts that recorded pages may reach although they are private"`
	// ProfileKey encrypts login profiles: at least 16 bytes, better 32 random ones. Empty keeps none. Defaults to empty.
	ProfileKey string `koanf:"profile-key" env:"PROFILE_KEY" usage:"key that encrypts login profiles, such as from openssl rand -hex 32" secret:"true"`
	// ProfileDir holds the login profiles; workers and APIs share it. Defaults to DataDir/profiles.
	ProfileDir string `koanf:"profile-dir" env:"PROFILE_DIR" usage:"folder of the encrypted login profiles"`
	// TracePort is the port of the trace viewer, which has an origin of its own; 0 takes a free one. Defaults to 0.
	TracePort int `koanf:"trace-port" env:"TRACE_PORT" usage:"port of the trace viewer, 0 for a free one"`
	// ChromiumPath is the browser's program. Defaults to the one in BrowsersPath, then to the system's.
	ChromiumPath string `koanf:"chromium-path" env:"CHROMIUM_PATH" usage:"the browser's program"`
	// BrowsersPath is a folder of browsers in Playwright's layout. Defaults to none.
	BrowsersPath string `koanf:"browsers-path" env:"PLAYWRIGHT_BROWSERS_PATH" usage:"folder of browsers in Playwright's layout"`
	// DriverPath is the browser driver's folder. Defaults to the first of playwright beside the binary,
	// deployments/playwright of a checkout, and playwright in DataDir.
	DriverPath string `koanf:"driver-path" env:"PLAYWRIGHT_DRIVER_PATH" usage:"folder of the browser driver"`
	// JiraBaseURL is where jobs of ingest.jira read: https://example.atlassian.net, or a Data Center's address with its
	// context path. Defaults to empty: such jobs fail and say so.
	JiraBaseURL string `koanf:"jira-base-url" env:"JIRA_BASE_URL" usage:"where Jira is, such as https://example.atlassian.net"`
	// JiraEmail and JiraAPIToken sign in to Jira Cloud. Default to empty.
	JiraEmail    string `koanf:"jira-email" env:"JIRA_EMAIL" usage:"account that signs in to Jira Cloud"`
	JiraAPIToken string `koanf:"jira-api-token" env:"JIRA_API_TOKEN" usage:"its API token" secret:"true"`
	// JiraPAT signs in to Jira Data Center. Defaults to empty.
	JiraPAT string `koanf:"jira-pat" env:"JIRA_PAT" usage:"personal access token of Jira Data Center" secret:"true"`
	// IngestContact tells the owners of crawled sites who fetches: a URL or a mail address. Defaults to empty.
	IngestContact string `koanf:"ingest-contact" env:"INGEST_CONTACT" usage:"URL or mail address that crawled sites are told"`
	// IngestProxyURL is the way out of crawls: http, https or socks5, with its credentials. Defaults to none.
	IngestProxyURL string `koanf:"ingest-proxy-url" env:"INGEST_PROXY_URL" usage:"proxy for crawls: http, https or socks5" secret:"true"`
	// IngestMaxUpload bounds the files of one upload together, in bytes. Defaults to 2 GiB.
	IngestMaxUpload int `koanf:"ingest-max-upload" env:"INGEST_MAX_UPLOAD" usage:"bytes of one upload of documents at most"`
	// IngestBuckets are the buckets and folders that jobs of ingest.bucket may read, with the options of gocloud.dev's
	// drivers: s3://specs?region=eu-central-1, gs://handbook, azblob://docs, file:///srv/specs, or s3://* for all that the
	// credentials in the environment open. Defaults to none.
	IngestBuckets []string `koanf:"ingest-buckets" env:"INGEST_BUCKETS" usage:"buckets and folders that may be ingested, such as s3://specs?region=eu-central-1 or file:///srv/specs"`
	// GitHosts are where jobs of suite.push may propose tests: hosts that are reached by https, and absolute folders with
	// repositories. Defaults to none.
	GitHosts []string `koanf:"git-hosts" env:"GIT_HOSTS" usage:"hosts and folders with git repositories that tests may be pushed to, such as github.com or /srv/git"`
	// ModelURL is the base address of a model that may improve test cases: an endpoint that speaks OpenAI's chat completions,
	// such as https://api.openai.com/v1, or with ModelAPIVersion an Azure OpenAI resource, https://NAME.openai.azure.com.
	// Defaults to empty: no model.
	ModelURL string `koanf:"model-url" env:"MODEL_URL" usage:"base address of a model that may improve test cases, such as https://api.openai.com/v1; empty for none"`
	// ModelName is the model, or Azure's deployment. Defaults to empty.
	ModelName string `koanf:"model-name" env:"MODEL_NAME" usage:"name of the model, or of Azure's deployment"`
	// ModelAPIKey is what the endpoint asks for; Azure always does. Defaults to empty.
	ModelAPIKey string `koanf:"model-api-key" env:"MODEL_API_KEY" usage:"key of the model's endpoint" secret:"true"`
	// ModelAPIVersion makes it an Azure OpenAI deployment. Defaults to empty.
	ModelAPIVersion string `koanf:"model-api-version" env:"MODEL_API_VERSION" usage:"API version of an Azure OpenAI deployment, such as 2024-10-21; empty for any other endpoint"`
	// ModelTimeout bounds one call of the model. Defaults to 1m.
	ModelTimeout time.Duration `koanf:"model-timeout" env:"MODEL_TIMEOUT" usage:"how long one call of the model may take"`
	// Demo makes `tapedeck serve` open a demo shop on a loopback port beside itself: a site to record, with accounts,
	// carts and orders that live in memory. Defaults to false; `make run` sets it.
	Demo bool `koanf:"demo" env:"DEMO" usage:"open a demo shop on a loopback port beside the server"`
	// DemoPort is the port of the demo shop; 0 takes a free one. Defaults to 0.
	DemoPort int `koanf:"demo-port" env:"DEMO_PORT" usage:"port of the demo shop, 0 for a free one"`
	// LogLevel is debug, info, warn or error. Defaults to info.
	LogLevel string `koanf:"log-level" env:"LOG_LEVEL" usage:"debug, info, warn or error"`
	// LogFormat is text or json. Defaults to text.
	LogFormat string `koanf:"log-format" env:"LOG_FORMAT" usage:"text or json"`

	// Warnings are said once at the start: settings that are accepted but have no effect.
	Warnings []string `koanf:"-"`
}

// Default returns the defaults.
func Default() Config {
	return Config{
		APIHost: "127.0.0.1", APIPort: 8000, StageAddr: "127.0.0.1:0", DataDir: "./data", BodyLimit: 4 << 20, Concurrency: 32,
		OutputBytes: 16 << 20, OutputLines: 200_000, ResultBytes: 1 << 20, ArtifactCount: 5000, ArtifactBytes: 1 << 30,
		Lease: 15 * time.Second, ClaimBy: time.Minute, DrainTimeout: 20 * time.Second, KillAfter: 30 * time.Second,
		RecorderHeadless: true, RecorderConcurrency: 4, RecorderTimeLimit: 2 * time.Hour, IngestMaxUpload: 2 << 30,
		ModelTimeout: time.Minute,
		LogLevel:     "info", LogFormat: "text",
	}
}

// Validate joins all that is wrong with the settings.
func (c Config) Validate() error {
	var errs []error
	check := func(ok bool, name, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("%s: %s", name, fmt.Sprintf(format, args...)))
		}
	}
	check(c.APIPort >= 0 && c.APIPort <= 65535, "api-port", "%d is no port", c.APIPort)
	check(c.APIHost != "", "api-host", "empty; use 127.0.0.1, or 0.0.0.0 for every interface")
	check(c.APIToken == "" || len(c.APIToken) >= 16, "api-token", "at least 16 characters, for example from `openssl rand -hex 16`")
	check(c.ProfileKey == "" || len(c.ProfileKey) >= 16, "profile-key", "at least 16 bytes, for example from `openssl rand -hex 32`")
	check(c.DataDir != "", "data-dir", "empty")
	if c.BrokerURL != "" {
		u, err := url.Parse(c.BrokerURL)
		check(err == nil && slices.Contains([]string{"redis", "rediss", "unix"}, u.Scheme),
			"broker-url", "want redis://, rediss:// or unix:// (RabbitMQ and other Celery brokers are not supported)")
	}
	check(c.IngestMaxUpload >= 1<<10, "ingest-max-upload", "at least 1024 bytes")
	check(c.JiraBaseURL == "" || isWeb(c.JiraBaseURL), "jira-base-url", "want https://… without a query")
	check(c.JiraBaseURL == "" || c.JiraPAT != "" || c.JiraEmail != "" && c.JiraAPIToken != "",
		"jira-base-url", "set jira-email and jira-api-token (Cloud), or jira-pat (Data Center)")
	check(c.IngestProxyURL == "" || isProxy(c.IngestProxyURL), "ingest-proxy-url", "want http://, https:// or socks5://, with a host")
	c.checkModel(check)
	check(c.DemoPort >= 0 && c.DemoPort <= 65535, "demo-port", "%d is no port", c.DemoPort)
	check(c.BodyLimit >= 1<<10, "body-limit", "at least 1024 bytes")
	check(c.Concurrency >= 1 && c.Concurrency <= maxConcurrency, "concurrency", "want 1 to %d", maxConcurrency)
	_, err := c.KindLimits()
	check(err == nil, "kind-concurrency", "%v", err)
	check(c.WorkerAddr == "" || isAddress(c.WorkerAddr), "worker-addr", "%q is not host:port", c.WorkerAddr)
	check(isAddress(c.StageAddr), "stage-addr", "%q is not host:port", c.StageAddr)
	check(c.OutputBytes >= 1<<10, "output-bytes", "at least 1024")
	check(c.OutputLines >= 1, "output-lines", "at least 1")
	check(c.ResultBytes >= 1<<10 && c.ResultBytes <= maxResult, "result-bytes", "want 1024 to %d", maxResult)
	check(c.ArtifactCount >= 1, "artifact-count", "at least 1")
	check(c.ArtifactBytes >= 1<<10, "artifact-bytes", "at least 1024")
	check(c.Lease >= time.Second, "lease", "at least 1s")
	check(c.ClaimBy >= time.Second, "claim-by", "at least 1s")
	check(c.DrainTimeout > 0, "drain-timeout", "must be more than 0; 1ms hands jobs back at once")
	check(c.KillAfter > 0, "kill-after", "must be more than 0")
	_, err = c.Level()
	check(err == nil, "log-level", "%q is not debug, info, warn or error", c.LogLevel)
	check(c.LogFormat == "text" || c.LogFormat == "json", "log-format", "%q is not text or json", c.LogFormat)
	for _, o := range c.AllowedOrigins {
		u, err := url.Parse(o)
		check(err == nil && u.Scheme != "" && u.Host != "" && u.Path == "", "allowed-origins", "%q is not scheme://host[:port]", o)
	}
	for _, h := range c.AllowedHosts {
		check(h != "" && !strings.ContainsAny(h, "/*@ "), "allowed-hosts", "%q is not a host name", h)
	}
	return errors.Join(errs...)
}

// checkModel looks at the settings of the model; without an address nothing else of it may be set, or a model would be
// missing that somebody meant to have.
func (c Config) checkModel(check func(ok bool, name, format string, args ...any)) {
	check(c.ModelTimeout >= time.Second, "model-timeout", "at least 1s")
	if c.ModelURL == "" {
		for _, set := range [][2]string{{"model-name", c.ModelName}, {"model-api-key", c.ModelAPIKey}, {"model-api-version", c.ModelAPIVersion}} {
			check(set[1] == "", set[0], "is set without model-url: set that too, or leave this out")
		}
		return
	}
	check(isWeb(c.ModelURL), "model-url", "want https://…, without credentials and without a query")
	check(c.ModelName != "", "model-name", "is needed with model-url: the model, or Azure's deployment")
	if c.ModelAPIVersion != "" {
		check(c.ModelAPIKey != "", "model-api-key", "is needed with model-api-version: an Azure OpenAI deployment always asks for one")
		u, err := url.Parse(c.ModelURL)
		check(err != nil || u.Scheme != "http" || Loopback(u.Hostname()), "model-url", "an Azure OpenAI deployment is reached by https")
	}
}

func isWeb(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.User == nil && u.RawQuery == ""
}

func isProxy(address string) bool {
	u, err := url.Parse(address)
	return err == nil && slices.Contains([]string{"http", "https", "socks5", "socks5h"}, u.Scheme) && u.Host != ""
}

// Bounds that hold whatever is set: a result is kept whole in one event.
const (
	maxConcurrency = 10_000
	maxResult      = 4 << 20
)

// KindLimits is KindConcurrency as a map.
func (c Config) KindLimits() (map[string]int, error) {
	out := map[string]int{}
	for _, s := range c.KindConcurrency {
		kind, n, _ := strings.Cut(s, "=")
		limit, err := strconv.Atoi(n)
		if err != nil || kind == "" || limit < 1 || limit > maxConcurrency {
			return nil, fmt.Errorf("%q is not kind=jobs with 1 to %d jobs", s, maxConcurrency)
		}
		if _, twice := out[kind]; twice {
			return nil, fmt.Errorf("%q is given twice", kind)
		}
		out[kind] = limit
	}
	return out, nil
}

func isAddress(addr string) bool {
	host, port, err := net.SplitHostPort(addr)
	n, numErr := strconv.Atoi(port)
	return err == nil && host != "" && numErr == nil && n >= 0 && n <= 65535
}

// Level is LogLevel for slog.
func (c Config) Level() (slog.Level, error) {
	var l slog.Level
	err := l.UnmarshalText([]byte(c.LogLevel))
	return l, err
}

// Embedded reports whether the log is the embedded one.
func (c Config) Embedded() bool { return c.BrokerURL == "" }

// Loopback reports whether only this machine can reach the server.
func (c Config) Loopback() bool { return Loopback(c.APIHost) }

// Loopback reports whether a host is this machine's own.
func Loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}
