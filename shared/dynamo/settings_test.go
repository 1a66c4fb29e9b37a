package dynamo_test

import (
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"postern/shared/dynamo"
	"postern/shared/dynamo/dynamotest"
	"postern/shared/dynamo/schema"
	"postern/shared/portal"
)

// complete makes every setting something that is not the recommended.
func complete(s *portal.Settings) {
	s.Version, s.Active, s.Archived = 9, true, true
	s.Saved = portal.Saved{At: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), By: "admin@nordwind.example"}
	s.Languages, s.TimeZone = []string{"de", "en"}, "Europe/Berlin"
	s.Logo, s.LogoDark, s.Favicon = strings.Repeat("a", 32)+".png", strings.Repeat("b", 32)+".svg", strings.Repeat("c", 32)+".ico"
	s.Font, s.Radius, s.ButtonStyle = portal.FontSerif, portal.RadiusLarge, portal.ButtonOutline
	s.HeaderLinks = []portal.MenuLink{{Label: portal.Text{"de": "Hilfe", "en": "Help"}, URL: "https://nordwind.example/help"}}
	s.FooterLinks = []portal.MenuLink{{Label: portal.Text{"en": "Terms"}, URL: "https://nordwind.example/terms"}}
	s.Accent, s.ImprintURL, s.PrivacyURL = "#1f5fbf", "https://nordwind.example/imprint", "https://nordwind.example/privacy"
	s.Words = map[string]portal.Words{"de": {One: "Bestellung", Many: "Bestellungen"}}
	s.SystemTemplate = portal.TemplateSplit
	s.SystemPages = map[portal.SystemPage]portal.PageText{portal.PageSignIn: {Title: portal.Text{"de": "Hallo"}, Text: portal.Text{"de": "Schön.", "en": "Fine."}}, portal.PageOff: {}}
	s.Access, s.AskAccess, s.JoinDomains = portal.ByRegistration, "help@nordwind.example", true
	s.Groups = []portal.AccessGroup{{ID: "customers", Name: "Customers", Static: true}, {ID: "gold", Name: "Gold", Rule: portal.Filter{{{Property: "plan", Op: portal.OpIs, Values: []string{"gold"}}}}}}
	s.Consent = portal.Consent{Text: portal.Text{"en": "We keep what you write."}, Label: portal.Text{"en": "I agree"}, Legal: []portal.LegalLink{{Label: portal.Text{"en": "Terms"}, URL: "https://nordwind.example/terms"}}}
	s.Providers, s.RequireSSO = []portal.Provider{{ID: "provider01", Name: "Account", Preset: portal.Google, Issuer: "https://accounts.google.com", ClientID: "postern", Domains: []string{"nordwind.example"}}}, true
	s.TeamSecondFactor = true
	s.ContactProperties = []portal.Property{{Name: "plan", Type: portal.TypeText}}
	s.CompanyProperties = []portal.Property{{Name: "tier", Type: portal.TypeNumber}}
	s.CompanyView, s.CompanyRule = true, portal.Filter{{{Property: portal.ContactManager, Op: portal.OpIs, Values: []string{"true"}}}}
	s.Visible = portal.Filter{{{Property: portal.PropStatus, Op: portal.OpIs, Values: []string{"open"}}, {Property: "cost", Op: portal.OpEmpty}}, {{Property: "product", Op: portal.OpAnyOf, Values: []string{"a", "b"}}}}
	s.Columns = []portal.Column{{Property: portal.PropSubject, Label: portal.Text{"de": "Worum"}}, {Property: portal.PropStatus}}
	s.OwnerName, s.OwnerAlias, s.CustomStages = portal.OwnerAliased, "Team Nord", true
	s.RepliesToClosed, s.Closing, s.Reopening = true, true, true
	s.CloseStage = map[string]string{dynamotest.Support: dynamotest.Done}
	s.ReopenDays, s.IdleMinutes, s.SessionHours, s.MaxFiles, s.MaxFileBytes = 7, 15, 8, 3, 1<<20
	s.ForbiddenExts = []string{"iso"}
	s.SupportForm = portal.SupportForm{Form: "contact", Menu: portal.Text{"de": "Schreiben"}, Header: portal.Text{"en": "Hello"}}
	s.DefaultInbox, s.MailText, s.MailFrom = "mail", true, "help@nordwind.example"
	s.Inboxes[0].Email, s.Inboxes[0].Members = "mail@nordwind.example", []string{dynamotest.Agent}
	for i := range 12 {
		s.Properties = append(s.Properties, portal.Property{Name: fmt.Sprintf("p%02d", 11-i), Type: portal.TypeText})
	}
	s.Pipelines = append(s.Pipelines, portal.Pipeline{ID: "a", Name: portal.Text{"en": "A"}, Stages: []portal.Stage{{ID: "x", State: portal.Closed, Archived: true}}})
}

