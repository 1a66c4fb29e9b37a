package sample

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"postern/shared/portal"
)

// scenario is a conversation without its names, numbers and greetings. Words in
// braces are filled in: see fillings.
type scenario struct {
	subject string
	product string // a product's value, or "" where it is about none
	fault   bool   // it can come back
	lines   []line
}

type line struct {
	from from
	text string
}

// from is who says a line.
type from int

const (
	ask    from = iota // the requester
	answer             // the team
	other              // another contact of the ticket, else the requester
	inside             // the team, internally
)

// phrases are what surrounds the lines in a language.
type phrases struct {
	hello     []string // to the team, before the first line
	helloTeam []string // to a contact, %s is the name
	bye       []string // from a contact, %s is the name
	byeTeam   []string // from the team, %s is the first name
	byeNobody string   // from the team where the name is not to be said
	days      []string
	hall      string
	week      string
	back      [2]string // a problem that returns, and the answer
	comments  []string
	asides    []string
	report    string // name of a PDF
	picture   string // name of a screenshot
	describe  string // long text, %s is the subject
}

var inGerman = phrases{
	hello:     []string{"Guten Tag,", "Hallo zusammen,", "Sehr geehrte Damen und Herren,", "Hallo Nordlicht-Team,"},
	helloTeam: []string{"Guten Tag %s,", "Hallo %s,"},
	bye:       []string{"Viele Grüße\n%s", "Mit freundlichen Grüßen\n%s", "Danke und Gruß\n%s", "Beste Grüße\n%s"},
	byeTeam:   []string{"Viele Grüße\n%s", "Freundliche Grüße\n%s", "Einen schönen Tag wünscht\n%s"},
	byeNobody: "Viele Grüße\nIhr Nordlicht-Team",
	days:      []string{"Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag"},
	hall:      "Halle %d", week: "KW %d",
	back: [2]string{"leider ist es heute wieder aufgetreten, genau wie beim ersten Mal.", "danke für die Rückmeldung. Wir haben noch etwas gefunden und behoben, jetzt sollte es dauerhaft halten."},
	comments: []string{
		"Kunde ist im Vertrag „Plus“, Kulanz ist in Ordnung.", "Hat schon zweimal dazu angerufen, bitte zügig.",
		"Ähnlicher Fall bei einem anderen Kunden, Lösung liegt im Wiki.", "Rücksprache mit der Entwicklung: kommt in der nächsten Version.",
		"Zahlungsverzug, vor Ersatzlieferung Buchhaltung fragen.", "Bitte nicht erwähnen, dass die Charge betroffen ist.",
	},
	asides: []string{
		"Anfrage an den Lieferanten wegen der Ersatzteile.", "Abstimmung mit dem Außendienst zum Termin.", "Weiterleitung an den Hersteller des Moduls.",
	},
	report:   "bericht.pdf",
	picture:  "Bildschirmfoto.png",
	describe: "Beschreibung aus dem Formular: %s.\n\nSeit wann: seit einigen Tagen. Wie oft: mehrmals je Schicht. Schon versucht: Neustart, Reinigung, anderes Gerät.",
}

