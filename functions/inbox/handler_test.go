package main

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"postern/infra/local/sample"
	"postern/shared/app"
	"postern/shared/dynamo"
	"postern/shared/functiontest"
	"postern/shared/portal"
	"postern/shared/view"
)

func TestMain(m *testing.M) {
	functiontest.Main(m, "inbox", func(cfg app.Config, s *dynamo.Store, f *functiontest.Files) http.Handler {
		return newHandler(cfg, s, f)
	})
}

// listed is the public shape of a page of an inbox.
type listed struct {
	Inbox   named   `json:"inbox"`
	Inboxes []named `json:"inboxes"`
	Tickets []row   `json:"tickets"`
	Next    *string `json:"next"`
	Prev    *string `json:"previous"`
}

type named struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Email string `json:"email"`
}

type row struct {
	ID             string    `json:"id"`
	Number         int64     `json:"number"`
	Subject        string    `json:"subject"`
	State          string    `json:"state"`
	Stage          string    `json:"stage"`
	Priority       string    `json:"priority"`
	Owner          string    `json:"owner"`
	RequestedBy    string    `json:"requested_by"`
	CreatedAt      time.Time `json:"created_at"`
	LastActivityAt time.Time `json:"last_activity_at"`
	Unread         bool      `json:"unread"`
	Unproven       *named    `json:"unproven"`
	Review         []string  `json:"review"`
}

// opened is the public shape of a thread.
type opened struct {
	Ticket    whole      `json:"ticket"`
	Thread    string     `json:"thread"`
	Threads   []link     `json:"threads"`
	Messages  []message  `json:"messages"`
	Contacts  []named    `json:"contacts"`
	Companies []named    `json:"companies"`
	Follows   *view.Link `json:"follows"`
	Next      *string    `json:"next"`
}

type whole struct {
	row
	Inbox      string            `json:"inbox"`
	Properties map[string]string `json:"properties"`
	Version    string            `json:"version"`
}

type link struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Shown     bool      `json:"shown"`
	CreatedAt time.Time `json:"created_at"`
}

type message struct {
	ID        string         `json:"id"`
	Kind      string         `json:"kind"`
	Shown     bool           `json:"shown"`
	Author    string         `json:"author"`
	Team      bool           `json:"team"`
	Event     string         `json:"event"`
	Change    *portal.Change `json:"change"`
	HTML      string         `json:"html"`
	Text      string         `json:"text"`
	CreatedAt time.Time      `json:"created_at"`
	Files     []struct {
		ID   string `json:"id"`
		Name string `json:"name"`
		Type string `json:"type"`
		Size int64  `json:"size"`
		Href string `json:"href"`
	} `json:"attachments"`
}

// read reads the answer, which must have the status.
func read[T any](t *testing.T, a functiontest.Answer, status int) T {
	t.Helper()
	if a.Status != status {
		t.Fatalf("%s %s: %d, not %d: %.500s\n%v", a.Method, a.Path, a.Status, status, a.Body, a.Log["error"])
	}
	var v T
	a.JSON(t, &v)
	return v
}

// changedTicket reads what answers a change.
func changedTicket(t *testing.T, a functiontest.Answer) whole {
	t.Helper()
	return read[struct {
		Ticket whole `json:"ticket"`
	}](t, a, 200).Ticket
}

// at returns the ticket as it is stored, and all messages of one of its threads,
// "" being the one that customers see.
func at(t *testing.T, p *functiontest.Portal, id, thread string) (portal.Ticket, []portal.Message) {
	t.Helper()
	var all []portal.Message
	before := ""
	for {
		ticket, c, err := p.Store.Thread(t.Context(), p.ID, id, thread, before, true)
		if err != nil {
			t.Fatal(err)
		}
		all = append(c.Messages, all...)
		if before = c.Older; before == "" {
			return ticket, all
		}
	}
}

func rev(t *testing.T, p *functiontest.Portal, id string) int64 {
	t.Helper()
	ticket, _ := at(t, p, id, "")
	return ticket.Rev
}

// new returns the ticket and the messages of the shown thread that a fresh portal has not.
func (o original) new(t *testing.T, p *functiontest.Portal, id string) (portal.Ticket, []portal.Message) {
	t.Helper()
	ticket, messages := at(t, p, id, "")
	return ticket, messages[o[id].messages:]
}

