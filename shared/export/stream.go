package export

import (
	"io"

	"github.com/klauspost/compress/gzip"
)

// Gzip is the Content-Encoding of what Open compresses.
const Gzip = "gzip"

// Open returns the file as a stream, compressed by gzip unless plain is set. What fails
// while it is written is the error of reading it. Whoever opens one closes it, and then
// alone the rows.
func (rows *Rows) Open(plain bool) io.ReadCloser {
	reader, writer := io.Pipe()
	s := &stream{PipeReader: reader, done: make(chan struct{})}
	go func() {
		defer close(s.done)
		writer.CloseWithError(rows.pour(writer, plain))
	}()
	return s
}

func (rows *Rows) pour(w io.Writer, plain bool) error {
	if plain {
		_, err := rows.WriteTo(w)
		return err
	}
	z := gzip.NewWriter(w)
	if _, err := rows.WriteTo(z); err != nil {
		return err
	}
	return z.Close()
}

// stream is a file that is being written.
type stream struct {
	*io.PipeReader
	done chan struct{}
}

// Close ends the writing, and returns when it has.
func (s *stream) Close() error {
	err := s.PipeReader.Close()
	<-s.done
	return err
}
