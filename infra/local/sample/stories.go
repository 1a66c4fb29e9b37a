package sample

import (
	"fmt"
	"strconv"
	"time"
)

const (
	minute = time.Minute
	hour   = time.Hour
	day    = 24 * time.Hour
)

// known writes the tickets of support whose ids are constants.
func (w *writer) known() {
	w.own()
	w.ofColleague()
	w.ofStranger()
	w.hidden()
	w.ofSolo()
	w.closed()
	w.oldClosed()
	w.long(LongTicket, time.Time{}, Customer, "Bremen", 132)
	w.ofManager()
	w.elsewhere()
	w.shared()
	w.repair()
}

func (w *writer) story(id, requester, subject string) *draft {
	return w.begin(id, time.Time{}, requester, subject)
}

func (w *writer) begin(id string, created time.Time, requester, subject string) *draft {
	d := w.draft(id, created, w.contact(requester), subject)
	d.Pipeline, d.Stage, d.Inbox, d.Owner = pipeSupport, stageWork, inboxSupport, Agent
	return d
}

func (w *writer) own() {
	d := w.story(OwnTicket, Customer, "S200 verliert zwischen Halle 2 und 3 das WLAN")
	d.Priority = "high"
	d.Properties = map[string]string{
		propProduct: "ns200", propSerial: "NS2-24-118204", propUsers: "14", propWished: d.Created.AddDate(0, 1, 0).Format(time.DateOnly),
		propModules: "picking;shipping", propCallback: "true", propPhone: "+49 421 5550 117", propMail: "halle3@nordwind.example",
		propShop: "https://shop.nordwind.example/lager?halle=3", propPickup: w.ago(-3 * day).Truncate(hour).Format(time.RFC3339),
		propDescription: "Seit dem Umbau der Verbindungstür brechen die Scanner im Durchgang ab.\n\n" +
			"Betroffen sind alle 14 Geräte der Spätschicht. In den Hallen selbst ist die Verbindung gut.",
		propCause:  InternalMark + " Roaming-Schwelle zu niedrig, Firmware 4.2",
		propLegacy: InternalMark + "-ALT-2207",
	}
	a, b := d.customer(Customer), d.staff(Agent)
	t := d.Created
	plate := d.attach("", "typenschild.png", "image/png", typePlate())
	d.Properties[propTypePlate] = plate.ID
	d.say(t, a, `Guten Tag,

seit dem Umbau der Verbindungstür verlieren unsere S200 im Durchgang zwischen Halle 2 und 3 die Verbindung. Die Kommissionierliste ist dann weg und muss neu geladen werden, das dauert jedes Mal eine gute Minute.

In den Hallen selbst ist alles in Ordnung. Ein Foto des Typenschilds hängt an.

Viele Grüße
Anna Brandt`, plate)
	d.assign(t.Add(41*minute), b)
	d.comment(t.Add(44*minute), Agent, "Nordwind verhandelt gerade den Wartungsvertrag, bitte bevorzugt behandeln.")
	d.say(t.Add(2*hour), b, `<p>Guten Tag Anna Brandt,</p><p>danke für die genaue Beschreibung. Damit wir die Funkabdeckung im Durchgang sehen, brauchen wir das Protokoll eines Geräts:</p>
<ol><li>Halten Sie am S200 die Tasten <strong>F1</strong> und <strong>P2</strong> drei Sekunden gedrückt.</li>
<li>Wählen Sie <em>Diagnose → WLAN → Aufzeichnen</em>.</li><li>Gehen Sie einmal durch die Tür und zurück.</li></ol>
<p>Die Datei <code>wlan.log</code> können Sie einfach hier anhängen. Wie man sie vom Gerät holt, steht in <a href="https://nordlicht.example/hilfe/wlan-protokoll">unserer Anleitung</a>.</p><p>Viele Grüße<br>Jonas</p>`)
	t = t.Add(26 * hour)
	d.say(t, a, `Hallo Jonas,

das Protokoll vom Gerät mit der Endnummer 204 hängt an, dazu eine Aufnahme der Anzeige. Um 14:07 war ich genau in der Tür.

Anna Brandt`,
		d.attach("", "wlan.log", "text/plain", wlanLog(t)),
		d.attach(OwnAttachment, "anzeige-durchgang.png", "image/png", screenshot(1)))
	d.comment(t.Add(3*hour), Agent, "Roaming erst ab −82 dBm, Schwelle steht noch auf Werkseinstellung. Messprotokoll der Zentrale angehängt, nicht weitergeben.",
		d.attach(CommentAttachment, "INTERN-GEHEIM-messprotokoll.png", "image/png", screenshot(2)))
	d.aside(t.Add(4*hour), b, "Anfrage an den Hersteller des Funkmoduls, Vorgang 88-1204.",
		d.attach(SecondAttachment, "ZWEITER-FADEN-anfrage.txt", "text/plain", []byte(SecondMark+"\nAnfrage an den Hersteller\n")))
	d.say(t.Add(22*hour), b, `<p>Hallo Anna Brandt,</p><p>im Protokoll sieht man es gut: Das Gerät bleibt zu lange am Zugangspunkt der Halle 2.</p>
<pre><code>14:07:02 rssi=-81 ap=H2-07 roam=wait
14:07:09 rssi=-88 ap=H2-07 roam=lost
14:07:31 rssi=-52 ap=H3-01 roam=join</code></pre>
<p>Wir geben Ihnen eine Einstellung, die früher wechselt. Bitte erst auf <strong>zwei</strong> Geräten ausprobieren.</p>`)
	d.say(t.Add(70*hour), a, "Auf den zwei Geräten läuft es deutlich besser. Wir verteilen die Einstellung nächste Woche auf alle.")
	// And what brought it back.
	d.say(w.ago(5*day+3*hour), a, `<p>Hallo Jonas,</p><p>leider ist es wieder da. Seit dem Update am Wochenende verlieren die Geräte erneut die Verbindung.</p>
<blockquote><p>Wir geben Ihnen eine Einstellung, die früher wechselt.</p></blockquote><p>Hat das Update die Einstellung überschrieben?</p>`)
	d.say(w.ago(4*day+22*hour), d.customer(Colleague), "Ergänzung aus der Spätschicht: Es betrifft nur die Geräte, die schon auf 4.3 sind. Die drei mit 4.2 laufen.")
	d.say(w.ago(4*day+20*hour), b, "Das ist ein wichtiger Hinweis, danke. Wir stellen das hier mit 4.3 nach und melden uns.")
	d.comment(w.ago(2*day), "01hkm4spm0samp1e0000000016", "Nachgestellt. 4.3 setzt die Schwelle zurück, Korrektur kommt mit 4.3.1.")
	d.say(w.ago(26*hour), a, "Gibt es schon etwas Neues? Die Spätschicht läuft heute wieder mit Papierlisten.")
	picture := d.attach("", "diagnose-4-3-1.png", "image/png", screenshot(3))
	d.say(w.ago(4*minute), b, `<p>Guten Tag Anna Brandt,</p><p>wir haben die Ursache: Version 4.3 setzt die Schwelle auf den Werkswert zurück. Mit <strong>4.3.1</strong> bleibt sie erhalten; Ihre Geräte bekommen sie heute Nacht.</p>
<p>So sieht es danach in der Diagnose aus:</p><p><img src="cid:`+picture.ID+`" alt="Diagnose mit Version 4.3.1: durchgehend guter Empfang"></p><p>Viele Grüße<br>Jonas</p>`, picture)
	d.comment(w.ago(2*minute), Agent, "Gutschrift von 200 € freigegeben, aber noch nicht zugesagt.")
	d.done()
}

