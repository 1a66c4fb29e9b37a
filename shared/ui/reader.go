package ui

import (
	"time"

	"postern/shared/ui/messages"
)

// Reader is who reads the page: the catalog of their language, with the
// portal's own word for tickets, their time zone, and the time of the request.
type Reader struct {
	*messages.Catalog
	Zone *time.Location // nil is UTC
	Now  time.Time
}

// Time is a point in time in the reader's words: "today 14:05", "22 Nov".
func (r Reader) Time(t time.Time) messages.Moment {
	return messages.Time(t, r.Lang(), r.Zone, r.Now)
}

// TimeOfDay is Time with the hour in every case, as a conversation wants it.
func (r Reader) TimeOfDay(t time.Time) messages.Moment {
	return messages.TimeOfDay(t, r.Lang(), r.Zone, r.Now)
}

// Date is a day without an hour, as dates among a ticket's properties are.
func (r Reader) Date(t time.Time) string { return messages.Date(t, r.Lang(), r.Now) }

// Size is a number of bytes: "1.2 MB", "1,2 MB".
func (r Reader) Size(bytes int64) string { return messages.Size(bytes, r.Lang()) }

// Number is a number with the language's separators.
func (r Reader) Number(value float64) string { return messages.Number(value, r.Lang()) }
