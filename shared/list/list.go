// Package list is what a customer asks of their list of tickets: which view, what
// state, what filters, what words, in what order. The address says it, the list shows
// it, and what is exported is the same.
package list

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"postern/shared/dynamo"
	"postern/shared/portal"
	"postern/shared/search"
	"postern/shared/web"
)

// Limits of a list.
const (
	PageSize    = 25
	MaxPageSize = 100
	MaxSearch   = 200 // runes of what is searched for
)

// Query is what the address asks for. It has been checked, but for its cursor.
type Query struct {
	View   portal.View
	Status string // all, open or closed
	Order  Order
	Search string // as it was typed
	Words  []string
	Asks   []portal.Ask
	// Columns are properties' names, nil where they are the portal's.
	Columns []string
	Limit   int
	Cursor  string
	// NoCompany is set where the company's tickets are asked for, and there is none:
	// the list is empty.
	NoCompany bool
}

// Parse reads the address. What it does not understand is an Invalid error that names
// every field, and not left out: a list must not show something else than was asked
// for. The query is what was understood, for a page that says what was not.
//
// A page's address that asks for nothing is the viewer's default view.
func Parse(r *web.Request) (Query, error) {
	if v, ok := defaultView(r); ok && r.URL.RawQuery == "" && !r.API {
		if values, err := url.ParseQuery(v.Query); err == nil {
			if q, err := Of(r, values); err == nil {
				return q, nil
			}
		}
		// The portal has changed since: what it was is not there any more.
	}
	return Of(r, r.URL.Query())
}

// defaultView is the view that the viewer's list opens with. Who sees as a customer does
// sees what is nobody's own.
func defaultView(r *web.Request) (portal.SavedView, bool) {
	if r.Viewer.As != nil {
		return portal.SavedView{}, false
	}
	return r.Viewer.DefaultView()
}

// Of is Parse of what an address holds.
func Of(r *web.Request, values url.Values) (Query, error) {
	q := Query{View: portal.Mine, Status: "all", Order: Usual, Limit: PageSize, Cursor: values.Get("cursor")}
	var wrong []portal.FieldError
	add := func(field, key string, pairs ...any) {
		wrong = append(wrong, portal.FieldError{Field: field, Key: key, Pairs: pairs})
	}
	asked := portal.Mine
	if v := values.Get("view"); v != "" {
		if asked = portal.View(v); asked != portal.Mine && asked != portal.Organisation {
			add("view", "list.error.view")
		}
	}
	q.NoCompany = asked == portal.Organisation && r.Viewer.Company == "" && portal.OffersCompany(r.Viewer, r.Settings)
	q.View = portal.EffectiveView(asked, r.Viewer, r.Settings)
	if v := values.Get("status"); v != "" {
		if slices.Contains([]string{"all", "open", "closed"}, v) {
			q.Status = v
		} else {
			add("status", "list.error.status")
		}
	}
	if v := values.Get("sort"); v != "" {
		o, ok := orderOf(v, r.Settings)
		if ok {
			q.Order = o
		} else {
			add("sort", "list.error.sort")
		}
	}
	if v := values.Get("limit"); v != "" {
		if n, err := strconv.Atoi(v); err == nil && n >= 1 && n <= MaxPageSize {
			q.Limit = n
		} else {
			add("limit", "list.error.limit", "max", MaxPageSize)
		}
	}
	q.parseSearch(values.Get("q"), add)
	q.parseAsks(r, values, add)
	q.parseColumns(r, values["columns"], add)
	if len(wrong) > 0 {
		return q, &portal.Error{Kind: portal.Invalid, Key: "error.invalid", Fields: wrong}
	}
	return q, nil
}

func (q *Query) parseSearch(text string, add func(field, key string, pairs ...any)) {
	q.Search = strings.TrimSpace(text)
	if q.Search == "" {
		return
	}
	if utf8.RuneCountInString(q.Search) > MaxSearch {
		add("q", "list.error.searchLong", "max", MaxSearch)
		return
	}
	words, err := search.Words(q.Search)
	switch {
	case err == search.ErrCommon:
		add("q", "list.error.searchCommon")
	case err == search.ErrMany:
		add("q", "list.error.searchWords", "max", search.MaxWords)
	case err != nil:
		add("q", "list.error.searchEmpty")
	default:
		q.Words = words
	}
}

