package portal

import "time"

// AuditAction is what an entry of the audit log says was done. The catalogs name
// them: "audit." and the action.
type AuditAction string

const (
	AuditSignedIn         AuditAction = "signedIn"
	AuditSignInFailed     AuditAction = "signInFailed"
	AuditSignInLimited    AuditAction = "signInLimited" // too many tries
	AuditSignedOut        AuditAction = "signedOut"
	AuditSessionsEnded    AuditAction = "sessionsEnded"
	AuditRegistered       AuditAction = "registered" // set up a login
	AuditPasswordChanged  AuditAction = "passwordChanged"
	AuditPasswordReset    AuditAction = "passwordReset"
	AuditInvited          AuditAction = "invited"
	AuditAccessGiven      AuditAction = "accessGiven" // into a group, or a company
	AuditAccessTaken      AuditAction = "accessTaken"
	AuditRoleChanged      AuditAction = "roleChanged"
	AuditViewedAs         AuditAction = "viewedAs" // somebody of the team began to see as a customer does
	AuditViewedAsEnded    AuditAction = "viewedAsEnded"
	AuditTokenMade        AuditAction = "tokenMade"
	AuditTokenRevoked     AuditAction = "tokenRevoked"
	AuditDataCopied       AuditAction = "dataCopied" // a person took a copy of what is kept about them
	AuditErasureRequested AuditAction = "erasureRequested"
	AuditTicketsExported  AuditAction = "ticketsExported" // by somebody of the team
	AuditFactorAdded      AuditAction = "factorAdded"     // a passkey, a one-time code's secret, an account elsewhere
	AuditFactorRemoved    AuditAction = "factorRemoved"
	AuditSettingsChanged  AuditAction = "settingsChanged"
	AuditPortalArchived   AuditAction = "portalArchived"
	AuditPortalRestored   AuditAction = "portalRestored"
	AuditFormSaved        AuditAction = "formSaved" // a form of its settings, new or changed
	AuditTeamAdded        AuditAction = "teamAdded" // somebody to the team, who is invited by it
	AuditTeamChanged      AuditAction = "teamChanged"
	AuditTeamRemoved      AuditAction = "teamRemoved"
	AuditContactAdded     AuditAction = "contactAdded"
	AuditContactChanged   AuditAction = "contactChanged"
	AuditContactRemoved   AuditAction = "contactRemoved"
	AuditCompanyAdded     AuditAction = "companyAdded"
	AuditCompanyChanged   AuditAction = "companyChanged"
	AuditCompanyRemoved   AuditAction = "companyRemoved"
)

// AuditEntry is what somebody did, or tried: written once, and never changed.
type AuditEntry struct {
	ID     string
	At     time.Time
	Action AuditAction

	// Who did it, and whom it was done to, if that is somebody else. The names
	// are addresses as they were then; an id is "" where it is not known.
	Actor, ActorName     string
	Subject, SubjectName string

	Network   string // the client's, as web.Request.Network returns it
	UserAgent string
	Details   map[string]string // what else is to be known: a group, a role before and after, a way in
}
