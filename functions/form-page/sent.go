package main

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/a-h/templ"

	"postern/shared/dynamo"
	"postern/shared/form"
	"postern/shared/portal"
	"postern/shared/ui"
	"postern/shared/web"
)

// sent is the page of what was sent.
type sent struct {
	dynamo.Submitted
	Form     portal.Form
	From     portal.From
	ID       string // the key of what was sent
	Embedded bool
	Follows  string // the ticket that the one that was made follows, or ""
	Href     string // the ticket's page; "" where the sender may not see it
	Again    string // the form; "" where it is gone
}

func (p sent) result(r *web.Request) web.Result {
	section := ""
	if p.Form.ID == r.Settings.SupportForm.Form {
		section = web.SupportFormSection
	}
	return web.Result{
		Title: r.Reader.T("form.sent.title"), Section: section, Scripts: []string{"form.js"},
		Page: func(f ui.Frame) templ.Component { return sentPage(f, r, p) },
	}
}

// thanks are the form's own words, or the catalog's.
func (p sent) thanks(r *web.Request) []string {
	if own := ui.Paragraphs(p.Message); len(own) > 0 {
		return own
	}
	return []string{r.Reader.T("form.thanks")}
}

// next is what happens next. That somebody looks at it first is not told: who sends
// what they should not would try until nobody does.
func (p sent) next(r *web.Request) string {
	switch {
	case p.Proof:
		return r.Reader.T("form.sent.confirm", "days", strconv.Itoa(int(portal.LinkConfirm.Age()/(24*time.Hour))))
	case p.From.Sender == portal.ByContact:
		return r.Reader.T("form.sent.mailTo", "email", p.From.Person.Email)
	}
	return r.Reader.T("form.sent.mail")
}

func (p sent) number() string { return strconv.FormatInt(p.Number, 10) }

// draft is what form.js may forget now.
func (p sent) draft(r *web.Request) templ.Attributes {
	name, key := form.DraftOf(r, p.From, p.Form.ID, p.Follows)
	b, err := json.Marshal(map[string]string{"draft": name, "draftKey": key, "id": p.ID})
	if err != nil {
		panic(err) // texts alone
	}
	return templ.Attributes{"data-form-sent": string(b)}
}
