package handlers

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/gofiber/fiber/v2"

	"tapedeck/domain/recording"
	"tapedeck/eventstore"
	"tapedeck/eventstore/jobs"
	"tapedeck/handlers/problem"
	"tapedeck/projections"
)

const retryStage = time.Second

// recordingRow is a recording in the library.
type recordingRow struct {
	RecordingID  string            `json:"recordingId"`
	Project      string            `json:"project"`
	Name         string            `json:"name"`
	Folder       string            `json:"folder,omitzero"`
	Status       recording.Status  `json:"status"`
	Mode         string            `json:"mode"`
	URL          string            `json:"url"`
	Steps        int               `json:"steps"`
	DurationMS   int64             `json:"durationMs"`
	ThumbnailURL string            `json:"thumbnailUrl,omitzero"`
	Removed      bool              `json:"removed,omitzero"`
	Attempt      int               `json:"attempt"`
	CreatedAt    time.Time         `json:"createdAt"`
	UpdatedAt    time.Time         `json:"updatedAt"`
	Version      uint64            `json:"version"`
	Cursor       eventstore.Cursor `json:"cursor"`
}

func (s *Server) listRecordings(c *fiber.Ctx) error {
	q := readQuery(c, "project", "folder", "q", "status", "removed", "sort", "limit", "page", "minCursor")
	ask := projections.RecordingQuery{
		Project: q.one("project"), Folder: q.one("folder"), Text: q.one("q"), Removed: q.flag("removed", false),
		Statuses: q.recordingStatuses("status"), Sort: q.sort("sort", recordingSortKeys),
		Limit: q.number("limit", 50, 1, projections.MaxPage), Page: q.one("page"),
	}
	if len(ask.Text) > 200 {
		q.fault("q", "at most 200 bytes")
	}
	ctx, cancel := within()
	defer cancel()
	if err := s.reach(ctx, q); err != nil {
		return err
	}
	page, err := s.cfg.Reader.Recordings(ctx, ask)
	if err != nil {
		return readFault(err)
	}
	folders, err := s.cfg.Reader.Folders(ctx, ask.Project)
	if err != nil {
		return readFault(err)
	}
	items := make([]recordingRow, len(page.Items))
	for i, r := range page.Items {
		items[i] = libraryRow(r)
	}
	return sendJSON(c, fiber.StatusOK, struct {
		Items    []recordingRow       `json:"items"`
		Folders  []projections.Folder `json:"folders"`
		NextPage string               `json:"nextPage,omitzero"`
		Cursor   eventstore.Cursor    `json:"cursor"`
	}{items, folders, page.Next, page.Cursor})
}

func libraryRow(r projections.Recording) recordingRow {
	return recordingRow{
		RecordingID: r.ID, Project: r.Project, Name: r.Name, Folder: r.Folder, Status: r.Status, Mode: r.Mode, URL: r.URL,
		Steps: r.Steps, DurationMS: r.DurationMS, ThumbnailURL: artifactURL(r.ID, r.Thumbnail), Removed: r.Removed,
		Attempt: r.Attempt, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt, Version: r.Version, Cursor: r.Cursor,
	}
}

func artifactURL(id, name string) string {
	if name == "" {
		return ""
	}
	return "/api/recorder/" + id + "/artifacts/" + escapePath(name)
}

var recordingStatusWords = []recording.Status{
	recording.StatusRecording, recording.StatusComplete, recording.StatusCancelled, recording.StatusFailed,
}

func (q *query) recordingStatuses(name string) []recording.Status {
	var out []recording.Status
	for _, v := range q.all(name) {
		if !slices.Contains(recordingStatusWords, recording.Status(v)) {
			q.fault(name, "no such status")
		}
		out = append(out, recording.Status(v))
	}
	return out
}

var recordingSortKeys = []projections.SortKey{
	projections.SortCreatedAt, projections.SortUpdatedAt, projections.SortName, projections.SortSteps, projections.SortDuration,
}

func (s *Server) getRecording(c *fiber.Ctx) error {
	state, err := s.recordingAt(c)
	if err != nil {
		return err
	}
	tag := etag(state.Version)
	c.Set(fiber.HeaderETag, tag)
	c.Set(fiber.HeaderCacheControl, "no-cache")
	if noneMatch(c, tag) {
		return c.SendStatus(fiber.StatusNotModified)
	}
	return sendJSON(c, fiber.StatusOK, recordingBody(state))
}

// recordingAt folds the recording that the path names, up to the query's version.
func (s *Server) recordingAt(c *fiber.Ctx) (recording.State, error) {
	id, err := jobID(c)
	if err != nil {
		return recording.State{}, recording.ErrNotFound
	}
	q := readQuery(c, "version")
	version := q.number("version", 0, 1, 1<<31)
	if err := q.err(); err != nil {
		return recording.State{}, err
	}
	ctx, cancel := within()
	defer cancel()
	return s.repo.LoadRecordingAt(ctx, id, uint64(version))
}

// recordingBody makes the lists of a recording lists, never null.
func recordingBody(state recording.State) recording.State {
	if state.Steps == nil {
		state.Steps = []recording.Step{}
	}
	return state
}

