package cli

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"

	"github.com/go-json-experiment/json"
	"github.com/spf13/cobra"

	"tapedeck/client"
)

// generateSuite writes tests from a recording, and finds out what they are worth.
func (a *app) generateSuite() *cobra.Command {
	var in struct {
		Recording string `json:"recordingId"`
		Target    string `json:"target"`
		Learn     bool   `json:"learn"`
		Login     bool   `json:"login"`
		Verify    bool   `json:"verify"`
		Runs      int    `json:"runs"`
		Mutants   int    `json:"mutants"`
		Budget    int    `json:"budgetSeconds"`
	}
	var owner, dir string
	c := &cobra.Command{
		Use:   "generate RECORDING",
		Short: "Write tests from a recording",
		Long: `Write a recording as a Playwright Test project in TypeScript, into DIR when that is given, and verify it: the exit code is 0
when the tests are proven, and 1 when not. With --target go DIR is a module for playwright-go instead: what is learnt and verified
is the same flow in TypeScript, which the job keeps as project-typescript.zip.`,
		Example: `  tapedeck generate 01j… --dir tests/
  tapedeck generate 01j… --dir tests/ --target go
  tapedeck generate 01j… --dir tests/ --verify=false`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			in.Recording = args[0]
			if dir != "" {
				if err := newDir(dir); err != nil {
					return err
				}
			}
			cl, err := a.client()
			if err != nil {
				return err
			}
			defer cl.Close()
			input, err := json.Marshal(in)
			if err != nil {
				return err
			}
			j, err := cl.Submit(cmd.Context(), client.Submission{Kind: "suite.generate", Project: owner, Input: input}, "")
			if err != nil {
				return err
			}
			_, _ = fmt.Fprintln(a.err, "job", j.JobID)
			if err := a.watch(cmd.Context(), cl, j.JobID); err != nil {
				return err
			}
			return a.generated(cmd.Context(), cl, j.JobID, dir)
		},
	}
	f := c.Flags()
	f.StringVarP(&dir, "dir", "d", "", "write the project into this folder, which is made, or is empty")
	f.StringVar(&owner, "project", "", "the Tapedeck project")
	f.StringVar(&in.Target, "target", "typescript", "what the tests are written in: typescript or go")
	f.BoolVar(&in.Learn, "learn", true, "run the flow on its recording, and add assertions of what its steps change")
	f.BoolVar(&in.Login, "login", false, "let the tests take a login from the file that STORAGE_STATE names, as they do for recordings that began with a login profile")
	f.BoolVar(&in.Verify, "verify", true, "find out what the tests are worth")
	f.IntVar(&in.Runs, "runs", 5, "how often each test runs")
	f.IntVar(&in.Mutants, "mutants", 200, "how many faults they are tried with")
	f.IntVar(&in.Budget, "budget", 120, "how long mutants may take, in seconds")
	a.outputFlag(c, "table", "json")
	return c
}

// generated writes what a job has made, and waits for its proof.
func (a *app) generated(ctx context.Context, cl *client.Client, id, dir string) error {
	j, err := cl.Job(ctx, id, nil)
	if err != nil {
		return err
	}
	var result struct {
		Spec    string `json:"spec"`
		ProofID string `json:"proofId"`
	}
	if err := json.Unmarshal(j.Result, &result); err != nil {
		return fmt.Errorf("the result of job %s: %w", id, err)
	}
	if dir != "" {
		var archive bytes.Buffer
		if err := cl.Download(ctx, "/api/jobs/"+id+"/artifacts/project.zip", &archive); err != nil {
			return err
		}
		if err := unpackProject(archive.Bytes(), dir); err != nil {
			return err
		}
		_, _ = fmt.Fprintf(a.err, "written: %s\n", path.Join(dir, result.Spec))
	}
	if result.ProofID == "" {
		return nil
	}
	_, _ = fmt.Fprintln(a.err, "job", result.ProofID)
	return a.awaitProof(ctx, cl, result.ProofID, "")
}

// newDir makes a folder, or takes one that is empty: what people wrote is never overwritten.
func newDir(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	list, err := os.ReadDir(dir)
	if err == nil && len(list) > 0 {
		err = fmt.Errorf("%s is not empty: name a new folder", dir)
	}
	return err
}

func unpackProject(archive []byte, dir string) error {
	z, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	for _, f := range z.File {
		if err := unpackFile(root, f); err != nil {
			return err
		}
	}
	return nil
}

func unpackFile(root *os.Root, f *zip.File) error {
	if !fs.ValidPath(f.Name) {
		return fmt.Errorf("the project holds %q", f.Name)
	}
	if err := root.MkdirAll(path.Dir(f.Name), 0o755); err != nil {
		return err
	}
	r, err := f.Open()
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	w, err := root.OpenFile(f.Name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, r)
	return errors.Join(err, w.Close())
}
