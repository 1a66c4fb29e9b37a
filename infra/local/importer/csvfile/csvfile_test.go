package csvfile

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

func write(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file.csv")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func encoded(t *testing.T, e encoding.Encoding, s string) string {
	t.Helper()
	out, err := e.NewEncoder().String(s)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// all reads the file, each row as its line and fields, or its error.
func all(t *testing.T, path string, o Options) (header []string, rows []string) {
	t.Helper()
	f, err := Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	r, err := f.Rows()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for {
		row, ok := r.Next()
		if !ok {
			break
		}
		if row.Err != nil {
			rows = append(rows, fmt.Sprintf("%d! %v", row.Line, row.Err))
			continue
		}
		rows = append(rows, fmt.Sprintf("%d %q", row.Line, row.Fields))
	}
	if err := r.Err(); err != nil {
		rows = append(rows, err.Error())
	}
	return f.Header, rows
}

// The same two rows, whatever the file looks like.
func TestForms(t *testing.T) {
	const plain = "Größe,Name,Text\n1,Jörg,\"a\nb\"\n\n2,“Ö”,\"say \"\"x\"\"\"\n"
	semicolons := strings.ReplaceAll(plain, ",", ";")
	for name, content := range map[string]string{
		"UTF-8":                       plain,
		"UTF-8 with a mark":           "\ufeff" + plain,
		"UTF-16 LE with a mark":       encoded(t, unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), plain),
		"UTF-16 BE with a mark":       encoded(t, unicode.UTF16(unicode.BigEndian, unicode.UseBOM), plain),
		"UTF-16 LE":                   encoded(t, unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), plain),
		"UTF-16 BE":                   encoded(t, unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM), plain),
		"semicolons":                  semicolons,
		"tabs":                        strings.ReplaceAll(plain, ",", "\t"),
		"CR LF":                       strings.ReplaceAll(plain, "\n", "\r\n"),
		"no line end":                 strings.TrimSuffix(plain, "\n"),
		"empty cells at the end":      strings.ReplaceAll(plain, "\"\n", "\",,\n"),
		"semicolons, UTF-16, quoted ": encoded(t, unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), strings.Replace(semicolons, "Größe", `"Größe"`, 1)),
	} {
		header, rows := all(t, write(t, content), Options{})
		if want := []string{"Größe", "Name", "Text"}; !slices.Equal(header, want) {
			t.Errorf("%s: header %q", name, header)
		}
		want := []string{`2 ["1" "Jörg" "a\nb"]`, `5 ["2" "“Ö”" "say \"x\""]`}
		if !slices.Equal(rows, want) {
			t.Errorf("%s:\n got %s\nwant %s", name, rows, want)
		}
	}
	_, rows := all(t, write(t, encoded(t, charmap.Windows1252, "a,b\nÄ,€\n")), Options{Encoding: "windows-1252"})
	if want := []string{`2 ["Ä" "€"]`}; !slices.Equal(rows, want) {
		t.Errorf("Windows-1252: %s", rows)
	}
}

// Excel's first line says the separator, and counts as a line.
func TestSepLine(t *testing.T) {
	for _, sep := range []string{";", "\t", ","} {
		header, rows := all(t, write(t, "\ufeffsep="+sep+"\r\na,b"+sep+"c\r\n1"+sep+"2\r\n"), Options{})
		want := []string{"a,b", "c"}
		if sep == "," {
			want = []string{"a", "b", "c"}
		}
		if !slices.Equal(header, want) || !strings.HasPrefix(rows[0], "3") {
			t.Errorf("sep=%q: %q, %s", sep, header, rows)
		}
	}
}

func TestBadRows(t *testing.T) {
	content := "a,b\n1,2\n3\n4,x\"y\n5,6,7\n8,\xff\n9,10\n"
	_, rows := all(t, write(t, content), Options{})
	want := []string{
		`2 ["1" "2"]`, "3! the row has 1 fields, the header 2",
		`4! not CSV at line 4, column 4: bare " in non-quoted-field`, "5! the row has 3 fields, the header 2",
		"6! the row is not UTF-8", `7 ["9" "10"]`,
	}
	if !slices.Equal(rows, want) {
		t.Errorf("\n got %s\nwant %s", strings.Join(rows, "\n     "), strings.Join(want, "\n     "))
	}
}

func TestRaw(t *testing.T) {
	f, err := Open(write(t, "a,b\r\n1,\"x\r\ny\"\r\n3,x\"y\r\n"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := f.Rows()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for _, want := range []string{"1,\"x\r\ny\"", `3,x"y`} {
		if row, ok := r.Next(); !ok || row.Raw != want {
			t.Errorf("%q, not %q", row.Raw, want)
		}
	}
}

func TestHeaders(t *testing.T) {
	header, _ := all(t, write(t, " a ,a,B,b,,\n1,2,3,4,,\n"), Options{})
	if want := []string{"a", "a (2)", "B", "b (2)"}; !slices.Equal(header, want) {
		t.Errorf("%q", header)
	}
}

func TestNoCSV(t *testing.T) {
	for content, want := range map[string]string{
		"":                                "is empty",
		"\ufeff \n\n":                     "is empty",
		"PK\x03\x04rest":                  "Excel workbook or a ZIP",
		"\xd0\xcf\x11\xe0\xa1":            "old Excel workbook",
		"\x1f\x8b\x08":                    "gzip",
		"%PDF-1.4":                        "PDF",
		"a,b\x00\x01\x02\x00,\n1,2":       "zero bytes",
		"<!DOCTYPE html><title>Sign in":   "web page",
		`{"results": []}`:                 "JSON",
		"Gr\xf6\xdfe,Name\n1,2\n":         "-encoding windows-1252",
		"sep=;\n":                         "is empty",
		",,\n1,2,3\n":                     "no column names",
		"\"a\nb" + strings.Repeat("x", 9): "no CSV",
	} {
		f, err := Open(write(t, content), Options{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, %v", content, f, err)
		}
	}
	if _, err := Open(t.TempDir(), Options{}); err == nil || !strings.Contains(err.Error(), "no regular file") {
		t.Errorf("a folder: %v", err)
	}
	if _, err := Open(write(t, "a,b\n"), Options{Encoding: "ebcdic"}); err == nil || !strings.Contains(err.Error(), "utf-16le") {
		t.Errorf("an unknown encoding: %v", err)
	}
}

// A quotation mark that is never closed does not take the rest of the file into
// memory.
func TestOpenQuote(t *testing.T) {
	path := filepath.Join(t.TempDir(), "open.csv")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(f, "a,b\n1,2\n3,\"")
	line := bytes.Repeat([]byte("x"), 1<<16)
	for range 1024 { // 64 MB
		if _, err := f.Write(line); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, rows := all(t, path, Options{})
	runtime.ReadMemStats(&after)
	if len(rows) != 2 || !strings.Contains(rows[1], "after line 2") || !strings.Contains(rows[1], "not closed") {
		t.Errorf("%.300s", rows)
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > 24<<20 {
		t.Errorf("%d MB were allocated", took>>20)
	}
}

func TestChanged(t *testing.T) {
	path := write(t, "a,b\n1,2\n")
	f, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if f.Changed() {
		t.Error("changed at once")
	}
	if err := os.WriteFile(path, []byte("a,b\n1,2\n3,4\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if !f.Changed() {
		t.Error("not changed")
	}
}
