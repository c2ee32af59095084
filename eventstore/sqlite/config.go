package sqlite

import (
	"errors"
	"log/slog"
	"time"
)

// Config says where the store is and how much it may use.
type Config struct {
	// Path is the database file; it and its folder are made when they do not exist. The lock file
	// Path + ".lock" lies beside it. Required.
	Path string
	// Readers is how many reads can run at a time. Defaults to 4.
	Readers int
	// Group bounds the calls that one transaction commits together. Defaults to 512.
	Group int
	// MaxBytes bounds the database file: beyond it appends fail with ErrFull. Defaults to no bound
	// but the disk.
	MaxBytes int64
	// Clock is the wall clock; the store's own time never goes back, whatever this one does.
	// Defaults to time.Now.
	Clock func() time.Time
	// Logger is told of what goes wrong behind the callers' backs. Defaults to slog.Default.
	Logger *slog.Logger
}

// WithDefaults fills the zero fields.
func (c Config) WithDefaults() Config {
	if c.Readers == 0 {
		c.Readers = 4
	}
	if c.Group == 0 {
		c.Group = 512
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return c
}

// Validate returns all that is wrong with c.
func (c Config) Validate() error {
	var errs []error
	if c.Path == "" {
		errs = append(errs, errors.New("sqlite: Path is required"))
	}
	if c.Readers < 0 || c.Group < 0 || c.MaxBytes < 0 {
		errs = append(errs, errors.New("sqlite: Readers, Group and MaxBytes cannot be negative"))
	}
	return errors.Join(errs...)
}
