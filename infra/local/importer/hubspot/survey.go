package hubspot

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"postern/infra/local/importer/csvfile"
)

// Bounds of what is remembered of a file. More means that a column is another
// one than it is taken for.
const (
	maxStatuses   = 1_000
	maxOwners     = 5_000
	maxDuplicates = 100_000
	maxMerged     = 200_000
)

// Status is a stage, as the files name it.
type Status struct{ Pipeline, Stage string }

// Content is what all values of a column are.
type Content int

const (
	Empty    Content = iota // there is none
	Number                  // each a plain number
	Date                    // each a day
	DateTime                // each a moment, or a day
	Text                    // one line each, and short
	LongText                // long, or of several lines
)

// shortText is how long a value is at most that is no long text, in bytes.
const shortText = 200

// Survey is what the first reading of a file has found.
type Survey struct {
	Kind     Kind
	File     *csvfile.File
	Columns  Columns
	Rows     int
	Statuses []Status  // in the order in which they come
	Owners   []string  // as well
	Contents []Content // of Columns.Custom
	Longest  []int     // of Columns.Custom, in bytes

	dates      dates
	mapping    Mapping
	duplicates map[int]int       // the line of a record id that came before → the line where it did
	circles    map[string]string // a record id → the circle of merged tickets that it is in
	alive      map[string]bool   // merged record ids that have a row of their own
}

// Survey reads the file once. It is an error where it is not what it should be
// as a whole; of its rows nothing is said yet.
func (m Mapping) Survey(ctx context.Context, kind Kind, file *csvfile.File, zone *time.Location) (*Survey, error) {
	columns, err := m.ColumnsOf(kind, file.Header)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file.Path, err)
	}
	s := &Survey{
		Kind: kind, File: file, Columns: columns, mapping: m, dates: dates{zone: zone},
		duplicates: map[int]int{}, circles: map[string]string{}, alive: map[string]bool{},
	}
	rows, err := file.Rows()
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	l := &look{s: s, statuses: map[Status]bool{}, owners: map[string]bool{}, ids: newSeen(), merged: map[string][]string{},
		columns: make([]column, len(columns.Custom))}
	defer l.ids.close()
	for n := 0; ; n++ {
		if n%1000 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		row, ok := rows.Next()
		if !ok {
			break
		}
		s.Rows++
		if err := l.at(row); err != nil {
			return nil, fmt.Errorf("%s: %w", file.Path, err)
		}
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	if l.foreign >= 10 && l.foreign > s.Rows/20 {
		return nil, fmt.Errorf("%s: %d of %d rows are not UTF-8. Save it as “CSV UTF-8”, or name its encoding: -encoding windows-1252, say",
			file.Path, l.foreign, s.Rows)
	}
	if err := l.finish(); err != nil {
		return nil, fmt.Errorf("%s: %w", file.Path, err)
	}
	return s, nil
}

// look is the state of a first reading.
type look struct {
	s        *Survey
	statuses map[Status]bool
	owners   map[string]bool
	ids      *seen
	merged   map[string][]string
	edges    int
	columns  []column
	foreign  int // rows that are not UTF-8
}

// column is what was seen of a column.
type column struct {
	any, noNumber, noDate, long bool
	longest                     int
	clock                       bool
}

