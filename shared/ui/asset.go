package ui

import (
	"embed"
	"encoding/json"
	"sync"

	"postern/shared/portal"
	"postern/shared/ui/theme"
)

// The manifest alone; the files themselves are in package assets, which only
// the function that serves them links.
//
//go:embed all:assets/manifest
var manifestFiles embed.FS

var manifest = sync.OnceValue(func() map[string]string {
	data, err := manifestFiles.ReadFile("assets/manifest/manifest.json")
	if err != nil {
		panic("shared/ui: the browser files have not been built; run: make assets")
	}
	var names map[string]string
	if err := json.Unmarshal(data, &names); err != nil {
		panic("shared/ui: assets/manifest/manifest.json: " + err.Error() + "; run: make assets")
	}
	return names
})

// Asset is the address of a bundled file by its plain name: Asset("app.css") is
// "/assets/v/app-3K2XQ7VB.css". The address changes with the content, so what
// is there may be cached for ever. It panics where the files were not built or
// there is no such file, as a page without them would be no page.
func Asset(name string) string {
	file, ok := manifest()[name]
	if !ok {
		panic("shared/ui: no browser file " + name + "; run: make assets")
	}
	return "/assets/v/" + file
}

// themeHref is the address of the design's stylesheet.
func themeHref(d theme.Design) string { return "/assets/v/" + theme.Name(d) }

// imageHref is the address of a portal's image, "" where it has none.
func imageHref(portalID, name string) string {
	if name == "" {
		return ""
	}
	return "/assets/v/" + portal.ImageFile(portalID, name)
}
