package sample

import (
	_ "embed"

	"postern/shared/portal"
)

var (
	//go:embed images/logo.svg
	logo []byte
	//go:embed images/logo-dark.svg
	logoDark []byte
	//go:embed images/favicon.svg
	favicon []byte
)

// Logo is the sample company's, for light grounds.
func Logo() portal.Image { return portal.NewImage("svg", logo) }

// LogoDark is the same for dark ones.
func LogoDark() portal.Image { return portal.NewImage("svg", logoDark) }

// Favicon is the mark on browsers' tabs.
func Favicon() portal.Image { return portal.NewImage("svg", favicon) }

// brand gives the settings the company's design.
func brand(s *portal.Settings) {
	s.Accent = "#B4235A"
	s.Logo, s.LogoDark, s.Favicon = Logo().Name, LogoDark().Name, Favicon().Name
	s.Font, s.Radius = portal.FontHumanist, portal.RadiusLarge
	s.HeaderLinks = []portal.MenuLink{{Label: portal.Text{"de": "Zum Shop"}, URL: "https://nordlicht.example/shop"}}
	s.FooterLinks = []portal.MenuLink{
		{Label: portal.Text{"de": "Versand und Rückgabe"}, URL: "https://nordlicht.example/versand"},
		{Label: portal.Text{"de": "AGB"}, URL: "https://nordlicht.example/agb"},
	}
}
