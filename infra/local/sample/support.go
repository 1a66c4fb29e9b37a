package sample

// support writes the tickets of the portal support, count of them.
func (w *writer) support(count int) {
	w.known()
}

// diary and diaryAnswers are what the long conversations consist of.
var diary = []string{
	"Keine Ausfälle, die Schicht hat nichts gemerkt.",
	"Zwei Geräte mussten zweimal neu starten, danach war Ruhe.",
	"Der Akku hält spürbar länger, sagen die Leute.",
	"Ein Gerät blieb bei 60 % stehen. Nach zehn Minuten ging es von selbst weiter.",
	"Die Tastenbelegung ist noch ungewohnt, die Kurzanleitung hilft.",
	"Das Kühlhaus brauchte länger, dort laden wir die Geräte künftig vorher auf.",
	"Ein Scanner liest beschädigte Etiketten jetzt besser als vorher.",
	"Heute kurz unterbrochen, weil eine Lieferung kam.",
	"Die Nachtschicht fragt, ob der Signalton leiser geht.",
	"Bei einem Gerät war die Uhrzeit falsch, nach der Anmeldung stimmte sie.",
	"Alles nach Plan.",
}

var diaryAnswers = []string{
	"Danke, das passt zu dem, was wir hier sehen.",
	"Gut zu wissen. Wenn ein Gerät hängen bleibt, bitte auf der Ladestation lassen.",
	"Der Neustart ist beim ersten Mal zu erwarten, danach nicht mehr.",
	"Verstanden. Den Signalton stellen Sie unter Einstellungen, Töne leiser.",
	"Sehr schön. Die nächste Zone ist freigegeben.",
	"Wir haben das Gerät in der Übersicht gefunden, es ist jetzt aktuell.",
	"Danke für die Rückmeldung, das nehmen wir in die Anleitung auf.",
}
