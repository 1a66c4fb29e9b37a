package dynamo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"postern/shared/dynamo/schema"
	"postern/shared/portal"
)

// formAge is how long a form may be kept in memory: as long as settings.
const formAge = settingsAge

// cachedForm is a form as it was read; one without an id was not there.
type cachedForm struct {
	form portal.Form
	read time.Time
}

const (
	formPrefix    = "f#"
	versionPrefix = "v#"
)

func formsKey(portalID string) string              { return portalID + "#forms" }
func formVersionsKey(portalID, form string) string { return portalID + "#form#" + form }
func formVersionKey(version int64) string          { return fmt.Sprintf("%s%010d", versionPrefix, version) }

func noForm() error { return portal.Errorf(portal.NotFound, "form.error.gone") }

// Form returns the form as it was up to 30 s ago (pattern 110, one GetItem: its size
// in KB / 8, kept for 30 s). It returns NotFound where there is none; an archived one
// is there.
func (s *Store) Form(ctx context.Context, portalID, id string) (portal.Form, error) {
	name := portalID + "#" + id
	s.mu.Lock()
	c, ok := s.forms[name]
	s.mu.Unlock()
	if !ok || time.Since(c.read) >= formAge {
		it, err := s.get(ctx, key{table: schema.Settings, pk: formsKey(portalID), sk: formPrefix + id})
		if err != nil {
			return portal.Form{}, err
		}
		c = cachedForm{read: time.Now()}
		if it != nil {
			if err := unmarshal(it, &c.form); err != nil {
				return portal.Form{}, err
			}
		}
		s.mu.Lock()
		if len(s.forms) >= maxCached {
			clear(s.forms)
		}
		s.forms[name] = c
		s.mu.Unlock()
	}
	if c.form.ID == "" {
		return portal.Form{}, noForm()
	}
	return c.form, nil
}

// FormVersion returns the form as it was in the version (pattern 111, one GetItem).
// It returns NotFound where there is none.
func (s *Store) FormVersion(ctx context.Context, portalID, id string, version int64) (portal.Form, error) {
	it, err := s.get(ctx, key{table: schema.Settings, pk: formVersionsKey(portalID, id), sk: formVersionKey(version)})
	if err != nil {
		return portal.Form{}, err
	}
	if it == nil {
		return portal.Form{}, noForm()
	}
	var f portal.Form
	err = unmarshal(it, &f)
	return f, err
}

// Forms returns the portal's forms, by their ids, the archived ones too (pattern 112,
// one Query for each MB).
func (s *Store) Forms(ctx context.Context, portalID string) ([]portal.Form, error) {
	in := below(schema.Settings, formsKey(portalID), formPrefix)
	var all []portal.Form
	for {
		out, err := s.query(ctx, in)
		if err != nil {
			return nil, err
		}
		for _, it := range out.Items {
			var f portal.Form
			if err := unmarshal(it, &f); err != nil {
				return nil, err
			}
			all = append(all, f)
		}
		if out.LastEvaluatedKey == nil {
			return all, nil
		}
		in.ExclusiveStartKey, in.TableName = out.LastEvaluatedKey, aws.String(schema.Settings)
	}
}

// PutForm writes the form's next version, and keeps the ones before for what was sent
// with them (pattern 113, one TransactWriteItems of 2). f.Version is the one that it
// takes the place of, 0 of a new one; it is a Conflict where that is another by now.
// It returns the form as it was written.
func (s *Store) PutForm(ctx context.Context, portalID string, f portal.Form) (portal.Form, error) {
	return s.writeForm(ctx, portalID, f)
}

// formItems are the form as it is, and the version that it is.
func formItems(portalID string, f portal.Form) []item {
	return []item{
		marshal(formsKey(portalID), formPrefix+f.ID, f),
		marshal(formVersionsKey(portalID, f.ID), formVersionKey(f.Version), f),
	}
}

// FormContact is whom a submission's address belongs to.
type FormContact struct {
	Person portal.Person // without an id where nobody has the address
	// Company is the person's primary one, or where they have none the one that has
	// their address's domain; without an id where there is none, or nobody asked.
	Company portal.Company
	// Claimed tells whether a company has the address's domain.
	Claimed bool
}

