package importer

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"postern/infra/local/importer/csvfile"
	"postern/infra/local/importer/hubspot"
)

// rejects is the file of the rows that were not imported: their line, the
// reason, and the row as it was. Corrected, it can be imported as it is.
type rejects struct {
	source *csvfile.File
	path   string
	tmp    *os.File
	csv    *csv.Writer
	n      int
	err    error
}

func newRejects(source *csvfile.File, dir string) *rejects {
	if dir == "" {
		dir = filepath.Dir(source.Path)
	}
	name := strings.TrimSuffix(source.Name, filepath.Ext(source.Name)) + ".rejects.csv"
	return &rejects{source: source, path: filepath.Join(dir, name)}
}

// add writes a row. An error of the file is reported by close.
func (r *rejects) add(row csvfile.Row, reason error) {
	r.n++
	if r.err != nil {
		return
	}
	if r.tmp == nil {
		// What a former run has left stays until this one has ended.
		r.tmp, r.err = os.CreateTemp(filepath.Dir(r.path), "."+filepath.Base(r.path)+"-")
		if r.err != nil {
			return
		}
		r.csv = csv.NewWriter(r.tmp)
		r.csv.Comma = r.source.Comma
		r.write([]string{hubspot.LineColumn, hubspot.ReasonColumn}, r.source.Header)
	}
	fields := row.Fields
	if len(fields) == 0 {
		fields = []string{row.Raw}
	}
	r.write([]string{strconv.Itoa(row.Line), reason.Error()}, fields)
}

func (r *rejects) write(lead, fields []string) {
	if err := r.csv.Write(append(lead, fields...)); err != nil && r.err == nil {
		r.err = err
	}
}

// close returns the path of the file, "" where no row was rejected.
func (r *rejects) close() (string, error) {
	if r.tmp == nil && r.err == nil {
		if err := os.Remove(r.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("the former file of rejected rows can't be removed: %w", err)
		}
		return "", nil
	}
	if r.tmp != nil {
		r.csv.Flush()
		err := errors.Join(r.err, r.csv.Error(), r.tmp.Close())
		if err == nil {
			err = os.Rename(r.tmp.Name(), r.path)
		}
		if err != nil {
			_ = os.Remove(r.tmp.Name())
		}
		r.err = err
	}
	if r.err != nil {
		return "", fmt.Errorf("rejected rows can't be written to %s: %w", r.path, r.err)
	}
	return r.path, nil
}
