package runner

import (
	"os"
	"path/filepath"
	"strings"
)

// layout is where things lie for the programs of one invocation.
type layout struct {
	project, kit, shim, run, out string
}

// inside is the layout in a sandbox.
var inside = layout{project: "/project", kit: "/kit", shim: "/shim", run: "/run/tapedeck", out: "/out"}

// shimPlace is where a project finds our stand-in.
const shimPlace = "node_modules/@playwright/test"

// bare confines to the programs alone.
func bare(k kit) []string {
	args := []string{
		"--unshare-user-try", "--unshare-net", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try",
		"--die-with-parent", "--new-session", "--clearenv", "--hostname", "tapedeck",
		"--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--dir", "/run", "--dir", "/var",
		"--ro-bind", "/usr", "/usr",
	}
	for _, dir := range []string{"/bin", "/sbin", "/lib", "/lib32", "/lib64"} {
		if to, err := os.Readlink(dir); err == nil {
			args = append(args, "--symlink", to, dir)
		} else {
			args = append(args, "--ro-bind-try", dir, dir)
		}
	}
	for _, path := range []string{
		"/etc/alternatives", "/etc/fonts", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/passwd", "/etc/group",
		"/etc/localtime", "/etc/ssl", "/etc/mime.types", "/etc/chromium", "/etc/chromium.d", "/var/cache/fontconfig",
	} {
		args = append(args, "--ro-bind-try", path, path)
	}
	for _, program := range []string{k.node, k.chromium} {
		if dir := filepath.Dir(program); !strings.HasPrefix(dir, "/usr/") {
			args = append(args, "--ro-bind", dir, dir)
		}
	}
	return args
}

// confined adds what one invocation may see. host is where it lies outside.
func confined(k kit, host layout) []string {
	return append(bare(k),
		"--ro-bind", host.project, inside.project,
		"--ro-bind", host.kit, inside.kit,
		"--ro-bind", host.shim, filepath.Join(inside.project, shimPlace),
		"--bind", host.run, inside.run,
		"--bind", host.out, inside.out,
		"--chdir", inside.project,
	)
}

// environment is all that the programs are given.
func environment(l layout, home string) map[string]string {
	return map[string]string{
		"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": home, "TMPDIR": home, "LANG": "C.UTF-8", "CI": "1", "FORCE_COLOR": "0", "NO_COLOR": "1",
		"PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD": "1", "PW_TEST_HTML_REPORT_OPEN": "never", "PLAYWRIGHT_NO_COPY_PROMPT": "1",
		"TAPEDECK_SOCKET": filepath.Join(l.run, controlSocket), "TAPEDECK_PROJECT": l.project, "TAPEDECK_KIT": l.kit,
	}
}
