package portal

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"
)

// MaxMenuLinks is how many links a portal has in its header, and in its footer.
const MaxMenuLinks = 10

// MenuLink leads from every page of a portal to somewhere else.
type MenuLink struct {
	Label Text
	URL   string
}

// Font is the family that a portal is set in. Each stands for fonts that readers'
// systems have (postern/shared/ui/theme): nothing is fetched.
type Font string

const (
	FontSystem    Font = "system" // "" is the same
	FontGrotesque Font = "grotesque"
	FontHumanist  Font = "humanist"
	FontGeometric Font = "geometric"
	FontRounded   Font = "rounded"
	FontSerif     Font = "serif"
)

// Fonts returns all of them.
func Fonts() []Font {
	return []Font{FontSystem, FontGrotesque, FontHumanist, FontGeometric, FontRounded, FontSerif}
}

// Radius is how round the corners of controls and cards are.
type Radius string

const (
	RadiusNone  Radius = "none"
	RadiusSmall Radius = "small" // "" is the same
	RadiusLarge Radius = "large"
)

// Radii returns all of them, the sharpest first.
func Radii() []Radius { return []Radius{RadiusNone, RadiusSmall, RadiusLarge} }

// ButtonStyle is how the button of a page's main step looks.
type ButtonStyle string

const (
	ButtonFilled  ButtonStyle = "filled" // "" is the same
	ButtonSoft    ButtonStyle = "soft"
	ButtonOutline ButtonStyle = "outline"
)

// ButtonStyles returns all of them, the strongest first.
func ButtonStyles() []ButtonStyle { return []ButtonStyle{ButtonFilled, ButtonSoft, ButtonOutline} }

// Limits of an image.
const (
	MaxImageBytes = 200_000
	MaxImageSide  = 4096 // pixels, of what is not drawn in vectors
)

// Image is a picture of a portal's design. Its name is made of what is in it, so that
// who has the name has the picture for ever: 32 hexadecimal digits and one of
// ImageTypes.
type Image struct {
	Name string
	Data []byte
}

// imageTypes are what images may be: a name's ending, and the media type.
var imageTypes = map[string]string{
	"ico":  "image/vnd.microsoft.icon",
	"jpg":  "image/jpeg",
	"png":  "image/png",
	"svg":  "image/svg+xml",
	"webp": "image/webp",
}

var imageName = regexp.MustCompile(`^[0-9a-f]{32}\.([a-z]+)$`)

// NewImage names what is in an image; ending is one that ImageType knows. It does
// not look at it: see postern/shared/picture.
func NewImage(ending string, data []byte) Image {
	sum := sha256.Sum256(data)
	return Image{Name: hex.EncodeToString(sum[:16]) + "." + ending, Data: data}
}

// ImageType returns the media type of the image with the name, and whether it is the
// name of one.
func ImageType(name string) (mediaType string, ok bool) {
	m := imageName.FindStringSubmatch(name)
	if m == nil {
		return "", false
	}
	mediaType, ok = imageTypes[m[1]]
	return mediaType, ok
}

// ImageFile is what a portal's image is called among the files of all portals, which
// are served below /assets/v/; "" is "".
func ImageFile(portalID, name string) string {
	if name == "" {
		return ""
	}
	return "image-" + portalID + "-" + name
}

// FileImage is the reverse of ImageFile; ok tells whether the file's name is that of
// an image.
func FileImage(file string) (portalID, name string, ok bool) {
	rest, found := strings.CutPrefix(file, "image-")
	portalID, name, _ = strings.Cut(rest, "-")
	_, known := ImageType(name)
	if !found || !known || !ValidID(portalID) {
		return "", "", false
	}
	return portalID, name, true
}
