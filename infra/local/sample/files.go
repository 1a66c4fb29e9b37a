package sample

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"strings"
	"time"
)

// The colours of the pictures, by their place in the palette.
const (
	night = iota
	paper
	blue
	green
	red
	silver
)

var palette = color.Palette{
	night:  color.RGBA{0x1b, 0x24, 0x30, 0xff},
	paper:  color.RGBA{0xf6, 0xf7, 0xf9, 0xff},
	blue:   color.RGBA{0x1f, 0x5f, 0xbf, 0xff},
	green:  color.RGBA{0x1a, 0x6b, 0x3c, 0xff},
	red:    color.RGBA{0xb3, 0x26, 0x1e, 0xff},
	silver: color.RGBA{0xc4, 0xca, 0xd2, 0xff},
}

func canvas(width, height int, ground uint8) *image.Paletted {
	m := image.NewPaletted(image.Rect(0, 0, width, height), palette)
	fill(m, m.Bounds(), ground)
	return m
}

func fill(m *image.Paletted, r image.Rectangle, c uint8) {
	r = r.Intersect(m.Bounds())
	for y := r.Min.Y; y < r.Max.Y; y++ {
		row := m.Pix[m.PixOffset(r.Min.X, y):m.PixOffset(r.Max.X, y)]
		for x := range row {
			row[x] = c
		}
	}
}

func encode(m image.Image) []byte {
	var out bytes.Buffer
	if err := png.Encode(&out, m); err != nil {
		panic(err) // of a picture made here, into memory
	}
	return out.Bytes()
}

// screenshot is a device's display with a curve of signal strengths.
func screenshot(variant int) []byte {
	m := canvas(480, 640, night)
	fill(m, image.Rect(0, 0, 480, 56), blue)
	for i := range 5 {
		fill(m, image.Rect(400+i*14, 40-i*7, 408+i*14, 46), paper)
	}
	for x := 24; x < 456; x += 12 {
		height := 40 + (x*variant*7)%180
		bar := uint8(green)
		if height < 90 {
			bar = red
		}
		fill(m, image.Rect(x, 360-height, x+8, 360), bar)
	}
	for line := range 6 {
		fill(m, image.Rect(24, 400+line*36, 24+(line*97+variant*61)%300+100, 416+line*36), silver)
	}
	return encode(m)
}

// typePlate is the plate on a device's back: words as bars, and a bar code.
func typePlate() []byte {
	m := canvas(800, 500, silver)
	fill(m, image.Rect(20, 20, 780, 480), paper)
	fill(m, image.Rect(50, 50, 330, 100), blue)
	for line := range 4 {
		fill(m, image.Rect(50, 140+line*44, 420+line%3*90, 160+line*44), night)
	}
	barcode(m, image.Rect(50, 340, 750, 450))
	return encode(m)
}

// label is a printed label.
func label() []byte {
	m := canvas(600, 400, paper)
	barcode(m, image.Rect(40, 40, 560, 220))
	fill(m, image.Rect(40, 250, 400, 275), night)
	fill(m, image.Rect(40, 300, 320, 325), night)
	return encode(m)
}

func barcode(m *image.Paletted, r image.Rectangle) {
	for x, n := r.Min.X, 7; x < r.Max.X; n = (n*31 + 11) % 101 {
		width := 2 + n%4*2
		fill(m, image.Rect(x, r.Min.Y, min(x+width, r.Max.X), r.Max.Y), night)
		x += width + 2 + n%3*3
	}
}

// crack is a display with a jagged line across it.
func crack() []byte {
	m := canvas(640, 480, silver)
	fill(m, image.Rect(60, 40, 580, 440), night)
	y := 60
	for x := 80; x < 560; x += 8 {
		y = min(max(y+(x*13)%31-10, 50), 430)
		fill(m, image.Rect(x, y, x+10, y+4), paper)
	}
	return encode(m)
}

// plan is a floor plan, larger than a page shows it.
func plan() []byte {
	m := canvas(1600, 1000, paper)
	for row := range 4 {
		for column := range 9 {
			shelf := uint8(silver)
			if (row*9+column)%7 == 3 {
				shelf = green
			}
			fill(m, image.Rect(80+column*165, 120+row*210, 80+column*165+120, 120+row*210+150), shelf)
		}
	}
	for _, wall := range []image.Rectangle{{image.Pt(20, 20), image.Pt(1580, 32)}, {image.Pt(20, 968), image.Pt(1580, 980)}, {image.Pt(20, 20), image.Pt(32, 980)}, {image.Pt(1568, 20), image.Pt(1580, 700)}} {
		fill(m, wall, night)
	}
	return encode(m)
}

// wlanLog is what a device writes while it is carried through a door.
func wlanLog(t time.Time) []byte {
	var out strings.Builder
	for i := range 120 {
		point, strength := "H2-07", -48-i/2
		if i > 75 {
			point, strength = "H3-01", -52-(i%9)
		}
		fmt.Fprintf(&out, "%s rssi=%d ap=%s seq=%04d\n", t.Add(time.Duration(i)*time.Second).Format(time.DateTime), strength, point, i)
	}
	return []byte(out.String())
}

// pdf is a page with a few lines. The lines are ASCII.
func pdf(lines ...string) []byte {
	var text strings.Builder
	text.WriteString("BT /F1 16 Tf 72 760 Td 24 TL ")
	for _, l := range lines {
		fmt.Fprintf(&text, "(%s) Tj T* ", strings.NewReplacer(`\`, `\\`, "(", `\(`, ")", `\)`).Replace(l))
	}
	text.WriteString("ET")
	objects := []string{
		"<< /Type /Catalog /Pages 2 0 R >>",
		"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
		fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", text.Len(), text.String()),
		"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
	}
	var out bytes.Buffer
	out.WriteString("%PDF-1.4\n")
	offsets := make([]int, len(objects))
	for i, o := range objects {
		offsets[i] = out.Len()
		fmt.Fprintf(&out, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	start := out.Len()
	fmt.Fprintf(&out, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, at := range offsets {
		fmt.Fprintf(&out, "%010d 00000 n \n", at)
	}
	fmt.Fprintf(&out, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, start)
	return out.Bytes()
}