// original is what a fresh portal has of tickets.
type original map[string]struct {
	rev      int64
	messages int
}

func originals(t *testing.T, ids ...string) original {
	t.Helper()
	p, o := functiontest.New(t), original{}
	for _, id := range ids {
		ticket, messages := at(t, p, id, "")
		o[id] = struct {
			rev      int64
			messages int
		}{ticket.Rev, len(messages)}
	}
	return o
}

type check = func(*testing.T, *functiontest.Portal, functiontest.Answer)

const (
	ownSubject  = "S200 verliert zwischen Halle 2 und 3 das WLAN"
	supportID   = "inboxsupport"
	workshopID  = "inboxrepair"
	replyHTML   = "<p>Danke, wir sehen nach.</p><p>Viele Grüße</p>"
	replyHTML1  = "<p>Danke, wir sehen nach.</p>"
	withBold    = "<p>Danke, das <strong>hilft</strong>.</p>"
	scriptless  = "<p>Hallo</p>"
	clientID    = "client0000000001"
	laterMillis = "4102444800000" // seen by who has seen everything
)

func TestFixtures(t *testing.T) {
	T := functiontest.T
	o := originals(t, sample.OwnTicket)
	untouched := func(t *testing.T, p *functiontest.Portal, _ functiontest.Answer) {
		t.Helper()
		if got := rev(t, p, sample.OwnTicket); got != o[sample.OwnTicket].rev {
			t.Errorf("the ticket was written %d times", got-o[sample.OwnTicket].rev)
		}
	}
	page := func(status int, key string) functiontest.Want {
		return functiontest.Want{Status: status, Lang: "de", See: map[string]string{"main": T("de", key)}, Check: untouched}
	}
	problem := func(status int, key string, fields ...string) functiontest.Want {
		return functiontest.Want{Status: status, Detail: T("de", key), Fields: append([]string{}, fields...), Check: untouched}
	}
	open := func(lang string, see map[string]string) functiontest.Want {
		return functiontest.Want{Status: 200, Lang: lang, See: see}
	}
	toSignIn := functiontest.Want{Status: 303, Check: func(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
		if l := a.Header.Get("Location"); !strings.HasPrefix(l, "/"+p.Slug+"/sign-in?next="+url.QueryEscape(a.Path)) {
			t.Errorf("leads to %q", l)
		}
	}}
	own := "/{portal}/inbox/" + sample.OwnTicket
	leads := func(query string, check check) functiontest.Want {
		return functiontest.Want{Status: 303, Header: map[string]string{"Location": own + query}, Check: check}
	}
	// again is the ticket's page with what is wrong with the reply or comment.
	again := func(status int, text string, more map[string]string) functiontest.Want {
		see := map[string]string{"h1": ownSubject, "#reply-error": text, ".conversation": "Jonas Lehmann"}
		for selector, text := range more {
			see[selector] = text
		}
		return functiontest.Want{Status: status, Lang: "de", See: see, Check: untouched}
	}
	// wrong is the ticket's page with what is wrong with another form.
	wrong := func(status int, selector, text string) functiontest.Want {
		return functiontest.Want{Status: status, Lang: "de", See: map[string]string{"h1": ownSubject, selector: text, "form#reply": T("de", "inbox.reply.label")}, Check: untouched}
	}
	wants := map[string]functiontest.Want{
		"page": open("de", map[string]string{
			"title": "Posteingang", "h1": T("de", "inbox.title"), ".inbox-rows": ownSubject, `nav [aria-current]`: T("de", "frame.inbox"),
			`.inbox-row a[href$="/inbox/` + sample.OwnTicket + `#latest"]`: ownSubject, ".inbox-none": T("de", "inbox.choose"), ".inbox-thread": "",
			".inbox-owners": T("de", "inbox.owner.mine"), ".menu": "Werkstatt", ".preview": "",
		}),
		"page-en":            open("en", map[string]string{"h1": T("en", "inbox.title"), ".inbox-rows": "Handheld W10"}),
		"page-closed":        open("de", map[string]string{".inbox-rows": T("de", "status.closed")}),
		"page-mine":          open("de", map[string]string{".inbox-rows": ownSubject, `.inbox-row a[href$="/inbox/` + sample.OwnTicket + `?owner=mine#latest"]`: ownSubject}),
		"page-unassigned":    open("de", map[string]string{".inbox-list": T("de", "inbox.owner.unassigned")}),
		"page-inbox":         open("de", map[string]string{".menu": "Werkstatt", `.inbox-row a[href$="/inbox/` + sample.OwnTicket + `#latest"]`: ""}),
		"page-moved":         open("de", map[string]string{".banner.ok": T("de", "inbox.moved")}),
		"page-inbox-unknown": page(404, "error.notFound"),
		"page-parameters":    page(422, "error.invalid"),
		"page-cursor":        page(422, "error.cursor"),
		"page-customer":      page(403, "error.teamOnly"),
		"page-manager":       page(403, "error.teamOnly"),
		"page-signed-out":    toSignIn,
		"page-expired":       toSignIn,

		"list":               {Status: 200, Check: fullList},
		"list-closed":        {Status: 200, Check: closedList},
		"list-parameters":    problem(422, "error.invalid", "state", "owner", "limit"),
		"list-inbox-unknown": problem(404, "error.notFound"),
		"list-cursor":        problem(422, "error.cursor", "cursor"),
		"list-customer":      problem(403, "error.teamOnly"),
		"list-signed-out":    problem(401, "error.session"),

		"counts":               {Status: 200, Check: counted},
		"counts-inbox-unknown": problem(404, "error.notFound"),
		"counts-customer":      problem(403, "error.teamOnly"),
		"counts-signed-out":    problem(401, "error.session"),

		"thread": open("de", map[string]string{
			"title": ownSubject, "h1": ownSubject, ".conversation": "Anna Brandt", ".message.internal": sample.InternalMark,
			".inbox-row.current": ownSubject, "#ticket-form": "Nordlicht S200", ".inbox-side": "customer@nordwind.example",
			"form#reply label.reply-label": T("de", "inbox.reply.label"), `form#reply label[for="reply-close"]`: T("de", "inbox.reply.close"),
			`a[href$="/tickets/` + sample.OwnTicket + `"]`: T("de", "inbox.customerView"), ".banner.ok": "",
		}),
		"thread-en":              open("en", map[string]string{"h1": ownSubject, "form#reply label.reply-label": T("en", "inbox.reply.label")}),
		"thread-comment":         open("de", map[string]string{`form#reply[action$="/comments"]`: T("de", "inbox.comment.note"), `input[name="seen"]`: "", `input[name="close"]`: ""}),
		"thread-long":            open("de", map[string]string{".conversation": "Jonas Lehmann", `a[href*="before="]`: T("de", "conversation.earlier")}),
		"thread-closed":          open("de", map[string]string{".event": "geschlossen", ".head .badge": "Gelöst", `input[name="close"]`: ""}),
		"thread-repair":          open("de", map[string]string{`form#reply[action$="/inbox/` + sample.RepairTicket + `/replies?inbox=inboxrepair&owner=mine"]`: T("de", "inbox.reply.label")}),
		"thread-unshown":         open("de", map[string]string{"h1": sample.HiddenMark, `a[href$="/tickets/` + sample.HiddenTicket + `"]`: ""}),
		"thread-unknown":         page(404, "error.notFound"),
		"thread-not-an-id":       page(404, "error.notFound"),
		"thread-other-unknown":   page(404, "error.notFound"),
		"thread-other-not-an-id": page(404, "error.notFound"),
		"thread-before":          page(422, "error.cursor"),
		"thread-customer":        page(403, "error.teamOnly"),
		"thread-signed-out":      toSignIn,

		"ticket":                {Status: 200, Check: wholeTicket},
		"ticket-unknown":        problem(404, "error.notFound"),
		"ticket-thread-unknown": problem(404, "error.notFound"),
		"ticket-cursor":         problem(422, "error.cursor", "cursor"),
		"ticket-customer":       problem(403, "error.teamOnly"),
		"ticket-signed-out":     problem(401, "error.session"),

		"activity":            {Status: 200},
		"activity-writing":    {Status: 200},
		"activity-unknown":    problem(404, "error.notFound"),
		"activity-customer":   problem(403, "error.teamOnly"),
		"activity-signed-out": problem(401, "error.session"),

		"form-reply":                leads("?sent=formreply00001#latest", o.stored(portal.Reply, replyHTML)),
		"form-reply-script":         leads("?sent=formreply00002#latest", o.stored(portal.Reply, scriptless)),
		"form-reply-close":          leads("?sent=formreply00020#latest", o.closes),
		"form-reply-file":           leads("?sent=formreply00023#latest", o.stored(portal.Reply, "<p>Das Protokoll hängt an.</p>", "protokoll.txt")),
		"form-reply-empty":          again(422, T("de", "reply.error.empty"), nil),
		"form-reply-long":           again(422, "30.000", nil),
		"form-reply-crossed":        again(409, T("de", "inbox.error.crossed"), map[string]string{"form#reply": T("de", "inbox.reply.anyway"), "form#reply textarea": "Das kreuzt sich."}),
		"form-reply-seen":           again(409, T("de", "inbox.error.crossed"), map[string]string{"form#reply": T("de", "inbox.reply.anyway")}),
		"form-reply-unknown":        page(404, "error.notFound"),
		"form-reply-unknown-empty":  page(404, "error.notFound"),
		"form-reply-thread-unknown": page(404, "error.notFound"),
		"form-reply-customer":       page(403, "error.teamOnly"),
		"form-reply-signed-out":     {Status: 401, Lang: "de", Check: keeps(untouched, "replies", "formreply00008")},
		"form-reply-cross-origin":   page(403, "error.crossOrigin"),
		"form-reply-type":           page(415, "error.notForm"),

		"reply":                {Status: 201, Check: o.stored(portal.Reply, replyHTML1)},
		"reply-html":           {Status: 201, Check: o.stored(portal.Reply, withBold)},
		"reply-close":          {Status: 201, Check: o.closes},
		"reply-empty":          problem(422, "error.invalid", "text"),
		"reply-id":             problem(422, "error.invalid", "id"),
		"reply-field":          problem(422, "error.invalid", "internal"),
		"reply-seen-type":      problem(400, "error.badJSON"),
		"reply-broken":         problem(400, "error.badJSON"),
		"reply-crossed":        problem(409, "inbox.error.crossed"),
		"reply-upload-unknown": problem(422, "error.invalid", "attachments"),
		"reply-unknown":        problem(404, "error.notFound"),
		"reply-thread-unknown": problem(404, "error.notFound"),
		"reply-customer":       problem(403, "error.teamOnly"),
		"reply-signed-out":     problem(401, "error.session"),
		"reply-cross-origin":   problem(403, "error.crossOrigin"),

		"form-comment":                leads("?compose=comment&sent=formcomment00001#latest", o.stored(portal.Comment, replyHTML)),
		"form-comment-script":         leads("?compose=comment&sent=formcomment00002#latest", o.stored(portal.Comment, scriptless)),
		"form-comment-empty":          again(422, T("de", "reply.error.empty"), map[string]string{"form#reply": T("de", "inbox.comment.note")}),
		"form-comment-long":           again(422, "30.000", map[string]string{"form#reply": T("de", "inbox.comment.note")}),
		"form-comment-unknown":        page(404, "error.notFound"),
		"form-comment-unknown-empty":  page(404, "error.notFound"),
		"form-comment-thread-unknown": page(404, "error.notFound"),
		"form-comment-customer":       page(403, "error.teamOnly"),
		"form-comment-signed-out":     {Status: 401, Lang: "de", Check: keeps(untouched, "comments", "formcomment00008")},
		"form-comment-cross-origin":   page(403, "error.crossOrigin"),
		"form-comment-type":           page(415, "error.notForm"),

		"comment":                {Status: 201, Check: o.stored(portal.Comment, replyHTML1)},
		"comment-html":           {Status: 201, Check: o.stored(portal.Comment, withBold)},
		"comment-empty":          problem(422, "error.invalid", "text"),
		"comment-id":             problem(422, "error.invalid", "id"),
		"comment-field":          problem(422, "error.invalid", "internal"),
		"comment-broken":         problem(400, "error.badJSON"),
		"comment-upload-unknown": problem(422, "error.invalid", "attachments"),
		"comment-unknown":        problem(404, "error.notFound"),
		"comment-thread-unknown": problem(404, "error.notFound"),
		"comment-customer":       problem(403, "error.teamOnly"),
		"comment-signed-out":     problem(401, "error.session"),
		"comment-cross-origin":   problem(403, "error.crossOrigin"),

		"form-edit":              leads("?done=saved", o.events("subject", "priority")),
		"form-edit-same":         leads("?done=saved", untouched),
		"form-edit-conflict":     wrong(409, "#ticket-form", T("de", "inbox.error.changed")),
		"form-edit-invalid":      wrong(422, "#ticket-form", T("de", "inbox.error.subject")),
		"form-edit-unknown":      page(404, "error.notFound"),
		"form-edit-customer":     page(403, "error.teamOnly"),
		"form-edit-signed-out":   page(401, "error.session"),
		"form-edit-cross-origin": page(403, "error.crossOrigin"),
		"form-edit-type":         page(415, "error.notForm"),

		"edit":                  {Status: 200, Check: o.events("affected_users", "owner", "priority")},
		"edit-nothing":          {Status: 200, Check: untouched},
		"edit-if-match-missing": problem(428, "error.ifMatchMissing"),
		"edit-if-match":         problem(412, "error.ifMatch"),
		"edit-invalid":          problem(422, "error.invalid", "owner", "stage", "status", "subject", "wished_date"),
		"edit-field":            problem(422, "error.invalid", "subject"),
		"edit-wrong-type":       problem(422, "error.invalid", "properties"),
		"edit-not-json":         problem(415, "error.notJSON"),
		"edit-unknown":          problem(404, "error.notFound"),
		"edit-customer":         problem(403, "error.teamOnly"),
		"edit-signed-out":       problem(401, "error.session"),
		"edit-cross-origin":     problem(403, "error.crossOrigin"),

		"form-start":         {Status: 303, Check: o.startedByForm},
		"form-start-empty":   wrong(422, "#threads", T("de", "inbox.error.threadName")),
		"form-start-long":    wrong(422, "#threads", "100"),
		"form-start-control": wrong(422, "#threads", "100"),
		"start":              {Status: 201, Check: o.started},
		"start-empty":        problem(422, "error.invalid", "name"),
		"start-long":         problem(422, "error.invalid", "name"),
		"start-control":      problem(422, "error.invalid", "name"),

		"form-contact":            leads("?done=saved", o.events("contact")),
		"form-contact-remove":     leads("?done=saved", o.events("contact")),
		"form-contact-again":      leads("?done=saved", untouched),
		"form-contact-nobody":     wrong(422, "#people-email", T("de", "inbox.error.noContact")),
		"form-contact-team":       wrong(422, "#people-email", T("de", "inbox.error.team")),
		"form-contact-no-address": wrong(422, "#people-email", T("de", "inbox.error.email")),
		"form-contact-empty":      wrong(422, "#people-email", T("de", "inbox.error.email")),
		"contact":                 {Status: 200, Check: o.events("contact")},
		"contact-nobody":          problem(422, "error.invalid", "email"),
		"contact-team":            problem(422, "error.invalid", "email"),
		"contact-no-address":      problem(422, "error.invalid", "email"),
		"contact-empty":           problem(422, "error.invalid", "email"),
		"contact-remove":          {Status: 200, Check: o.events("contact")},
		"contact-remove-gone":     {Status: 200, Check: untouched},

		"form-company":           leads("?done=saved", o.events("company")),
		"form-company-remove":    leads("?done=saved", o.events("company")),
		"form-company-none":      wrong(422, ".inbox-side", T("de", "inbox.error.chooseCompany")),
		"form-company-gone":      wrong(422, ".inbox-side", T("de", "inbox.error.noCompany")),
		"form-company-not-an-id": wrong(422, ".inbox-side", T("de", "inbox.error.noCompany")),
		"company":                {Status: 200, Check: o.events("company")},
		"company-none":           problem(422, "error.invalid", "company"),
		"company-gone":           problem(422, "error.invalid", "company"),
		"company-not-an-id":      problem(422, "error.invalid", "company"),
		"company-remove":         {Status: 200, Check: o.events("company")},
		"company-remove-gone":    {Status: 200, Check: untouched},

		// There is nothing to review, so that nothing is written.
		"form-release": leads("?done=released", untouched),
		"release": {Status: 200, Check: func(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
			untouched(t, p, a)
			if got := changedTicket(t, a); got.ID != sample.OwnTicket || got.Unproven != nil || got.Review == nil || len(got.Review) > 0 {
				t.Errorf("answers %s", a.Body)
			}
		}},
	}
	// entered is the form of a new ticket with what is wrong with it.
	entered := func(status int, field, text string) functiontest.Want {
		return functiontest.Want{Status: status, Lang: "de", See: map[string]string{"h1": T("de", "inbox.new.title"), field: text}, Check: untouched}
	}
	for name, want := range map[string]functiontest.Want{
		"compose":            open("de", map[string]string{"h1": T("de", "inbox.new.title"), "select": "Werkstatt", `form[action$="/inbox"]`: T("de", "inbox.new.create")}),
		"compose-en":         open("en", map[string]string{"h1": T("en", "inbox.new.title")}),
		"compose-customer":   page(403, "error.teamOnly"),
		"compose-signed-out": toSignIn,

		"form-open":              {Status: 303, Check: openedTicket("<p>Frau Brandt hat angerufen.</p><p>Sie braucht drei Geräte.</p>")},
		"form-open-empty":        entered(422, "main form", T("de", "inbox.error.email")),
		"form-open-id":           entered(422, "main", T("de", "inbox.new.create")),
		"form-open-nobody":       entered(422, "main form", T("de", "inbox.error.noContact")),
		"form-open-team":         entered(422, "main form", T("de", "inbox.error.team")),
		"form-open-customer":     page(403, "error.teamOnly"),
		"form-open-signed-out":   page(401, "error.session"),
		"form-open-cross-origin": page(403, "error.crossOrigin"),
		"form-open-type":         page(415, "error.notForm"),

		"open":               {Status: 201, Check: openedTicket("<p>Frau Brandt hat angerufen.</p>")},
		"open-nothing":       problem(422, "error.invalid", "id"),
		"open-empty":         problem(422, "error.invalid", "email", "subject", "text"),
		"open-long":          problem(422, "error.invalid", "subject", "text"),
		"open-inbox-unknown": problem(422, "error.invalid", "inbox"),
		"open-team":          problem(422, "error.invalid", "email"),
		"open-broken":        problem(400, "error.badJSON"),
		"open-field":         problem(422, "error.invalid", "html"),
		"open-customer":      problem(403, "error.teamOnly"),
		"open-signed-out":    problem(401, "error.session"),
		"open-cross-origin":  problem(403, "error.crossOrigin"),
	} {
		wants[name] = want
	}
	for _, what := range []string{"start", "contact", "company", "contact-remove", "company-remove", "release"} {
		wants[what+"-unknown"] = problem(404, "error.notFound")
		wants[what+"-customer"] = problem(403, "error.teamOnly")
		wants[what+"-signed-out"] = problem(401, "error.session")
		wants[what+"-cross-origin"] = problem(403, "error.crossOrigin")
		if strings.HasSuffix(what, "-remove") {
			continue
		}
		if what != "release" { // which says nothing
			wants[what+"-broken"] = problem(400, "error.badJSON")
		}
		wants["form-"+what+"-unknown"] = page(404, "error.notFound")
		wants["form-"+what+"-customer"] = page(403, "error.teamOnly")
		wants["form-"+what+"-signed-out"] = page(401, "error.session")
		wants["form-"+what+"-cross-origin"] = page(403, "error.crossOrigin")
	}
	functiontest.Fixtures(t, true, wants)
}

