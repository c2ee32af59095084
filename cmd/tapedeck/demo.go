package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"tapedeck/demo/shop"
)

// demoShop is a running demo shop.
type demoShop struct {
	url    string
	shop   *shop.Shop
	server *http.Server
	ended  chan error // has room for the one error
}

// openShop serves a new demo shop on a loopback port; 0 takes a free one.
func openShop(ctx context.Context, port int) (*demoShop, error) {
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return nil, fmt.Errorf("the demo shop: %w (choose another port, or 0 for a free one)", err)
	}
	d := &demoShop{url: "http://" + ln.Addr().String(), shop: shop.New(shop.Config{}), ended: make(chan error, 1)}
	d.server = &http.Server{
		Handler: d.shop, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute,
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug), // what browsers do to connections is no news
	}
	go func() { d.ended <- d.server.Serve(ln) }()
	return d, nil
}

// stop ends the shop and everything that is open in it.
func (d *demoShop) stop() error {
	d.shop.Close()
	return d.server.Close()
}

// startDemo serves the demo shop beside the page, when that is asked for. Workers of other machines would not reach it.
func (n *node) startDemo(ctx context.Context, r role) error {
	switch {
	case !n.cfg.Demo:
		return nil
	case !r.api || !r.work:
		n.log.Warn("DEMO has no effect here: only `tapedeck serve` has the demo shop; `tapedeck demo` serves it alone")
		return nil
	}
	d, err := openShop(ctx, n.cfg.DemoPort)
	if err != nil {
		return fmt.Errorf("%w; DEMO_PORT sets it, DEMO=0 does without", err)
	}
	n.onStop(func(context.Context) error { return d.stop() })
	n.demo = d.url
	n.log.Info("the demo shop is open", "url", d.url)
	if !n.cfg.RecorderAllowLoopback {
		n.log.Warn("recorded pages do not reach the demo shop: RECORDER_ALLOW_LOOPBACK=1 lets them")
	}
	return nil
}

// demoCommand serves the demo shop alone.
func demoCommand() *cobra.Command {
	var port int
	c := &cobra.Command{
		Use:   "demo",
		Short: "Serve only the demo shop",
		Long: "Serves the demo shop on a loopback port until it is interrupted: a small site to record, with requirements " +
			"in demo/documents and recorded flows in demo/flows. It keeps everything in memory and begins anew each time.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return serveDemo(c.Context(), c.OutOrStdout(), port) },
	}
	c.Flags().IntVar(&port, "port", 0, "the port to listen on; 0 takes a free one")
	return c
}

func serveDemo(ctx context.Context, out io.Writer, port int) error {
	if port < 0 || port > 65535 {
		return fmt.Errorf("--port: %d is no port", port)
	}
	d, err := openShop(ctx, port)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(out, "%s\nSign in as %s with the password %s.\n", d.url, shop.Customer, shop.CustomerPassword)
	select {
	case <-ctx.Done():
		return d.stop()
	case err := <-d.ended:
		return errors.Join(err, d.stop())
	}
}
