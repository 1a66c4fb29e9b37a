// Package attachment moves files that people send, with a reply or a form, to where
// they stay. It looks at nothing in them: what a file may be is [portal.ValidateFile]'s
// affair.
package attachment

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"mime/multipart"
	"slices"
	"strconv"
	"time"

	"postern/shared/blob"
	"postern/shared/dynamo"
	"postern/shared/portal"
	"postern/shared/web"
)

// Uploads is where files are announced before they are sent: postern/shared/dynamo's
// Store.
type Uploads interface {
	Uploads(ctx context.Context, portalID, person string, ids []string, now time.Time) ([]dynamo.Upload, error)
}

// Files is where they are kept: postern/shared/blob's Store.
type Files interface {
	Promote(ctx context.Context, key, finalKey string, wantSize int64, name, contentType string) error
	Put(ctx context.Context, finalKey string, body io.ReadSeeker, size int64, name, contentType string) error
}

// Find returns the viewer's uploads with the ids, each once. What is wrong with one is
// Invalid on the field "attachments".
func Find(ctx context.Context, store Uploads, r *web.Request, ids []string) ([]dynamo.Upload, error) {
	for i, id := range ids {
		if !portal.ValidID(id) || slices.Contains(ids[:i], id) {
			return nil, portal.FieldErrorf("attachments", "reply.error.upload")
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	uploads, err := store.Uploads(ctx, r.Settings.ID, r.Viewer.ID, ids, r.Now)
	if portal.KindOf(err) == portal.NotFound {
		return nil, portal.FieldErrorf("attachments", "reply.error.upload")
	}
	return uploads, err
}

// Promote moves uploads to where the ticket's files stay. Each is kept under a name of
// its own every time: a message's file must not change, whatever is uploaded and sent
// again. One that has not arrived is Invalid on the field "attachments".
func Promote(ctx context.Context, files Files, r *web.Request, ticket string, uploads []dynamo.Upload) ([]portal.Attachment, error) {
	var all []portal.Attachment
	for _, u := range uploads {
		u.Content = dynamo.NewID(r.Now)
		err := files.Promote(ctx, u.Key, blob.FinalKey(r.Settings.ID, ticket, u.Content), u.Size, u.Name, u.Type)
		switch portal.KindOf(err) {
		case portal.NotFound, portal.Invalid, portal.Conflict:
			if err != nil {
				return nil, portal.FieldErrorf("attachments", "reply.error.notUploaded", "name", u.Name)
			}
		}
		if err != nil {
			return nil, err
		}
		all = append(all, u.Attachment)
	}
	return all, nil
}

// Put keeps a file that came with a form itself. Its id follows from who sent it, what
// they call what they sent, and its place in that, so that the same again is the same
// file.
func Put(ctx context.Context, files Files, r *web.Request, ticket, author, client string, place int, f *multipart.FileHeader) (portal.Attachment, error) {
	contentType := f.Header.Get("Content-Type")
	name, err := portal.ValidateFile(f.Filename, contentType, f.Size, r.Settings)
	if err != nil {
		var e *portal.Error
		if errors.As(err, &e) {
			for j := range e.Fields {
				e.Fields[j].Field = "attachments"
			}
		}
		return portal.Attachment{}, err
	}
	id := hex.EncodeToString(portal.Derive(r.Settings.Key, "file", author, client, strconv.Itoa(place)))[:26]
	body, err := f.Open()
	if err != nil {
		return portal.Attachment{}, err
	}
	defer body.Close()
	a := portal.Attachment{ID: id, Name: name, Type: contentType, Size: f.Size, Content: dynamo.NewID(r.Now)}
	return a, files.Put(ctx, blob.FinalKey(r.Settings.ID, ticket, a.Content), body, f.Size, name, contentType)
}
