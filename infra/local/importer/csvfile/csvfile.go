// Package csvfile reads the CSV files that other systems and spreadsheets
// export, row by row: UTF-8 with and without a byte order mark, UTF-16,
// Windows-1252 where it is asked for, with commas, semicolons or tabs, quoted line
// breaks and Excel's "sep=" line. A file of any size takes the memory of its
// longest row.
package csvfile

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// MaxRow is how long a row may be, in bytes of UTF-8. A longer one is a
// quotation mark that is never closed, rather than a row.
const MaxRow = 1 << 20

// headBytes is how much of a file's beginning tells what it is.
const headBytes = 64 << 10

// Encodings are the names that [Options] takes.
var Encodings = []string{"utf-8", "utf-16le", "utf-16be", "windows-1252"}

// Options of a file. The zero value finds out everything by itself.
type Options struct {
	Encoding string // one of Encodings; "" is found out
}

// File is a CSV file that can be read several times.
type File struct {
	Path   string
	Name   string // what messages call it
	Header []string
	Comma  rune

	encoding encoding.Encoding
	sep      string // the "sep=" line, with its end
	size     int64
	modified time.Time
}

// Row is one row below the header.
type Row struct {
	Line   int      // where it begins, from 1
	Fields []string // as many as the header has; what is in a row that is no CSV is Raw alone
	Raw    string   // as it is in the file, without the line's end
	Err    error    // why it can't be read
}

// Open finds out what the file is. Its errors say what to do, and name the file.
func Open(path string, o Options) (*File, error) {
	f := &File{Path: path, Name: filepath.Base(path)}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("%s can't be read: %w", path, err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no regular file. It is read twice, so that a pipe won't do: save it first", path)
	}
	f.size, f.modified = info.Size(), info.ModTime()
	src, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%s can't be read: %w", path, err)
	}
	defer src.Close()
	head := make([]byte, headBytes)
	n, err := io.ReadFull(src, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, fmt.Errorf("%s can't be read: %w", path, err)
	}
	head = head[:n]
	if f.encoding, err = encodingOf(head, o.Encoding); err != nil {
		return nil, fmt.Errorf("%s %w", path, err)
	}
	text, err := io.ReadAll(transform.NewReader(bytes.NewReader(head), f.encoding.NewDecoder()))
	if err != nil {
		return nil, fmt.Errorf("%s can't be decoded: %w", path, err)
	}
	if strings.TrimSpace(string(text)) == "" {
		return nil, fmt.Errorf("%s is empty. Export it again, with at least the line of column names", path)
	}
	if err := noCSV(text); err != nil {
		return nil, fmt.Errorf("%s %w", path, err)
	}
	f.separator(string(text))
	return f, f.header()
}

// Size is the file's length in bytes.
func (f *File) Size() int64 { return f.size }

// Changed tells whether the file is another one than when it was opened.
func (f *File) Changed() bool {
	info, err := os.Stat(f.Path)
	return err != nil || info.Size() != f.size || !info.ModTime().Equal(f.modified)
}

// magic is how files begin that are often taken for CSV.
var magic = []struct{ begin, what string }{
	{"PK\x03\x04", "is an Excel workbook or a ZIP archive. Unpack it, or save the sheet as CSV"},
	{"\xd0\xcf\x11\xe0", "is an old Excel workbook. Save the sheet as CSV"},
	{"\x1f\x8b", "is compressed by gzip. Unpack it first"},
	{"%PDF", "is a PDF. Export the data as CSV"},
	{"\x89PNG", "is a picture. Export the data as CSV"},
}

