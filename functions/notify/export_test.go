package main

import (
	"strings"
	"testing"
	"time"

	"postern/infra/local/sample"
	"postern/shared/dynamo"
	"postern/shared/mail"
	"postern/shared/mail/ses"
	"postern/shared/portal"
)

// ended writes the export that the fixture tells of, as it has ended.
func (p *place) ended(t *testing.T, state portal.ExportState) {
	t.Helper()
	e := portal.Export{ID: "01m0exp0rt0000000000000001", Person: sample.Customer, Language: "de", Created: written}
	if err := p.store.PutExport(t.Context(), p.id, e); err != nil {
		t.Fatal(err)
	}
	e, err := p.store.BeginExport(t.Context(), p.id, e.Person, e.ID, written)
	if err != nil {
		t.Fatal(err)
	}
	e.State, e.Rows, e.Size = state, 1234, 5678
	if err := p.store.EndExport(t.Context(), p.id, e, dynamo.NewID(written), written); err != nil {
		t.Fatal(err)
	}
}

// Who has asked for an export is told that it has ended, once, and where it is; the file
// is not in the mail.
func TestExportMail(t *testing.T) {
	for state, says := range map[portal.ExportState][]string{
		portal.ExportReady:  {"Die CSV-Datei hat 1.234 Zeilen.", "Sie liegt dort bis", "/exports/01m0exp0rt0000000000000001"},
		portal.ExportFailed: {"Die CSV-Datei konnte nicht erstellt werden.", "/exports/01m0exp0rt0000000000000001"},
	} {
		p := newPlace(t)
		p.ended(t, state)
		for range 2 {
			equal(t, "failed", p.do(t, p.fixture(t, "export")), []int{})
		}
		equal(t, "told", p.relay.to(), []string{customer})
		text := textOf(t, p.relay.sent[0])
		for _, want := range says {
			if !strings.Contains(text, want) {
				t.Errorf("%s: it does not say %q: %s", state, want, text)
			}
		}
	}
}

// A mail that SES takes later is tried again; one that it refuses, or nobody knows of, is
// not.
func TestExportMailFails(t *testing.T) {
	for _, c := range []struct {
		outcome ses.Outcome
		failed  []int // at the first try
		tries   int
	}{
		{ses.Later, []int{0}, 2}, {ses.Refused, []int{}, 1}, {ses.Unsure, []int{}, 1},
	} {
		p := newPlace(t)
		p.ended(t, portal.ExportReady)
		tries := 0
		p.relay.meet = func(mail.Letter) *ses.Error {
			if tries++; tries > 1 {
				return nil
			}
			return &ses.Error{Outcome: c.outcome}
		}
		equal(t, "failed", p.do(t, p.fixture(t, "export")), c.failed)
		p.time = p.time.Add(claimTime + time.Second)
		equal(t, "failed again", p.do(t, p.fixture(t, "export")), []int{})
		if tries != c.tries {
			t.Errorf("%v: tried %d times, not %d", c.outcome, tries, c.tries)
		}
		equal(t, "put aside", p.queue.reasons(), []string{})
	}
}
