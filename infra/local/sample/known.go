package sample

import (
	"fmt"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"

	"postern/shared/portal"
)

// The portals of the sample.
const (
	Portal       = "support01"
	Slug         = "support"
	OrdersPortal = "orders001"
	OrdersSlug   = "bestellungen"
)

// Password is that of all accounts.
const Password = "postern-demo"

// The people who can sign in at the portal support.
const (
	Customer  = "01hkm4spm0samp1e0000000001" // customer@nordwind.example
	Colleague = "01hkm4spm0samp1e0000000002" // colleague@nordwind.example
	Manager   = "01hkm4spm0samp1e0000000003" // manager@nordwind.example
	Stranger  = "01hkm4spm0samp1e0000000004" // stranger@suedstern.example
	Solo      = "01hkm4spm0samp1e0000000005" // solo@einzel.example
	Agent     = "01hkm4spm0samp1e0000000006" // agent@postern.example
	Admin     = "01hkm4spm0samp1e0000000007" // admin@postern.example
	Workshop  = "01hkm4spm0samp1e0000000018" // of the team, without a password
)

// The people who can sign in at the portal bestellungen, under the same
// addresses as at support.
const (
	OrdersCustomer = "01hkm4spm0samp1e0000000011"
	OrdersStranger = "01hkm4spm0samp1e0000000012"
	OrdersAgent    = "01hkm4spm0samp1e0000000013"
	OrdersAdmin    = "01hkm4spm0samp1e0000000014"
)

// The identity provider that people of Nordwind and of the team may sign in with
// at support. On a developer's machine another issuer stands in for it.
const (
	Provider       = "nordlichtkonto"
	ProviderIssuer = "https://identity.nordlicht.example/oidc"
	ProviderClient = "postern"
)

// The same people's identity provider of the other kind, SAML 2.0. Nobody has the
// key of its certificate.
const (
	SAMLProvider    = "nordlichtsaml"
	SAMLEntity      = "https://identity.nordlicht.example/saml"
	SAMLSignIn      = "https://identity.nordlicht.example/saml/sso"
	SAMLCertificate = "MIIBoTCCAUegAwIBAgIUBdI1qeHkp+JMx7sZrBo4kyOqe24wCgYIKoZIzj0EAwIwJTEjMCEGA1UEAwwaaWRlbnRpdHkubm9yZGxpY2h0LmV4YW1wbGUwIBcNMjYxMTIzMDA1NjAzWhgPMjEyNjEwMzAwMDU2MDNaMCUxIzAhBgNVBAMMGmlkZW50aXR5Lm5vcmRsaWNodC5leGFtcGxlMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEyBlS4Jn/mWipwdkNK7gORnL2sOZNzY/v61XrYqEgm2A2oMYZ6F6jEOEtG49LhVcPFSFHqcM+QKzLpI6nSr7NWKNTMFEwHQYDVR0OBBYEFH2NZLD2T5eBXGJ81SdsbBvHLQ+yMB8GA1UdIwQYMBaAFH2NZLD2T5eBXGJ81SdsbBvHLQ+yMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIgdPEJDf1NEANUpjFPKayCqyGpcE22/iUueaQ1PQQ2pa0CIQDSXe81SUJ4pwfvBACfp1fCqNHk89VJvsEnJTFBrq4yqw=="
)

// FormerStaff has left: an owner and author whom no settings list.
const FormerStaff = "01hkm4spm0samp1e0000000019"

// Companies of the accounts, and the one that ElsewhereTicket belongs to.
const (
	Nordwind   = "01hkm4spm0samp1e0000000021"
	Suedstern  = "01hkm4spm0samp1e0000000022"
	Hafenkante = "01hkm4spm0samp1e0000000023"
)

// SavedView is Customer's, of what is urgent.
const SavedView = "01krzmpak4samp1e0000000901"

// Tickets of the portal support that are there whatever the time and however
// few are asked for.
const (
	OwnTicket       = "01krzmpak4samp1e0000000101" // Customer's at Nordwind, open, new answer minutes ago
	ColleagueTicket = "01kt45jcnvsamp1e0000000102" // Colleague's at Nordwind, open
	StrangerTicket  = "01ktnjmybtsamp1e0000000103" // Stranger's at Südstern, open
	HiddenTicket    = "01kp5n8yb9samp1e0000000104" // Customer's at Nordwind, hidden by the filter
	SoloTicket      = "01ksqsmmcqsamp1e0000000105" // Solo's, of no company, open
	ClosedTicket    = "01kv7kvr5rsamp1e0000000106" // Customer's at Nordwind, closed two days ago
	OldClosedTicket = "01kerjmyz6samp1e0000000107" // Customer's at Nordwind, closed too long ago to reopen
	LongTicket      = "01kjsjw9m3samp1e0000000108" // Customer's at Nordwind, open, over 120 messages
	ManagerTicket   = "01ktv6yrrbsamp1e0000000109" // Manager's at Nordwind, open
	ElsewhereTicket = "01khnx3yyksamp1e0000000110" // Customer's at Hafenkante, which is not Customer's company, open
	SharedTicket    = "01kvczn3jasamp1e0000000111" // Colleague's and Customer's at Nordwind, open
	RepairTicket    = "01kqw891mksamp1e0000000112" // Customer's at Nordwind, open, in the pipeline with two closed stages
)

// Tickets of the portal bestellungen, of the same kind.
const (
	OrderTicket         = "01kvstp6djsamp1e0000000201" // OrdersCustomer's, open
	OrderStrangerTicket = "01kvwj1326samp1e0000000202" // OrdersStranger's, open
)

// Files of OwnTicket.
const (
	OwnAttachment     = "01krzmpak4samp1e0000000301" // of a message
	CommentAttachment = "01krzmpak4samp1e0000000302" // of an internal comment: nobody's to download
	SecondAttachment  = "01krzmpak4samp1e0000000303" // of the second thread: nobody's to download
)

// Marks are in the texts that must never reach a customer, so that a leak can
// be searched for.
const (
	InternalMark = "INTERN-GEHEIM" // comments, notes, hidden properties
	SecondMark   = "ZWEITER-FADEN" // threads beside the oldest
	HiddenMark   = "VERBORGEN"     // subjects of tickets that the filter hides
)

// Account is somebody who can sign in with Password.
type Account struct {
	ID    string
	Email string
	Name  string
	Role  portal.Role
	About string // what the account shows, in a few words
}

// Accounts are those of the portal support.
func Accounts() []Account {
	var all []Account
	for _, p := range accounts() {
		all = append(all, Account{ID: p.ID, Email: p.Email, Name: p.Name(), Role: p.Role, About: about[p.ID]})
	}
	return all
}

var about = map[string]string{
	Customer:  "a customer of Nordwind, German",
	Colleague: "a colleague at the same company",
	Manager:   "that company's manager",
	Stranger:  "a customer of another company, English",
	Solo:      "a customer without a company",
	Agent:     "of the team",
	Admin:     "of the team, may change the settings",
}

// timeOf returns the time that an id begins with.
func timeOf(id string) time.Time {
	u, err := ulid.ParseStrict(strings.ToUpper(id))
	if err != nil {
		panic(fmt.Sprintf("sample: id %s: %v", id, err))
	}
	return ulid.Time(u.Time()).UTC()
}

// Earliest is the earliest time that the sample can be made for.
var Earliest = time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
