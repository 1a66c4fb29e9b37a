package dynamo_test

import (
	"context"
	"slices"
	"testing"

	"postern/shared/dynamo/dynamotest"
	"postern/shared/portal"
)

func TestViews(t *testing.T) {
	store := dynamotest.Store(t)
	p := dynamotest.Portal(t)
	person := portal.Person{ID: author, First: "Ada", Email: "ada@nordwind.example", Role: portal.Customer, Created: at}
	if err := store.PutPeople(t.Context(), p, nil, []portal.Person{person}, nil); err != nil {
		t.Fatal(err)
	}
	has := func(want ...portal.SavedView) {
		t.Helper()
		people, err := store.People(t.Context(), p, []string{author})
		if err != nil || !slices.Equal(people[author].Views, want) || people[author].First != "Ada" {
			t.Errorf("%+v, %v", people[author], err)
		}
	}
	put := func(before, after []portal.SavedView) func(context.Context) error {
		return func(ctx context.Context) error {
			return store.PutViews(ctx, p, portal.Person{ID: author, Views: before}, after)
		}
	}
	one := []portal.SavedView{{ID: "view00000001", Name: "Open", Query: "status=open"}}
	two := append(slices.Clone(one), portal.SavedView{ID: "view00000002", Name: "Urgent", Query: "f.priority=urgent", Default: true})
	costs(t, "200 PutViews", bill{1, 0, 2}, put(nil, one))
	has(one...)
	costs(t, "200 PutViews, another", bill{1, 0, 2}, put(one, two))
	has(two...)
	for what, do := range map[string]func(context.Context) error{
		"as if there were none": put(nil, one), "as they were": put(one, nil),
		"of nobody": func(ctx context.Context) error {
			return store.PutViews(ctx, p, portal.Person{ID: "nobody0001"}, one)
		},
	} {
		if err := do(t.Context()); portal.KindOf(err) != portal.Unavailable {
			t.Errorf("%s: %v", what, err)
		}
	}
	has(two...)
	costs(t, "200 PutViews, none", bill{1, 0, 2}, put(two, nil))
	has()
	costs(t, "200 PutViews, none of none", bill{}, put(nil, nil))
}
