package mail

import (
	"bytes"
	"errors"
	"io"
	"net/mail"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	message "github.com/emersion/go-message/mail"
	"pgregory.net/rapid"

	"postern/shared/portal"
)

var now = time.Date(2026, 3, 14, 13, 0, 0, 0, time.UTC)

// notice is an answer of the team to a German customer.
func notice(change ...func(*Notice)) Notice {
	s := portal.Recommended()
	s.ID, s.Slug, s.Name, s.Active = "support01", "support", "Nordwind Hilfe", true
	s.Languages, s.TimeZone = []string{"en", "de"}, "Europe/Berlin"
	s.Inboxes = []portal.Inbox{{ID: "sales", Name: "Secret inbox"}}
	s.Staff = []portal.Staff{{ID: "agent0001", First: "Jörg", Last: "Geheim", Email: "joerg@team.example", Role: portal.Agent}}
	n := Notice{
		Settings: &s,
		Ticket: portal.Ticket{ID: "ticket000001", Number: 1234, Subject: "Der Stuhl wackelt", Thread: "thread", Inbox: "sales",
			Contacts: []string{"clara00001"}, Owner: "agent0001", State: portal.Open},
		Message: portal.Message{
			ID: "message00001", Thread: "thread", Kind: portal.Reply, Notice: portal.NoticeAnswer,
			Author: portal.Author{ID: "agent0001", Team: true, Name: "Jörg Geheim"},
			HTML: `<p>Grüße &amp; <strong>Dank</strong></p><p><img src="cid:picture001" alt=""/></p><ul><li>eins</li></ul>` +
				`<p><a href="https://example.com/?a=1&amp;b=2" rel="noopener nofollow" target="_blank">hier</a></p>`,
			Created: now.Add(-time.Hour),
			Attachments: []portal.Attachment{
				{ID: "picture001", Name: "stuhl.png", Type: "image/png", Size: 9},
				{ID: "file000001", Name: "Rechnung März.pdf", Type: "application/pdf", Size: 12_000},
			},
		},
		To: portal.Recipient{ID: "clara00001", Person: portal.Person{
			ID: "clara00001", First: "Clara", Last: "Öztürk", Email: "clara@kunde.example", Language: "de",
		}},
		Origin: "https://help.example.com:8443", From: "no-reply@help.example.com", Now: now,
	}
	for _, c := range change {
		c(&n)
	}
	return n
}

// read is a mail as a mail program reads it.
type read struct {
	header     message.Header
	subject    string
	text, html string
	kinds      []string
}