var inEnglish = phrases{
	hello:     []string{"Hello,", "Hi there,", "Dear team,"},
	helloTeam: []string{"Hi %s,", "Hello %s,"},
	bye:       []string{"Kind regards\n%s", "Best wishes\n%s", "Many thanks\n%s", "Thanks\n%s"},
	byeTeam:   []string{"Kind regards\n%s", "Best wishes\n%s"},
	byeNobody: "Kind regards\nYour Nordlicht team",
	days:      []string{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday"},
	hall:      "hall %d", week: "week %d",
	back: [2]string{"I'm afraid it happened again today, exactly as before.", "thanks for coming back to us. We found one more cause and fixed it, so this time it should last."},
	comments: []string{
		"On the Plus plan, so goodwill is fine.", "Has called twice about this, please hurry.", "Same as another customer's case, see the wiki.",
		"Development says the next version fixes it.", "Payment overdue, ask accounts before shipping anything.", "Don't mention that the whole batch is affected.",
	},
	asides:   []string{"Asking the supplier for spare parts.", "Settling the date with the field team.", "Forwarded to the maker of the module."},
	report:   "report.pdf",
	picture:  "Screenshot.png",
	describe: "From the form: %s.\n\nSince when: a few days. How often: several times a shift. Tried already: restart, cleaning, another device.",
}

func phrasesIn(lang string) *phrases {
	if lang == "en" {
		return &inEnglish
	}
	return &inGerman
}

// fillings returns what the words in braces stand for in one ticket, and the
// serial number among them.
func (w *writer) fillings(s scenario, p *phrases, created time.Time) (fill *strings.Replacer, serial string) {
	year := created.Year() % 100
	for _, product := range products {
		if product.value == s.product && product.serial != "" {
			serial = fmt.Sprintf("%s-%d-%06d", product.serial, year-w.dice.IntN(3), 1000+w.dice.IntN(180_000))
		}
	}
	device := serial
	if device == "" {
		device = fmt.Sprintf("NS2-%d-%06d", year-1, 1000+w.dice.IntN(180_000))
	}
	return strings.NewReplacer(
		"{serial}", device,
		"{n}", strconv.Itoa(3+w.dice.IntN(16)),
		"{hall}", fmt.Sprintf(p.hall, 1+w.dice.IntN(9)),
		"{week}", fmt.Sprintf(p.week, 3+w.dice.IntN(48)),
		"{day}", pick(w, p.days),
		"{version}", fmt.Sprintf("4.%d.%d", w.dice.IntN(4), w.dice.IntN(10)),
		"{article}", fmt.Sprintf("NW-%d", 1000+w.dice.IntN(9000)),
		"{invoice}", fmt.Sprintf("R-%d", 40_000+w.dice.IntN(50_000)),
		"{order}", fmt.Sprintf("NL-%d-%d", year, 1000+w.dice.IntN(9000)),
	), serial
}

func pick[T any](w *writer, from []T) T { return from[w.dice.IntN(len(from))] }

// chance is true in percent of cases.
func (w *writer) chance(percent int) bool { return w.dice.IntN(100) < percent }

// between returns a time span between two.
func (w *writer) between(low, high time.Duration) time.Duration {
	return low + time.Duration(w.dice.Int64N(int64(high-low)))
}

// office returns t, or the next morning that somebody works.
func (w *writer) office(t time.Time) time.Time {
	local := t.In(w.zone)
	open := func(day time.Time) time.Time {
		return time.Date(day.Year(), day.Month(), day.Day(), 7, 20, 0, 0, w.zone)
	}
	if opens := open(local); local.Before(opens) {
		local = opens.Add(w.between(0, 100*minute))
	} else if local.After(opens.Add(10*hour + 30*minute)) {
		local = open(local.AddDate(0, 0, 1)).Add(w.between(0, 100*minute))
	}
	for local.Weekday() == time.Saturday || local.Weekday() == time.Sunday {
		local = local.AddDate(0, 0, 1)
	}
	return local.UTC()
}

// letter puts a greeting and a farewell around a line. In the middle of a
// conversation people leave them out, and do so always before a line that is
// written as a beginning.
func (w *writer) letter(p *phrases, text string, first bool, greeting, farewell, short string) string {
	r, _ := utf8.DecodeRuneInString(text)
	greets := first || unicode.IsLower(r) && w.chance(75)
	if !greets || p == &inEnglish {
		text = capital(text)
	}
	if greets {
		text = greeting + "\n\n" + text
	}
	switch {
	case first || greets && w.chance(70):
		text += "\n\n" + farewell
	case short != "" && w.chance(35):
		text += "\n\n" + short
	}
	return text
}

// fromContact is a letter to the team, and fromTeam one to a contact.
func (d *draft) fromContact(p *phrases, text string, first bool, by contact) string {
	return d.letter(p, text, first, pick(d.writer, p.hello), fmt.Sprintf(pick(d.writer, p.bye), by.Name()), by.First)
}

func (d *draft) fromTeam(p *phrases, text string, first bool, staff string, to contact) string {
	name := to.Name()
	if p == &inEnglish {
		name = to.First
	}
	return d.letter(p, text, first, fmt.Sprintf(pick(d.writer, p.helloTeam), name), d.teamName(staff, p), "")
}

func capital(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[size:]
}

// teamName returns how the team signs towards contacts: as customers see it.
func (d *draft) teamName(id string, p *phrases) string {
	if d.settings.OwnerName == portal.OwnerAliased {
		return fmt.Sprintf(p.byeTeam[0], d.settings.OwnerAlias)
	}
	name := d.settings.Owner(id)
	if name == d.settings.Name {
		return p.byeNobody
	}
	return fmt.Sprintf(pick(d.writer, p.byeTeam), name)
}

// play writes the scenario's lines, from the ticket's creation until they end
// or the present comes. complete is false where the present came first.
func (d *draft) play(s scenario, p *phrases, fill *strings.Replacer, requester contact, second string) (complete bool) {
	at := d.Created
	latest := d.ago(d.between(3*minute, 50*minute))
	answered := false
	for i, l := range s.lines {
		text := fill.Replace(l.text)
		switch {
		case i == 0:
		case l.from == inside:
			at = at.Add(d.between(5*minute, 40*minute))
		case l.from == answer && s.lines[i-1].from == answer:
			at = d.office(at.Add(d.between(2*day, 6*day)))
		case l.from == answer && d.Pipeline == pipeRepair:
			at = d.office(at.Add(d.between(20*hour, 5*day)))
		case l.from == answer:
			at = d.office(at.Add(d.between(15*minute, 9*hour)))
		default:
			at = d.office(at.Add(d.between(25*minute, 3*day)))
		}
		if i > 0 && at.After(latest) {
			return false
		}
		if (l.from == answer || l.from == inside) && d.Owner == "" {
			return false // nobody has taken it up yet
		}
		owner := d.Owner
		if l.from == answer && i > 2 && owner != FormerStaff && d.chance(12) {
			owner = pick(d.writer, d.settings.Staff).ID // somebody stands in
		}
		switch l.from {
		case inside:
			d.comment(at, owner, text)
		case answer:
			if !answered && d.chance(60) {
				d.assign(at.Add(-minute), d.staff(owner))
			}
			d.say(at, d.staff(owner), d.fromTeam(p, text, !answered, owner, requester), d.teamFiles(p, text)...)
			answered = true
		default:
			by := requester
			if l.from == other && second != "" {
				by = d.contact(second)
			}
			var files []portal.Attachment
			if i == 0 || strings.Contains(text, "Hier ist es") {
				files = d.customerFiles(p, i > 0)
			}
			d.say(at, d.customer(by.ID), d.fromContact(p, text, i == 0, by), files...)
		}
	}
	return true
}

// teamFiles returns a document where the text says that there is one.
func (d *draft) teamFiles(p *phrases, text string) []portal.Attachment {
	if !strings.Contains(text, "hängt") && !strings.Contains(text, "attached") {
		return nil
	}
	return []portal.Attachment{d.attach("", p.report, "application/pdf", pdf("Nordlicht", d.ID))}
}

// customerFiles returns what customers send along now and then.
func (d *draft) customerFiles(p *phrases, always bool) []portal.Attachment {
	if !always && !d.chance(9) {
		return nil
	}
	switch d.dice.IntN(4) {
	case 0:
		return []portal.Attachment{d.attach("", "wlan.log", "text/plain", wlanLog(d.Created))}
	case 1:
		return []portal.Attachment{
			d.attach("", "IMG_2041.png", "image/png", label()),
			d.attach("", "IMG_2042.png", "image/png", crack()),
		}
	}
	return []portal.Attachment{d.attach("", p.picture, "image/png", screenshot(1+d.dice.IntN(9)))}
}
