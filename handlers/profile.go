package handlers

import (
	"cmp"
	"errors"
	"net/url"
	"time"

	"github.com/gofiber/fiber/v2"

	"tapedeck/handlers/problem"
)

// ErrNoProfile: no login profile with this name.
var ErrNoProfile = errors.New("no such login profile")

// Profiles knows the logins that recordings can begin with. Their contents never leave it.
type Profiles interface {
	// List returns a project's profiles by name; project "" is all.
	List(project string) ([]Profile, error)
	// Remove forgets one. It fails with ErrNoProfile.
	Remove(project, name string) error
}

// Profile is what may be shown of a login.
type Profile struct {
	Project     string    `json:"project"`
	Name        string    `json:"name"`
	RecordingID string    `json:"recordingId"`
	URL         string    `json:"url"`
	SavedAt     time.Time `json:"savedAt"`
	// ExpiresAt is when the login is expected to end; zero is not known.
	ExpiresAt time.Time `json:"expiresAt,omitzero"`
}

type profileBody struct {
	Profile
	Expired bool `json:"expired"`
}

func (s *Server) listProfiles(c *fiber.Ctx) error {
	q := readQuery(c, "project")
	project := q.one("project")
	if err := q.err(); err != nil {
		return err
	}
	items := []profileBody{}
	if s.cfg.Profiles != nil {
		list, err := s.cfg.Profiles.List(project)
		if err != nil {
			return err
		}
		for _, p := range list {
			items = append(items, profileBody{p, !p.ExpiresAt.IsZero() && !s.cfg.Now().Before(p.ExpiresAt)})
		}
	}
	return sendJSON(c, fiber.StatusOK, map[string]any{"items": items})
}

func (s *Server) removeProfile(c *fiber.Ctx) error {
	q := readQuery(c, "project")
	project := cmp.Or(q.one("project"), defaultProject)
	if err := q.err(); err != nil {
		return err
	}
	name, err := url.PathUnescape(c.Params("name"))
	if err != nil {
		err = ErrNoProfile
	} else if s.cfg.Profiles == nil {
		err = ErrNoProfile
	} else {
		err = s.cfg.Profiles.Remove(project, name)
	}
	if errors.Is(err, ErrNoProfile) {
		return problem.New(problem.NotFound, "no such login profile")
	}
	if err != nil {
		return err
	}
	return c.SendStatus(fiber.StatusNoContent)
}
