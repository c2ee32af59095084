package verify

import (
	"fmt"
	"regexp"
	"strings"

	"tapedeck/domain/job"
)

// Input is what may be asked for.
type Input struct {
	Upload string `json:"upload" title:"Test project" doc:"What was uploaded, by POST /api/suites/verify: a zip with the project's files." required:"true" minlen:"1" maxlen:"100"`
	SHA256 string `json:"sha256" required:"true" pattern:"^[0-9a-f]{64}$"`
	Name   string `json:"name" title:"Name" doc:"Of the proof, for people." maxlen:"200"`

	Recording string `json:"recordingId" title:"Recording" doc:"Whose network answers; a test names another with an annotation of type recording." maxlen:"128"`

	Cases string `json:"casesId" title:"Test cases" doc:"The job of the test cases that tests name with annotations of type case: those whose test is proven are told so." maxlen:"64"`

	Environment string `json:"environment" title:"Environment" doc:"Where the tests run live, instead of on the twin." maxlen:"64"`

	Runs    int    `json:"runs" title:"Runs" doc:"How often each test runs, each time under other conditions." min:"1" max:"100"`
	Seed    uint64 `json:"seed" title:"Seed" doc:"What conditions and the choice of mutants follow from." max:"9007199254740991"`
	Workers int    `json:"workers" title:"Workers" doc:"How many tests run at the same time at most." min:"1" max:"8"`
	// Latency and throttling can be switched off where a machine is too slow for them.
	MaxLatencyMS int  `json:"maxLatencyMs" title:"Latency (ms)" doc:"Answers are held up for 0 to a limit that is drawn for each run, at most this." min:"0" max:"10000"`
	ThrottleCPU  bool `json:"throttleCpu" title:"Slow CPU" doc:"Every fourth run with a processor four times slower."`

	Mutants       int  `json:"mutants" title:"Mutants" doc:"How many faults each recording's tests are tried with; 0 is none." min:"0" max:"10000"`
	BudgetSeconds int  `json:"budgetSeconds" title:"Budget (s)" doc:"How long mutants may take; the rest goes on in a job of its own." min:"1" max:"86400"`
	Repair        bool `json:"repair" title:"Repair" doc:"On the twin a test that fails or is flaky is tried with what the recording knows too: another way to the element, another assertion of it."`
	KeepTraces    bool `json:"keepTraces" title:"Keep traces" doc:"The first run of a test that failed is made once more, with a trace and a film."`
	TestSeconds   int  `json:"testSeconds" title:"Time for a test (s)" min:"1" max:"600"`

	Secrets []Secret `json:"secrets" title:"Secrets" doc:"Variables of the tests' environment, and where their values are. On the twin the recording's placeholders stand for its own secrets." maxlen:"100"`
}

// Secret is a variable of the tests' environment.
type Secret struct {
	Name string `json:"name" title:"Variable" required:"true" maxlen:"64"`
	Ref  string `json:"ref" title:"Reference" required:"true" maxlen:"128"`
}

func defaults() Input {
	return Input{Runs: 5, Seed: 1, Workers: 4, MaxLatencyMS: 500, ThrottleCPU: true, Mutants: 0, BudgetSeconds: 120, Repair: true, KeepTraces: true, TestSeconds: 60}
}

// variable is a name that a shell takes.
var variable = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// Check implements workers.Checker.
func (in Input) Check() []job.Fault {
	var list []job.Fault
	if in.Environment != "" && !job.ValidName(in.Environment) {
		list = append(list, job.Fault{Path: "environment", Message: "want 1–64 of a–z, 0–9, '.', '_', '-'"})
	}
	if in.Environment != "" && in.Mutants > 0 {
		list = append(list, job.Fault{Path: "mutants", Message: "faults are put into a recording's answers: a live environment has none"})
	}
	seen := map[string]bool{}
	for i, s := range in.Secrets {
		path := fmt.Sprintf("secrets.%d.name", i)
		switch {
		case !variable.MatchString(s.Name):
			list = append(list, job.Fault{Path: path, Message: "want letters, digits and '_'"})
		case seen[s.Name]:
			list = append(list, job.Fault{Path: path, Message: "is there twice"})
		case strings.HasPrefix(s.Name, "TAPEDECK_"), s.Name == "PATH", s.Name == "HOME", strings.HasPrefix(s.Name, "NODE_"):
			list = append(list, job.Fault{Path: path, Message: "belongs to the runner"})
		}
		seen[s.Name] = true
	}
	return list
}
