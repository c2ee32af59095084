package redistest

import "strconv"

// Option changes the configuration of a server that Start launches.
type Option func(*settings)

type settings struct {
	config map[string]string
}

func newSettings(opts []Option) settings {
	s := settings{config: map[string]string{
		"appendonly":       "yes",
		"appendfsync":      "always",
		"maxmemory-policy": "noeviction",
		"save":             "",
	}}
	for _, opt := range opts {
		opt(&s)
	}
	return s
}

// Config sets any redis.conf directive.
// Defaults to an append-only file that is synced always, no RDB snapshots and
// no eviction: the settings under which an acknowledged write is never lost.
func Config(name, value string) Option {
	return func(s *settings) { s.config[name] = value }
}

// AppendFsync sets when the append-only file is synced: always, everysec or no.
func AppendFsync(mode string) Option { return Config("appendfsync", mode) }

// MaxMemory sets the memory limit in bytes; beyond it Redis refuses writes.
func MaxMemory(bytes int64) Option { return Config("maxmemory", strconv.FormatInt(bytes, 10)) }

// InMemory turns the append-only file off: a killed server comes back empty.
func InMemory() Option { return Config("appendonly", "no") }
