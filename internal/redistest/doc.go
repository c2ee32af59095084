// Package redistest runs real redis-servers for tests: each on its own free
// loopback port and data folder, killed, frozen and restarted at will, and gone
// when the test ends, even if the test binary itself is killed.
package redistest
