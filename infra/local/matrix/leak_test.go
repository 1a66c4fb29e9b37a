package matrix

import (
	"encoding/json"
	"html"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"postern/infra/local/sample"
	"postern/shared/dynamo"
	"postern/shared/portal"
)

// secrets are the words that no customer of the sample may ever read: the marks,
// what belongs to the team alone, the addresses of contacts that are neither
// theirs nor their company's, and the names of those who share no ticket with
// the reader.
func (p place) secrets(people []portal.Person, reader portal.Person) []string {
	s := p.settings
	met := map[string]bool{}
	for _, t := range p.tickets() {
		if portal.CanSee(portal.Viewer{Portal: s.ID, Person: reader}, t, s) {
			for _, c := range t.Contacts {
				met[c] = true
			}
		}
	}
	words := []string{sample.InternalMark, sample.SecondMark, sample.HiddenMark}
	for _, st := range s.Staff {
		words = append(words, st.Email)
		if st.Last != "" && s.OwnerName != portal.OwnerFull && s.OwnerName != portal.OwnerLast {
			words = append(words, st.Last)
		}
		if s.OwnerName == portal.OwnerAliased {
			words = append(words, st.First)
		}
	}
	for _, p := range people {
		if p.ID == reader.ID || p.Role.Team() {
			continue
		}
		if reader.Company != "" && slices.Contains(append(p.Companies, p.Company), reader.Company) {
			continue // a colleague
		}
		words = append(words, p.Email)
		if !met[p.ID] {
			words = append(words, p.Name())
		}
	}
	return words
}

// A customer follows every link, in every view, order and state, as page and as
// JSON, to the last page of everything, and opens each file.
func TestNothingLeaks(t *testing.T) {
	t.Parallel()
	for _, kind := range []struct {
		name    string
		options sample.Options
		people  []string
	}{
		{"support", sample.Options{Files: at.files}, []string{sample.Customer, sample.Stranger, sample.Solo}},
		{"orders", sample.Options{Orders: true, Files: at.files}, []string{sample.OrdersCustomer}},
	} {
		t.Run(kind.name, func(t *testing.T) {
			p := newPlaceOf(t, kind.options)
			everyone := p.people()
			for _, who := range kind.people {
				reader := everyone[slices.IndexFunc(everyone, func(e portal.Person) bool { return e.ID == who })]
				words := p.secrets(everyone, reader)
				c := crawl{session: p.as(who), words: words, seen: map[string]bool{}}
				c.start(t)
				for _, deep := range []string{"?before=", "cursor=", "/attachments/"} {
					if who == sample.Customer && !slices.ContainsFunc(slices.Collect(maps.Keys(c.seen)), func(a string) bool { return strings.Contains(a, deep) }) {
						t.Errorf("the crawl met no address with %s", deep)
					}
				}
				t.Logf("%s: %d addresses, %d bytes, %d words", reader.Email, len(c.seen), c.bytes, len(words))
			}
		})
	}
}

// people is everyone of the portal.
func (p place) people() []portal.Person {
	var all []portal.Person
	for key, stored := range p.stored() {
		if !strings.HasPrefix(key, "people "+p.id()+"#c#") || !strings.HasSuffix(key, " p") {
			continue
		}
		var it struct {
			ID, First, Last, Email, Company, Role string
			Companies                             []string
		}
		if err := json.Unmarshal([]byte(stored), &it); err != nil {
			p.t.Fatal(err)
		}
		all = append(all, portal.Person{ID: it.ID, First: it.First, Last: it.Last, Email: it.Email, Company: it.Company, Companies: it.Companies, Role: portal.Role(it.Role)})
	}
	return all
}

// tickets is every ticket of the portal.
func (p place) tickets() []portal.Ticket {
	var all []portal.Ticket
	for key := range p.stored() {
		id, ok := strings.CutPrefix(key, "tickets "+p.id()+"#T#")
		if id, whole := strings.CutSuffix(id, " t"); ok && whole {
			t, err := at.store.TicketAlone(p.t.Context(), p.id(), id)
			if err != nil {
				p.t.Fatal(err)
			}
			all = append(all, t)
		}
	}
	return all
}

type crawl struct {
	session
	words []string

	mu    sync.Mutex
	seen  map[string]bool
	bytes int
	queue []string
}

