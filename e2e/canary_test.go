package e2e

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tapedeck/domain/recording"
	"tapedeck/internal/secretscan"
	"tapedeck/internal/secretshop"
)

// What a person types, and what the application holds; none of it may be found anywhere.
var (
	canaryLogin = secretshop.Login{User: secretshop.User, Password: "kestrel7quartz", Card: "mangrove4plumb", Code: "83415926"}
	canaryShop  = secretshop.Secrets{Basic: "harbour5violin", Session: "9f8e7d6c5b4a3f2e1d0c77aa", Token: "q4c1b7d9e2f6a8035wxyz"}
)

// canaries is a shop that is recorded, and a scanner of all that is secret in it.
type canaries struct {
	*studio
	shop    *secretshop.Shop
	secrets map[string]string
}

func openCanaries(t *testing.T) *canaries {
	t.Helper()
	k := &canaries{shop: secretshop.Start(t, canaryShop)}
	k.studio = openStudio(t, "LOG_LEVEL=debug", "TAPEDECK_SECRET_BASIC="+canaryShop.Basic, "TAPEDECK_SECRET_PASSWORD="+canaryLogin.Password,
		"TAPEDECK_SECRET_CARD="+canaryLogin.Card, "TAPEDECK_SECRET_CODE="+canaryLogin.Code)
	k.secrets = map[string]string{
		"password": canaryLogin.Password, "card": canaryLogin.Card, "code": canaryLogin.Code, "basic": canaryShop.Basic,
		"session cookie": canaryShop.Session, "access token": canaryShop.Token, "signature": k.shop.Signature(canaryLogin.Password),
	}
	return k
}

func (k *canaries) begin(more map[string]any) string {
	k.t.Helper()
	input := map[string]any{
		"url": k.shop.URL, "name": "Canaries", "secrets": []any{map[string]any{"name": "card"}},
		"httpCredentials": map[string]any{"username": secretshop.User, "passwordRef": "TAPEDECK_SECRET_BASIC"},
	}
	maps.Copy(input, more)
	return k.record(input)
}

func (c *canvas) clickAt(p secretshop.Point) {
	c.t.Helper()
	c.click(float64(p.X), float64(p.Y))
}

// signIn types everything key by key.
func (k *canaries) signIn(c *canvas) {
	k.t.Helper()
	c.loaded(k.shop.URL)
	for _, f := range []struct {
		at   secretshop.Point
		text string
	}{
		{secretshop.UserField, canaryLogin.User}, {secretshop.PasswordField, canaryLogin.Password},
		{secretshop.CardField, canaryLogin.Card}, {secretshop.CodeField, canaryLogin.Code},
	} {
		c.clickAt(f.at)
		c.write(f.text)
	}
	c.clickAt(secretshop.SignIn)
	k.eventually("the shop's page has said everything", func() (bool, any) { return k.shop.Seen("/done") > 0, k.shop.Logins() })
	require.Equal(k.t, canaryLogin, k.shop.Logins()[0], "what was typed has arrived")
}

// requireClean looks through everything that the server keeps or says.
func (k *canaries) requireClean(ids ...string) {
	k.t.Helper()
	s := secretscan.New(k.secrets)
	hits, files, err := s.Dir(k.Dir)
	require.NoError(k.t, err)
	require.Greater(k.t, files, 5, "the data folder was looked through")
	for _, dir := range []string{k.tmp, k.scratch} {
		more, _, err := s.Dir(dir)
		require.NoError(k.t, err)
		hits = append(hits, more...)
	}
	hits = append(hits, s.Bytes("the server's log", []byte(k.Log()))...)
	for name, b := range k.served(ids...) {
		hits = append(hits, s.Bytes(name, b)...)
	}
	for _, h := range hits[:min(len(hits), 40)] {
		k.t.Errorf("%s", h)
	}
	require.Zero(k.t, len(hits), "secrets were found") //nolint:testifylint // their list is above
	k.requireScannerSees(ids...)
}