func (w *writer) ofColleague() {
	d := w.story(ColleagueTicket, Colleague, "Etikettendrucker D50 zieht zwei Etiketten auf einmal ein")
	d.Owner = "01hkm4spm0samp1e0000000016"
	d.Properties[propProduct], d.Properties[propSerial] = "nd50", "ND5-23-004417"
	a, b := d.customer(Colleague), d.staff(d.Owner)
	d.say(d.Created, a, `Hallo,

der D50 an Packtisch 4 zieht seit gestern oft zwei Etiketten auf einmal ein. Die Rolle ist neu, gereinigt haben wir auch schon.

Tom Fischer`)
	d.comment(d.Created.Add(2*hour), d.Owner, "Bekannte Charge mit weicher Andruckrolle.")
	d.say(d.Created.Add(3*hour), b, "Guten Tag Tom Fischer,\n\nbitte drucken Sie ein Testetikett (Taste ▶ fünf Sekunden halten) und schicken uns ein Foto davon. Dann sehen wir, ob der Abstandssensor richtig steht.\n\nViele Grüße\nLea")
	d.say(w.ago(9*day), a, "Foto hängt an. Entschuldigung, das lag bei mir.", d.attach("", "testetikett.png", "image/png", label()))
	d.say(w.ago(8*day+20*hour), b, "Danke, der Sensor ist es nicht. Wir schicken Ihnen eine neue Andruckrolle, sie ist mit einem Handgriff getauscht.")
	d.done()
}

