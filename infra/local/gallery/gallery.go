// Package gallery serves /_local/ui: every component of the portal's pages in
// every state, and how pages are composed of them, on sample content. It is
// part of the local gateway only.
package gallery

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/a-h/templ"

	company "postern/infra/local/sample"
	"postern/shared/portal"
	"postern/shared/ui"
	"postern/shared/ui/messages"
	"postern/shared/ui/theme"
)

// Path is where the gateway mounts the gallery.
const Path = "/_local/ui"

// policy is the portal's own, so that what a page here may not do, it may not
// do there.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' blob:; " +
	"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// Now is the time of every page of the gallery, so that pictures of it are
// alike.
var Now = time.Date(2026, 11, 22, 14, 5, 0, 0, time.UTC)

// view is what the query asks for.
type view struct {
	ui.Reader
	lang, theme, page, sent, composing string
	design                             theme.Design
	logo, links                        string // "both", "light" or ""; "yes" or ""
}

// say is sample content, which belongs into no catalog.
func (v view) say(de, en string) string {
	if v.lang == "de" {
		return de
	}
	return en
}

// with is the address of the same page with one value changed.
func (v view) with(name, value string) string {
	q := url.Values{
		"lang": {v.lang}, "theme": {v.theme}, "page": {v.page}, "compose": {v.composing}, "logo": {v.logo}, "links": {v.links},
		"accent": {v.design.Accent}, "font": {string(v.design.Font)}, "radius": {string(v.design.Radius)}, "buttons": {string(v.design.Buttons)},
	}
	q.Set(name, value)
	for key := range q {
		if q.Get(key) == "" {
			q.Del(key)
		}
	}
	return Path + "?" + q.Encode()
}

func (v view) frame(title string) ui.Frame {
	brand := ui.Brand{Name: "Nordwind Support", Home: v.with("page", ""), Design: v.design}
	if v.logo != "" {
		brand.Logo = Path + "/" + company.Logo().Name
	}
	if v.logo == "both" {
		brand.LogoDark = Path + "/" + company.LogoDark().Name
	}
	var header, footer []ui.NavItem
	if v.links != "" {
		header = []ui.NavItem{{Label: v.say("Zur Website", "Our website"), Href: "#website"}, {Label: v.say("Wissensdatenbank", "Knowledge base"), Href: "#help"}}
		footer = []ui.NavItem{{Label: v.say("Nutzungsbedingungen", "Terms of use"), Href: "#terms"}, {Label: v.say("Barrierefreiheit", "Accessibility"), Href: "#accessibility"}}
	}
	return ui.Frame{
		Reader:      v.Reader,
		Title:       title,
		Portal:      brand,
		HeaderLinks: header, FooterLinks: footer,
		Nav: []ui.NavItem{
			{Label: "Tickets", Href: v.with("page", "list"), Current: v.page == "list" || v.page == "detail"},
			{Label: v.say("Neue Anfrage", "New request"), Href: v.with("page", "card")},
			{Label: v.say("Posteingang", "Inbox"), Href: v.with("page", "inbox")},
			{Label: v.say("Bausteine", "Components"), Href: v.with("page", ""), Current: v.page == ""},
		},
		Account: &ui.Account{
			Name: "Klara Nordwind", Detail: "customer@nordwind.example",
			Links:   []ui.NavItem{{Label: v.say("Mein Konto", "My account"), Href: v.with("page", "")}},
			SignOut: Path,
		},
		Languages: []string{"de", "en"}, LanguageAction: Path, Here: v.with("page", v.page),
		Imprint: "#imprint", Privacy: "#privacy",
		Scripts: []string{"reply.js", "passkey.js"},
		Theme:   v.theme,
	}
}

