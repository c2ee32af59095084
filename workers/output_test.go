package workers_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"tapedeck/artifacts"
	"tapedeck/domain/job"
	"tapedeck/eventstore"
	"tapedeck/workers"
)

// run runs one job of a function and returns it at its end.
func (b *bundle) run(adjust func(*workers.Config), f func(context.Context, *workers.Job) (any, error)) job.State {
	b.Helper()
	b.extra = []workers.Kind{kindOf("test.run", f)}
	if adjust == nil {
		adjust = func(*workers.Config) {}
	}
	b.start(adjust)
	return b.final(b.submit("test.run", "", func(c *job.Submit) { c.Retry.MaxAttempts = 1 }))
}

func TestLogIsWrittenInBatches(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := setup(t)
		s := b.run(nil, func(_ context.Context, j *workers.Job) (any, error) {
			for i := range 1000 { // for ten seconds
				j.Logf(slog.LevelInfo, "line %d", i)
				time.Sleep(10 * time.Millisecond)
			}
			return nil, nil
		})
		out, lines := b.output(s.ID, 1)
		require.Len(t, lines, 1000)
		require.InDelta(t, 200, int(out.Version), 10, "one batch each pulse")
		events, err := b.store.ReadStream(t.Context(), job.OutputStream(s.ID, 1), 1, 1000)
		require.NoError(t, err)
		require.LessOrEqual(t, events[0].Time.Sub(lines[0].Time), 60*time.Millisecond, "a line waits no longer than a pulse")
	})
}

func TestLargeOutputIsCutIntoEvents(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := setup(t)
		s := b.run(func(c *workers.Config) { c.Output.Batch, c.Output.Line = 10_000, 1000 }, func(_ context.Context, j *workers.Job) (any, error) {
			j.Logf(slog.LevelWarn, "%s", strings.Repeat("ü", 2250))
			for range 100 {
				j.Logf(slog.LevelInfo, "%s", strings.Repeat("x", 900))
			}
			return nil, nil
		})
		_, lines := b.output(s.ID, 1)
		require.Len(t, lines, 105)
		var whole strings.Builder
		for _, l := range lines[:5] {
			require.LessOrEqual(t, len(l.Text), 1000)
			require.True(t, utf8.ValidString(l.Text))
			whole.WriteString(l.Text)
		}
		require.Equal(t, strings.Repeat("ü", 2250), whole.String())
		events, err := b.store.ReadStream(t.Context(), job.OutputStream(s.ID, 1), 1, 1000)
		require.NoError(t, err)
		for _, e := range events {
			require.LessOrEqual(t, len(e.Data), 20_000)
		}
	})
}

func TestOutputBudget(t *testing.T) {
	bubble(t, func(t *testing.T) {
		for name, budget := range map[string]workers.Budget{"lines": {Lines: 10}, "bytes": {Bytes: 100}} {
			b := setup(t)
			s := b.run(func(c *workers.Config) { c.Output = budget }, func(_ context.Context, j *workers.Job) (any, error) {
				for range 25 {
					j.Logf(slog.LevelInfo, "0123456789")
				}
				time.Sleep(time.Second)
				for range 5 {
					j.Logf(slog.LevelInfo, "0123456789")
				}
				return "done", nil
			})
			require.Equal(t, job.StatusSucceeded, s.Status, name)
			out, lines := b.output(s.ID, 1)
			require.Len(t, lines, 10, name)
			require.Equal(t, &job.Truncation{Lines: 20, Bytes: 200}, out.Truncated, name)
			events, err := b.store.ReadStream(t.Context(), job.OutputStream(s.ID, 1), 1, 1000)
			require.NoError(t, err)
			require.Len(t, events, 2, "marked when it begins and counted at the end")
		}
	})
}