func (l *look) at(row csvfile.Row) error {
	if row.Err != nil {
		if csvfile.NotUTF8(row.Err) {
			l.foreign++
		}
		return nil
	}
	c := l.s.Columns
	record := c.value(row.Fields, Record)
	if record != "" {
		if err := l.ids.add(record, row.Line); err != nil {
			return err
		}
	}
	for _, f := range []Field{Created, Activity, Closed} {
		l.s.dates.learn(c.value(row.Fields, f))
	}
	if l.s.Kind != Tickets {
		return nil
	}
	if st := (Status{c.value(row.Fields, Pipeline), c.value(row.Fields, Stage)}); st.Stage != "" && !l.statuses[st] {
		st = Status{strings.Clone(st.Pipeline), strings.Clone(st.Stage)} // not the whole row
		if len(l.statuses) == maxStatuses {
			return fmt.Errorf("the column %q has more than %d values, which is too many for stages. Name the right one in a mapping file",
				c.Header(Stage), maxStatuses)
		}
		l.statuses[st] = true
		l.s.Statuses = append(l.s.Statuses, st)
	}
	if o := c.value(row.Fields, Owner); o != "" && !l.owners[o] {
		o = strings.Clone(o)
		if len(l.owners) == maxOwners {
			return fmt.Errorf("the column %q has more than %d values, which is too many for owners. Name the right one in a mapping file",
				c.Header(Owner), maxOwners)
		}
		l.owners[o] = true
		l.s.Owners = append(l.s.Owners, o)
	}
	if ids := recordIDs(c.value(row.Fields, Merged)); record != "" && len(ids) > 0 {
		if l.edges += len(ids); l.edges > maxMerged {
			return fmt.Errorf("the column %q names more than %d tickets. Map it to ignore in a mapping file", c.Header(Merged), maxMerged)
		}
		l.merged[strings.Clone(record)] = append(l.merged[record], ids...)
	}
	for i, custom := range c.Custom {
		l.columns[i].look(row.Fields[custom.Index], &l.s.dates)
	}
	return nil
}

func (c *column) look(value string, d *dates) {
	value = strings.TrimSpace(value)
	if value == "" {
		return
	}
	c.any = true
	c.longest = max(c.longest, len(value))
	c.long = c.long || len(value) > shortText || strings.ContainsAny(value, "\r\n")
	c.noNumber = c.noNumber || !isNumber(value)
	if c.noDate {
		return
	}
	if slashed.MatchString(value) {
		d.learn(value)
		// Either order will do for now: what they mean together is known at the end.
		_, clock, err := (&dates{zone: d.zone}).parse(value)
		_, _, other := (&dates{zone: d.zone, dayFirst: true}).parse(value)
		c.noDate = err != nil && other != nil
		c.clock = c.clock || clock
		return
	}
	_, clock, err := d.parse(value)
	c.noDate = err != nil || milliseconds.MatchString(value)
	c.clock = c.clock || clock
}

var plainNumber = regexp.MustCompile(`^-?(0|[1-9]\d*)(\.\d+)?$`)

// isNumber tells whether the value is a number and nothing else: what begins
// with zeros, or is longer than a number is exact, is a code of some kind.
func isNumber(s string) bool { return len(s) <= 15 && plainNumber.MatchString(s) }

func (c column) content() Content {
	switch {
	case !c.any:
		return Empty
	case !c.noNumber:
		return Number
	case !c.noDate && c.clock:
		return DateTime
	case !c.noDate:
		return Date
	case c.long:
		return LongText
	}
	return Text
}

func (l *look) finish() error {
	s := l.s
	s.dates.settle(s.mapping.Dates)
	for _, c := range l.columns {
		s.Contents = append(s.Contents, c.content())
		s.Longest = append(s.Longest, c.longest)
	}
	references := map[uint64][]string{}
	for _, ids := range l.merged {
		for _, id := range ids {
			references[hashOf(id)] = append(references[hashOf(id)], id)
		}
	}
	var before sighting
	first := true
	err := l.ids.each(func(x sighting) error {
		if !first && x.id == before.id {
			if len(s.duplicates) == maxDuplicates {
				return fmt.Errorf("more than %d rows have a record id that came before. Is %q the right column?", maxDuplicates, s.Columns.Header(Record))
			}
			s.duplicates[int(x.line)] = int(before.line)
			return nil
		}
		for _, id := range references[x.id] {
			s.alive[id] = true
		}
		before, first = x, false
		return nil
	})
	if err != nil {
		return err
	}
	s.findCircles(l.merged)
	return nil
}

