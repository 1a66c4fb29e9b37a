package matrix

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"postern/infra/local/sample"
	"postern/infra/local/stack"
	"postern/shared/dynamo"
	"postern/shared/dynamo/schema"
	"postern/shared/portal"
)

// consistent holds that the ticket and what lists keep of it say the same, to
// everyone who has it in a list and to nobody else, and returns its messages.
func (p place) consistent(ticket string) (portal.Ticket, []portal.Message) {
	p.t.Helper()
	t, conversation, err := at.store.Ticket(p.t.Context(), p.id(), ticket, true)
	if err != nil {
		p.t.Fatal(err)
	}
	fields := func(stored string) map[string]any {
		var v map[string]any
		if err := json.Unmarshal([]byte(stored), &v); err != nil {
			p.t.Fatal(err)
		}
		for _, key := range []string{"pk", "sk", "l", "as", "ao", "oi", "os"} {
			delete(v, key)
		}
		if props, ok := v["props"].(map[string]any); ok {
			delete(props, "description") // a long text, which lists leave out
		}
		return v
	}
	var want []string
	for _, c := range t.Contacts {
		want = append(want, "c#"+c)
	}
	for _, c := range t.Companies {
		want = append(want, "o#"+c)
	}
	want = append(want, "*")
	slices.Sort(want)
	items := p.stored()
	whole := fields(items["tickets "+p.id()+"#T#"+ticket+" t"])
	var have []string
	for key, stored := range items {
		audience, ok := strings.CutPrefix(key, "lists "+p.id()+"#")
		if !ok {
			continue
		}
		if audience, ok = strings.CutSuffix(audience, " "+ticket); !ok {
			continue
		}
		have = append(have, audience)
		if entry := fields(stored); fmt.Sprint(entry) != fmt.Sprint(whole) {
			p.t.Errorf("ticket %s: %s has\n%v, the ticket\n%v", ticket, audience, entry, whole)
		}
		var keys struct{ L, As string }
		_ = json.Unmarshal([]byte(stored), &keys)
		state := map[portal.State]string{portal.Open: "#O", portal.Closed: "#C"}[t.State]
		if !strings.HasPrefix(keys.L, fmt.Sprintf("%013d#", t.Activity.UnixMilli())) || !strings.HasSuffix(keys.As, state) {
			p.t.Errorf("ticket %s: %s is in the list at %s, %s; activity %d, %s", ticket, audience, keys.L, keys.As, t.Activity.UnixMilli(), t.State)
		}
	}
	slices.Sort(have)
	if !slices.Equal(have, want) {
		p.t.Errorf("ticket %s is in the lists of %q, want %q", ticket, have, want)
	}
	messages := conversation.Messages
	for conversation.Older != "" {
		if _, conversation, err = at.store.Older(p.t.Context(), p.id(), ticket, conversation.Older); err != nil {
			p.t.Fatal(err)
		}
		messages = append(slices.Clone(conversation.Messages), messages...)
	}
	return t, messages
}

// A double click, two tabs, Back and send again: one reply, whoever comes first.
func TestOneReplyHoweverOften(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	s := p.as(sample.Customer)
	const times = 30
	t.Run("the same", func(t *testing.T) {
		ticket, id := p.clone(sample.SharedTicket), dynamo.NewID(time.Now())
		codes := make([]int, times)
		each(times, func(i int) {
			if i%2 == 0 {
				codes[i] = s.reply(ticket, map[string]any{"id": id, "text": "once"}).code
				return
			}
			codes[i] = s.do(request{method: "POST", path: p.path("tickets", ticket, "replies"), form: url.Values{"id": {id}, "text": {"once"}}}).code
		})
		for _, code := range codes {
			if code != 200 && code != 201 && code != 303 {
				t.Errorf("codes %v", codes)
				break
			}
		}
		if n := strings.Count(fmt.Sprint(codes), "201"); n > 1 {
			t.Errorf("made %d times", n)
		}
		if _, messages := p.consistent(ticket); len(messages) != 1 || messages[0].Author.ID != sample.Customer {
			t.Errorf("%d messages", len(messages))
		}
	})
	t.Run("with files", func(t *testing.T) {
		ticket, id := p.clone(sample.SharedTicket), dynamo.NewID(time.Now())
		file, _, _ := s.upload("a.txt", "text/plain", 4, "four")
		codes := make([]int, times)
		each(times, func(i int) {
			codes[i] = s.reply(ticket, map[string]any{"id": id, "text": "once", "attachments": []string{file}}).code
		})
		if fmt.Sprint(slices.Compact(slices.Sorted(slices.Values(codes)))) != "[200 201]" || strings.Count(fmt.Sprint(codes), "201") != 1 {
			t.Errorf("codes %v", codes)
		}
		if _, messages := p.consistent(ticket); len(messages) != 1 || len(messages[0].Attachments) != 1 {
			t.Errorf("%d messages", len(messages))
		}
		if _, body := s.open(ticket, file); body != "four" {
			t.Errorf("the file says %q", body)
		}
	})
	t.Run("another text under the same id", func(t *testing.T) {
		ticket, id := p.clone(sample.SharedTicket), dynamo.NewID(time.Now())
		codes := make([]int, times)
		each(times, func(i int) { codes[i] = s.reply(ticket, map[string]any{"id": id, "text": fmt.Sprint("text ", i)}).code })
		if strings.Count(fmt.Sprint(codes), "201") != 1 || strings.Count(fmt.Sprint(codes), "409") != times-1 {
			t.Errorf("codes %v", codes)
		}
		if _, messages := p.consistent(ticket); len(messages) != 1 {
			t.Errorf("%d messages", len(messages))
		}
	})
	t.Run("the same id of two people", func(t *testing.T) {
		ticket, id := p.clone(sample.SharedTicket), dynamo.NewID(time.Now())
		both := []session{s, p.as(sample.Colleague)}
		each(2, func(i int) {
			if got := both[i].reply(ticket, map[string]any{"id": id, "text": "mine"}); got.code != 201 {
				t.Errorf("%d %s", got.code, got.body)
			}
		})
		if _, messages := p.consistent(ticket); len(messages) != 2 {
			t.Errorf("%d messages", len(messages))
		}
	})
	t.Run("the same id on two tickets", func(t *testing.T) {
		id := dynamo.NewID(time.Now())
		for range 2 {
			ticket := p.clone(sample.SharedTicket)
			if got := s.reply(ticket, map[string]any{"id": id, "text": "mine"}); got.code != 201 {
				t.Errorf("%d %s", got.code, got.body)
			}
			p.consistent(ticket)
		}
	})
}

