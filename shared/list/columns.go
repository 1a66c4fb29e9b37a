package list

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"postern/shared/portal"
	"postern/shared/view"
	"postern/shared/web"
)

// Column is a column of the list.
type Column struct {
	Property portal.Property
	Label    string
}

// Shown are the query's columns, in the reader's words: the portal's, or those that were
// chosen, in the portal's order.
func (q Query) Shown(r *web.Request) []Column {
	var all []Column
	add := func(c portal.Column) {
		if p, _ := r.Settings.Property(c.Property); len(q.Columns) == 0 || slices.Contains(q.Columns, c.Property) {
			all = append(all, Column{p, view.ColumnLabel(r, c)})
		}
	}
	shown := r.Settings.ShownColumns()
	for _, c := range shown {
		add(c)
	}
	if len(q.Columns) == 0 {
		return all
	}
	for _, p := range r.Settings.ColumnProperties() {
		if !slices.ContainsFunc(shown, func(c portal.Column) bool { return c.Property == p.Name }) {
			add(portal.Column{Property: p.Name})
		}
	}
	return all
}

// Cell is a property of the ticket as plain text for other programs: what people read
// in words in the reader's language, numbers with a point, days and times as
// spreadsheets everywhere understand them, in the reader's time zone.
func Cell(r *web.Request, t portal.Ticket, p portal.Property) string {
	at := func(at time.Time) string { return at.In(zone(r)).Format("2006-01-02 15:04") }
	switch p.Name {
	case portal.PropNumber:
		return strconv.FormatInt(t.Number, 10)
	case portal.PropCreated:
		return at(t.Created)
	case portal.PropLastActivity:
		return at(t.Activity)
	case portal.PropStatus:
		return view.StatusWord(r, t)
	case portal.PropPriority:
		return view.PriorityWord(r.Reader, t.Priority)
	}
	have := portal.SeenValues(t, p, r.Viewer, r.Settings, r.Reader.Lang())
	if len(have) == 0 {
		return ""
	}
	switch p.Type {
	case portal.TypeDateTime:
		if m, err := time.Parse(time.RFC3339, have[0]); err == nil {
			return at(m)
		}
	case portal.TypeSelect, portal.TypeMultiSelect, portal.TypeBoolean:
		var words []string
		for _, v := range have {
			words = append(words, view.ValueText(r, v, p))
		}
		return strings.Join(words, ", ")
	}
	return have[0]
}
