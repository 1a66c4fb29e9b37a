package web

import (
	"context"

	"postern/shared/portal"
)

// Audits is where the audit log is written: postern/shared/dynamo's Store.
type Audits interface {
	PutAudit(ctx context.Context, portalID string, e portal.AuditEntry) error
}

// Entry is an entry of the audit log about the request, by its viewer: of who of
// the team sees as a customer does, by them. The id is the caller's to give.
func (r *Request) Entry(id string, action portal.AuditAction, details map[string]string) portal.AuditEntry {
	return r.EntryBy(r.Person(), id, action, details)
}

// EntryBy is Entry by somebody who is not the viewer yet, or never will be.
func (r *Request) EntryBy(by portal.Person, id string, action portal.AuditAction, details map[string]string) portal.AuditEntry {
	return portal.AuditEntry{
		ID: id, At: r.Now, Action: action, Actor: by.ID, ActorName: by.Email,
		Network: r.Network(), UserAgent: portal.UserAgent(r.UserAgent()), Details: details,
	}
}

// Audit writes an entry of what has been done already. Where it cannot, that is
// noted in the request's log line, and the request goes on: what must not happen
// without an entry writes it first, or as part of its own transaction.
func (r *Request) Audit(ctx context.Context, to Audits, e portal.AuditEntry) {
	if err := to.PutAudit(ctx, r.Settings.ID, e); err != nil {
		r.Note(err)
	}
}
