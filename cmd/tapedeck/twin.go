package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tapedeck/cli"
	"tapedeck/client"
	"tapedeck/domain/recording"
	"tapedeck/proxy/har"
	"tapedeck/proxy/twin"
)

// twinCommand serves a recording's network by itself.
func twinCommand() *cobra.Command {
	var port int
	var closest, pin bool
	var seed uint64
	var latency time.Duration
	c := &cobra.Command{
		Use:   "twin RECORDING | FILE.har",
		Short: "Serve a recorded site without the site",
		Long: "Answers from a recording's network as the stateful server did, on a loopback port, until it is interrupted. " +
			"What does not fit the recording is said on stderr and refused (--closest answers it with what comes nearest). " +
			"GET " + twin.Control + "/report tells what was asked, POST " + twin.Control + "/reset begins again. " +
			"Exits with 1 when something did not fit, or was not sent.",
		Args: cobra.ExactArgs(1),
	}
	connect := cli.Connect(c)
	c.Flags().IntVar(&port, "port", 0, "the port to listen on; 0 takes a free one")
	c.Flags().BoolVar(&closest, "closest", false, "answer what was not recorded with the nearest answer, for looking around")
	c.Flags().BoolVar(&pin, "pin", true, "show pages the recording's time and seeded random numbers")
	c.Flags().Uint64Var(&seed, "seed", 1, "what random numbers and latencies follow from")
	c.Flags().DurationVar(&latency, "latency", 0, "hold each answer up for 0 to this long")
	c.RunE = func(c *cobra.Command, args []string) error {
		tape, err := loadTape(c.Context(), connect, args[0])
		if err != nil {
			return err
		}
		o := twin.RunOptions{Pin: pin, Seed: seed, MaxLatency: latency}
		if closest {
			o.Mode = twin.Closest
		}
		return serveTwin(c.Context(), c.OutOrStdout(), c.ErrOrStderr(), tape, o, port)
	}
	return c
}

// loadTape reads a HAR file, or a recording of the server.
func loadTape(ctx context.Context, connect func() (*client.Client, error), name string) (*twin.Tape, error) {
	if strings.HasSuffix(name, ".har") {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer func() { _ = f.Close() }()
		return tapeOf(f, twin.Options{})
	}
	api, err := connect()
	if err != nil {
		return nil, err
	}
	defer api.Close()
	at := "/api/recorder/" + url.PathEscape(name) + "/artifacts/"
	var raw, network bytes.Buffer
	if err := api.Download(ctx, at+"recording.json", &raw); err != nil {
		return nil, fmt.Errorf("recording %s: %w", name, err)
	}
	doc, err := recording.ReadDocument(raw.Bytes())
	if err != nil {
		return nil, fmt.Errorf("recording %s: %w", name, err)
	}
	if err := api.Download(ctx, at+"network.har", &network); err != nil {
		return nil, fmt.Errorf("recording %s: its network: %w", name, err)
	}
	return tapeOf(&network, twin.Options{Typed: doc.Typed()})
}

func tapeOf(r io.Reader, o twin.Options) (*twin.Tape, error) {
	entries, err := har.Read(r, 0)
	if err != nil {
		return nil, err
	}
	return twin.New(entries, o)
}

func serveTwin(ctx context.Context, out, log io.Writer, tape *twin.Tape, o twin.RunOptions, port int) error {
	site, err := tape.Site(o)
	if err != nil {
		return err
	}
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return err
	}
	for _, cut := range tape.Cut() {
		_, _ = fmt.Fprintln(log, "not whole in the recording:", cut)
	}
	_, _ = fmt.Fprintf(out, "http://%s%s\n", ln.Addr(), site.Start())
	srv := &http.Server{Handler: site, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		<-ctx.Done()
		_ = srv.Close()
	}()
	go tellDrift(ctx, log, site)
	if err := srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	report := site.Finish()
	_, _ = fmt.Fprintf(log, "%d requests, %d of %d writes sent, %d that did not fit\n", report.Requests, report.Written, report.Writes, len(report.Drift))
	for _, d := range report.Drift {
		if d.Kind == twin.Missing || d.Kind == twin.Silent {
			_, _ = fmt.Fprintln(log, d)
		}
	}
	if len(report.Drift) > 0 {
		return &cli.FailedError{Why: "the run did not follow its recording"}
	}
	return nil
}

// tellDrift says what does not fit as it happens.
func tellDrift(ctx context.Context, log io.Writer, site *twin.Site) {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	said := 0
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		drift := site.Report().Drift
		if said > len(drift) {
			said = 0 // it was begun again
		}
		for _, d := range drift[said:] {
			_, _ = fmt.Fprintln(log, d)
		}
		said = len(drift)
	}
}
