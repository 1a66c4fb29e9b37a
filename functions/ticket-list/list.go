package main

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"postern/shared/dynamo"
	"postern/shared/list"
	"postern/shared/portal"
	"postern/shared/ui"
	"postern/shared/view"
	"postern/shared/web"
)

// href is the list's address.
func href(r *web.Request, q list.Query, cursor string) string {
	values := values(r, q)
	if cursor != "" {
		values.Set("cursor", cursor)
	}
	return address(r.Path("tickets"), values)
}

func values(r *web.Request, q list.Query) url.Values {
	values := q.Values(r)
	if q.Limit != list.PageSize {
		values.Set("limit", strconv.Itoa(q.Limit))
	}
	return values
}

func address(path string, values url.Values) string {
	if len(values) == 0 {
		return path
	}
	return path + "?" + values.Encode()
}

func cursorHref(r *web.Request, p page, cursor *string) string {
	if cursor == nil {
		return ""
	}
	return href(r, p.Query, *cursor)
}

func exportHref(r *web.Request, q list.Query) string {
	return address(r.Path("tickets", "export.csv"), q.Values(r))
}

// everything is the view without any question, and unfiltered that without filters.
func (p page) everything() list.Query {
	return list.Query{View: p.View, NoCompany: p.NoCompany, Status: "all", Order: p.Order, Limit: p.Limit, Columns: p.Columns}
}

func (p page) unfiltered() list.Query {
	q := p.Query
	q.Asks = nil
	return q
}

// unpanelled is the query without what the panel asks.
func (p page) unpanelled() list.Query {
	q := p.unfiltered()
	q.Columns = nil
	return q
}

// keep is the rest of the query, for a form that asks for a part of it.
func keep(r *web.Request, q list.Query) [][2]string {
	values := values(r, q)
	var pairs [][2]string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		for _, v := range values[name] {
			pairs = append(pairs, [2]string{name, v})
		}
	}
	return pairs
}

func note(r *web.Request, p page) string {
	switch {
	case p.LookedBackTo != nil:
		return r.Reader.T("list.lookedBack", "date", r.Reader.Time(*p.LookedBackTo).Short)
	case len(p.Words) > 0 && p.Next != nil && len(p.tickets) < min(p.Limit, dynamo.MaxFound):
		return r.Reader.T("list.searchMore")
	}
	return ""
}

// otherFailures are those that no field of the page is about.
func otherFailures(p page) string {
	if p.failure == nil {
		return ""
	}
	var all []string
	for _, f := range p.failure.Fields {
		if f.Field != "q" && f.Field != "columns" && !strings.HasPrefix(f.Field, "f.") {
			all = append(all, f.Message)
		}
	}
	return strings.Join(all, " ")
}

// viewMenu leads to the views that there are: the viewer's own tickets and their
// company's, and what they have saved.
func viewMenu(r *web.Request, p page) ui.MenuProps {
	menu := ui.MenuProps{Title: r.Reader.T("list.view"), Label: r.Reader.T("list.view.mine"), Start: true}
	company := portal.SeesCompany(r.Viewer, r.Settings)
	saved, isSaved := p.Saved(r)
	add := func(v portal.View, label string) {
		q := p.everything()
		q.View, q.NoCompany, q.Order, q.Columns = v, false, list.Usual, nil
		current := p.View == v && !isSaved
		if current {
			menu.Label = label
		}
		menu.Items = append(menu.Items, ui.NavItem{Label: label, Current: current, Href: href(r, q, "")})
	}
	switch {
	case r.Viewer.Role.Team():
		add(portal.All, r.Reader.T("list.view.all"))
	case company:
		add(portal.Mine, r.Reader.T("list.view.mine"))
		add(portal.Organisation, r.Reader.T("list.view.company"))
	default:
		add(portal.Mine, r.Reader.T("list.view.mine"))
	}
	if r.Viewer.As != nil {
		if !company {
			menu.Items = nil // what there is one of need not be chosen
		}
		return menu
	}
	if isSaved {
		menu.Label = saved.Name
	}
	for _, v := range r.Viewer.Views {
		menu.Items = append(menu.Items, ui.NavItem{Label: v.Name, Current: isSaved && v.ID == saved.ID, Href: list.Href(r, v)})
	}
	if p.failure == nil && !isSaved && p.Text(r) != "" {
		menu.Items = append(menu.Items, ui.NavItem{Label: r.Reader.T("views.save"), Href: r.Path("views") + "?" + url.Values{"query": {p.Text(r)}}.Encode()})
	}
	if len(r.Viewer.Views) > 0 {
		menu.Items = append(menu.Items, ui.NavItem{Label: r.Reader.T("views.manage"), Href: r.Path("views")})
	}
	return menu
}

