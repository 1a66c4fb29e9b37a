package picture

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"postern/shared/portal"
)

// why is the message's key that Check refuses the data with, "" where it takes it.
func why(t *testing.T, data []byte, use Use) string {
	t.Helper()
	i, err := Check("logo", data, use)
	if err == nil {
		if _, ok := portal.ImageType(i.Name); !ok || !bytes.Equal(i.Data, data) {
			t.Errorf("image %s of %d bytes", i.Name, len(i.Data))
		}
		return ""
	}
	var e *portal.Error
	if !errors.As(err, &e) || e.Kind != portal.Invalid || len(e.Fields) != 1 || e.Fields[0].Field != "logo" {
		t.Fatalf("error %v", err)
	}
	return strings.TrimPrefix(e.Fields[0].Key, "design.error.")
}

func encoded(t *testing.T, encode func(*bytes.Buffer, image.Image) error, width, height int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := encode(&b, image.NewPaletted(image.Rect(0, 0, width, height), color.Palette{color.Black, color.White})); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func asPNG(b *bytes.Buffer, i image.Image) error  { return png.Encode(b, i) }
func asJPEG(b *bytes.Buffer, i image.Image) error { return jpeg.Encode(b, i, nil) }
func asGIF(b *bytes.Buffer, i image.Image) error  { return gif.Encode(b, i, nil) }

// icon is an ICO with the pictures.
func icon(pictures ...[]byte) []byte {
	le := binary.LittleEndian
	out := le.AppendUint16([]byte{0, 0, 1, 0}, uint16(len(pictures)))
	offset := 6 + 16*len(pictures)
	for _, p := range pictures {
		out = append(out, 16, 16, 0, 0, 1, 0, 32, 0)
		out = le.AppendUint32(out, uint32(len(p)))
		out = le.AppendUint32(out, uint32(offset))
		offset += len(p)
	}
	return append(out, bytes.Join(pictures, nil)...)
}

func bitmap(width, height int32) []byte {
	le := binary.LittleEndian
	b := le.AppendUint32(nil, 40)
	b = le.AppendUint32(b, uint32(width))
	b = le.AppendUint32(b, uint32(2*height))
	return append(b, make([]byte, 40)...)
}

// WebP files of one pixel, by libwebp: lossy, lossless, and with transparency.
const (
	webpLossy    = "UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA"
	webpLossless = "UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA=="
	webpExtended = "UklGRkoAAABXRUJQVlA4WAoAAAAQAAAAAAAAAAAAQUxQSAwAAAARBxAR/Q9ERP8DAABWUDggGAAAABQBAJ0BKgEAAQAAAP4AAA3AAP7mtQAAAA=="
)

func decoded(t *testing.T, s string) []byte {
	t.Helper()
	data, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestCheck(t *testing.T) {
	small := encoded(t, asPNG, 32, 16)
	lossy, lossless, extended := decoded(t, webpLossy), decoded(t, webpLossless), decoded(t, webpExtended)
	wide := bytes.Clone(extended)
	copy(wide[24:], []byte{0xff, 0xff, 0})
	svg := []byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`)
	for name, c := range map[string]struct {
		data       []byte
		logo, icon string
	}{
		"PNG":                     {small, "", ""},
		"JPEG":                    {encoded(t, asJPEG, 16, 16), "", ""},
		"lossy WebP":              {lossy, "", ""},
		"lossless WebP":           {lossless, "", ""},
		"extended WebP":           {extended, "", ""},
		"SVG":                     {svg, "", ""},
		"SVG with a mark":         {append([]byte("\ufeff\n"), svg...), "", ""},
		"ICO of PNG":              {icon(small), "imageType", ""},
		"ICO of bitmaps":          {icon(bitmap(16, 16), bitmap(32, 32)), "imageType", ""},
		"GIF":                     {encoded(t, asGIF, 16, 16), "imageType", "iconType"},
		"nothing":                 {nil, "imageType", "iconType"},
		"a page":                  {[]byte("<!doctype html><html><script>alert(1)</script>"), "imageType", "imageType"},
		"a page in XHTML":         {[]byte(`<html xmlns="http://www.w3.org/1999/xhtml"/>`), "imageType", "imageType"},
		"text":                    {[]byte("logo.png"), "imageType", "iconType"},
		"a PDF":                   {[]byte("%PDF-1.7"), "imageType", "iconType"},
		"as large as may be":      {append(bytes.Clone(small), make([]byte, portal.MaxImageBytes-len(small))...), "", ""},
		"larger":                  {append(bytes.Clone(small), make([]byte, portal.MaxImageBytes-len(small)+1)...), "imageBytes", "imageBytes"},
		"as wide as may be":       {encoded(t, asPNG, portal.MaxImageSide, 1), "", ""},
		"wider":                   {encoded(t, asPNG, portal.MaxImageSide+1, 1), "imageSide", "imageSide"},
		"taller, JPEG":            {encoded(t, asJPEG, 1, portal.MaxImageSide+1), "imageSide", "imageSide"},
		"wider, WebP":             {wide, "imageSide", "imageSide"},
		"wider, ICO":              {icon(bitmap(16, 16), bitmap(portal.MaxImageSide+1, 1)), "imageType", "imageSide"},
		"PNG, cut":                {small[:20], "imageBroken", "imageBroken"},
		"JPEG, cut":               {[]byte("\xff\xd8\xff\xe0"), "imageBroken", "imageBroken"},
		"WebP, cut":               {lossy[:20], "imageBroken", "imageBroken"},
		"WebP, of another length": {append(bytes.Clone(lossy), 0, 0, 0), "imageBroken", "imageBroken"},
		"WebP, another chunk":     {bytes.Replace(lossy, []byte("VP8 "), []byte("VP9 "), 1), "imageBroken", "imageBroken"},
		"ICO, empty":              {icon(), "imageType", "imageBroken"},
		"ICO, cut":                {icon(small)[:40], "imageType", "imageBroken"},
		"ICO of text":             {icon([]byte(strings.Repeat("text", 20))), "imageType", "imageBroken"},
		"ICO of a negative size":  {icon(bitmap(-1, 16)), "imageType", "imageBroken"},
		"a cursor":                {append([]byte{0, 0, 2, 0}, icon(small)[4:]...), "imageType", "iconType"},
	} {
		if got := why(t, c.data, Logo); got != c.logo {
			t.Errorf("%s as a logo: %q, want %q", name, got, c.logo)
		}
		if got := why(t, c.data, Icon); got != c.icon {
			t.Errorf("%s as an icon: %q, want %q", name, got, c.icon)
		}
	}
}

func TestDrawings(t *testing.T) {
	in := func(body string) string {
		return `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape" viewBox="0 0 8 8">` + body + `</svg>`
	}
	for body, want := range map[string]string{
		`<path d="M0 0h8" fill="url(#a)" style="stroke:#fff;fill:url( '#b' )"/>`:                                "",
		`<title>Öl &amp; Gas</title><desc>x</desc><text font-family="Arial">N</text><!-- a <script> -->`:        "",
		`<defs><linearGradient id="a"><stop offset="0" stop-color="#000"/></linearGradient></defs>`:             "",
		`<symbol id="s"><path d="M0 0"/></symbol><use href="#s"/><use xlink:href="#s" x="4"/>`:                  "",
		`<style>.a{fill:#123456}@media (prefers-color-scheme:dark){.a{fill:#fff}}</style><g class="a"/>`:        "",
		`<style><![CDATA[.a{fill:url(#g)}]]></style>`:                                                           "",
		`<image href="data:image/png;base64,iVBORw0KGgo=" width="8" height="8"/>`:                               "",
		`<metadata><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" rdf:about="x"/></metadata>`: "",
		`<g inkscape:label="Ebene 1" data-name="a" aria-hidden="true"/>`:                                        "",

		`<script>alert(1)</script>`: "svgPart",
		`<Script>alert(1)</Script>`: "svgPart",
		`<g onload="alert(1)"/>`:    "svgPart",
		`<g ONCLICK="alert(1)"/>`:   "svgPart",
		`<foreignObject><p xmlns="http://www.w3.org/1999/xhtml">x</p></foreignObject>`: "svgPart",
		`<p xmlns="http://www.w3.org/1999/xhtml" onclick="alert(1)">x</p>`:             "svgPart",
		`<a href="https://evil.example"><path d=""/></a>`:                              "svgPart",
		`<animate attributeName="href" to="javascript:alert(1)"/>`:                     "svgPart",
		`<set attributeName="onmouseover" to="alert(1)"/>`:                             "svgPart",
		`<handler xmlns="http://www.w3.org/2001/xml-events"/>`:                         "svgPart",
		`<feImage href="https://evil.example/a.png"/>`:                                 "svgPart",
		`<iframe src="https://evil.example"/>`:                                         "svgPart",
		`<g xml:base="https://evil.example/"/>`:                                        "svgPart",
		`<g foo:href="#a"/>`:                                                           "svgPart",
		`<?xml-stylesheet href="https://evil.example/a.css"?>`:                         "svgPart",

		`<image href="https://evil.example/a.png"/>`:                             "svgReference",
		`<image xlink:href="//evil.example/a.png"/>`:                             "svgReference",
		`<image href="data:image/svg+xml;base64,PHN2Zy8+"/>`:                     "svgReference",
		`<image href="data:text/html,%3Cscript%3E"/>`:                            "svgReference",
		`<use href="https://evil.example/a.svg#b"/>`:                             "svgReference",
		`<use href="data:image/svg+xml,x#b"/>`:                                   "svgReference",
		`<path href="javascript:alert(1)"/>`:                                     "svgReference",
		`<inkscape:a xlink:href="https://evil.example"/>`:                        "svgReference",
		`<path fill="url(https://evil.example/a.svg#b)"/>`:                       "svgReference",
		`<path fill="URL( &quot;//evil.example/a&quot; )"/>`:                     "svgReference",
		`<path style="fill:u\72l(https://evil.example)"/>`:                       "svgReference",
		`<path style="background:image-set('https://evil.example/a.png' 1x)"/>`:  "svgReference",
		`<style>@import "https://evil.example/a.css";</style>`:                   "svgReference",
		`<style>@imp<!-- -->ort "https://evil.example/a.css";</style>`:           "svgReference",
		`<style>@font-face{font-family:a;src:url(https://evil.example)}</style>`: "svgReference",
		`<style>.a{fill:url()}</style>`:                                          "svgReference",

		`<g>`:         "imageBroken",
		`<g a=b/>`:    "imageBroken",
		`&nbsp;`:      "imageBroken",
		`</svg><svg>`: "imageType",
		`<g id="a"/><use href="#a"/><g id="b"><use href="#a"/><use href="#a"/></g><use href="#b"/>`: "svgCopies",
		`<g id="a"><use href="#a"/></g>`:              "svgCopies",
		strings.Repeat(`<use href="#a"/>`, maxUses+1): "svgCopies",
	} {
		if got := why(t, []byte(in(body)), Logo); got != want {
			t.Errorf("%s: %q, want %q", body, got, want)
		}
	}
	for whole, want := range map[string]string{
		`<?xml version="1.0" encoding="UTF-8" standalone="no"?>` + in(""):                                             "",
		`<?xml version="1.0" encoding="ISO-8859-1"?>` + in(""):                                                        "imageBroken",
		`<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">` + in(""): "svgDoctype",
		`<!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;">]>` + in("&b;"):                                   "svgDoctype",
		`<!-- nothing -->`: "imageType",
		`<svg/>`:           "imageType",
		`<x:svg xmlns:x="http://www.w3.org/2000/svg"><x:script/></x:svg>`: "svgPart",
		in("") + in(""): "imageType",
	} {
		if got := why(t, []byte(whole), Logo); got != want {
			t.Errorf("%s: %q, want %q", whole, got, want)
		}
	}
}

// What deep or long drawings ask of the check stays small.
func TestLongDrawings(t *testing.T) {
	for _, body := range []string{strings.Repeat("<g>", 20_000) + strings.Repeat("</g>", 20_000), strings.Repeat("url(", 40_000)} {
		data := fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg"><style>%s</style></svg>`, body)
		if _, err := Check("logo", []byte(data[:min(len(data), portal.MaxImageBytes)]), Logo); err == nil {
			t.Errorf("%.60s is taken", data)
		}
	}
}

// The portal's own drawings are such that it would take them.
func TestOwnDrawings(t *testing.T) {
	files, err := filepath.Glob("../../*/*/images/*.svg")
	more, _ := filepath.Glob("../../infra/local/sample/images/*.svg")
	if files = append(files, more...); err != nil || len(files) < 4 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if got := why(t, data, Icon); got != "" {
			t.Errorf("%s: %s", f, got)
		}
	}
}

func FuzzCheck(f *testing.F) {
	for _, s := range []string{webpLossy, webpLossless, webpExtended} {
		data, _ := base64.StdEncoding.DecodeString(s)
		f.Add(data)
	}
	f.Add(icon(bitmap(16, 16)))
	f.Add([]byte(`<svg xmlns="http://www.w3.org/2000/svg"><g id="a"/><use href="#a"/></svg>`))
	f.Fuzz(func(t *testing.T, data []byte) {
		i, err := Check("logo", data, Icon)
		if err == nil && (bytes.Contains(data, []byte("<script")) && strings.HasSuffix(i.Name, ".svg")) && !bytes.Contains(data, []byte("<!--")) && !bytes.Contains(data, []byte("CDATA")) {
			t.Errorf("%q is taken", data)
		}
	})
}
