package proof

import "strings"

// Kind is the job kind that verifies; proofs' events carry it.
const Kind = "suite.verify"

// Stream is the name of a proof's stream.
func Stream(id string) string { return streamPrefix + id }

const streamPrefix = "proof/"

// ParseStream is the reverse of Stream.
func ParseStream(name string) (id string, ok bool) {
	id, ok = strings.CutPrefix(name, streamPrefix)
	return id, ok && id != "" && !strings.Contains(id, "/")
}

// Event is one fact about a proof. The set is sealed: Evolve, the codec and the JSON Schemas cover every member.
//
//sumtype:decl
type Event interface {
	// EventType is the type in the envelope, for example "proof.started".
	EventType() string
	sealed()
}

// Started begins a verification: the first event of all, and again for each later attempt of its job, which keeps the
// runs of the earlier ones when it is about the same project.
type Started About

// About is what a verification is about.
type About struct {
	Attempt int    `json:"attempt"`
	Name    string `json:"name"`
	// Project is the SHA-256 of the test project's archive.
	Project string `json:"project"`
	// Mode is where the tests run: "twin" or "live".
	Mode string `json:"mode"`
	// Environment is the live one's name.
	Environment string      `json:"environment,omitempty"`
	Recordings  []Recording `json:"recordings,omitempty"`
	Tests       []Test      `json:"tests"`
	// Runs is how often each test runs for the stability gate; Seed is what all conditions follow from.
	Runs int    `json:"runs"`
	Seed uint64 `json:"seed"`
}

// Recording is a recording whose network the tests are answered from.
type Recording struct {
	ID      string `json:"recordingId"`
	Version uint64 `json:"version"`
	Name    string `json:"name,omitempty"`
	// Exchanges and Writes count what it holds.
	Exchanges int `json:"exchanges"`
	Writes    int `json:"writes"`
}

// Test is one test of the project.
type Test struct {
	// ID is the same as long as its file and titles are.
	ID string `json:"id"`
	// Titles lead from the outermost describe block to the test.
	Titles []string `json:"titles"`
	File   string   `json:"file"`
	Line   int      `json:"line,omitzero"`
	// Recording is the one that it is played against.
	Recording string `json:"recordingId,omitempty"`
	// Until is the step of the recording that it ends with and that sends nothing here: nothing of what was sent from there
	// on is expected. Empty is the whole recording.
	Until string `json:"until,omitempty"`
	// Cases are the test cases that it is the code of.
	Cases []string `json:"caseIds,omitempty"`
}

// Conditions are what a run is put under.
type Conditions struct {
	Seed uint64 `json:"seed"`
	// LatencyMS is the most by which an answer is held up, in milliseconds.
	LatencyMS int `json:"latencyMs"`
	// CPU is by how much the browser's processor is slowed down: 1 or 4.
	CPU int `json:"cpu"`
	// Workers is how many tests run at the same time.
	Workers int `json:"workers"`
}

// Purpose says what a run is for.
type Purpose string

// The purposes.
const (
	Stability Purpose = "stability" // does it pass every time?
	Baseline  Purpose = "baseline"  // what does it see without a mutant?
	Mutation  Purpose = "mutation"  // does it notice a mutant?
	Live      Purpose = "live"      // does it pass on an environment?
)

// Outcome is how a run ended.
type Outcome string

// The outcomes. Only Passed says that the test holds: a skipped one says nothing.
const (
	Passed  Outcome = "passed"
	Failed  Outcome = "failed"
	Skipped Outcome = "skipped"
	// Broken: the harness could not run it (no browser, out of memory); the test is not to blame.
	Broken Outcome = "broken"
)

// By says what ended a run that failed.
type By string

// What ends a run.
const (
	ByAssertion By = "assertion" // a claim did not hold
	ByAction    By = "action"    // something could not be done
	ByCrash     By = "crash"     // the page or the test itself broke
	ByTimeout   By = "timeout"   // the test's own time was over
	ByDrift     By = "drift"     // its requests were not the recorded ones
	ByHarness   By = "harness"   // the machinery around it
)