// Several people at one ticket at once: what happened is what everyone sees, in
// an order that can have been.
func TestManyHandsOnOneTicket(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	hands := []session{p.as(sample.Customer), p.as(sample.Customer), p.as(sample.Colleague), p.as(sample.Manager)}
	ticket := p.clone(sample.SharedTicket)
	var mu sync.Mutex
	done := map[string]int{}
	busy := 0
	each(48, func(i int) {
		who, what := hands[i%len(hands)], []string{"close", "reopen", "replies"}[i%3]
		var got answer
		if what == "replies" {
			got = who.reply(ticket, map[string]any{"text": fmt.Sprint("reply ", i)})
		} else {
			got = who.do(request{method: "POST", path: p.api("tickets", ticket, what), json: map[string]any{}})
		}
		mu.Lock()
		defer mu.Unlock()
		switch got.code {
		case http.StatusOK, http.StatusCreated:
			done[what]++
		case http.StatusConflict: // closed or open already
		case http.StatusServiceUnavailable: // too many at once; nothing was written
			busy++
			if got.header.Get("Retry-After") == "" {
				t.Error("busy without Retry-After")
			}
		default:
			t.Errorf("%s: %d %s", what, got.code, got.body)
		}
	})
	end, messages := p.consistent(ticket)
	state := portal.Open
	counted := map[string]int{}
	for i, m := range messages {
		if i > 0 && !m.Created.After(messages[i-1].Created) {
			t.Errorf("message %d is not after the one before", i)
		}
		switch {
		case m.Kind == portal.Reply:
			counted["replies"]++
			if state == portal.Closed {
				t.Errorf("message %d is in a closed ticket, which a reply opens again", i)
			}
		case m.Event == portal.EventClosed:
			if state == portal.Closed {
				t.Errorf("event %d closes a closed ticket", i)
			}
			state = portal.Closed
			counted["close"]++
		case m.Event == portal.EventReopened:
			if state == portal.Open {
				t.Errorf("event %d opens an open ticket", i)
			}
			state = portal.Open
			counted["reopen"]++
		}
	}
	// A reply reopens as well.
	if counted["replies"] != done["replies"] || counted["close"] != done["close"] || counted["reopen"] < done["reopen"] {
		t.Errorf("the conversation holds %v, the answers said %v", counted, done)
	}
	if end.State != state {
		t.Errorf("the ticket is %s, its events say %s", end.State, state)
	}
	if last := messages[len(messages)-1]; !end.Activity.Equal(last.Created) || end.ActivityBy != last.Author.ID {
		t.Errorf("last activity %v by %s, last message %v by %s", end.Activity, end.ActivityBy, last.Created, last.Author.ID)
	}
	t.Logf("%v, %d times busy", done, busy)
}

