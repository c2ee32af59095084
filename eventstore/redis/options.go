package redis

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Options set a Store up.
type Options struct {
	// URL is redis://[user:password@]host:port/db, rediss:// for TLS, or unix:///path?db=n.
	URL string
	// Password replaces the one in the URL, when not empty.
	Password string
	// Timeout bounds a command, dialling excluded. Defaults to 5 s.
	Timeout time.Duration
	// DialTimeout bounds the making of a connection. Defaults to 2 s.
	DialTimeout time.Duration
	// Group bounds the appends that travel in one call. Defaults to 128.
	Group int
	// GroupBytes bounds the bytes that travel in one call, unless one append alone is larger.
	// Defaults to 128 kB.
	GroupBytes int
	// Reserve is the part of Redis's maxmemory that is kept free of new work, so that what has begun
	// can finish. Defaults to 0.1.
	Reserve float64
	// Logger is told of what was passed over and of lost connections. Defaults to silence.
	Logger *slog.Logger
}

// WithDefaults fills the zero fields.
func (o Options) WithDefaults() Options {
	if o.Timeout == 0 {
		o.Timeout = 5 * time.Second
	}
	if o.DialTimeout == 0 {
		o.DialTimeout = 2 * time.Second
	}
	if o.Group == 0 {
		o.Group = 128
	}
	if o.GroupBytes == 0 {
		o.GroupBytes = 128 << 10
	}
	if o.Reserve == 0 {
		o.Reserve = 0.1
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// Validate joins all faults.
func (o Options) Validate() error {
	var faults []error
	if _, err := goredis.ParseURL(o.URL); err != nil {
		faults = append(faults, errors.New("url is not redis://, rediss:// or unix://")) // not err: it may hold the password
	}
	if o.Timeout < 0 || o.DialTimeout < 0 {
		faults = append(faults, errors.New("a timeout is negative"))
	}
	if o.Group < 1 || o.GroupBytes < 1 {
		faults = append(faults, errors.New("a group holds at least one append"))
	}
	if o.Reserve < 0 || o.Reserve >= 1 {
		faults = append(faults, errors.New("reserve is a part of the memory, 0…1"))
	}
	if len(faults) > 0 {
		return fmt.Errorf("redis options: %w", errors.Join(faults...))
	}
	return nil
}

// client returns the driver's options of a pool with so many connections.
func (o Options) client(connections int) *goredis.Options {
	c, err := goredis.ParseURL(o.URL)
	if err != nil {
		panic("validated before: " + err.Error())
	}
	if o.Password != "" {
		c.Password = o.Password
	}
	c.DialTimeout, c.ReadTimeout, c.WriteTimeout = o.DialTimeout, o.Timeout, o.Timeout
	c.ContextTimeoutEnabled = true
	c.DisableIdentity = true
	c.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	c.DialerRetries = 1
	c.PoolSize = connections
	c.PoolTimeout = o.Timeout
	// An append that is repeated inside the driver could wait for its own lost answer; callers
	// repeat it with the same event ids.
	c.MaxRetries = -1
	return c
}
