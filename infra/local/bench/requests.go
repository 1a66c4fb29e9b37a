package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"postern/shared/auth"
	"postern/shared/auth/password"
	"postern/shared/dynamo"
	"postern/shared/portal"
)

// company is a portal with one company of so many tickets.
type company struct {
	tickets  int
	settings portal.Settings
	customer portal.Person
	cookie   *http.Cookie
	team     *http.Cookie // of a member of the team
	ticket   string       // one of the customer's, with a page of messages
	password string
}

// load makes the portal. The customer has 200 of the company's tickets.
func load(ctx context.Context, store *dynamo.Store, n int) (company, error) {
	slug := "bench" + strconv.Itoa(n)
	now := time.Now().UTC().Truncate(time.Millisecond)
	s := portal.Recommended()
	s.ID, s.Slug, s.Name, s.Version, s.Active = slug, slug, "Bench", 1, true
	s.Key = bytes.Repeat([]byte{7}, 32)
	s.CompanyView = true
	s.Pipelines = []portal.Pipeline{{ID: "support", Name: portal.Text{"en": "Support"}, ReopenStage: "open", Stages: []portal.Stage{
		{ID: "open", Name: portal.Text{"en": "Open"}, State: portal.Open}, {ID: "done", Name: portal.Text{"en": "Done"}, State: portal.Closed},
	}}}
	s.Properties = []portal.Property{{Name: "product", Type: portal.TypeText, Visible: true, Label: portal.Text{"en": "Product"}}}
	s.Staff = []portal.Staff{{ID: "staff00000001", First: "Jo", Last: "Miller", Email: "jo@bench.example", Role: portal.Agent}}
	s.Inboxes = []portal.Inbox{{ID: "inbox", Name: "Support"}}
	if err := store.PutSettings(ctx, s); err != nil {
		return company{}, err
	}
	c := company{tickets: n, settings: s, password: "a long password"}
	c.customer = portal.Person{ID: "customer00000001", First: "Ada", Last: "Byron", Email: "ada@bench.example", Language: "en",
		Company: "company00000001", Role: portal.Customer, Created: now.AddDate(-3, 0, 0)}
	hash, err := password.Hash(c.password)
	if err != nil {
		return company{}, err
	}
	agent := portal.Person{ID: s.Staff[0].ID, First: s.Staff[0].First, Last: s.Staff[0].Last, Email: s.Staff[0].Email, Language: "en",
		Role: portal.Agent, Created: now.AddDate(-3, 0, 0)}
	if err := store.PutPeople(ctx, s.ID, []portal.Company{{ID: c.customer.Company, Name: "Bench"}}, []portal.Person{c.customer, agent},
		map[string]string{c.customer.ID: hash}); err != nil {
		return company{}, err
	}
	for person, cookie := range map[string]**http.Cookie{c.customer.ID: &c.cookie, agent.ID: &c.team} {
		token := auth.NewToken(person)
		if err := store.PutSession(ctx, s.ID, token.Hash(), auth.NewSession(person, &s, now)); err != nil {
			return company{}, err
		}
		*cookie = auth.Cookie(s.ID, token, true)
	}

	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(4)
	own := max(n/200, 1)
	for chunk := range slices.Chunk(indexes(n), 100) {
		g.Go(func() error {
			whole := make([]dynamo.WholeTicket, len(chunk))
			for j, i := range chunk {
				created := now.Add(-time.Duration(n-i) * time.Minute)
				t := portal.Ticket{
					ID: dynamo.NewID(created), Number: int64(i + 1), Rev: 1, Subject: fmt.Sprintf("Scanner %d loses the network in hall %d", i, i%9),
					Pipeline: "support", Stage: "open", State: portal.Open, Owner: "staff00000001", Inbox: "inbox",
					Companies: []string{c.customer.Company}, Requester: "Charles Babbage", Thread: "thread00000001",
					Created: created, Activity: created.Add(30 * time.Second), ActivityBy: "staff00000001",
					Properties: map[string]string{"product": "Scanner"},
				}
				if i%3 == 0 {
					t.State, t.Stage, t.Closed = portal.Closed, "done", created.Add(30*time.Second)
				}
				if i%own == 0 {
					t.Contacts, t.Requester = []string{c.customer.ID}, c.customer.Name()
				}
				whole[j] = dynamo.WholeTicket{Ticket: t}
			}
			return store.PutTickets(gctx, &s, whole)
		})
	}
	if err := g.Wait(); err != nil {
		return company{}, err
	}
	// One conversation of a full page, on top.
	t := portal.Ticket{ID: dynamo.NewID(now), Number: int64(n + 1), Rev: 1, Subject: "The conversation", Pipeline: "support", Stage: "open",
		State: portal.Open, Owner: "staff00000001", Inbox: "inbox", Contacts: []string{c.customer.ID}, Companies: []string{c.customer.Company},
		Requester: c.customer.Name(), Thread: "thread00000001", Created: now, Activity: now, ActivityBy: c.customer.ID}
	w := dynamo.WholeTicket{Ticket: t}
	for i := range 25 {
		at := now.Add(-time.Duration(25-i) * time.Minute)
		w.Messages = append(w.Messages, portal.Message{ID: dynamo.NewID(at), Thread: t.Thread, Kind: portal.Reply, Created: at,
			Author: portal.Author{ID: "staff00000001", Team: true}, HTML: "<p>" + strings.Repeat("The scanner is back on the network. ", 12) + "</p>", Sanitizer: 1})
	}
	c.ticket = t.ID
	return c, store.PutTickets(ctx, &s, []dynamo.WholeTicket{w})
}