// FormContact returns who has the address (pattern 114: one BatchGetItem of 2, and
// another where anybody has it, or a company has its domain; company asks for the
// company of somebody known as well, by one more). All is read consistently.
func (s *Store) FormContact(ctx context.Context, portalID, address string, company bool) (FormContact, error) {
	domain := portal.EmailDomain(address)
	items, err := s.getAll(ctx,
		key{table: schema.People, pk: emailKey(portalID, address), sk: "e", consistent: true},
		key{table: schema.People, pk: domainKey(portalID, domain), sk: "d", consistent: true})
	if err != nil {
		return FormContact{}, err
	}
	var claim claimItem
	var owner domainItem
	if items[0] != nil {
		if err := unmarshal(items[0], &claim); err != nil {
			return FormContact{}, err
		}
	}
	if items[1] != nil {
		if err := unmarshal(items[1], &owner); err != nil {
			return FormContact{}, err
		}
	}
	c := FormContact{Claimed: owner.Company != ""}
	pk := personKey(portalID, claim.Person)
	keys := []key{{table: schema.People, pk: companyKey(portalID, owner.Company), sk: "p", consistent: true}}
	if claim.Person != "" {
		keys[0].pk = pk
	}
	if claim.Person == "" && owner.Company == "" {
		return c, nil
	}
	if items, err = s.getAll(ctx, keys...); err != nil {
		return FormContact{}, err
	}
	if claim.Person != "" {
		if items[0] == nil {
			return FormContact{}, portal.Errorf(portal.Unavailable, "error.unavailable", fmt.Errorf("claim of %s without its person", claim.Person))
		}
		if c.Person, err = personFrom(items[0]); err != nil {
			return FormContact{}, err
		}
		if !company {
			return c, nil
		}
		if c.Person.Company != "" {
			owner.Company = c.Person.Company
		}
		if owner.Company == "" {
			return c, nil
		}
		keys[0].pk = companyKey(portalID, owner.Company)
		if items, err = s.getAll(ctx, keys...); err != nil {
			return FormContact{}, err
		}
	}
	if items[0] == nil {
		return c, nil // the company is gone
	}
	var found companyItem
	err = unmarshal(items[0], &found)
	c.Company = portal.Company(found)
	return c, err
}

// Once makes a submission happen once: whose key it is, the key, and a hash of what
// was sent with it.
type Once struct {
	Caller string
	Key    string
	Hash   string
}

// OnceAge is how long a key is known.
const OnceAge = 24 * time.Hour

// Submitted is what became of a submission: what is answered to it, now and again.
type Submitted struct {
	Hash       string `dynamodbav:"hash"`
	Submission string `dynamodbav:"submission"`
	Form       string `dynamodbav:"form"`
	Ticket     string `dynamodbav:"ticket,omitempty"`
	Number     int64  `dynamodbav:"number,omitempty"`
	Message    string `dynamodbav:"message,omitempty"`
	Redirect   string `dynamodbav:"redirect,omitempty"`
	Proof      bool   `dynamodbav:"proof,omitempty"` // the address is yet to be proven
	TTL        int64  `dynamodbav:"ttl"`
}

func onceKey(portalID, caller string) string { return portalID + "#once#" + caller }

// ofOnce is the sort key: whatever the client made up is none of ours.
func ofOnce(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:16])
}

// Submitted returns what became of the caller's submission with the key (pattern 115, one
// GetItem: 1). It returns NotFound where nothing was sent with it, or too long ago.
func (s *Store) Submitted(ctx context.Context, portalID string, o Once, now time.Time) (Submitted, error) {
	// By a batch of one, since that is what every function may do.
	items, err := s.getAll(ctx, key{table: schema.Sessions, pk: onceKey(portalID, o.Caller), sk: ofOnce(o.Key), consistent: true})
	if err != nil {
		return Submitted{}, err
	}
	var sent Submitted
	if items[0] != nil {
		if err := unmarshal(items[0], &sent); err != nil {
			return Submitted{}, err
		}
	}
	if sent.TTL <= now.Unix() {
		return Submitted{}, portal.Hidden()
	}
	return sent, nil
}

// FormSubmission is everything that one submission writes.
type FormSubmission struct {
	Submission portal.Submission
	Once       Once
	Answer     Submitted // what is answered; the ticket's number is given here

	Ticket   *portal.Ticket   // nil where none is made
	Messages []portal.Message // the ticket's
	// Follows is the ticket that Ticket follows, which gets an event that says so and
	// is not changed otherwise; nil is none.
	Follows *portal.Ticket

	// Contact is whose it is: a new one where Before has no id, one that is changed
	// where it differs from Before, and nobody where it is nil.
	Contact, Before *portal.Person
	// Company is one that the contact joins, where New, or one that is changed where
	// it differs from CompanyBefore; nil is none. ClaimDomain has its domain lead to it.
	Company, CompanyBefore *portal.Company
	NewCompany             bool
	ClaimDomain            string

	Limit         *Limit       // that it counts towards; nil is none, or it has been counted
	Link          *LinkRequest // that the address is to be proven by
	Challenge     string       // that was solved: it is good for one submission
	ChallengeEnds time.Time
}

