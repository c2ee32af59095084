// Package s3test has a real S3 store for tests: a gateway to a folder (github.com/versity/versitygw), started for each
// test, or the one that TEST_S3_URL names, such as
// "s3://any?region=eu-central-1&endpoint=https://…&use_path_style=true" with credentials in the environment.
package s3test

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"tapedeck/internal/proctest"
	"tapedeck/internal/tapedecktest"
)

// Server is a store.
type Server struct {
	// Options are those of a bucket's address, such as "region=…&endpoint=…".
	Options string
	// Key and Secret open it.
	Key, Secret string

	client *s3.Client
}

// Start starts a store that ends with the test, or connects to the one that TEST_S3_URL names.
func Start(t testing.TB) *Server {
	t.Helper()
	given := os.Getenv("TEST_S3_URL")
	if given == "" {
		s, _ := Gateway(t)
		return s
	}
	_, options, _ := strings.Cut(given, "?")
	return (&Server{Options: options, Key: os.Getenv("AWS_ACCESS_KEY_ID"), Secret: os.Getenv("AWS_SECRET_ACCESS_KEY")}).connect(t)
}

// Gateway starts a store on this machine, whatever TEST_S3_URL says, for tests that stand between it and who asks it. It
// returns its address too.
func Gateway(t testing.TB) (s *Server, endpoint string) {
	t.Helper()
	s = &Server{Key: "tapedeck-test", Secret: "tapedeck-test-secret"}
	endpoint = s.serve(t)
	s.Options = "region=us-east-1&use_path_style=true&endpoint=" + url.QueryEscape(endpoint)
	return s.connect(t), endpoint
}

func (s *Server) connect(t testing.TB) *Server {
	t.Helper()
	q, err := url.ParseQuery(s.Options)
	if err != nil {
		t.Fatal(err)
	}
	s.client = s3.New(s3.Options{
		Region: q.Get("region"), UsePathStyle: q.Get("use_path_style") == "true", Credentials: credentials.NewStaticCredentialsProvider(s.Key, s.Secret, ""),
		BaseEndpoint: endpoint(q),
	})
	return s
}

func endpoint(q url.Values) *string {
	if at := q.Get("endpoint"); at != "" {
		return aws.String(at)
	}
	return nil
}

// serve runs the gateway over a folder of its own.
func (s *Server) serve(t testing.TB) string {
	t.Helper()
	addr, err := proctest.FreeAddr()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program(t), "--port", addr, "--access", s.Key, "--secret", s.Secret, "--quiet", "posix", t.TempDir()) //nolint:noctx // it is killed at the end
	cmd.Env = []string{"PATH=/usr/bin:/bin"}
	p, err := proctest.Launch(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the gateway: %s", p.Log())
		}
		if err := p.Kill(); err != nil {
			t.Error(err)
		}
	})
	awaitPort(t, addr, p)
	return "http://" + addr
}

// awaitPort waits until a process listens.
func awaitPort(t testing.TB, addr string, p *proctest.Process) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
		if err == nil {
			_ = conn.Close()
			return
		}
		select {
		case <-tick.C:
		case <-p.Exited():
			t.Fatalf("the gateway ended: %v\n%s", p.Err(), p.Log())
		case <-ctx.Done():
			t.Fatalf("the gateway does not come up: %v\n%s", err, p.Log())
		}
	}
}

// program is the gateway's; it is built the first time.
func program(t testing.TB) string {
	t.Helper()
	cmd := exec.Command("go", "tool", "-modfile="+filepath.Join("tools", "go.mod"), "-n", "versitygw") //nolint:noctx // it ends
	cmd.Dir = tapedecktest.Root()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("build the S3 gateway: %v\n%s", err, out)
	}
	lines := strings.Fields(strings.TrimSpace(string(out)))
	return lines[len(lines)-1]
}

// Bucket makes a bucket with objects and returns its name.
func (s *Server) Bucket(t testing.TB, objects map[string]string) string {
	t.Helper()
	name := fmt.Sprintf("tapedeck-%d-%d", os.Getpid(), time.Now().UnixNano())
	if _, err := s.client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &name}); err != nil {
		t.Fatal(err)
	}
	s.Put(t, name, objects)
	t.Cleanup(func() { s.empty(t, name) })
	return name
}

// Put stores objects.
func (s *Server) Put(t testing.TB, bucket string, objects map[string]string) {
	t.Helper()
	for key, text := range objects {
		in := &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader(text)}
		if _, err := s.client.PutObject(t.Context(), in); err != nil {
			t.Fatal(err)
		}
	}
}

// Delete removes objects.
func (s *Server) Delete(t testing.TB, bucket string, keys ...string) {
	t.Helper()
	for _, key := range keys {
		if _, err := s.client.DeleteObject(context.WithoutCancel(t.Context()), &s3.DeleteObjectInput{Bucket: &bucket, Key: &key}); err != nil {
			t.Error(err)
		}
	}
}

func (s *Server) empty(t testing.TB, bucket string) {
	ctx := context.WithoutCancel(t.Context())
	found, err := s.client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &bucket})
	if err != nil {
		t.Error(err)
		return
	}
	for _, o := range found.Contents {
		s.Delete(t, bucket, *o.Key)
	}
	if _, err := s.client.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: &bucket}); err != nil {
		t.Error(err)
	}
}