func TestOutputThatIsNotText(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := setup(t)
		s := b.run(nil, func(_ context.Context, j *workers.Job) (any, error) {
			j.Logf(slog.LevelInfo, "a\xffb\r\nsecond\n\nfourth\n")
			j.Progress(101, "p\xff")
			w := j.Writer("stderr")
			_, err := io.WriteString(w, "one\ntw")
			_, err2 := io.WriteString(w, "o\nthree")
			return map[string]string{"x": "r\xff"}, errors.Join(err, err2, w.Close())
		})
		require.Equal(t, job.StatusSucceeded, s.Status, "%+v", s.Error)
		require.Equal(t, `{"x":"r`+"\uFFFD"+`"}`, string(s.Result))
		out, lines := b.output(s.ID, 1)
		require.Equal(t, []string{"a\uFFFDb", "second", "", "fourth", "one", "two", "three"}, texts(lines))
		require.Equal(t, "stderr", lines[4].Stream)
		require.Equal(t, "warn", lines[4].Level)
		require.Equal(t, job.Progress{Percent: 100, Message: "p\uFFFD"}, out.Progress)
	})
}

func TestLogger(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := setup(t)
		s := b.run(nil, func(_ context.Context, j *workers.Job) (any, error) {
			log := j.Logger().With("a", 1)
			log.Info("plain")
			log.WithGroup("g").With("b", "x y").Error("deep", slog.Group("h", "c", time.Second), "", "")
			return nil, nil
		})
		_, lines := b.output(s.ID, 1)
		require.Equal(t, []string{"plain a=1", "deep a=1 g.b=x y g.h.c=1s g.="}, texts(lines))
		require.Equal(t, "error", lines[1].Level)
	})
}

func TestProgressIsCoalesced(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := setup(t)
		s := b.run(nil, func(_ context.Context, j *workers.Job) (any, error) {
			for i := range 10_000 {
				j.Progress(float64(i)/100, "")
				time.Sleep(time.Millisecond)
			}
			return nil, nil
		})
		out, _ := b.output(s.ID, 1)
		require.InDelta(t, 99.99, out.Progress.Percent, 0.001, "the last one always")
		require.InDelta(t, 200, int(out.Version), 10)
	})
}

// Many goroutines of one job speak at once: every line arrives once, each goroutine's in order.
func TestOutputOfManyGoroutines(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.run(func(c *workers.Config) { c.Output.Batch = 2000 }, func(ctx context.Context, j *workers.Job) (any, error) {
		var all sync.WaitGroup
		for g := range 8 {
			all.Go(func() {
				for i := range 200 {
					j.Logf(slog.LevelInfo, "%d %03d", g, i)
					if i%50 == 0 {
						_, err := j.Store(ctx, fmt.Sprintf("%d/%d.txt", g, i), "", strings.NewReader("x"))
						if err != nil {
							t.Error(err)
						}
					}
				}
			})
		}
		all.Wait()
		return nil, nil
	})
	require.Equal(t, job.StatusSucceeded, s.Status)
	out, lines := b.output(s.ID, 1)
	require.Len(t, lines, 1600)
	require.Len(t, out.Artifacts, 32)
	last := map[byte]string{}
	for _, l := range lines {
		require.Greater(t, l.Text, last[l.Text[0]])
		last[l.Text[0]] = l.Text
	}
}

func TestArtifactsOfAJob(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := setup(t)
		s := b.run(func(c *workers.Config) { c.Output.ArtifactBytes, c.Output.Artifacts = 10, 3 }, func(ctx context.Context, j *workers.Job) (any, error) {
			_, err := j.Store(ctx, "../escape", "", strings.NewReader("x"))
			_, err2 := j.Store(ctx, "big", "", strings.NewReader("more than ten"))
			got, err3 := j.Store(ctx, "ok/a.json", "", strings.NewReader("{}"))
			_, err4 := j.Store(ctx, "fourth", "", strings.NewReader("x"))
			return []any{errors.Is(err, artifacts.ErrName), errors.Is(err2, artifacts.ErrTooLarge), err3 == nil, got.ContentType, err4 != nil}, nil
		})
		require.Equal(t, `[true,true,true,"application/json",true]`, string(s.Result))
		out, _ := b.output(s.ID, 1)
		require.Len(t, out.Artifacts, 1)
	})
}