func fullList(t *testing.T, _ *functiontest.Portal, a functiontest.Answer) {
	l := read[listed](t, a, 200)
	if l.Inbox != (named{ID: supportID, Name: "Support"}) || !slices.Equal(l.Inboxes, []named{{ID: supportID, Name: "Support"}, {ID: workshopID, Name: "Werkstatt"}}) {
		t.Errorf("the inboxes are %+v, %+v", l.Inbox, l.Inboxes)
	}
	i := slices.IndexFunc(l.Tickets, func(r row) bool { return r.ID == sample.OwnTicket })
	if i < 0 {
		t.Fatalf("the list is %s", a.Body)
	}
	if r := l.Tickets[i]; r.Subject != ownSubject || r.State != "open" || r.Stage != "pipesupport/stagework" || r.Priority != "high" ||
		r.Owner != sample.Agent || r.RequestedBy != "Anna Brandt" || r.Number == 0 || r.CreatedAt.IsZero() || r.LastActivityAt.IsZero() || r.Unread {
		t.Errorf("the ticket is %+v", r)
	}
	for i, r := range l.Tickets {
		if r.State != "open" || i > 0 && r.LastActivityAt.After(l.Tickets[i-1].LastActivityAt) {
			t.Errorf("%d is %+v", i, r)
		}
	}
}

