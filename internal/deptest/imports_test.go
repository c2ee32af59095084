package deptest

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// layers is the package map: what each part may import of this module.
// A part that is not listed (cmd, e2e, bench, internal) may import anything.
var layers = []layer{
	{part: "domain", may: []string{"domain"},
		reason: "decisions are pure: whoever replays a tape must come to the same state"},
	{part: "eventstore", may: []string{"eventstore", "domain"},
		reason: "the log knows events, not who writes or reads them"},
	{part: "projections", may: []string{"projections", "domain", "=eventstore", "eventstore/jobs"},
		reason: "read models are folded from any log, through its contract"},
	{part: "handlers", may: []string{"handlers", "domain", "=eventstore", "eventstore/jobs", "eventstore/tapefile", "projections", "artifacts"},
		reason: "handlers hand commands to the log; workers are reached through the log only"},
	{part: "workers", may: []string{"workers", "domain", "=eventstore", "eventstore/jobs", "artifacts", "proxy"},
		reason: "workers run on other machines, without handlers and read models"},
	{part: "proxy", may: []string{"proxy", "domain"},
		reason: "the way from a browser to the network knows nothing of jobs; who records hands it what it needs"},
	{part: "artifacts", may: []string{"artifacts", "domain"},
		reason: "a blob store knows names and bytes"},
	{part: "client", may: []string{"client"},
		reason: "the client can do what any other program can over HTTP, and no more"},
	{part: "cli", may: []string{"cli", "client", "domain", "eventstore/tapefile"},
		reason: "a command is a use of the API or of a tape in a file; what serves is wired in cmd"},
	{part: "config", may: []string{"config"},
		reason: "settings are plain values; cmd hands them out"},
	{part: "demo/shop", may: nil,
		reason: "the demo shop is a site like any other: the product knows it by its address"},
	{part: "demo", may: []string{"demo", "domain"},
		reason: "documents and recordings are what a stranger could have brought"},
	{part: "webapp", may: nil,
		reason: "the page is files, nothing else"},
}

// owned says which parts alone may import a package from outside.
var owned = []ownership{
	{pkg: "github.com/gofiber/fiber", parts: []string{"handlers"},
		reason: "fiber reuses its buffers: only code that copies what it keeps may touch them"},
	{pkg: "github.com/valyala/fasthttp", parts: []string{"handlers"},
		reason: "the same buffers"},
	{pkg: "github.com/redis/go-redis", parts: []string{"eventstore/redis"},
		reason: "every write to Redis is the atomic append; a second writer would be a second truth"},
	{pkg: "github.com/ThreeDotsLabs/watermill-redisstream", parts: []string{"eventstore/redis"},
		reason: "its publisher and reader lose or repeat messages unless wrapped (see its package doc)"},
	{pkg: "zombiezen.com/go/sqlite", parts: []string{"eventstore/sqlite", "projections"},
		reason: "one connection discipline in one place"},
	{pkg: "gocloud.dev", parts: []string{"artifacts", "workers/ingest/bucket"},
		reason: "names that cannot escape, and buckets that may be read, are checked in one place each"},
	{pkg: "github.com/openai/openai-go", parts: []string{"workers/model"},
		reason: "what a model is told, and how much it may answer, is checked in one place"},
	{pkg: "github.com/spf13/cobra", parts: []string{"cmd", "cli"},
		reason: "flags are read where the parts are wired"},
	{pkg: "github.com/knadh/koanf", parts: []string{"config"},
		reason: "parts get a configuration struct, not a source of settings"},
}

// impure is what the domain must not import, by the reason.
var impure = map[string]string{
	"context":                "nothing in the domain waits",
	"sync":                   "nothing in the domain runs beside something else",
	"os":                     "no I/O: the same tape gives the same state anywhere",
	"io":                     "no I/O",
	"net":                    "no I/O",
	"syscall":                "no I/O",
	"database/sql":           "no I/O",
	"embed":                  "no I/O",
	"log":                    "the tape is the log; what happened is an event",
	"expvar":                 "metrics belong to services",
	"math/rand":              "random numbers arrive in the command",
	"crypto/rand":            "new ids arrive in the command",
	"hash/maphash":           "its seed differs in each process",
	"runtime":                "a decision must not depend on the machine",
	"unsafe":                 "nothing in the domain is worth it",
	"github.com/google/uuid": "new ids arrive in the command",
}

// pure is what the domain may import although it lies below something impure.
var pure = []string{"net/url"}

// outside is all that the domain may import from other modules.
var outside = []string{"github.com/go-json-experiment/json", "github.com/yuin/goldmark", "golang.org/x/net/http/httpguts"}

// clock is what the domain must not call of package time.
var clock = []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"}

func TestPartsImportOnlyWhatTheyMay(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		for _, l := range layers {
			if !under(p.part(), l.part) {
				continue
			}
			for _, imp := range ours(p.Imports) {
				require.True(t, l.allows(imp), "%s imports %s: %s", p.ImportPath, imp, l.reason)
			}
		}
	}
}

func TestHandlersAndWorkersNeverMeet(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		for _, imp := range ours(p.allImports()) {
			require.False(t, under(p.part(), "handlers") && under(imp, "workers"),
				"%s imports %s: what both need is in the domain or the log; tests of both are in e2e", p.ImportPath, imp)
			require.False(t, under(p.part(), "workers") && under(imp, "handlers"),
				"%s imports %s: what both need is in the domain or the log; tests of both are in e2e", p.ImportPath, imp)
		}
	}
}

func TestOutsidePackagesHaveOneOwner(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		if under(p.part(), "internal") || under(p.part(), "e2e") || under(p.part(), "bench") {
			continue // never part of the binary
		}
		for _, imp := range p.Imports {
			for _, o := range owned {
				require.True(t, !under(imp, o.pkg) || o.owns(p.part()),
					"%s imports %s, which belongs to %v: %s", p.ImportPath, imp, o.parts, o.reason)
			}
		}
	}
}

func TestDomainIsPure(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		if !under(p.part(), "domain") {
			continue
		}
		for _, imp := range p.Imports {
			for pkg, reason := range impure {
				require.False(t, under(imp, pkg) && !slices.Contains(pure, imp), "%s imports %s: %s", p.ImportPath, imp, reason)
			}
			require.True(t, standard(imp) || under(imp, module) || underAny(imp, outside),
				"%s imports %s: the domain needs no other module than %v", p.ImportPath, imp, outside)
		}
		for _, call := range p.timeCalls(t) {
			require.NotContains(t, clock, call.name, "%s: time.%s: the time arrives in the command", call.pos, call.name)
		}
	}
}

// TestRulesSpeakOfWhatExists keeps the tables honest: a rule about a part that
// was renamed would never fail.
func TestRulesSpeakOfWhatExists(t *testing.T) {
	t.Parallel()
	exists := func(part string) bool {
		for _, p := range packages(t) {
			if under(p.part(), part) {
				return true
			}
		}
		return false
	}
	for _, l := range layers {
		require.True(t, exists(l.part), "no package in %s", l.part)
	}
	for _, o := range owned {
		for _, part := range o.parts {
			require.True(t, exists(part), "no package in %s", part)
		}
	}
}
