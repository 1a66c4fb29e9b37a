package view

import (
	"github.com/a-h/templ"

	"postern/shared/portal"
	"postern/shared/ui"
)

// LoginBadge says to the team how far a contact is with a login.
func LoginBadge(r ui.Reader, s portal.LoginState) templ.Component {
	return ui.Badge(loginTone(s), loginWord(r, s))
}

func loginWord(r ui.Reader, s portal.LoginState) string {
	switch s {
	case portal.LoginRegistered:
		return r.T("access.state.registered")
	case portal.LoginPending:
		return r.T("access.state.pending")
	case portal.LoginWaiting:
		return r.T("access.state.waiting")
	case portal.LoginFailed:
		return r.T("access.state.failed")
	}
	return r.T("access.state.none")
}

func loginTone(s portal.LoginState) ui.Tone {
	switch s {
	case portal.LoginRegistered:
		return ui.OK
	case portal.LoginPending:
		return ui.Info
	case portal.LoginWaiting:
		return ui.Warn
	case portal.LoginFailed:
		return ui.Bad
	}
	return ui.ToneQuiet
}
