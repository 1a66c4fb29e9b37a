package portal

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Actions is what a viewer may do with a ticket that they can see.
type Actions struct {
	Reply  bool `json:"reply"`
	Close  bool `json:"close"`
	Reopen bool `json:"reopen"`
	// FollowUp is to open another ticket that is linked to this one.
	FollowUp bool `json:"follow_up"`
}

// ActionsOn returns what the viewer may do with the ticket. The team reads here
// and acts in its inbox.
func ActionsOn(t Ticket, v Viewer, s *Settings, now time.Time) Actions {
	if v.Role.Team() || v.As != nil {
		return Actions{}
	}
	a := Actions{
		Reply:  t.State == Open || s.RepliesToClosed,
		Close:  t.State == Open && s.Closing && closeStage(t, s) != "",
		Reopen: t.State == Closed && s.Reopening && reopenStage(t, s) != "" && withinReopenDays(t, s, now),
	}
	a.FollowUp = t.State == Closed && !a.Reopen && s.SupportForm.Form != ""
	return a
}

// MayFollow returns nil where the viewer may open a ticket that follows this one,
// Hidden where they may not see it, and a Conflict where it is to be gone on with
// itself, or the portal has no form to ask again by.
func MayFollow(t Ticket, v Viewer, s *Settings, now time.Time) error {
	if err := See(v, t, s); err != nil {
		return err
	}
	if !ActionsOn(t, v, s, now).FollowUp {
		return Errorf(Conflict, "form.error.follows", "number", strconv.FormatInt(t.Number, 10))
	}
	return nil
}

// FollowedBy is the event on a ticket that another one follows from now on.
func FollowedBy(earlier, t Ticket) Message {
	return Message{
		Thread: earlier.Thread, Kind: Event, Event: EventFollowed, Change: Change{Property: ChangeFollowed, To: t.ID, Name: strconv.FormatInt(t.Number, 10)},
		Author: Author{ID: t.ActivityBy, Name: t.Requester}, Created: t.Created,
	}
}

// CloseStage is the stage that closing moves the ticket to, as an editor sets
// it; "" where it is not known.
func CloseStage(t Ticket, s *Settings) string {
	stage := closeStage(t, s)
	if stage == "" {
		return ""
	}
	return StageValue(t.Pipeline, stage)
}

// closeStage returns the stage that closing moves the ticket to: the one chosen
// for its pipeline, or the only one that is closed. It is "" where several are
// and none is chosen.
func closeStage(t Ticket, s *Settings) string {
	p, ok := s.Pipeline(t.Pipeline)
	if !ok {
		return ""
	}
	if chosen := s.CloseStage[p.ID]; chosen != "" {
		if st, ok := p.Stage(chosen); ok && st.State == Closed && !st.Archived {
			return chosen
		}
		return ""
	}
	only := ""
	for _, st := range p.Stages {
		if st.State == Closed && !st.Archived {
			if only != "" {
				return ""
			}
			only = st.ID
		}
	}
	return only
}

// reopenStage returns the stage that reopening moves the ticket to: the one the
// pipeline names, else its first open one.
func reopenStage(t Ticket, s *Settings) string {
	p, ok := s.Pipeline(t.Pipeline)
	if !ok {
		return ""
	}
	if st, ok := p.Stage(p.ReopenStage); ok && st.State == Open && !st.Archived {
		return st.ID
	}
	return p.firstOpen()
}

// firstOpen returns the pipeline's first open stage, or "".
func (p Pipeline) firstOpen() string {
	for _, st := range p.Stages {
		if st.State == Open && !st.Archived {
			return st.ID
		}
	}
	return ""
}

func withinReopenDays(t Ticket, s *Settings, now time.Time) bool {
	return s.ReopenDays == 0 || now.Before(t.Closed.AddDate(0, 0, s.ReopenDays))
}

// Status is what a ticket's status shows.
type Status struct {
	State State
	Label string // the stage's name where the portal shows stages; else "" and the catalogs say open or closed
}

// StatusOf returns the status that the portal shows for the ticket.
func StatusOf(t Ticket, s *Settings, lang string) Status {
	st := Status{State: t.State}
	if s.CustomStages {
		if p, ok := s.Pipeline(t.Pipeline); ok {
			if stage, ok := p.Stage(t.Stage); ok {
				st.Label = stage.Name.In(lang, s.Language())
			}
		}
	}
	return st
}

// CloseTicket returns the ticket closed by the viewer, and the event that
// records it. The message's ids are the caller's.
func CloseTicket(t Ticket, v Viewer, s *Settings, now time.Time) (Ticket, Message, error) {
	if v.Role.Team() || v.As != nil {
		return t, Message{}, Errorf(Forbidden, "error.preview")
	}
	if t.State == Closed {
		return t, Message{}, Errorf(Conflict, "error.alreadyClosed")
	}
	if !ActionsOn(t, v, s, now).Close {
		return t, Message{}, Errorf(Forbidden, "error.closeNotAllowed")
	}
	t = touched(t.Clone(), v, now)
	t.Stage, t.State, t.Closed = closeStage(t, s), Closed, t.Activity
	return t, event(t, v, EventClosed), nil
}

