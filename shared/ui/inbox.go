package ui

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/a-h/templ"
)

// InboxProps are the whole content of a page of the inbox, in a frame that is
// Wide and names inbox.js. Thread and Side are nil on the list's own page.
type InboxProps struct {
	Reader Reader
	List   templ.Component
	Thread templ.Component
	Side   templ.Component
}

// InboxListProps are the conversations to choose from.
type InboxListProps struct {
	Reader  Reader
	New     *NavItem     // the way to a new ticket
	Inboxes []NavItem    // that the reader belongs to; one is a title, several are a Menu
	States  []Tab        // open, closed
	Owners  []InboxOwner // mine, unassigned, all
	Rows    []InboxRow
	Pager   *PagerProps
	Empty   *EmptyProps // instead of rows

	// CountsURL answers {"mine":"3","unassigned":"7","all":"99+","newest":"…"}
	// with an ETag; inbox.js asks it every 30 s while the page is in view. ""
	// asks nothing.
	CountsURL string
	// Newest is what CountsURL told when the page was made, opaque. When it
	// tells another one, a link above the rows offers to show what is new.
	Newest string
}

// InboxOwner is whose conversations are listed.
type InboxOwner struct {
	Label, Href string
	Key         string // of the count in the answer of CountsURL
	Current     bool
	Count       string // what is known of it when the page is made; may be empty
}

// InboxRow is one conversation of the list.
type InboxRow struct {
	Href, Subject, Requester, Company, Owner string
	Number                                   int64
	At                                       time.Time
	Unread, Current, Closed                  bool
	Priority                                 string // the word, "" for none
	Urgent                                   bool
	Marks                                    []Mark // what else is to be known of it
}

// Mark is a word on a coloured ground.
type Mark struct {
	Tone Tone
	Word string
}

// ReviewProps say why somebody is to look at a ticket before anybody is told of it.
type ReviewProps struct {
	Reader  Reader
	Reasons []string
	Action  string // of the form that releases it
}

// ThreadHeadProps are the head of an open conversation; the children of
// ThreadHead stand below its title.
type ThreadHeadProps struct {
	Reader       Reader
	Title        string
	Number       int64
	Back         NavItem // to the list, where it is not in view
	Badge        templ.Component
	CustomerView string // href of the ticket as customers see it; "" where they see none
	Meta         string // beside the number; may be empty
	// Actions stand at the right: the button that closes the ticket.
	Actions templ.Component
}

// PresenceProps say who else has the ticket open.
//
// inbox.js asks URL every 8 s while the page is in view, with writing=1 added
// to its query while the reply box holds text that was typed in the last 30 s;
// it sends the ETag of the last answer in If-None-Match. The answer is 304 or
//
//	{"version": "…", "present": [{"name": "Jonas", "writing": true}]}
//
// without the reader. Another version than Version is offered to be shown. 401
// says that the session has ended; 401, 403 and 404 end the asking.
type PresenceProps struct {
	Reader  Reader
	URL     string // "" asks nothing
	Version string // opaque
	Names   []string
}

// line is what the server already knows, in the words that inbox.js uses.
func (p PresenceProps) line() string {
	switch more := len(p.Names) - 1; {
	case more < 0:
		return ""
	case more == 0:
		return p.Reader.T("inbox.presence.here", "name", p.Names[0])
	default:
		return p.Reader.N("inbox.presence.hereMore", more, "name", p.Names[0])
	}
}

// texts are the sentences that inbox.js fills, as JSON in a data attribute.
func (p PresenceProps) texts() string {
	r := p.Reader
	return encode(map[string]string{
		"here":             r.T("inbox.presence.here", "name", "{name}"),
		"hereMoreOne":      r.T("inbox.presence.hereMore.one", "name", "{name}"),
		"hereMoreOther":    r.T("inbox.presence.hereMore.other", "name", "{name}", "count", "{count}"),
		"writing":          r.T("inbox.presence.writing", "name", "{name}"),
		"writingMoreOne":   r.T("inbox.presence.writingMore.one", "name", "{name}"),
		"writingMoreOther": r.T("inbox.presence.writingMore.other", "name", "{name}", "count", "{count}"),
	})
}

func encode(texts map[string]string) string {
	data, err := json.Marshal(texts)
	if err != nil {
		panic(err) // strings can always be encoded
	}
	return string(data)
}

// ThreadsCardProps are the conversations of a ticket.
type ThreadsCardProps struct {
	Reader    Reader
	Threads   []ThreadLink
	NewAction string // takes a POST of the field name; "" where no more can be started
	Name      string // what was typed, after an error
	NameError string
}

// ThreadLink is one conversation of a ticket.
type ThreadLink struct {
	Name, Href string
	At         time.Time
	Current    bool
	Shown      bool // the one that customers see
}

// PeopleCardProps are contacts or companies of a ticket. Its forms post remove
// with a row's ID, or the field of Add or AddSelect.
type PeopleCardProps struct {
	Reader    Reader
	ID        string // of what the card holds, which a link opens; default: people- and the name of the field that adds
	Title     string
	People    []PersonRow
	Empty     string       // instead of people
	Action    string       // takes a POST; "" lets nothing be changed
	Add       *FieldProps  // a contact by e-mail address
	AddSelect *SelectProps // a company by choice
	AddLabel  string       // of the button: "Add contact"
}

// PersonRow is a contact or a company.
type PersonRow struct {
	ID, Name, Detail, Href string
	Removable              bool
	ViewAs                 string // takes a POST of the field contact: to see the portal as they do
	Why                    string // href of why they see the ticket or not; "" for none
}

func (p PeopleCardProps) id() string {
	switch {
	case p.ID != "":
		return p.ID
	case p.Add != nil:
		return "people-" + p.Add.Name
	case p.AddSelect != nil:
		return "people-" + p.AddSelect.Name
	}
	return ""
}

// open tells that the card has an error to show.
func (p PeopleCardProps) open() bool {
	return p.Add != nil && p.Add.Error != "" || p.AddSelect != nil && p.AddSelect.Error != ""
}

// OtherTicketsProps are other tickets of the same contact or company.
type OtherTicketsProps struct {
	Reader Reader
	ID     string // see PeopleCardProps; "" for none
	Title  string
	Rows   []OtherTicket
	Empty  string    // instead of rows
	More   LinkProps // to all of them; "" for none
}

// OtherTicket is one of OtherTickets.
type OtherTicket struct {
	Href, Subject string
	Number        int64
	At            time.Time
	Open          bool
	Status        string // the word
}

// TicketFormProps are the ticket's properties as one form.
type TicketFormProps struct {
	Reader Reader
	Action string
	ID     string
	Failed bool // it came back with an error: there is something to save
}

func hash(number int64) string { return "#" + strconv.FormatInt(number, 10) }

func idOf(id string) templ.Attributes {
	if id == "" {
		return nil
	}
	return templ.Attributes{"id": id}
}
