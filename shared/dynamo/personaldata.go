package dynamo

import (
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"postern/shared/dynamo/schema"
	"postern/shared/portal"
)

// AuditOf is Audit for one person: of the next limit entries of the month, those
// that the person is the actor or the subject of (pattern 90, one Query: about 25
// for 500 entries, however many are the person's).
func (s *Store) AuditOf(ctx context.Context, portalID, person string, at time.Time, before string, limit int32) (entries []portal.AuditEntry, next string, err error) {
	return s.auditPage(ctx, portalID, at, before, limit, func(in *dynamodb.QueryInput) {
		in.FilterExpression = aws.String("#actor = :person OR #subject = :person")
		in.ExpressionAttributeNames = map[string]string{"#actor": "actor", "#subject": "subject"}
		in.ExpressionAttributeValues[":person"] = str(person)
	})
}

// SignInMethods is how a person signs in, without anything that is secret.
type SignInMethods struct {
	Password   time.Time // when it was set; zero where there is none
	App        time.Time // since when there is an authenticator app; zero where there is none
	Identities []Linked  // without their subjects
	Passkeys   []portal.Passkey
}

// SignInMethods returns how the person signs in (pattern 91, one Query: 0.5 as a
// rule). Neither hashes nor secrets are read.
func (s *Store) SignInMethods(ctx context.Context, portalID, person string) (SignInMethods, error) {
	out, err := s.query(ctx, &dynamodb.QueryInput{
		TableName:              aws.String(schema.Credentials),
		KeyConditionExpression: aws.String("pk = :pk"),
		ProjectionExpression:   aws.String("sk, #changed, #since, #issuer, #email, #linked, #name, #created, #used, #synced"),
		ExpressionAttributeNames: map[string]string{
			"#changed": "changed", "#since": "since", "#issuer": "issuer", "#email": "email", "#linked": "linked",
			"#name": "name", "#created": "created", "#used": "used", "#synced": "synced",
		},
		ExpressionAttributeValues: item{":pk": str(personKey(portalID, person))},
	})
	if err != nil {
		return SignInMethods{}, err
	}
	var m SignInMethods
	for _, it := range out.Items {
		switch sk := text(it["sk"]); {
		case sk == "pw":
			var i passwordItem
			if err := unmarshal(it, &i); err != nil {
				return SignInMethods{}, err
			}
			m.Password = moment(i.Changed)
		case sk == codeKey:
			var i codeItem
			if err := unmarshal(it, &i); err != nil {
				return SignInMethods{}, err
			}
			m.App = moment(i.Since)
		case strings.HasPrefix(sk, identityPrefix):
			var i identityItem
			if err := unmarshal(it, &i); err != nil {
				return SignInMethods{}, err
			}
			m.Identities = append(m.Identities, Linked{
				Hash: strings.TrimPrefix(sk, identityPrefix), Identity: portal.Identity{Issuer: i.Issuer, Email: i.Email}, At: moment(i.Linked),
			})
		case strings.HasPrefix(sk, passkeyPrefix):
			k, err := passkeyFrom(it)
			if err != nil {
				return SignInMethods{}, err
			}
			m.Passkeys = append(m.Passkeys, k.Passkey)
		}
	}
	return m, nil
}

// Erasure is that a person has asked for the erasure of their data, the last time
// they did.
type Erasure struct {
	Ticket string    // that was made of it
	At     time.Time // when
	Client string    // the id that the client made for it
	Hash   string    // of what it said
}

// CopyPart is where the next part of a copy of a person's data begins, which was too
// large for one.
type CopyPart struct {
	Part int
	Next string // a cursor, "" where all parts were taken
	At   time.Time
}

// DataRequests is what a person has asked for of their data.
type DataRequests struct {
	Erasure *Erasure  // nil where they never asked
	Copy    *CopyPart // nil where no copy was too large
	// Ticket is the erasure's, as it is now; nil where that is gone.
	Ticket *portal.Ticket
}

