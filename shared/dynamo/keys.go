package dynamo

import (
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"

	"postern/shared/portal"
)

// NewID returns an id that sorts by time: 26 characters of 0-9 and a-z, the
// first ten of which are the milliseconds.
func NewID(now time.Time) string {
	return strings.ToLower(ulid.MustNew(ulid.Timestamp(now), rand.Reader).String())
}

func ticketKey(portalID, ticket string) string { return portalID + "#T#" + ticket }
func personKey(portalID, person string) string { return portalID + "#c#" + person }
func companyKey(portalID, company string) string {
	return portalID + "#o#" + company
}
func groupKey(portalID, group string) string   { return portalID + "#g#" + group }
func emailKey(portalID, address string) string { return portalID + "#e#" + address }

// Audience is who sees a ticket in a list.
type Audience string

// ContactAudience is one contact.
func ContactAudience(portalID, contact string) Audience {
	return Audience(personKey(portalID, contact))
}

// CompanyAudience is everyone of one company.
func CompanyAudience(portalID, company string) Audience {
	return Audience(companyKey(portalID, company))
}

// TeamAudience is the portal's team.
func TeamAudience(portalID string) Audience { return Audience(portalID + "#*") }

// audiences returns everyone who has an entry for the ticket, each once: a
// transaction that names an item twice is refused.
func audiences(portalID string, t portal.Ticket) []Audience {
	all := []Audience{TeamAudience(portalID)}
	add := func(a Audience) {
		if !slices.Contains(all, a) {
			all = append(all, a)
		}
	}
	for _, c := range t.Contacts {
		add(ContactAudience(portalID, c))
	}
	for _, c := range t.Companies {
		add(CompanyAudience(portalID, c))
	}
	if t.Unproven != nil {
		add(unprovenAudience(portalID, t.Unproven.Email))
	}
	return all
}

// unprovenAudience is nobody yet: what somebody opened who is yet to show that the
// address is theirs is found by it.
func unprovenAudience(portalID, address string) Audience {
	return Audience(portalID + "#u#" + address)
}

// AudienceOf returns the audience whose entries make the viewer's view.
func AudienceOf(view portal.View, v portal.Viewer) Audience {
	switch view {
	case portal.All:
		return TeamAudience(v.Portal)
	case portal.Organisation:
		return CompanyAudience(v.Portal, v.Company)
	}
	return ContactAudience(v.Portal, v.ID)
}

// ms is a time in a sort key: thirteen digits last until the year 2286.
func ms(t time.Time) string { return fmt.Sprintf("%013d", t.UnixMilli()) }

// justBefore and justAfter return positions between which and the given one no
// sort key lies: those end in a digit or a small letter, and a # is the least
// that they hold.
func justBefore(position string) string {
	last := len(position) - 1
	return position[:last] + string(rune(position[last]-1)) + "~"
}

func justAfter(position string) string { return position + "!" }

func activityKey(t portal.Ticket) string { return ms(t.Activity) + "#" + t.ID }

func stateKey(state portal.State) string {
	if state == portal.Closed {
		return "#C"
	}
	return "#O"
}

func messageKey(m portal.Message, t portal.Ticket) string {
	if portal.Shown(m, t) {
		return "m#" + ms(m.Created) + "#" + m.ID
	}
	place := ms(m.Created) + "#" + m.ID
	if m.Thread == t.Thread {
		return "c#" + place
	}
	return threadKey(m.Thread) + place
}

// threadKey is what the messages of another thread than the shown one begin with.
func threadKey(thread string) string { return "i#" + thread + "#" }

// inboxKey is the team's entries of one inbox, in the indexes' keys.
func inboxKey(portalID, inbox string) string { return string(TeamAudience(portalID)) + "#" + inbox }

// ownerKey is an owner in a key; "-" is nobody.
func ownerKey(owner string) string {
	if owner == "" {
		return "-"
	}
	return owner
}

func markerKey(author, clientID string) string { return "k#" + author + "#" + clientID }

// openedKey is what an author's new tickets are remembered under.
func openedKey(portalID, author string) string { return portalID + "#opened#" + author }

func fileKey(attachment string) string { return "f#" + attachment }
func sessionKey(hash string) string    { return "s#" + hash }
func linkKey(hash string) string       { return "l#" + hash }
func uploadKey(upload string) string   { return "u#" + upload }