func write(t testing.TB, n Notice) (Letter, read) {
	t.Helper()
	l, err := Write(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	return l, parsed(t, l)
}

// parsed reads the letter, whose lines must be those of a mail.
func parsed(t testing.TB, l Letter) read {
	t.Helper()
	for i, line := range bytes.Split(l.Raw, []byte("\r\n")) {
		if len(line) > 998 || bytes.ContainsAny(line, "\r\n") || bytes.ContainsFunc(line, func(r rune) bool { return r > 126 }) {
			t.Fatalf("line %d is not one of a mail: %q", i, line)
		}
	}
	r, err := message.CreateReader(bytes.NewReader(l.Raw))
	if err != nil {
		t.Fatal(err)
	}
	out := read{header: r.Header}
	if out.subject, err = r.Header.Subject(); err != nil {
		t.Error(err)
	}
	for {
		p, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(p.Body)
		if err != nil {
			t.Fatal(err)
		}
		kind := p.Header.Get("Content-Type")
		out.kinds = append(out.kinds, kind)
		if strings.HasPrefix(kind, "text/plain") {
			out.text = strings.ReplaceAll(string(b), "\r\n", "\n")
		} else {
			out.html = strings.ReplaceAll(string(b), "\r\n", "\n")
		}
	}
}

func address1(t *testing.T, h message.Header, key string) mail.Address {
	t.Helper()
	all, err := h.AddressList(key)
	if err != nil || len(all) != 1 {
		t.Fatalf("%s: %v, %v", key, all, err)
	}
	return *all[0]
}

func TestAnswer(t *testing.T) {
	l, m := write(t, notice())
	if l.From != "no-reply@help.example.com" || l.To != "clara@kunde.example" {
		t.Errorf("from %s to %s", l.From, l.To)
	}
	if got := address1(t, m.header, "From"); got != (mail.Address{Name: "Jörg über Nordwind Hilfe", Address: l.From}) {
		t.Errorf("from %v", got)
	}
	if got := address1(t, m.header, "To"); got != (mail.Address{Name: "Clara Öztürk", Address: l.To}) {
		t.Errorf("to %v", got)
	}
	if m.subject != "[#1234] Der Stuhl wackelt" {
		t.Errorf("subject %q", m.subject)
	}
	const root = "ticket000001.support01@help.example.com"
	for _, key := range []string{"References", "In-Reply-To"} {
		if ids, err := m.header.MsgIDList(key); err != nil || len(ids) != 1 || ids[0] != root {
			t.Errorf("%s %q, %v", key, ids, err)
		}
	}
	if id, err := m.header.MessageID(); err != nil || !strings.HasPrefix(id, "message00001.") || !strings.HasSuffix(id, "@help.example.com") {
		t.Errorf("id %q, %v", id, err)
	}
	for name, want := range map[string]string{
		"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All", "Content-Language": "de", "Reply-To": "",
	} {
		if got := m.header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if at, err := m.header.Date(); err != nil || !at.Equal(now) {
		t.Errorf("date %v, %v", at, err)
	}
	if kind, _, _ := m.header.ContentType(); kind != "multipart/alternative" {
		t.Errorf("is %s", kind)
	}
	// The last is the one that programs prefer.
	if strings.Join(m.kinds, ",") != "text/plain; charset=utf-8,text/html; charset=utf-8" {
		t.Errorf("parts %q", m.kinds)
	}
	want := `Jörg hat Ihnen geschrieben.

#1234 Der Stuhl wackelt

Jörg, 14. März 2026, 13:00:

> Grüße & Dank
>
> [Bild, im Portal zu sehen: stuhl.png]
>
> - eins
>
> hier (https://example.com/?a=1&b=2)

Dateien, im Portal zu öffnen:
- Rechnung März.pdf (12 KB)

Ticket öffnen:
https://help.example.com:8443/support/tickets/ticket000001

Bitte antworten Sie über diesen Link. Antworten auf diese E-Mail erreichen uns nicht.

-- 
Sie erhalten diese E-Mail zu #1234 bei Nordwind Hilfe.
`
	if m.text != want {
		t.Errorf("text is\n%s\nwant\n%s", m.text, want)
	}
	page := document(t, m)
	if lang, _ := page.Find("html").Attr("lang"); lang != "de" {
		t.Errorf("in %q", lang)
	}
	if href, _ := page.Find("a.button").Attr("href"); href != "https://help.example.com:8443/support/tickets/ticket000001" {
		t.Errorf("leads to %s", href)
	}
	for selector, want := range map[string]string{
		"h1": "#1234 Der Stuhl wackelt", ".quote strong": "Dank", ".quote li": "eins", ".quote": "[Bild, im Portal zu sehen: stuhl.png]",
		"a.button": "Ticket öffnen", ".quote ul.text li": "Rechnung März.pdf (12 KB)",
	} {
		if got := page.Find(selector).Text(); !strings.Contains(got, want) {
			t.Errorf("%s is %q, want %q in it", selector, got, want)
		}
	}
}

var fetched = regexp.MustCompile(`(?i)url\(|@import|<(?:img|link|script|iframe|object|form)\b|\ssrc=`)

// document is the HTML part, which fetches nothing from anywhere, says nothing
// that customers must not read, and in which every colour is one.
func document(t *testing.T, m read) *goquery.Document {
	t.Helper()
	if found := fetched.FindString(m.html); found != "" {
		t.Errorf("the mail has %q", found)
	}
	if strings.Contains(m.html, "{") && strings.Contains(m.html, "{bg}") || strings.Contains(m.html, "color:;") {
		t.Errorf("a colour is missing: %s", m.html)
	}
	page, err := goquery.NewDocumentFromReader(strings.NewReader(m.html))
	if err != nil {
		t.Fatal(err)
	}
	return page
}

// What a mail says to whom, in both languages.
func TestWords(t *testing.T) {
	english := func(n *Notice) { n.To.Language = "en" }
	received := func(n *Notice) {
		n.Message.Notice, n.Message.Author = portal.NoticeReceived, portal.Author{ID: "clara00001", Name: "Clara Öztürk"}
	}
	written := func(n *Notice) {
		received(n)
		n.Message.Notice = portal.NoticeWritten
	}
	team := func(n *Notice) {
		n.To = portal.Recipient{ID: "agent0001", Team: true, Person: portal.Person{First: "Jörg", Email: "joerg@team.example", Language: n.To.Language}}
	}
	linked := func(n *Notice) { n.Settings.MailText = false }
	for _, c := range []struct {
		name   string
		change []func(*Notice)
		sender string
		see    []string
		not    []string
	}{
		{"an answer in English", []func(*Notice){english}, "Jörg via Nordwind Hilfe",
			[]string{"Jörg has written to you.", "14 Mar 2026, 13:00", "Open ticket", "Replies to this email don't reach us."}, []string{"Geheim"}},
		{"by a name of the portal's choice", []func(*Notice){func(n *Notice) {
			n.Settings.OwnerName, n.Settings.OwnerAlias = portal.OwnerAliased, "Team Nord"
		}}, "Team Nord über Nordwind Hilfe", []string{"Team Nord hat Ihnen geschrieben."}, []string{"Jörg", "Geheim"}},
		{"by the whole name", []func(*Notice){func(n *Notice) { n.Settings.OwnerName = portal.OwnerFull }}, "Jörg Geheim über Nordwind Hilfe",
			[]string{"Jörg Geheim hat Ihnen geschrieben."}, nil},
		{"by the last name, in English", []func(*Notice){english, func(n *Notice) { n.Settings.OwnerName = portal.OwnerLast }}, "Geheim via Nordwind Hilfe",
			[]string{"Geheim has written to you."}, []string{"Jörg"}},
		{"by who has left", []func(*Notice){func(n *Notice) { n.Settings.Staff = nil }}, "Nordwind Hilfe",
			[]string{"Nordwind Hilfe hat Ihnen geschrieben."}, []string{"Jörg", "Geheim"}},
		{"an answer by link alone", []func(*Notice){linked}, "Jörg über Nordwind Hilfe",
			[]string{"Die Nachricht lesen Sie im Portal.", "/support/tickets/ticket000001"}, []string{"Dank", "eins", "Rechnung", "heute"}},
		{"an answer that can be answered", []func(*Notice){func(n *Notice) { n.Settings.Inboxes[0].Email = "desk@team.example" }}, "Jörg über Nordwind Hilfe",
			[]string{"Antworten Sie über diesen Link oder auf diese E-Mail."}, []string{"erreichen uns nicht"}},
		{"another word for tickets", []func(*Notice){func(n *Notice) {
			n.Settings.Words = map[string]portal.Words{"de": {One: "Vorgang", Many: "Vorgänge"}}
		}}, "Jörg über Nordwind Hilfe", []string{"Vorgang öffnen"}, []string{"Ticket"}},
		{"another word for tickets, that begins like a, in English", []func(*Notice){english, received, func(n *Notice) {
			n.Settings.Words = map[string]portal.Words{"en": {One: "order", Many: "orders"}}
			n.Message.Author = portal.Author{ID: "carl000001", Name: "Carl"}
		}}, "Nordwind Hilfe", []string{"We've received order #1234.", "Open order"}, []string{"ticket ", "Ticket", "a order"}},
		{"the team, by another word for tickets", []func(*Notice){received, team, func(n *Notice) {
			n.Settings.Words = map[string]portal.Words{"de": {One: "Bestellung", Many: "Bestellungen"}}
		}}, "Clara Öztürk über Nordwind Hilfe", []string{"Bestellung von Clara Öztürk, neu eingegangen."}, []string{"Ticket "}},
		{"a confirmation", []func(*Notice){received}, "Nordwind Hilfe",
			[]string{"Ihre Nachricht ist bei uns angekommen. Sie hat die Nummer 1234.", "Wir melden uns per E-Mail", "> Grüße & Dank"}, nil},
		{"a confirmation of what another wrote", []func(*Notice){received, func(n *Notice) { n.Message.Author = portal.Author{ID: "carl000001", Name: "Carl"} }},
			"Nordwind Hilfe", []string{"Ticket #1234 ist bei uns angekommen.", "Carl, 14. März 2026, 13:00"}, []string{"Ihre Nachricht"}},
		{"what the team opened for a customer", []func(*Notice){func(n *Notice) { n.Message.Notice = portal.NoticeReceived }},
			"Jörg über Nordwind Hilfe", []string{"Jörg hat Ihnen geschrieben."}, []string{"angekommen", "Geheim"}},
		{"the team, of what one of them opened", []func(*Notice){team, func(n *Notice) { n.Message.Notice, n.To.ID = portal.NoticeReceived, "agent0002" }},
			"Nordwind Hilfe", []string{"Ticket von Jörg Geheim, neu eingegangen."}, nil},
		{"a confirmation in English, by link", []func(*Notice){received, english, linked}, "Nordwind Hilfe",
			[]string{"We've received your message. Its number is 1234.", "We'll email you as soon as there's a reply."}, []string{"Dank"}},
		{"the team, of one that follows another", []func(*Notice){received, team, func(n *Notice) { n.Ticket.Follows = portal.TicketRef{ID: "ticket000000", Number: 12} }},
			"Clara Öztürk über Nordwind Hilfe", []string{"neu eingegangen. Folgt auf #12."}, nil},
		{"a confirmation of one that follows another", []func(*Notice){received, func(n *Notice) { n.Ticket.Follows = portal.TicketRef{ID: "ticket000000", Number: 12} }},
			"Nordwind Hilfe", []string{"Sie hat die Nummer 1234."}, []string{"#12 ", "#12."}},
		{"the team, of a new ticket", []func(*Notice){received, team, linked}, "Clara Öztürk über Nordwind Hilfe",
			[]string{"Ticket von Clara Öztürk, neu eingegangen.", "> Grüße & Dank", "https://help.example.com:8443/support/inbox/ticket000001", "Secret inbox"}, nil},
		{"the team, of a message", []func(*Notice){written, english, team}, "Clara Öztürk via Nordwind Hilfe",
			[]string{"Clara Öztürk has written.", "/support/inbox/ticket000001"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := notice(c.change...)
			_, m := write(t, n)
			if got := address1(t, m.header, "From"); got.Name != c.sender {
				t.Errorf("from %q, want %q", got.Name, c.sender)
			}
			html := document(t, m).Text()
			for _, want := range c.see {
				if !strings.Contains(m.text, want) {
					t.Errorf("the text lacks %q:\n%s", want, m.text)
				}
				if want = strings.TrimPrefix(want, "> "); !strings.Contains(html, want) && !strings.Contains(m.html, want) {
					t.Errorf("the page lacks %q:\n%s", want, html)
				}
			}
			bad := c.not
			if !n.To.Team {
				bad = append(bad, "Secret inbox", "/inbox/", "agent0001", "joerg@team.example")
			}
			for _, bad := range bad {
				if strings.Contains(m.text, bad) || strings.Contains(m.html, bad) {
					t.Errorf("says %q:\n%s", bad, m.text)
				}
			}
		})
	}
}

func TestReplyTo(t *testing.T) {
	answered := notice(func(n *Notice) { n.Settings.Inboxes[0].Email = "desk@team.example" })
	if _, m := write(t, answered); address1(t, m.header, "Reply-To") != (mail.Address{Name: "Nordwind Hilfe", Address: "desk@team.example"}) {
		t.Errorf("answers go to %q", m.header.Get("Reply-To"))
	}
	answered.To.Team = true
	if _, m := write(t, answered); m.header.Get("Reply-To") != "" {
		t.Errorf("the team's answers go to %q", m.header.Get("Reply-To"))
	}
}

// The portal's own sender, then the deployment's, then none.
func TestSender(t *testing.T) {
	l, _ := write(t, notice(func(n *Notice) { n.Settings.MailFrom = "hilfe@nordwind.example" }))
	if l.From != "hilfe@nordwind.example" {
		t.Errorf("from %s", l.From)
	}
	for name, change := range map[string]func(*Notice){
		"no sender": func(n *Notice) { n.From = "" }, "a sender that is none": func(n *Notice) { n.From = "nobody" }, "no origin": func(n *Notice) { n.Origin = "" },
	} {
		if _, err := Write(t.Context(), notice(change)); !errors.Is(err, ErrSender) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAddresses(t *testing.T) {
	for in, want := range map[string]string{
		"clara@kunde.example": "clara@kunde.example", " clara@kunde.example ": "clara@kunde.example",
		"info@müller.example": "info@xn--mller-kva.example", "": "", "clara": "", "müller@kunde.example": "",
		"clara@kunde.example\r\nBcc: x@y.example": "", "clara@kunde.example, x@y.example": "", "clara@-.example": "",
	} {
		l, err := Write(t.Context(), notice(func(n *Notice) { n.To.Email = in }))
		if l.To != want || (want == "") != errors.Is(err, ErrAddress) {
			t.Errorf("%q becomes %q, %v; want %q", in, l.To, err, want)
		}
	}
}

// Whatever people call themselves or their tickets is one header and nothing else.
func TestHostileNames(t *testing.T) {
	for _, evil := range []string{
		"a\r\nBcc: victim@example.com\r\n\r\nbody", "a\nX: y", "=?utf-8?q?=0D=0ABcc:_x?=", "\x00\x1b[31m", "\u202etxt.exe", "\"quoted\" <x@y>, z",
		strings.Repeat("Wörter ", 60), strings.Repeat("ü", 400), "<script>alert(1)</script>", "a\u2028b", "\xff\xfe", "",
	} {
		n := notice(func(n *Notice) {
			n.Ticket.Subject, n.To.First, n.To.Last, n.Settings.Name, n.Settings.Staff[0].First = evil, evil, "", evil, evil
			n.Message.Attachments[1].Name = evil
		})
		_, m := write(t, n)
		if m.subject != strings.TrimSpace("[#1234] "+line(evil)) && m.subject != "[#1234] "+line(evil) {
			t.Errorf("%q: subject %q", evil, m.subject)
		}
		for f := m.header.Fields(); f.Next(); {
			switch f.Key() {
			case "Bcc", "X", "Cc":
				t.Errorf("%q: a header %s", evil, f.Key())
			}
		}
		if from, to := address1(t, m.header, "From"), address1(t, m.header, "To"); from.Address != n.From || to.Address != n.To.Email {
			t.Errorf("%q: from %v to %v", evil, from, to)
		}
		document(t, m)
	}
}

func TestAnyHeaderIsOneLine(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		s := line(rapid.String().Draw(r, "s"))
		if strings.ContainsAny(s, "\r\n\t\x00") || s != strings.TrimSpace(s) || line(s) != s {
			r.Errorf("%q", s)
		}
	})
}

// A mail of the same message to the same reader has the same ids, whenever it is
// written, and another reader's another.
func TestIDs(t *testing.T) {
	id := func(change func(*Notice)) string {
		_, m := write(t, notice(change))
		return m.header.Get("Message-Id")
	}
	first := id(func(*Notice) {})
	if again := id(func(n *Notice) { n.Now = n.Now.Add(time.Hour) }); again != first {
		t.Errorf("%s, then %s", first, again)
	}
	if other := id(func(n *Notice) { n.To.ID = "other00001" }); other == first {
		t.Errorf("both have %s", first)
	}
}

// A portal's colour is in the mail in a shade that can be read on it.
func TestColours(t *testing.T) {
	_, m := write(t, notice(func(n *Notice) { n.Settings.Accent = "#FFE600" }))
	style, _ := document(t, m).Find("a.button").Attr("style")
	if !strings.Contains(style, "background:#FFE600") || !strings.Contains(style, "color:#0F1B2D") {
		t.Errorf("the button is %s", style)
	}
}

// Font, corners and buttons of a mail are the portal's.
func TestDesign(t *testing.T) {
	_, m := write(t, notice(func(n *Notice) {
		n.Settings.Font, n.Settings.Radius, n.Settings.ButtonStyle = portal.FontSerif, portal.RadiusNone, portal.ButtonOutline
	}))
	doc := document(t, m)
	button, _ := doc.Find("a.button").Attr("style")
	body, _ := doc.Find("body > .bg").Attr("style")
	if !strings.Contains(button, "background:#FFFFFF") || !strings.Contains(button, "border-radius:0px") || !strings.Contains(body, "font-family:Charter,Bitstream Charter,") {
		t.Errorf("the button is %s, the mail %s", button, body)
	}
}

// Who has yet to confirm their address gets the answer whole, whatever the portal
// says of other mails, and no link that they could not open.
func TestAnswerToUnproven(t *testing.T) {
	unproven := func(n *Notice) {
		n.Settings.MailText = false
		n.To = portal.Recipient{ID: portal.UnprovenRecipient, Person: portal.Person{
			ID: portal.UnprovenRecipient, Email: "neu@fremd.example", First: "Nele", Language: "de",
		}}
	}
	l, m := write(t, notice(unproven))
	if l.To != "neu@fremd.example" || m.header.Get("Reply-To") != "" {
		t.Errorf("to %s: %v", l.To, m.header)
	}
	for _, body := range []string{m.text, m.html} {
		if !strings.Contains(body, "Grüße") || !strings.Contains(body, "Rechnung März.pdf") || !strings.Contains(body, "bestätigen Sie Ihre Adresse") {
			t.Errorf("says %s", body)
		}
		if strings.Contains(body, "/support/") || strings.Contains(body, "Ticket öffnen") {
			t.Errorf("leads into the portal: %s", body)
		}
	}
	_, m = write(t, notice(unproven, func(n *Notice) { n.Settings.Inboxes[0].Email = "hilfe@nordwind.example"; n.To.Language = "en" }))
	if got := address1(t, m.header, "Reply-To").Address; got != "hilfe@nordwind.example" || !strings.Contains(m.text, "Reply to this email.") {
		t.Errorf("replies go to %s: %s", got, m.text)
	}
	// For everybody else nothing is another.
	_, m = write(t, notice(func(n *Notice) { n.Settings.MailText = false }))
	if strings.Contains(m.text, "Grüße") || !strings.Contains(m.text, "https://help.example.com:8443/support/tickets/ticket000001") || strings.Contains(m.text, "Adresse") {
		t.Errorf("a contact is told %s", m.text)
	}
}