// chosenColumns says how many columns there are where they are not the portal's.
func chosenColumns(r *web.Request, p page) string {
	if len(p.Columns) == 0 {
		return ""
	}
	return r.Reader.N("filter.columns.count", len(p.Columns))
}

func columnNames(r *web.Request, p page) []string {
	var names []string
	for _, c := range p.Shown(r) {
		names = append(names, c.Property.Name)
	}
	return names
}

func columnChoices(r *web.Request) []ui.Option {
	var all []ui.Option
	for _, property := range r.Settings.ColumnProperties() {
		all = append(all, ui.Option{Value: property.Name, Label: view.PropertyLabel(r, property.Name)})
	}
	return all
}

func states(r *web.Request, p page) []ui.Tab {
	tab := func(status, label string) ui.Tab {
		q := p.Query
		q.Status = status
		return ui.Tab{Label: label, Current: p.Status == status, Href: href(r, q, "")}
	}
	return []ui.Tab{
		tab("all", r.Reader.T("list.status.all")), tab("open", r.Reader.T("list.status.open")), tab("closed", r.Reader.T("list.status.closed")),
	}
}

func searchField(r *web.Request, p page) ui.SearchProps {
	q := p.Query
	q.Search = ""
	return ui.SearchProps{
		Reader: r.Reader, Action: r.Path("tickets"), Value: p.Search, Label: r.Reader.T("list.search"),
		Keep: keep(r, q), Error: p.failure.Field("q"), Max: list.MaxSearch,
	}
}

