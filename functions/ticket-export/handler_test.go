package main

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"postern/infra/local/sample"
	"postern/shared/app"
	"postern/shared/dynamo"
	"postern/shared/functiontest"
	"postern/shared/portal"
)

// within are the limits that the handlers of this process keep.
var within = usual

func TestMain(m *testing.M) {
	functiontest.Main(m, "ticket-export", func(cfg app.Config, s *dynamo.Store, f *functiontest.Files) http.Handler {
		return newHandler(cfg, s, f, within)
	})
}

// table reads a file as programs do, and checks what holds for each.
func table(t *testing.T, body []byte) [][]string {
	t.Helper()
	text, marked := bytes.CutPrefix(body, []byte("\ufeff"))
	if !marked || !bytes.HasSuffix(text, []byte("\r\n")) || bytes.Contains(bytes.ReplaceAll(text, []byte("\r\n"), nil), []byte("\r")) {
		t.Errorf("it begins and ends with %q … %q", text[:min(20, len(text))], text[max(0, len(text)-20):])
	}
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// file is the file that an answer is.
func file(t *testing.T, a functiontest.Answer) [][]string {
	t.Helper()
	return table(t, []byte(a.Body))
}

var named = regexp.MustCompile(`^attachment; filename=portal-[a-z0-9]+-Tickets-20\d\d-\d\d-\d\d\.csv$`)

// holds checks header and subjects of a file, in order.
func holds(header string, subjects ...string) func(*testing.T, *functiontest.Portal, functiontest.Answer) {
	return func(t *testing.T, _ *functiontest.Portal, a functiontest.Answer) {
		t.Helper()
		if got := a.Header.Get("Content-Disposition"); !named.MatchString(got) {
			t.Errorf("it is called %q", got)
		}
		if got := a.Header.Get("Content-Type"); got != "text/csv; charset=utf-8; header=present" {
			t.Errorf("it is %q", got)
		}
		rows := file(t, a)
		if got := strings.Join(rows[0], ";"); got != header {
			t.Errorf("the header is %q", got)
		}
		var got []string
		for _, row := range rows[1:] {
			got = append(got, row[0])
		}
		if !slices.Equal(got, subjects) {
			t.Errorf("it holds %q, not %q", got, subjects)
		}
	}
}

func toSignIn(next string) func(*testing.T, *functiontest.Portal, functiontest.Answer) {
	return func(t *testing.T, p *functiontest.Portal, a functiontest.Answer) {
		t.Helper()
		got := a.Header.Get("Location")
		if want := "/" + p.Slug + "/sign-in?next=" + url.QueryEscape("/"+p.Slug+next); !strings.HasPrefix(got, want) {
			t.Errorf("leads to %q, not %q", got, want)
		}
	}
}

// Of the sample's tickets, who sees which, the last activity first.
var (
	customers = []string{
		"S200 verliert zwischen Halle 2 und 3 das WLAN", "Umstellung auf Firmware 4: Tagebuch Bremen", "Zugänge für die neue Spätschicht",
		"Neues Gerät lässt sich nicht anmelden: Fehler 41", "Gemeinsame Testumgebung mit Hafenkante einrichten",
		"Reparatur: Display gesprungen, NS2-24-118211", "Inventurliste zeigt Umlaute falsch an",
	}
	// Of the company, open, the oldest first.
	company = []string{
		"Umstellung auf Firmware 4: Tagebuch Bremen", "Reparatur: Display gesprungen, NS2-24-118211", "S200 verliert zwischen Halle 2 und 3 das WLAN",
		"Etikettendrucker D50 zieht zwei Etiketten auf einmal ein", "Angebot für 40 weitere S200 zum Herbst", "Zugänge für die neue Spätschicht",
	}
	everyones = []string{
		"S200 verliert zwischen Halle 2 und 3 das WLAN", "Umstellung auf Firmware 4: Tagebuch Bremen", "Zugänge für die neue Spätschicht",
		"Neues Gerät lässt sich nicht anmelden: Fehler 41", "Lagerblick: Rechnung als PDF statt per Post",
		"Handheld W10 drops Bluetooth when the ring scanner sleeps", "Etikettendrucker D50 zieht zwei Etiketten auf einmal ein",
		"Angebot für 40 weitere S200 zum Herbst", "Gemeinsame Testumgebung mit Hafenkante einrichten",
		"Reparatur: Display gesprungen, NS2-24-118211", "Inventurliste zeigt Umlaute falsch an",
	}
)

func TestFixtures(t *testing.T) {
	T := functiontest.T
	en := "Subject;Requested by;Created (Europe/Berlin);Owner;Last activity (Europe/Berlin);Status"
	de := "Betreff;Angefragt von;Erstellt (Europe/Berlin);Zuständig;Letzte Aktivität (Europe/Berlin);Status"
	session := functiontest.Want{Status: 401, Detail: T("de", "error.session"), Fields: []string{}}
	wrong := functiontest.Want{Status: 422, Detail: T("de", "error.invalid"), Fields: []string{"status", "limit", "cursor"}}
	gone := functiontest.Want{Status: 404, Lang: "de", See: map[string]string{"main": T("de", "exports.error.gone")}}
	functiontest.Fixtures(t, false, map[string]functiontest.Want{
		"export":         {Status: 200, Check: holds(de, customers...), Header: map[string]string{"Content-Encoding": "gzip", "Cache-Control": "private, no-store", "Vary": "Accept-Encoding"}},
		"export-en":      {Status: 200, Check: holds(en, customers[2], company[3])},
		"export-company": {Status: 200, Check: holds(de, company...)},
		"export-search": {Status: 200, Check: holds(de, customers[0]), Before: func(t *testing.T, p *functiontest.Portal) {
			p.Index(t, sample.OwnTicket, sample.LongTicket)
		}},
		"export-team":       {Status: 200, Check: holds(de, everyones...)},
		"export-no-company": {Status: 200, Check: holds(de)},
		"export-plain":      {Status: 200, Check: holds(de, customers...), Header: map[string]string{"Content-Encoding": ""}},
		"export-wrong":      {Status: 422, Lang: "de", See: map[string]string{"main": T("de", "error.invalid")}},
		"export-signed-out": {Status: 303, Check: toSignIn("/tickets/export.csv")},
		"csv":               {Status: 200, Check: holds(de, customers...)},
		"csv-closed":        {Status: 200, Check: holds(de, customers[3], customers[6])},
		"csv-wrong":         wrong,
		"csv-signed-out":    session,
		"csv-expired":       session,

		"page-running": {Status: 200, Lang: "de", See: map[string]string{"h1": T("de", "exports.title"), ".empty": "4.711", ".empty .primary": ""}},
		"page-ready":   {Status: 200, Lang: "de", See: map[string]string{".empty": T("de", "exports.ready"), "main a.primary[href$='/file']": T("de", "exports.download")}},
		"page-failed":  {Status: 200, Lang: "de", See: map[string]string{".empty": T("de", "exports.failed"), "main a.primary[href$='/tickets/export.csv?status=open']": T("de", "exports.again")}},
		"page-others":  gone, "page-unknown": gone,
		"page-signed-out": {Status: 303, Check: toSignIn("/exports/")},
		"json-running":    {Status: 200}, "json-ready": {Status: 200}, "json-failed": {Status: 200},
		"json-others":     {Status: 404, Detail: T("de", "exports.error.gone")},
		"json-malformed":  {Status: 404},
		"json-signed-out": session,
		"file":            {Status: 303}, "file-json": {Status: 303},
		"file-running": {Status: 409}, "file-others": gone,
		"file-signed-out":      {Status: 303, Check: toSignIn("/exports/")},
		"file-json-failed":     {Status: 409, Detail: T("de", "exports.error.notReady")},
		"file-json-signed-out": session,
	})
}

// limited has the handlers of the test's portals keep other limits.
func limited(t *testing.T, change func(*limits)) {
	t.Helper()
	change(&within)
	t.Cleanup(func() { within = usual })
}

// get follows the link that an answer leads to.
func get(t *testing.T, a functiontest.Answer) (*http.Response, []byte) {
	t.Helper()
	if a.Status != http.StatusSeeOther || !strings.Contains(a.Header.Get("Location"), "X-Amz-Expires=60&") {
		t.Fatalf("%d leads to %q: %s", a.Status, a.Header.Get("Location"), a.Body)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, a.Header.Get("Location"), nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept-Encoding", "identity")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, body
}

// What is more than an answer holds is stored, and led to for a minute: the same file,
// compressed for who reads that. Where S3 fails that is said, and nothing is there.
func TestLarge(t *testing.T) {
	limited(t, func(l *limits) { l.encoded = 500 })
	p := functiontest.New(t)
	for _, tt := range []struct {
		url      string
		header   map[string]string
		encoding string
	}{
		{"/{portal}/tickets/export.csv", map[string]string{"Accept-Encoding": "gzip"}, "gzip"},
		{"/{portal}/tickets/export.csv", map[string]string{"Accept-Encoding": "br, *;q=0.5"}, "gzip"},
		{"/{portal}/tickets/export.csv", map[string]string{"Accept-Encoding": "gzip;q=0, br"}, ""},
		{"/api/v1/{portal}/tickets/export.csv", nil, ""},
	} {
		response, body := get(t, p.Do(t, functiontest.Request{As: "customer", URL: tt.url, Header: tt.header}))
		if got := response.Header.Get("Content-Encoding"); got != tt.encoding || response.Header.Get("Content-Type") != "text/csv; charset=utf-8; header=present" ||
			!named.MatchString(response.Header.Get("Content-Disposition")) {
			t.Errorf("%s %v: %v", tt.url, tt.header, response.Header)
		}
		if tt.encoding == "gzip" {
			z, err := gzip.NewReader(bytes.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			if body, err = io.ReadAll(z); err != nil {
				t.Fatal(err)
			}
		}
		if rows := table(t, body); len(rows) != 1+len(customers) || rows[1][0] != customers[0] {
			t.Errorf("%s %v: %q", tt.url, tt.header, rows)
		}
	}
	for _, fault := range []functiontest.Fault{functiontest.Unreachable, functiontest.Denied} {
		p.Restart(t)
		p.Network.Break(func(_ int, c functiontest.Call) functiontest.Fault {
			if c.Service == "s3" {
				return fault
			}
			return functiontest.None
		})
		a := p.Do(t, functiontest.Request{As: "customer", URL: "/{portal}/tickets/export.csv"})
		if want := map[functiontest.Fault]int{functiontest.Unreachable: 503, functiontest.Denied: 500}[fault]; a.Status != want || a.Header.Get("Location") != "" {
			t.Errorf("%v: %d, %v", fault, a.Status, a.Header)
		}
		p.Network.Repair()
	}
}

// An answer is as long as Lambda takes it and no longer: what counts is what it comes to
// when it is written as JSON.
func TestBorder(t *testing.T) {
	p := functiontest.New(t)
	whole := p.Do(t, functiontest.Request{As: "customer", URL: "/api/v1/{portal}/tickets/export.csv"})
	size := encodedText([]byte(whole.Body))
	if size <= len(whole.Body) {
		t.Fatalf("%d bytes come to %d", len(whole.Body), size)
	}
	for encoded, status := range map[int]int{size: http.StatusOK, size - 1: http.StatusSeeOther, len(whole.Body): http.StatusSeeOther} {
		limited(t, func(l *limits) { l.encoded = encoded })
		p.Restart(t)
		if a := p.Do(t, functiontest.Request{As: "customer", URL: "/api/v1/{portal}/tickets/export.csv"}); a.Status != status {
			t.Errorf("%d of at most %d bytes: %d, not %d", size, encoded, a.Status, status)
		}
	}
}

// What takes longer than anybody waits is made by another function: the answer is where
// to look for it.
func TestLate(t *testing.T) {
	limited(t, func(l *limits) { l.work = 0 })
	p := functiontest.New(t)
	page := p.Do(t, functiontest.Request{As: "customer", URL: "/{portal}/tickets/export.csv?status=open", Header: map[string]string{"Accept-Encoding": "gzip"}})
	at, ok := strings.CutPrefix(page.Header.Get("Location"), "/"+p.Slug+"/exports/")
	if page.Status != http.StatusSeeOther || !ok {
		t.Fatalf("%d leads to %q", page.Status, page.Header.Get("Location"))
	}
	got, err := p.Store.Export(t.Context(), p.ID, sample.Customer, at, time.Now())
	if err != nil || got.State != portal.ExportRunning || got.Query != "status=open" || got.Language != "de" || got.Plain || got.API {
		t.Errorf("it is %+v, %v", got, err)
	}
	if a := p.Do(t, functiontest.Request{As: "customer", URL: "/{portal}/exports/" + at}); functiontest.Text(a.Page(t).Find("noscript")) == "" && a.Page(t).Find("head noscript").Length() == 0 {
		t.Error("without scripts the page would not go on")
	}

	const token = "token:admin:tickets:read"
	values, err := sample.Fixture(t.Context(), p.Store, p.Slug, false, time.Now(), []string{token})
	if err != nil {
		t.Fatal(err)
	}
	api := p.Do(t, functiontest.Request{URL: "/api/v1/{portal}/tickets/export.csv", Header: map[string]string{"Authorization": "Bearer " + values[token]}})
	var v exportView
	api.JSON(t, &v)
	if api.Status != http.StatusAccepted || api.Header.Get("Location") != "/api/v1/"+p.Slug+"/exports/"+v.ID || v.State != portal.ExportRunning || v.Href != nil {
		t.Errorf("%d %v: %+v", api.Status, api.Header, v)
	}
	if got, err = p.Store.Export(t.Context(), p.ID, sample.Admin, v.ID, time.Now()); err != nil || !got.Plain || !got.API {
		t.Errorf("it is %+v, %v", got, err)
	}
	// What a program has asked for, its token's owner finds.
	if a := p.Do(t, functiontest.Request{As: "admin", URL: "/{portal}/exports/" + v.ID}); a.Status != http.StatusOK {
		t.Errorf("%d", a.Status)
	}
	if log := p.Log(t); len(log) != 2 || log[0].Action != portal.AuditTicketsExported || log[0].Actor != sample.Admin {
		t.Errorf("the log has %+v", log)
	}
	for n := range jobs.most {
		a := p.Do(t, functiontest.Request{As: "solo", URL: "/api/v1/{portal}/tickets/export.csv"})
		if a.Status != http.StatusAccepted {
			t.Fatalf("%d: %d", n, a.Status)
		}
	}
	last := p.Do(t, functiontest.Request{As: "solo", URL: "/api/v1/{portal}/tickets/export.csv"})
	if last.Status != http.StatusTooManyRequests || last.Header.Get("Retry-After") == "" || last.Problem(t).Detail != functiontest.T("de", "exports.error.manyLarge", "max", "10") {
		t.Errorf("%d %v %s", last.Status, last.Header, last.Body)
	}
}

// Who of the team sees the portal as a customer does gets what the customer would, and
// nothing is begun or shown in that customer's name.
func TestViewingAs(t *testing.T) {
	p := functiontest.New(t)
	as := functiontest.Request{
		URL: "/{portal}/tickets/export.csv", Cookie: []string{p.SessionOf(t, sample.Agent, func(s *portal.Session) { s.As = sample.Customer })},
	}
	if a := p.Do(t, as); a.Status != http.StatusOK || len(file(t, a)) != 1+len(customers) {
		t.Errorf("%d: %s", a.Status, a.Body)
	}
	if log := p.Log(t); len(log) != 1 || log[0].Actor != sample.Agent || log[0].Subject != sample.Customer {
		t.Errorf("the log has %+v", log)
	}
	limited(t, func(l *limits) { l.work = 0 })
	p.Restart(t)
	if a := p.Do(t, as); a.Status != http.StatusForbidden || !strings.Contains(a.Body, functiontest.T("de", "exports.error.viewingAs")) {
		t.Errorf("%d: %s", a.Status, a.Body)
	}
	e := portal.Export{ID: dynamo.NewID(time.Now()), Person: sample.Customer, Created: time.Now()}
	if err := p.Store.PutExport(t.Context(), p.ID, e); err != nil {
		t.Fatal(err)
	}
	as.URL = "/{portal}/exports/" + e.ID
	if a := p.Do(t, as); a.Status != http.StatusNotFound {
		t.Errorf("%d", a.Status)
	}
	if a := p.Do(t, functiontest.Request{As: "customer", URL: as.URL}); a.Status != http.StatusOK {
		t.Errorf("%d", a.Status)
	}
}

// An export is gone after a day, and one that nothing is heard of has failed.
func TestAge(t *testing.T) {
	p := functiontest.New(t)
	for _, tt := range []struct {
		age    time.Duration
		status int
		state  portal.ExportState
	}{
		{time.Minute, 200, portal.ExportRunning}, {29 * time.Minute, 200, portal.ExportRunning}, {31 * time.Minute, 200, portal.ExportFailed},
		{portal.ExportAge - time.Minute, 200, portal.ExportFailed}, {portal.ExportAge + time.Second, 404, ""},
	} {
		e := portal.Export{ID: dynamo.NewID(time.Now()), Person: sample.Customer, Created: time.Now().Add(-tt.age)}
		if err := p.Store.PutExport(t.Context(), p.ID, e); err != nil {
			t.Fatal(err)
		}
		a := p.Do(t, functiontest.Request{As: "customer", URL: "/api/v1/{portal}/exports/" + e.ID})
		if a.Status != tt.status {
			t.Fatalf("%v: %d", tt.age, a.Status)
		}
		if tt.status == http.StatusOK {
			var v exportView
			if a.JSON(t, &v); v.State != tt.state {
				t.Errorf("%v: %s", tt.age, v.State)
			}
		}
	}
}

// Who would rather not wait need not, however little there is.
func TestPrefer(t *testing.T) {
	p := functiontest.New(t)
	for prefer, status := range map[string]int{
		"respond-async": 202, "wait=10, Respond-Async;x=1": 202, "return=minimal": 200, "respond-asynchronously": 200,
	} {
		a := p.Do(t, functiontest.Request{As: "customer", URL: "/api/v1/{portal}/tickets/export.csv", Header: map[string]string{"Prefer": prefer}})
		if a.Status != status {
			t.Errorf("%s: %d, not %d", prefer, a.Status, status)
		}
	}
}

func TestManyExports(t *testing.T) {
	p := functiontest.New(t)
	for range exports.most {
		if _, _, err := p.Store.Attempt(t.Context(), p.ID, exports.what, sample.Customer, 1, exports.window, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	a := p.Do(t, functiontest.Request{As: "customer", URL: "/{portal}/tickets/export.csv"})
	if a.Status != http.StatusTooManyRequests || !strings.Contains(a.Body, functiontest.T("de", "exports.error.many", "max", "60")) {
		t.Errorf("%d: %s", a.Status, a.Body)
	}
}

func TestFaults(t *testing.T) {
	// A failing counter, log or read is said; a session's use need not be written.
	functiontest.Faults(t, false, "export-team", nil, nil)
	functiontest.Faults(t, false, "page-ready", nil, nil)
	functiontest.Touch(t, "export")
}
