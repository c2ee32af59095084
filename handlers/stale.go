package handlers

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/gofiber/fiber/v2"

	"tapedeck/domain/event"
	"tapedeck/domain/job"
	"tapedeck/domain/knowledge"
	"tapedeck/domain/testcase"
	"tapedeck/eventstore"
	"tapedeck/handlers/problem"
	"tapedeck/projections"
)

// casesBody is a set as the API answers it. What it holds of pages and documents is what somebody else wrote.
type casesBody struct {
	testcase.State
	untrusted
	actuality
}

// actuality is how a set stands to what documents say now. It is no part of the set's own version.
type actuality struct {
	// Stale are the cases that cite what is in no current text; nil when that is not known.
	Stale []staleCase `json:"stale,omitzero"`
	// SupersededBy is the recording's newest set, when that is another one.
	SupersededBy string `json:"supersededBy,omitempty"`
}

type staleCase struct {
	CaseID string `json:"caseId"`
	// Reason is "changed", or "removed" when all that is gone is gone with its document.
	Reason projections.Gone `json:"reason"`
}

// actuality asks the index. Without it, or when it cannot say, the set is answered all the same.
func (s *Server) actuality(state testcase.State) actuality {
	var out actuality
	if s.cfg.Knowledge == nil {
		return out
	}
	ctx, cancel := within()
	defer cancel()
	set, ok, err := s.cfg.Knowledge.CaseSet(ctx, state.ID)
	if err == nil && ok {
		out.SupersededBy = set.SupersededBy
	}
	list := []projections.StaleCitation{}
	if err == nil && set.Stale > 0 {
		list, err = s.cfg.Knowledge.Stale(ctx, state.ID)
	}
	if err != nil {
		s.log.Warn("it is not known which test cases are stale", "set", state.ID, "error", err)
		return actuality{}
	}
	out.Stale = staleCases(list, state)
	return out
}

// staleCases are the cases of a list of citations, each once. The set may be newer than the list.
func staleCases(list []projections.StaleCitation, state testcase.State) []staleCase {
	out := []staleCase{}
	for _, one := range list {
		if r, ok := state.Case(one.CaseID); !ok || r.Standing == testcase.IsRejected {
			continue
		}
		if n := len(out); n > 0 && out[n-1].CaseID == one.CaseID {
			if one.Reason == projections.PassageChanged {
				out[n-1].Reason = one.Reason
			}
			continue
		}
		out = append(out, staleCase{one.CaseID, one.Reason})
	}
	return out
}

// tag is the set's version as an entity tag, with a mark of what documents make of it.
func (a actuality) tag(version uint64) string {
	if len(a.Stale) == 0 && a.SupersededBy == "" {
		return etag(version)
	}
	sum := sha256.Sum256(fmt.Append(nil, a))
	return fmt.Sprintf(`"%d.%s"`, version, hex.EncodeToString(sum[:6]))
}

// casesMatch is ifMatch for a set: what documents make of it is no part of its version.
func casesMatch(c *fiber.Ctx) (uint64, error) {
	if h := strings.TrimSpace(c.Get(fiber.HeaderIfMatch)); strings.HasPrefix(h, `"`) && strings.HasSuffix(h, `"`) {
		if version, mark, ok := strings.Cut(strings.Trim(h, `"`), "."); ok && strings.Trim(mark, "0123456789abcdef") == "" {
			c.Request().Header.Set(fiber.HeaderIfMatch, `"`+version+`"`)
		}
	}
	return ifMatch(c)
}

// listCases answers sets of test cases with how many of their cases are stale.
func (s *Server) listCases(c *fiber.Ctx) error {
	q := readQuery(c, "project", "recording", "limit", "page", "minCursor")
	ask := projections.CaseSetQuery{
		Project: q.one("project"), Recording: q.one("recording"), Limit: q.number("limit", 50, 1, projections.MaxPage), Page: q.one("page"),
	}
	ctx, cancel, err := s.knows(q)
	if err != nil {
		return err
	}
	defer cancel()
	page, err := s.cfg.Knowledge.CaseSets(ctx, ask)
	if err != nil {
		return knowledgeFault(err)
	}
	return sendJSON(c, fiber.StatusOK, struct {
		Items    []projections.CaseSet `json:"items"`
		NextPage string                `json:"nextPage,omitzero"`
		Cursor   eventstore.Cursor     `json:"cursor"`
	}{page.Items, page.Next, page.Cursor})
}

// staleItem is a citation that is stale, with what stands there now.
type staleItem struct {
	projections.StaleCitation
	// Now is the passage that took its place; nil when none is like it.
	Now *knowledge.Passage `json:"now,omitempty"`
}