// Limit is how often something may be done in a window: see Count.
type Limit struct {
	What, Key string
	Counters  []Counter
	Window    time.Duration
}

// ErrLimit says that a submission was one too many.
type ErrLimit struct{ Ends time.Time } // of the window

func (e *ErrLimit) Error() string { return "too many submissions until " + e.Ends.Format(time.RFC3339) }

// ErrContactChanged says that whose submission it is has changed since it was read.
var ErrContactChanged = errors.New("the contact is another one by now")

// Submit writes the submission, with its ticket, its contact and all else that
// belongs to it, as one (pattern 116: one UpdateItem for the ticket's number, of which
// a busy process asks for several at once, and one TransactWriteItems). Where the same
// was sent before with the same key, it writes nothing and returns what that became,
// with done set; it is Invalid with the key "form.error.usedKey", and what that became,
// where something else was sent with it, and Invalid on the field "challenge" where that was used. It
// is ErrContactChanged where the contact is to be read again, and an *ErrLimit where it is one
// too many.
func (s *Store) Submit(ctx context.Context, settings *portal.Settings, f FormSubmission, now time.Time) (sent Submitted, done bool, err error) {
	id := settings.ID
	answer := f.Answer
	answer.Hash, answer.Submission, answer.Form, answer.TTL = f.Once.Hash, f.Submission.ID, f.Submission.Form, now.Add(OnceAge).Unix()
	var writes []types.TransactWriteItem
	if f.Ticket != nil {
		t := *f.Ticket
		if t.Number, err = s.nextNumber(ctx, id, now); err != nil {
			return Submitted{}, false, err
		}
		answer.Ticket, answer.Number = t.ID, t.Number
		if f.Link != nil {
			asked := *f.Link
			asked.Number, f.Link = t.Number, &asked
		}
		e := Edit{Ticket: t, Messages: slices.Clone(f.Messages)}
		for i := range e.Messages {
			if e.Messages[i].ID == "" {
				e.Messages[i].ID = NewID(e.Messages[i].Created)
			}
		}
		if writes, err = s.changeWrites(settings, t, e, nil); err != nil {
			return Submitted{}, false, err
		}
		writes[0].Put.ConditionExpression, writes[0].Put.ExpressionAttributeValues = aws.String("attribute_not_exists(pk)"), nil
		if earlier := f.Follows; earlier != nil {
			m := portal.FollowedBy(*earlier, t)
			m.ID = NewID(m.Created)
			writes = append(writes, s.putAnyway(schema.Tickets, itemOfMessage(id, *earlier, m)))
		}
	}
	once := s.putAnyway(schema.Sessions, marshal(onceKey(id, f.Once.Caller), ofOnce(f.Once.Key), answer))
	once.Put.ConditionExpression = aws.String("attribute_not_exists(pk) OR #ttl <= :now")
	once.Put.ExpressionAttributeNames, once.Put.ExpressionAttributeValues = map[string]string{"#ttl": "ttl"}, item{":now": num(now.Unix())}
	onceAt := len(writes)
	writes = append(writes, once, s.putAnyway(schema.Tickets, itemOfSubmission(id, f.Submission)))
	challengeAt := -1
	if f.Challenge != "" {
		challengeAt = len(writes)
		writes = append(writes, s.mustNotExist(schema.Sessions, marshal(onceKey(id, "challenge"), f.Challenge, ttlItem{f.ChallengeEnds.Unix() + 1})))
	}
	limitAt, ends := -1, time.Time{}
	if l := f.Limit; l != nil {
		var in *dynamodb.UpdateItemInput
		in, ends = counting(id, l.What, l.Key, l.Counters, 1, l.Window, now)
		notFull(in, l.Counters)
		limitAt = len(writes)
		writes = append(writes, types.TransactWriteItem{Update: &types.Update{
			TableName: s.table(schema.Sessions), Key: in.Key, UpdateExpression: in.UpdateExpression, ConditionExpression: in.ConditionExpression,
			ExpressionAttributeNames: in.ExpressionAttributeNames, ExpressionAttributeValues: in.ExpressionAttributeValues,
		}})
	}
	if f.Link != nil {
		writes = append(writes, s.putAnyway(schema.Sessions, itemOfLinkRequest(*f.Link)))
	}
	whoseAt := len(writes)
	writes = append(writes, s.submitterWrites(id, f)...)

	err = s.transactAll(ctx, writes)
	var u *unmet
	switch {
	case err == nil:
		return answer, false, nil
	case !errors.As(err, &u):
		return Submitted{}, false, err
	}
	// Whatever came between, the same that was sent before is that.
	before, failed := s.Submitted(ctx, id, f.Once, now)
	switch {
	case failed == nil && before.Hash != f.Once.Hash:
		return before, false, portal.Errorf(portal.Invalid, "form.error.usedKey", err)
	case failed == nil:
		return before, true, nil
	case portal.KindOf(failed) != portal.NotFound:
		return Submitted{}, false, failed
	case u.write == challengeAt:
		return Submitted{}, false, portal.FieldErrorf("challenge", "form.error.challengeUsed")
	case u.write == limitAt:
		return Submitted{}, false, &ErrLimit{ends}
	case u.write >= whoseAt:
		return Submitted{}, false, fmt.Errorf("%w: %w", ErrContactChanged, err)
	case u.write < onceAt:
		return Submitted{}, false, fmt.Errorf("submit form %s: %w", f.Submission.Form, err) // a ticket of that id: there cannot be one
	}
	return Submitted{}, false, portal.Errorf(portal.Unavailable, "error.unavailable", err)
}