// Handler serves the gallery. The query chooses: lang (de, en), theme (light,
// dark), accent (1f5fbf), font, radius and buttons (of package portal), logo (light,
// both), links (yes), sent (a reply's client id), compose (comment, failed: of
// the page thread) and page (list, detail, empty, card, split, plain, preview,
// error, inbox, inbox-empty, thread; default: all components).
func Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost { // the frame's language switch
			target := Path
			if next, err := url.Parse(r.FormValue("next")); err == nil && strings.HasPrefix(next.Path, Path) {
				q := next.Query()
				if lang := r.FormValue("language"); messages.Supported(lang) {
					q.Set("lang", lang)
				}
				target = Path + "?" + q.Encode()
			}
			http.Redirect(w, r, target, http.StatusSeeOther)
			return
		}
		if answer(w, r) || image(w, r) {
			return
		}
		q := r.URL.Query()
		v := view{lang: q.Get("lang"), theme: q.Get("theme"), page: q.Get("page"), sent: q.Get("sent"), composing: q.Get("compose"), logo: q.Get("logo"), links: q.Get("links")}
		v.design = theme.Design{
			Accent: q.Get("accent"), Font: portal.Font(q.Get("font")), Radius: portal.Radius(q.Get("radius")), Buttons: portal.ButtonStyle(q.Get("buttons")),
		}
		if !messages.Supported(v.lang) {
			v.lang = "en"
		}
		if v.theme != "light" && v.theme != "dark" {
			v.theme = ""
		}
		v.Reader = ui.Reader{Catalog: messages.For(v.lang), Zone: time.FixedZone("CET", 3600), Now: Now}
		pages := map[string]func(view) templ.Component{
			"list": list, "detail": detail, "empty": empty, "card": card, "split": split, "plain": plain, "preview": preview, "framed": framed, "error": failure, "inbox": inbox, "inbox-empty": inboxEmpty, "thread": thread,
		}
		page, ok := pages[v.page]
		if !ok {
			v.page = ""
			page = components
		}
		var b bytes.Buffer
		if err := page(v).Render(r.Context(), &b); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", policy)
		w.Header().Set("Cache-Control", "no-store")
		w.Write(b.Bytes()) // the client went away; nobody is left to tell
	})
}

// image answers with the sample company's logo.
func image(w http.ResponseWriter, r *http.Request) bool {
	for _, i := range []portal.Image{company.Logo(), company.LogoDark()} {
		if r.URL.Path == Path+"/"+i.Name {
			mediaType, _ := portal.ImageType(i.Name)
			w.Header().Set("Content-Type", mediaType)
			w.Write(i.Data) // the client went away; nobody is left to tell
			return true
		}
	}
	return false
}

func text(s string) templ.Component { return ui.Text(s) }

// ago is so long before Now.
func ago(days int, hours, minutes int) time.Time {
	return Now.AddDate(0, 0, -days).Add(-time.Duration(hours)*time.Hour - time.Duration(minutes)*time.Minute)
}

func (v view) columns() []ui.Column {
	return []ui.Column{
		{Label: v.say("Betreff", "Subject"), Card: ui.CardTitle},
		{Label: v.say("Angefragt von", "Requested by")},
		{Label: v.say("Erstellt", "Created"), Fit: true, Sort: v.with("page", "list")},
		{Label: v.say("Zuständig", "Owner")},
		{Label: v.say("Letzte Aktivität", "Last activity"), Fit: true, Card: ui.CardMeta, Sort: v.with("page", "list"), Sorted: ui.Descending},
		{Label: v.say("Status", "Status"), Fit: true, Card: ui.CardBadge},
	}
}

func (v view) rows() []ui.Row {
	open, closed := v.say("Offen", "Open"), v.say("Geschlossen", "Closed")
	row := func(subject, by string, created time.Time, owner string, activity time.Time, badge templ.Component, unread bool) ui.Row {
		return ui.Row{Href: v.with("page", "detail"), Unread: unread, Cells: []templ.Component{
			text(subject), text(by), ui.Time(v.Reader, created), text(owner), ui.Time(v.Reader, activity), badge,
		}}
	}
	return []ui.Row{
		row(v.say("Rechnung 2026-1148: falscher Lieferort", "Invoice 2026-1148: wrong delivery address"), "Klara Nordwind", ago(1, 3, 0), "Anna", ago(0, 0, 23), ui.StateBadge(true, open), true),
		row(v.say("Zugang für neue Kollegin im Lager Kiel einrichten", "Set up access for a new colleague at the Kiel warehouse"), "Jonas Petersen", ago(2, 5, 11), "Mehmet", ago(1, 1, 40), ui.StateBadge(true, v.say("Wartet auf Sie", "Waiting for you")), true),
		row(v.say("Export bricht nach 20 Minuten ab", "Export stops after 20 minutes"), "Klara Nordwind", ago(6, 0, 0), "Anna", ago(3, 2, 0), ui.StateBadge(true, open), false),
		row(v.say("Sehr langer Betreff, der zeigt, was in der Zeile geschieht, wenn jemand den ganzen Sachverhalt bereits in die Überschrift geschrieben hat und nicht aufhört", "A very long subject that shows what the row does when someone has put the whole story into the headline and doesn't stop writing"), "Wilhelmine von Hohenstein-Lichtenberg", ago(40, 0, 0), "", ago(12, 4, 0), ui.StateBadge(true, open), false),
		row(v.say("Kündigung Standort Rendsburg", "Cancelling the Rendsburg site"), "Klara Nordwind", ago(380, 0, 0), "Mehmet", ago(371, 0, 0), ui.StateBadge(false, closed), false),
	}
}

