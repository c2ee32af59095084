package redistest

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"os/exec"
	"slices"
	"strings"

	"tapedeck/internal/proctest"
)

var errAddrInUse = errors.New("address in use")

// launch starts redis-server and returns when it has loaded its data.
func launch(bin, addr, dir string, conf map[string]string) (*proctest.Process, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	args := []string{"--bind", host, "--port", port, "--dir", dir, "--daemonize", "no", "--loglevel", "notice"}
	for _, name := range slices.Sorted(maps.Keys(conf)) {
		args = append(args, "--"+name, conf[name])
	}
	p, err := proctest.Start(exec.Command(bin, args...), func(line string) bool {
		return strings.Contains(line, "Ready to accept connections")
	})
	if err != nil && strings.Contains(err.Error(), "Address already in use") {
		return nil, fmt.Errorf("%w: %w", errAddrInUse, err)
	}
	return p, err
}