// findCircles finds tickets that were merged into each other.
func (s *Survey) findCircles(merged map[string][]string) {
	const (
		entered = 1
		left    = 2
	)
	state := map[string]int{}
	var path []string
	var visit func(id string)
	visit = func(id string) {
		state[id] = entered
		path = append(path, id)
		for _, other := range merged[id] {
			switch {
			case other == id:
			case state[other] == entered:
				circle := path[slices.Index(path, other):]
				text := strings.Join(append(slices.Clone(circle), other), " → ")
				if len(circle) > 10 {
					text = fmt.Sprintf("%s → … (%d tickets)", strings.Join(circle[:3], " → "), len(circle))
				}
				for _, in := range circle {
					s.circles[in] = text
				}
			case state[other] == 0 && merged[other] != nil:
				visit(other)
			}
		}
		path = path[:len(path)-1]
		state[id] = left
	}
	ids := make([]string, 0, len(merged))
	for id := range merged {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		if state[id] == 0 {
			visit(id)
		}
	}
}

// Alive tells whether the merged ticket has a row of its own.
func (s *Survey) Alive(record string) bool { return s.alive[record] }

// Moment reads a date of a column.
func (s *Survey) Moment(value string) (time.Time, error) {
	at, _, err := s.dates.parse(value)
	return at, err
}

// Day reads a date of a column that has no time, as the day that it is.
func (s *Survey) Day(value string) (string, error) {
	at, clock, err := s.dates.parse(value)
	if err == nil && clock {
		return at.In(s.dates.zone).Format(time.DateOnly), nil
	}
	return at.In(s.dates.zone).Format(time.DateOnly), err
}

var recordPattern = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)

// recordIDs splits a list of record ids.
func recordIDs(value string) []string {
	var ids []string
	for _, id := range strings.FieldsFunc(value, func(r rune) bool { return r == ';' || r == ',' || r == ' ' || r == '\n' }) {
		if id = strings.TrimSpace(id); id != "" && !slices.Contains(ids, id) {
			ids = append(ids, strings.Clone(id))
		}
	}
	return ids
}

var shortened = regexp.MustCompile(`^\d+[.,]?\d*[eE]\+?\d+$`)

func checkRecord(id string) error {
	switch {
	case id == "":
		return errors.New("the record id is missing")
	case shortened.MatchString(id):
		return fmt.Errorf("the record id %q was shortened by a spreadsheet. Export the file again, and don't open it in between", id)
	case !recordPattern.MatchString(id):
		return fmt.Errorf("the record id %q has other characters than letters, digits, dots and hyphens, or more than 64", clip(id))
	}
	return nil
}

// clip is how much of a value a message shows.
func clip(s string) string {
	if utf8.RuneCountInString(s) > 60 {
		return string([]rune(s)[:60]) + "…"
	}
	return s
}

// line refuses what is not to be imported whatever it says.
func (s *Survey) line(row csvfile.Row) (record string, err error) {
	if row.Err != nil {
		return "", row.Err
	}
	record = s.Columns.value(row.Fields, Record)
	if err := checkRecord(record); err != nil {
		return record, err
	}
	if before, twice := s.duplicates[row.Line]; twice {
		return record, fmt.Errorf("the record id %s is that of line %d already", record, before)
	}
	return record, nil
}

// moment reads a date field; zero where it is empty.
func (s *Survey) moment(fields []string, f Field) (time.Time, error) {
	value := s.Columns.value(fields, f)
	if value == "" {
		return time.Time{}, nil
	}
	at, err := s.Moment(value)
	if err != nil {
		return time.Time{}, fmt.Errorf("%s: %q is %w", s.Columns.Header(f), clip(value), err)
	}
	return at.Truncate(time.Millisecond), nil
}

// records reads a list of record ids.
func (s *Survey) records(fields []string, f Field) ([]string, error) {
	ids := recordIDs(s.Columns.value(fields, f))
	for _, id := range ids {
		if err := checkRecord(id); err != nil {
			return nil, fmt.Errorf("%s: %w", s.Columns.Header(f), err)
		}
	}
	return ids, nil
}

// companies reads the companies of a row, the primary one first.
func (s *Survey) companies(fields []string) ([]string, error) {
	primary, err := s.records(fields, PrimaryCompany)
	if err != nil {
		return nil, err
	}
	all, err := s.records(fields, CompanyList)
	if err != nil {
		return nil, err
	}
	for _, id := range all {
		if !slices.Contains(primary, id) {
			primary = append(primary, id)
		}
	}
	return primary, nil
}
