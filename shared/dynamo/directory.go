package dynamo

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"postern/shared/dynamo/schema"
	"postern/shared/portal"
)

// The keys of the index of people (gsi1) that lists contacts and companies by name. An
// item without them is in no list: those of the team, and all that is no contact and no
// company. Whoever writes a name writes the place.
const (
	listed   = "dp" // the list: of contacts or of companies
	listedBy = "ds" // the place in it
)

func contactsList(portalID string) string  { return portalID + "#contacts" }
func companiesList(portalID string) string { return portalID + "#companies" }

// contactPlace is unlike any other contact's, by the id. What is before it is from
// portal.Folded, which has no #.
func contactPlace(p portal.Person) string  { return p.SortName() + "#" + p.ID }
func companyPlace(c portal.Company) string { return c.SortName() + "#" + c.ID }

// lastRune comes after whatever a name can go on with.
const lastRune = "\U0010ffff"

// named reads up to limit items of a list whose names begin so, from after the place;
// next is the last one's where there are more.
func (s *Store) named(ctx context.Context, list, begin, after string, limit int) (items []item, next string, err error) {
	in := &dynamodb.QueryInput{
		TableName: aws.String(schema.People), IndexName: aws.String("gsi1"), Limit: aws.Int32(int32(limit) + 1),
		KeyConditionExpression:    aws.String("#list = :list AND begins_with(#place, :begin)"),
		ExpressionAttributeNames:  map[string]string{"#list": listed, "#place": listedBy},
		ExpressionAttributeValues: item{":list": str(list), ":begin": str(begin)},
	}
	switch {
	case after != "":
		in.KeyConditionExpression = aws.String("#list = :list AND #place BETWEEN :after AND :end")
		in.ExpressionAttributeValues = item{":list": str(list), ":after": str(justAfter(after)), ":end": str(begin + lastRune)}
	case begin == "":
		in.KeyConditionExpression = aws.String("#list = :list")
		in.ExpressionAttributeNames = map[string]string{"#list": listed}
		in.ExpressionAttributeValues = item{":list": str(list)}
	}
	out, err := s.query(ctx, in)
	if err != nil {
		return nil, "", err
	}
	items = out.Items
	// Of items that are long, fewer come than were asked for.
	if more := len(items) > limit || out.LastEvaluatedKey != nil; more && len(items) > 0 {
		items = items[:min(limit, len(items))]
		next = text(items[len(items)-1][listedBy])
	}
	return items, next, nil
}

// Contacts returns up to limit contacts by name, from after the place that a page before
// returned as next, which is "" at the end. begin is what the names begin with, as
// portal.Folded has it (pattern 153, one Query: 0.5 for each 4 KB). What was just
// written may be missing for a moment.
func (s *Store) Contacts(ctx context.Context, portalID, begin, after string, limit int) (people []portal.Person, next string, err error) {
	items, next, err := s.named(ctx, contactsList(portalID), begin, after, limit)
	if err != nil {
		return nil, "", err
	}
	for _, it := range items {
		p, err := personFrom(it)
		if err != nil {
			return nil, "", err
		}
		people = append(people, p)
	}
	return people, next, nil
}

// Companies are Contacts of companies (pattern 154, one Query: 0.5 for each 4 KB).
func (s *Store) Companies(ctx context.Context, portalID, begin, after string, limit int) (companies []portal.Company, next string, err error) {
	items, next, err := s.named(ctx, companiesList(portalID), begin, after, limit)
	if err != nil {
		return nil, "", err
	}
	for _, it := range items {
		c, err := companyFrom(it)
		if err != nil {
			return nil, "", err
		}
		companies = append(companies, c)
	}
	return companies, next, nil
}

func companyFrom(it item) (portal.Company, error) {
	var c companyItem
	err := unmarshal(it, &c)
	return portal.Company(c), err
}
