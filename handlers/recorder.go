package handlers

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"tapedeck/artifacts"
	"tapedeck/domain/job"
	"tapedeck/domain/recording"
	"tapedeck/handlers/problem"
	"tapedeck/handlers/tape"
	"tapedeck/handlers/wire"
)

// ErrNoStage: no live session with this id runs here.
var ErrNoStage = errors.New("no live session with this id")

// Recorder reaches what records, if that is in this process.
type Recorder interface {
	// Join adds a viewer to a session that is live. It fails with ErrNoStage.
	Join(ctx context.Context, sessionID, viewer string) (Seat, error)
	// Devices lists the devices that a browser can pretend to be, by name.
	Devices(ctx context.Context) ([]Device, error)
	// TraceURL is a short-lived address at which the trace viewer shows a trace.
	TraceURL(ctx context.Context, trace artifacts.Key, host string) (string, error)
}

// Seat is one viewer's place before a session that is live. Next and Take may be called side by side.
type Seat interface {
	// Next waits for what to send to the viewer: a message or, binary, a frame. It returns io.EOF when the session ended.
	Next(ctx context.Context) (data []byte, binary bool, err error)
	// Take handles a message of the viewer. Its error means that the seat is closed.
	Take(ctx context.Context, message []byte) error
	// Close gives the seat up.
	Close()
}

// Device is a device that can be emulated.
type Device struct {
	Name              string         `json:"name"`
	UserAgent         string         `json:"userAgent"`
	Viewport          recording.Size `json:"viewport"`
	DeviceScaleFactor float64        `json:"deviceScaleFactor"`
	IsMobile          bool           `json:"isMobile"`
	HasTouch          bool           `json:"hasTouch"`
}

// openSession is a submission of the kind recorder.record whose input is the body itself.
func (s *Server) openSession(c *fiber.Ctx) error {
	r, err := s.submitBody(c, recording.Kind, "project", "labels", "priority")
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderLocation, "/api/recorder/sessions/"+r.job.JobID)
	return sendJSON(c, fiber.StatusAccepted, map[string]any{
		"jobId": r.job.JobID, "sessionId": r.job.JobID, "status": r.job.Status, "version": r.job.Version, "cursor": r.job.Cursor,
	})
}

// outOfInput makes paths into the job's input paths into the body.
func outOfInput(err error) error {
	return repath(err, func(path string) string { return strings.TrimLeft(strings.TrimPrefix(path, "input"), "./") })
}

// repath changes where faults are said to be.
func repath(err error, change func(path string) string) error {
	var bad *job.InvalidError
	if !errors.As(err, &bad) {
		return err
	}
	out := &job.InvalidError{Faults: make([]job.Fault, len(bad.Faults))}
	for i, f := range bad.Faults {
		out.Faults[i] = job.Fault{Path: change(f.Path), Message: f.Message}
	}
	return out
}

type sessionBody struct {
	JobID     string           `json:"jobId"`
	SessionID string           `json:"sessionId"`
	Status    job.Status       `json:"status"`
	Live      bool             `json:"live"`
	Attempt   int              `json:"attempt"`
	Version   uint64           `json:"version"`
	Reason    string           `json:"reason,omitzero"`
	Error     *errorBody       `json:"error,omitzero"`
	Recording *recordingStatus `json:"recording,omitzero"`
}

type recordingStatus struct {
	Status  recording.Status `json:"status"`
	Steps   int              `json:"steps"`
	Version uint64           `json:"version"`
}

func (s *Server) readSession(c *fiber.Ctx) error {
	id, err := jobID(c)
	if err != nil {
		return err
	}
	if err := readQuery(c).err(); err != nil {
		return err
	}
	ctx, cancel := within()
	defer cancel()
	j, err := s.recordingJob(ctx, id)
	if err != nil {
		return err
	}
	body := sessionBody{
		JobID: id, SessionID: id, Status: j.Status, Live: j.Status.Active(), Attempt: j.Attempt, Version: j.Version,
		Reason: j.Reason, Error: errorOf(j.Error),
	}
	r, err := s.repo.LoadRecording(ctx, id)
	switch {
	case err == nil:
		body.Recording = &recordingStatus{Status: r.Status, Steps: len(r.Steps), Version: r.Version}
	case !errors.Is(err, recording.ErrNotFound):
		return err
	}
	return sendJSON(c, fiber.StatusOK, body)
}

