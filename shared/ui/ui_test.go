package ui

import (
	"bytes"
	"context"
	"encoding/json"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/a-h/templ"

	"postern/shared/ui/messages"
	"postern/shared/ui/theme"
)

func reader(lang string) Reader {
	return Reader{Catalog: messages.For(lang), Now: time.Date(2026, 11, 22, 14, 5, 0, 0, time.UTC)}
}

func render(t *testing.T, c templ.Component) *goquery.Document {
	t.Helper()
	var b bytes.Buffer
	if err := c.Render(context.Background(), &b); err != nil {
		t.Fatal(err)
	}
	doc, err := goquery.NewDocumentFromReader(&b)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func frame() Frame {
	return Frame{
		Reader: reader("de"), Title: "Tickets", Portal: Brand{Name: "Nordwind", Home: "/support", Design: theme.Design{Accent: "#FFD400"}},
		Nav:       []NavItem{{"Tickets", "/support/tickets", true}, {"Mehr", "/support/more", false}},
		Account:   &Account{Name: "Klara von Nordwind", Links: []NavItem{{Label: "Konto", Href: "/support/account"}}, SignOut: "/support/sign-out"},
		Languages: []string{"de", "en"}, LanguageAction: "/support/language", Here: "/support/tickets?status=open",
		Imprint: "https://example.com/imprint", Scripts: []string{"reply.js"},
	}
}

// has holds the text of what a selector finds; "" asks only that it is there.
func has(t *testing.T, doc *goquery.Document, selector, text string) {
	t.Helper()
	found := doc.Find(selector)
	if found.Length() == 0 {
		t.Errorf("nothing is %s", selector)
		return
	}
	if got := strings.Join(strings.Fields(found.First().Text()), " "); text != "" && got != text {
		t.Errorf("%s says %q, want %q", selector, got, text)
	}
}

func hasNot(t *testing.T, doc *goquery.Document, selector string) {
	t.Helper()
	if n := doc.Find(selector).Length(); n > 0 {
		t.Errorf("%d × %s", n, selector)
	}
}

func TestPage(t *testing.T) {
	doc := render(t, Page(frame()))
	has(t, doc, `html[lang="de"]`, "")
	has(t, doc, "title", "Tickets · Nordwind")
	has(t, doc, `body > a.skip[href="#content"]`, "Zum Inhalt springen")
	has(t, doc, `nav a[aria-current="page"]`, "Tickets")
	has(t, doc, ".avatar", "KN")
	has(t, doc, `form[method="post"][action="/support/sign-out"] button`, "Abmelden")
	has(t, doc, `footer form[action="/support/language"] button[name="language"][value="en"][lang="en"]`, "English")
	has(t, doc, `footer input[name="next"][value="/support/tickets?status=open"]`, "")
	has(t, doc, `script[type="module"][src^="/assets/v/reply-"]`, "")
	has(t, doc, `link[rel="stylesheet"][href^="/assets/v/theme-ffd400-"]`, "")
	hasNot(t, doc, `button[value="de"], a[href=""]`)
	if strings.Contains(doc.Find(`meta[name="viewport"]`).AttrOr("content", ""), "scale=1,") {
		t.Error("zoom is limited")
	}
}

func TestCardHasNoMenu(t *testing.T) {
	doc := render(t, Card(frame()))
	hasNot(t, doc, "nav, .account")
	has(t, doc, "footer", "")
}

func TestOneLanguageHidesTheSwitch(t *testing.T) {
	f := frame()
	f.Languages = []string{"de"}
	hasNot(t, render(t, Page(f)), "footer form")
}

// The policy of the pages allows neither inline style nor inline script, and a
// value must not become markup or another scheme.
func TestNothingInline(t *testing.T) {
	evil := `"><script>alert(1)</script>`
	f := frame()
	f.Title, f.Portal.Name, f.Imprint, f.Here = evil, evil, "javascript:alert(1)", evil
	f.Flash = &BannerProps{Text: evil, Action: NavItem{evil, "javascript:alert(1)", false}}
	p := box()
	p.Text, p.HTML, p.Error = evil, evil, evil
	p.Attachments = []Attached{{ID: "a1", Name: evil, Size: 1}}
	for name, c := range map[string]templ.Component{
		"page": Page(f), "card": Card(f), "reply": ReplyBox(p),
		"field":   Field(FieldProps{Reader: reader("en"), Name: "a", Label: evil, Value: evil, Help: evil, Error: evil}),
		"message": Message(MessageProps{Reader: reader("en"), ID: "m", Author: evil, Text: evil, Attachments: []Attachment{{Name: evil, Href: "javascript:alert(1)"}}}),
		"table": Table(TableProps{Reader: reader("en"), Label: evil, Columns: []Column{{Label: evil, Card: CardTitle}},
			Rows: []Row{{Href: "javascript:alert(1)", Cells: []templ.Component{Text(evil)}}}}),
		"inbox": Inbox(InboxProps{Reader: reader("en"), List: InboxList(InboxListProps{
			Reader: reader("en"), Inboxes: []NavItem{{evil, "javascript:alert(1)", true}, {evil, evil, false}}, States: []Tab{{evil, evil, true}},
			Owners: []InboxOwner{{Label: evil, Href: "javascript:alert(1)", Key: evil}}, CountsURL: evil, Newest: evil,
			Rows: []InboxRow{{Href: "javascript:alert(1)", Subject: evil, Requester: evil, Company: evil, Owner: evil, Priority: evil}},
		}), Thread: ThreadHead(ThreadHeadProps{Reader: reader("en"), Title: evil, Back: NavItem{evil, "javascript:alert(1)", false}, CustomerView: "javascript:alert(1)"})}),
		"presence": Presence(PresenceProps{Reader: reader("en"), URL: evil, Version: evil, Names: []string{evil}}),
		"compose":  Compose(evil, []Tab{{evil, "javascript:alert(1)", true}}),
		"threads":  ThreadsCard(ThreadsCardProps{Reader: reader("en"), NewAction: "javascript:alert(1)", Name: evil, NameError: evil, Threads: []ThreadLink{{Name: evil, Href: "javascript:alert(1)"}}}),
		"people": PeopleCard(PeopleCardProps{Reader: reader("en"), Title: evil, Action: "javascript:alert(1)", AddLabel: evil, Add: &FieldProps{Name: "email", Label: evil, Value: evil},
			People: []PersonRow{{ID: evil, Name: evil, Detail: evil, Href: "javascript:alert(1)", Removable: true}}}),
		"others": OtherTickets(OtherTicketsProps{Reader: reader("en"), Title: evil, Rows: []OtherTicket{{Href: "javascript:alert(1)", Subject: evil, Status: evil}}}),
		"form":   TicketForm(TicketFormProps{Reader: reader("en"), Action: "javascript:alert(1)", ID: "f"}),
		"search": Search(SearchProps{Reader: reader("en"), Action: "javascript:alert(1)", Value: evil, Keep: [][2]string{{evil, evil}}}),
	} {
		doc := render(t, c)
		hasNot(t, doc, "[style], style, script:not([src])")
		doc.Find("*").Each(func(_ int, s *goquery.Selection) {
			for _, a := range s.Nodes[0].Attr {
				if strings.HasPrefix(a.Key, "on") || strings.HasPrefix(a.Val, "javascript:") {
					t.Errorf("%s: <%s %s=%q>", name, s.Nodes[0].Data, a.Key, a.Val)
				}
			}
		})
	}
}

func TestFieldTellsItsErrorAndTakesTheFocus(t *testing.T) {
	doc := render(t, Field(FieldProps{Reader: reader("de"), Name: "subject", Label: "Betreff", Help: "Kurz.", Error: "Bitte geben Sie einen Betreff ein."}))
	has(t, doc, `label[for="subject"]`, "Betreff")
	has(t, doc, `input#subject[autofocus][aria-invalid="true"][aria-describedby="subject-error subject-help"]`, "")
	has(t, doc, "#subject-error", "Bitte geben Sie einen Betreff ein.")
	has(t, doc, "#subject-help", "Kurz.")
	doc = render(t, Field(FieldProps{Reader: reader("de"), Name: "phone", Label: "Telefon", Optional: true}))
	has(t, doc, "label", "Telefon (freiwillig)")
	hasNot(t, doc, "[autofocus], [aria-invalid], [aria-describedby], [aria-required]")
}

func TestDisabledButtonTellsWhy(t *testing.T) {
	doc := render(t, Button(ButtonProps{Label: "Schließen", Disabled: "Schon geschlossen"}))
	has(t, doc, `button[type="button"][aria-disabled="true"]:not([disabled])`, "Schließen Schon geschlossen")
}

func TestTableRow(t *testing.T) {
	doc := render(t, Table(TableProps{Reader: reader("en"), Label: "Tickets",
		Columns: []Column{{Label: "Subject", Card: CardTitle}, {Label: "Owner"}, {Label: "Activity", Sort: "?sort=a", Sorted: Descending}},
		Rows:    []Row{{Href: "/t/1", Unread: true, Cells: []templ.Component{Text("Broken"), Text("Anna"), Text("today")}}},
	}))
	if n := doc.Find("tbody a").Length(); n != 1 {
		t.Errorf("a row has %d links", n)
	}
	has(t, doc, `tbody tr.unread a[href="/t/1"]`, "New: Broken")
	has(t, doc, `th[aria-sort="descending"] a[href="?sort=a"]`, "Activity sorted, highest first")
}

func TestPager(t *testing.T) {
	if n := render(t, Pager(PagerProps{Reader: reader("en")})).Find("nav").Length(); n != 0 {
		t.Error("one page has a pager")
	}
	doc := render(t, Pager(PagerProps{Reader: reader("en"), Next: "?cursor=x", Note: "Looked back to 3 March."}))
	has(t, doc, `a[rel="next"][href="?cursor=x"]`, "Next")
	has(t, doc, "p", "Looked back to 3 March.")
	hasNot(t, doc, `[rel="prev"]`)
}

func box() ReplyBoxProps {
	return ReplyBoxProps{
		Reader: reader("en"), Action: "/support/tickets/t1/replies", ID: "01jdsamplereply00000000000", AttachmentsURL: "/api/v1/support/attachments",
		Limits:   Limits{Files: 10, Bytes: 25_000_000, Forbidden: []string{"exe"}, Text: 65536},
		DraftKey: "a2V5", DraftName: "support/t1",
	}
}

func TestReplyBoxWithoutScript(t *testing.T) {
	doc := render(t, ReplyBox(box()))
	has(t, doc, `form[method="post"][enctype="multipart/form-data"][action="/support/tickets/t1/replies"]`, "")
	has(t, doc, `input[type="hidden"][name="id"][value="01jdsamplereply00000000000"]`, "")
	has(t, doc, `input[type="hidden"][name="html"][value=""]`, "")
	has(t, doc, `textarea[name="text"]:not([hidden])`, "")
	has(t, doc, `input[type="file"][name="files"][multiple]`, "")
	has(t, doc, "#reply-files-help", "Up to 10 files, 25 MB each.")
	has(t, doc, `[role="toolbar"][hidden]`, "")
	has(t, doc, `.actions button[type="submit"] .label`, "Send reply")
	hasNot(t, doc, `input[name="attachments"]`)
	// Nothing of the file picker's own text field is posted by mistake.
	hasNot(t, doc, `[data-link-bar] input[name]`)
}

func TestReplyBoxComesBackWithAnError(t *testing.T) {
	p := box()
	p.Text, p.HTML, p.Error = "Hello", "<p>Hello</p>", "This ticket is closed."
	p.Attachments = []Attached{{ID: "a1", Name: "a.pdf", Type: "application/pdf", Size: 1200}}
	doc := render(t, ReplyBox(p))
	has(t, doc, `textarea[aria-invalid="true"][aria-describedby="reply-error"]`, "Hello")
	has(t, doc, `input[name="html"][value="<p>Hello</p>"]`, "")
	has(t, doc, "#reply-error:not([hidden])", "This ticket is closed.")
	has(t, doc, `input[name="attachments"][value="a1"]`, "")
	var settings struct {
		Failed   bool
		Attached []Attached
		Texts    map[string]string
	}
	if err := json.Unmarshal([]byte(doc.Find("form").AttrOr("data-reply", "")), &settings); err != nil {
		t.Fatal(err)
	}
	if !settings.Failed || len(settings.Attached) != 1 || settings.Attached[0].Name != "a.pdf" {
		t.Errorf("the script is told %+v", settings)
	}
}

// What the server says of a file and what the script says are one sentence: the
// script fills the placeholders that are left.
func TestReplyBoxTexts(t *testing.T) {
	for _, lang := range []string{"de", "en"} {
		p := box()
		p.Reader = reader(lang)
		var settings struct{ Texts map[string]string }
		if err := json.Unmarshal([]byte(p.settings()), &settings); err != nil {
			t.Fatal(err)
		}
		allowed := regexp.MustCompile(`^\{(name|size|extension|percent)\}$`)
		for key, text := range settings.Texts {
			for _, found := range regexp.MustCompile(`\{[^}]*\}`).FindAllString(text, -1) {
				if !allowed.MatchString(found) {
					t.Errorf("%s %s: nothing fills %s", lang, key, found)
				}
			}
		}
	}
}

func TestNoFilesNoPicker(t *testing.T) {
	p := box()
	p.AttachmentsURL = ""
	hasNot(t, render(t, ReplyBox(p)), `input[type="file"], [data-pick]`)
}

func TestConversation(t *testing.T) {
	doc := render(t, Conversation(ConversationProps{Reader: reader("de"), Activity: "/a", LastMessage: "m9", Sent: "abc", SignIn: "/support/sign-in"}))
	has(t, doc, `[data-activity-url="/a"][data-last-message="m9"][data-sent="abc"]`, "")
	has(t, doc, `[aria-live="polite"]:empty`, "")
	for side, class := range map[Side]string{Own: "own", Other: "other", Team: "team", Comment: "internal"} {
		doc := render(t, Message(MessageProps{Reader: reader("de"), ID: "m9", Author: "Anna", Side: side, At: reader("de").Now, HTML: "<p>Text</p>", Latest: true}))
		has(t, doc, "li."+class+"#message-m9 .prose p", "Text")
		has(t, doc, `time[datetime="2026-11-22T14:05:00Z"]`, "heute 14:05")
		has(t, doc, "#latest", "")
	}
	doc = render(t, Message(MessageProps{Reader: reader("de"), ID: "m9", Author: "Anna", At: reader("de").Now, Side: Team, Attachments: []Attachment{
		{Name: "a.png", Href: "/x/1", Image: true}, {Name: "b.pdf", Href: "/x/2", Size: 1_240_000},
	}}))
	has(t, doc, `a[data-enlarge][href="/x/1"] img[alt="a.png"][loading="lazy"]`, "")
	has(t, doc, `a[download="b.pdf"][href="/x/2"]`, "b.pdf 1,2 MB")
}

func TestInbox(t *testing.T) {
	list := InboxList(InboxListProps{Reader: reader("en"), Inboxes: []NavItem{{"Care", "/i", true}},
		Owners: []InboxOwner{{Label: "Mine", Href: "/i?o=mine", Key: "mine", Current: true}}, CountsURL: "/counts", Newest: "n1",
		Rows: []InboxRow{
			{Href: "/i/1", Subject: "Broken", Requester: "Klara", Company: "Nordwind", Owner: "Anna", Number: 12, At: reader("en").Now, Unread: true, Priority: "Urgent", Urgent: true},
			{Href: "/i/2", Subject: "Late", At: reader("en").Now, Current: true, Closed: true},
		}})
	doc := render(t, Inbox(InboxProps{Reader: reader("en"), List: list}))
	has(t, doc, "h1", "Inbox")
	has(t, doc, ".inbox-none", "Choose a conversation.")
	has(t, doc, `[data-counts-url="/counts"][data-newest="n1"]`, "")
	has(t, doc, `nav a[aria-current="page"][href="/i?o=mine"]`, "Mine")
	has(t, doc, `a [data-count="mine"]`, "")
	has(t, doc, `li.unread a[href="/i/1"]`, "New: Broken")
	has(t, doc, "li.unread .inbox-row-meta", "#12 Owner: Anna Urgent")
	has(t, doc, `li.current a[aria-current="page"]`, "Late")
	has(t, doc, "li.current .badge", "Closed")
	has(t, doc, `[aria-live="polite"][data-inbox-news]:empty`, "")
	if n := doc.Find(".inbox-rows a").Length(); n != 2 {
		t.Errorf("two rows have %d links", n)
	}
	hasNot(t, doc, "details") // one inbox is no choice

	// The open conversation has the h1, so the list has none.
	doc = render(t, Inbox(InboxProps{Reader: reader("en"), List: list, Thread: ThreadHead(ThreadHeadProps{
		Reader: reader("en"), Title: "Broken", Number: 12, Back: NavItem{Label: "Inbox", Href: "/i"}, CustomerView: "/t/1"})}))
	if got := doc.Find("h1").Text(); got != "Broken" {
		t.Errorf("the headings of the page are %q", got)
	}
	has(t, doc, `.thread-ways a[href="/i"]`, "Inbox")
	has(t, doc, ".meta", "Ticket 12 View as customers see it")
	hasNot(t, doc, ".inbox-none, .inbox-side")
}

func TestInboxesAreAChoice(t *testing.T) {
	doc := render(t, InboxList(InboxListProps{Reader: reader("de"), Inboxes: []NavItem{{"Pflege", "/i", false}, {"Rechnung", "/j", true}}, Empty: &EmptyProps{Title: "Nichts ist offen."}}))
	has(t, doc, "details[data-menu] summary", "Posteingang: Rechnung")
	has(t, doc, ".empty", "Nichts ist offen.")
	hasNot(t, doc, "ul.inbox-rows, h2")
}

// What an agent takes for an internal comment, customers must never be sent: the
// two boxes differ to the eye, to the ear and in what they post.
func TestInternalBox(t *testing.T) {
	p := box()
	hasNot(t, render(t, ReplyBox(p)), ".internal, #reply-internal, [aria-describedby*=internal]")
	p.Internal, p.Help, p.Error = true, "Help.", "Wrong."
	p.Hidden = []HiddenField{{"thread", "t9"}}
	p.Extra = Checkbox(CheckboxProps{Name: "close", Label: "and close"})
	doc := render(t, ReplyBox(p))
	has(t, doc, "form.reply.internal #reply-internal", "Internal comment – customers never see this")
	has(t, doc, `textarea[aria-describedby="reply-internal reply-error reply-help"]`, "")
	has(t, doc, `label[for="reply-text"]`, "Your comment")
	has(t, doc, ".actions button .label", "Save comment")
	has(t, doc, `.actions input[name="close"]`, "")
	has(t, doc, `input[type="hidden"][name="thread"][value="t9"]`, "")
	p.Error, p.Help = "", ""
	has(t, render(t, ReplyBox(p)), `textarea[aria-describedby="reply-internal"]`, "")
}

func TestInternalEvent(t *testing.T) {
	doc := render(t, Event(EventProps{Reader: reader("de"), Text: "Anna ist zuständig", Internal: true, At: reader("de").Now}))
	has(t, doc, ".event-lock svg", "")
	has(t, doc, ".event", "Nur Ihr Team sieht das: Anna ist zuständig heute 14:05")
	hasNot(t, render(t, Event(EventProps{Reader: reader("de"), Text: "Anna hat geschlossen", At: reader("de").Now})), ".internal, .hidden")
}

// The script fills the sentences that the server wrote the same way.
func TestPresence(t *testing.T) {
	for _, test := range []struct {
		lang  string
		names []string
		want  string
	}{
		{"en", nil, ""},
		{"en", []string{"Jonas"}, "Jonas is also here"},
		{"de", []string{"Jonas", "Lena"}, "Jonas und eine weitere Person sind hier"},
		{"en", []string{"Jonas", "Lena", "Mia"}, "Jonas and 2 others are here"},
	} {
		doc := render(t, Presence(PresenceProps{Reader: reader(test.lang), URL: "/p", Version: "v1", Names: test.names}))
		if got := doc.Find(`[role="status"][data-presence-line]`).Text(); got != test.want {
			t.Errorf("%s %v: %q, want %q", test.lang, test.names, got, test.want)
		}
		has(t, doc, `[data-presence="/p"][data-version="v1"]`, "")
		var texts map[string]string
		if err := json.Unmarshal([]byte(doc.Find("[data-texts]").AttrOr("data-texts", "")), &texts); err != nil {
			t.Fatal(err)
		}
		for _, state := range []string{"here", "writing"} {
			for suffix, placeholders := range map[string]int{"": 1, "MoreOne": 1, "MoreOther": 2} {
				if text := texts[state+suffix]; strings.Count(text, "{") != placeholders || !strings.Contains(text, "{name}") {
					t.Errorf("%s %s%s: %q", test.lang, state, suffix, text)
				}
			}
		}
	}
}

func TestSideCards(t *testing.T) {
	doc := render(t, ThreadsCard(ThreadsCardProps{Reader: reader("en"), NewAction: "/threads", Threads: []ThreadLink{
		{Name: "Klara", Href: "/i/1", At: reader("en").Now, Shown: true}, {Name: "Supplier", Href: "/i/1?thread=2", At: reader("en").Now, Current: true},
	}}))
	hasNot(t, doc, "details[open]")
	has(t, doc, `li:has(a[href="/i/1"]) .badge`, "Customers see this")
	hasNot(t, doc, `li:has(a[href="/i/1?thread=2"]) .badge`)
	has(t, doc, `a[aria-current="page"][href="/i/1?thread=2"]`, "Supplier")
	has(t, doc, `form[method="post"][action="/threads"] input[name="name"]`, "")

	people := PeopleCardProps{Reader: reader("en"), Title: "Contacts", Action: "/people", AddLabel: "Add contact",
		Add:    &FieldProps{Reader: reader("en"), Name: "email", Label: "Email"},
		People: []PersonRow{{ID: "k1", Name: "Klara", Removable: true}, {ID: "k2", Name: "Jonas"}}}
	doc = render(t, PeopleCard(people))
	has(t, doc, "#people-email", "")
	has(t, doc, `form[action="/people"] button[name="remove"][value="k1"]`, "Remove Klara")
	hasNot(t, doc, `button[value="k2"], details[open]`)
	// An error in a folded card would be seen by nobody.
	people.Add.Error = "Enter an address."
	if n := render(t, PeopleCard(people)).Find("details:not([open])").Length(); n != 0 {
		t.Errorf("%d folded around the error", n)
	}

	doc = render(t, TicketForm(TicketFormProps{Reader: reader("en"), Action: "/ticket", ID: "f", Failed: true}))
	has(t, doc, `form#f [data-save-bar="f"][data-changed] button.secondary`, "Save changes")
}

func TestSelectGroups(t *testing.T) {
	doc := render(t, Select(SelectProps{Reader: reader("en"), Name: "stage", Label: "Stage", Value: "b", Options: []Option{{Value: "", Label: "None"}},
		Groups: []OptionGroup{{"Care", []Option{{Value: "a", Label: "New"}, {Value: "b", Label: "Done"}}}}}))
	has(t, doc, `select > option:first-child[value=""]`, "None")
	has(t, doc, `optgroup[label="Care"] option[selected]`, "Done")
}

// Every icon that a component names is drawn.
func TestIcons(t *testing.T) {
	for _, tone := range []Tone{Info, OK, Warn, Bad, Internal, ToneQuiet, ""} {
		if icons[tone.icon()] == "" {
			t.Errorf("no icon %q", tone.icon())
		}
	}
	for _, tool := range tools {
		if tool != "" && icons[tool] == "" {
			t.Errorf("no icon %q", tool)
		}
	}
}

// These would put megabytes and milliseconds into every function. What templ
// itself links is not this package's to choose.
func TestImportsStayLight(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{join .Imports "\n"}}`, ".", "./messages", "./theme", "./assets").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range strings.Fields(string(out)) {
		switch {
		case name == "html/template", name == "text/template", strings.Contains(name, "aws"), strings.HasPrefix(name, "golang.org/x/text"):
			t.Errorf("shared/ui imports %s", name)
		}
	}
}