func table(r *web.Request, p page) ui.TableProps {
	columns := p.Shown(r)
	t := ui.TableProps{Reader: r.Reader, Label: r.Reader.T("list.title")}
	for _, c := range columns {
		t.Columns = append(t.Columns, column(r, p, c))
	}
	for i, ticket := range p.tickets {
		row := ui.Row{Href: r.Path("tickets", ticket.ID), Unread: portal.Unread(r.Viewer, ticket, r.Now)}
		for _, c := range columns {
			row.Cells = append(row.Cells, cell(r, p, ticket, c.Property))
		}
		if m := p.Tickets[i].Match; m != nil {
			row.Note = matched(*m)
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func column(r *web.Request, p page, of list.Column) ui.Column {
	name := of.Property.Name
	c := ui.Column{Label: of.Label}
	if _, ok := r.Settings.AskedProperty(name); ok || name == portal.PropStatus {
		// Times begin with the newest, all else with the first of the alphabet.
		newest := of.Property.Type == portal.TypeDate || of.Property.Type == portal.TypeDateTime
		q := p.Query
		if q.Order.Property == name {
			c.Sorted = ui.Ascending
			if q.Order.Down {
				c.Sorted = ui.Descending
			}
			q.Order.Down = !q.Order.Down
		} else {
			q.Order = list.Order{Property: name, Down: newest}
		}
		if ok {
			c.Sort = href(r, q, "")
		}
	}
	switch name {
	case portal.PropSubject:
		c.Card = ui.CardTitle
	case portal.PropStatus:
		c.Card, c.Fit = ui.CardBadge, true
	case portal.PropLastActivity:
		c.Card, c.Fit = ui.CardMeta, true
	case portal.PropCreated:
		c.Fit = true
	case portal.PropRequestedBy:
		if p.View != portal.Mine {
			c.Card = ui.CardMeta
		}
	case portal.PropNumber:
		c.Card, c.Fit = ui.CardMeta, true
	}
	return c
}

// ask is what is asked of the property, or nothing.
func ask(p page, property portal.Property) portal.Ask {
	a, _ := p.Ask(property.Name)
	return a
}

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

func filterProps(r *web.Request, p page) ui.FiltersProps {
	wrong := p.failure.Field("f")
	open := wrong != ""
	if p.failure != nil {
		for _, f := range p.failure.Fields {
			if f.Field == "columns" {
				open = true
			}
			if !strings.HasPrefix(f.Field, "f.") {
				continue
			}
			open = true
			name, _, _ := strings.Cut(strings.TrimPrefix(f.Field, "f."), ".")
			if _, known := r.Settings.AskedProperty(name); !known {
				wrong = f.Message // which no field of the panel is for
			}
		}
	}
	return ui.FiltersProps{
		Reader: r.Reader, Action: r.Path("tickets"), Keep: keep(r, p.unpanelled()), Count: len(p.Asks),
		Reset: href(r, p.unfiltered(), ""), Open: open, Error: wrong,
	}
}

func filterField(r *web.Request, p page, property portal.Property) ui.FilterFieldProps {
	f := ui.FilterFieldProps{Name: property.Name, Label: view.PropertyLabel(r, property.Name)}
	if a, ok := p.Ask(property.Name); ok {
		if _, wrong, _ := a.Check(r.Settings, r.Reader.Lang()); wrong != "" {
			f.Open = true
		} else {
			f.Value = asked(r, a, property)
		}
	}
	return f
}

func chips(r *web.Request, p page) []ui.Chip {
	var all []ui.Chip
	for _, a := range p.Asks {
		property, _ := r.Settings.AskedProperty(a.Property)
		if _, wrong, _ := a.Check(r.Settings, r.Reader.Lang()); wrong != "" {
			continue
		}
		all = append(all, ui.Chip{
			Label: view.PropertyLabel(r, a.Property) + ": " + asked(r, a, property),
			Href:  href(r, p.Without(a.Property), ""),
		})
	}
	return all
}

// asked is what is asked of a property, in words.
func asked(r *web.Request, a portal.Ask, p portal.Property) string {
	t := r.Reader.T
	var labels []string
	for _, v := range a.Values {
		label := v
		for _, o := range choices(r, p) {
			if o.Value == v {
				label = o.Label
			}
		}
		labels = append(labels, label)
	}
	values := strings.Join(labels, ", ")
	switch a.Op {
	case portal.OpSet:
		return t("filter.is.set")
	case portal.OpEmpty:
		return t("filter.is.empty")
	case portal.OpIsNot:
		return t("filter.is.not", "values", values)
	case portal.OpContains:
		return t("filter.is.contains", "values", values)
	case portal.OpBetween:
		return askedRange(r, a, p)
	}
	return values
}

func askedRange(r *web.Request, a portal.Ask, p portal.Property) string {
	if a.In != "" {
		return periodWord(r, a.In)
	}
	word := func(v string) string {
		if d, err := time.Parse(time.DateOnly, v); err == nil {
			return r.Reader.Date(d)
		}
		return view.ValueText(r, v, portal.Property{Type: p.Type})
	}
	switch {
	case a.From == a.To:
		return word(a.From)
	case a.To == "":
		return r.Reader.T("filter.is.from", "value", word(a.From))
	case a.From == "":
		return r.Reader.T("filter.is.to", "value", word(a.To))
	}
	return word(a.From) + " – " + word(a.To)
}

func periodWord(r *web.Request, p portal.Period) string {
	t := r.Reader.T
	switch p {
	case portal.Today:
		return t("filter.period.today")
	case portal.Yesterday:
		return t("filter.period.yesterday")
	case portal.Last7Days:
		return t("filter.period.last7Days")
	case portal.Last30Days:
		return t("filter.period.last30Days")
	case portal.Last90Days:
		return t("filter.period.last90Days")
	case portal.ThisMonth:
		return t("filter.period.thisMonth")
	case portal.LastMonth:
		return t("filter.period.lastMonth")
	case portal.ThisYear:
		return t("filter.period.thisYear")
	case portal.LastYear:
		return t("filter.period.lastYear")
	}
	return string(p)
}

func choices(r *web.Request, p portal.Property) []ui.Option {
	var all []ui.Option
	for _, o := range r.Settings.AskChoices(p, r.Reader.Lang()) {
		label := o.Label.In(r.Reader.Lang(), r.Settings.Language())
		switch {
		case p.Name == portal.PropPriority:
			label = view.PriorityWord(r.Reader, o.Value)
		case label == "":
			label = view.ValueText(r, o.Value, p)
		}
		all = append(all, ui.Option{Value: o.Value, Label: label})
	}
	return all
}

// opSelect chooses how the property is compared.
func opSelect(r *web.Request, p page, property portal.Property) ui.SelectProps {
	a, name := ask(p, property), list.AskName(property.Name, "op")
	s := ui.SelectProps{
		Reader: r.Reader, Name: name, Label: r.Reader.T("filter.op"), HideLabel: true, Value: string(a.Op),
		Error: p.failure.Field(name), Optional: true,
	}
	for _, op := range portal.AskOps(property) {
		s.Options = append(s.Options, ui.Option{Value: string(op), Label: opWord(r, op)})
	}
	return s
}

func opWord(r *web.Request, op portal.Op) string {
	t := r.Reader.T
	switch op {
	case portal.OpAnyOf:
		return t("filter.op.anyOf")
	case portal.OpIsNot:
		return t("filter.op.isNot")
	case portal.OpContains:
		return t("filter.op.contains")
	case portal.OpIs:
		return t("filter.op.is")
	case portal.OpBetween:
		return t("filter.op.between")
	case portal.OpSet:
		return t("filter.op.set")
	case portal.OpEmpty:
		return t("filter.op.empty")
	}
	return string(op)
}

// emptied tells whether tickets can be without the property.
func emptied(p portal.Property) bool {
	return p.Name != portal.PropNumber && p.Name != portal.PropCreated && p.Name != portal.PropLastActivity
}

func periodSelect(r *web.Request, p page, property portal.Property) ui.SelectProps {
	name := list.AskName(property.Name, "in")
	s := ui.SelectProps{
		Reader: r.Reader, Name: name, Label: r.Reader.T("filter.period"), HideLabel: true, Value: string(ask(p, property).In),
		Options: []ui.Option{{Label: r.Reader.T("filter.period.range")}}, Error: p.failure.Field(name), Optional: true,
	}
	for _, period := range portal.Periods {
		s.Options = append(s.Options, ui.Option{Value: string(period), Label: periodWord(r, period)})
	}
	return s
}

func rangeField(r *web.Request, p page, property portal.Property, part string) ui.FieldProps {
	a, name := ask(p, property), list.AskName(property.Name, part)
	f := ui.FieldProps{Reader: r.Reader, Name: name, Label: r.Reader.T("filter.from"), Value: a.From, Type: "date", Error: p.failure.Field(name), Optional: true}
	if part == "to" {
		f.Label, f.Value = r.Reader.T("filter.to"), a.To
	}
	if property.Type == portal.TypeNumber {
		f.Type = "number"
		f.Attributes = map[string]any{"step": "any"}
	}
	return f
}
