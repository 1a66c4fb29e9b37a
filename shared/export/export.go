// Package export makes a CSV file of what a list of tickets shows: all of its rows,
// in its columns and order, in the reader's language and time zone.
//
// Rows are read by a key that does not change, so that what happens meanwhile neither
// doubles nor loses one, and are ordered afterwards. Of each row memory holds its place
// in the order alone: the rows themselves wait in a temporary file, unless they are few.
package export

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"mime"
	"os"
	"slices"
	"strings"
	"time"

	"postern/shared/dynamo"
	"postern/shared/list"
	"postern/shared/portal"
	"postern/shared/search"
	"postern/shared/web"
)

// ContentType is the files' media type (RFC 4180).
const ContentType = "text/csv; charset=utf-8; header=present"

// Source is where tickets are read: postern/shared/dynamo's Store.
type Source interface {
	Each(ctx context.Context, a dynamo.Audience, see func(portal.Ticket) error) error
	Search(ctx context.Context, q dynamo.SearchQuery) (dynamo.SearchPage, error)
}

// Parse is the query of an export. It is a list's, but that a file has no pages.
func Parse(r *web.Request) (list.Query, error) {
	q, err := list.Parse(r)
	var wrong []portal.FieldError
	for _, name := range []string{"limit", "cursor"} {
		if r.URL.Query().Has(name) {
			wrong = append(wrong, portal.FieldError{Field: name, Key: "exports.error.pages"})
		}
	}
	if len(wrong) == 0 {
		return q, err
	}
	var invalid *portal.Error
	if errors.As(err, &invalid) && invalid.Kind == portal.Invalid {
		wrong = append(slices.DeleteFunc(slices.Clone(invalid.Fields), func(f portal.FieldError) bool {
			return f.Field == "limit" || f.Field == "cursor"
		}), wrong...)
	} else if err != nil {
		return q, err
	}
	return q, &portal.Error{Kind: portal.Invalid, Key: "error.invalid", Fields: wrong}
}

// FileName is what the file is called: the portal, what it calls tickets, and the day.
func FileName(r *web.Request) string {
	return r.Settings.Slug + "-" + strings.Join(strings.Fields(r.Reader.T("list.title")), "-") + "-" +
		r.Now.In(zone(r)).Format(time.DateOnly) + ".csv"
}

// Disposition is the Content-Disposition of a file with the name (RFC 6266).
func Disposition(name string) string {
	return mime.FormatMediaType("attachment", map[string]string{"filename": name})
}

// inMemory is how many bytes of rows stay in memory; more are on the disk.
const inMemory = 4 << 20

// Rows are the rows of an export, read and not yet ordered.
type Rows struct {
	header []byte
	places []place
	spool  spool
	order  func(a, b list.Key) int
}

// place is where a row is, and where it belongs.
type place struct {
	key  list.Key
	from int64
	size int
}

// Collect reads the rows of the query. note, unless it is nil, is called with every row
// that is looked at, whether it is one of the export's or not, and how many are so far;
// its error ends the reading. Whoever gets rows closes them.
func Collect(ctx context.Context, from Source, r *web.Request, q list.Query, note func(rows int64) error) (*Rows, error) {
	rows := &Rows{order: q.Compare, spool: spool{limit: inMemory}}
	if err := rows.collect(ctx, from, r, q, note); err != nil {
		return nil, errors.Join(err, rows.Close())
	}
	return rows, nil
}

func (rows *Rows) collect(ctx context.Context, from Source, r *web.Request, q list.Query, note func(int64) error) error {
	columns := q.Shown(r)
	var line bytes.Buffer
	w := csv.NewWriter(&line)
	w.UseCRLF = true
	write := func(cells []string) error {
		line.Reset()
		if err := w.Write(cells); err != nil {
			return err
		}
		w.Flush()
		return w.Error()
	}
	cells := make([]string, len(columns))
	for i, c := range columns {
		cells[i] = Label(r, c)
	}
	if err := write(cells); err != nil {
		return err
	}
	rows.header = bytes.Clone(line.Bytes())
	if q.NoCompany {
		return nil
	}
	keep, key := q.Keep(r), q.KeyOf(r)
	see := func(t portal.Ticket) error {
		if keep(t) {
			for i, c := range columns {
				cells[i] = Cell(list.Cell(r, t, c.Property), c.Property)
			}
			if err := write(cells); err != nil {
				return err
			}
			rows.places = append(rows.places, place{key: key(t), from: rows.spool.size, size: line.Len()})
			if err := rows.spool.write(line.Bytes()); err != nil {
				return err
			}
		}
		if note != nil {
			return note(rows.Len())
		}
		return nil
	}
	if len(q.Words) > 0 {
		return found(ctx, from, r, q, keep, see)
	}
	return from.Each(ctx, q.Audience(r), see)
}

