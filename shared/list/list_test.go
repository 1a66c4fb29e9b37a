package list

import (
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"postern/shared/portal"
	"postern/shared/ui"
	"postern/shared/ui/messages"
	"postern/shared/web"
)

func request(query string, change ...func(*web.Request)) *web.Request {
	s := portal.First("portal000001", "support", make([]byte, 32))
	s.Properties = []portal.Property{
		{Name: "amount", Type: portal.TypeNumber, Visible: true}, {Name: "size", Type: portal.TypeSelect, Visible: true, Options: []portal.Option{{Value: "s"}, {Value: "m"}, {Value: "l"}}},
		{Name: "due", Type: portal.TypeDate, Visible: true}, {Name: "note", Type: portal.TypeText, Visible: true},
	}
	r := &web.Request{
		Request: httptest.NewRequest("GET", "/support/tickets"+query, nil), Settings: &s, Now: time.Date(2026, 3, 14, 9, 0, 0, 0, time.UTC),
		Reader: ui.Reader{Catalog: messages.For("en")},
		Viewer: portal.Viewer{Portal: s.ID, Person: portal.Person{ID: "customer0001", Role: portal.Customer, Views: []portal.SavedView{
			{ID: "view00000001", Name: "Closed", Query: "status=closed", Default: true}, {ID: "view00000002", Name: "All"},
		}}},
	}
	for _, c := range change {
		c(r)
	}
	return r
}

// The default view is what the page opens with, and nothing else: not what programs list,
// nor what the team sees as the customer.
func TestDefaultView(t *testing.T) {
	for name, tt := range map[string]struct {
		query  string
		change func(*web.Request)
		want   string // state, saved view, address
	}{
		"nothing":       {"", nil, "closed Closed status=closed"},
		"all":           {"?view=mine", nil, "all All view=mine"},
		"open":          {"?status=open", nil, "open  status=open"},
		"a program":     {"", func(r *web.Request) { r.API = true }, "all All view=mine"},
		"as a customer": {"", func(r *web.Request) { r.Viewer.As = &portal.Person{ID: "agent0000001", Role: portal.Agent} }, "all  "},
	} {
		t.Run(name, func(t *testing.T) {
			r := request(tt.query)
			if tt.change != nil {
				tt.change(r)
			}
			q, err := Parse(r)
			if err != nil {
				t.Fatal(err)
			}
			saved, _ := q.Saved(r)
			if got := q.Status + " " + saved.Name + " " + q.Values(r).Encode(); got != tt.want {
				t.Errorf("%q, not %q", got, tt.want)
			}
		})
	}
	if got := Href(request(""), portal.SavedView{}); got != "/support/tickets?view=mine" {
		t.Errorf("all is at %s, where the default view is not", got)
	}
}

// What an address says is what it is read as.
func TestValues(t *testing.T) {
	for _, query := range []string{
		"f.amount.from=-2&f.note=%3Cb%3E+%26&f.size=m&f.size=s&q=a+b&sort=-amount&status=open",
		"f.due.in=last_month&f.note.op=empty&f.size=l&f.size.op=is_not", "columns=subject&columns=amount", "sort=created", "sort=subject",
	} {
		q, err := Parse(request("?" + query))
		if err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		if got := q.Values(request("?" + query)).Encode(); got != query {
			t.Errorf("%s became %s", query, got)
		}
	}
	for query, want := range map[string]string{
		"f.note=&f.note.op=contains&f.size.op=any_of&f.due.from=+&q=++&sort=-last_activity&limit=7&cursor=x": "view=mine",
		"f.amount=5&f.due=2026-01-02": "f.amount.from=5&f.amount.to=5&f.due.from=2026-01-02&f.due.to=2026-01-02",
		"sort=last_activity_at":       "sort=last_activity",
		"columns=amount":              "columns=subject&columns=amount",
	} {
		q, err := Parse(request("?" + query))
		if err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		if got := q.Values(request("?" + query)).Encode(); got != want {
			t.Errorf("%s became %s, not %s", query, got, want)
		}
	}
}

func TestOrder(t *testing.T) {
	values := map[string][]string{ // in order
		"amount": {"-1e3", "-2", "-0.5", "0", "0.25", "9", "10", "1e3"},
		"size":   {"s", "m", "l"},
		"due":    {"2025-12-31", "2026-01-01"},
		"note":   {"Abel", "ärger", "Zorn"},
	}
	for property, ordered := range values {
		for _, down := range []bool{false, true} {
			r := request("")
			q := Query{Order: Order{property, down}}
			keyOf := q.KeyOf(r)
			var keys []Key
			for i, v := range append(slices.Clone(ordered), "", "") {
				keys = append(keys, keyOf(portal.Ticket{ID: string(rune('a' + i)), Properties: map[string]string{property: v}}))
			}
			want := slices.Clone(keys[:len(ordered)])
			if down {
				slices.Reverse(want)
			}
			want = append(want, keys[len(keys)-1], keys[len(keys)-2]) // those without a value, the newest first
			slices.SortFunc(keys, q.Compare)
			if !slices.Equal(keys, want) {
				t.Errorf("%s, down %v: %v, not %v", property, down, keys, want)
			}
		}
	}
}
