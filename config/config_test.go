package config_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"tapedeck/config"
)

func load(t *testing.T, args, environ []string) (config.Config, error) {
	t.Helper()
	set := pflag.NewFlagSet("test", pflag.ContinueOnError)
	config.Flags(set)
	require.NoError(t, set.Parse(args))
	return config.Load(set, environ)
}

func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

func TestNothingSetGivesTheDefaults(t *testing.T) {
	t.Parallel()
	got, err := load(t, nil, nil)
	require.NoError(t, err)
	require.Equal(t, config.Default(), got)
}

func TestFlagBeatsEnvironmentBeatsFile(t *testing.T) {
	t.Parallel()
	path := write(t, "tapedeck.yaml", "api-port: 1\nlease: 30s\nqueues: [a, b]\nconcurrency: 7\n")
	got, err := load(t, []string{"--api-port", "3", "--config", path}, []string{"API_PORT=2", "WORKER_CONCURRENCY=9"})
	require.NoError(t, err)
	require.Equal(t, 3, got.APIPort)
	require.Equal(t, 9, got.Concurrency)
	require.Equal(t, 30*time.Second, got.Lease)
	require.Equal(t, []string{"a", "b"}, got.Queues)
}

func TestRunbookNamesAreHonoured(t *testing.T) {
	t.Parallel()
	got, err := load(t, nil, []string{
		"CELERY_BROKER_URL=redis://127.0.0.1:1/0", "CELERY_TASK_ALWAYS_EAGER=true", "RECORDER_OUTPUT_DIR=out",
		"CELERY_RESULT_BACKEND=redis://x", "ENABLE_STREAMLIT_ADMIN=1", "QUEUES=a,b",
	})
	require.NoError(t, err)
	require.Equal(t, "redis://127.0.0.1:1/0", got.BrokerURL)
	require.True(t, got.Eager)
	require.Equal(t, "out", got.ArtifactsURL)
	require.Equal(t, []string{"a", "b"}, got.Queues)
	require.Len(t, got.Warnings, 2)
}

func TestOwnNameBeatsTheRunbooks(t *testing.T) {
	t.Parallel()
	got, err := load(t, nil, []string{"CELERY_BROKER_URL=redis://old", "BROKER_URL=redis://new"})
	require.NoError(t, err)
	require.Equal(t, "redis://new", got.BrokerURL)
}

func TestValueFromFile(t *testing.T) {
	t.Parallel()
	got, err := load(t, nil, []string{"BROKER_URL_FILE=" + write(t, "secret", "redis://:pw@127.0.0.1\n")})
	require.NoError(t, err)
	require.Equal(t, "redis://:pw@127.0.0.1", got.BrokerURL)
	_, err = load(t, nil, []string{"BROKER_URL_FILE=/nowhere/at/all"})
	require.ErrorContains(t, err, "BROKER_URL_FILE")
}

func TestWorkerBounds(t *testing.T) {
	t.Parallel()
	got, err := load(t, []string{"--kind-concurrency", "system.exercise=2"}, []string{
		"KIND_CONCURRENCY=system.exercise=9", "OUTPUT_BYTES=2048", "OUTPUT_LINES=7", "RESULT_BYTES=4096",
		"ARTIFACT_COUNT=3", "ARTIFACT_BYTES=5000", "WORKER_ADDR=127.0.0.1:9100",
	})
	require.NoError(t, err)
	limits, err := got.KindLimits()
	require.NoError(t, err)
	require.Equal(t, map[string]int{"system.exercise": 2}, limits)
	require.Equal(t, []int{2048, 7, 4096, 3, 5000},
		[]int{got.OutputBytes, got.OutputLines, got.ResultBytes, got.ArtifactCount, got.ArtifactBytes})
	require.Equal(t, "127.0.0.1:9100", got.WorkerAddr)
	got, err = load(t, nil, []string{"KIND_CONCURRENCY=a=1,b=2"})
	require.NoError(t, err)
	limits, err = got.KindLimits()
	require.NoError(t, err)
	require.Equal(t, map[string]int{"a": 1, "b": 2}, limits)
	for _, bad := range []string{"a", "a=", "=1", "a=0", "a=x", "a=1,a=2", "a=99999"} {
		_, err := load(t, nil, []string{"KIND_CONCURRENCY=" + bad})
		require.ErrorContains(t, err, "kind-concurrency", bad)
	}
}

