package dynamo

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"postern/shared/dynamo/schema"
	"postern/shared/portal"
)

type personItem struct {
	ID        string      `dynamodbav:"id"`
	First     string      `dynamodbav:"first,omitempty"`
	Last      string      `dynamodbav:"last,omitempty"`
	Email     string      `dynamodbav:"email,omitempty"`
	Language  string      `dynamodbav:"lang,omitempty"`
	TimeZone  string      `dynamodbav:"zone,omitempty"`
	Company   string      `dynamodbav:"company,omitempty"`
	Companies []string    `dynamodbav:"companies,omitempty"`
	Role      portal.Role `dynamodbav:"role,omitempty"`
	Created   int64       `dynamodbav:"created"`

	SetsUp     bool              `dynamodbav:"setsUp,omitempty"`
	Properties map[string]string `dynamodbav:"properties,omitempty"`
	Groups     []string          `dynamodbav:"groups,omitempty"`
	Registered int64             `dynamodbav:"registered,omitempty"`
	Invitation portal.Invitation `dynamodbav:"invitation,omitempty"`
	Views      []viewFields      `dynamodbav:"views,omitempty"`
}

// viewFields is a saved view.
type viewFields struct {
	ID      string `dynamodbav:"id"`
	Name    string `dynamodbav:"name"`
	Query   string `dynamodbav:"query,omitempty"`
	Default bool   `dynamodbav:"default,omitempty"`
}

func fieldsOfViews(views []portal.SavedView) []viewFields {
	var all []viewFields
	for _, v := range views {
		all = append(all, viewFields(v))
	}
	return all
}

func viewsFrom(fields []viewFields) []portal.SavedView {
	var all []portal.SavedView
	for _, f := range fields {
		all = append(all, portal.SavedView(f))
	}
	return all
}

func personFrom(it item) (portal.Person, error) {
	var p personItem
	if err := unmarshal(it, &p); err != nil {
		return portal.Person{}, err
	}
	if p.Role == "" {
		p.Role = portal.Customer
	}
	return portal.Person{
		ID: p.ID, First: p.First, Last: p.Last, Email: p.Email, Language: p.Language, TimeZone: p.TimeZone,
		Company: p.Company, Companies: p.Companies, Role: p.Role, Created: time.UnixMilli(p.Created).UTC(),
		SetsUp: p.SetsUp, Properties: p.Properties, Groups: p.Groups, Registered: moment(p.Registered), Invitation: p.Invitation,
		Views: viewsFrom(p.Views),
	}, nil
}