func TestSettingsRoundTrip(t *testing.T) {
	store := dynamotest.Store(t)
	for name, change := range map[string]func(*portal.Settings){
		"as the tests have them": func(*portal.Settings) {},
		"complete":               complete,
		"everything off": func(s *portal.Settings) {
			s.MailText = false
			s.Active, s.CompanyView, s.RepliesToClosed, s.Closing, s.Reopening = false, false, false, false, false
			s.ReopenDays, s.MaxFiles, s.MaxFileBytes, s.IdleMinutes = 0, 0, 0, 0
			s.ForbiddenExts, s.Columns, s.Visible = []string{}, []portal.Column{}, nil
			s.Pipelines, s.Properties, s.Inboxes, s.Staff = []portal.Pipeline{}, []portal.Property{}, []portal.Inbox{}, []portal.Staff{}
		},
	} {
		t.Run(name, func(t *testing.T) {
			want := dynamotest.NewPortal(t, store, change)
			if name == "complete" {
				filled(t, *want)
			}
			got, err := store.Settings(t.Context(), want.Slug, 0)
			if err != nil {
				t.Fatal(err)
			}
			same(t, "settings", got, want)
		})
	}
}

// A portal whose item lacks a setting gets the recommended one, whatever is
// beside it.
func TestSettingsOfAnOlderVersion(t *testing.T) {
	store := dynamotest.Store(t)
	settings := raw(t, schema.Settings)
	p := dynamotest.Portal(t)
	settings.put(t, "slug#"+p, "s", item{"portal": str(p)})
	settings.put(t, p, "p", item{
		"ID": str(p), "Name": str("Old"), "Closing": &types.AttributeValueMemberBOOL{Value: false}, "Removed": str("since"),
		"Columns": &types.AttributeValueMemberL{Value: []types.AttributeValue{
			&types.AttributeValueMemberM{Value: item{"Property": str("status")}},
		}},
	})
	settings.put(t, p, "pipeline#b", item{"order": num(1), "value": &types.AttributeValueMemberM{Value: item{"ID": str("b")}}})
	settings.put(t, p, "pipeline#a", item{"order": num(2), "value": &types.AttributeValueMemberM{Value: item{"ID": str("a")}}})
	settings.put(t, p, "newer#kind", item{"x": str("y")})
	got, err := store.Settings(t.Context(), p, 0)
	if err != nil {
		t.Fatal(err)
	}
	want := portal.Recommended()
	want.ID, want.Slug, want.Name, want.Closing = p, p, "Old", false
	want.Columns = []portal.Column{{Property: "status"}}
	want.Pipelines = []portal.Pipeline{{ID: "b"}, {ID: "a"}}
	want.Properties, want.Inboxes, want.Staff = []portal.Property{}, []portal.Inbox{}, []portal.Staff{}
	same(t, "settings", *got, want)
	if fresh := portal.Recommended(); !reflect.DeepEqual(fresh.Columns, portal.RecommendedColumns()) {
		t.Errorf("the recommended settings changed: %v", fresh.Columns)
	}
}

func TestNoPortal(t *testing.T) {
	w := &wire{}
	store := behind(t, w)
	dangling := dynamotest.ID(t)
	raw(t, schema.Settings).put(t, "slug#"+dangling, "s", item{"portal": str("gone00000001")})
	for _, tt := range []struct {
		slug  string
		reads int
	}{
		{dynamotest.ID(t), 1}, {"", 0}, {strings.Repeat("x", 5000), 0}, {"wp-login.php" + dynamotest.ID(t), 1}, {"\xff\x00" + dynamotest.ID(t), 1}, {dangling, 1},
	} {
		w.set(nil)
		for range 3 {
			if _, err := store.Settings(t.Context(), tt.slug, 0); portal.KindOf(err) != portal.NotFound {
				t.Errorf("%.20q: %v", tt.slug, err)
			}
		}
		if got := w.count("GetItem"); got != tt.reads {
			t.Errorf("%.20q: read %d times, want %d", tt.slug, got, tt.reads)
		}
	}
}

