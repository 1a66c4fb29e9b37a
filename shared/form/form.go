// Package form is what showing a form and taking it have in common: its page, who
// sends it, and what tells people from machines.
package form

import (
	"crypto/hmac"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"postern/shared/portal"
	"postern/shared/ui"
	"postern/shared/web"
)

// The names of what a form's page sends besides its fields, none of whose names
// begins so.
const (
	ID             = "_id"              // the client's for what it sends: the same again is the same
	Began          = "_began"           // when the page was made, signed
	Trap           = "_homepage"        // nobody sees it, so that only machines fill it in
	Writer         = "_writer"          // on whose page it was written
	Consent        = "_consent"         // the box is ticked
	ConsentVersion = "_consent_version" // of the notice that was shown
	Challenge      = "_challenge"       // what the device has worked out
	Follows        = "_follows"         // the ticket that the one to be opened follows
)

// Control tells whether the name is one of those, and no field's.
func Control(name string) bool { return strings.HasPrefix(name, "_") }

// FromOf is who sends a form from a page, or by the API without token and signature.
func FromOf(r *web.Request) portal.From {
	if r.Viewer.SignedIn() && r.APIToken == nil {
		return portal.From{Sender: portal.ByContact, Person: r.Viewer.Person}
	}
	return portal.From{Sender: portal.ByAnyone}
}

// Caller tells senders apart by whom keys are made: the same key of another caller is
// another submission.
func Caller(r *web.Request, from portal.From, formID string) string {
	switch {
	case from.Sender == portal.ByContact:
		return "contact#" + from.Person.ID
	case r.APIToken != nil:
		return "token#" + r.APIToken.Person + "#" + r.APIToken.ID
	case from.Sender == portal.ByProgram:
		return "signed#" + formID
	}
	return "anyone#" + formID
}

// BeganAt is the token that says that the form's page was made now.
func BeganAt(s *portal.Settings, formID string, now time.Time) string {
	at := strconv.FormatInt(now.UnixMilli(), 36)
	return at + "." + began(s, formID, at)
}

func began(s *portal.Settings, formID, at string) string {
	return hex.EncodeToString(portal.Derive(s.Key, "form-began", formID, at))[:32]
}

// Took is how long ago the form's page was made that has the token. ok is false where
// it is none of the form's.
func Took(s *portal.Settings, formID, token string, now time.Time) (took time.Duration, ok bool) {
	at, mac, _ := strings.Cut(token, ".")
	ms, err := strconv.ParseInt(at, 36, 64)
	if err != nil || !hmac.Equal([]byte(mac), []byte(began(s, formID, at))) {
		return 0, false
	}
	return now.Sub(time.UnixMilli(ms)), true
}

// Secret is what programs sign the form's submissions with (Standard Webhooks), of the
// generation; "" where that is none.
func Secret(s *portal.Settings, formID string, generation int) []byte {
	if generation <= 0 {
		return nil
	}
	return portal.Derive(s.Key, "form-secret", formID, strconv.Itoa(generation))
}

// Page is a form's page: empty, or with what was typed and what is wrong with it.
type Page struct {
	Form     portal.Form
	From     portal.From
	ID       string // see the constant
	Embedded bool   // for who is not signed in, on a page of the company's own perhaps

	// Values are what was typed, by field; nil shows what is proposed.
	Values    map[string][]string
	Uploads   map[string][]portal.Attachment // that are already there, by field
	FilesGone bool                           // files came with the form itself, and have to be chosen again
	Agreed    bool                           // the consent's box was ticked
	Failure   *web.Failure                   // its fields are the form's
	Used      *Used                          // what was already sent under ID
	Follow                                   // what it is to follow

	Preview string // why it cannot be sent, for who sees it as others do; "" sends it
	Share   *Share // for who sets the portal up
	Alone   bool   // without the portal's frame: a preview beside what it is of
}

// Share is how a company's own pages and programs reach the form.
type Share struct {
	Embed   string // address of the page to frame; "" where it is not public
	Address string // takes a POST
	Secret  string // that signs what is sent; "" where there is none
}

// Used is what was sent before.
type Used struct {
	Number int64  // of the ticket; 0 where there is none
	Href   string // where it is
}

// Result is the page.
func (p Page) Result(r *web.Request) web.Result {
	if p.Form.Redirect != "" {
		r.AllowRedirect(p.Form.Redirect)
	}
	section := ""
	if p.Form.ID == r.Settings.SupportForm.Form {
		section = web.SupportFormSection
	}
	return web.Result{
		Title: Title(r, p.Form), Section: section, Scripts: []string{"form.js"},
		Page: func(f ui.Frame) templ.Component { return page(f, r, p) },
	}
}

func formatNumber(n int64) string { return strconv.FormatInt(n, 10) }