func encodingOf(head []byte, name string) (encoding.Encoding, error) {
	for _, m := range magic {
		if bytes.HasPrefix(head, []byte(m.begin)) {
			return nil, errors.New(m.what)
		}
	}
	utf16 := func(e unicode.Endianness) encoding.Encoding { return unicode.UTF16(e, unicode.UseBOM) }
	switch {
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		return unicode.UTF8BOM, nil
	case bytes.HasPrefix(head, []byte("\xff\xfe")):
		return utf16(unicode.LittleEndian), nil
	case bytes.HasPrefix(head, []byte("\xfe\xff")):
		return utf16(unicode.BigEndian), nil
	}
	switch strings.ToLower(name) {
	case "":
	case "utf-8":
		return encoding.Nop, nil
	case "utf-16le":
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), nil
	case "utf-16be":
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM), nil
	case "windows-1252":
		return charmap.Windows1252, nil
	default:
		return nil, fmt.Errorf("can't be read as %q. Encodings are %s", name, strings.Join(Encodings, ", "))
	}
	// Without a mark, the zeros of the header's letters tell UTF-16.
	even, odd := 0, 0
	for i, b := range head[:min(len(head), 1024)] {
		if b != 0 {
			continue
		}
		if i%2 == 0 {
			even++
		} else {
			odd++
		}
	}
	most := min(len(head), 1024) / 2
	switch {
	case even == 0 && odd == 0:
		return encoding.Nop, nil
	case odd > most/2 && even < most/20+1:
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), nil
	case even > most/2 && odd < most/20+1:
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM), nil
	}
	return nil, errors.New("is no text: it holds zero bytes. Export the data as CSV")
}

// noCSV reports what other formats of text begin like.
func noCSV(text []byte) error {
	begin := strings.ToLower(string(bytes.TrimSpace(text[:min(len(text), 200)])))
	switch {
	case strings.HasPrefix(begin, "<!doctype"), strings.HasPrefix(begin, "<html"), strings.HasPrefix(begin, "<?xml"):
		return errors.New("is a web page or XML: what was downloaded may be a sign-in page. Export the data as CSV")
	case strings.HasPrefix(begin, "{"), strings.HasPrefix(begin, "["):
		return errors.New("looks like JSON. Export the data as CSV")
	}
	if bytes.IndexByte(text, 0) >= 0 {
		return errors.New("is no text: it holds zero bytes. Export the data as CSV")
	}
	return nil
}

// separator finds what separates fields: what the "sep=" line says, else what
// the header has most of outside quotation marks.
func (f *File) separator(text string) {
	first, _, _ := strings.Cut(text, "\n")
	if rest, ok := strings.CutPrefix(strings.ToLower(strings.TrimRight(first, "\r")), "sep="); ok && len(rest) == 1 {
		f.Comma = rune(rest[0])
		f.sep = text[:min(len(first)+1, len(text))]
		return
	}
	count := map[rune]int{}
	quoted := false
	for _, r := range text {
		if r == '"' {
			quoted = !quoted
		}
		if quoted {
			continue
		}
		if r == '\n' || r == '\r' {
			break
		}
		count[r]++
	}
	f.Comma = ','
	for _, r := range []rune{';', '\t'} {
		if count[r] > count[f.Comma] {
			f.Comma = r
		}
	}
}

func (f *File) header() error {
	rows, err := f.open()
	if err != nil {
		return err
	}
	defer rows.Close()
	fields, err := rows.csv.Read()
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%s is empty. Export it again, with at least the line of column names", f.Path)
	}
	if err != nil {
		return fmt.Errorf("%s begins with a line that is no CSV: %w", f.Path, err)
	}
	seen := map[string]int{}
	for i, name := range fields {
		name = strings.TrimSpace(name)
		if !utf8.ValidString(name) {
			return fmt.Errorf("%s is not UTF-8. Save it as “CSV UTF-8”, or name its encoding: -encoding windows-1252, say", f.Path)
		}
		// Labels need not be unique where the file comes from.
		key := strings.ToLower(name)
		if seen[key]++; name != "" && seen[key] > 1 {
			name = fmt.Sprintf("%s (%d)", name, seen[key])
		}
		fields[i] = name
	}
	for len(fields) > 0 && fields[len(fields)-1] == "" {
		fields = fields[:len(fields)-1]
	}
	if len(fields) == 0 {
		return fmt.Errorf("%s has no column names in its first line", f.Path)
	}
	f.Header = slices.Clone(fields)
	return nil
}

// Rows are the rows of a file, in order.
type Rows struct {
	file  *File
	src   *os.File
	csv   *csv.Reader
	raw   *recorder
	lines int // those before the CSV
	last  int // the line of the last row
	err   error
}