// askPrefix precedes a property's name where the address filters by it:
//
//	f.priority=high&f.priority=urgent   any of them
//	f.product=scan                      a text that contains it
//	f.amount.from=10&f.amount.to=20     a range of numbers or days, either end open
//	f.created_at.in=last_30_days        a portal.Period
//	f.product.op=is_not                 another portal.Op than the usual one
const askPrefix = "f."

// AskName is what a filter's part is called in the address; "" is its values.
func AskName(property, part string) string {
	if part == "" {
		return askPrefix + property
	}
	return askPrefix + property + "." + part
}

func (q *Query) parseAsks(r *web.Request, values url.Values, add func(field, key string, pairs ...any)) {
	asks := map[string]portal.Ask{}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		rest, ok := strings.CutPrefix(name, askPrefix)
		given := slices.DeleteFunc(slices.Clone(values[name]), func(v string) bool { return strings.TrimSpace(v) == "" })
		if !ok || len(given) == 0 {
			continue // an empty field of the form
		}
		property, part, _ := strings.Cut(rest, ".")
		p, known := r.Settings.AskedProperty(property)
		if !known {
			add(name, "list.error.filterProperty")
			continue
		}
		a := asks[property]
		a.Property = property
		switch part {
		case "":
			for _, v := range given {
				if v = strings.TrimSpace(v); !slices.Contains(a.Values, v) {
					a.Values = append(a.Values, v)
				}
			}
		case "op":
			a.Op = portal.Op(given[0])
		case "from":
			a.From = strings.TrimSpace(given[0])
		case "to":
			a.To = strings.TrimSpace(given[0])
		case "in":
			a.In = portal.Period(given[0])
		default:
			add(name, "list.error.filterProperty")
		}
		asks[p.Name] = a
	}
	for _, p := range r.Settings.AskedProperties() {
		a, ok := asks[p.Name]
		if !ok {
			continue
		}
		ops := portal.AskOps(p)
		usual := ops[0]
		if a.Op == "" {
			a.Op = usual
		}
		none := len(a.Values) == 0 && a.From == "" && a.To == "" && a.In == ""
		if none && a.Op != portal.OpSet && a.Op != portal.OpEmpty && slices.Contains(ops, a.Op) {
			continue // an operator alone, of the form
		}
		if usual == portal.OpBetween && len(a.Values) == 1 && a.From == "" && a.To == "" && a.In == "" {
			a.From, a.To, a.Values = a.Values[0], a.Values[0], nil
		}
		if part, key, pairs := a.Check(r.Settings, r.Reader.Lang()); key != "" {
			add(AskName(p.Name, part), key, pairs...)
		}
		q.Asks = append(q.Asks, a)
	}
	if len(q.Asks) > portal.MaxAsks {
		add("f", "list.error.filters", "max", portal.MaxAsks)
	}
}

func (q *Query) parseColumns(r *web.Request, names []string, add func(field, key string, pairs ...any)) {
	allowed := r.Settings.ColumnProperties()
	for _, name := range names {
		if name == "" || slices.Contains(q.Columns, name) {
			continue
		}
		if !slices.ContainsFunc(allowed, func(p portal.Property) bool { return p.Name == name }) {
			add("columns", "list.error.column")
			return
		}
		q.Columns = append(q.Columns, name)
	}
	if len(q.Columns) == 0 {
		return
	}
	// The subject has each ticket's link.
	if !slices.Contains(q.Columns, portal.PropSubject) {
		q.Columns = slices.Insert(q.Columns, 0, portal.PropSubject)
	}
	if len(q.Columns) > portal.MaxColumns {
		add("columns", "list.error.columns", "max", portal.MaxColumns)
	}
	if same(q.Columns, namesOf(r.Settings.ShownColumns())) {
		q.Columns = nil
	}
}

func namesOf(columns []portal.Column) []string {
	var names []string
	for _, c := range columns {
		names = append(names, c.Property)
	}
	return names
}

