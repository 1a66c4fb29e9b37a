package dynamo

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"postern/shared/dynamo/schema"
	"postern/shared/portal"
)

// eachPage is how many entries are asked for at a time: about as many as the megabyte
// holds that an answer has at most. Without it DynamoDB Local reads all that there are
// for every answer.
const eachPage = 1000

// Each calls see with every ticket of the audience that was there when it began, the
// oldest first, and ends with see's error (pattern 190: one Query of 0.5 or so for the
// newest id, and one for each megabyte, 128 units). It reads by the entries' own key,
// which no change to a ticket moves: each comes once, as it is before or after what
// changes meanwhile, and one that leaves the audience meanwhile comes or does not.
// The next page is on its way while see is called, from one goroutine.
func (s *Store) Each(ctx context.Context, a Audience, see func(portal.Ticket) error) error {
	newest, err := s.query(ctx, &dynamodb.QueryInput{
		TableName: aws.String(schema.Lists), ScanIndexForward: aws.Bool(false), Limit: aws.Int32(1),
		KeyConditionExpression:    aws.String("pk = :pk"),
		ProjectionExpression:      aws.String("sk"),
		ExpressionAttributeValues: item{":pk": str(string(a))},
	})
	if err != nil || len(newest.Items) == 0 {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type page struct {
		items []item
		err   error
	}
	pages := make(chan page)
	go func() {
		defer close(pages)
		in := &dynamodb.QueryInput{
			KeyConditionExpression:    aws.String("pk = :pk AND sk <= :newest"),
			ExpressionAttributeValues: item{":pk": str(string(a)), ":newest": newest.Items[0]["sk"]},
		}
		for {
			in.TableName, in.Limit = aws.String(schema.Lists), aws.Int32(eachPage)
			out, err := s.query(ctx, in)
			p := page{err: err}
			if err == nil {
				p.items = out.Items
			}
			select {
			case pages <- p:
			case <-ctx.Done():
				return
			}
			if err != nil || out.LastEvaluatedKey == nil {
				return
			}
			in.ExclusiveStartKey = out.LastEvaluatedKey
		}
	}()
	for p := range pages {
		if p.err != nil {
			return p.err
		}
		for _, it := range p.items {
			t, err := ticketFrom(it)
			if err != nil {
				return err
			}
			if err := see(t); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

// exportItem has an attribute that the function which makes exports is called for, the
// export's id.
type exportItem struct {
	Export   string             `dynamodbav:"export"`
	Person   string             `dynamodbav:"person"`
	Query    string             `dynamodbav:"query,omitempty"`
	Language string             `dynamodbav:"lang,omitempty"`
	Plain    bool               `dynamodbav:"plain,omitempty"`
	API      bool               `dynamodbav:"api,omitempty"`
	Created  int64              `dynamodbav:"created"`
	State    portal.ExportState `dynamodbav:"state"`
	Run      int64              `dynamodbav:"run,omitempty"`
	Rows     int64              `dynamodbav:"rows,omitempty"`
	Noted    int64              `dynamodbav:"noted"`
	Name     string             `dynamodbav:"name,omitempty"`
	Size     int64              `dynamodbav:"size,omitempty"`
	TTL      int64              `dynamodbav:"ttl"`
}

func exportFrom(it item) (portal.Export, error) {
	var i exportItem
	if err := unmarshal(it, &i); err != nil {
		return portal.Export{}, err
	}
	return portal.Export{
		ID: i.Export, Person: i.Person, Query: i.Query, Language: i.Language, Plain: i.Plain, API: i.API,
		Created: moment(i.Created), Ends: time.Unix(i.TTL, 0).UTC(),
		State: i.State, Run: i.Run, Rows: i.Rows, Noted: moment(i.Noted), Name: i.Name, Size: i.Size,
	}, nil
}

func exportKey(id string) string { return "x#" + id }

// PutExport writes that an export was asked for (pattern 191, one PutItem: 1 unit, or 5
// with the longest query). The stream does the rest.
func (s *Store) PutExport(ctx context.Context, portalID string, e portal.Export) error {
	return s.put(ctx, schema.Sessions, marshal(personKey(portalID, e.Person), exportKey(e.ID), exportItem{
		Export: e.ID, Person: e.Person, Query: e.Query, Language: e.Language, Plain: e.Plain, API: e.API,
		Created: e.Created.UnixMilli(), State: portal.ExportRunning, Noted: e.Created.UnixMilli(),
		TTL: e.Created.Add(portal.ExportAge).Unix(),
	}))
}

// Export returns the person's export (pattern 192, one BatchGetItem, consistent: 1
// unit). It returns NotFound where they have none with the id, or it is gone.
func (s *Store) Export(ctx context.Context, portalID, person, id string, now time.Time) (portal.Export, error) {
	items, err := s.getAll(ctx, key{table: schema.Sessions, pk: personKey(portalID, person), sk: exportKey(id), consistent: true})
	if err != nil {
		return portal.Export{}, err
	}
	if items[0] == nil {
		return portal.Export{}, portal.Errorf(portal.NotFound, "exports.error.gone")
	}
	e, err := exportFrom(items[0])
	if err == nil && e.Gone(now) {
		return portal.Export{}, portal.Errorf(portal.NotFound, "exports.error.gone")
	}
	return e, err
}

// BeginExport writes that the export is begun once more, and returns it (pattern 193,
// one UpdateItem: 1 unit): whoever began it before is not its maker any more. It
// returns Conflict where it has ended, or is gone.
func (s *Store) BeginExport(ctx context.Context, portalID, person, id string, now time.Time) (portal.Export, error) {
	it, err := s.update(ctx, schema.Sessions, &dynamodb.UpdateItemInput{
		Key:                      keyOf(personKey(portalID, person), exportKey(id)),
		UpdateExpression:         aws.String("SET #noted = :now, #rows = :none ADD #run :one"),
		ConditionExpression:      aws.String("#state = :running AND #ttl > :seconds"),
		ExpressionAttributeNames: map[string]string{"#noted": "noted", "#rows": "rows", "#run": "run", "#state": "state", "#ttl": "ttl"},
		ExpressionAttributeValues: item{
			":now": num(now.UnixMilli()), ":none": num(0), ":one": num(1), ":running": str(string(portal.ExportRunning)), ":seconds": num(now.Unix()),
		},
		ReturnValues: types.ReturnValueAllNew,
	})
	if err != nil {
		return portal.Export{}, err
	}
	return exportFrom(it)
}

// NoteExport writes how many rows the export's run has so far (pattern 194, one
// UpdateItem: 1 unit). It returns Conflict where the run is not the last one, or the
// export has ended.
func (s *Store) NoteExport(ctx context.Context, portalID string, e portal.Export, rows int64, now time.Time) error {
	_, err := s.update(ctx, schema.Sessions, &dynamodb.UpdateItemInput{
		Key:                       keyOf(personKey(portalID, e.Person), exportKey(e.ID)),
		UpdateExpression:          aws.String("SET #noted = :now, #rows = :rows"),
		ConditionExpression:       aws.String("#state = :running AND #run = :run"),
		ExpressionAttributeNames:  map[string]string{"#noted": "noted", "#rows": "rows", "#run": "run", "#state": "state"},
		ExpressionAttributeValues: item{":now": num(now.UnixMilli()), ":rows": num(rows), ":running": str(string(portal.ExportRunning)), ":run": num(e.Run)},
	})
	return err
}

// EndExport writes what became of the export, its state, rows, name and size, and where
// notice is an id, that its person is told by mail (pattern 195, one TransactWriteItems:
// 4 units, or 2). It returns Conflict as NoteExport does.
func (s *Store) EndExport(ctx context.Context, portalID string, e portal.Export, notice string, now time.Time) error {
	writes := []types.TransactWriteItem{{Update: &types.Update{
		TableName:           s.table(schema.Sessions),
		Key:                 keyOf(personKey(portalID, e.Person), exportKey(e.ID)),
		UpdateExpression:    aws.String("SET #noted = :now, #rows = :rows, #state = :state, #name = :name, #size = :size"),
		ConditionExpression: aws.String("#state = :running AND #run = :run"),
		ExpressionAttributeNames: map[string]string{
			"#noted": "noted", "#rows": "rows", "#run": "run", "#state": "state", "#name": "name", "#size": "size",
		},
		ExpressionAttributeValues: item{
			":now": num(now.UnixMilli()), ":rows": num(e.Rows), ":running": str(string(portal.ExportRunning)), ":run": num(e.Run),
			":state": str(string(e.State)), ":name": str(e.Name), ":size": num(e.Size),
		},
	}}}
	if notice != "" {
		writes = append(writes, types.TransactWriteItem{Put: &types.Put{
			TableName: s.table(schema.Sessions),
			Item: marshal(portalID+requestKey+notice, "n", exportNoticeItem{
				Notice: exportNotice, Person: e.Person, Export: e.ID, At: now.UnixMilli(), TTL: now.Add(requestAge).Unix(),
			}),
		}})
	}
	return s.transactAll(ctx, writes)
}

// ExportRecord is an export that the stream says was asked for.
type ExportRecord struct{ Portal, Person, ID string }

// Export returns the export that the record says was asked for. ok is false where it says
// anything else. It is an error where it seems to be one, but cannot be read.
func (r Record) Export() (e ExportRecord, ok bool, err error) {
	it, err := r.inserted()
	if err != nil || it == nil || text(it["export"]) == "" || text(it["notice"]) != "" {
		return ExportRecord{}, false, err
	}
	e = ExportRecord{Person: text(it["person"]), ID: text(it["export"])}
	pk := text(it["pk"])
	e.Portal, _, _ = strings.Cut(pk, "#")
	if e.Portal == "" || !portal.ValidID(e.Person) || !portal.ValidID(e.ID) || pk != personKey(e.Portal, e.Person) {
		return ExportRecord{}, false, fmt.Errorf("stream record %s: not an export", r.Sequence)
	}
	return e, true, nil
}

// ExportNotice is that an export has ended, which its person is told by mail.
type ExportNotice struct {
	Portal string
	ID     string // of the notice
	Person string
	Export string
	At     time.Time
}

// exportNotice is the notice of an ExportNotice, for which the stream's function is
// called.
const exportNotice = "export"

type exportNoticeItem struct {
	Notice string `dynamodbav:"notice"`
	Person string `dynamodbav:"person"`
	Export string `dynamodbav:"of"`
	At     int64  `dynamodbav:"at"`
	TTL    int64  `dynamodbav:"ttl"`
}

// ExportNotice returns that an export has ended, where the record says so. ok is false
// where it says anything else. It is an error where it seems to be one, but cannot be
// read.
func (r Record) ExportNotice() (n ExportNotice, ok bool, err error) {
	it, err := r.inserted()
	if err != nil || it == nil || text(it["notice"]) != exportNotice {
		return ExportNotice{}, false, err
	}
	var i exportNoticeItem
	if err := unmarshal(it, &i); err != nil {
		return ExportNotice{}, false, fmt.Errorf("stream record %s: %w", r.Sequence, err)
	}
	n = ExportNotice{Person: i.Person, Export: i.Export, At: time.UnixMilli(i.At).UTC()}
	n.Portal, n.ID, _ = strings.Cut(text(it["pk"]), requestKey)
	if n.Portal == "" || !portal.ValidID(n.ID) || !portal.ValidID(n.Person) || !portal.ValidID(n.Export) || i.At <= 0 {
		return ExportNotice{}, false, fmt.Errorf("stream record %s: not a notice of an export", r.Sequence)
	}
	return n, true, nil
}

// inserted is the item that the record says is new, nil where it says anything else.
func (r Record) inserted() (item, error) {
	if r.name != "INSERT" || r.image == nil {
		return nil, nil
	}
	it, err := attributevalue.UnmarshalMapJSON(r.image)
	if err != nil {
		return nil, fmt.Errorf("stream record %s: %w", r.Sequence, err)
	}
	return it, nil
}