// moment is a time as items keep it: in milliseconds, 0 where there is none.
func moment(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

func ofMoment(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func itemOfPerson(portalID string, p portal.Person) item {
	it := marshal(personKey(portalID, p.ID), "p", personItem{
		ID: p.ID, First: p.First, Last: p.Last, Email: p.Email, Language: p.Language, TimeZone: p.TimeZone,
		Company: p.Company, Companies: p.Companies, Role: p.Role, Created: p.Created.UnixMilli(),
		SetsUp: p.SetsUp, Properties: p.Properties, Groups: p.Groups, Registered: ofMoment(p.Registered), Invitation: p.Invitation,
		Views: fieldsOfViews(p.Views),
	})
	if !p.Role.Team() {
		it[listed], it[listedBy] = str(contactsList(portalID)), str(contactPlace(p))
	}
	return it
}

type marksItem struct {
	Since int64            `dynamodbav:"since,omitempty"`
	Read  map[string]int64 `dynamodbav:"read,omitempty"`
}

// marksFrom returns the person's read marks: of who has none, what came after them is
// unread.
func marksFrom(it item, p portal.Person) (portal.Marks, error) {
	marks := portal.Marks{Since: p.Created}
	if it == nil {
		return marks, nil
	}
	var m marksItem
	if err := unmarshal(it, &m); err != nil {
		return portal.Marks{}, err
	}
	marks.Read = m.Read
	if since := time.UnixMilli(m.Since); since.After(marks.Since) {
		marks.Since = since
	}
	return marks, nil
}

// Viewer returns the session with the secret's hash, and its person (pattern 6,
// one BatchGetItem, consistent: a session that was ended or a role that was
// taken away is gone with the next request; who sees as a contact does costs one
// BatchGetItem more). marks asks for the read marks as
// well. It returns Unauthenticated where there is no such session or person; it
// does not check the session's times: see portal.Session.Alive.
func (s *Store) Viewer(ctx context.Context, portalID, person, hash string, marks bool) (portal.Session, portal.Viewer, error) {
	pk := personKey(portalID, person)
	keys := []key{
		{table: schema.Sessions, pk: pk, sk: sessionKey(hash), consistent: true},
		{table: schema.People, pk: pk, sk: "p", consistent: true},
	}
	if marks {
		keys = append(keys, key{table: schema.People, pk: pk, sk: "r"})
	}
	items, err := s.getAll(ctx, keys...)
	if err != nil {
		return portal.Session{}, portal.Viewer{}, err
	}
	if items[0] == nil || items[1] == nil {
		return portal.Session{}, portal.Viewer{}, portal.Errorf(portal.Unauthenticated, "error.session")
	}
	session, err := sessionFrom(items[0])
	if err != nil {
		return portal.Session{}, portal.Viewer{}, err
	}
	p, err := personFrom(items[1])
	if err != nil {
		return portal.Session{}, portal.Viewer{}, err
	}
	v := portal.Viewer{Portal: portalID, Person: p}
	if session.As != "" && p.Role.Team() {
		// What the team reads as a customer is no reading of theirs.
		return s.viewerAs(ctx, session, v)
	}
	v.Marks.Since = p.Created
	if marks {
		v.Marks, err = marksFrom(items[2], p)
	}
	return session, v, err
}

// viewerAs returns the contact as whom the session sees the portal, as the viewer.
// Where the contact is gone, or of the team by now, the session sees as itself.
func (s *Store) viewerAs(ctx context.Context, session portal.Session, by portal.Viewer) (portal.Session, portal.Viewer, error) {
	// By a batch of one, since that is what every function may do.
	items, err := s.getAll(ctx, key{table: schema.People, pk: personKey(by.Portal, session.As), sk: "p", consistent: true})
	if err != nil {
		return portal.Session{}, portal.Viewer{}, err
	}
	if items[0] == nil {
		return session, by, nil
	}
	contact, err := personFrom(items[0])
	if err != nil {
		return portal.Session{}, portal.Viewer{}, err
	}
	if contact.Role.Team() {
		return session, by, nil
	}
	as := by.Person
	return session, portal.Viewer{Portal: by.Portal, Person: contact, As: &as}, nil
}

// PutMarks writes what the person has read (pattern 12). Of two requests at
// once the later one wins: a dot may come back, and goes with the next look.
func (s *Store) PutMarks(ctx context.Context, portalID, person string, m portal.Marks) error {
	return s.put(ctx, schema.People, marshal(personKey(portalID, person), "r",
		marksItem{Since: m.Since.UnixMilli(), Read: m.Read}))
}

type claimItem struct {
	Person string `dynamodbav:"person"`
}

type passwordItem struct {
	Hash    string `dynamodbav:"hash"`
	Changed int64  `dynamodbav:"changed"`
}

// PersonByEmail returns who has the address, and the hash of the password
// (pattern 10). It returns NotFound where nobody has it, after as many round
// trips, so that the time does not tell; the hash is "" where there is no
// password.
func (s *Store) PersonByEmail(ctx context.Context, portalID, address string) (portal.Person, string, error) {
	it, err := s.get(ctx, key{table: schema.People, pk: emailKey(portalID, address), sk: "e"})
	if err != nil {
		return portal.Person{}, "", err
	}
	var claim claimItem // where there is none, of a person without an id: of nobody
	if it != nil {
		if err := unmarshal(it, &claim); err != nil {
			return portal.Person{}, "", err
		}
	}
	pk := personKey(portalID, claim.Person)
	items, err := s.getAll(ctx,
		key{table: schema.People, pk: pk, sk: "p", consistent: true},
		key{table: schema.Credentials, pk: pk, sk: "pw", consistent: true})
	if err != nil {
		return portal.Person{}, "", err
	}
	if items[0] == nil {
		return portal.Person{}, "", portal.Errorf(portal.NotFound, "error.noPerson")
	}
	p, err := personFrom(items[0])
	if err != nil {
		return portal.Person{}, "", err
	}
	hash, err := hashFrom(items[1])
	return p, hash, err
}

// Password returns the hash of the person's password, "" where there is none.
func (s *Store) Password(ctx context.Context, portalID, person string) (string, error) {
	it, err := s.get(ctx, key{table: schema.Credentials, pk: personKey(portalID, person), sk: "pw", consistent: true})
	if err != nil {
		return "", err
	}
	return hashFrom(it)
}

func hashFrom(it item) (string, error) {
	if it == nil {
		return "", nil
	}
	var p passwordItem
	err := unmarshal(it, &p)
	return p.Hash, err
}

// PutPassword writes the hash of the person's password (pattern 15).
func (s *Store) PutPassword(ctx context.Context, portalID, person, hash string, now time.Time) error {
	return s.put(ctx, schema.Credentials, itemOfPassword(portalID, person, hash, now))
}

func itemOfPassword(portalID, person, hash string, now time.Time) item {
	return marshal(personKey(portalID, person), "pw", passwordItem{Hash: hash, Changed: now.UnixMilli()})
}

// PutProfile writes what a person says about themselves: names, language and
// time zone, and nothing else (pattern 15). It returns NotFound where the
// person is gone.
func (s *Store) PutProfile(ctx context.Context, portalID string, p portal.Person) error {
	set := "SET #first = :first, #last = :last, #lang = :lang, #zone = :zone"
	values := item{":first": str(p.First), ":last": str(p.Last), ":lang": str(p.Language), ":zone": str(p.TimeZone)}
	if !p.Role.Team() {
		set += ", " + listedBy + " = :place"
		values[":place"] = str(contactPlace(p))
	}
	_, err := s.update(ctx, schema.People, &dynamodb.UpdateItemInput{
		Key:                 keyOf(personKey(portalID, p.ID), "p"),
		UpdateExpression:    aws.String(set),
		ConditionExpression: aws.String("attribute_exists(pk)"),
		ExpressionAttributeNames: map[string]string{
			"#first": "first", "#last": "last", "#lang": "lang", "#zone": "zone",
		},
		ExpressionAttributeValues: values,
	})
	if portal.KindOf(err) == portal.Conflict {
		return portal.Errorf(portal.NotFound, "error.noPerson", err)
	}
	return err
}

// PutViews writes what somebody has given a name in the list of tickets (pattern 200, one
// UpdateItem: twice the KB of their item, which the list of contacts has as well). It is Unavailable where they are not as they were before:
// another request has changed them meanwhile.
func (s *Store) PutViews(ctx context.Context, portalID string, before portal.Person, after []portal.SavedView) error {
	in := &dynamodb.UpdateItemInput{
		Key:                       keyOf(personKey(portalID, before.ID), "p"),
		UpdateExpression:          aws.String("REMOVE #v"),
		ConditionExpression:       aws.String("attribute_exists(pk) AND attribute_not_exists(#v)"),
		ExpressionAttributeNames:  map[string]string{"#v": "views"},
		ExpressionAttributeValues: item{},
	}
	if len(before.Views) > 0 {
		was, err := attributevalue.Marshal(fieldsOfViews(before.Views))
		if err != nil {
			return err
		}
		in.ConditionExpression = aws.String("#v = :was")
		in.ExpressionAttributeValues[":was"] = was
	}
	if len(after) > 0 {
		is, err := attributevalue.Marshal(fieldsOfViews(after))
		if err != nil {
			return err
		}
		in.UpdateExpression = aws.String("SET #v = :is")
		in.ExpressionAttributeValues[":is"] = is
	}
	if len(in.ExpressionAttributeValues) == 0 {
		return nil // none before, and none now
	}
	_, err := s.update(ctx, schema.People, in)
	if portal.KindOf(err) == portal.Conflict {
		return portal.Errorf(portal.Unavailable, "views.error.changed", err)
	}
	return err
}

type companyItem struct {
	ID         string            `dynamodbav:"id"`
	Name       string            `dynamodbav:"name"`
	Domains    []string          `dynamodbav:"domains,omitempty"`
	Properties map[string]string `dynamodbav:"properties,omitempty"`
}

func itemOfCompany(portalID string, c portal.Company) item {
	it := marshal(companyKey(portalID, c.ID), "p", companyItem(c))
	it[listed], it[listedBy] = str(companiesList(portalID)), str(companyPlace(c))
	return it
}

// companyAge is how long what companies are like may take to be seen where they
// decide who gets in: as long as settings.
const companyAge = settingsAge

type cachedCompany struct {
	company portal.Company
	read    time.Time
}

// Company returns the company as it was up to 30 s ago (pattern 40, one BatchGetItem:
// 0.5, kept for 30 s). One that is gone is none: it has no id.
func (s *Store) Company(ctx context.Context, portalID, id string) (portal.Company, error) {
	if id == "" {
		return portal.Company{}, nil
	}
	pk := companyKey(portalID, id)
	s.mu.Lock()
	c, ok := s.companies[pk]
	s.mu.Unlock()
	if ok && time.Since(c.read) < companyAge {
		return c.company, nil
	}
	items, err := s.getAll(ctx, key{table: schema.People, pk: pk, sk: "p"}) // every function may
	if err != nil {
		return portal.Company{}, err
	}
	var found companyItem
	if items[0] != nil {
		if err := unmarshal(items[0], &found); err != nil {
			return portal.Company{}, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.companies) >= maxCached {
		clear(s.companies)
	}
	s.companies[pk] = cachedCompany{portal.Company(found), time.Now()}
	return portal.Company(found), nil
}

// PutPeople writes companies and people, each with their claim to the address
// and their memberships, and what addresses companies have, in batches: for making sample data and imports, where
// addresses are known to differ. hashes holds password hashes by person.
func (s *Store) PutPeople(ctx context.Context, portalID string, companies []portal.Company, people []portal.Person, hashes map[string]string) error {
	var items, passwords []item
	for _, c := range companies {
		items = append(items, itemOfCompany(portalID, c))
	}
	items = append(items, domainItems(portalID, companies)...)
	for _, p := range people {
		items = append(items, itemOfPerson(portalID, p))
		if p.Email != "" {
			items = append(items, marshal(emailKey(portalID, p.Email), "e", claimItem{Person: p.ID}))
		}
		for _, c := range memberships(p) {
			items = append(items, keyOf(companyKey(portalID, c), memberKey(p.ID)))
		}
		for _, g := range p.Groups {
			items = append(items, keyOf(groupKey(portalID, g), memberKey(p.ID)))
		}
		if h := hashes[p.ID]; h != "" {
			passwords = append(passwords, itemOfPassword(portalID, p.ID, h, p.Created))
		}
	}
	if err := s.putAll(ctx, schema.People, items); err != nil {
		return err
	}
	return s.putAll(ctx, schema.Credentials, passwords)
}
