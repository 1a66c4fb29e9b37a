package portal

import "time"

// TestState is how far a test mail is.
type TestState string

const (
	TestNone    TestState = "none"    // nobody has asked for one
	TestWaiting TestState = "waiting" // it is about to be sent
	TestSent    TestState = "sent"    // who sends mails has taken it
	TestRefused TestState = "refused" // and has not
	TestUnsure  TestState = "unsure"  // nobody knows
)

// TestReason is why a test mail was refused.
type TestReason string

const (
	TestSender    TestReason = "sender"    // the address that it comes from is not verified
	TestRecipient TestReason = "recipient" // SES's sandbox sends to verified addresses alone
	TestPaused    TestReason = "paused"    // the account's sending is switched off
	TestDenied    TestReason = "denied"    // the deployment may not send from the address
	TestLimited   TestReason = "limited"   // the account's limit is reached
	TestAddress   TestReason = "address"   // there is no address that mail can be sent to
	TestOther     TestReason = "other"
)

// TestMail is the last mail that somebody had sent to themselves, to see that the
// portal's mails arrive.
type TestMail struct {
	ID     string // "" where there was none
	From   string // the sender's address
	To     string
	At     time.Time // when it was asked for
	Ended  time.Time // when what became of it was known; zero while it is not
	State  TestState
	Reason TestReason // of a refused one
}

// testWait is how long a test mail is on its way at most: what nobody has heard of by
// then was lost.
const testWait = 5 * time.Minute

// StateAt is how far it is by then.
func (t TestMail) StateAt(now time.Time) TestState {
	switch {
	case t.ID == "":
		return TestNone
	case t.State == TestWaiting && now.Sub(t.At) > testWait:
		return TestUnsure
	}
	return t.State
}

// Of tells whether it came from the address: what became of it says nothing of
// another.
func (t TestMail) Of(sender string) bool { return t.ID != "" && t.From == sender }

// Good tells whether mails from the address are known to be sent.
func (t TestMail) Good(sender string) bool { return t.Of(sender) && t.State == TestSent }

// Sender is the address that the portal's mails come from: its own, or else the
// deployment's.
func (s *Settings) Sender(deployment string) string {
	if s.MailFrom != "" {
		return s.MailFrom
	}
	return deployment
}