// readDocument answers recording.json of a version, as it is now or was then; the artefact of that name is the
// recording as it was when it was finished.
func (s *Server) readDocument(c *fiber.Ctx) error {
	state, err := s.recordingAt(c)
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderETag, etag(state.Version))
	c.Set(fiber.HeaderContentDisposition, `attachment; filename="`+state.ID+`.recording.json"`)
	return sendJSON(c, fiber.StatusOK, state.Document())
}

// versionBody is one event of a recording in words.
type versionBody struct {
	Version uint64    `json:"version"`
	Type    string    `json:"type"`
	At      time.Time `json:"at"`
	Actor   string    `json:"actor,omitzero"`
	StepID  string    `json:"stepId,omitzero"`
	What    string    `json:"what"`
	// Gathered: more was learned of a step while recording; nobody did or changed anything.
	Gathered bool `json:"gathered,omitzero"`
}

// maxVersions bounds one answer: the newest ones are shown.
const maxVersions = 1000

func (s *Server) listVersions(c *fiber.Ctx) error {
	id, err := jobID(c)
	if err != nil {
		return recording.ErrNotFound
	}
	if err := readQuery(c).err(); err != nil {
		return err
	}
	ctx, cancel := within()
	defer cancel()
	state, err := s.repo.LoadRecording(ctx, id)
	if err != nil {
		return err
	}
	from := uint64(1)
	if state.Version > maxVersions {
		from = state.Version - maxVersions + 1
	}
	events, err := s.store.ReadStream(ctx, recording.Stream(id), from, maxVersions)
	if err != nil {
		return err
	}
	items := make([]versionBody, 0, len(events))
	for _, e := range slices.Backward(events) {
		fact, err := recording.Decode(e.Type, e.SchemaVersion, e.Data)
		if err != nil {
			return err
		}
		what, step := recording.Describe(fact)
		changed, is := fact.(recording.StepChanged)
		items = append(items, versionBody{
			Version: e.Sequence, Type: e.Type, At: e.Time, Actor: e.Actor, StepID: step, What: what, Gathered: is && !changed.Edited,
		})
	}
	return sendJSON(c, fiber.StatusOK, map[string]any{"items": items})
}

// editBody is one edit: its op says which members count.
type editBody struct {
	Op        string               `json:"op"`
	Step      *recording.Step      `json:"step"`
	StepID    string               `json:"stepId"`
	Index     int                  `json:"index"`
	Name      string               `json:"name"`
	Folder    string               `json:"folder"`
	Variables []recording.Variable `json:"variables"`
	Version   uint64               `json:"version"`
}

// maxEdits bounds one request.
const maxEdits = 200

func (s *Server) editRecording(c *fiber.Ctx) error {
	id, err := jobID(c)
	if err != nil {
		return recording.ErrNotFound
	}
	var b struct {
		Edits []editBody `json:"edits"`
	}
	if err := readBody(c, &b); err != nil {
		return err
	}
	if len(b.Edits) == 0 || len(b.Edits) > maxEdits {
		return problem.Field1("/edits", "want 1 to 200 edits")
	}
	commands := make([]recording.Command, len(b.Edits))
	for i, e := range b.Edits {
		if commands[i], err = e.command(s.cfg.NewID); err != nil {
			return err
		}
	}
	version, err := ifMatch(c)
	if err != nil {
		return err
	}
	ctx, cancel := within()
	defer cancel()
	state, err := s.repo.EditRecording(ctx, id, caller(c), version, s.cfg.Now(), commands...)
	var stale *jobs.VersionError
	if errors.As(err, &stale) {
		return problem.New(problem.Conflict, "the recording has changed since this version",
			problem.Field{Path: "header/If-Match", Message: "not the current version"}).WithStatus(http.StatusPreconditionFailed)
	}
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderETag, etag(state.Version))
	return sendJSON(c, fiber.StatusOK, recordingBody(state))
}

// command is what the edit asks for. A step that is new and has no id gets one.
func (e editBody) command(newID func() string) (recording.Command, error) {
	switch e.Op {
	case "rename":
		return recording.Rename{Name: e.Name}, nil
	case "folder":
		return recording.PutInFolder{Folder: e.Folder}, nil
	case "variables":
		return recording.SetVariables{Variables: e.Variables}, nil
	case "insertStep", "replaceStep":
		if e.Step == nil {
			return nil, problem.Field1("/edits/step", "is needed")
		}
		step := *e.Step
		if _, yes := step.TypesSecret(); yes {
			return nil, problem.Field1("/edits/step/value", "it would keep a password in clear: name a secret instead")
		}
		if e.Op == "replaceStep" {
			return recording.ReplaceStep{Step: step}, nil
		}
		if step.ID == "" {
			step.ID = newID()
		}
		step.By, step.Evidence, step.At = "editor", nil, time.Time{}
		return recording.InsertStep{Step: step, Index: e.Index}, nil
	case "removeStep":
		return recording.RemoveStep{StepID: e.StepID}, nil
	case "moveStep":
		return recording.MoveStep{StepID: e.StepID, Index: e.Index}, nil
	case "undo":
		return recording.Undo{}, nil
	case "redo":
		return recording.Redo{}, nil
	case "restoreVersion":
		return recording.RestoreVersion{Version: e.Version}, nil
	case "remove":
		return recording.Remove{}, nil
	case "restore":
		return recording.Restore{}, nil
	}
	return nil, problem.Field1("/edits/op", "want rename, folder, variables, insertStep, replaceStep, removeStep, moveStep, undo, redo, restoreVersion, remove or restore")
}
