package gallery

import (
	"io"
	"net/http"

	"github.com/a-h/templ"

	"postern/shared/ui"
)

// answers are what inbox.js asks the pages here for, always the same.
var answers = map[string]struct{ tag, body string }{
	Path + "/counts":   {`"c1"`, `{"mine":"3","unassigned":"7","all":"99+","newest":"n1"}`},
	Path + "/presence": {`"p1"`, `{"version":"v1","present":[{"name":"Jonas Brandt","writing":true},{"name":"Mehmet Yılmaz"}]}`},
}

func answer(w http.ResponseWriter, r *http.Request) bool {
	a, ok := answers[r.URL.Path]
	if !ok {
		return false
	}
	w.Header().Set("ETag", a.tag)
	w.Header().Set("Cache-Control", "private, no-cache")
	if r.Header.Get("If-None-Match") == a.tag {
		w.WriteHeader(http.StatusNotModified)
		return true
	}
	w.Header().Set("Content-Type", "application/json")
	io.WriteString(w, a.body) // the client went away; nobody is left to tell
	return true
}

func (v view) teamFrame(title string) ui.Frame {
	f := v.frame(title)
	f.Wide = true
	f.Scripts = []string{"reply.js", "inbox.js"}
	f.Nav = []ui.NavItem{
		{Label: v.say("Posteingang", "Inbox"), Href: v.with("page", "inbox"), Current: true},
		{Label: "Tickets", Href: v.with("page", "list")},
		{Label: v.say("Bausteine", "Components"), Href: v.with("page", "")},
	}
	f.Account = &ui.Account{
		Name: "Anna Schmidt", Detail: "agent@postern.example",
		Links:   []ui.NavItem{{Label: v.say("Mein Konto", "My account"), Href: v.with("page", "")}},
		SignOut: Path,
	}
	return f
}

func (v view) subject() string {
	return v.say("Rechnung 2026-1148: falscher Lieferort", "Invoice 2026-1148: wrong delivery address")
}

func (v view) inboxList(open bool) ui.InboxListProps {
	here := v.with("page", "inbox")
	row := func(subject, requester, company, owner string, number int64) ui.InboxRow {
		return ui.InboxRow{Href: v.with("page", "thread"), Subject: subject, Requester: requester, Company: company, Owner: owner, Number: number, At: ago(2, 0, 0)}
	}
	p := ui.InboxListProps{
		Reader: v.Reader,
		Inboxes: []ui.NavItem{
			{Label: v.say("Kundendienst", "Customer care"), Href: here, Current: true},
			{Label: v.say("Buchhaltung und Rechnungen", "Accounting and invoices"), Href: here},
		},
		States: []ui.Tab{{Label: v.say("Offen", "Open"), Href: here, Current: true}, {Label: v.say("Geschlossen", "Closed"), Href: here}},
		Owners: []ui.InboxOwner{
			{Label: v.say("Meine", "Mine"), Href: here, Key: "mine"},
			{Label: v.say("Nicht zugewiesen", "Unassigned"), Href: here, Key: "unassigned"},
			{Label: v.say("Alle", "All"), Href: here, Key: "all", Current: true},
		},
		Rows: []ui.InboxRow{
			row(v.subject(), "Klara Nordwind", "Nordwind Handels GmbH", "Anna", 1148),
			row(v.say("Zugang für neue Kollegin im Lager Kiel einrichten", "Set up access for a new colleague at the Kiel warehouse"), "Jonas Petersen", "Nordwind Handels GmbH", "", 1147),
			row(v.say("Alle Etiketten seit heute früh ohne Strichcode, der Versand steht und der Fahrer wartet seit einer Stunde auf dem Hof", "All labels without a barcode since this morning, dispatch has stopped and the driver has been waiting for an hour"), "Wilhelmine von Hohenstein-Lichtenberg", "Donaudampfschifffahrtsgesellschaft Regensburg", "Mehmet Yılmaz", 1143),
			row(v.say("Export bricht nach 20 Minuten ab", "Export stops after 20 minutes"), "stranger@suedstern.example", "", "Anna", 1120),
			row(v.say("Kündigung Standort Rendsburg", "Cancelling the Rendsburg site"), "Klara Nordwind", "Nordwind Handels GmbH", "", 987),
		},
		Pager:     &ui.PagerProps{Reader: v.Reader, Next: here},
		CountsURL: Path + "/counts",
		Newest:    "n1",
	}
	p.Rows[0].At, p.Rows[0].Current = ago(0, 0, 23), open
	p.Rows[1].At, p.Rows[1].Unread = ago(0, 1, 10), true
	p.Rows[2].At, p.Rows[2].Unread, p.Rows[2].Urgent, p.Rows[2].Priority = ago(1, 2, 0), true, true, v.T("priority.urgent")
	p.Rows[3].At, p.Rows[3].Priority = ago(12, 0, 0), v.T("priority.low")
	p.Rows[3].Marks = []ui.Mark{{Tone: ui.Warn, Word: v.T("inbox.review.badge")}, {Tone: ui.ToneQuiet, Word: v.T("inbox.unproven.badge")}}
	p.Rows[4].At, p.Rows[4].Closed = ago(400, 0, 0), true
	for i := int64(0); i < 12; i++ {
		p.Rows = append(p.Rows, row(v.say("Rückfrage zur Lieferung", "Question about a delivery"), "Solo Einzel", "", "Anna", 900-i))
	}
	return p
}