func (w *writer) ofStranger() {
	d := w.story(StrangerTicket, Stranger, "Handheld W10 drops Bluetooth when the ring scanner sleeps")
	d.Owner, d.Priority = "01hkm4spm0samp1e0000000017", "medium"
	d.Properties[propProduct], d.Properties[propSerial], d.Properties[propUsers] = "nw10", "NW1-25-000731", "6"
	a, b := d.customer(Stranger), d.staff(d.Owner)
	d.say(d.Created, a, "Hello,\n\nwhenever the ring scanner goes to sleep our W10 units lose the Bluetooth pairing, and pickers have to scan the pairing code again. Six people are affected in the Augsburg warehouse.\n\nKind regards\nOliver Grant")
	d.comment(d.Created.Add(hour), d.Owner, "Südstern may move to a competitor in autumn, tread carefully.")
	d.say(d.Created.Add(5*hour), b, "Hi Oliver,\n\nthanks for the details. Which firmware do the ring scanners have? You'll find it under Settings, About, on the last line.\n\nPavel")
	d.say(w.ago(6*day), a, "Sorry for the long silence, we were stocktaking. They are all on 2.8.0.")
	d.aside(w.ago(6*day-hour), b, "Forwarded to the firmware team.")
	d.say(w.ago(5*day+20*hour), b, "2.8.1 fixes exactly this. I've scheduled it for your units on Sunday night, and we'll check together on Monday.")
	d.done()
}

func (w *writer) hidden() {
	d := w.story(HiddenTicket, Customer, HiddenMark+": Rückruf Akkus der Charge 2311")
	d.Owner = Admin
	d.Properties[propInternal], d.Properties[propProduct] = "true", "ns200"
	d.say(d.Created, d.staff(Admin), HiddenMark+": Vorbereitung des Rückrufs, noch nicht mit dem Kunden besprochen.")
	d.say(w.ago(7*hour), d.customer(Customer), HiddenMark+": Eintrag aus dem Telefonat mit Anna Brandt.",
		d.attach("", "VERBORGEN-charge.txt", "text/plain", []byte(HiddenMark+"\n")))
	d.done()
}

func (w *writer) ofSolo() {
	d := w.story(SoloTicket, Solo, "Lagerblick: Rechnung als PDF statt per Post")
	d.Owner, d.Stage = "01hkm4spm0samp1e0000000018", stageWaiting
	d.Properties[propProduct] = "lagerblick"
	a, b := d.customer(Solo), d.staff(d.Owner)
	d.say(d.Created, a, "Guten Tag,\n\nkann ich die Rechnungen für Lagerblick künftig als PDF bekommen? Die Post kommt bei mir oft erst nach der Frist an.\n\nMit freundlichen Grüßen\nSelma Yıldız")
	d.say(d.Created.Add(16*hour), b, "Guten Tag Selma Yıldız,\n\ndas stellen wir gern um. An welche Adresse sollen die Rechnungen gehen? Die vom Mai hängt schon einmal an.\n\nViele Grüße\nIngrid",
		d.attach("", "rechnung-2026-05.pdf", "application/pdf", pdf("Rechnung 2026-05-0117", "Lagerblick, 1 Arbeitsplatz", "39,00 EUR")))
	d.say(w.ago(3*day+2*hour), a, "Bitte an diese hier. Gilt das auch für die älteren Rechnungen?")
	d.say(w.ago(2*day+23*hour), b, "Ja, auf Wunsch. Ab welchem Monat brauchen Sie sie?")
	d.done()
}

func (w *writer) closed() {
	d := w.story(ClosedTicket, Customer, "Neues Gerät lässt sich nicht anmelden: Fehler 41")
	d.Properties[propProduct], d.Properties[propSerial] = "ns400", "NS4-26-000092"
	a, b := d.customer(Customer), d.staff(Agent)
	d.say(d.Created, a, "Hallo,\n\nunser neues S400 zeigt bei der Anmeldung „Fehler 41“. Die anderen drei aus derselben Lieferung gehen.\n\nAnna Brandt")
	d.say(d.Created.Add(90*minute), b, "Guten Tag Anna Brandt,\n\ndie Seriennummer war bei uns noch einem Vorführgerät zugeordnet. Das dauert leider etwas, weil die Zuordnung von Hand geprüft wird.")
	d.comment(w.ago(4*day), Agent, "Zuordnung gelöst, Ursache war unser Lager.")
	d.say(w.ago(3*day), b, "Die Zuordnung ist gelöst. Bitte versuchen Sie es noch einmal.")
	d.say(w.ago(2*day+4*hour), a, "Jetzt klappt es, vielen Dank.")
	d.close(w.ago(2*day), b, stageSolved)
	d.note(w.ago(day), Agent, "Umfrage zur Zufriedenheit nicht schicken.")
	d.done()
}