// Guesses that come at once count as those that come one after the other.
func TestGuessing(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	variants := []string{"customer@nordwind.example", "CUSTOMER@NORDWIND.EXAMPLE", " customer@nordwind.example ", "Customer@nordwind.example\t", "customer@nordwind.example\r\n"}
	const guesses = 40
	codes := make([]int, guesses)
	each(guesses, func(i int) {
		got := p.nobody().do(request{method: "POST", path: p.api("session"),
			json: map[string]string{"email": variants[i%len(variants)], "password": fmt.Sprint("wrong password ", i)},
			header: map[string]string{
				"X-Forwarded-For": fmt.Sprintf("10.0.0.%d", i), "X-Real-Ip": fmt.Sprintf("10.0.0.%d", i), "Forwarded": fmt.Sprintf("for=10.0.0.%d", i),
				"X-Postern-Client": fmt.Sprintf("10.0.0.%d", i), "True-Client-Ip": fmt.Sprintf("10.0.0.%d", i), "Cookie": fmt.Sprintf("a=%d", i), "User-Agent": fmt.Sprint(i),
			}})
		codes[i] = got.code
		if got.code == 429 && got.header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
	})
	text := fmt.Sprint(codes)
	// The window may end in between, and then begins anew.
	if n := strings.Count(text, "401"); n == 0 || n > 20 || strings.Count(text, "429") != guesses-n {
		t.Errorf("codes %v", codes)
	}
	// Addresses that look alike are others.
	for _, address := range []string{"customer+1@nordwind.example", "cust.omer@nordwind.example"} {
		if got := p.nobody().do(request{method: "POST", path: p.api("session"), json: map[string]string{"email": address, "password": sample.Password}}); got.code != 401 {
			t.Errorf("%s: %d", address, got.code)
		}
	}
	for _, address := range []string{`"customer"@nordwind.example`, "Anna <customer@nordwind.example>", "customer@nordwind.example,admin@postern.example", "customer@nordwind.example\x00", "customer\u200b@nordwind.example", "customer@nordwind.example#e", strings.Repeat("a", 300) + "@b.example"} {
		if got := p.nobody().do(request{method: "POST", path: p.api("session"), json: map[string]string{"email": address, "password": sample.Password}}); got.code != 422 && got.code != 401 {
			t.Errorf("%q: %d %s", address, got.code, got.body)
		}
	}
}

// An address that nobody has costs what one costs that somebody has: the same
// words and code, the same questions to the store.
func TestNobodyLearnsWhoHasAnAccount(t *testing.T) {
	p := newPlace(t) // not parallel: it counts what passes
	var mu sync.Mutex
	var asked []string
	at.tables.arm(t, func(operation, body string, _ http.ResponseWriter, _ func() *recorder) bool {
		if strings.Contains(body, p.id()) && !strings.Contains(body, stack.TablePrefix+schema.Settings) { // settings are read once a while
			mu.Lock()
			asked = append(asked, operation)
			mu.Unlock()
		}
		return false
	})
	type outcome struct{ said, asked string }
	try := func(email string) outcome {
		asked = nil
		got := p.nobody().do(request{method: "POST", path: p.api("session"), json: map[string]string{"email": email, "password": "wrong password"}})
		mu.Lock()
		defer mu.Unlock()
		return outcome{varying.ReplaceAllString(fmt.Sprint(got.code, got.body), ""), fmt.Sprint(asked)}
	}
	p.remove("credentials", p.id()+"#c#"+sample.Manager, "pw") // somebody without a password
	known := try("customer@nordwind.example")
	for what, email := range map[string]string{"nobody": "nobody@nordwind.example", "no password": "manager@nordwind.example"} {
		if got := try(email); got != known {
			t.Errorf("%s:\n%+v, somebody:\n%+v", what, got, known)
		}
	}
	// The page as well.
	form := func(email string) string {
		got := p.nobody().do(request{method: "POST", path: p.path("sign-in"), form: url.Values{"email": {email}, "password": {"wrong password"}}})
		return strings.ReplaceAll(fmt.Sprint(got.code, got.body), email, "")
	}
	if form("solo@einzel.example") != form("sol0@einzel.example") {
		t.Error("the page differs")
	}
}

// What is secret does not reach the log.
func TestLogKeepsNoSecrets(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	s := p.as(sample.Customer)
	_, secret, _ := strings.Cut(s.cookie, ".")
	const password, text, name = "a-wrong-password-4711", "a confidential sentence 4711", "Vertraulich4711"
	p.nobody().do(request{method: "POST", path: p.api("session"), json: map[string]string{"email": "customer@nordwind.example", "password": password}})
	s.do(request{method: "PUT", path: p.api("account", "password"), json: map[string]string{"current": password, "new": password}})
	s.reply(p.clone(sample.OwnTicket), map[string]any{"text": text})
	s.do(request{method: "PATCH", path: p.api("account"), json: map[string]string{"first": name}})
	s.do(request{method: "PATCH", path: p.api("account"), body: `{"first":"` + name, header: map[string]string{"Content-Type": "application/json"}})
	s.get(p.path("tickets") + "?q=" + name)
	log := at.log.String()
	if !strings.Contains(log, p.id()) {
		t.Error("the log says nothing of the portal; then this test shows nothing")
	}
	for _, word := range []string{password, text, name, secret, "customer@nordwind.example", hashOf(s)} {
		if strings.Contains(log, word) {
			t.Errorf("the log says %q", word)
		}
	}
}
