package portal

import "slices"

// The items of the checklist. The ids stay what they are: commands and pages
// name them.
const (
	CheckName     = "name"     // the portal has a name
	CheckInbox    = "inbox"    // and an inbox
	CheckPipeline = "pipeline" // and a pipeline with an open and a closed stage
	CheckAdmin    = "admin"    // and somebody who may change its settings
	CheckSender   = "sender"   // and an address that its mails come from
	CheckForm     = "form"     // and a form to open tickets with
	CheckDesign   = "design"   // and a look of its own
	CheckAccess   = "access"   // and somebody gets in
	CheckMail     = "mail"     // and its mails are sent
)

// CheckItem is something that a portal needs before customers use it.
type CheckItem struct {
	ID   string
	Done bool
}

// Checklist returns everything that a portal needs before customers use it,
// always in the same order. sender is the deployment's address for mails, which
// stands in where the portal has none.
func Checklist(s *Settings, sender string) []CheckItem {
	_, sends := NormalEmail(s.Sender(sender))
	return []CheckItem{
		{CheckName, s.Name != ""},
		{CheckInbox, len(s.Inboxes) > 0},
		{CheckPipeline, slices.ContainsFunc(s.Pipelines, Pipeline.complete)},
		{CheckAdmin, s.HasAdmin()},
		{CheckSender, sends},
	}
}

// Suggestions is what a portal should have besides, always in the same order. mode is
// the access mode that holds, sender as Checklist has it, and test the last test mail.
func Suggestions(s *Settings, mode AccessMode, sender string, test TestMail) []CheckItem {
	return []CheckItem{
		{CheckForm, s.SupportForm.Form != ""},
		{CheckDesign, s.Accent != "" || s.Logo != ""},
		{CheckAccess, mode == ByRegistration || len(s.Groups) > 0},
		{CheckMail, test.Good(s.Sender(sender))},
	}
}

// complete tells whether a ticket can be open and closed in the pipeline.
func (p Pipeline) complete() bool {
	has := func(state State) bool {
		return slices.ContainsFunc(p.Stages, func(st Stage) bool { return st.State == state && !st.Archived })
	}
	return has(Open) && has(Closed)
}

// HasAdmin tells whether somebody may change the portal's settings.
func (s *Settings) HasAdmin() bool {
	return slices.ContainsFunc(s.Staff, func(st Staff) bool { return st.Role == Admin })
}
