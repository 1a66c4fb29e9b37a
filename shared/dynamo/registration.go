package dynamo

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"postern/shared/dynamo/schema"
	"postern/shared/portal"
)

// Registration is that somebody sets up a login by a one-time link.
type Registration struct {
	Link portal.Link
	Hash string // of the link's secret
	// Person is whose login it is, as Link returned them.
	Person      portal.Person
	First, Last string // where the person has no name yet
	Language    string // of a new person
	Password    string // its hash; "" sets none
	// Company is the one that the person joins, or "". An invitation to a company,
	// the link's, is accepted by joining it, and must still be open.
	Company string
	Consent *portal.ConsentGiven
	Audit   portal.AuditEntry
	Now     time.Time
}

// Register uses the link up and sets up the login, all or nothing (pattern 44, one
// TransactWriteItems of 3 to 9: 2 each as a rule). It returns NotFound, as for a
// link that cannot be used, where that was used before or its time is over, where
// somebody else has the address by now or the person another one, where they have a
// login already, and where the invitation was withdrawn.
func (s *Store) Register(ctx context.Context, portalID string, r Registration) error {
	use := s.linkUse(portalID, r.Link, r.Hash, r.Now)
	writes := []types.TransactWriteItem{{Delete: &use}}
	if r.Link.New {
		p := r.Person
		p.First, p.Last, p.Language, p.Company = r.First, r.Last, r.Language, r.Company
		p.Created, p.Registered, p.Invitation = r.Now, r.Now, portal.NotInvited
		writes = append(writes,
			s.mustNotExist(schema.People, marshal(emailKey(portalID, r.Link.Email), "e", claimItem{Person: p.ID})),
			s.mustNotExist(schema.People, itemOfPerson(portalID, p)))
	} else {
		writes = append(writes, s.registeredWrite(portalID, r))
		writes = append(writes, s.invitationEnds(portalID, r.Person)...)
	}
	if r.Link.Kind == portal.LinkInvite && r.Link.Company != "" {
		accept := s.deleteAnyway(companyKey(portalID, r.Link.Company), invitationKey(r.Link.Email))
		accept.Delete.ConditionExpression = aws.String("attribute_exists(pk)")
		writes = append(writes, accept)
	}
	if r.Company != "" {
		writes = append(writes, s.putAnyway(schema.People, keyOf(companyKey(portalID, r.Company), memberKey(r.Person.ID))))
	}
	if r.Password != "" {
		writes = append(writes, s.putAnyway(schema.Credentials, itemOfPassword(portalID, r.Person.ID, r.Password, r.Now)))
	}
	if r.Consent != nil {
		writes = append(writes, s.putAnyway(schema.People, itemOfConsent(portalID, r.Person.ID, *r.Consent)))
	}
	err := s.transactAll(ctx, append(writes, s.auditWrite(portalID, r.Audit)))
	if portal.KindOf(err) == portal.Conflict {
		return noLink(err)
	}
	return err
}

// invitationEnds takes who has a login now from the lists of who was invited, and of
// who waits to be.
func (s *Store) invitationEnds(portalID string, p portal.Person) []types.TransactWriteItem {
	var writes []types.TransactWriteItem
	switch p.Invitation {
	case portal.Waiting:
		writes = append(writes, s.deleteAnyway(waitingKey(portalID), memberKey(p.ID)))
		fallthrough
	case portal.Pending, portal.Failed:
		writes = append(writes, s.deleteAnyway(invitedKey(portalID), memberKey(p.ID)))
	}
	return writes
}

// registeredWrite says of a contact that they have a login, unless they are not who
// they were when they were read.
func (s *Store) registeredWrite(portalID string, r Registration) types.TransactWriteItem {
	set := []string{"#registered = :now"}
	as := "(attribute_not_exists(#role) OR NOT #role IN (:agent, :admin))"
	if r.Person.Role.Team() {
		as = "#role IN (:agent, :admin)"
	}
	condition := []string{
		"attribute_exists(pk)", "#email = :email", "attribute_not_exists(#registered)", as,
	}
	names := map[string]string{"#registered": "registered", "#email": "email", "#role": "role", "#invitation": "invitation"}
	values := item{
		":now": num(r.Now.UnixMilli()), ":email": str(r.Link.Email),
		":agent": str(string(portal.Agent)), ":admin": str(string(portal.Admin)),
	}
	if r.Person.Invitation == portal.NotInvited {
		condition = append(condition, "(attribute_not_exists(#invitation) OR #invitation = :none)")
		values[":none"] = str("")
	} else {
		// An invitation that was withdrawn meanwhile is none.
		condition = append(condition, "#invitation = :before")
		set = append(set, "#invitation = :accepted")
		values[":before"], values[":accepted"] = str(string(r.Person.Invitation)), str(string(portal.Accepted))
	}
	if r.Person.First == "" && r.Person.Last == "" && r.First+r.Last != "" {
		set = append(set, "#first = :first", "#last = :last")
		names["#first"], names["#last"] = "first", "last"
		values[":first"], values[":last"] = str(r.First), str(r.Last)
		if !r.Person.Role.Team() {
			named := r.Person
			named.First, named.Last = r.First, r.Last
			set = append(set, listedBy+" = :place")
			values[":place"] = str(contactPlace(named))
		}
	}
	switch p := r.Person; {
	case r.Company == "", p.Company == r.Company, slices.Contains(p.Companies, r.Company):
	case p.Company == "":
		set = append(set, "#company = :company")
		condition = append(condition, "(attribute_not_exists(#company) OR #company = :nowhere)")
		names["#company"] = "company"
		values[":company"], values[":nowhere"] = str(r.Company), str("")
	default:
		set = append(set, "#companies = list_append(if_not_exists(#companies, :no), :more)")
		names["#companies"] = "companies"
		values[":no"], values[":more"] = strs([]string{}), strs([]string{r.Company})
	}
	return types.TransactWriteItem{Update: &types.Update{
		TableName: s.table(schema.People), Key: keyOf(personKey(portalID, r.Person.ID), "p"),
		UpdateExpression:    aws.String("SET " + strings.Join(set, ", ")),
		ConditionExpression: aws.String(strings.Join(condition, " AND ")), ExpressionAttributeNames: names, ExpressionAttributeValues: values,
	}}
}