func (v view) emptyList() ui.InboxListProps {
	p := v.inboxList(false)
	p.Inboxes, p.Rows, p.Pager = p.Inboxes[:1], nil, nil
	p.Empty = &ui.EmptyProps{Title: v.say("Nichts ist offen.", "Nothing is open."), Text: v.say("Neue Anfragen erscheinen hier.", "New requests appear here.")}
	return p
}

func (v view) threadHead() ui.ThreadHeadProps {
	return ui.ThreadHeadProps{
		Reader: v.Reader, Title: v.subject(), Number: 1148,
		Back:         ui.NavItem{Label: v.say("Posteingang", "Inbox"), Href: v.with("page", "inbox")},
		Badge:        ui.StateBadge(true, v.say("Wartet auf uns", "Waiting for us")),
		CustomerView: v.with("page", "detail"),
		Actions:      ui.Button(ui.ButtonProps{Label: v.say("Ticket schließen", "Close ticket"), Opens: "close-ticket"}),
	}
}

func (v view) presence() ui.PresenceProps {
	return ui.PresenceProps{Reader: v.Reader, URL: Path + "/presence", Version: "v1", Names: []string{"Jonas Brandt"}}
}

// teamMessages are the sample conversation as the team sees it.
func (v view) teamMessages() []templ.Component {
	m := v.messages()
	m = append(m[:3:3],
		ui.Event(ui.EventProps{Reader: v.Reader, Internal: true, At: ago(0, 2, 30), Text: v.say("Mehmet hat Anna zuständig gemacht.", "Mehmet made Anna the owner.")}),
		ui.Message(ui.MessageProps{Reader: v.Reader, ID: "c1", Author: "Mehmet Yılmaz", Side: ui.Comment, At: ago(0, 2, 20), HTML: v.say(
			"<p>Die Buchhaltung kennt den neuen Lieferort noch nicht. Bitte vor dem Versand dort nachfragen, Durchwahl <code>214</code>.</p>",
			"<p>Accounting doesn't know the new address yet. Please check with them before it goes out, extension <code>214</code>.</p>"),
			Attachments: []ui.Attachment{{Name: v.say("Notiz.pdf", "note.pdf"), Size: 12_000, Href: "#file"}}}),
		m[3], m[4],
	)
	return m
}

func (v view) compose() []ui.Tab {
	return []ui.Tab{
		{Label: v.say("Antworten", "Reply"), Href: v.with("compose", "") + "#reply", Current: v.composing == ""},
		{Label: v.say("Intern kommentieren", "Comment internally"), Href: v.with("compose", "comment") + "#reply", Current: v.composing != ""},
	}
}