var (
	links   = regexp.MustCompile(`(?:href|src|action|data-[a-z-]+)="([^"]+)"`)
	cursors = regexp.MustCompile(`"(next|previous)":"([^"]+)"`)
	ids     = regexp.MustCompile(`"id":"([a-z0-9]{26})"`)
	hrefs   = regexp.MustCompile(`"href":"([^"]+)"`)
)

func (c *crawl) start(t *testing.T) {
	c.add(c.path("tickets"), c.path("account"), c.path(), c.path("sign-in"), c.api("account"), c.path("nowhere", "at", "all"))
	for _, view := range []string{"mine", "company"} {
		for _, status := range []string{"all", "open", "closed"} {
			for _, order := range dynamo.Orders {
				q := url.Values{"view": {view}, "status": {status}, "sort": {string(order)}, "limit": {"100"}}
				c.add(c.path("tickets")+"?"+q.Encode(), c.api("tickets")+"?"+q.Encode())
			}
		}
	}
	for _, form := range []string{sample.ContactForm, sample.WebsiteForm} {
		c.add(c.path("forms", form), c.path("embed", form), c.api("forms", form), c.api("forms", form, "challenge"))
	}
	// Nothing is guessed: whatever is not linked may still be asked for.
	for _, id := range []string{
		sample.OwnTicket, sample.ColleagueTicket, sample.StrangerTicket, sample.HiddenTicket, sample.SoloTicket, sample.LongTicket,
		sample.ElsewhereTicket, sample.OrderTicket, sample.OrderStrangerTicket,
	} {
		for _, file := range []string{sample.OwnAttachment, sample.CommentAttachment, sample.SecondAttachment} {
			c.add(c.path("tickets", id, "attachments", file))
		}
		c.add(c.path("tickets", id), c.api("tickets", id), c.api("tickets", id, "activity"))
	}
	for len(c.queue) > 0 {
		batch := c.queue
		c.queue = nil
		each(len(batch), func(i int) { c.visit(t, batch[i]) })
	}
}

func (c *crawl) add(addresses ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, a := range addresses {
		a, _, _ = strings.Cut(a, "#")
		if !c.seen[a] {
			c.seen[a] = true
			c.queue = append(c.queue, a)
		}
	}
}

func (c *crawl) visit(t *testing.T, address string) {
	got := c.get(address)
	if got.code >= 500 {
		t.Errorf("%s: %d %s", address, got.code, got.body)
	}
	var head strings.Builder
	_ = got.header.Write(&head)
	body := html.UnescapeString(got.body)
	c.mu.Lock()
	c.bytes += len(body)
	c.mu.Unlock()
	for _, w := range c.words {
		if i := strings.Index(body, w); i >= 0 {
			t.Errorf("%s says %q: …%s…", address, w, body[max(0, i-80):min(len(body), i+80)])
		}
		if strings.Contains(head.String(), w) {
			t.Errorf("%s says %q in its headers", address, w)
		}
	}
	for _, m := range links.FindAllStringSubmatch(got.body, -1) {
		if a := html.UnescapeString(m[1]); strings.HasPrefix(a, c.path()) || strings.HasPrefix(a, "/api/") {
			c.add(a)
		}
	}
	for _, m := range hrefs.FindAllStringSubmatch(got.body, -1) {
		c.add(m[1])
	}
	isList := strings.HasPrefix(address, c.api("tickets")+"?")
	for _, m := range cursors.FindAllStringSubmatch(got.body, -1) {
		to, err := url.Parse(address)
		if err != nil {
			t.Error(err)
			return
		}
		if m[1] == "previous" {
			continue
		}
		q := to.Query()
		q.Set("cursor", m[2])
		to.RawQuery = q.Encode()
		c.add(to.String())
	}
	if isList {
		for _, m := range ids.FindAllStringSubmatch(got.body, -1) {
			c.add(c.path("tickets", m[1]), c.api("tickets", m[1]))
		}
	}
	// A file itself: what the link leads to.
	if to := got.header.Get("Location"); strings.HasPrefix(to, at.bucket.URL) {
		res, err := client.Get(to)
		if err != nil {
			t.Error(err)
			return
		}
		defer res.Body.Close()
		if res.StatusCode != 200 {
			t.Errorf("%s leads to %s", address, res.Status)
		}
		for _, w := range c.words {
			if strings.Contains(res.Header.Get("Content-Disposition"), w) {
				t.Errorf("%s leads to a file called %s", address, res.Header.Get("Content-Disposition"))
			}
		}
	}
}
