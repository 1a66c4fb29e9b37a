package dynamo

import (
	"context"

	"postern/shared/dynamo/schema"
	"postern/shared/portal"
)

func imagesKey(portalID string) string { return portalID + "#images" }

type imageItem struct {
	Data []byte `dynamodbav:"data"`
}

// PutImage keeps a picture of the portal's design (pattern 135, one PutItem: its size
// in KB). It stays: earlier versions of the settings name it.
func (s *Store) PutImage(ctx context.Context, portalID string, i portal.Image) error {
	return s.put(ctx, schema.Settings, marshal(imagesKey(portalID), i.Name, imageItem{i.Data}))
}

// Image returns what is in the portal's image with the name (pattern 136, one GetItem:
// its size in KB / 4). It returns NotFound where there is none.
func (s *Store) Image(ctx context.Context, portalID, name string) ([]byte, error) {
	// Consistently: what was not there yet must not be kept from who has just saved it.
	it, err := s.get(ctx, key{table: schema.Settings, pk: imagesKey(portalID), sk: name, consistent: true})
	if err != nil {
		return nil, err
	}
	if it == nil {
		return nil, portal.Hidden()
	}
	var found imageItem
	err = unmarshal(it, &found)
	return found.Data, err
}
