package metadata

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"

	xrv "github.com/mattermost/xml-roundtrip-validator"
)

// Limits of a document, which no provider's comes near.
const (
	maxDepth    = 40
	maxElements = 20_000
	maxPrefixes = 50 // of namespaces
)

// Scan refuses a document that could be read in two ways, or would take long to
// read: one with a document type, and so with entities, or that is not the same
// once it is read and written again. Comments and instructions, which cut a text in
// two, are refused unless lenient is set.
func Scan(text []byte, lenient bool) error {
	d := xml.NewDecoder(bytes.NewReader(text))
	depth, elements, roots, prefixes := 0, 0, 0, map[string]bool{}
	for {
		token, err := d.RawToken()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.Directive:
			return errors.New("a document type")
		case xml.Comment:
			if !lenient {
				return errors.New("a comment")
			}
		case xml.ProcInst:
			if !lenient && t.Target != "xml" {
				return errors.New("an instruction")
			}
		case xml.StartElement:
			if depth == 0 {
				roots++
			}
			depth, elements = depth+1, elements+1
			for _, a := range t.Attr {
				if a.Name.Space == "xmlns" {
					prefixes[a.Name.Local] = true
				}
			}
			if depth > maxDepth || elements > maxElements || len(prefixes) > maxPrefixes {
				return errors.New("deeper or larger than any provider's")
			}
		case xml.EndElement:
			if depth--; depth < 0 {
				return errors.New("more ends than beginnings")
			}
		}
	}
	if depth != 0 || roots != 1 {
		return errors.New("not one document")
	}
	return xrv.Validate(bytes.NewReader(text))
}
