package hubspot

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
)

// Mapping is what a mapping file says instead of what is guessed:
//
//	{
//	  "columns": {
//	    "tickets":  {"Gerät": "property:product", "Ticket source": "ignore", "Titel": "subject"},
//	    "contacts": {"Mail": "email"}
//	  },
//	  "pipelines":  {"Support Pipeline": "pipesupport"},
//	  "stages":     {"Support Pipeline/Waiting on us": "stagewaiting", "Parked": "closed"},
//	  "owners":     {"Jane Doe": "jane@example.com", "Old Bot": ""},
//	  "priorities": {"P1": "urgent"},
//	  "dates":      "dmy"
//	}
//
// A column becomes a field, one of the portal's properties, or nothing. A stage,
// named alone or behind its pipeline, becomes the stage with the id, or a new
// one in the state "open" or "closed". An owner becomes the member of the staff
// with the id, the address or the name, or nobody.
type Mapping struct {
	Columns    map[Kind]map[string]string `json:"columns"`
	Pipelines  map[string]string          `json:"pipelines"`
	Stages     map[string]string          `json:"stages"`
	Owners     map[string]string          `json:"owners"`
	Priorities map[string]string          `json:"priorities"`
	Dates      string                     `json:"dates"` // of 01/02/2024: "mdy" or "dmy"; "" looks at all of them
}

// LoadMapping reads a mapping file; "" is none.
func LoadMapping(path string) (Mapping, error) {
	var m Mapping
	if path == "" {
		return m, nil
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return m, fmt.Errorf("the mapping file can't be read: %w", err)
	}
	d := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(content, []byte("\xef\xbb\xbf"))))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return m, fmt.Errorf("the mapping file %s is not as it should be: %w", path, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return m, fmt.Errorf("the mapping file %s has something after its end", path)
	}
	for kind := range m.Columns {
		if headers[kind] == nil {
			return m, fmt.Errorf("the mapping file %s has columns of %q; there are tickets, contacts and companies", path, kind)
		}
	}
	for name, to := range m.Priorities {
		if to != "" && priorities[to] != to {
			return m, fmt.Errorf("the mapping file %s maps the priority %q to %q; there are low, medium, high and urgent", path, name, to)
		}
	}
	if m.Dates != "" && m.Dates != "mdy" && m.Dates != "dmy" {
		return m, fmt.Errorf("the mapping file %s says that dates are %q; it can be mdy or dmy", path, m.Dates)
	}
	for _, names := range []map[string]string{m.Pipelines, m.Stages, m.Owners, m.Priorities} {
		fold(names)
	}
	return m, nil
}

// fold makes the names those that are compared.
func fold(names map[string]string) {
	for name, to := range maps.Clone(names) {
		delete(names, name)
		names[Fold(name)] = to
	}
}

// Custom is a column that becomes a property of tickets.
type Custom struct {
	Index    int
	Header   string
	Property string // the portal's, where the mapping file names one
}

// Columns says which column of a file is what.
type Columns struct {
	Custom  []Custom // of tickets; other rows have none
	Ignored []string // headers of columns that are not read
	index   map[Field]int
	headers []string
}

var propertyName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,49}$`)

// ColumnsOf returns what the columns of a file of the kind are. It is an error
// where one that is needed is missing, or where two are the same.
func (m Mapping) ColumnsOf(kind Kind, header []string) (Columns, error) {
	c := Columns{index: map[Field]int{}, headers: header}
	known := map[string]Field{}
	rank := map[Field]int{} // of the synonym that a field's column has, the first ones being better
	ranks := map[string]int{}
	for field, names := range headers[kind] {
		for i, n := range names {
			known[Fold(n)], ranks[Fold(n)] = field, i
		}
	}
	mapped := map[string]string{}
	for name, to := range m.Columns[kind] {
		if !slices.ContainsFunc(header, func(h string) bool { return Fold(h) == Fold(name) }) {
			return c, fmt.Errorf("the mapping file names the column %q of the %s, which the file does not have. Its columns are %s", name, kind, quoted(header))
		}
		mapped[Fold(name)] = to
	}
	for i, h := range header {
		to, override := mapped[Fold(h)]
		field, ok := known[Fold(h)]
		if property, is := strings.CutPrefix(to, "property:"); override && is {
			if !propertyName.MatchString(property) {
				return c, fmt.Errorf("the mapping file makes the column %q the property %q; a property's name has up to 50 of a-z, 0-9 and _", h, property)
			}
			if kind != Tickets {
				return c, fmt.Errorf("the mapping file makes the column %q of the %s a property; only tickets have properties", h, kind)
			}
			c.Custom = append(c.Custom, Custom{i, h, property})
			continue
		}
		if override {
			field, ok = Field(to), true
			if headers[kind][field] == nil {
				return c, fmt.Errorf("the mapping file makes the column %q of the %s %q; it can be property:NAME, ignore, %s", h, kind, to, fieldsOf(kind))
			}
		}
		before, twice := c.index[field]
		switch {
		case ok && field == ignored || h == "":
			c.Ignored = append(c.Ignored, h)
		case !ok && kind == Tickets && strings.HasPrefix(Fold(h), "associated "):
			c.Ignored = append(c.Ignored, h) // names of records that are elsewhere
		case !ok && kind == Tickets:
			c.Custom = append(c.Custom, Custom{Index: i, Header: h})
		case !ok:
			c.Ignored = append(c.Ignored, h)
		case twice && override && rank[field] < 0:
			return c, fmt.Errorf("the mapping file makes both %q and %q the %s's %s", header[before], h, kind, field)
		case twice && !override && rank[field] <= ranks[Fold(h)]:
			c.Ignored = append(c.Ignored, h)
		default:
			if twice {
				c.Ignored = append(c.Ignored, header[before])
			}
			c.index[field] = i
			rank[field] = ranks[Fold(h)]
			if override {
				rank[field] = -1
			}
		}
	}
	var missing []string
	for _, one := range needed[kind] {
		if !slices.ContainsFunc(one, c.Has) {
			missing = append(missing, fmt.Sprintf("%q", headers[kind][one[0]][0]))
		}
	}
	if len(missing) > 0 {
		return c, fmt.Errorf("lacks the column %s. Export it with that, or name the column in a mapping file. Its columns are %s",
			strings.Join(missing, ", "), quoted(header))
	}
	return c, nil
}

// Has tells whether the file has a column for the field.
func (c Columns) Has(f Field) bool {
	_, ok := c.index[f]
	return ok
}

// Header is the field's column, as the file calls it.
func (c Columns) Header(f Field) string {
	if i, ok := c.index[f]; ok {
		return c.headers[i]
	}
	return string(f)
}

func (c Columns) value(fields []string, f Field) string {
	i, ok := c.index[f]
	if !ok {
		return ""
	}
	return strings.TrimSpace(fields[i])
}

func fieldsOf(kind Kind) string {
	var names []string
	for f := range headers[kind] {
		if f != ignored {
			names = append(names, string(f))
		}
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

func quoted(names []string) string {
	const most = 40
	var all []string
	for i, n := range names {
		if i == most {
			all = append(all, fmt.Sprintf("and %d more", len(names)-most))
			break
		}
		all = append(all, fmt.Sprintf("%q", n))
	}
	return strings.Join(all, ", ")
}
