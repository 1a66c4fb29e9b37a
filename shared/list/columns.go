package list

import (
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

// Columns are those of the portal's list, in the reader's words.
func Columns(r *web.Request) []Column {
	var all []Column
	for _, c := range r.Settings.ShownColumns() {
		p, _ := r.Settings.Property(c.Property)
		all = append(all, Column{p, view.ColumnLabel(r, c)})
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
