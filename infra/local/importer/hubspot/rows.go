package hubspot

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"postern/infra/local/importer/csvfile"
)

// Ticket is a row of a file of tickets.
type Ticket struct {
	Record      string
	Subject     string // one line
	Description string
	Status      Status
	Owner       string
	Priority    string // the portal's
	Created     time.Time
	Activity    time.Time // never before Created
	Closed      time.Time // zero where the file does not say
	Contacts    []string  // record ids
	Companies   []string  // record ids, the primary one first
	Merged      []string  // record ids of what is this ticket now, and has no row of its own
	Custom      []string  // of Columns.Custom
}

// Ticket reads a row. The error is the reason why it can't be imported.
func (s *Survey) Ticket(row csvfile.Row) (Ticket, error) {
	record, err := s.line(row)
	if err != nil {
		return Ticket{}, err
	}
	if circle, ok := s.circles[record]; ok {
		return Ticket{}, fmt.Errorf("%s: the tickets are merged in a circle, %s. Correct the column, or map it to ignore", s.Columns.Header(Merged), circle)
	}
	f := row.Fields
	value := func(field Field) string { return s.Columns.value(f, field) }
	t := Ticket{
		Record: record, Subject: oneLine(value(Subject)), Description: value(Description),
		Status: Status{value(Pipeline), value(Stage)}, Owner: value(Owner),
	}
	switch {
	case t.Subject == "":
		return t, fmt.Errorf("%s is empty", s.Columns.Header(Subject))
	case t.Status.Stage == "":
		return t, fmt.Errorf("%s is empty", s.Columns.Header(Stage))
	}
	if t.Priority, err = s.priority(value(Priority)); err != nil {
		return t, err
	}
	if t.Created, err = s.moment(f, Created); err != nil {
		return t, err
	}
	if t.Created.IsZero() {
		return t, fmt.Errorf("%s is empty", s.Columns.Header(Created))
	}
	if t.Activity, err = s.moment(f, Activity); err != nil {
		return t, err
	}
	if t.Closed, err = s.moment(f, Closed); err != nil {
		return t, err
	}
	if t.Activity.Before(t.Created) {
		t.Activity = t.Created
	}
	if t.Contacts, err = s.records(f, TicketContacts); err != nil {
		return t, err
	}
	if t.Companies, err = s.companies(f); err != nil {
		return t, err
	}
	merged, err := s.records(f, Merged)
	if err != nil {
		return t, err
	}
	for _, id := range merged {
		if id != record && !s.Alive(id) {
			t.Merged = append(t.Merged, id)
		}
	}
	for _, c := range s.Columns.Custom {
		t.Custom = append(t.Custom, strings.TrimSpace(f[c.Index]))
	}
	return t, nil
}

func (s *Survey) priority(value string) (string, error) {
	if value == "" {
		return "", nil
	}
	if to, ok := s.mapping.Priorities[Fold(value)]; ok {
		return to, nil
	}
	if to, ok := priorities[Fold(value)]; ok {
		return to, nil
	}
	return "", fmt.Errorf("%s: %q is no priority. Map it under “priorities” in a mapping file", s.Columns.Header(Priority), clip(value))
}

// Contact is a row of a file of contacts.
type Contact struct {
	Record      string
	First, Last string
	Email       string // as it is in the file
	Language    string
	Created     time.Time // zero where the file does not say
	Companies   []string  // record ids, the primary one first
}

// Contact reads a row. The error is the reason why it can't be imported.
func (s *Survey) Contact(row csvfile.Row) (Contact, error) {
	record, err := s.line(row)
	if err != nil {
		return Contact{}, err
	}
	value := func(field Field) string { return s.Columns.value(row.Fields, field) }
	c := Contact{
		Record: record, First: oneLine(value(First)), Last: oneLine(value(Last)), Email: value(Email),
	}
	c.Language, _, _ = strings.Cut(strings.ToLower(value(Language)), "-")
	if c.First == "" && c.Last == "" && c.Email == "" {
		return c, errors.New("the contact has neither a name nor an e-mail address")
	}
	if c.Created, err = s.moment(row.Fields, Created); err != nil {
		return c, err
	}
	c.Companies, err = s.companies(row.Fields)
	return c, err
}

// Company is a row of a file of companies.
type Company struct {
	Record  string
	Name    string
	Created time.Time // zero where the file does not say
}

// Company reads a row. The error is the reason why it can't be imported.
func (s *Survey) Company(row csvfile.Row) (Company, error) {
	record, err := s.line(row)
	if err != nil {
		return Company{}, err
	}
	c := Company{Record: record, Name: oneLine(s.Columns.value(row.Fields, Name))}
	if c.Name == "" {
		return c, fmt.Errorf("%s is empty", s.Columns.Header(Name))
	}
	c.Created, err = s.moment(row.Fields, Created)
	return c, err
}

// oneLine makes one line of a text, without what nobody can see.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), r == '\u2028', r == '\u2029':
			return ' '
		case unicode.IsControl(r), r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069':
			return -1
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}