// ReopenTicket returns the ticket opened again by the viewer, and the event
// that records it.
func ReopenTicket(t Ticket, v Viewer, s *Settings, now time.Time) (Ticket, Message, error) {
	if v.Role.Team() || v.As != nil {
		return t, Message{}, Errorf(Forbidden, "error.preview")
	}
	if t.State == Open {
		return t, Message{}, Errorf(Conflict, "error.alreadyOpen")
	}
	if !ActionsOn(t, v, s, now).Reopen {
		return t, Message{}, Errorf(Forbidden, "error.reopenNotAllowed")
	}
	t = reopened(t, v, s, now)
	return t, event(t, v, EventReopened), nil
}

func reopened(t Ticket, v Viewer, s *Settings, now time.Time) Ticket {
	t = t.Clone()
	t.Stage, t.State, t.Closed = reopenStage(t, s), Open, time.Time{}
	return touched(t, v, now)
}

// ReplyTo returns the ticket after a reply of the viewer's, which is to be of the
// ticket's last activity, and the events that go with it: a closed ticket is
// opened again where its pipeline names a stage for that.
func ReplyTo(t Ticket, v Viewer, s *Settings, now time.Time) (Ticket, []Message, error) {
	if v.Role.Team() {
		return t, nil, Errorf(Forbidden, "error.preview")
	}
	if !ActionsOn(t, v, s, now).Reply {
		return t, nil, Errorf(Conflict, "error.replyToClosed")
	}
	var events []Message
	if t.State == Closed {
		if p, ok := s.Pipeline(t.Pipeline); ok && p.ReopenStage != "" && reopenStage(t, s) == p.ReopenStage {
			t = reopened(t, v, s, now)
			events = append(events, event(t, v, EventReopened))
		}
	}
	return touched(t.Clone(), v, now), events, nil
}

// touched moves the ticket's last activity to now, a millisecond on at least: a
// slow clock would put a new reply below an older one, and one within the same
// millisecond would not be unread. What happened, happened at that time.
func touched(t Ticket, v Viewer, now time.Time) Ticket {
	now = now.UTC().Truncate(time.Millisecond)
	if !now.After(t.Activity) {
		now = t.Activity.Add(time.Millisecond)
	}
	t.Activity, t.ActivityBy = now, v.ID
	if len(t.Contacts) > 0 && t.Contacts[0] == v.ID {
		t.Requester = v.Name()
	}
	return t
}

func event(t Ticket, v Viewer, name EventName) Message {
	return Message{Thread: t.Thread, Kind: Event, Event: name, Author: Author{ID: v.ID, Name: v.Name()}, Created: t.Activity}
}

// Limits of a reply.
const (
	MaxReplyText = 30_000   // characters of its text
	MaxReplyHTML = 64 << 10 // bytes, formatting included; DynamoDB's item holds 400 KB
)

// Draft is a reply as it arrives: checked, but not yet written.
type Draft struct {
	ID    string // made by the client; the same one again is the same reply
	HTML  string // sanitised
	Text  string // what is left of HTML without its formatting
	Files int
}

// ValidateDraft checks a reply.
func ValidateDraft(d Draft, s *Settings) error {
	var f fields
	if !ValidID(d.ID) {
		f.add("id", "reply.error.id")
	}
	switch {
	case strings.TrimSpace(d.Text) == "" && !strings.Contains(d.HTML, "<img") && d.Files == 0:
		f.add("text", "reply.error.empty")
	case utf8.RuneCountInString(d.Text) > MaxReplyText:
		f.add("text", "reply.error.long", "max", MaxReplyText, "count", utf8.RuneCountInString(d.Text))
	case len(d.HTML) > MaxReplyHTML:
		f.add("text", "reply.error.formatting")
	}
	if d.Files > s.FileLimit() {
		f.add("attachments", "reply.error.files", "max", s.FileLimit(), "count", d.Files)
	}
	return f.err()
}

// FileLimit is how many files a message may have.
func (s *Settings) FileLimit() int {
	if s.MaxFiles <= 0 || s.MaxFiles > MaxFiles {
		return MaxFiles
	}
	return s.MaxFiles
}

// ValidateFile checks a file before it is uploaded, and returns its name
// without a path.
func ValidateFile(name, mediaType string, size int64, s *Settings) (string, error) {
	var f fields
	name = strings.TrimSpace(name[strings.LastIndexAny(name, `/\`)+1:])
	switch ext := Ext(name); {
	case name == "" || name == "." || name == "..":
		f.add("name", "file.error.name")
	case len(name) > 255 || !utf8.ValidString(name) || strings.ContainsFunc(name, isControl):
		f.add("name", "file.error.nameLong")
	case ext != "" && contains(s.ForbiddenExts, ext):
		f.add("name", "file.error.type", "ext", ext)
	}
	if len(mediaType) > 127 || strings.ContainsFunc(mediaType, isControl) {
		f.add("type", "file.error.mediaType")
	}
	switch {
	case size <= 0:
		f.add("size", "file.error.empty")
	case size > s.MaxFileBytes:
		f.add("size", "file.error.large", "max", Bytes(s.MaxFileBytes))
	}
	return name, f.err()
}

// Ext returns a file name's last extension in lower case, without the dot.
func Ext(name string) string {
	name = strings.TrimRight(name, ". ") // Windows ignores them, and would run "a.exe."
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		return strings.ToLower(name[i+1:])
	}
	return ""
}

func contains(list []string, s string) bool {
	for _, l := range list {
		if strings.EqualFold(l, s) {
			return true
		}
	}
	return false
}