// same tells whether two lists hold the same, in whatever order.
func same(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// Ask is what is asked of the property. ok is false where nothing is.
func (q Query) Ask(property string) (a portal.Ask, ok bool) {
	for _, a := range q.Asks {
		if a.Property == property {
			return a, true
		}
	}
	return portal.Ask{}, false
}

// Without is the query without what it asks of the property.
func (q Query) Without(property string) Query {
	q.Asks = slices.DeleteFunc(slices.Clone(q.Asks), func(a portal.Ask) bool { return a.Property == property })
	return q
}

// Audience is whose entries the list reads.
func (q Query) Audience(r *web.Request) dynamo.Audience { return dynamo.AudienceOf(q.View, r.Viewer) }

// State is the state that is asked for, or "".
func (q Query) State() portal.State {
	if q.Status == "all" {
		return ""
	}
	return portal.State(q.Status)
}

// Keep tells which tickets belong into the list: those that the viewer may see, of the
// state, that all that is asked holds for. What is searched for is not looked at.
func (q Query) Keep(r *web.Request) func(portal.Ticket) bool {
	if q.NoCompany {
		return func(portal.Ticket) bool { return false }
	}
	seen, state := portal.SeenBy(r.Viewer, r.Settings), q.State()
	asked := portal.Asked(q.Asks, r.Viewer, r.Settings, r.Reader.Lang(), r.Now.In(zone(r)))
	return func(t portal.Ticket) bool {
		return (state == "" || t.State == state) && seen(t) && asked(t)
	}
}

// Values are the query as an address says it, what is usual left out. Neither the
// cursor nor the size of a page is among them.
func (q Query) Values(r *web.Request) url.Values {
	values := q.asked(r)
	if _, ok := defaultView(r); ok && len(values) == 0 {
		values.Set("view", string(portal.Mine)) // nothing would be the default view
	}
	return values
}

// Text is the query as a saved view keeps it.
func (q Query) Text(r *web.Request) string { return q.asked(r).Encode() }

func (q Query) asked(r *web.Request) url.Values {
	values := url.Values{}
	set := func(name, value, usual string) {
		if value != usual {
			values.Set(name, value)
		}
	}
	view := q.View
	if q.NoCompany {
		view = portal.Organisation
	}
	set("view", string(view), string(portal.EffectiveView(portal.Mine, r.Viewer, r.Settings)))
	set("status", q.Status, "all")
	set("sort", q.Order.String(), Usual.String())
	set("q", q.Search, "")
	for _, a := range q.Asks {
		p, _ := r.Settings.AskedProperty(a.Property)
		set(AskName(a.Property, "op"), string(a.Op), string(portal.AskOps(p)[0]))
		if len(a.Values) > 0 {
			values[AskName(a.Property, "")] = a.Values
		}
		set(AskName(a.Property, "from"), a.From, "")
		set(AskName(a.Property, "to"), a.To, "")
		set(AskName(a.Property, "in"), string(a.In), "")
	}
	if len(q.Columns) > 0 {
		values["columns"] = q.Columns
	}
	return values
}

// Href is the list as the saved view has it.
func Href(r *web.Request, v portal.SavedView) string {
	query := v.Query
	if _, ok := defaultView(r); ok && query == "" {
		query = "view=" + string(portal.Mine)
	}
	if query == "" {
		return r.Path("tickets")
	}
	return r.Path("tickets") + "?" + query
}

// Saved is the viewer's saved view that the query is.
func (q Query) Saved(r *web.Request) (portal.SavedView, bool) {
	if r.Viewer.As != nil {
		return portal.SavedView{}, false
	}
	here := q.Text(r)
	i := slices.IndexFunc(r.Viewer.Views, func(v portal.SavedView) bool { return v.Query == here })
	if i < 0 {
		return portal.SavedView{}, false
	}
	return r.Viewer.Views[i], true
}

// Binding is what cursors of the list are bound to.
func (q Query) Binding(r *web.Request) string {
	return strings.Join([]string{"tickets", r.Settings.ID, r.Viewer.ID, string(q.View), q.Values(r).Encode()}, "\x00")
}
