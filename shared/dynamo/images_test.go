package dynamo_test

import (
	"bytes"
	"context"
	"testing"

	"postern/shared/dynamo/dynamotest"
	"postern/shared/portal"
)

func TestImages(t *testing.T) {
	store := dynamotest.Store(t)
	s, other := dynamotest.NewPortal(t, store), dynamotest.NewPortal(t, store)
	i := portal.NewImage("png", bytes.Repeat([]byte{0, 1, 2, 3}, 2_500))
	put := func(ctx context.Context) error { return store.PutImage(ctx, s.ID, i) }
	costs(t, "135 PutImage", bill{1, 0, 10}, put)
	costs(t, "135 PutImage, again", bill{1, 0, 10}, put)
	costs(t, "136 Image", bill{1, 3, 0}, func(ctx context.Context) error {
		data, err := store.Image(ctx, s.ID, i.Name)
		if !bytes.Equal(data, i.Data) {
			t.Errorf("%d bytes of %d", len(data), len(i.Data))
		}
		return err
	})
	fails(t, "136 Image, another portal's", portal.NotFound, bill{1, 1, 0}, func(ctx context.Context) error {
		_, err := store.Image(ctx, other.ID, i.Name)
		return err
	})
	// The portal's settings are read without them.
	costs(t, "7 Settings", bill{2, 1.5, 0}, func(ctx context.Context) error {
		_, err := dynamotest.Store(t).Settings(ctx, s.Slug, 0)
		return err
	})
	largest := portal.NewImage("webp", make([]byte, portal.MaxImageBytes))
	if err := store.PutImage(t.Context(), s.ID, largest); err != nil {
		t.Error(err)
	}
}