type ttlItem struct {
	TTL int64 `dynamodbav:"ttl"`
}

// submitterWrites make or change the contact of a submission, and their company.
func (s *Store) submitterWrites(portalID string, f FormSubmission) []types.TransactWriteItem {
	var writes []types.TransactWriteItem
	if c := f.Company; c != nil {
		switch {
		case f.NewCompany:
			writes = append(writes, s.mustNotExist(schema.People, itemOfCompany(portalID, *c)))
			if f.ClaimDomain != "" {
				writes = append(writes, s.mustNotExist(schema.People, marshal(domainKey(portalID, f.ClaimDomain), "d", domainItem{Company: c.ID})))
			}
		case f.CompanyBefore != nil:
			if w := s.filledWrite(companyKey(portalID, c.ID), map[string][2]string{"name": {f.CompanyBefore.Name, c.Name}},
				f.CompanyBefore.Properties, c.Properties, companyPlace(*c)); w != nil {
				writes = append(writes, *w)
			}
		}
	}
	p := f.Contact
	if p == nil {
		return writes
	}
	if f.Before == nil || f.Before.ID == "" {
		writes = append(writes,
			s.mustNotExist(schema.People, marshal(emailKey(portalID, p.Email), "e", claimItem{Person: p.ID})),
			s.mustNotExist(schema.People, itemOfPerson(portalID, *p)))
		for _, company := range memberships(*p) {
			writes = append(writes, s.putAnyway(schema.People, keyOf(companyKey(portalID, company), memberKey(p.ID))))
		}
	} else {
		b, place := *f.Before, ""
		if !b.Role.Team() {
			place = contactPlace(*p)
		}
		if w := s.filledWrite(personKey(portalID, p.ID), map[string][2]string{
			"first": {b.First, p.First}, "last": {b.Last, p.Last}, "company": {b.Company, p.Company},
		}, b.Properties, p.Properties, place); w != nil {
			writes = append(writes, *w)
			if p.Company != b.Company && p.Company != "" {
				writes = append(writes, s.putAnyway(schema.People, keyOf(companyKey(portalID, p.Company), memberKey(p.ID))))
			}
		}
	}
	if f.Submission.Consent != nil {
		writes = append(writes, s.putAnyway(schema.People, itemOfConsent(portalID, p.ID, *f.Submission.Consent)))
	}
	return writes
}