func (w *writer) oldClosed() {
	d := w.story(OldClosedTicket, Customer, "Inventurliste zeigt Umlaute falsch an")
	d.Properties[propProduct] = "lagerblick"
	a, b := d.customer(Customer), d.staff(Agent)
	d.say(d.Created, a, "Guten Tag,\n\nin der exportierten Inventurliste steht „GrÃ¶ÃŸe“ statt „Größe“. Wir öffnen sie mit Excel.\n\nAnna Brandt",
		d.attach("", "inventur.txt", "text/plain", []byte("Artikel;GrÃ¶ÃŸe;Menge\nNW-1001;XL;12\nNW-1002;M;7\n")))
	d.say(d.Created.Add(3*hour), b, "Guten Tag Anna Brandt,\n\nbitte wählen Sie beim Export „Excel (UTF-8)“. Ab der nächsten Version ist das voreingestellt.\n\nJonas")
	d.say(d.Created.Add(5*hour), a, "Perfekt, danke.")
	d.close(d.Created.Add(5*day), a, stageSolved)
	d.done()
}

func (w *writer) ofManager() {
	d := w.story(ManagerTicket, Manager, "Angebot für 40 weitere S200 zum Herbst")
	d.Owner, d.Priority = Admin, "low"
	a, b := d.customer(Manager), d.staff(Admin)
	d.say(d.Created, a, "Guten Tag,\n\nzum Herbst eröffnen wir in Delmenhorst. Wir brauchen dort 40 S200 mit Ladestationen und hätten gern ein Angebot, einmal gekauft und einmal gemietet.\n\nMit freundlichen Grüßen\nMiriam Vogt")
	d.comment(d.Created.Add(hour), Admin, "Bis 12 % Nachlass ohne Rückfrage.")
	d.say(d.Created.Add(27*hour), b, `<p>Guten Tag Miriam Vogt,</p><p>gern. Beide Angebote hängen an. Kurz verglichen:</p>
<ul><li><strong>Kauf:</strong> einmalig, drei Jahre Garantie</li><li><strong>Miete:</strong> 36 Monate, Austausch am nächsten Werktag enthalten</li></ul><p>Viele Grüße<br>Katrin</p>`,
		d.attach("", "angebot-kauf.pdf", "application/pdf", pdf("Angebot 26-0611-K", "40 x Nordlicht S200", "40 x Ladestation L1")),
		d.attach("", "angebot-miete.pdf", "application/pdf", pdf("Angebot 26-0611-M", "40 x Nordlicht S200, 36 Monate")))
	d.say(w.ago(11*day), a, "Danke. Wir entscheiden Ende des Monats, die Miete sagt uns mehr zu.")
	d.done()
}

func (w *writer) elsewhere() {
	d := w.story(ElsewhereTicket, Customer, "Gemeinsame Testumgebung mit Hafenkante einrichten")
	d.Companies = []string{Hafenkante}
	d.Properties[propProduct] = "lagerblick"
	a, b := d.customer(Customer), d.staff(Agent)
	d.say(d.Created, a, "Guten Tag,\n\nfür das gemeinsame Umschlaglager mit Hafenkante brauchen wir eine Testumgebung von Lagerblick. Hafenkante ist der Auftraggeber, ich begleite es von unserer Seite.\n\nAnna Brandt")
	d.say(d.Created.Add(20*hour), b, "Guten Tag Anna Brandt,\n\ndie Umgebung steht. Die Zugänge gehen an Hafenkante, Sie bekommen Leserechte.")
	d.say(w.ago(17*day), a, "Die Tests laufen gut. Können wir die Umgebung bis zum Jahresende behalten?")
	d.say(w.ago(16*day), b, "Ja, das ist kein Problem.")
	d.done()
}

func (w *writer) shared() {
	d := w.story(SharedTicket, Colleague, "Zugänge für die neue Spätschicht")
	d.Contacts = append(d.Contacts, Customer)
	d.Owner, d.Stage = "", stageNew
	d.say(d.Created, d.customer(Colleague), "Hallo,\n\nab Montag kommen acht Leute in die Spätschicht. Anna Brandt schickt Ihnen die Namen, bitte legen Sie die Zugänge für die S200 an.\n\nTom Fischer")
	d.say(w.ago(30*hour), d.customer(Customer), `<p>Hier die Namen:</p><ul><li>P. Albers</li><li>K. Öztürk</li><li>M. Wójcik</li><li>J. Freese</li></ul><p>Die übrigen vier stehen noch nicht fest.</p>`)
	d.done()
}

