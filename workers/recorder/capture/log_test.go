package capture_test

import (
	"context"
	"log/slog"
)

func (f failing) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelWarn }

func (f failing) Handle(_ context.Context, r slog.Record) error {
	r.Attrs(func(a slog.Attr) bool {
		f.t.Errorf("%s: %s=%v", r.Message, a.Key, a.Value)
		return true
	})
	return nil
}

func (f failing) WithAttrs([]slog.Attr) slog.Handler { return f }
func (f failing) WithGroup(string) slog.Handler      { return f }
