package redis

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"strings"

	goredis "github.com/redis/go-redis/v9"
)

//go:embed lua
var sources embed.FS

// library is the source of all functions, and the prefix of their names.
type library struct{ code, prefix string }

// loadOrder: later files use what earlier ones define.
var loadOrder = []string{"library", "append", "read", "topic", "reactor"}

func newLibrary() library {
	var b strings.Builder
	for _, name := range loadOrder {
		part, err := sources.ReadFile("lua/" + name + ".lua")
		if err != nil {
			panic(err)
		}
		b.Write(part)
		b.WriteByte('\n')
	}
	digest := sha256.Sum256([]byte(b.String()))
	version := hex.EncodeToString(digest[:6])
	return library{
		code:   strings.ReplaceAll(b.String(), "VERSION", version),
		prefix: "tapedeck_" + version + "_",
	}
}

// load makes the functions known to the server; a library of this name is this library.
func (l library) load(ctx context.Context, c *goredis.Client) error {
	err := c.FunctionLoad(ctx, l.code).Err()
	if err != nil && strings.Contains(err.Error(), "already exists") {
		return nil
	}
	return err
}

// call calls a function, and loads the library first where the server does not know it: a server
// that was replaced, or emptied with FUNCTION FLUSH.
func (l library) call(ctx context.Context, c *goredis.Client, name string, args ...any) *goredis.Cmd {
	return l.do(ctx, c, append(l.head(name), args...))
}

// head is the beginning of a call's arguments. The log's key stands for the partition.
func (l library) head(name string) []any { return []any{"fcall", l.prefix + name, 1, logKey} }

func (l library) do(ctx context.Context, c *goredis.Client, args []any) *goredis.Cmd {
	cmd := c.Do(ctx, args...)
	if err := cmd.Err(); err == nil || !strings.Contains(err.Error(), "Function not found") {
		return cmd
	}
	if err := l.load(ctx, c); err != nil {
		cmd.SetErr(err)
		return cmd
	}
	return c.Do(ctx, args...)
}