func (v view) properties() []ui.Property {
	return []ui.Property{
		{Label: v.say("Angefragt von", "Requested by"), Value: text("Klara Nordwind")},
		{Label: v.say("Zuständig", "Owner"), Value: text("Anna")},
		{Label: v.say("Erstellt", "Created"), Value: ui.Time(v.Reader, ago(1, 3, 0))},
		{Label: v.say("Letzte Aktivität", "Last activity"), Value: ui.Time(v.Reader, ago(0, 0, 23))},
		{Label: v.say("Dringlichkeit", "Urgency"), Value: text(v.say("Hoch", "High"))},
		{Label: v.say("Vertragsnummer", "Contract number"), Value: text("NW-2024-000471")},
	}
}

func (v view) replyBox() ui.ReplyBoxProps {
	return ui.ReplyBoxProps{
		Reader: v.Reader, Action: Path, ID: "01jdsamplereply00000000000",
		AttachmentsURL: Path + "/attachments",
		Limits:         ui.Limits{Files: 10, Bytes: 25_000_000, Forbidden: []string{"exe", "bat", "js"}, Text: 65536},
		DraftKey:       base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32)),
		DraftName:      "gallery/sample",
		SignIn:         v.with("page", "card"),
	}
}

func (v view) conversation() ui.ConversationProps {
	return ui.ConversationProps{Reader: v.Reader, Earlier: v.with("page", "detail"), Activity: Path + "/activity", LastMessage: "m4", Sent: v.sent, SignIn: v.with("page", "card")}
}

// picture is a bundled drawing: the policy allows no data: addresses.
func picture() string { return ui.Asset("logo.svg") }

