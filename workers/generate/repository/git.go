package repository

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// git runs the program in a repository of its own, without the machine's settings, hooks or questions.
type git struct {
	dir  string
	path string // the repository, bare
	env  []string
	// token is taken out of what it says.
	token string
}

// maxSaid bounds what is kept of what git says.
const maxSaid = 4000

// asker answers git's questions for a user and a password from the environment.
const asker = "#!/bin/sh\ncase \"$1\" in Username*) printf '%s' \"$TAPEDECK_GIT_USER\";; *) printf '%s' \"$TAPEDECK_GIT_TOKEN\";; esac\n"

func newGit(ctx context.Context, dir string, r Remote) (*git, error) {
	if _, err := exec.LookPath("git"); err != nil {
		return nil, fmt.Errorf("git: %w: install your system's package git", err)
	}
	ask := dir + "/ask"
	if err := os.WriteFile(ask, []byte(asker), 0o700); err != nil {
		return nil, err
	}
	user := r.User
	if user == "" {
		user = "git"
	}
	g := &git{dir: dir, path: dir + "/repository", token: r.Token, env: []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "LC_ALL=C", "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_TERMINAL_PROMPT=0",
		"GIT_ASKPASS=" + ask, "GIT_ALLOW_PROTOCOL=https:file",
		"GIT_AUTHOR_NAME=Tapedeck", "GIT_AUTHOR_EMAIL=tapedeck@localhost", "GIT_COMMITTER_NAME=Tapedeck", "GIT_COMMITTER_EMAIL=tapedeck@localhost",
		"TAPEDECK_GIT_USER=" + user, "TAPEDECK_GIT_TOKEN=" + r.Token,
	}}
	// The work goes through a proxy where the machine's does.
	for _, name := range []string{"https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"} {
		if v, ok := os.LookupEnv(name); ok {
			g.env = append(g.env, name+"="+v)
		}
	}
	if _, err := g.run(ctx, nil, "init", "--quiet", "--bare", g.path); err != nil {
		return nil, err
	}
	return g, nil
}

// failure is what git said when it failed.
type failure struct {
	what string
	said string
}

func (f *failure) Error() string { return fmt.Sprintf("git %s: %s", f.what, f.said) }

// run answers what git printed.
func (g *git) run(ctx context.Context, in []byte, args ...string) ([]byte, error) {
	all := []string{"-c", "core.hooksPath=/dev/null", "-c", "credential.helper=", "-c", "http.followRedirects=false", "-c", "protocol.ext.allow=never", "-c", "safe.bareRepository=all", "-c", "safe.directory=*"}
	if args[0] != "init" {
		all = append(all, "--git-dir="+g.path)
	}
	cmd := exec.CommandContext(ctx, "git", append(all, args...)...)
	cmd.Env, cmd.Dir = g.env, g.dir
	cmd.Stdin = bytes.NewReader(in)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	err := cmd.Run()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		text := strings.TrimSpace(said.String())
		if g.token != "" {
			text = strings.ReplaceAll(text, g.token, "***")
		}
		if len(text) > maxSaid {
			text = text[:maxSaid] + "…"
		}
		return out.Bytes(), &failure{args[0], strings.ToValidUTF8(text, "")}
	}
	return out.Bytes(), nil
}

func (g *git) line(ctx context.Context, in []byte, args ...string) (string, error) {
	out, err := g.run(ctx, in, args...)
	return strings.TrimSpace(string(out)), err
}