func closedList(t *testing.T, _ *functiontest.Portal, a functiontest.Answer) {
	if l := read[listed](t, a, 200); len(l.Tickets) != 1 || l.Tickets[0].State != "closed" || l.Next == nil || l.Prev != nil {
		t.Errorf("the list is %s", a.Body)
	}
}

// counts is the public shape of what an inbox holds.
type counts struct{ Mine, Unassigned, All, Newest string }

func counted(t *testing.T, _ *functiontest.Portal, a functiontest.Answer) {
	if c := read[counts](t, a, 200); c.Mine == "" || c.Unassigned == "" || c.All == "" || c.All == "0" || !strings.HasSuffix(c.Newest, "-"+sample.OwnTicket) ||
		a.Header.Get("Etag") == "" {
		t.Errorf("it is %s", a.Body)
	}
}

func wholeTicket(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
	v := read[opened](t, a, 200)
	stored, messages := at(t, p, sample.OwnTicket, "")
	if v.Ticket.ID != sample.OwnTicket || v.Ticket.Inbox != supportID || v.Ticket.Properties["product"] != "ns200" ||
		!strings.Contains(v.Ticket.Properties["root_cause"], sample.InternalMark) || v.Ticket.Version != stored.Revision() {
		t.Errorf("the ticket is %+v", v.Ticket)
	}
	if a.Header.Get("Etag") != `"`+v.Ticket.Version+`"` {
		t.Errorf("its version is %s, the ETag %s", v.Ticket.Version, a.Header.Get("Etag"))
	}
	if v.Thread != stored.Thread || len(v.Threads) != 1+len(stored.Threads) || v.Threads[0].ID != v.Thread || !v.Threads[0].Shown || v.Next != nil {
		t.Errorf("the threads are %+v", v.Threads)
	}
	if !slices.Equal(v.Contacts[:1], []named{{ID: sample.Customer, Name: "Anna Brandt", Email: "customer@nordwind.example"}}) ||
		!slices.Equal(v.Companies, []named{{ID: sample.Nordwind, Name: "Nordwind Logistik GmbH"}}) {
		t.Errorf("it is of %+v, %+v", v.Contacts, v.Companies)
	}
	if len(v.Messages) != len(messages) {
		t.Fatalf("%d messages of %d", len(v.Messages), len(messages))
	}
	internal := 0
	for i, m := range v.Messages {
		if m.ID != messages[i].ID || m.Shown != portal.Shown(messages[i], stored) || m.Team != messages[i].Author.Team || m.Files == nil {
			t.Errorf("message %d is %+v", i, m)
		}
		if m.Team && m.Kind == "message" && m.Author != "Jonas Lehmann" {
			t.Errorf("message %d is by %q", i, m.Author)
		}
		if !m.Shown {
			internal++
		}
		for _, f := range m.Files {
			if f.Href != "/"+p.Slug+"/inbox/"+sample.OwnTicket+"/attachments/"+f.ID {
				t.Errorf("a file is at %s", f.Href)
			}
		}
	}
	if internal == 0 {
		t.Error("nothing in it is internal")
	}
}

