package view

import (
	"slices"
	"strings"

	"postern/shared/ui"
	"postern/shared/web"
)

// zoneNames are the time zones to choose from: the zones of the IANA database
// that people live in, one for each offset and rule that differs by region.
var zoneNames = []string{
	"Africa/Cairo", "Africa/Casablanca", "Africa/Johannesburg", "Africa/Lagos", "Africa/Nairobi",
	"America/Anchorage", "America/Argentina/Buenos_Aires", "America/Bogota", "America/Caracas", "America/Chicago",
	"America/Denver", "America/Halifax", "America/Lima", "America/Los_Angeles", "America/Mexico_City",
	"America/New_York", "America/Phoenix", "America/Santiago", "America/Sao_Paulo", "America/St_Johns", "America/Toronto",
	"America/Vancouver", "Asia/Almaty", "Asia/Baghdad", "Asia/Bangkok", "Asia/Colombo", "Asia/Dhaka", "Asia/Dubai",
	"Asia/Ho_Chi_Minh", "Asia/Hong_Kong", "Asia/Jakarta", "Asia/Jerusalem", "Asia/Kabul", "Asia/Karachi", "Asia/Kathmandu",
	"Asia/Kolkata", "Asia/Manila", "Asia/Riyadh", "Asia/Seoul", "Asia/Shanghai", "Asia/Singapore", "Asia/Taipei",
	"Asia/Tashkent", "Asia/Tbilisi", "Asia/Tehran", "Asia/Tokyo", "Asia/Yangon", "Asia/Yerevan",
	"Atlantic/Azores", "Atlantic/Canary", "Atlantic/Reykjavik", "Australia/Adelaide", "Australia/Brisbane",
	"Australia/Darwin", "Australia/Melbourne", "Australia/Perth", "Australia/Sydney",
	"Europe/Amsterdam", "Europe/Athens", "Europe/Belgrade", "Europe/Berlin", "Europe/Brussels", "Europe/Bucharest",
	"Europe/Budapest", "Europe/Copenhagen", "Europe/Dublin", "Europe/Helsinki", "Europe/Istanbul", "Europe/Kyiv",
	"Europe/Lisbon", "Europe/London", "Europe/Luxembourg", "Europe/Madrid", "Europe/Oslo", "Europe/Paris", "Europe/Prague",
	"Europe/Riga", "Europe/Rome", "Europe/Sofia", "Europe/Stockholm", "Europe/Tallinn", "Europe/Vienna", "Europe/Vilnius",
	"Europe/Warsaw", "Europe/Zagreb", "Europe/Zurich", "Pacific/Auckland", "Pacific/Honolulu", "UTC",
}

// Zones are the time zones to choose from, and the current one where it is another.
func Zones(current string) []ui.Option {
	names := zoneNames
	if current != "" && !slices.Contains(names, current) {
		names = append(slices.Clone(names), current)
		slices.Sort(names)
	}
	options := make([]ui.Option, len(names))
	for i, n := range names {
		options[i] = ui.Option{Value: n, Label: readable(n)}
	}
	return options
}

// PersonalZones are those that a person chooses from: first the portal's own.
func PersonalZones(r *web.Request, current string) []ui.Option {
	portals := ui.Option{Label: r.Reader.T("account.timeZone.portal", "zone", readable(r.Settings.TimeZone))}
	return append([]ui.Option{portals}, Zones(current)...)
}

func readable(zone string) string { return strings.ReplaceAll(zone, "_", " ") }