func TestResultThatCannotBe(t *testing.T) {
	bubble(t, func(t *testing.T) {
		for _, result := range []any{make(chan int), strings.Repeat("x", 2<<20)} {
			b := setup(t)
			s := b.run(nil, func(context.Context, *workers.Job) (any, error) { return result, nil })
			require.Equal(t, job.StatusFailed, s.Status)
			require.Equal(t, "result", s.Error.Code)
		}
	})
}

// A secret that a job resolved stands in nothing that the job leaves behind.
func TestSecretsAreMasked(t *testing.T) {
	const secret = "s3cr3t/\"key\"\nsecond-line=="
	bubble(t, func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "token")
		require.NoError(t, os.WriteFile(file, []byte(secret+"\n"), 0o600))
		env := map[string]string{"TAPEDECK_SECRET_TOKEN_FILE": file, "TAPEDECK_SECRET_PIN": "123", "HOME": "/root"}
		b := setup(t)
		s := b.run(func(c *workers.Config) {
			c.Secrets = workers.EnvSecrets{Getenv: func(name string) string { return env[name] }}
			c.Output.Line = 64
		}, func(ctx context.Context, j *workers.Job) (any, error) {
			value, err := j.ResolveSecret(ctx, "TAPEDECK_SECRET_TOKEN")
			require.NoError(t, err)
			require.Equal(t, secret, value)
			for _, ref := range []string{"HOME", "TAPEDECK_SECRET_PIN", "TAPEDECK_SECRET_", "TAPEDECK_SECRET_NONE", "TAPEDECK_SECRET_TOKEN_FILE", "../x"} {
				_, err := j.ResolveSecret(ctx, ref)
				require.ErrorIs(t, err, workers.ErrSecret, ref)
			}
			j.Logf(slog.LevelInfo, "plain %s and quoted %q", value, value)
			j.Progress(1, "progress "+value)
			w := j.Writer("stdout")
			for _, c := range strings.Repeat("-", 61) + "s3cr3t/\"key\"" + strings.Repeat("+", 90) { // over the cut of a long line
				_, _ = io.WriteString(w, string(c))
			}
			_ = w.Close()
			return nil, &workers.Error{Code: "x", Detail: "detail " + value, Err: fmt.Errorf("message %s", value)}
		})
		require.Equal(t, job.StatusDead, s.Status)
		b.requireMasked(t, "s3c", "second")

		b = setup(t)
		s = b.run(func(c *workers.Config) {
			c.Secrets = workers.EnvSecrets{Names: []string{"TOKEN"}, Getenv: func(string) string { return "s3cr3t/\"key\"" }}
		}, func(ctx context.Context, j *workers.Job) (any, error) {
			value, err := j.ResolveSecret(ctx, "TOKEN")
			return map[string]any{"deep": []any{value, 12345678901234567}, value: "as a name"}, err
		})
		require.Equal(t, job.StatusSucceeded, s.Status)
		require.Contains(t, string(s.Result), "12345678901234567", "the rest is as it was")
		b.requireMasked(t, "s3cr3t")
	})
}

func (b *bundle) requireMasked(t *testing.T, secrets ...string) {
	t.Helper()
	all, err := b.store.ReadAll(t.Context(), eventstore.Position{}, 10_000)
	require.NoError(t, err)
	seen := false
	for _, e := range all.Events {
		seen = seen || strings.Contains(string(e.Stored), "[redacted]")
		for _, secret := range secrets {
			require.NotContains(t, string(e.Stored), secret)
		}
	}
	require.True(t, seen)
}