// recordingJob is a job of the recorder's kind; another one is no session.
func (s *Server) recordingJob(ctx context.Context, id string) (tape.Job, error) {
	j, err := s.tapes.Job(ctx, id, tape.Until{})
	if err == nil && j.Kind != recording.Kind {
		err = problem.New(problem.NotFound, "no such session")
	}
	return j, err
}

func (s *Server) listDevices(c *fiber.Ctx) error {
	if err := readQuery(c).err(); err != nil {
		return err
	}
	items := []Device{}
	if s.cfg.Recorder != nil {
		ctx, cancel := within()
		defer cancel()
		var err error
		if items, err = s.cfg.Recorder.Devices(ctx); err != nil {
			s.log.Warn("the recorder cannot list its devices", "err", err)
			return problem.New(problem.Unavailable, "the recorder is not ready; `tapedeck doctor` says why")
		}
	}
	return sendJSON(c, fiber.StatusOK, map[string]any{"items": items})
}

// maxStageMessage bounds a viewer's message: one may carry files for a file chooser.
const maxStageMessage = 30 << 20

// openStage joins a viewer to a live session over a socket of its own.
func (s *Server) openStage(c *fiber.Ctx) error {
	id, err := jobID(c)
	if err != nil {
		return err
	}
	if err := readQuery(c).err(); err != nil {
		return err
	}
	ctx, cancel := within()
	defer cancel()
	j, err := s.recordingJob(ctx, id)
	if err != nil {
		return err
	}
	if s.cfg.Recorder == nil {
		return problem.New(problem.Unavailable, "the recorder runs in another process than this API")
	}
	seat, err := s.cfg.Recorder.Join(context.WithoutCancel(ctx), id, uuid.NewString())
	if errors.Is(err, ErrNoStage) {
		if j.Status.Final() {
			return problem.New(problem.Gone, "the session is over: its job is "+string(j.Status))
		}
		p := problem.New(problem.Unavailable, "the session is not live yet: its job is "+string(j.Status))
		p.RetryAfter = retryStage
		return p
	}
	if err != nil {
		return err
	}
	if err := s.conns.Upgrade(c, func(ctx context.Context, socket *wire.Socket) { attend(ctx, socket, seat) }); err != nil {
		seat.Close()
		return err
	}
	return nil
}

// attend carries messages between a viewer's socket and its seat until one of them ends.
func attend(ctx context.Context, socket *wire.Socket, seat Seat) {
	ctx, leave := context.WithCancel(ctx)
	defer seat.Close()
	defer leave()
	socket.AllowMessages(maxStageMessage)
	go func() {
		defer leave()
		for {
			message, err := socket.Read()
			if err != nil || seat.Take(ctx, message) != nil {
				return
			}
		}
	}()
	for {
		data, binary, err := seat.Next(ctx)
		switch {
		case errors.Is(err, io.EOF):
			socket.Close(closeNormal, "the session ended")
			return
		case err != nil:
			socket.Abort()
			return
		}
		frame := wire.Frame(data)
		if binary {
			frame = wire.BinaryFrame(data)
		}
		if socket.Write([][]byte{frame}) != nil {
			socket.Abort()
			return
		}
	}
}

const closeNormal = 1000

type traceURLBody struct {
	URL string `json:"url"`
}

// openTrace answers where the trace viewer, on an origin of its own, shows the recording's trace.
func (s *Server) openTrace(c *fiber.Ctx) error {
	if err := readQuery(c).err(); err != nil {
		return err
	}
	return s.showTrace(c, traceFile)
}

// traceFile is what a trace's name ends with.
const traceFile = "trace.zip"

// showTrace answers where the trace viewer shows a trace that a job stored under a name.
func (s *Server) showTrace(c *fiber.Ctx, name string) error {
	id, all, err := s.stored(c)
	if err != nil {
		return err
	}
	trace, ok := latest(all, name, 0)
	if !ok {
		return problem.New(problem.NotFound, "there is no such trace")
	}
	if s.cfg.Recorder == nil {
		return problem.New(problem.Unavailable, "this server has no trace viewer")
	}
	ctx, cancel := within()
	defer cancel()
	url, err := s.cfg.Recorder.TraceURL(ctx, artifacts.Key{JobID: id, Attempt: trace.Attempt, Name: name}, string(c.Request().Host()))
	if err != nil {
		s.log.Warn("no address for the trace", "job", id, "err", err)
		return problem.New(problem.Unavailable, "the trace viewer is not ready; `tapedeck doctor` says why")
	}
	return sendJSON(c, fiber.StatusOK, traceURLBody{URL: url})
}
