package picture

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"
)

const (
	svgSpace   = "http://www.w3.org/2000/svg"
	xlinkSpace = "http://www.w3.org/1999/xlink"
	xmlSpace   = "http://www.w3.org/XML/1998/namespace"
	xmlnsSpace = "xmlns"
)

// notes are the namespaces of what drawing programs note down for themselves, which
// browsers know nothing of.
var notes = map[string]bool{
	"http://www.inkscape.org/namespaces/inkscape":            true,
	"http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd":     true,
	"http://www.w3.org/1999/02/22-rdf-syntax-ns#":            true,
	"http://creativecommons.org/ns#":                         true,
	"http://web.resource.org/cc/":                            true,
	"http://purl.org/dc/elements/1.1/":                       true,
	"http://www.bohemiancoding.com/sketch/ns":                true,
	"http://www.serif.com/":                                  true,
	"http://www.figma.com/figma/ns":                          true,
	"http://ns.adobe.com/AdobeIllustrator/10.0/":             true,
	"http://ns.adobe.com/Extensibility/1.0/":                 true,
	"http://ns.adobe.com/SaveForWeb/1.0/":                    true,
	"http://vectornator.io":                                  true,
	"http://www.vectornator.io/ns":                           true,
	"http://krita.org/namespaces/svg/krita":                  true,
	"https://boxy-svg.com":                                   true,
	"http://www.corel.com/coreldraw/odm/2003":                true,
	"http://schemas.microsoft.com/visio/2003/SVGExtensions/": true,
}

func words(text string) map[string]bool {
	all := map[string]bool{}
	for _, w := range strings.Fields(text) {
		all[w] = true
	}
	return all
}

// elements are what a drawing may be made of: what can only be seen. There is nothing
// in them that runs, moves, links, or holds another kind of document.
var elements = words(`
	svg g defs symbol use title desc metadata style
	path rect circle ellipse line polyline polygon image
	text tspan textPath
	linearGradient radialGradient stop clipPath mask pattern marker
	filter feBlend feColorMatrix feComponentTransfer feComposite feDropShadow feFlood feFuncA feFuncB feFuncG feFuncR
	feGaussianBlur feMerge feMergeNode feMorphology feOffset feTurbulence feDisplacementMap feTile
	feDiffuseLighting feSpecularLighting feDistantLight fePointLight feSpotLight feConvolveMatrix
`)

// attributes are what its elements may have, besides those that begin with data- or
// aria-.
var attributes = words(`
	id class style lang role tabindex version baseProfile contentScriptType contentStyleType enable-background
	x y x1 y1 x2 y2 cx cy r rx ry fx fy fr dx dy d points width height viewBox preserveAspectRatio transform
	pathLength rotate textLength lengthAdjust startOffset method spacing side focusable
	fill fill-opacity fill-rule stroke stroke-width stroke-linecap stroke-linejoin stroke-miterlimit stroke-dasharray
	stroke-dashoffset stroke-opacity opacity color display visibility overflow clip clip-path clip-rule mask mask-type filter
	marker marker-start marker-mid marker-end paint-order vector-effect shape-rendering text-rendering image-rendering
	color-interpolation color-interpolation-filters color-rendering mix-blend-mode isolation cursor pointer-events solid-color
	solid-opacity transform-origin transform-box
	font font-family font-size font-size-adjust font-stretch font-style font-variant font-weight line-height letter-spacing
	word-spacing text-anchor text-decoration text-align dominant-baseline alignment-baseline baseline-shift writing-mode
	direction unicode-bidi glyph-orientation-vertical glyph-orientation-horizontal kerning white-space inline-size shape-inside
	offset stop-color stop-opacity gradientUnits gradientTransform spreadMethod clipPathUnits maskUnits maskContentUnits
	patternUnits patternContentUnits patternTransform markerUnits markerWidth markerHeight refX refY orient
	filterUnits primitiveUnits in in2 result mode type values operator k1 k2 k3 k4 stdDeviation edgeMode radius
	flood-color flood-opacity lighting-color slope intercept amplitude exponent tableValues baseFrequency numOctaves seed stitchTiles
	scale xChannelSelector yChannelSelector surfaceScale diffuseConstant specularConstant specularExponent azimuth elevation
	z pointsAtX pointsAtY pointsAtZ limitingConeAngle kernelMatrix kernelUnitLength order divisor bias targetX targetY preserveAlpha
	media requiredFeatures systemLanguage
`)

// isDrawing tells whether the data means to be XML.
func isDrawing(data []byte) bool {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	return bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte("<")) && utf8.Valid(data)
}

// maxUses is how many copies of its parts a drawing may have: each is drawn anew.
const maxUses = 200

// maxDepth is how deep its parts may lie in each other: browsers take 256.
const maxDepth = 200