type consentItem struct {
	At      int64                `dynamodbav:"at"`
	Version string               `dynamodbav:"version"`
	Notice  portal.ConsentNotice `dynamodbav:"notice"`
	Email   string               `dynamodbav:"email"`
	Network string               `dynamodbav:"network,omitempty"`
}

// consentKey is what a person's consents begin with.
const consentKey = "k#"

func itemOfConsent(portalID, person string, c portal.ConsentGiven) item {
	return marshal(personKey(portalID, person), consentKey+ms(c.At)+"#"+c.Version, consentItem{
		At: c.At.UnixMilli(), Version: c.Version, Notice: c.Notice, Email: c.Email, Network: c.Network,
	})
}

// Consents returns what the person has agreed to, newest first (pattern 45, one
// Query: as a rule 0.5). Of more than fit into 1 MB the oldest are missing.
func (s *Store) Consents(ctx context.Context, portalID, person string) ([]portal.ConsentGiven, error) {
	in := below(schema.People, personKey(portalID, person), consentKey)
	in.ConsistentRead, in.ScanIndexForward = nil, aws.Bool(false)
	out, err := s.query(ctx, in)
	if err != nil {
		return nil, err
	}
	all := make([]portal.ConsentGiven, 0, len(out.Items))
	for _, it := range out.Items {
		var c consentItem
		if err := unmarshal(it, &c); err != nil {
			return nil, err
		}
		all = append(all, portal.ConsentGiven{At: time.UnixMilli(c.At).UTC(), Version: c.Version, Notice: c.Notice, Email: c.Email, Network: c.Network})
	}
	return all, nil
}

type domainItem struct {
	Company string `dynamodbav:"company"`
}

func domainKey(portalID, domain string) string { return portalID + "#d#" + domain }

// domainItems say whose domains they are. One that several companies have is
// nobody's: whoever came by it would join either.
func domainItems(portalID string, companies []portal.Company) []item {
	owners := map[string][]string{}
	for _, c := range companies {
		for _, d := range c.Domains {
			if !slices.Contains(owners[d], c.ID) {
				owners[d] = append(owners[d], c.ID)
			}
		}
	}
	var items []item
	for domain, ids := range owners {
		if domain != "" && len(ids) == 1 {
			items = append(items, marshal(domainKey(portalID, domain), "d", domainItem{Company: ids[0]}))
		}
	}
	return items
}

// CompanyOfDomain returns the id of the company whose people's addresses are of the
// domain, "" where there is none (pattern 46, one GetItem: 0.5).
func (s *Store) CompanyOfDomain(ctx context.Context, portalID, domain string) (string, error) {
	if domain == "" {
		return "", nil
	}
	it, err := s.get(ctx, key{table: schema.People, pk: domainKey(portalID, domain), sk: "d"})
	if err != nil || it == nil {
		return "", err
	}
	var d domainItem
	err = unmarshal(it, &d)
	return d.Company, err
}

// NewestSettingsOf is NewestSettings for who knows the portal's id and not its slug
// (pattern 7, one Query).
func (s *Store) NewestSettingsOf(ctx context.Context, portalID string) (*portal.Settings, error) {
	return s.readPortal(ctx, portalID)
}

type waitingItem struct {
	Email    string `dynamodbav:"email"`
	Language string `dynamodbav:"lang,omitempty"`
	Company  string `dynamodbav:"company,omitempty"`
	By       string `dynamodbav:"by,omitempty"`
	Unstated bool   `dynamodbav:"unstated,omitempty"` // the contact is not said to be invited
}

func waitingKey(portalID string) string { return portalID + "#waiting" }

// openInvitation holds where an invitation may still become another one: where it
// was accepted, or withdrawn, nothing that comes late changes that.
const openInvitation = "attribute_exists(pk) AND #invitation IN (:waiting, :pending, :failed) AND attribute_not_exists(#registered)"

