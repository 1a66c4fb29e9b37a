package hubspot

import (
	"bufio"
	"cmp"
	"container/heap"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

// sighting is a record id at a line of a file: 16 bytes.
type sighting struct {
	id   uint64 // a hash of the record id
	line uint64
}

func compare(a, b sighting) int {
	return cmp.Or(cmp.Compare(a.id, b.id), cmp.Compare(a.line, b.line))
}

// inMemory is how many sightings are sorted in memory: 2 MB of them. What is
// more goes to a temporary file.
const inMemory = 128 << 10

// seen finds which record ids come twice, in bounded memory whatever the number
// of rows: it sorts runs and merges them.
type seen struct {
	run  []sighting
	max  int // of a run
	file *os.File
	ends []int64 // where each run in the file ends, in bytes
}

func newSeen() *seen { return &seen{max: inMemory} }

func hashOf(record string) uint64 {
	sum := sha256.Sum256([]byte(record))
	return binary.BigEndian.Uint64(sum[:])
}

func (s *seen) add(record string, line int) error {
	if len(s.run) == s.max {
		if err := s.flush(); err != nil {
			return err
		}
	}
	s.run = append(s.run, sighting{hashOf(record), uint64(line)})
	return nil
}

func (s *seen) flush() error {
	if s.file == nil {
		f, err := os.CreateTemp("", "postern-import-")
		if err != nil {
			return fmt.Errorf("sort the record ids: %w", err)
		}
		_ = os.Remove(f.Name()) // It lives as long as it is open.
		s.file = f
	}
	slices.SortFunc(s.run, compare)
	w := bufio.NewWriter(s.file)
	for _, x := range s.run {
		if err := binary.Write(w, binary.BigEndian, [2]uint64{x.id, x.line}); err != nil {
			return fmt.Errorf("sort the record ids: %w", err)
		}
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("sort the record ids: %w", err)
	}
	end, err := s.file.Seek(0, io.SeekCurrent)
	if err != nil {
		return fmt.Errorf("sort the record ids: %w", err)
	}
	s.ends = append(s.ends, end)
	s.run = s.run[:0]
	return nil
}

// each calls visit with every sighting, those of one record id one after
// another, the first line first. It can be called once.
func (s *seen) each(visit func(sighting) error) error {
	slices.SortFunc(s.run, compare)
	if s.file == nil {
		for _, x := range s.run {
			if err := visit(x); err != nil {
				return err
			}
		}
		return nil
	}
	if err := s.flush(); err != nil {
		return err
	}
	var m merge
	from := int64(0)
	for _, end := range s.ends {
		r := &run{src: bufio.NewReader(io.NewSectionReader(s.file, from, end-from))}
		from = end
		if ok, err := r.next(); err != nil {
			return err
		} else if ok {
			m = append(m, r)
		}
	}
	heap.Init(&m)
	for len(m) > 0 {
		if err := visit(m[0].head); err != nil {
			return err
		}
		ok, err := m[0].next()
		switch {
		case err != nil:
			return err
		case ok:
			heap.Fix(&m, 0)
		default:
			heap.Pop(&m)
		}
	}
	return nil
}

func (s *seen) close() {
	if s.file != nil {
		_ = s.file.Close()
	}
}

// run is what is left of a sorted run.
type run struct {
	head sighting
	src  io.Reader
}

func (r *run) next() (bool, error) {
	var b [16]byte
	if _, err := io.ReadFull(r.src, b[:]); errors.Is(err, io.EOF) {
		return false, nil
	} else if err != nil {
		return false, fmt.Errorf("sort the record ids: %w", err)
	}
	r.head = sighting{binary.BigEndian.Uint64(b[:]), binary.BigEndian.Uint64(b[8:])}
	return true, nil
}

// merge is a heap of runs, the least head first.
type merge []*run

func (m merge) Len() int           { return len(m) }
func (m merge) Less(i, j int) bool { return compare(m[i].head, m[j].head) < 0 }
func (m merge) Swap(i, j int)      { m[i], m[j] = m[j], m[i] }
func (m *merge) Push(x any)        { *m = append(*m, x.(*run)) }
func (m *merge) Pop() any {
	last := (*m)[len(*m)-1]
	*m = (*m)[:len(*m)-1]
	return last
}