// drawing tells why the data is no drawing that a portal may show, as a message's key
// with its pairs; "" for one that it may.
func drawing(data []byte) (key string, pairs []any) {
	d := xml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(data, []byte("\ufeff"))))
	d.Entity = nil // but for the five of XML
	type open struct {
		id    string
		style *strings.Builder // what a style says, all of it together
	}
	var path []open
	copies := map[string]bool{} // ids of what holds copies of something
	var copied []string         // ids of what is copied
	root := false
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "design.error.imageBroken", nil
		}
		switch t := t.(type) {
		case xml.Directive: // a document type, which may define anything
			if name := bytes.Fields(t); len(name) > 1 && bytes.EqualFold(name[1], []byte("svg")) {
				return "design.error.svgDoctype", nil
			}
			return "design.error.imageType", nil
		case xml.ProcInst:
			if t.Target != "xml" {
				return "design.error.svgPart", []any{"part", "<?" + short(t.Target) + "?>"}
			}
		case xml.CharData:
			if n := len(path); n > 0 && path[n-1].style != nil {
				path[n-1].style.Write(t)
			}
		case xml.EndElement:
			if style := path[len(path)-1].style; style != nil && !harmlessStyle(style.String()) {
				return "design.error.svgReference", []any{"part", "<style>"}
			}
			path = path[:len(path)-1]
		case xml.StartElement:
			if len(path) == 0 && (root || t.Name.Local != "svg" || t.Name.Space != svgSpace) {
				return "design.error.imageType", nil
			}
			root = true
			if len(path) == maxDepth {
				return "design.error.imageBroken", nil
			}
			noted := notes[t.Name.Space]
			if !noted && (t.Name.Space != svgSpace || !elements[t.Name.Local]) {
				return "design.error.svgPart", []any{"part", "<" + short(t.Name.Local) + ">"}
			}
			var o open
			if t.Name.Local == "style" {
				o.style = &strings.Builder{}
			}
			for _, a := range t.Attr {
				if noted && a.Name.Space != xlinkSpace {
					continue
				}
				switch attribute(t.Name.Local, a) {
				case refusedPart:
					return "design.error.svgPart", []any{"part", short(a.Name.Local)}
				case refusedReference:
					return "design.error.svgReference", []any{"part", short(a.Name.Local)}
				}
				if a.Name.Space == "" && a.Name.Local == "id" {
					o.id = a.Value
				}
			}
			path = append(path, o)
			if t.Name.Local == "use" {
				for _, p := range path {
					copies[p.id] = true
				}
				copied = append(copied, target(t))
			}
		}
	}
	if !root {
		return "design.error.imageType", nil
	}
	// A copy of copies of copies is drawn more often than any browser can.
	for _, id := range copied {
		if id != "" && copies[id] || len(copied) > maxUses {
			return "design.error.svgCopies", nil
		}
	}
	return "", nil
}

// short is as much of a name from outside as a message says.
func short(name string) string {
	if r := []rune(name); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return name
}

// target is the id that a use copies.
func target(e xml.StartElement) string {
	for _, a := range e.Attr {
		if a.Name.Local == "href" {
			return strings.TrimPrefix(strings.TrimSpace(a.Value), "#")
		}
	}
	return ""
}

type refusal int

const (
	fine refusal = iota
	refusedPart
	refusedReference
)

// embedded is a picture that is in the drawing itself.
var embedded = regexp.MustCompile(`^data:image/(png|jpeg|webp|gif);base64,[A-Za-z0-9+/=\s]*$`)

func attribute(element string, a xml.Attr) refusal {
	switch space, name := a.Name.Space, a.Name.Local; {
	case space == xmlnsSpace, space == "" && name == "xmlns", notes[space]:
		return fine
	case name == "href" && (space == "" || space == xlinkSpace):
		value := strings.TrimSpace(a.Value)
		if strings.HasPrefix(value, "#") || element == "image" && embedded.MatchString(value) {
			return fine
		}
		return refusedReference
	case space == xlinkSpace && (name == "type" || name == "title"), space == xmlSpace && (name == "space" || name == "lang" || name == "id"):
		return fine
	case space != "" || !attributes[name] && !strings.HasPrefix(name, "data-") && !strings.HasPrefix(name, "aria-"):
		return refusedPart
	case !harmlessStyle(a.Value):
		return refusedReference
	}
	return fine
}

// reference is a function of CSS that names something else, and what it begins with.
var reference = regexp.MustCompile(`(?i)url\s*\(\s*["']?\s*([^"')\s]?)`)

// elsewhere is what else of CSS fetches, or could be written to look like nothing of
// it: escapes, and functions that take an address as text.
var elsewhere = regexp.MustCompile(`(?i)\\|@(import|font-face|namespace|charset)|(image-set|image|cross-fade|element|src|paint|expression)\s*\(|javascript:|-moz-binding|behavior\s*:`)

// harmlessStyle tells whether the text, of a style or of an attribute that CSS reads,
// refers to nothing but parts of the drawing itself.
func harmlessStyle(css string) bool {
	for _, m := range reference.FindAllStringSubmatch(css, -1) {
		if m[1] != "#" {
			return false
		}
	}
	return !elsewhere.MatchString(css)
}