// listStale answers what the cases of a set cite that is in no current text.
func (s *Server) listStale(c *fiber.Ctx) error {
	q := readQuery(c, "minCursor")
	ctx, cancel, err := s.knows(q)
	if err != nil {
		return err
	}
	defer cancel()
	state, err := s.loadCases(c)
	if err != nil {
		return err
	}
	list, err := s.cfg.Knowledge.Stale(ctx, state.ID)
	if err != nil {
		return knowledgeFault(err)
	}
	items, err := s.whatBecame(ctx, list)
	if err != nil {
		return err
	}
	return sendJSON(c, fiber.StatusOK, struct {
		untrusted
		Items []staleItem `json:"items"`
	}{fromElsewhere, items})
}

// maxCompared bounds how many versions of documents are read for one answer; of what is beyond, nothing is said.
const maxCompared = 50

// whatBecame finds what took the place of what is cited: the version that was read is cut again and held against the
// passages of now.
func (s *Server) whatBecame(ctx context.Context, list []projections.StaleCitation) ([]staleItem, error) {
	type version struct{ document, hash string }
	became := map[version]map[string]knowledge.Passage{}
	items := make([]staleItem, len(list))
	for i, one := range list {
		items[i].StaleCitation = one
		v := version{one.Citation.DocumentID, one.Citation.Hash}
		if one.Reason != projections.PassageChanged || s.cfg.Texts == nil {
			continue
		}
		if _, known := became[v]; !known && len(became) < maxCompared {
			found, err := s.successors(ctx, v.document, v.hash)
			if err != nil {
				return nil, err
			}
			became[v] = found
		}
		if next, ok := became[v][one.Citation.PassageID]; ok {
			items[i].Now = &next
		}
	}
	return items, nil
}

func (s *Server) successors(ctx context.Context, document, hash string) (map[string]knowledge.Passage, error) {
	var digest event.Hash
	if digest.UnmarshalText([]byte(hash)) != nil {
		return nil, nil
	}
	text, err := s.textOf(ctx, digest)
	if errors.Is(err, projections.ErrNoText) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	current, err := s.cfg.Knowledge.Passages(ctx, document)
	if err != nil {
		return nil, knowledgeFault(err)
	}
	now := make([]knowledge.Passage, len(current))
	for i, p := range current {
		now[i] = p.Passage
	}
	return knowledge.Successors(knowledge.Split(document, text), now), nil
}

// maxOnly is how many cases are made anew at once.
const maxOnly = 1000

// regenerateCases submits the job that makes cases of a set anew, those that are named, else those that are stale. What the
// set's own job was asked for besides stays.
func (s *Server) regenerateCases(c *fiber.Ctx) error {
	raw, err := rawBody(c)
	if err != nil {
		return err
	}
	var b struct {
		Cases    []string     `json:"cases"`
		Priority job.Priority `json:"priority"`
	}
	if err := decode(raw, &b, ""); err != nil {
		return err
	}
	key := c.Get("Idempotency-Key")
	if len(key) > maxKey {
		return problem.Field1("header/Idempotency-Key", "at most 255 bytes")
	}
	state, err := s.loadCases(c)
	if err != nil {
		return err
	}
	asked, err := json.Marshal([]any{"regenerate", state.ID, b.Cases}, json.Deterministic(true))
	if err != nil {
		return err
	}
	submission, err := s.again(state, b.Cases, b.Priority)
	if err != nil {
		// What came of the same request may be what stands in the way of it now.
		if submission = repetition(state, b.Cases); !s.wasAsked(key) {
			return err
		}
	}
	r, err := s.submitFor(submission, asked, key, caller(c))
	if err != nil {
		return outOfInput(err)
	}
	c.Set(fiber.HeaderETag, etag(r.job.Version))
	if r.replay {
		c.Set("Idempotent-Replay", "true")
	}
	return sendIngest(c, r)
}

// wasAsked reports whether a key made a job before.
func (s *Server) wasAsked(key string) bool {
	if key == "" {
		return false
	}
	ctx, cancel := within()
	defer cancel()
	id, _ := derivedID(key)
	_, err := s.repo.Load(ctx, id)
	return err == nil
}

// repetition stands for a request that made its job already.
func repetition(state testcase.State, only []string) []byte {
	raw, _ := json.Marshal(map[string]any{ // texts cannot fail
		"kind": testcase.Kind, "project": state.Owner, "input": map[string]any{"recordingId": state.RecordingID, "base": state.ID, "only": only},
	})
	return raw
}

