package handlers

import (
	"cmp"
	"encoding/base64"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/gofiber/fiber/v2"

	"tapedeck/domain/job"
	"tapedeck/domain/recording"
	"tapedeck/domain/recording/chromerecorder"
	"tapedeck/handlers/problem"
)

// importBody is a recording file: recording.json, or the JSON of Chrome's DevTools Recorder.
type importBody struct {
	Project string         `json:"project"`
	Folder  *string        `json:"folder"`
	Name    string         `json:"name"`
	Content jsontext.Value `json:"content"`
}

// importRecording makes a recording of a file. Nothing of it is lost in silence: what has no place in a recording is in
// the report.
func (s *Server) importRecording(c *fiber.Ctx) error {
	var b importBody
	if err := readBody(c, &b); err != nil {
		return err
	}
	project := cmp.Or(b.Project, defaultProject)
	if !job.ValidName(project) {
		return problem.Field1("/project", "want 1–64 of a–z, 0–9, '.', '_', '-'")
	}
	doc, notes, err := readRecordingFile(b.Content)
	if err != nil {
		return err
	}
	steps, secrets := recording.WithoutSecrets(doc.Steps)
	for _, name := range secrets {
		notes = append(notes, chromerecorder.Note{Path: "steps", Message: "a password was left out: give it to runs as the secret " + name})
	}
	started := recording.Started{
		Attempt: 1, Name: cmp.Or(b.Name, doc.Name, "Imported"), Folder: doc.Folder, Mode: "import", URL: doc.URL,
		Viewport: doc.Viewport, Browser: doc.Browser, Variables: doc.Variables, Secrets: union(doc.Secrets, secrets),
	}
	if b.Folder != nil {
		started.Folder = *b.Folder
	}
	commands := []recording.Command{recording.Start{Started: started}}
	for _, step := range steps {
		step.By = cmp.Or(step.By, "script")
		step.Evidence = withoutFiles(step.Evidence)
		commands = append(commands, recording.Record{Step: step})
	}
	commands = append(commands, recording.Finish{Finished: recording.Finished{Outcome: "complete", Attempt: 1, Notes: noteLines(notes)}})
	ctx, cancel := within()
	defer cancel()
	id := s.cfg.NewID()
	state, err := s.repo.ApplyRecording(ctx, recording.State{ID: id, Project: project}, caller(c), s.cfg.Now(), nil, commands...)
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderLocation, "/api/recordings/"+id)
	c.Set(fiber.HeaderETag, etag(state.Version))
	return sendJSON(c, fiber.StatusCreated, struct {
		RecordingID string                `json:"recordingId"`
		Name        string                `json:"name"`
		Steps       int                   `json:"steps"`
		Report      []chromerecorder.Note `json:"report"`
	}{id, state.Name, len(state.Steps), present(notes)})
}

func readRecordingFile(raw jsontext.Value) (recording.Document, []chromerecorder.Note, error) {
	if len(raw) == 0 {
		return recording.Document{}, nil, problem.Field1("/content", "is needed: recording.json or a recording of Chrome DevTools")
	}
	if chromerecorder.Looks(raw) {
		doc, notes, err := chromerecorder.Import(raw)
		return doc, notes, below(err)
	}
	doc, err := recording.ReadDocument(raw)
	return doc, nil, below(err)
}

// below puts the paths of faults below content.
func below(err error) error {
	return repath(err, func(path string) string { return "content/" + path })
}

// withoutFiles leaves out what names files of a job that this server need not have.
func withoutFiles(e *recording.Evidence) *recording.Evidence {
	if e == nil {
		return nil
	}
	kept := *e
	kept.Screenshot, kept.DOM = "", ""
	return &kept
}

func union(a, b []string) []string {
	all := slices.Sorted(slices.Values(slices.Concat(a, b)))
	return slices.Compact(all)
}

func noteLines(notes []chromerecorder.Note) []string {
	var out []string
	for _, n := range notes {
		out = append(out, n.Path+": "+n.Message)
	}
	return out
}

// exportChrome answers the recording for Chrome's DevTools Recorder. What that cannot say is in a header, as JSON in
// base64, so that the body is the file.
func (s *Server) exportChrome(c *fiber.Ctx) error {
	state, err := s.recordingAt(c)
	if err != nil {
		return err
	}
	file, notes, err := chromerecorder.Export(state.Document())
	if err != nil {
		return err
	}
	report, err := json.Marshal(present(notes))
	if err != nil {
		return err
	}
	c.Set("X-Tapedeck-Report", base64.StdEncoding.EncodeToString(report))
	c.Set(fiber.HeaderContentDisposition, `attachment; filename="`+state.ID+`.chrome.json"`)
	c.Set(fiber.HeaderContentType, fiber.MIMEApplicationJSON)
	return c.Send(file)
}
