package file

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"postern/shared/configuration/saving"
	"postern/shared/portal"
	"postern/shared/ui/messages"
)

// Reasons are what is wrong with a file in English sentences, each with where it is: for
// who deploys. It is empty for an error that is not about the file.
func Reasons(d *Document, err error) []string {
	var e *portal.Error
	if !errors.As(err, &e) {
		return nil
	}
	var list []string
	for _, f := range e.Fields {
		said := f.Field + ": " + sentence(f)
		if line := d.Line(f.Field); line > 0 {
			said = "line " + strconv.Itoa(line) + ", " + said
		}
		list = append(list, said)
	}
	return list
}

// Sentences are the plan's notes in English.
func (p *Plan) Sentences() []string {
	var list []string
	for _, n := range p.Notes {
		list = append(list, sentence(n))
	}
	return list
}

func sentence(f portal.FieldError) string {
	values := make([]string, len(f.Pairs))
	for i, v := range f.Pairs {
		switch v := v.(type) {
		case portal.Bytes:
			values[i] = messages.Size(int64(v), "en")
		case portal.Text:
			values[i] = v.In("en")
		case portal.Limit:
			values[i] = v.Value
		default:
			values[i] = fmt.Sprint(v)
		}
	}
	return messages.For("en").T(f.Key, values...)
}

// New is the plan of a portal that is to be made of the file, in place of what new ones
// are otherwise. The error is all that is wrong with it; read is what Decode said.
func (d *Document) New(ctx context.Context, first *portal.Settings, read error) (*Plan, error) {
	p := d.Plan(Target{Settings: first, Forms: []portal.Form{portal.FirstForm()}, Unused: true, Languages: messages.Codes()})
	return p, p.Hold(ctx, saving.Keeper{Store: saving.Nothing{}}, read)
}

// Of is the document of what is there: as if it were written and read again, however
// large it is.
func Of(w Whole) (*Document, error) { return decode(Encode(w, YAML)) }
