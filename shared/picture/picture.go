// Package picture looks at the images of a portal's design before they are kept:
// whether they are what browsers show, small enough, and harmless.
//
// What an image is, its content says, and never its name. Drawings are refused where
// they hold anything that could run, fetch or lead elsewhere; nothing is cleaned away,
// so that what is shown is what was uploaded.
package picture

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/jpeg"
	"image/png"

	"postern/shared/portal"
)

// Use is what an image is for.
type Use int

const (
	Logo Use = iota
	Icon     // of browsers' tabs
)

// Check returns the image that the data is, or an Invalid error about the field: of
// more than [portal.MaxImageBytes] or a side of more than [portal.MaxImageSide] pixels,
// of a type that is none of PNG, JPEG, WebP, SVG and, for an icon, ICO, broken, or a
// drawing that does more than to be seen.
func Check(field string, data []byte, use Use) (portal.Image, error) {
	refuse := func(key string, pairs ...any) (portal.Image, error) {
		return portal.Image{}, portal.FieldErrorf(field, key, pairs...)
	}
	if len(data) > portal.MaxImageBytes {
		return refuse("design.error.imageBytes", "max", portal.Bytes(portal.MaxImageBytes), "size", portal.Bytes(len(data)))
	}
	var ending string
	var size image.Config
	var err error
	switch {
	case bytes.HasPrefix(data, []byte("\x89PNG\r\n\x1a\n")):
		ending = "png"
		size, err = png.DecodeConfig(bytes.NewReader(data))
	case bytes.HasPrefix(data, []byte("\xff\xd8\xff")):
		ending = "jpg"
		size, err = jpeg.DecodeConfig(bytes.NewReader(data))
	case len(data) >= 12 && string(data[:4]) == "RIFF" && string(data[8:12]) == "WEBP":
		ending = "webp"
		size, err = webp(data)
	case bytes.HasPrefix(data, []byte{0, 0, 1, 0}) && use == Icon:
		ending = "ico"
		size, err = ico(data)
	case isDrawing(data):
		if key, pairs := drawing(data); key != "" {
			return refuse(key, pairs...)
		}
		return portal.NewImage("svg", data), nil
	case use == Icon:
		return refuse("design.error.iconType")
	default:
		return refuse("design.error.imageType")
	}
	switch {
	case err != nil || size.Width == 0 || size.Height == 0:
		return refuse("design.error.imageBroken")
	case size.Width > portal.MaxImageSide || size.Height > portal.MaxImageSide:
		return refuse("design.error.imageSide", "max", portal.MaxImageSide, "width", size.Width, "height", size.Height)
	}
	return portal.NewImage(ending, data), nil
}

// webp reads a WebP's size from its first chunk
// (https://developers.google.com/speed/webp/docs/riff_container).
func webp(data []byte) (image.Config, error) {
	le := binary.LittleEndian
	// The container's size leaves out the eight bytes before it, and is even.
	if size := int(le.Uint32(data[4:])); len(data) < 30 || size+8 > len(data) || size+9 < len(data) {
		return image.Config{}, image.ErrFormat
	}
	body := data[20:]
	switch string(data[12:16]) {
	case "VP8 ": // RFC 6386, section 9.1: a key frame
		if body[0]&1 == 0 && bytes.Equal(body[3:6], []byte{0x9d, 0x01, 0x2a}) {
			return image.Config{Width: int(le.Uint16(body[6:])) & 0x3fff, Height: int(le.Uint16(body[8:])) & 0x3fff}, nil
		}
	case "VP8L":
		if bits := le.Uint32(body[1:]); body[0] == 0x2f {
			return image.Config{Width: int(bits&0x3fff) + 1, Height: int(bits>>14&0x3fff) + 1}, nil
		}
	case "VP8X":
		u24 := func(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }
		return image.Config{Width: u24(body[4:]) + 1, Height: u24(body[7:]) + 1}, nil
	}
	return image.Config{}, image.ErrFormat
}

// ico reads the largest size of an icon, whose pictures must be in the file and be
// PNG or a bitmap (https://learn.microsoft.com/en-us/previous-versions/ms997538(v=msdn.10)).
func ico(data []byte) (image.Config, error) {
	le := binary.LittleEndian
	const header, entry = 6, 16
	if len(data) < header {
		return image.Config{}, image.ErrFormat
	}
	count := int(le.Uint16(data[4:]))
	if count == 0 || len(data) < header+count*entry {
		return image.Config{}, image.ErrFormat
	}
	var largest image.Config
	for i := range count {
		e := data[header+i*entry:]
		size, offset := int(le.Uint32(e[8:])), int(le.Uint32(e[12:]))
		if size < 40 || offset < header+count*entry || offset > len(data)-size {
			return image.Config{}, image.ErrFormat
		}
		picture := data[offset : offset+size]
		c := image.Config{Width: int(int32(le.Uint32(picture[4:]))), Height: int(int32(le.Uint32(picture[8:]))) / 2}
		if le.Uint32(picture) != 40 { // no bitmap's header
			var err error
			if c, err = png.DecodeConfig(bytes.NewReader(picture)); err != nil {
				return image.Config{}, err
			}
		}
		if c.Width <= 0 || c.Height <= 0 {
			return image.Config{}, image.ErrFormat
		}
		largest.Width, largest.Height = max(largest.Width, c.Width), max(largest.Height, c.Height)
	}
	return largest, nil
}
