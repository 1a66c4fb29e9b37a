package sample

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"postern/shared/portal"
)

// span is how far back the sample's tickets go.
const span = 730 * day

// support writes the tickets of the portal support, count of them: the known
// ones, the peculiar ones, and everyday ones for the rest.
func (w *writer) support(count int) {
	w.known()
	if count-len(w.tickets) >= peculiarTickets {
		w.peculiar()
	}
	if count >= 100 {
		w.long("", w.ago(160*day), w.named("Birgit").ID, "Delmenhorst", 124)
		w.long("", w.ago(310*day), w.named("Franziska").ID, "Augsburg", 121)
	}
	requesters := w.requesters(count - len(w.tickets))
	for i, requester := range requesters {
		w.everyday(w.created(i, len(requesters)), requester)
	}
}

func (w *writer) named(first string) contact {
	i := slices.IndexFunc(w.contacts, func(c contact) bool { return c.First == first })
	return w.contacts[i]
}

// requesters returns who opens the next n tickets: everyone as often as their
// weight says.
func (w *writer) requesters(n int) []contact {
	total := 0
	for _, c := range w.contacts {
		total += c.weight
	}
	var all []contact
	sum := 0
	for _, c := range w.contacts {
		sum += c.weight
		for len(all) < n*sum/total {
			all = append(all, c)
		}
	}
	w.dice.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

// created returns when the i-th of about n tickets was opened: evenly over the
// time, with a little more of late.
func (w *writer) created(i, n int) time.Time {
	share := (float64(i) + w.dice.Float64()) / float64(n)
	at := w.office(w.ago(time.Duration(float64(span) * share * (0.4 + 0.6*share))))
	if at.After(w.ago(10 * minute)) {
		at = w.ago(w.between(10*minute, 5*hour))
	}
	return at
}

func (w *writer) everyday(created time.Time, requester contact) {
	p := phrasesIn(requester.writes)
	pool, repairs := german, germanRepairs
	if requester.writes == "en" {
		pool, repairs = english, englishRepairs
	}
	repair := w.chance(14)
	if repair {
		pool = repairs
	}
	s := pick(w, pool)
	fill, serial := w.fillings(s, p, created)
	d := w.draft("", created, requester, fill.Replace(s.subject))
	d.place(requester)
	second := d.joined(requester)

	age := d.now.Sub(d.Created)
	d.Pipeline, d.Stage, d.Inbox = pipeSupport, stageNew, inboxSupport
	if repair {
		d.Pipeline, d.Stage, d.Inbox = pipeRepair, stageAnnounced, inboxRepair
	}
	switch {
	case age > 240*day && w.chance(9):
		d.Owner = FormerStaff
	case age < 20*day && w.chance(15) || w.chance(1):
		// nobody's yet
	default:
		d.Owner = pick(w, d.settings.Staff).ID
	}
	d.Priority = pick(w, []string{"", "", "", "", "", "low", "medium", "medium", "high", "urgent"})
	d.fill(s, p, serial, requester, age)

	if w.chance(2) {
		d.Subject = HiddenMark + ": " + d.Subject
		d.Properties[propInternal] = "true"
	}
	complete := d.play(s, p, fill, requester, second)
	d.finish(complete, s.fault, p, requester)
	d.backstage(p)
	d.done()
}

// place decides which companies the ticket is of: mostly the requester's own.
func (d *draft) place(requester contact) {
	if len(requester.Companies) == 0 {
		return
	}
	switch {
	case requester.elsewhere:
		d.Companies = slices.Clone(requester.Companies)
	case d.chance(33):
		d.Companies = append(d.Companies, requester.Companies...)
	case d.chance(33):
		d.Companies = slices.Clone(requester.Companies)
	}
}

// joined adds a colleague to some tickets, and returns who.
func (d *draft) joined(requester contact) string {
	if requester.Company == "" || !d.chance(25) {
		return ""
	}
	var colleagues []string
	for _, c := range d.contacts {
		if c.Company == requester.Company && c.ID != requester.ID && c.ID != Customer {
			colleagues = append(colleagues, c.ID)
		}
	}
	if len(colleagues) == 0 {
		return ""
	}
	second := pick(d.writer, colleagues)
	d.Contacts = append(d.Contacts, second)
	return second
}

// fill sets some of the properties.
func (d *draft) fill(s scenario, p *phrases, serial string, requester contact, age time.Duration) {
	set := func(percent int, name, value string) {
		if value != "" && d.chance(percent) {
			d.Properties[name] = value
		}
	}
	set(100, propProduct, s.product)
	set(85, propSerial, serial)
	set(30, propUsers, strconv.Itoa(1+d.dice.IntN(60)))
	set(18, propWished, d.Created.Add(d.between(3*day, 40*day)).Format(time.DateOnly))
	set(25, propModules, pick(d.writer, []string{"receiving", "picking", "picking;shipping", "stocktaking", "receiving;stocktaking", "shipping"}))
	if d.chance(30) {
		callback := d.chance(60) && requester.phone != ""
		d.Properties[propCallback] = strconv.FormatBool(callback)
		if callback {
			d.Properties[propPhone] = requester.phone
		}
	}
	set(8, propMail, requester.Email)
	set(6, propShop, "https://shop.example/konto?kunde="+requester.ID[16:])
	set(12, propDescription, fmt.Sprintf(p.describe, d.Subject))
	if d.Pipeline == pipeRepair {
		set(50, propPickup, d.office(d.Created.Add(d.between(day, 3*day))).Truncate(15*minute).Format(time.RFC3339))
	}
	if age > 60*day {
		set(40, propCause, InternalMark+" "+pick(d.writer, []string{"Charge 2311", "Bedienung", "Firmware 4.2", "Zulieferteil", "ungeklärt"}))
	}
	if age > 500*day {
		set(20, propLegacy, InternalMark+"-ALT-"+strconv.Itoa(1000+d.dice.IntN(9000)))
	}
}

// finish sets the stage that the conversation has reached, and closes the
// ticket where it is over.
func (d *draft) finish(complete, fault bool, p *phrases, requester contact) {
	repair := d.Pipeline == pipeRepair
	idle := d.now.Sub(d.last())
	answered := slices.ContainsFunc(d.messages, func(m portal.Message) bool { return m.Kind == portal.Reply && m.Author.Team })
	over := d.Owner != "" && answered &&
		(complete && idle > 2*day && d.chance(55) || idle > 12*day && d.chance(60) || idle > 45*day && d.chance(90))
	if !over {
		d.progress(answered, repair)
		return
	}
	closer := d.staff(d.Owner)
	stage := stageSolved
	switch {
	case repair && d.chance(20):
		stage = stageScrapped
	case repair:
		stage = stageRepaired
	case d.chance(30):
		closer = d.customer(requester.ID)
	}
	latest := d.ago(40 * minute)
	soon := func(low, high time.Duration) time.Time {
		at := d.office(d.last().Add(d.between(low, high)))
		if at.After(latest) {
			return latest
		}
		return at
	}
	d.close(soon(10*minute, 2*day), closer, stage)
	if !fault || idle < 30*day || !d.chance(15) {
		return
	}
	// It comes back once.
	d.say(soon(day, 9*day), d.customer(requester.ID), d.fromContact(p, p.back[0], true, requester))
	d.reopen(d.last().Add(120*time.Millisecond), d.customer(requester.ID), stageReopened)
	if d.chance(20) {
		return
	}
	d.say(soon(hour, 2*day), d.staff(d.Owner), d.fromTeam(p, p.back[1], true, d.Owner, requester))
	d.close(soon(day, 4*day), d.staff(d.Owner), stageSolved)
}

// progress sets the stage of an open ticket.
func (d *draft) progress(answered, repair bool) {
	last := d.messages[len(d.messages)-1]
	for _, m := range slices.Backward(d.messages) {
		if portal.Shown(m, d.Ticket) {
			last = m
			break
		}
	}
	switch {
	case !answered:
	case repair && len(d.messages) > 3:
		d.Stage = stageQuoted
	case repair:
		d.Stage = stageArrived
	case last.Author.Team && d.chance(75):
		d.Stage = stageWaiting
	default:
		d.Stage = stageWork
	}
}

// backstage adds what customers never see: comments, notes and a second thread,
// some of them after everything else.
func (d *draft) backstage(p *phrases) {
	owner := d.Owner
	if owner == "" {
		owner = Agent
		if d.settings.OwnerName == portal.OwnerAliased {
			owner = OrdersAgent
		}
	}
	later := func(high time.Duration) time.Time {
		at := d.last().Add(d.between(minute, high))
		if at.After(d.ago(minute)) {
			return d.ago(minute)
		}
		return at
	}
	if d.chance(35) {
		d.comment(later(6*hour), owner, pick(d.writer, p.comments))
	}
	if d.chance(12) {
		d.aside(later(20*hour), d.staff(owner), pick(d.writer, p.asides))
		if d.chance(50) {
			d.aside(later(60*hour), d.customer(d.Contacts[0]), pick(d.writer, p.asides))
		}
	}
	if d.chance(8) {
		d.note(later(40*hour), owner, pick(d.writer, p.comments))
	}
}

// diary is what the long conversations consist of: an entry and its answer.
var diary = [][2]string{
	{"Keine Ausfälle, die Schicht hat nichts gemerkt.", "So soll es sein. Die nächste Zone ist freigegeben."},
	{"Zwei Geräte mussten zweimal neu starten, danach war Ruhe.", "Der zweite Neustart ist beim ersten Mal zu erwarten, danach nicht mehr."},
	{"Der Akku hält spürbar länger, sagen die Leute.", "Das freut uns. Version 4 schaltet den Leser früher ab, das macht etwa eine Stunde aus."},
	{"Ein Gerät blieb bei 60 % stehen. Nach zehn Minuten ging es von selbst weiter.", "Gut zu wissen. Wenn ein Gerät hängen bleibt, bitte auf der Ladestation lassen."},
	{"Die Tastenbelegung ist noch ungewohnt, die Kurzanleitung hilft.", "Auf Wunsch schicken wir Ihnen die Kurzanleitung gedruckt und laminiert."},
	{"Im Kühlhaus dauerte es länger, dort laden wir die Geräte künftig vorher auf.", "Das ist der richtige Weg. Unter −10 °C wartet das Update, bis der Akku halb voll ist."},
	{"Ein Scanner liest beschädigte Etiketten jetzt besser als vorher.", "Das liegt am neuen Leseverfahren. Für die übrigen lässt es sich einschalten."},
	{"Heute kurz unterbrochen, weil eine Lieferung kam.", "Kein Problem, eine Unterbrechung schadet nicht."},
	{"Die Nachtschicht fragt, ob der Signalton leiser geht.", "Ja: Einstellungen, Töne, Lautstärke. Mit einem Zeitplan auch nur für die Nacht."},
	{"Bei einem Gerät war die Uhrzeit falsch, nach der Anmeldung stimmte sie.", "Die Zeit kommt erst mit der Anmeldung, das ist so gewollt."},
	{"Alles nach Plan.", "Danke, das passt zu dem, was wir hier sehen."},
	{"Wir haben die Gelegenheit genutzt und alle Handschlaufen erneuert.", "Gute Idee. Neue Schlaufen bekommen Sie über Ihre Bestellungen."},
	{"Eine Ladestation hat zwei dunkle Plätze, dazu kommt eine eigene Anfrage.", "Danke, dann bleibt es hier übersichtlich."},
	{"Die neuen Listen gefallen, nur die Schrift könnte größer sein.", "Die Schriftgröße lässt sich je Person einstellen: Profil, Anzeige."},
	{"Drei Leute aus der Frühschicht haben geholfen, deshalb ging es so schnell.", "Bitte geben Sie unseren Dank weiter."},
	{"Ein Gerät haben wir nicht gefunden, es steht noch als „alt“ in der Liste.", "Es hat sich zuletzt in der Nähe der Umreifungsmaschine gemeldet."},
	{"Die Zählung am Abend stimmte auf das Stück genau.", "Ausgezeichnet. Wir lesen weiter mit."},
}
