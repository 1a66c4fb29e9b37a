package sample

import (
	"fmt"
	"strings"
	"time"

	"postern/shared/portal"
)

// peculiarTickets is how many tickets peculiar writes.
const peculiarTickets = 13

// peculiar writes tickets with content that pages find hard: of the company
// Nordwind, so that its accounts meet them.
func (w *writer) peculiar() {
	odd := func(age time.Duration, requester, subject, text string) *draft {
		d := w.draft("", w.ago(age), w.contact(requester), subject)
		d.Pipeline, d.Stage, d.Inbox, d.Owner = pipeSupport, stageWork, inboxSupport, Agent
		d.say(d.Created, d.customer(requester), text)
		return d
	}
	reply := func(d *draft, after time.Duration, text string) {
		d.say(d.Created.Add(after), d.staff(Agent), text)
		d.done()
	}

	reply(odd(33*day+5*hour, Customer, `<script>alert(1)</script> in Betreff`,
		`Guten Tag,

unser Formular hat heute <script>alert("Hallo")</script> als Artikelname angenommen. Kommt das bei Ihnen als Text an? Auch & und "Anführungszeichen" und <b>fett</b> bitte prüfen.

Anna Brandt`), 3*hour, `Kommt als Text an: <script>alert("Hallo")</script>. Danke fürs Aufpassen.`)

	reply(odd(21*day+2*hour, Customer, "Scanner piept nicht mehr 🔇 nach dem Update 😕",
		"Hallo 👋\n\nseit heute früh ist es still im Lager 🔇. Lautstärke steht auf 10. Könnt ihr helfen? 🙏\n\nAnna 🙂"),
		2*hour, "Hallo,\n\nder Ton hängt jetzt am Profil 👤. Unter Profil, Töne bitte einmal auf „An“ stellen. 👍")

	reply(odd(47*day+3*hour, Colleague, "جهاز المسح لا يقرأ الرموز باللغة العربية (S200)",
		"السلام عليكم،\n\nجهاز S200 رقم NS2-24-118230 لا يقرأ الملصقات العربية القادمة من المورّد في دبي. الملصقات الألمانية تعمل بشكل جيد.\n\nمع التحية"),
		5*hour, "وعليكم السلام،\n\nيرجى تفعيل الترميز UTF-8 في: الإعدادات ← القراءة ← الترميز. (Einstellungen, Lesen, Kodierung)")

	reply(odd(66*day+1*hour, Manager, "תוויות משלוח בעברית מודפסות הפוך",
		"שלום,\n\nהמדפסת D50 מדפיסה את התוויות בעברית משמאל לימין, למשל הכתובת \"רחוב הנמל 12\".\n\nתודה רבה"),
		4*hour, "Die Vorlage kennt jetzt die Schreibrichtung. תודה!")

	reply(odd(12*day+6*hour, Customer, "Nach der Umstellung auf den neuen Kommissionierablauf erscheinen auf allen Handgeräten der Spätschicht in Halle 3, aber nur bei Aufträgen mit mehr als zwanzig Positionen und nur, wenn vorher eine Teillieferung gebucht wurde, die Positionen in umgekehrter Reihenfolge",
		"Guten Tag,\n\nmehr als im Betreff steht, wissen wir auch nicht.\n\nAnna Brandt"), 26*hour, "Der Betreff ist sehr genau, danke. Wir stellen es nach.")

	reply(odd(90*day, Colleague, "Donaudampfschifffahrtsgesellschaftslagerverwaltungsprogrammschnittstellenfehlerprotokolldateiauswertung",
		"Die Datei heißt\n\n"+strings.Repeat("protokoll_2026_halle3_spaetschicht_", 8)+"ende.log\n\nund lässt sich nicht öffnen. Sie liegt unter https://dateien.nordwind.example/"+strings.Repeat("sehr-langer-ordner/", 12)+"protokoll.log"),
		3*hour, "Der Name ist zu lang für das Dateisystem. Bitte kürzen Sie ihn auf 120 Zeichen.")

	reply(odd(140*day, Manager, `=HYPERLINK("https://boese.example";"Rechnung")`,
		"=1+1\n\n+49 421 5550 100\n\n@SUMME(A1:A9)\n\nSo kommen die Felder aus unserem Altsystem. Werden sie beim Export als Formel gelesen?"),
		20*hour, "Nein, der Export stellt solchen Feldern ein Zeichen voran.")

	reply(odd(200*day, Colleague, "Platzhalter {{name}}, ${preis}, %s und 100 % in Vorlagen",
		"In der Etikettenvorlage steht {{name}} und ${preis}, gedruckt wird %s. Bei „100 %“ bricht der Druck ganz ab."),
		30*hour, "Bitte {{ und }} verdoppeln. Das Prozentzeichen haben wir behoben.")

	reply(odd(8*day+4*hour, Customer, "Ablauf der Retouren: unsere Liste zur Abstimmung", `<h3>Ablauf der Retouren</h3>
<p>So möchten wir ab dem <strong>1.</strong> arbeiten, <em>bitte prüfen</em>:</p>
<ol><li>Paket öffnen und <u>Lieferschein</u> scannen</li><li>Zustand wählen:<ul><li>A: wie neu</li><li>B: gebraucht</li><li><s>C: defekt</s> entfällt</li></ul></li><li>Etikett drucken</li></ol>
<blockquote><p>Retouren ohne Lieferschein bitte zur Seite legen.</p><blockquote><p>Gilt das auch für Pixelkiste?</p></blockquote></blockquote>
<p>Die Regel dazu:</p><pre><code>if zustand == "A" && alter &lt; 14 {
	buchen("freier Bestand")
} else {
	buchen("Prüfung")
}</code></pre>
<p>Fragen an <a href="mailto:retouren@nordwind.example">retouren@nordwind.example</a> oder unter <a href="tel:+494215550117">0421 5550117</a>. Die Anleitung steht <a href="https://nordlicht.example/hilfe/retouren?halle=3&amp;seite=2">hier</a>.</p>`),
		22*hour, `<p>Sieht gut aus. Zwei Anmerkungen:</p><ul><li>Schritt 2 geht auch mit <code>F2</code></li><li>Für <em>B</em> fehlt noch ein Lagerplatz</li></ul>`)

	d := odd(15*day+3*hour, Customer, "Fotos vom Wareneingang", "Hallo,\n\nhier die Fotos aller zehn Paletten.\n\nAnna Brandt")
	var photos []portal.Attachment
	for i := range portal.MaxFiles {
		photos = append(photos, d.attach("", fmt.Sprintf("palette-%02d.png", i+1), "image/png", screenshot(i+2)))
	}
	d.say(d.Created.Add(4*minute), d.customer(Customer), "", photos...)
	plan := d.attach("", "Lageplan Wareneingang (Änderung Nr. 3, „endgültig“).png", "image/png", plan())
	d.say(d.Created.Add(3*hour), d.staff(Agent), `<p>Danke. Auf dem Plan sieht man, wo sie hinkommen:</p><p><img src="cid:`+plan.ID+`" alt="Lageplan des Wareneingangs"></p>`, plan)
	d.done()

	// Nobody's, and one whose owner has left.
	d = odd(3*hour+11*minute, Customer, "Rücksendeetikett für zwei Akkus", "Guten Tag,\n\nbitte schicken Sie uns ein Rücksendeetikett für zwei Akkus.\n\nAnna Brandt")
	d.Owner, d.Stage = "", stageNew
	d.comment(d.Created.Add(20*minute), Admin, "Wer übernimmt?")
	d.done()
	d = odd(70*day, Customer, "Rückfrage zum Servicevertrag", "Guten Tag,\n\nläuft unser Servicevertrag automatisch weiter?\n\nAnna Brandt")
	d.Owner = FormerStaff
	d.say(d.Created.Add(5*hour), d.staff(FormerStaff), "Guten Tag,\n\nja, jeweils um ein Jahr.\n\nIhr Nordlicht-Team")
	d.close(d.Created.Add(2*day), d.staff(FormerStaff), stageSolved)
	d.done()

	// Closed by the team, opened again by the customer, and closed for good.
	d = odd(58*day, Customer, "Lieferschein wird doppelt gedruckt", "Guten Tag,\n\njeder Lieferschein kommt zweimal aus dem Drucker.\n\nAnna Brandt")
	d.say(d.Created.Add(hour), d.staff(Agent), "Bitte in der Vorlage unter Anzahl „1“ eintragen.")
	d.close(d.Created.Add(day), d.staff(Agent), stageSolved)
	d.reopen(d.Created.Add(2*day), d.customer(Customer), stageReopened)
	d.say(d.Created.Add(2*day+minute), d.customer(Customer), "Steht auf 1, kommt trotzdem doppelt.")
	d.say(d.Created.Add(3*day), d.staff(Agent), "Dann druckt auch der Packtisch. Wir haben die doppelte Zuordnung entfernt.")
	d.close(d.Created.Add(4*day), d.customer(Customer), stageSolved)
	d.done()
}