// filledWrite sets what differs of an item's texts and properties, unless they are
// others than they were by now; nil where nothing does. place is its place among all of
// its kind, "" of what is not listed.
func (s *Store) filledWrite(pk string, texts map[string][2]string, before, after map[string]string, place string) *types.TransactWriteItem {
	names, values := map[string]string{}, item{}
	var set, condition []string
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		was, is := texts[name][0], texts[name][1]
		if was == is {
			continue
		}
		names["#"+name], values[":"+name], values[":was_"+name] = name, str(is), str(was)
		set = append(set, "#"+name+" = :"+name)
		same := "#" + name + " = :was_" + name
		if was == "" {
			same = "(attribute_not_exists(#" + name + ") OR " + same + ")"
		}
		condition = append(condition, same)
	}
	if !maps.Equal(before, after) {
		names["#properties"] = "properties"
		values[":properties"] = marshal("", "", propertiesItem{after})["properties"]
		set = append(set, "#properties = :properties")
		if len(before) == 0 {
			condition = append(condition, "attribute_not_exists(#properties)")
		} else {
			values[":was_properties"] = marshal("", "", propertiesItem{before})["properties"]
			condition = append(condition, "#properties = :was_properties")
		}
	}
	if len(set) == 0 {
		return nil
	}
	if place != "" {
		set = append(set, listedBy+" = :place")
		values[":place"] = str(place)
	}
	return &types.TransactWriteItem{Update: &types.Update{
		TableName: s.table(schema.People), Key: keyOf(pk, "p"),
		UpdateExpression:         aws.String("SET " + strings.Join(set, ", ")),
		ConditionExpression:      aws.String(strings.Join(append(condition, "attribute_exists(pk)"), " AND ")),
		ExpressionAttributeNames: names, ExpressionAttributeValues: values,
	}}
}

type propertiesItem struct {
	Properties map[string]string `dynamodbav:"properties,omitempty"`
}

func submissionsKey(portalID, form string) string { return portalID + "#form#" + form }

func itemOfSubmission(portalID string, su portal.Submission) item {
	return marshal(submissionsKey(portalID, su.Form), su.ID, su)
}

// Submission returns what was sent (pattern 117, one GetItem). It returns NotFound
// where there is no such submission of the form.
func (s *Store) Submission(ctx context.Context, portalID, form, id string) (portal.Submission, error) {
	it, err := s.get(ctx, key{table: schema.Tickets, pk: submissionsKey(portalID, form), sk: id})
	if err != nil {
		return portal.Submission{}, err
	}
	if it == nil {
		return portal.Submission{}, portal.Hidden()
	}
	var su portal.Submission
	err = unmarshal(it, &su)
	return su, err
}

// MaxProven is how many tickets an address is proven of at once.
const MaxProven = 25

// UnprovenTickets returns the newest tickets, at most MaxProven, that somebody opened
// with the address who has not shown that it is theirs (pattern 118, one Query).
func (s *Store) UnprovenTickets(ctx context.Context, portalID, address string) ([]string, error) {
	out, err := s.query(ctx, &dynamodb.QueryInput{
		TableName:                 aws.String(schema.Lists),
		KeyConditionExpression:    aws.String("pk = :pk"),
		ExpressionAttributeValues: item{":pk": str(string(unprovenAudience(portalID, address)))},
		ScanIndexForward:          aws.Bool(false),
		ConsistentRead:            aws.Bool(true),
		Limit:                     aws.Int32(MaxProven),
	})
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, it := range out.Items {
		ids = append(ids, text(it["sk"]))
	}
	return ids, nil
}

// MakeContact makes the contact of an address that somebody has proven (pattern 119,
// one TransactWriteItems of up to 3). It is a Conflict where somebody has it by now.
func (s *Store) MakeContact(ctx context.Context, portalID string, p portal.Person) error {
	return s.transactAll(ctx, s.submitterWrites(portalID, FormSubmission{Contact: &p}))
}

// numbers is a block of ticket numbers that was leased.
type numbers struct {
	next, end int64
	size      int64
	leased    time.Time
}

// A process that makes many tickets leases blocks of numbers, each twice the one
// before, up to maxBlock; where it makes one now and then no number is lost.
const (
	maxBlock  = 32
	busyBlock = 10 * time.Second
)

// nextNumber is the next ticket's number (pattern 16, one UpdateItem for a block).
func (s *Store) nextNumber(ctx context.Context, portalID string, now time.Time) (int64, error) {
	s.mu.Lock()
	block := s.blocks[portalID]
	if block.next < block.end {
		n := block.next
		block.next++
		s.blocks[portalID] = block
		s.mu.Unlock()
		return n, nil
	}
	size := int64(1)
	if block.size > 0 && now.Sub(block.leased) < busyBlock {
		size = min(2*block.size, maxBlock)
	}
	s.mu.Unlock()
	first, err := s.LeaseNumbers(ctx, portalID, size)
	if err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.blocks[portalID] = numbers{next: first + 1, end: first + size, size: size, leased: now}
	return first, nil
}