// invitationWrite says how far it is with the contact's invitation.
func (s *Store) invitationWrite(portalID, contact string, state portal.Invitation) types.Update {
	return types.Update{
		TableName: s.table(schema.People), Key: keyOf(personKey(portalID, contact), "p"),
		UpdateExpression:         aws.String("SET #invitation = :state"),
		ConditionExpression:      aws.String(openInvitation),
		ExpressionAttributeNames: map[string]string{"#invitation": "invitation", "#registered": "registered"},
		ExpressionAttributeValues: item{
			":state": str(string(state)), ":waiting": str(string(portal.Waiting)),
			":pending": str(string(portal.Pending)), ":failed": str(string(portal.Failed)),
		},
	}
}

// HoldInvitation has the invitation wait until the portal is switched on (pattern
// 47, one TransactWriteItems: 5). It is a Conflict where the portal is on by now, or
// the contact no longer to be invited.
func (s *Store) HoldInvitation(ctx context.Context, r LinkRequest, contact portal.Person) error {
	writes := []types.TransactWriteItem{
		{ConditionCheck: &types.ConditionCheck{
			TableName: s.table(schema.Settings), Key: keyOf(r.Portal, "p"),
			ConditionExpression:       aws.String("attribute_exists(pk) AND (attribute_not_exists(#active) OR #active = :off)"),
			ExpressionAttributeNames:  map[string]string{"#active": "Active"},
			ExpressionAttributeValues: item{":off": &types.AttributeValueMemberBOOL{Value: false}},
		}},
		s.putAnyway(schema.People, marshal(waitingKey(r.Portal), memberKey(contact.ID), waitingItem{
			Email: r.Email, Language: r.Language, Company: r.Company, By: r.By, Unstated: contact.Invitation == portal.NotInvited,
		})),
	}
	if contact.Invitation != portal.NotInvited {
		update := s.invitationWrite(r.Portal, contact.ID, portal.Waiting)
		writes = append(writes, types.TransactWriteItem{Update: &update})
	}
	return s.transactAll(ctx, writes)
}

// PutInvitation says how far it is with the contact's invitation, unless it was
// accepted or withdrawn (pattern 48, one UpdateItem: 1).
func (s *Store) PutInvitation(ctx context.Context, portalID, contact string, state portal.Invitation) error {
	u := s.invitationWrite(portalID, contact, state)
	_, err := s.update(ctx, schema.People, &dynamodb.UpdateItemInput{
		Key: u.Key, UpdateExpression: u.UpdateExpression, ConditionExpression: u.ConditionExpression,
		ExpressionAttributeNames: u.ExpressionAttributeNames, ExpressionAttributeValues: u.ExpressionAttributeValues,
	})
	if portal.KindOf(err) == portal.Conflict {
		return nil
	}
	return err
}

// flushBatch is how many invitations are read at a time that wait.
const flushBatch = 25

// SendWaiting asks for the mails of up to some invitations that wait, of a portal
// that is on, and returns how many there were; none are left at 0 (pattern 49: one
// Query, and one TransactWriteItems each: 6). Whoever does the same at the same
// moment sends none of them again, and who died within is made good by the next.
func (s *Store) SendWaiting(ctx context.Context, portalID string, now time.Time) (n int, err error) {
	out, err := s.query(ctx, &dynamodb.QueryInput{
		TableName:                 aws.String(schema.People),
		KeyConditionExpression:    aws.String("pk = :pk"),
		ExpressionAttributeValues: item{":pk": str(waitingKey(portalID))},
		ConsistentRead:            aws.Bool(true),
		Limit:                     aws.Int32(flushBatch),
	})
	if err != nil {
		return 0, err
	}
	for _, it := range out.Items {
		var w waitingItem
		if err := unmarshal(it, &w); err != nil {
			return 0, err
		}
		contact := strings.TrimPrefix(text(it["sk"]), memberKey(""))
		writes := []types.TransactWriteItem{
			{Delete: &types.Delete{
				TableName: s.table(schema.People), Key: keyOf(waitingKey(portalID), text(it["sk"])),
				ConditionExpression: aws.String("attribute_exists(pk)"),
			}},
			s.putAnyway(schema.Sessions, itemOfLinkRequest(LinkRequest{
				Portal: portalID, ID: NewID(now), Kind: portal.LinkInvite, Email: w.Email, Language: w.Language, Company: w.Company, By: w.By, At: now,
			})),
		}
		if !w.Unstated {
			update := s.invitationWrite(portalID, contact, portal.Pending)
			writes = append(writes, types.TransactWriteItem{Update: &update})
		}
		err := s.transactAll(ctx, writes)
		if portal.KindOf(err) == portal.Conflict {
			// Another has just sent it, or nobody is to be invited any more.
			err = s.delete(ctx, schema.People, waitingKey(portalID), text(it["sk"]))
		}
		if err != nil {
			return 0, err
		}
	}
	return len(out.Items), nil
}
