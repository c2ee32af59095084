package redis

import (
	"context"
	"fmt"
	"log/slog"

	goredis "github.com/redis/go-redis/v9"
)

// LogDriver sends what the Redis driver logs, which it does for the whole process and to stderr
// otherwise, to a logger. A program calls it once, before Open.
func LogDriver(l *slog.Logger) { goredis.SetLogger(driverLog{l}) }

type driverLog struct{ *slog.Logger }

// Printf implements the driver's logger. What it logs comes back as an error too.
func (d driverLog) Printf(ctx context.Context, format string, args ...any) {
	d.DebugContext(ctx, "redis driver", "message", fmt.Sprintf(format, args...))
}