// requireScannerSees: what is no secret is found, so that secrets would be.
func (k *canaries) requireScannerSees(ids ...string) {
	k.t.Helper()
	s := secretscan.New(map[string]string{"marker": secretshop.Marker, "address": strings.TrimPrefix(k.shop.URL, "http://")})
	hits, _, err := s.Dir(k.Dir)
	require.NoError(k.t, err)
	var where strings.Builder
	for _, h := range hits {
		fmt.Fprintln(&where, h.Where)
	}
	require.Contains(k.t, where.String(), "log.db")
	for name, b := range k.served(ids...) {
		if !strings.Contains(name, "log of") {
			require.NotEmpty(k.t, s.Bytes(name, b), name)
		}
	}
}

// served is what the API says of jobs and recordings.
func (k *canaries) served(ids ...string) map[string][]byte {
	k.t.Helper()
	out := map[string][]byte{}
	for _, id := range ids {
		for name, path := range map[string]string{
			"job " + id: "/api/jobs/" + id, "events of " + id: "/api/jobs/" + id + "/events?limit=1000", "log of " + id: "/api/jobs/" + id + "/log?limit=1000",
			"tape of " + id: "/api/jobs/" + id + "/tape", "recording " + id: "/api/recordings/" + id, "versions of " + id: "/api/recordings/" + id + "/versions",
			"document of " + id: "/api/recordings/" + id + "/document",
			"all events":        "/api/events?" + url.Values{"from": {"beginning"}, "limit": {"1000"}}.Encode(),
		} {
			var b strings.Builder
			require.NoError(k.t, k.cl.Download(k.deadline(), path, &b), path)
			out[name] = []byte(b.String())
		}
	}
	return out
}

// look reads every picture of a recording.
func (k *canaries) look(ctx context.Context, id string) *pictures {
	k.t.Helper()
	p := newPictures(k.t)
	names := k.artefacts(id)
	slices.Sort(names)
	for _, name := range names {
		if strings.HasPrefix(name, "screenshots/") || strings.HasPrefix(name, "film/") && strings.HasSuffix(name, ".jpg") {
			p.add(ctx, name, k.artefact(id, name))
		}
	}
	if slices.Contains(names, "video.webm") {
		require.NotZero(k.t, p.video(ctx, "video.webm", k.artefact(id, "video.webm")))
	}
	k.t.Logf("%d of %d pictures look different", len(p.texts), p.looks)
	return p
}

func (k *canaries) requireUnseen(p *pictures) {
	k.t.Helper()
	for name, secret := range k.secrets {
		if name != "signature" && name != "session cookie" && name != "access token" { // no page shows those
			require.Empty(k.t, p.showing(secret), "%s is to be seen", name)
		}
	}
}

// A person signs in to an application that says everything again in every way.
// Nothing that the server keeps or shows holds a secret, and the recording still replays.
func TestNoSecretIsKept(t *testing.T) {
	t.Parallel()
	k := openCanaries(t)
	id := k.begin(nil)
	c := k.sit(id)
	k.signIn(c)
	c.clickAt(secretshop.Vault)
	k.eventually("the vault", func() (bool, any) { return k.shop.Seen("/vault") > 0, nil })
	c.loaded("/vault")
	k.awaitStep(id, "the vault, with its picture", func(s recording.Step) bool {
		return s.Type == recording.Click && s.Target != nil && strings.Contains(s.Title, "Vault") && s.Evidence != nil && s.Evidence.Screenshot != ""
	})
	end := c.stop()
	require.Equal(t, "succeeded", end.Status, "%+v", end.Error)
	names := k.artefacts(id)
	for _, name := range []string{"recording.json", "metadata.json", "network.har", "console.ndjson", "trace.zip", "video.webm", "film/index.json"} {
		require.Contains(t, names, name)
	}
	k.requireClean(id)

	p := k.look(k.deadline(), id)
	for _, page := range []string{"shop", "home", "vault"} {
		require.NotEmpty(t, p.showing(page+" "+secretshop.Marker), "the recogniser reads the page %q: %v", page, p.texts)
	}
	k.requireUnseen(p)

	again := k.begin(map[string]any{
		"mode": "script", "from": map[string]any{"recordingId": id}, "secrets": k.given(id), "capture": map[string]any{"video": false},
	})
	end = k.final(again)
	require.Equal(t, "succeeded", end.Status, "%+v", end.Error)
	require.Len(t, k.shop.Logins(), 2)
	require.Equal(t, canaryLogin, k.shop.Logins()[1], "the secrets that were given again")
	k.requireClean(id, again)
	require.NoError(t, k.Stop())
	k.requireScratchEmpty()
}