// again is the submission that makes cases of a set anew.
func (s *Server) again(state testcase.State, only []string, priority job.Priority) ([]byte, error) {
	if state.Status != testcase.Complete {
		return nil, &testcase.RefusedError{ID: state.ID, Why: "they are still being generated"}
	}
	if len(only) > maxOnly {
		return nil, problem.Field1("/cases", fmt.Sprintf("at most %d at once", maxOnly))
	}
	for i, id := range only {
		if _, ok := state.Case(id); !ok || slices.Contains(only[:i], id) {
			return nil, problem.Field1(fmt.Sprintf("/cases/%d", i), "the set has no such case, or it is named twice")
		}
	}
	if s.cfg.Knowledge == nil && len(only) == 0 {
		return nil, problem.New(problem.Unavailable, "this server keeps no index of what is known: name the cases")
	}
	if err := s.caughtUp(); err != nil {
		return nil, err
	}
	now := s.actuality(state)
	if now.SupersededBy != "" {
		return nil, problem.New(problem.Conflict, "a newer set of the recording has taken the place of this one: make cases of "+now.SupersededBy+" anew")
	}
	if len(only) == 0 {
		for _, one := range now.Stale[:min(len(now.Stale), maxOnly)] {
			only = append(only, one.CaseID)
		}
	}
	if len(only) == 0 {
		return nil, problem.New(problem.Conflict, "no case is stale: name those that are to be made anew all the same")
	}
	input, err := s.inputOf(state)
	if err != nil {
		return nil, err
	}
	input["recordingId"], input["sources"], input["base"], input["only"] = state.RecordingID, append([]string{}, state.Sources...), state.ID, only
	submission := map[string]any{"kind": testcase.Kind, "project": state.Owner, "input": input}
	if priority != "" {
		submission["priority"] = priority
	}
	return json.Marshal(submission, json.Deterministic(true))
}

// caughtUp waits, not long, until the index of what is known has all that is in the log.
func (s *Server) caughtUp() error {
	if s.cfg.Knowledge == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), catchUpTimeout)
	defer cancel()
	tail, err := s.store.Tail(ctx)
	if err != nil {
		return err
	}
	return readFault(s.cfg.Knowledge.WaitFor(ctx, tail))
}

// inputOf is what a set's job was asked for; nothing when the job is not there.
func (s *Server) inputOf(state testcase.State) (map[string]any, error) {
	ctx, cancel := within()
	defer cancel()
	j, err := s.repo.Load(ctx, state.ID)
	if errors.Is(err, job.ErrNotFound) {
		return map[string]any{}, nil
	}
	if err != nil {
		return nil, err
	}
	var members map[string]jsontext.Value
	if err := json.Unmarshal(j.Input, &members); err != nil {
		return map[string]any{}, nil // of a job of another sort with this id
	}
	out := make(map[string]any, len(members))
	for name, value := range members {
		out[name] = value
	}
	return out, nil
}

// getCoverage answers how much of a source's requirements test cases cover, and lists the others.
func (s *Server) getCoverage(c *fiber.Ctx) error {
	q := readQuery(c, "limit", "page", "minCursor")
	limit, page := q.number("limit", 50, 1, projections.MaxPage), q.one("page")
	ctx, cancel, err := s.knows(q)
	if err != nil {
		return err
	}
	defer cancel()
	out, ok, err := s.cfg.Knowledge.SourceCoverage(ctx, strings.Clone(c.Params("id")), limit, page)
	if err := found(ok, err); err != nil {
		return err
	}
	return sendJSON(c, fiber.StatusOK, struct {
		untrusted
		projections.Coverage
		Items    []projections.Passage `json:"items"`
		NextPage string                `json:"nextPage,omitzero"`
		Cursor   eventstore.Cursor     `json:"cursor"`
	}{fromElsewhere, out.Coverage, out.Items, out.Next, out.Cursor})
}

// listDocumentTests answers the test cases that cite a document.
func (s *Server) listDocumentTests(c *fiber.Ctx) error {
	q := readQuery(c, "older", "minCursor")
	older := q.flag("older", false)
	ctx, cancel, err := s.knows(q)
	if err != nil {
		return err
	}
	defer cancel()
	out, ok, err := s.cfg.Knowledge.DocumentTests(ctx, strings.Clone(c.Params("id")), older)
	if err := found(ok, err); err != nil {
		return err
	}
	return sendJSON(c, fiber.StatusOK, struct {
		untrusted
		projections.DocumentTests
	}{fromElsewhere, out})
}