func indexes(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

// teamFunction answers the team; its requests are a member's.
const teamFunction = "inbox"

// step is one kind of request.
type step struct {
	name, route, function string
	request               func(i int) (method, path, contentType, body string)
	want                  int
}

func (c company) steps() []step {
	page, api := "/"+c.settings.Slug, "/api/v1/"+c.settings.Slug
	get := func(path string) func(int) (string, string, string, string) {
		return func(int) (string, string, string, string) { return "GET", path, "", "" }
	}
	post := func(path, body string) func(int) (string, string, string, string) {
		return func(int) (string, string, string, string) { return "POST", path, "application/json", body }
	}
	writing := func(path string) func(int) (string, string, string, string) {
		return func(i int) (string, string, string, string) {
			body, _ := json.Marshal(map[string]any{"id": dynamo.NewID(time.Now()), "html": fmt.Sprintf("<p>Answer <strong>%d</strong> of the bench.</p>", i)})
			return "POST", api + path, "application/json", string(body)
		}
	}
	inbox := "/inbox/" + c.ticket
	return []step{
		{"list, company's", "GET /{portal}/tickets", "ticket-list", get(page + "/tickets?view=company"), 200},
		{"list, company's open", "GET /{portal}/tickets", "ticket-list", get(page + "/tickets?view=company&status=open"), 200},
		{"list, mine", "GET /{portal}/tickets", "ticket-list", get(page + "/tickets"), 200},
		{"list, JSON", "GET /api/v1/{portal}/tickets", "ticket-list", get(api + "/tickets?view=company"), 200},
		{"ticket", "GET /{portal}/tickets/{ticket}", "ticket-detail", get(page + "/tickets/" + c.ticket), 200},
		{"ticket, anything new?", "GET /api/v1/{portal}/tickets/{ticket}/activity", "ticket-detail", get(api + "/tickets/" + c.ticket + "/activity"), 200},
		{"announce a file", "POST /api/v1/{portal}/attachments", "ticket-attachment", post(api+"/attachments", `{"name":"a.png","type":"image/png","size":1000}`), 201},
		{"account", "GET /{portal}/account", "account", get(page + "/account"), 200},
		{"sign-in page", "GET /{portal}/sign-in", "sign-in", get("/" + c.settings.Slug + "/sign-in"), 303},
		{"sign in", "POST /api/v1/{portal}/session", "sign-in", post(api+"/session", `{"email":"`+c.customer.Email+`","password":"`+c.password+`"}`), 204},
		{"close and reopen", "POST /api/v1/{portal}/tickets/{ticket}/close", "ticket-close", func(i int) (string, string, string, string) {
			verb := "/close"
			if i%2 == 1 {
				verb = "/reopen"
			}
			return "POST", api + "/tickets/" + c.ticket + verb, "application/json", "{}"
		}, 200},
		{"reply", "POST /api/v1/{portal}/tickets/{ticket}/replies", "ticket-reply", writing("/tickets/" + c.ticket + "/replies"), 201},
		{"inbox", "GET /{portal}/inbox", teamFunction, get(page + "/inbox"), 200},
		{"inbox, mine", "GET /{portal}/inbox", teamFunction, get(page + "/inbox?owner=mine"), 200},
		{"inbox, counts", "GET /api/v1/{portal}/inbox-counts", teamFunction, get(api + "/inbox-counts"), 200},
		{"thread", "GET /{portal}/inbox/{ticket}", teamFunction, get(page + inbox), 200},
		{"thread, who is here?", "GET /api/v1/{portal}/inbox/{ticket}/activity", teamFunction, get(api + inbox + "/activity"), 200},
		{"answer", "POST /api/v1/{portal}/inbox/{ticket}/replies", teamFunction, writing(inbox + "/replies"), 201},
		{"comment", "POST /api/v1/{portal}/inbox/{ticket}/comments", teamFunction, writing(inbox + "/comments"), 201},
	}
}

// client reuses its connection, and sees bodies as they come over the wire.
var client = &http.Client{
	Transport:     &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 4},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

func (c company) do(ctx context.Context, base string, st step, i int) (took time.Duration, bytes int, err error) {
	method, path, contentType, body := st.request(i)
	r, err := http.NewRequestWithContext(ctx, method, base+path, strings.NewReader(body))
	if err != nil {
		return 0, 0, err
	}
	r.Header.Set("Accept-Encoding", "gzip")
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	switch {
	case st.function == teamFunction:
		r.AddCookie(c.team)
	case st.name != "sign in":
		r.AddCookie(c.cookie)
	}
	began := time.Now()
	resp, err := client.Do(r)
	if err != nil {
		return 0, 0, err
	}
	data, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	took = time.Since(began)
	if err == nil && resp.StatusCode != st.want {
		err = fmt.Errorf("%s: %s %s answered %d: %.200s", st.name, method, path, resp.StatusCode, data)
	}
	return took, len(data), err
}

// measure sends each kind of request one after the other, by one client.
func measure(ctx context.Context, base string, c company, log *lines, n int) ([]Request, error) {
	var rows []Request
	for _, st := range c.steps() {
		count := n
		if st.name == "sign in" {
			count = max(n/10, 10) // argon2id takes its time, on purpose
		}
		for i := range 4 { // a warm function, and settings that were read
			if _, _, err := c.do(ctx, base, st, i); err != nil {
				return nil, err
			}
		}
		log.take(st.route)
		cpu := cpuTimes(st.function)
		took := make([]time.Duration, count)
		q := Request{Name: st.name, Tickets: c.tickets}
		for i := range count {
			var err error
			if took[i], q.Bytes, err = c.do(ctx, base, st, i); err != nil {
				return nil, err
			}
		}
		q.CPU = float64(cpuSince(cpu, st.function).Microseconds()) / 1000 / float64(count)
		slices.Sort(took)
		q.P50 = float64(took[count/2].Microseconds()) / 1000
		q.P99 = float64(took[count*99/100].Microseconds()) / 1000
		// The price of the median request: now and then one reads the settings
		// or writes when the session was last used.
		if all := log.take(st.route); len(all) > 0 {
			slices.SortFunc(all, func(a, b entry) int { return a.Trips - b.Trips })
			m := all[len(all)/2]
			q.Trips, q.Read, q.Write = m.Trips, m.Read, m.Write
		}
		rows = append(rows, q)
	}
	return rows, nil
}

// cpuTimes is what each process of the function has used so far, from /proc.
func cpuTimes(function string) map[string]time.Duration {
	used := map[string]time.Duration{}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, f := range stats {
		program, err := os.Readlink(filepath.Join(filepath.Dir(f), "exe"))
		if err != nil || !strings.Contains(program, "/.build/") || !strings.Contains(program, "/"+function) {
			continue
		}
		data, err := os.ReadFile(f)
		if err != nil {
			continue
		}
		_, rest, _ := strings.Cut(string(data), ") ")
		fields := strings.Fields(rest)
		if len(fields) < 13 {
			continue
		}
		for _, field := range fields[11:13] { // utime and stime (proc_pid_stat(5)), in 1/100 s
			n, _ := strconv.Atoi(field)
			used[f] += time.Duration(n) * 10 * time.Millisecond
		}
	}
	return used
}

// cpuSince is what the function's processes have used since before.
func cpuSince(before map[string]time.Duration, function string) time.Duration {
	var sum time.Duration
	for process, used := range cpuTimes(function) {
		sum += used - before[process]
	}
	return sum
}

// Visit is what a browser with an empty cache fetches for a page.
type Visit struct {
	Name     string `json:"name"`
	Requests int    `json:"requests"`
	Bytes    int    `json:"bytes"` // bodies and headers, gzipped as a browser asks for it
}

var asset = regexp.MustCompile(`(?:href|src)="(/assets/v/[^"]+)"`)

// visits fetches pages with everything that they name. Modules that a script
// loads later, such as the editor, are not among it.
func visits(ctx context.Context, base string, c company) ([]Visit, error) {
	var all []Visit
	for _, page := range []struct{ name, path string }{
		{"sign-in", "/" + c.settings.Slug + "/sign-in"},
		{"list", "/" + c.settings.Slug + "/tickets?view=company"},
		{"ticket", "/" + c.settings.Slug + "/tickets/" + c.ticket},
	} {
		v := Visit{Name: page.name}
		queue := []string{page.path}
		seen := map[string]bool{}
		for len(queue) > 0 {
			path := queue[0]
			queue = queue[1:]
			if seen[path] {
				continue
			}
			seen[path] = true
			u, err := url.Parse(base + path)
			if err != nil {
				return nil, err
			}
			r, err := http.NewRequestWithContext(ctx, "GET", u.String(), nil)
			if err != nil {
				return nil, err
			}
			if page.name != "sign-in" {
				r.AddCookie(c.cookie)
			}
			resp, err := http.DefaultClient.Do(r) // reads the body unzipped, to find what it names
			if err != nil {
				return nil, err
			}
			body, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if err != nil {
				return nil, err
			}
			if resp.StatusCode != 200 {
				return nil, fmt.Errorf("GET %s answered %d", path, resp.StatusCode)
			}
			r.Header.Set("Accept-Encoding", "gzip")
			if resp, err = client.Do(r); err != nil {
				return nil, err
			}
			wire, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if err != nil {
				return nil, err
			}
			var header bytes.Buffer
			resp.Header.Write(&header)
			v.Requests++
			v.Bytes += len(wire) + header.Len()
			if strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") {
				for _, m := range asset.FindAllSubmatch(body, -1) {
					queue = append(queue, string(m[1]))
				}
			}
			for _, m := range imports.FindAllSubmatch(body, -1) {
				if strings.HasSuffix(path, ".js") {
					queue = append(queue, "/assets/v/"+string(m[1]))
				}
			}
		}
		all = append(all, v)
	}
	return all, nil
}

// imports are the modules that a script needs at once.
var imports = regexp.MustCompile(`(?:import|from)\s*"\./([^"]+)"`)
