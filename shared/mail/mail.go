// Package mail writes the mails that tell people of a ticket's messages, and
// those with one-time links: who they come from, in the reader's language, as
// text and as HTML in the portal's colour, in the form that SES takes (RFC 5322
// and MIME). Whom they go to is [portal.Recipients]' affair, and sending them
// that of postern/shared/mail/ses.
//
// # Threading
//
// All mails about a ticket refer to one id that no mail has, <ticket.portal@host>,
// by References and In-Reply-To, and mail programs gather what refers to the
// same. A mail's own Message-ID would not do: SES replaces it by one of its own
// (docs.aws.amazon.com/ses/latest/dg/header-fields.html), which is known only
// once the mail is sent, so that nothing could refer to the first one. The
// Message-ID that is set here is what other relays keep.
package mail

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	stdmail "net/mail"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/emersion/go-message/mail"
	"golang.org/x/net/idna"

	"postern/shared/portal"
	"postern/shared/richtext"
	"postern/shared/ui/messages"
)

// Notice is what a mail tells, and whom.
type Notice struct {
	Settings *portal.Settings
	Ticket   portal.Ticket
	Message  portal.Message
	To       portal.Recipient

	Origin string // where browsers reach the portal, scheme and host
	From   string // the deployment's address, where the portal has none of its own
	Now    time.Time
}

// Letter is a mail, ready to be sent.
type Letter struct {
	From string // the address alone
	To   string
	Raw  []byte // RFC 5322
}

// ErrAddress says that the recipient has no address that mail can be sent to.
var ErrAddress = errors.New("no address that mail can be sent to")

// ErrSender says that neither portal nor deployment have an address that mail
// could come from, or that nothing says where the portal is.
var ErrSender = errors.New("no sender: the portal has no address for its mails, and the deployment neither (mailFrom, origin)")

// Write returns the mail. The error is ErrAddress, ErrSender, or a mistake of
// ours.
func Write(ctx context.Context, n Notice) (Letter, error) {
	e, err := newEnvelope(n.Settings, n.To.Person, n.Origin, n.From)
	if err != nil {
		return Letter{}, err
	}
	c := newContent(n)
	h := e.header(c, Subject(n.Ticket), n.Message.ID+"."+digest(n.To.ID), n.Now)
	if replies, ok := address(portal.InboxOf(n.Ticket, n.Settings).Email); ok && !n.To.Team {
		h.SetAddressList("Reply-To", []*mail.Address{{Name: line(n.Settings.Name), Address: replies}})
	}
	root := n.Ticket.ID + "." + n.Settings.ID + "@" + e.host
	h.SetMsgIDList("In-Reply-To", []string{root})
	h.SetMsgIDList("References", []string{root})
	return e.letter(ctx, h, c)
}

// envelope is between whom a mail goes.
type envelope struct {
	from, to string // the addresses alone
	name     string // of who gets it
	host     string // of the portal
}

func newEnvelope(s *portal.Settings, to portal.Person, origin, from string) (envelope, error) {
	e := envelope{name: to.Name()}
	var ok bool
	if e.to, ok = address(to.Email); !ok {
		return envelope{}, ErrAddress
	}
	e.from, ok = address(s.Sender(from))
	u, err := url.Parse(origin)
	if !ok || err != nil || u.Hostname() == "" {
		return envelope{}, ErrSender
	}
	e.host = u.Hostname()
	return e, nil
}

// header is what all mails have.
func (e envelope) header(c content, subject, id string, now time.Time) mail.Header {
	var h mail.Header
	h.SetAddressList("From", []*mail.Address{{Name: line(c.sender), Address: e.from}})
	h.SetAddressList("To", []*mail.Address{{Name: line(e.name), Address: e.to}})
	h.SetSubject(subject)
	h.SetDate(now.UTC())
	h.SetMessageID(id + "@" + e.host)
	// That nobody's machine answers it: RFC 3834, and what Exchange asks for.
	h.Set("Auto-Submitted", "auto-generated")
	h.Set("X-Auto-Response-Suppress", "All")
	h.Set("Content-Language", c.Lang)
	return h
}