func TestSettingsCache(t *testing.T) {
	w := &wire{}
	store, writer := behind(t, w), dynamotest.Store(t)
	s := dynamotest.NewPortal(t, writer)
	read := func(version int64) (int64, error) {
		got, err := store.Settings(t.Context(), s.Slug, version)
		if err != nil {
			return 0, err
		}
		return got.Version, nil
	}
	expect := func(what string, version, want int64, reads int) {
		t.Helper()
		before := w.count("Query")
		got, err := read(version)
		if err != nil || got != want || w.count("Query")-before != reads {
			t.Errorf("%s: version %d after %d reads, %v; want %d after %d", what, got, w.count("Query")-before, err, want, reads)
		}
	}
	save := func(version int64) {
		t.Helper()
		s.Version = version
		if err := writer.PutSettings(t.Context(), *s); err != nil {
			t.Fatal(err)
		}
	}
	expect("first", 0, 1, 1)
	expect("again", 1, 1, 0)
	save(2)
	expect("cached, though there is something newer", 1, 1, 0)
	expect("who saved it asks for it", 2, 2, 1)
	expect("and so do all, from then on", 0, 2, 0)
	save(3)
	store.Age(s.Slug, dynamo.SettingsAge)
	expect("too old", 0, 3, 1)

	w.set(throttled)
	store.Age(s.Slug, dynamo.SettingsAge)
	if got, err := read(0); got != 3 || err != nil {
		t.Errorf("throttled: %d, %v", got, err)
	}
	asked := w.count("GetItem")
	expect("throttled, and not asked again at once", 0, 3, 0)
	if got := w.count("GetItem"); got != asked {
		t.Errorf("asked again: %d times", got-asked)
	}
	if _, err := read(4); portal.KindOf(err) != portal.Unavailable {
		t.Errorf("throttled, and something newer asked for: %v", err)
	}
	if _, err := store.Settings(t.Context(), dynamotest.ID(t), 0); portal.KindOf(err) != portal.Unavailable {
		t.Errorf("throttled, and never read: %v", err)
	}
	save(4)
	w.set(nil)
	store.Age(s.Slug, dynamo.RetryAge)
	expect("later", 0, 4, 1)
	expect("a version that was never saved", 9, 4, 1)

	// A portal that is gone is gone, and not served from the cache.
	raw(t, schema.Settings).delete(t, "slug#"+s.Slug, "s")
	store.Age(s.Slug, dynamo.SettingsAge)
	if _, err := read(0); portal.KindOf(err) != portal.NotFound {
		t.Errorf("gone: %v", err)
	}
	// An unknown one that was made meanwhile appears.
	save(5)
	if _, err := read(0); portal.KindOf(err) != portal.NotFound {
		t.Errorf("cached as unknown: %v", err)
	}
	store.Age(s.Slug, dynamo.SettingsAge)
	expect("made again", 0, 5, 1)
}

// Strangers who ask for any slug do not crowd out the portals that there are,
// nor fill the memory.
func TestSettingsCacheIsBounded(t *testing.T) {
	w := &wire{}
	store := behind(t, w)
	s := dynamotest.NewPortal(t, store)
	if _, err := store.Settings(t.Context(), s.Slug, 0); err != nil {
		t.Fatal(err)
	}
	w.set(func(r request) (*http.Response, error) { return respond(http.StatusOK, map[string]any{}), nil })
	for i := range 3 * dynamo.MaxCached {
		if _, err := store.Settings(t.Context(), fmt.Sprint("unknown-", i), 0); portal.KindOf(err) != portal.NotFound {
			t.Fatal(err)
		}
		if n := store.Cached(); n > dynamo.MaxCached {
			t.Fatalf("%d are cached", n)
		}
	}
	if _, err := store.Settings(t.Context(), s.Slug, 0); err != nil || w.count("Query") != 0 {
		t.Errorf("the portal was read again: %v", err)
	}
}

// A read that takes long does not put what it found before what is newer.
func TestSlowRead(t *testing.T) {
	w := &wire{}
	store := behind(t, w)
	s := dynamotest.NewPortal(t, store)
	slow, goOn := make(chan struct{}), make(chan struct{})
	w.set(func(r request) (*http.Response, error) {
		if r.operation != "Query" || r.attempt != 1 {
			return nil, nil
		}
		old, err := r.forward(r.body)
		close(slow)
		<-goOn
		if err != nil {
			return nil, err
		}
		return respond(http.StatusOK, old), nil
	})
	done := make(chan int64)
	go func() {
		got, err := store.Settings(t.Context(), s.Slug, 0)
		if err != nil {
			t.Error(err)
			got = s
		}
		done <- got.Version
	}()
	<-slow
	s.Version = 2
	if err := store.PutSettings(t.Context(), *s); err != nil {
		t.Fatal(err)
	}
	if got, err := store.Settings(t.Context(), s.Slug, 2); err != nil || got.Version != 2 {
		t.Fatalf("version %v, %v", got, err)
	}
	close(goOn)
	if got := <-done; got != 2 {
		t.Errorf("the slow read returned version %d", got)
	}
	if got, err := store.Settings(t.Context(), s.Slug, 0); err != nil || got.Version != 2 {
		t.Errorf("the slow read is cached: %v, %v", got, err)
	}
}

// Many requests at once share the cache (with -race).
func TestSettingsAtOnce(t *testing.T) {
	store := dynamotest.Store(t)
	s := dynamotest.NewPortal(t, store)
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			for range 20 {
				got, err := store.Settings(t.Context(), s.Slug, int64(i%3))
				if err != nil || !slices.ContainsFunc(got.ShownColumns(), func(c portal.Column) bool { return c.Property == portal.PropSubject }) {
					t.Error(err)
				}
				if i%4 == 0 {
					store.Age(s.Slug, dynamo.SettingsAge)
				}
				if _, err := store.Settings(t.Context(), "unknown", 0); portal.KindOf(err) != portal.NotFound {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}