func TestEveryFaultIsNamed(t *testing.T) {
	t.Parallel()
	_, err := load(t, nil, []string{"API_PORT=99999", "BROKER_URL=amqp://x", "LEASE=1ms", "LOG_LEVEL=loud"})
	for _, name := range []string{"api-port", "broker-url", "lease", "log-level"} {
		require.ErrorContains(t, err, name)
	}
	_, err = load(t, nil, []string{
		"WORKER_ADDR=9100", "OUTPUT_BYTES=1", "OUTPUT_LINES=0", "RESULT_BYTES=99999999", "ARTIFACT_COUNT=0", "ARTIFACT_BYTES=-1",
		"ALLOWED_HOSTS=a.example,https://b.example", "DRAIN_TIMEOUT=0s", "KILL_AFTER=0s", "WORKER_CONCURRENCY=10001", "DEMO_PORT=70000",
	})
	for _, name := range []string{
		"worker-addr", "output-bytes", "output-lines", "result-bytes", "artifact-count", "artifact-bytes",
		"allowed-hosts", "drain-timeout", "kill-after", "concurrency", "demo-port",
	} {
		require.ErrorContains(t, err, name+": ")
	}
	_, err = load(t, []string{"--config", write(t, "t.yaml", "api_port: 1\n")}, nil)
	require.ErrorContains(t, err, "api_port")
	_, err = load(t, nil, []string{"API_PORT=many"})
	require.Error(t, err)
}

func TestTheModelIsWholeOrNone(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		environ []string
		want    string
	}{
		{[]string{"MODEL_NAME=m"}, "model-name: is set without model-url"},
		{[]string{"MODEL_API_KEY=hunter22"}, "model-api-key: is set without model-url"},
		{[]string{"MODEL_API_VERSION=2024-10-21"}, "model-api-version: is set without model-url"},
		{[]string{"MODEL_URL=models.example/v1", "MODEL_NAME=m"}, "model-url: want https://"},
		{[]string{"MODEL_URL=https://a:hunter22@models.example/v1", "MODEL_NAME=m"}, "model-url: want https://"},
		{[]string{"MODEL_URL=https://models.example/v1?key=hunter22", "MODEL_NAME=m"}, "model-url: want https://"},
		{[]string{"MODEL_URL=https://models.example/v1"}, "model-name: is needed"},
		{[]string{"MODEL_URL=https://n.openai.azure.com", "MODEL_NAME=m", "MODEL_API_VERSION=2024-10-21"}, "model-api-key: is needed"},
		{[]string{"MODEL_URL=http://n.openai.azure.com", "MODEL_NAME=m", "MODEL_API_VERSION=2024-10-21", "MODEL_API_KEY=hunter22"}, "model-url: an Azure"},
		{[]string{"MODEL_TIMEOUT=1ms"}, "model-timeout: at least 1s"},
	} {
		_, err := load(t, nil, c.environ)
		require.ErrorContains(t, err, c.want)
		require.NotContains(t, err.Error(), "hunter22")
	}
	got, err := load(t, nil, []string{"MODEL_URL=http://127.0.0.1:11434/v1", "MODEL_NAME=m", "MODEL_API_KEY_FILE=" + write(t, "key", "hunter22\n"), "MODEL_TIMEOUT=5m"})
	require.NoError(t, err)
	require.Equal(t, "hunter22", got.ModelAPIKey)
	require.Equal(t, 5*time.Minute, got.ModelTimeout)
}