// letter is the mail whole, as text and as HTML.
func (e envelope) letter(ctx context.Context, h mail.Header, c content) (Letter, error) {
	var page bytes.Buffer
	if err := letter(c).Render(ctx, &page); err != nil {
		return Letter{}, fmt.Errorf("write mail: %w", err)
	}
	var raw bytes.Buffer
	w, err := mail.CreateInlineWriter(&raw, h)
	if err != nil {
		return Letter{}, fmt.Errorf("write mail: %w", err)
	}
	for _, part := range []struct{ kind, content string }{
		{"text/plain", c.text()},
		{"text/html", page.String()},
	} {
		var h mail.InlineHeader
		h.SetContentType(part.kind, map[string]string{"charset": "utf-8"})
		h.Set("Content-Transfer-Encoding", "quoted-printable")
		p, err := w.CreatePart(h)
		if err == nil {
			// Lines of a mail end in CRLF.
			_, err = p.Write([]byte(strings.ReplaceAll(part.content, "\n", "\r\n")))
		}
		if err == nil {
			err = p.Close()
		}
		if err != nil {
			return Letter{}, fmt.Errorf("write mail: %w", err)
		}
	}
	if err := w.Close(); err != nil {
		return Letter{}, fmt.Errorf("write mail: %w", err)
	}
	return Letter{From: e.from, To: e.to, Raw: raw.Bytes()}, nil
}

// Subject is the subject of all mails about the ticket.
func Subject(t portal.Ticket) string {
	return "[#" + strconv.FormatInt(t.Number, 10) + "] " + line(t.Subject)
}

// address returns the address in the form that SES takes: a host with umlauts in
// ASCII. ok is false where there is none, or one with such letters before the @,
// which SES does not send to.
func address(s string) (ascii string, ok bool) {
	a, err := stdmail.ParseAddress(strings.TrimSpace(s))
	if err != nil {
		return "", false
	}
	at := strings.LastIndexByte(a.Address, '@')
	local, host := a.Address[:at], a.Address[at+1:]
	host, err = idna.Lookup.ToASCII(host)
	if err != nil || host == "" || strings.ContainsFunc(local, func(r rune) bool { return r <= ' ' || r > unicode.MaxASCII }) {
		return "", false
	}
	return local + "@" + host, true
}

// line makes one line of what people wrote, for a header: without control
// characters, those that turn the direction of what follows, and what mail
// programs would take for other characters encoded (RFC 2047).
func line(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		if unicode.Is(unicode.Bidi_Control, r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	return strings.ReplaceAll(strings.Join(strings.Fields(s), " "), "=?", "= ?")
}

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:8])
}

// content is what both parts of the mail say.
type content struct {
	*messages.Catalog
	Lang   string
	Portal string
	Title  string // of the HTML
	Head   string
	sender string

	Intro   string // what has happened
	Quoted  bool   // the message follows
	By      string // its author, and when it was written
	HTML    string // the message, its pictures named instead
	Text    string
	Files   []string
	Read    string // where to read it, where it does not follow
	Next    string // what happens next, or how to answer
	Link    string // "" where the reader could not open it
	Open    string // what Link does
	Footer  string
	Palette palette
}