// stored checks that the fixture left one message of the kind with the HTML and
// the files, and for a reply whose contacts are told of it.
func (o original) stored(kind portal.MessageKind, html string, files ...string) check {
	return func(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
		t.Helper()
		ticket, added := o.new(t, p, sample.OwnTicket)
		if len(added) != 1 || ticket.Rev != o[sample.OwnTicket].rev+1 {
			t.Fatalf("stored is %+v", added)
		}
		m := added[0]
		var names []string
		for _, f := range m.Attachments {
			names = append(names, f.Name)
		}
		if m.Kind != kind || m.HTML != html || m.Sanitizer == 0 || m.Author != (portal.Author{ID: sample.Agent, Team: true, Name: "Jonas Lehmann"}) || !slices.Equal(names, files) {
			t.Errorf("stored is %+v", m)
		}
		if kind == portal.Reply {
			if m.Notice != portal.NoticeAnswer || !portal.Shown(m, ticket) || !ticket.Activity.Equal(m.Created) || ticket.ActivityBy != sample.Agent {
				t.Errorf("the answer is %+v, of %+v", m, ticket)
			}
		} else if m.Notice != "" || portal.Shown(m, ticket) || !ticket.Noted.Equal(m.Created) || ticket.NotedBy != sample.Agent || !ticket.Activity.Before(m.Created) {
			t.Errorf("the comment is %+v, of %+v", m, ticket)
		}
		if a.API() {
			v := read[message](t, a, 201)
			if v.ID != m.ID || v.HTML != html || v.Kind != string(kind) || v.Shown != (kind == portal.Reply) || v.Author != "Jonas Lehmann" ||
				a.Header.Get("Location") != "/api/v1/"+p.Slug+"/inbox/"+sample.OwnTicket {
				t.Errorf("the answer is %s, at %s", a.Body, a.Header.Get("Location"))
			}
		}
	}
}