func (v view) messages() []templ.Component {
	return []templ.Component{
		ui.Message(ui.MessageProps{Reader: v.Reader, ID: "m1", Author: "Klara Nordwind", Side: ui.Own, At: ago(1, 3, 0), HTML: v.say(
			"<p>Guten Tag,</p><p>auf der Rechnung <strong>2026-1148</strong> steht als Lieferort noch unser altes Lager in Rendsburg. Bitte ändern Sie das auf:</p><blockquote><p>Nordwind Handels GmbH, Halle 3<br>Am Kanal 12, 24103 Kiel</p></blockquote><p>Ein Bild des Lieferscheins hängt an.</p>",
			"<p>Hello,</p><p>invoice <strong>2026-1148</strong> still shows our old warehouse in Rendsburg as the delivery address. Please change it to:</p><blockquote><p>Nordwind Handels GmbH, Halle 3<br>Am Kanal 12, 24103 Kiel</p></blockquote><p>A picture of the delivery note is attached.</p>"),
			Attachments: []ui.Attachment{
				{Name: v.say("Lieferschein.png", "delivery-note.png"), Size: 311, Href: picture(), Image: true},
				{Name: v.say("Rechnung 2026-1148.pdf", "Invoice 2026-1148.pdf"), Size: 1_240_000, Href: "#file"},
				{Name: v.say("Auftragsbestätigung mit einem recht langen Dateinamen, wie ihn Programme gerne vergeben.xlsx", "Order confirmation with a rather long file name of the kind that programs like to give.xlsx"), Size: 48_300, Href: "#file"},
			}}),
		ui.Event(ui.EventProps{Reader: v.Reader, Text: v.say("Anna hat den Status auf „In Arbeit“ geändert.", "Anna changed the status to “In progress”."), At: ago(1, 2, 30)}),
		ui.Event(ui.EventProps{Reader: v.Reader, Text: v.say("Anna hat erneut dazu angefragt", "Anna asked about this again"), Link: ui.NavItem{Label: "#1042", Href: "#"}, At: ago(1, 2, 10)}),
		ui.Message(ui.MessageProps{Reader: v.Reader, ID: "m2", Author: "Anna", Side: ui.Team, At: ago(1, 1, 2), HTML: v.say(
			"<p>Guten Tag Frau Nordwind,</p><p>danke für den Hinweis. Ich habe den Lieferort geändert. Zur Sicherheit zwei Fragen:</p><ol><li>Gilt die neue Adresse ab <code>2026-11</code> für alle Rechnungen?</li><li>Bleibt die Rechnungsadresse, wie sie ist?</li></ol><p>Sie finden alle Adressen unter <a href=\"https://example.com/\">Ihren Stammdaten</a>.</p>",
			"<p>Hello Ms Nordwind,</p><p>thanks for telling us. I've changed the delivery address. Two questions, to be safe:</p><ol><li>Is the new address valid for all invoices from <code>2026-11</code> on?</li><li>Does the billing address stay as it is?</li></ol><p>All addresses are in <a href=\"https://example.com/\">your company's record</a>.</p>")}),
		ui.Message(ui.MessageProps{Reader: v.Reader, ID: "m3", Author: "Jonas Petersen", Side: ui.Other, At: ago(0, 2, 12), HTML: v.say(
			"<p>Zu 1.: ja, zu 2.: ja. So sieht es bei uns aus:</p><p><img src=\""+picture()+"\" alt=\"Bildschirmfoto\"></p><pre>lieferort = kiel\nhalle     = 3\nbemerkung = eine sehr lange Zeile, die nicht umbrochen werden darf, weil sie sonst niemand mehr lesen kann</pre>",
			"<p>1: yes, 2: yes. This is what it looks like here:</p><p><img src=\""+picture()+"\" alt=\"Screenshot\"></p><pre>site    = kiel\nhall    = 3\ncomment = a very long line that must not be wrapped because nobody could read it any more if it were</pre>")}),
		ui.Message(ui.MessageProps{Reader: v.Reader, ID: "m4", Author: "Anna", Side: ui.Team, At: ago(0, 0, 23), Latest: true, Text: v.say("Vielen Dank.\nDie neue Rechnung ist unterwegs.", "Thank you.\nThe new invoice is on its way.")}),
	}
}

func cardFrame(v view, title string) ui.Frame {
	f := v.frame(title)
	f.Nav, f.Account, f.Scripts = nil, nil, nil
	return f
}

// template is the frame of a card that is laid out in another way.
func template(v view, name string) ui.Frame {
	f := cardFrame(v, v.say("Anmelden", "Sign in"))
	f.Template = name
	return f
}

// systemPreview is the frame of a card that is previewed.
func systemPreview(v view) ui.Frame {
	f := template(v, "split")
	f.SystemPreview = &ui.SystemPreview{
		Reader: v.Reader, Reason: v.T("systemPage.reason"), Back: v.with("page", ""),
		Pages: []ui.NavItem{
			{Label: v.say("Anmelden", "Sign in"), Href: v.with("page", "preview"), Current: true},
			{Label: v.say("Kein Zugang", "No access"), Href: v.with("page", "error")},
		},
		Templates: []ui.NavItem{
			{Label: v.T("systemPage.template.card"), Href: v.with("page", "card")},
			{Label: v.T("systemPage.template.split"), Href: v.with("page", "split"), Current: true},
			{Label: v.T("systemPage.template.plain"), Href: v.with("page", "plain")},
		},
		Languages: []ui.NavItem{
			{Label: "Deutsch", Href: v.with("lang", "de"), Current: v.lang == "de"},
			{Label: "English", Href: v.with("lang", "en"), Current: v.lang == "en"},
		},
	}
	return f
}

func (v view) preview(f ui.Frame) ui.Frame {
	f.Preview = &ui.BannerProps{Tone: ui.Internal, Text: v.say("Sie sehen das Portal wie Klara Nordwind.", "You see the portal as Klara Nordwind does."), Action: ui.NavItem{Label: v.say("Vorschau beenden", "End preview"), Href: v.with("page", "")}}
	f.Flash = &ui.BannerProps{Tone: ui.OK, Text: v.say("Änderungen gespeichert.", "Changes saved.")}
	return f
}