// found calls see with every ticket that has the query's words, each once: what is found
// by another of its words meanwhile comes again from the store.
func found(ctx context.Context, from Source, r *web.Request, q list.Query, keep func(portal.Ticket) bool, see func(portal.Ticket) error) error {
	seen := map[string]bool{}
	next := dynamo.SearchQuery{Audience: q.Audience(r), Words: q.Words, Limit: dynamo.MaxFound, Keep: keep, Places: search.Shown(r.Settings)}
	for {
		page, err := from.Search(ctx, next)
		if err != nil {
			return err
		}
		for _, f := range page.Found {
			if seen[f.Ticket.ID] {
				continue
			}
			seen[f.Ticket.ID] = true
			if err := see(f.Ticket); err != nil {
				return err
			}
		}
		if page.Next == "" {
			return nil
		}
		next.From = page.Next
	}
}

// Len is how many rows there are, the header not counted.
func (rows *Rows) Len() int64 { return int64(len(rows.places)) }

// bom precedes the file, or Excel takes its UTF-8 for something else.
const bom = "\ufeff"

// WriteTo writes the file in order.
func (rows *Rows) WriteTo(w io.Writer) (int64, error) {
	slices.SortFunc(rows.places, func(a, b place) int { return rows.order(a.key, b.key) })
	if err := rows.spool.flush(); err != nil {
		return 0, err
	}
	out := bufio.NewWriterSize(w, 64<<10)
	written := int64(0)
	put := func(b []byte) error {
		n, err := out.Write(b)
		written += int64(n)
		return err
	}
	if err := put([]byte(bom)); err != nil {
		return written, err
	}
	if err := put(rows.header); err != nil {
		return written, err
	}
	var row []byte
	for _, p := range rows.places {
		row = slices.Grow(row[:0], p.size)[:p.size]
		if err := rows.spool.readAt(row, p.from); err != nil {
			return written, err
		}
		if err := put(row); err != nil {
			return written, err
		}
	}
	return written, out.Flush()
}

// Close gives back what the rows take on the disk.
func (rows *Rows) Close() error { return rows.spool.close() }

// spool keeps bytes in memory, up to its limit, or else all of them in a file that has
// no name: it is gone with the process, however that ends.
type spool struct {
	limit  int
	memory []byte
	file   *os.File
	buffer *bufio.Writer
	size   int64
}

func (s *spool) write(b []byte) error {
	if s.file == nil && len(s.memory)+len(b) > s.limit {
		file, err := os.CreateTemp("", "export-")
		if err != nil {
			return fmt.Errorf("spool: %w", err)
		}
		s.file, s.buffer = file, bufio.NewWriterSize(file, 256<<10)
		if err := os.Remove(file.Name()); err != nil {
			return fmt.Errorf("spool: %w", err)
		}
		if _, err := s.buffer.Write(s.memory); err != nil {
			return fmt.Errorf("spool: %w", err)
		}
		s.memory = nil
	}
	s.size += int64(len(b))
	if s.file == nil {
		s.memory = append(s.memory, b...)
		return nil
	}
	if _, err := s.buffer.Write(b); err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	return nil
}

func (s *spool) flush() error {
	if s.file == nil {
		return nil
	}
	return s.buffer.Flush()
}

func (s *spool) readAt(b []byte, from int64) error {
	if s.file == nil {
		copy(b, s.memory[from:])
		return nil
	}
	if _, err := s.file.ReadAt(b, from); err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	return nil
}

func (s *spool) close() error {
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}

func zone(r *web.Request) *time.Location {
	if r.Reader.Zone == nil {
		return time.UTC
	}
	return r.Reader.Zone
}
