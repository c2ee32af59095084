// Command centrifuge serves one channel over WebSocket for the fan-out and
// idle-memory comparison. It prints one JSON line with its address; then each
// line on stdin is a command: "publish N SIZE" publishes N messages as fast as
// it can, "mem" collects garbage and prints the memory in use.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/centrifugal/centrifuge"
)

func main() {
	node, err := centrifuge.New(centrifuge.Config{
		ClientQueueMaxSize: 64 << 20, // the flood must not disconnect anybody
	})
	check(err)
	node.OnConnect(func(client *centrifuge.Client) {
		client.OnSubscribe(func(_ centrifuge.SubscribeEvent, cb centrifuge.SubscribeCallback) {
			cb(centrifuge.SubscribeReply{}, nil)
		})
	})
	check(node.Run())

	ws := centrifuge.NewWebsocketHandler(node, centrifuge.WebsocketConfig{
		CheckOrigin:        func(*http.Request) bool { return true },
		UseWriteBufferPool: true,
		WriteTimeout:       30 * time.Second,
		ReadBufferSize:     512,
	})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	go func() {
		check(http.Serve(ln, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx := centrifuge.SetCredentials(r.Context(), &centrifuge.Credentials{})
			ws.ServeHTTP(w, r.WithContext(ctx))
		})))
	}()

	out := json.NewEncoder(os.Stdout)
	check(out.Encode(map[string]string{"address": ln.Addr().String()}))
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		var n, size int
		switch line := in.Text(); {
		case line == "mem":
			check(out.Encode(map[string]uint64{"bytes": memory()}))
		default:
			_, err := fmt.Sscanf(line, "publish %d %d", &n, &size)
			check(err)
			publish(node, n, size)
		}
	}
}

// publish sends messages that each carry the marker "event" once, like ours.
func publish(node *centrifuge.Node, n, size int) {
	body := fmt.Appendf(nil, `{"event":%q}`, strings.Repeat("x", size-len(`{"event":""}`)))
	for range n {
		_, err := node.Publish("stream", body)
		check(err)
	}
}

func memory() uint64 {
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