// Rows begins at the first row.
func (f *File) Rows() (*Rows, error) {
	r, err := f.open()
	if err != nil {
		return nil, err
	}
	if _, err := r.csv.Read(); err != nil {
		r.Close()
		return nil, fmt.Errorf("%s can't be read: %w", f.Path, err)
	}
	return r, nil
}

func (f *File) open() (*Rows, error) {
	src, err := os.Open(f.Path)
	if err != nil {
		return nil, fmt.Errorf("%s can't be read: %w", f.Path, err)
	}
	text := bufio.NewReader(transform.NewReader(src, f.encoding.NewDecoder()))
	if _, err := text.Discard(len(f.sep)); err != nil {
		src.Close()
		return nil, fmt.Errorf("%s can't be read: %w", f.Path, err)
	}
	r := &Rows{file: f, src: src, raw: &recorder{src: text}, lines: strings.Count(f.sep, "\n")}
	r.csv = csv.NewReader(r.raw)
	r.csv.Comma = f.Comma
	r.csv.FieldsPerRecord = -1
	r.csv.ReuseRecord = true
	return r, nil
}

// Next returns the next row. ok is false at the end, and where the file can't be
// read any further: see Err. Rows without anything in them are left out. A row's
// Fields are valid until the next call.
func (r *Rows) Next() (row Row, ok bool) {
	for {
		begin := r.csv.InputOffset()
		fields, err := r.csv.Read()
		if errors.Is(err, io.EOF) {
			return Row{}, false
		}
		row = Row{Raw: r.raw.cut(begin, r.csv.InputOffset())}
		var parse *csv.ParseError
		switch {
		case errors.Is(err, errTooLong):
			r.err = fmt.Errorf("%s: the row that begins after line %d is longer than %d KB. A quotation mark is not closed, most likely", r.file.Path, max(r.last, 1), MaxRow>>10)
			return Row{}, false
		case errors.As(err, &parse):
			row.Line = parse.StartLine + r.lines
			r.last = row.Line
			row.Err = fmt.Errorf("not CSV at line %d, column %d: %w", parse.Line+r.lines, parse.Column, parse.Err)
			return row, true
		case err != nil:
			r.err = fmt.Errorf("%s can't be read: %w", r.file.Path, err)
			return Row{}, false
		}
		line, _ := r.csv.FieldPos(0)
		row.Line = line + r.lines
		r.last = row.Line
		if !slices.ContainsFunc(fields, func(s string) bool { return strings.TrimSpace(s) != "" }) {
			continue
		}
		row.Fields, row.Err = r.fit(fields)
		return row, true
	}
}

// fit makes the row as long as the header.
func (r *Rows) fit(fields []string) ([]string, error) {
	want := len(r.file.Header)
	for len(fields) > want && strings.TrimSpace(fields[len(fields)-1]) == "" {
		fields = fields[:len(fields)-1]
	}
	if len(fields) != want {
		return fields, fmt.Errorf("the row has %d fields, the header %d", len(fields), want)
	}
	if slices.ContainsFunc(fields, func(s string) bool { return !utf8.ValidString(s) }) {
		return fields, errNotUTF8
	}
	return fields, nil
}

var errNotUTF8 = errors.New("the row is not UTF-8")

// NotUTF8 tells whether that is what is wrong with a row.
func NotUTF8(err error) bool { return errors.Is(err, errNotUTF8) }

// Err is why Next has ended before the end, or nil.
func (r *Rows) Err() error { return r.err }

// Close ends the reading.
func (r *Rows) Close() { _ = r.src.Close() }

var errTooLong = errors.New("the row is too long")

// recorder keeps what was read since the last row, and bounds it.
type recorder struct {
	src  io.Reader
	kept []byte
	from int64 // the offset of kept
}

func (r *recorder) Read(p []byte) (int, error) {
	if len(r.kept) > MaxRow {
		return 0, errTooLong
	}
	n, err := r.src.Read(p)
	r.kept = append(r.kept, p[:n]...)
	return n, err
}

// cut returns what lies between the offsets, and forgets all before the second.
func (r *recorder) cut(begin, end int64) string {
	raw := string(bytes.Trim(r.kept[begin-r.from:end-r.from], "\r\n"))
	r.kept = append(r.kept[:0], r.kept[end-r.from:]...)
	r.from = end
	return raw
}
