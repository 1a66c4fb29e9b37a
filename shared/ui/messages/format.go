package messages

import (
	"strconv"
	"strings"
	"time"
)

// Moment is a point in time as a page shows it.
type Moment struct {
	Short   string // "today 14:05", "22 Nov 2026"
	Exact   string // "Sunday, 22 November 2026, 14:05:09 CET", for a title
	Machine string // RFC 3339 in UTC, for <time datetime>
}

var (
	monthsDE = [...]string{"Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November", "Dezember"}
	// German short months follow Duden: March, May, June and July stay whole.
	shortDE = [...]string{"Jan.", "Feb.", "März", "Apr.", "Mai", "Juni", "Juli", "Aug.", "Sept.", "Okt.", "Nov.", "Dez."}
	daysDE  = [...]string{"Sonntag", "Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag"}
)

// Time tells when t was, in the reader's language and time zone: with the hour
// today and yesterday, as a date otherwise, the year only where it is not this
// one's. A nil zone is UTC.
func Time(t time.Time, lang string, zone *time.Location, now time.Time) Moment {
	if zone == nil {
		zone = time.UTC
	}
	t, now = t.In(zone), now.In(zone)
	m := Moment{Machine: t.UTC().Format(time.RFC3339)}
	clock := t.Format("15:04")
	if lang == "de" {
		m.Exact = daysDE[t.Weekday()] + ", " + strconv.Itoa(t.Day()) + ". " + monthsDE[t.Month()-1] + t.Format(" 2006, 15:04:05 MST")
	} else {
		m.Exact = t.Format("Monday, 2 January 2006, 15:04:05 MST")
	}
	switch days(t, now) {
	case 0:
		m.Short = pick(lang, "heute ", "today ") + clock
	case 1:
		m.Short = pick(lang, "gestern ", "yesterday ") + clock
	default:
		m.Short = Date(t, lang, now)
	}
	return m
}

// TimeOfDay is Time with the hour in every case, for a conversation, where the
// order within a day matters.
func TimeOfDay(t time.Time, lang string, zone *time.Location, now time.Time) Moment {
	m := Time(t, lang, zone, now)
	if zone == nil {
		zone = time.UTC
	}
	if d := days(t.In(zone), now.In(zone)); d != 0 && d != 1 {
		m.Short += ", " + t.In(zone).Format("15:04")
	}
	return m
}

// Date is t's day in its own time zone: "22 Nov", or "22 Nov 2025" where the
// year is not that of now.
func Date(t time.Time, lang string, now time.Time) string {
	text := t.Format("2 Jan")
	if lang == "de" {
		text = strconv.Itoa(t.Day()) + ". " + shortDE[t.Month()-1]
	}
	if t.Year() != now.Year() {
		text += t.Format(" 2006")
	}
	return text
}

// days counts the midnights between t and now, both in the reader's zone.
func days(t, now time.Time) int {
	a := time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
	b := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, time.UTC)
	return int(b.Sub(a) / (24 * time.Hour))
}

// Size is a number of bytes as a reader counts them, in steps of 1,000:
// "820 B", "12 KB", "1.2 MB".
func Size(bytes int64, lang string) string {
	if bytes < 1000 {
		return strconv.FormatInt(bytes, 10) + " B"
	}
	units := []string{"KB", "MB", "GB", "TB"}
	value, i := float64(bytes)/1000, 0
	for value >= 999.5 && i < len(units)-1 {
		value, i = value/1000, i+1
	}
	digits := 0
	if value < 9.95 && i > 0 {
		digits = 1
	}
	text := strconv.FormatFloat(value, 'f', digits, 64)
	return separators(strings.TrimSuffix(text, ".0"), lang) + " " + units[i]
}

// Number is a number with the language's separators: "12,345.5", "12.345,5".
func Number(value float64, lang string) string {
	return separators(strconv.FormatFloat(value, 'f', -1, 64), lang)
}

func separators(text, lang string) string {
	sign := ""
	if strings.HasPrefix(text, "-") {
		sign, text = "-", text[1:]
	}
	whole, fraction, _ := strings.Cut(text, ".")
	var b strings.Builder
	for i, digit := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteString(pick(lang, ".", ","))
		}
		b.WriteRune(digit)
	}
	if fraction != "" {
		b.WriteString(pick(lang, ",", ".") + fraction)
	}
	return sign + b.String()
}

func pick(lang, de, en string) string {
	if lang == "de" {
		return de
	}
	return en
}