func newContent(n Notice) content {
	s, t, m := n.Settings, n.Ticket, n.Message
	lang := s.Language(n.To.Language)
	words := s.Words[lang]
	c := messages.For(lang).Rename(messages.Words{One: words.One, Many: words.Many})
	number := strconv.FormatInt(t.Number, 10)
	out := content{
		Catalog: c, Lang: lang, Portal: s.Name, Title: line(t.Subject), Head: "#" + number + " " + line(t.Subject),
		sender: s.Name, Open: c.T("mail.open"), Palette: colours(s),
	}
	author := line(s.AuthorName(m.Author))
	if st, ok := s.Member(m.Author.ID); ok && n.To.Team {
		author = line(st.Name())
	}
	base := n.Origin + "/" + s.Slug
	switch {
	case n.To.Team:
		if !m.Author.Team {
			out.sender = c.T("mail.via", "author", author, "portal", s.Name)
		}
		out.Intro = c.T("mail.written", "author", author)
		if m.Notice == portal.NoticeReceived {
			out.Intro = c.T("mail.new", "author", author)
			if t.Follows.ID != "" {
				out.Intro += " " + c.T("mail.follows", "number", strconv.FormatInt(t.Follows.Number, 10))
			}
		}
		out.Quoted = true
		out.Link = base + "/inbox/" + t.ID
		out.Footer = c.T("mail.footer.team", "portal", s.Name, "inbox", portal.InboxOf(t, s).Name)
	default:
		out.Quoted = s.MailText
		out.Link = base + "/tickets/" + t.ID
		out.Footer = c.T("mail.footer", "portal", s.Name, "number", number)
		how := c.T("mail.byLink")
		_, replies := address(portal.InboxOf(t, s).Email)
		if replies {
			how = c.T("mail.byMail")
		}
		// What the team itself opens for somebody is no letter that has arrived.
		if m.Notice == portal.NoticeReceived && !m.Author.Team {
			out.Intro = c.T("mail.received", "number", number)
			if m.Author.ID != n.To.ID {
				out.Intro = c.T("mail.arrived", "number", number)
			}
			out.Next = c.T("mail.received.next") + " " + how
			break
		}
		if author != s.Name {
			out.sender = c.T("mail.via", "author", author, "portal", s.Name)
		}
		out.Intro = c.T("mail.answer", "author", author)
		out.Next = how
		if n.To.Unproven() {
			out.unproven(replies)
		}
	}
	if !out.Quoted {
		out.Read = c.T("mail.read")
		return out
	}
	// A mail is read on any day: nothing in it is "today".
	out.By = author + ", " + messages.TimeOfDay(m.Created, lang, s.Location(n.To.Person), time.Time{}).Short
	body := withoutPictures(m, c)
	out.HTML, out.Text = styled(body, out.Palette), richtext.Text(body)
	for _, a := range m.Attachments {
		if !strings.Contains(m.HTML, `"cid:`+a.ID+`"`) {
			out.Files = append(out.Files, line(a.Name)+" ("+messages.Size(a.Size, lang)+")")
		}
	}
	return out
}

// unproven makes the mail complete by itself: the reader has yet to confirm the
// address, and could not read on in the portal.
func (c *content) unproven(replies bool) {
	c.Quoted, c.Link, c.Open = true, "", ""
	c.Next = c.T("mail.unproven")
	if replies {
		c.Next = c.T("mail.unproven.byMail")
	}
}

// text is the mail as plain text, complete by itself.
func (c content) text() string {
	var b strings.Builder
	say := func(paragraphs ...string) {
		for _, p := range paragraphs {
			if p != "" {
				b.WriteString(p + "\n\n")
			}
		}
	}
	say(c.Intro)
	say(c.Head)
	if c.Quoted {
		say(c.By+":", quote(c.Text))
		if len(c.Files) > 0 {
			say(c.T("mail.files") + "\n- " + strings.Join(c.Files, "\n- "))
		}
	}
	say(c.Read)
	if c.Link != "" {
		say(c.Open + ":\n" + c.Link)
	}
	say(c.Next)
	// "-- " is where a signature begins (RFC 3676, 4.3).
	b.WriteString("-- \n" + c.Footer + "\n")
	return b.String()
}

// quote marks each line as another's.
func quote(s string) string {
	if s == "" {
		return ""
	}
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight("> "+l, " ")
	}
	return strings.Join(lines, "\n")
}