const (
	erasureKey  = "erasure"
	copyPartKey = "copy"
)

type erasureItem struct {
	Ticket string `dynamodbav:"ticket"`
	At     int64  `dynamodbav:"at"`
	Client string `dynamodbav:"client"`
	Hash   string `dynamodbav:"hash"`
}

type copyPartItem struct {
	Part int    `dynamodbav:"part"`
	Next string `dynamodbav:"next,omitempty"`
	At   int64  `dynamodbav:"at"`
}

// DataRequests returns what the person has asked for of their data (pattern 92, one
// BatchGetItem: 2, and one GetItem: 1 where they have asked for erasure). All is read
// consistently.
func (s *Store) DataRequests(ctx context.Context, portalID, person string) (DataRequests, error) {
	pk := personKey(portalID, person)
	items, err := s.getAll(ctx,
		key{table: schema.People, pk: pk, sk: erasureKey, consistent: true},
		key{table: schema.People, pk: pk, sk: copyPartKey, consistent: true})
	if err != nil {
		return DataRequests{}, err
	}
	var d DataRequests
	if items[1] != nil {
		var i copyPartItem
		if err := unmarshal(items[1], &i); err != nil {
			return DataRequests{}, err
		}
		d.Copy = &CopyPart{Part: i.Part, Next: i.Next, At: moment(i.At)}
	}
	if items[0] == nil {
		return d, nil
	}
	var i erasureItem
	if err := unmarshal(items[0], &i); err != nil {
		return DataRequests{}, err
	}
	d.Erasure = &Erasure{Ticket: i.Ticket, At: moment(i.At), Client: i.Client, Hash: i.Hash}
	t, err := s.ticketAlone(ctx, portalID, i.Ticket, true)
	switch {
	case portal.KindOf(err) == portal.NotFound:
		return d, nil
	case err != nil:
		return DataRequests{}, err
	}
	d.Ticket = &t
	return d, nil
}

// RequestErasure is Create with the note that the person has asked for the erasure
// of their data, which takes the place of the one before, and the entry of the audit
// log (pattern 93, one UpdateItem and one TransactWriteItems). The marker's author is
// the person. It is a Conflict where the person has asked anew since before was read.
func (s *Store) RequestErasure(ctx context.Context, settings *portal.Settings, e Edit, marker Marker, before *Erasure, entry portal.AuditEntry) (made Edit, done bool, err error) {
	pk := personKey(settings.ID, marker.Author)
	asked := &types.Put{
		TableName: s.table(schema.People),
		Item: marshal(pk, erasureKey, erasureItem{
			Ticket: e.Ticket.ID, At: entry.At.UnixMilli(), Client: marker.ClientID, Hash: marker.Hash,
		}),
		ConditionExpression: aws.String("attribute_not_exists(pk)"),
	}
	if before != nil {
		asked.ConditionExpression = aws.String("#ticket = :ticket")
		asked.ExpressionAttributeNames = map[string]string{"#ticket": "ticket"}
		asked.ExpressionAttributeValues = item{":ticket": str(before.Ticket)}
	}
	raced := func() error {
		items, err := s.getAll(ctx, key{table: schema.People, pk: pk, sk: erasureKey, consistent: true}) // every function may
		if err != nil {
			return err
		}
		if now := text(items[0]["ticket"]); before == nil && now != "" || before != nil && now != before.Ticket {
			return portal.Errorf(portal.Conflict, "error.conflict")
		}
		return nil
	}
	return s.create(ctx, settings, e, &marker, raced, types.TransactWriteItem{Put: asked}, s.auditWrite(settings.ID, entry))
}

// PutCopyPart writes where the next part of the person's copy begins (pattern 94, one
// PutItem: 1).
func (s *Store) PutCopyPart(ctx context.Context, portalID, person string, c CopyPart) error {
	return s.put(ctx, schema.People, marshal(personKey(portalID, person), copyPartKey,
		copyPartItem{Part: c.Part, Next: c.Next, At: c.At.UnixMilli()}))
}
