//go:build !unix

package sqlite

import "errors"

type fileLock struct{}

func lockFile(string) (*fileLock, error) {
	return nil, errors.New("the embedded store needs flock, which this system does not have: set BROKER_URL to a Redis")
}

func (l *fileLock) unlock() error { return nil }

func syncDir(string) error { return nil }
