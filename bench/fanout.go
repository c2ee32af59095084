package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
)

const fanoutSection = "one stream to 1,000 WebSocket clients, 700-byte messages, as fast as it goes"

// liveServer is a server under test in a process of its own, so that its
// memory is its own and no client's.
type liveServer struct {
	name      string
	address   string
	path      string
	subscribe string // what a client sends
	confirmed string // what the last answer to it contains
	marker    string // what each message contains once

	publish func(n, size int) error
	memory  func() (uint64, error)
	stop    func()
}

// fanout floods 1,000 clients from a server of ours and from centrifuge, in turn.
func (b *bench) fanout(ctx context.Context) ([]figure, error) {
	const clients, size = 1000, 700
	servers := []func(context.Context) (*liveServer, error){b.liveServer, b.peers.centrifuge}
	rate := make([]figure, len(servers))
	idle := make([]figure, len(servers))
	for range b.runs {
		for i, start := range servers {
			srv, err := start(ctx)
			if err != nil {
				return nil, err
			}
			got, err := fanOut(ctx, srv, clients, b.scale(2000), size)
			srv.stop()
			if err != nil {
				return nil, fmt.Errorf("%s: %w", srv.name, err)
			}
			rate[i] = figure{Section: fanoutSection, Unit: "messages/s", Name: srv.name, Runs: append(rate[i].Runs, got.perSecond)}
			rate[i].Note = fmt.Sprintf("%.0f B a message on the wire", got.messageBytes)
			idle[i] = figure{Section: fanoutSection, Unit: "B", Name: srv.name + ": memory of an idle client", Runs: append(idle[i].Runs, got.clientBytes)}
		}
	}
	rate[0].Target, idle[0].Target = atLeast(500_000), atMost(16_000)
	return []figure{rate[0].against(rate[1]), rate[1], idle[0].against(idle[1]), idle[1]}, nil
}

type fanOutResult struct{ perSecond, messageBytes, clientBytes float64 }

// fanOut connects the clients, takes the memory they cost while nothing is
// sent, then publishes and waits until each client has each message.
func fanOut(ctx context.Context, srv *liveServer, clients, messages, size int) (res fanOutResult, err error) {
	before, err := srv.memory()
	if err != nil {
		return res, err
	}
	conns, err := connect(ctx, srv, clients)
	if err != nil {
		return res, err
	}
	defer func() {
		for _, c := range conns {
			c.Close()
		}
	}()
	after, err := srv.memory()
	if err != nil {
		return res, err
	}
	start := time.Now()
	var g errgroup.Group
	for _, c := range conns {
		c.received = 0
		g.Go(func() error { return c.Count(srv.marker, messages) })
	}
	if err := srv.publish(messages, size); err != nil {
		return res, err
	}
	if err := g.Wait(); err != nil {
		return res, err
	}
	res.perSecond = float64(clients*messages) / time.Since(start).Seconds()
	res.messageBytes = float64(conns[0].received) / float64(messages)
	res.clientBytes = (float64(after) - float64(before)) / float64(clients)
	return res, nil
}

// connect opens the clients, 50 at a time, each subscribed and confirmed.
func connect(ctx context.Context, srv *liveServer, clients int) ([]*wsClient, error) {
	var mu sync.Mutex
	conns := make([]*wsClient, 0, clients)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(50)
	for range clients {
		g.Go(func() error {
			c, err := dialWS(ctx, srv.address, srv.path)
			if err != nil {
				return err
			}
			mu.Lock()
			conns = append(conns, c)
			mu.Unlock()
			if err := c.Send(srv.subscribe); err != nil {
				return err
			}
			return c.Await(srv.confirmed)
		})
	}
	err := g.Wait()
	if err != nil {
		for _, c := range conns {
			c.Close()
		}
		return nil, err
	}
	return conns, nil
}

func (p *peers) centrifuge(ctx context.Context) (*liveServer, error) {
	child, err := startChild(exec.Command(filepath.Join(p.bin, "centrifuge")))
	if err != nil {
		return nil, err
	}
	return &liveServer{
		name: "centrifuge 0.40", address: child.address, path: "/",
		subscribe: `{"id":1,"connect":{}}` + "\n" + `{"id":2,"subscribe":{"channel":"stream"}}`,
		confirmed: `"id":2`, marker: `"event"`,
		publish: child.publish, memory: child.memory, stop: child.stop,
	}, nil
}

// child is a server process that is told what to do by lines on its stdin and
// answers with JSON lines on its stdout.
type child struct {
	address string
	cmd     *exec.Cmd
	in      io.WriteCloser
	out     *json.Decoder
}

func startChild(cmd *exec.Cmd) (*child, error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c := &child{cmd: cmd, in: in, out: json.NewDecoder(bufio.NewReader(out))}
	var hello struct{ Address string }
	if err := c.out.Decode(&hello); err != nil {
		c.stop()
		return nil, fmt.Errorf("%s does not say where it listens: %w", filepath.Base(cmd.Path), err)
	}
	c.address = hello.Address
	return c, nil
}

func (c *child) publish(n, size int) error {
	_, err := fmt.Fprintf(c.in, "publish %d %d\n", n, size)
	return err
}

func (c *child) memory() (uint64, error) {
	if _, err := fmt.Fprintln(c.in, "mem"); err != nil {
		return 0, err
	}
	var m struct{ Bytes uint64 }
	return m.Bytes, c.out.Decode(&m)
}

func (c *child) stop() {
	c.in.Close()
	c.cmd.Process.Kill()
	c.cmd.Wait()
}
