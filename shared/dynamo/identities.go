package dynamo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"postern/shared/dynamo/schema"
	"postern/shared/portal"
)

// identityItem is an account with a provider: once for who signs in with it, and
// once for whose it is.
type identityItem struct {
	Person  string `dynamodbav:"person"`
	Issuer  string `dynamodbav:"issuer"`
	Subject string `dynamodbav:"subject"`
	Email   string `dynamodbav:"email,omitempty"`
	Linked  int64  `dynamodbav:"linked"`
}

// identityPrefix is what somebody's identities begin with.
const identityPrefix = "i#"

// identityHash stands for an identity in keys: subjects may be of any letters.
func identityHash(i portal.Identity) string {
	h := sha256.New()
	h.Write([]byte(i.Issuer))
	h.Write([]byte{0}) // which no address of an issuer has
	h.Write([]byte(i.Subject))
	return hex.EncodeToString(h.Sum(nil))
}

func identityKey(portalID string, i portal.Identity) string {
	return portalID + "#i#" + identityHash(i)
}

// PersonByIdentity returns whose sign-in the identity is (pattern 70, two
// GetItem: 2). It returns NotFound where it is nobody's.
func (s *Store) PersonByIdentity(ctx context.Context, portalID string, i portal.Identity) (portal.Person, error) {
	nobody := portal.Errorf(portal.NotFound, "error.noPerson")
	it, err := s.get(ctx, key{table: schema.Credentials, pk: identityKey(portalID, i), sk: "i", consistent: true})
	if err != nil {
		return portal.Person{}, err
	}
	if it == nil {
		return portal.Person{}, nobody
	}
	var link identityItem
	if err := unmarshal(it, &link); err != nil {
		return portal.Person{}, err
	}
	it, err = s.get(ctx, key{table: schema.People, pk: personKey(portalID, link.Person), sk: "p", consistent: true})
	if err != nil {
		return portal.Person{}, err
	}
	if it == nil {
		return portal.Person{}, nobody
	}
	return personFrom(it)
}

// LinkIdentity makes the identity a sign-in of the person, who has the address
// that the caller has found to be proven, with the entry of the audit log (pattern
// 71, one TransactWriteItems of 4 to 6: 2 each). It is a Conflict where the identity is
// somebody's, or the person is gone or has another address by now. The person has
// a login from then on.
func (s *Store) LinkIdentity(ctx context.Context, portalID string, p portal.Person, i portal.Identity, e portal.AuditEntry, now time.Time) error {
	link := identityItem{Person: p.ID, Issuer: i.Issuer, Subject: i.Subject, Email: i.Email, Linked: now.UnixMilli()}
	writes := []types.TransactWriteItem{
		s.mustNotExist(schema.Credentials, marshal(identityKey(portalID, i), "i", link)),
		s.putAnyway(schema.Credentials, marshal(personKey(portalID, p.ID), identityPrefix+identityHash(i), link)),
		{Update: &types.Update{
			TableName: s.table(schema.People), Key: keyOf(personKey(portalID, p.ID), "p"),
			UpdateExpression:    aws.String("SET registered = if_not_exists(registered, :now), invitation = :accepted"),
			ConditionExpression: aws.String("email = :email"),
			ExpressionAttributeValues: item{
				":now": num(now.UnixMilli()), ":email": str(p.Email), ":accepted": str(string(portal.Accepted)),
			},
		}},
		s.auditWrite(portalID, e),
	}
	return s.transactAll(ctx, append(writes, s.invitationEnds(portalID, p)...))
}

// Linked is an identity that somebody signs in with.
type Linked struct {
	Hash string // stands for it
	portal.Identity
	At time.Time
}

// Identities returns what the person signs in with elsewhere (pattern 72, one
// Query: 1).
func (s *Store) Identities(ctx context.Context, portalID, person string) ([]Linked, error) {
	out, err := s.query(ctx, below(schema.Credentials, personKey(portalID, person), identityPrefix))
	if err != nil {
		return nil, err
	}
	var all []Linked
	for _, it := range out.Items {
		var link identityItem
		if err := unmarshal(it, &link); err != nil {
			return nil, err
		}
		i := portal.Identity{Issuer: link.Issuer, Subject: link.Subject, Email: link.Email}
		all = append(all, Linked{Hash: identityHash(i), Identity: i, At: time.UnixMilli(link.Linked).UTC()})
	}
	return all, nil
}

// UnlinkIdentity ends that the person signs in with the identity (pattern 73, one
// TransactWriteItems of 3: 6). It returns NotFound where they do not.
func (s *Store) UnlinkIdentity(ctx context.Context, portalID, person string, i portal.Identity, e portal.AuditEntry) error {
	return gone(s.transactAll(ctx, []types.TransactWriteItem{
		{Delete: &types.Delete{
			TableName: s.table(schema.Credentials), Key: keyOf(identityKey(portalID, i), "i"),
			ConditionExpression:       aws.String("#person = :person"),
			ExpressionAttributeNames:  map[string]string{"#person": "person"},
			ExpressionAttributeValues: item{":person": str(person)},
		}},
		{Delete: &types.Delete{TableName: s.table(schema.Credentials), Key: keyOf(personKey(portalID, person), identityPrefix+identityHash(i))}},
		s.auditWrite(portalID, e),
	}))
}

type secretItem struct {
	Secret string `dynamodbav:"secret"`
}

// ProviderSecret returns the secret that the portal has with an identity provider, by
// its [portal.Provider.SecretName], "" where there is none (pattern 74, one GetItem: 0.5).
func (s *Store) ProviderSecret(ctx context.Context, portalID, name string) (string, error) {
	it, err := s.get(ctx, key{table: schema.Credentials, pk: portalID + "#sso", sk: "provider#" + name})
	if it == nil || err != nil {
		return "", err
	}
	var i secretItem
	err = unmarshal(it, &i)
	return i.Secret, err
}

// PutProviderSecret writes it (pattern 74, one PutItem: 1).
func (s *Store) PutProviderSecret(ctx context.Context, portalID, name, secret string) error {
	return s.put(ctx, schema.Credentials, marshal(portalID+"#sso", "provider#"+name, secretItem{Secret: secret}))
}