// given names where the values of a recording's secrets are.
func (k *canaries) given(id string) (out []any) {
	k.t.Helper()
	for _, step := range k.document(id).Steps {
		if step.Value == nil || step.Value.Secret == "" {
			continue
		}
		ref := "TAPEDECK_SECRET_" + map[string]string{"/password": "PASSWORD", "/card": "CARD", "/code": "CODE"}["/"+fieldOf(step)]
		out = append(out, map[string]any{"name": step.Value.Secret, "ref": ref})
	}
	require.Len(k.t, out, 3, "three fields held secrets")
	return out
}

// fieldOf is the name of the field that a step fills in.
func fieldOf(step recording.Step) string {
	for _, c := range step.Target.Candidates {
		for _, name := range []string{"password", "card", "code"} {
			if strings.Contains(strings.ToLower(c.Selector), name) {
				return name
			}
		}
	}
	return ""
}

// requireScratchEmpty: nothing of browser and sessions is left.
func (k *canaries) requireScratchEmpty() {
	k.t.Helper()
	require.Empty(k.t, leftIn(k.t, k.scratch), "temporary files are left")
}

// The server is killed while a recording is made, after everything secret was
// typed and said again. The tape says what happened, what was stored stays, the
// driver's temporary files are wiped, and the recording can be made again.
func TestNoSecretIsKeptWhenTheServerIsKilled(t *testing.T) {
	slow(t, "TestNoSecretIsKept")
	t.Parallel()
	k := openCanaries(t)
	id := k.begin(nil)
	c := k.sit(id)
	k.signIn(c)
	k.awaitStep(id, "the button, with its picture", func(s recording.Step) bool {
		return s.Type == recording.Click && strings.Contains(s.Title, "Sign in") && s.Evidence != nil && s.Evidence.Screenshot != ""
	})
	stored := k.artefacts(id)
	require.NotEmpty(t, stored)
	require.NotEmpty(t, leftIn(t, k.scratch), "the browser's temporary files are there")
	before, _ := k.recording(id)
	require.NoError(t, k.Kill())
	k.requireCleanFolders(k.Dir, k.tmp) // what a kill leaves of the driver lies in memory
	left := leftIn(t, k.scratch)

	k.Restart()
	k.eventually("the next attempt", func() (bool, any) {
		r, _ := k.recording(id)
		return r.Attempt == 2 && r.Status == "recording" && len(r.Steps) > 0, r.Status
	})
	for _, file := range left {
		require.NoFileExists(t, file, "what the killed process left is wiped")
	}
	require.Contains(t, string(k.served(id)["events of "+id]), "job.lease_expired", "the tape says so")
	require.Subset(t, k.artefacts(id), stored, "what was stored stays")
	for _, name := range stored {
		require.NotEmpty(t, k.artefact(id, name), name)
	}
	var old recordingBody
	require.NoError(t, k.cl.Get(k.deadline(), fmt.Sprintf("/api/recordings/%s?version=%d", id, before.Version), nil, &old))
	require.Equal(t, titles(before.Steps), titles(old.Steps), "what was recorded stays on the tape")

	again := k.sit(id)
	again.loaded(k.shop.URL)
	end := again.stop()
	require.Equal(t, "succeeded", end.Status, "%+v", end.Error)
	require.Equal(t, 2, end.Attempt)
	r, _ := k.recording(id)
	require.Equal(t, "complete", r.Status)
	k.requireClean(id)
	require.NoError(t, k.Stop())
	k.requireScratchEmpty()
}

// requireCleanFolders looks through files alone.
func (k *canaries) requireCleanFolders(dirs ...string) {
	k.t.Helper()
	for _, dir := range dirs {
		hits, _, err := secretscan.New(k.secrets).Dir(dir)
		require.NoError(k.t, err)
		require.Empty(k.t, hits)
	}
}