// End is how a run that did not pass ended.
type End struct {
	By By `json:"by"`
	// Assertion is the place of the assertion that failed, from 1; 0 for none.
	Assertion int    `json:"assertion,omitzero"`
	Message   string `json:"message,omitempty"`
	File      string `json:"file,omitempty"`
	Line      int    `json:"line,omitzero"`
}

// Run is one run of one test.
type Run struct {
	// Key is unique in the proof and the same when the run is made again.
	Key     string  `json:"key"`
	Test    string  `json:"test"`
	Purpose Purpose `json:"purpose"`
	// Index counts the runs of a test for a purpose, from 0.
	Index      int        `json:"index"`
	Conditions Conditions `json:"conditions"`
	Outcome    Outcome    `json:"outcome"`
	End        *End       `json:"end,omitempty"`
	DurationMS int64      `json:"durationMs"`
	// Assertions counts those that were asked.
	Assertions int `json:"assertions,omitzero"`
	// Requests counts what the page asked; Drift what of it did not fit the recording, of which Drifted are the first.
	Requests int      `json:"requests,omitzero"`
	Drift    int      `json:"drift,omitzero"`
	Drifted  []string `json:"drifted,omitempty"`
	// Signature is the same for runs in which the same happened in the same order: they count once.
	Signature string `json:"signature,omitempty"`
	// Evidence names the job's artefacts about it.
	Evidence []string `json:"evidence,omitempty"`
	// Repair is the number of the repair that the test was run with; 0 for the test as it came.
	Repair int `json:"repair,omitzero"`
	// Again is how it ended when it was made once more for its trace and film; "" when it was not.
	Again Outcome `json:"again,omitempty"`
}

// Ran tells of finished runs.
type Ran struct {
	Runs []Run `json:"runs"`
}

// Mutant is one fault that is put into what the page gets or shows.
type Mutant struct {
	ID string `json:"id"`
	// Operator is its sort, for example "response.status"; what stands before the dot is the layer.
	Operator string `json:"operator"`
	// Recording is whose network it belongs to.
	Recording string `json:"recordingId"`
	// Where says what it changes, and What how, for people.
	Where string `json:"where"`
	What  string `json:"what"`
}

// Chosen tells which mutants are tried, of how many that there are.
type Chosen struct {
	Recording string   `json:"recordingId"`
	Mutants   []Mutant `json:"mutants"`
	Of        int      `json:"of"`
}

// Fate is what became of a mutant in a test.
type Fate string

// The fates. Only a Killed one is to the test's credit.
const (
	Killed   Fate = "killed"    // an assertion did not hold
	Stumbled Fate = "stumbled"  // an action could not be done
	Crashed  Fate = "crashed"   // page or test broke
	Survived Fate = "survived"  // the test passed although it could be seen
	NoEffect Fate = "no_effect" // nothing that can be seen differed, or it was not reached
	TimedOut Fate = "timed_out" // the harness gave up: never a kill
)

// Judgement is what one test made of one mutant.
type Judgement struct {
	Test   string `json:"test"`
	Mutant string `json:"mutant"`
	// Applied says that the run came to the mutant; Visible that what the page showed or asked differed.
	Applied bool `json:"applied"`
	Visible bool `json:"visible"`
	Fate    Fate `json:"fate"`
	// Assertion is the place of the one that killed it, from 1.
	Assertion  int    `json:"assertion,omitzero"`
	Message    string `json:"message,omitempty"`
	DurationMS int64  `json:"durationMs"`
	// InPlace says that the fault was put into the page at each assertion and taken back, instead of a run of its own.
	InPlace bool `json:"inPlace,omitzero"`
	// Asked is at how many assertions that was, until one noticed it.
	Asked int `json:"asked,omitzero"`
	// Evidence names artefacts, of the job JobID when that is not the proof's own.
	Evidence []string `json:"evidence,omitempty"`
	JobID    string   `json:"jobId,omitempty"`
}

// Judged tells of finished judgements.
type Judged struct {
	Judgements []Judgement `json:"judgements"`
}

