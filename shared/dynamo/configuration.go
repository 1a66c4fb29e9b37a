package dynamo

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"postern/shared/dynamo/schema"
	"postern/shared/portal"
)

// SaveConfiguration is SaveSettings with forms, new ones and next versions as writeForm
// has them (pattern 170, one TransactWriteItems: as 130, and twice its KB a form).
//
// What does not fit into one is written in an order in which the portal works at each
// step: first the settings, which forms are held against, with the support form of
// before; then each form; then what the support form is to be. Whoever does the same
// again, of what is there then, finishes it.
func (s *Store) SaveConfiguration(ctx context.Context, before *portal.Settings, after portal.Settings, forms []portal.Form, entry portal.AuditEntry) (*portal.Settings, error) {
	var more []types.TransactWriteItem
	for i := range forms {
		forms[i].Saved = portal.Saved{At: entry.At, By: entry.ActorName}
		more = append(more, s.formWrites(before.ID, forms[i])...)
	}
	saved, err := s.saveSettings(ctx, before, after, entry, more...)
	if tooMany := (*portal.Error)(nil); len(forms) == 0 || !errors.As(err, &tooMany) || tooMany.Key != tooManyParts {
		s.forgetForms(before.ID, forms)
		return saved, err
	}
	first, links := after, after.SupportForm.Form != before.SupportForm.Form
	if links { // to a form that may yet have to come
		first.SupportForm = before.SupportForm
	}
	if saved, err = s.saveSettings(ctx, before, first, entry); err != nil {
		return nil, err
	}
	for _, f := range forms {
		if _, err := s.writeForm(ctx, before.ID, f); err != nil {
			return nil, err
		}
	}
	if !links {
		return saved, nil
	}
	entry.ID = NewID(entry.At)
	return s.saveSettings(ctx, saved, after, entry)
}

// appliedItem is the file that a deployment has brought last: its sum, and what the
// portal was then, as a file, compressed.
type appliedItem struct {
	File  string `dynamodbav:"file"`
	State []byte `dynamodbav:"state"`
}

func appliedKey(portalID string) key {
	return key{table: schema.Settings, pk: portalID + "#applied", sk: "a", consistent: true}
}

// Applied returns the sum of the file that a deployment has brought last, and what the
// portal was then (pattern 172, one GetItem: its size in KB / 4); "" where none has.
func (s *Store) Applied(ctx context.Context, portalID string) (sum string, state []byte, err error) {
	it, err := s.get(ctx, appliedKey(portalID))
	if err != nil || it == nil {
		return "", nil, err
	}
	var a appliedItem
	err = unmarshal(it, &a)
	return a.File, a.State, err
}

// PutApplied keeps what Applied returns (pattern 173, one PutItem: its size in KB).
func (s *Store) PutApplied(ctx context.Context, portalID, sum string, state []byte) error {
	k := appliedKey(portalID)
	return s.put(ctx, schema.Settings, marshal(k.pk, k.sk, appliedItem{sum, state}))
}

// forgetForms has the forms read again.
func (s *Store) forgetForms(portalID string, forms []portal.Form) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range forms {
		delete(s.forms, portalID+"#"+f.ID)
	}
}

// Unused tells whether the portal has no ticket, so that nothing hangs on what tickets
// are made of (pattern 171, one Query, consistent: 1).
func (s *Store) Unused(ctx context.Context, portalID string) (bool, error) {
	used, err := s.hasTickets(ctx, TeamAudience(portalID))
	return !used && err == nil, err
}