// closes checks that a reply closed the ticket: both are there, in this order,
// and customers see both.
func (o original) closes(t *testing.T, p *functiontest.Portal, _ functiontest.Answer) {
	t.Helper()
	ticket, added := o.new(t, p, sample.OwnTicket)
	var kinds []string
	for i, m := range added {
		kinds = append(kinds, string(m.Kind)+string(m.Event))
		if i > 0 && !m.Created.After(added[i-1].Created) {
			t.Errorf("%d is of %s, the one before of %s", i, m.Created, added[i-1].Created)
		}
	}
	if !slices.Equal(kinds, []string{"message", "eventchanged", "eventclosed"}) || ticket.State != portal.Closed || !ticket.Closed.Equal(added[2].Created) ||
		added[0].Notice != portal.NoticeAnswer || added[2].Notice != "" || ticket.Rev != o[sample.OwnTicket].rev+1 {
		t.Errorf("stored is %q, the ticket is %+v", kinds, ticket)
	}
	_, c, err := p.Store.Ticket(t.Context(), p.ID, sample.OwnTicket, true)
	if err != nil || len(c.Messages) < 2 || c.Messages[len(c.Messages)-2].ID != added[0].ID || c.Messages[len(c.Messages)-1].ID != added[2].ID {
		t.Errorf("customers see %+v: %v", c.Messages, err)
	}
}