// Check says whether an assertion notices that the very element which it is about is changed. It is a check of the
// assertion itself, apart from the score: these faults are chosen by reading the test.
type Check struct {
	Test string `json:"test"`
	// Assertion is its place, from 1; Matcher and Subject say what it claims of what.
	Assertion int    `json:"assertion"`
	Matcher   string `json:"matcher"`
	Subject   string `json:"subject,omitempty"`
	File      string `json:"file,omitempty"`
	Line      int    `json:"line,omitzero"`
	// Noticed of Tried changes.
	Tried   int `json:"tried"`
	Noticed int `json:"noticed"`
}

// Checked tells of finished checks.
type Checked struct {
	Checks []Check `json:"checks"`
}

// Repair is one attempt to mend a test that fails or is flaky: what the recording knows takes the place of what did not
// work. Nothing is left out, nothing is skipped.
type Repair struct {
	Test string `json:"test"`
	// Number counts the attempts of a test, from 1. Runs of the mended test carry it.
	Number int    `json:"number"`
	File   string `json:"file"`
	Line   int    `json:"line"`
	// Before and After are the line.
	Before string `json:"before"`
	After  string `json:"after"`
	// Reason says why this was tried.
	Reason string `json:"reason"`
	// Kept says that the test then passed all its runs; Message, when it did not, how it ended.
	Kept    bool   `json:"kept"`
	Message string `json:"message,omitempty"`
}

// Repaired tells of one attempt.
type Repaired Repair

// Filmed tells that a run which had failed was made once more under the same conditions, with a trace and a film: these cost
// too much to make them of every run.
type Filmed struct {
	// Key is the run's.
	Key string `json:"key"`
	// Outcome is that of the repetition: a run that passes then fails now and then.
	Outcome Outcome `json:"outcome"`
	// Evidence names the job's artefacts about it.
	Evidence []string `json:"evidence,omitempty"`
}

// Continued tells that a job of its own tries the faults that there was no time for.
type Continued struct {
	JobID string `json:"jobId"`
	// Left is how many are chosen and not tried yet.
	Left int `json:"left"`
}

// Verdict is what follows for one test.
type Verdict struct {
	Test string `json:"test"`
	// Proven says that it passed every counted run and that none drifted.
	Proven bool `json:"proven"`
	// Passed of Counted: runs that differ in what happened.
	Passed  int `json:"passed"`
	Counted int `json:"counted"`
	// Why says, for a test that is not proven, what is missing.
	Why   string `json:"why,omitempty"`
	Score Score  `json:"score"`
}

// Finished closes an attempt.
type Finished struct {
	// Outcome is "proven", "failed", "stopped" or "broken".
	Outcome    string    `json:"outcome"`
	Reason     string    `json:"reason,omitempty"`
	Verdicts   []Verdict `json:"verdicts"`
	DurationMS int64     `json:"durationMs"`
	Notes      []string  `json:"notes,omitempty"`
}

// Unknown is an event of a type that this build does not know. It changes nothing but the version.
type Unknown struct {
	Type string `json:"-"`
}

// EventType implements Event.
func (Started) EventType() string   { return "proof.started" }
func (Ran) EventType() string       { return "proof.ran" }
func (Chosen) EventType() string    { return "proof.mutants_chosen" }
func (Judged) EventType() string    { return "proof.judged" }
func (Checked) EventType() string   { return "proof.checked" }
func (Repaired) EventType() string  { return "proof.repaired" }
func (Filmed) EventType() string    { return "proof.filmed" }
func (Continued) EventType() string { return "proof.continued" }
func (Finished) EventType() string  { return "proof.finished" }
func (u Unknown) EventType() string { return u.Type }

func (Started) sealed()   {}
func (Ran) sealed()       {}
func (Chosen) sealed()    {}
func (Judged) sealed()    {}
func (Checked) sealed()   {}
func (Repaired) sealed()  {}
func (Filmed) sealed()    {}
func (Continued) sealed() {}
func (Finished) sealed()  {}
func (Unknown) sealed()   {}

// Status is what a proof is.
type Status string

// The statuses.
const (
	StatusRunning Status = "running"
	StatusProven  Status = "proven"
	StatusFailed  Status = "failed"
	StatusStopped Status = "stopped"
	StatusBroken  Status = "broken"
)
