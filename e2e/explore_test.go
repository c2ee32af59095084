package e2e

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/require"

	"tapedeck/demo/flows"
	demoshop "tapedeck/demo/shop"
	"tapedeck/domain/proof"
	"tapedeck/domain/testcase"
	"tapedeck/internal/tapedecktest"
	"tapedeck/workers/explore"
)

// TestCasesAreProvenOrTried signs up in the demo shop: cases that the browser stops are proven with the flow, others are tried
// in the shop itself, and what it does otherwise is told.
func TestCasesAreProvenOrTried(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	server := httptest.NewServer(demoshop.New(demoshop.Config{}))
	t.Cleanup(server.Close)
	app := server.URL
	s := tapedecktest.Start(t, "serve", append(recordsHere(t), "TAPEDECK_SECRET_PASSWORD="+demoshop.CustomerPassword)...)
	c := s.Client()
	doc, err := flows.Flow{Name: "sign-up"}.Document(app)
	require.NoError(t, err)
	script := doc.Script()
	script.Secrets[0].Ref = "TAPEDECK_SECRET_PASSWORD"
	raw, err := json.Marshal(script)
	require.NoError(t, err)
	recorded := jobEnd(t, c, submit(ctx, t, c, "recorder.record", string(raw)).JobID)
	made := jobEnd(t, c, submit(ctx, t, c, testcase.Kind, `{"recordingId":"`+recorded.JobID+`"}`).JobID)
	var set testcase.State
	cases := func() testcase.State {
		set = testcase.State{}
		require.NoError(t, c.Get(ctx, "/api/test-cases/"+made.JobID, nil, &set))
		return set
	}
	find := func(title string) testcase.Reviewed {
		i := slices.IndexFunc(set.Cases, func(r testcase.Reviewed) bool { return r.Title == title })
		require.GreaterOrEqual(t, i, 0, title)
		return set.Cases[i]
	}
	cases()
	env := []string{"TAPEDECK_URL=" + s.URL()}

	written := jobEnd(t, c, submit(ctx, t, c, "suite.generate",
		`{"recordingId":"`+recorded.JobID+`","casesId":"`+made.JobID+`","learn":false,"runs":2,"mutants":0}`).JobID)
	var suite struct {
		ProofID string `json:"proofId"`
		Cases   int    `json:"cases"`
	}
	require.Equal(t, "succeeded", written.Status, "%+v", written.Error)
	require.NoError(t, json.Unmarshal(written.Result, &suite))
	require.Positive(t, suite.Cases)
	verified := jobEnd(t, c, suite.ProofID)
	require.Equal(t, "succeeded", verified.Status, "%+v", verified.Error)
	p := proofOf(t, c, suite.ProofID)
	for _, r := range p.Done {
		t.Logf("%s %s %+v %v", r.Test, r.Outcome, r.End, r.Drifted)
	}
	require.Equal(t, proof.StatusProven, p.Status)
	require.Len(t, p.Tests, suite.Cases+1)
	cases()
	long := find("“Name” with 61 characters, one too many")
	require.Equal(t, testcase.ClientOnly, long.Proof)
	require.Equal(t, suite.ProofID, long.ProofID)
	require.Equal(t, testcase.TwinProven, find("Create an account").Proof)
	require.Equal(t, testcase.Manual, find("Leave “Postcode” empty").Proof, "no recording answers it")

	// The owner has to allow writing first.
	empty, short := find("Leave “Postcode” empty"), find("“Name” with 2 characters")
	set1 := []string{"environments", "set", "shop", "--base-url", app, "--secret", "password=TAPEDECK_SECRET_PASSWORD"}
	_, said, code := tapedecktest.Run(ctx, t, env, set1...)
	require.Equal(t, 0, code, said)
	try := []string{"explore", made.JobID, "--environment", "shop", "--case", empty.ID, "--case", short.ID, "--runs", "1", "--mutants", "0"}
	_, said, code = tapedecktest.Run(ctx, t, env, try...)
	require.Equal(t, 1, code)
	require.Contains(t, said, "is not marked writable")
	_, said, code = tapedecktest.Run(ctx, t, env, append(set1, "--writable")...)
	require.Equal(t, 0, code, said)
	out, said, code := tapedecktest.Run(ctx, t, env, try...)
	require.Equal(t, 0, code, out+said)
	require.Equal(t, 2, strings.Count(out, string(explore.Proven)), out)
	cases()
	require.Equal(t, testcase.ClientOnly, find(empty.Title).Proof, "the page itself sends nothing")
	require.Equal(t, testcase.TwinProven, find(short.Title).Proof)
	require.NotEqual(t, suite.ProofID, find(short.Title).ProofID)

	for want, args := range map[string][]string{
		"there is no environment nowhere":  {"explore", made.JobID, "-e", "nowhere"},
		"there are no test cases nothing":  {"explore", "nothing", "-e", "shop"},
		"have none with the id tc-nothing": {"explore", made.JobID, "-e", "shop", "--case", "tc-nothing"},
		"no test case needs to be tried":   {"explore", made.JobID, "-e", "shop", "--case", long.ID},
		`required flag(s) "environment"`:   {"explore", made.JobID},
	} {
		_, said, code := tapedecktest.Run(ctx, t, env, args...)
		require.NotZero(t, code)
		require.Contains(t, said, want)
	}
}