func (w *writer) repair() {
	d := w.story(RepairTicket, Customer, "Reparatur: Display gesprungen, NS2-24-118211")
	d.Pipeline, d.Stage, d.Inbox, d.Owner = pipeRepair, stageQuoted, inboxRepair, "01hkm4spm0samp1e0000000015"
	d.Properties[propProduct], d.Properties[propSerial] = "ns200", "NS2-24-118211"
	d.Properties[propCallback] = "false"
	a, b := d.customer(Customer), d.staff(d.Owner)
	d.say(d.Created, a, "Guten Tag,\n\nein S200 ist vom Stapler gefallen, das Display ist gesprungen. Wir schicken es Ihnen heute zu.\n\nAnna Brandt",
		d.attach("", "display.png", "image/png", crack()))
	d.say(d.Created.Add(4*day), b, "Guten Tag Anna Brandt,\n\ndas Gerät ist in der Werkstatt angekommen. Wir melden uns mit einem Kostenvoranschlag.\n\nMehmet")
	d.comment(d.Created.Add(5*day), d.Owner, "Wasserschaden an der Platine, kein Garantiefall. Restwert prüfen.")
	d.say(w.ago(20*day), b, "Guten Tag Anna Brandt,\n\nder Kostenvoranschlag hängt an. Bitte geben Sie uns Bescheid, ob wir reparieren sollen.",
		d.attach("", "kostenvoranschlag.pdf", "application/pdf", pdf("Kostenvoranschlag KV-7713", "Display S200, Einbau", "148,00 EUR")))
	d.done()
}

// long writes the diary of a roll-out, as many messages as asked for.
func (w *writer) long(id string, created time.Time, requester, site string, messages int) {
	d := w.begin(id, created, requester, "Umstellung auf Firmware 4: Tagebuch "+site)
	d.Priority = "medium"
	d.Properties[propProduct], d.Properties[propModules] = "ns200", "receiving;picking;stocktaking;shipping"
	a, b := d.customer(requester), d.staff(Agent)
	d.say(d.Created, a, "Guten Tag,\n\nwir stellen ab heute Zone für Zone auf Firmware 4 um. Damit nichts verloren geht, schreiben wir hier nach jeder Zone auf, was gelaufen ist.\n\n"+d.contact(requester).Name())
	d.say(d.Created.Add(hour), b, "Guten Tag, das ist eine gute Idee. Wir lesen mit und antworten am selben Tag.")
	latest := w.ago(3 * hour)
	step := latest.Sub(d.Created) / time.Duration(messages)
	total := 0
	zones := []string{"A", "B", "C", "D", "E", "F", "Wareneingang", "Versand", "Kühlhaus", "Retouren"}
	for n := 2; n < messages; n++ {
		at := w.office(d.Created.Add(step * time.Duration(n)))
		if !at.After(d.last()) {
			at = d.last().Add(w.between(6*minute, 70*minute))
		}
		if at.After(latest) {
			at = latest // those that are left follow within seconds
		}
		entry := (n - 2) / 2
		zone, devices, failed := zones[entry%len(zones)], 3+(entry*7)%12, (entry*5)%4
		switch {
		case n%2 == 0 && n%18 == 6:
			d.say(at, a, fmt.Sprintf(`<h3>Zwischenstand nach %d Tagen</h3><ul><li>umgestellt: <strong>%d</strong> Geräte</li><li>zurückgestellt: %d</li><li>nächste Zone: %s</li></ul><p>Die Liste dazu hängt im Büro.</p>`,
				entry+1, total, failed, zone))
		case n%2 == 0:
			total += devices
			d.say(at, a, "Tag "+strconv.Itoa(entry+1)+", Zone "+zone+": "+strconv.Itoa(devices)+" Geräte umgestellt. "+diary[entry%len(diary)][0])
		default:
			d.say(at, b, diary[entry%len(diary)][1])
			if n%14 == 3 {
				d.comment(at.Add(minute), Agent, "Zone "+zone+" beobachten, "+strconv.Itoa(failed)+" Ausfälle.")
			}
		}
	}
	d.aside(w.ago(2*hour), b, "Auswertung der Umstellung für den Vertrieb.")
	d.done()
}