// events checks that each change left an event that only the team sees, and
// nothing else.
func (o original) events(properties ...string) check {
	return func(t *testing.T, p *functiontest.Portal, _ functiontest.Answer) {
		t.Helper()
		ticket, added := o.new(t, p, sample.OwnTicket)
		var got []string
		for _, m := range added {
			got = append(got, m.Change.Property)
			if m.Event != portal.EventChanged || portal.Shown(m, ticket) || m.Author.ID != sample.Agent || m.Notice != "" {
				t.Errorf("stored is %+v", m)
			}
		}
		if !slices.Equal(got, properties) || ticket.Rev != o[sample.OwnTicket].rev+1 {
			t.Errorf("changed are %q, not %q", got, properties)
		}
	}
}

func (o original) startedByForm(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
	o.events("thread")(t, p, a)
	ticket, _ := at(t, p, sample.OwnTicket, "")
	last := ticket.Threads[len(ticket.Threads)-1]
	if want := "/" + p.Slug + "/inbox/" + sample.OwnTicket + "?done=thread&thread=" + last.ID; a.Header.Get("Location") != want || last.Name != "Hersteller" {
		t.Errorf("leads to %s, not %s, of %+v", a.Header.Get("Location"), want, last)
	}
}

func (o original) started(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
	o.events("thread")(t, p, a)
	ticket, _ := at(t, p, sample.OwnTicket, "")
	last := ticket.Threads[len(ticket.Threads)-1]
	if v := read[link](t, a, 201); v.ID != last.ID || v.Name != "Hersteller" || v.Shown ||
		a.Header.Get("Location") != "/api/v1/"+p.Slug+"/inbox/"+sample.OwnTicket+"?thread="+last.ID {
		t.Errorf("the answer is %s, at %s", a.Body, a.Header.Get("Location"))
	}
}

// keeps checks that what was typed is there to be sent again.
func keeps(next check, action, id string) check {
	return func(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
		t.Helper()
		next(t, p, a)
		form := a.Page(t).Find(`main form[action="/` + p.Slug + `/inbox/` + sample.OwnTicket + `/` + action + `"]`)
		if got := form.Find("textarea").Text(); got != "Mein Text <b>bleibt</b>." || form.Find(`input[name="id"]`).AttrOr("value", "") != id {
			t.Errorf("the page keeps %q: %s", got, functiontest.Text(a.Page(t).Find("main")))
		}
	}
}

func TestTouch(t *testing.T) { functiontest.Touch(t, "thread") }