func (v view) teamBox() ui.ReplyBoxProps {
	p := v.replyBox()
	p.Hidden = []ui.HiddenField{{Name: "thread", Value: "th1"}}
	if v.composing != "" {
		p.Internal = true
		p.DraftName += "/comment"
		if v.composing == "failed" {
			p.Text, p.Error = v.say("Bitte noch klären.", "Please find out."), v.T("reply.error.upload")
		}
		return p
	}
	p.Extra = ui.Checkbox(ui.CheckboxProps{Name: "close", Label: v.say("und schließen", "and close")})
	return p
}

func (v view) pipelines() []ui.OptionGroup {
	return []ui.OptionGroup{
		{Label: v.say("Kundendienst", "Customer care"), Options: []ui.Option{{Value: "new", Label: v.say("Neu", "New")}, {Value: "us", Label: v.say("Wartet auf uns", "Waiting for us")}, {Value: "done", Label: v.say("Geschlossen", "Closed")}}},
		{Label: v.say("Reparatur", "Repair"), Options: []ui.Option{{Value: "sent", Label: v.say("Eingeschickt", "Sent in")}, {Value: "fixed", Label: v.say("Repariert", "Repaired")}}},
	}
}

func (v view) threads() ui.ThreadsCardProps {
	return ui.ThreadsCardProps{Reader: v.Reader, NewAction: Path, Threads: []ui.ThreadLink{
		{Name: v.say("Mit Klara Nordwind", "With Klara Nordwind"), Href: v.with("page", "thread"), At: ago(0, 0, 23), Current: true, Shown: true},
		{Name: v.say("Spedition Hansen: Umleitung", "Hansen freight: redirection"), Href: v.with("page", "thread"), At: ago(1, 0, 0)},
	}}
}

func (v view) contacts() ui.PeopleCardProps {
	return ui.PeopleCardProps{
		Reader: v.Reader, Title: v.say("Kontakte", "Contacts"), Action: Path,
		People: []ui.PersonRow{
			{ID: "k1", Name: "Klara Nordwind", Detail: "customer@nordwind.example", Href: "#klara", Removable: true},
			{ID: "k2", Name: "Wilhelmine von Hohenstein-Lichtenberg", Detail: "wilhelmine.von-hohenstein-lichtenberg@nordwind.example", Removable: true},
		},
		Add:      &ui.FieldProps{Reader: v.Reader, Name: "email", Type: "email", Label: v.say("E-Mail-Adresse", "Email address"), Autocomplete: "off"},
		AddLabel: v.say("Kontakt hinzufügen", "Add contact"),
	}
}

func (v view) companies() ui.PeopleCardProps {
	return ui.PeopleCardProps{
		Reader: v.Reader, Title: v.say("Organisationen", "Organisations"), Action: Path,
		Empty:     v.say("Keine Organisation.", "No organisation."),
		AddSelect: &ui.SelectProps{Reader: v.Reader, Name: "company", Label: v.say("Organisation", "Organisation"), Options: []ui.Option{{Value: "", Label: v.say("Bitte wählen", "Please choose")}, {Value: "n", Label: "Nordwind Handels GmbH"}}},
		AddLabel:  v.say("Organisation hinzufügen", "Add organisation"),
	}
}

func (v view) others() ui.OtherTicketsProps {
	return ui.OtherTicketsProps{
		Reader: v.Reader, Title: v.say("Weitere Tickets von Klara Nordwind", "Other tickets of Klara Nordwind"),
		Rows: []ui.OtherTicket{
			{Href: v.with("page", "thread"), Subject: v.say("Export bricht nach 20 Minuten ab", "Export stops after 20 minutes"), Number: 1120, At: ago(3, 0, 0), Open: true, Status: v.say("Offen", "Open")},
			{Href: v.with("page", "thread"), Subject: v.say("Kündigung Standort Rendsburg", "Cancelling the Rendsburg site"), Number: 987, At: ago(371, 0, 0), Status: v.say("Geschlossen", "Closed")},
		},
	}
}
