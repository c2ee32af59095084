package proctest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
)

// FreeAddr picks a free loopback address with a port below the range that
// kernels hand out to clients, so that hardly anything takes it while a server
// is down between a kill and a restart.
func FreeAddr() (string, error) {
	for range 1000 {
		addr := fmt.Sprintf("127.0.0.1:%d", 16384+rand.IntN(16000))
		l, err := net.Listen("tcp", addr)
		if err != nil {
			continue
		}
		return addr, l.Close()
	}
	return "", errors.New("no free loopback port")
}
