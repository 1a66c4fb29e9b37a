package sample

// orderScenarios are those of the portal bestellungen. Its team signs as such.
var orderScenarios = []scenario{
	{subject: "Bestellung {order}: {n} × Akku S200", lines: []line{
		{ask, "wir bestellen {n} Akkus für den S200. Bitte an die Warenannahme."},
		{answer, "vielen Dank für Ihre Bestellung. Die Akkus sind auf Lager und gehen morgen raus."},
		{inside, "Letzte {n} Stück, Nachbestellung auslösen."},
		{answer, "die Sendung ist unterwegs, die Sendungsnummer steht oben."},
	}},
	{subject: "Bestellung {order}: {n} Rollen Etiketten 100 × 50", lines: []line{
		{ask, "bitte liefern Sie {n} Rollen Etiketten 100 × 50 mm, matt."},
		{answer, "matt ist erst ab der {week} wieder da, glänzend sofort. Was ist Ihnen lieber?"},
		{ask, "Wir warten auf matt."},
		{answer, "die Rollen sind eingetroffen und heute verschickt worden."},
	}},
	{subject: "Bestellung {order}: S200 mit Ladestation", lines: []line{
		{ask, "wir brauchen {n} S200 mit je einem Ladeplatz. Lieferung bitte nicht vor {day}."},
		{answer, "ist vermerkt, wir liefern am {day} vormittags."},
		{answer, "Ihre Bestellung ist gepackt. Der Lieferschein hängt an."},
		{ask, "Vollständig angekommen."},
	}},
	{subject: "Bestellung {order}: Lieferadresse ändern", lines: []line{
		{ask, "bitte liefern Sie nach {hall}, Tor 5, nicht an die Zentrale."},
		{answer, "die Adresse ist geändert, das Paket war noch nicht unterwegs."},
	}},
	{subject: "Bestellung {order}: ein Paket fehlt", lines: []line{
		{ask, "von drei Paketen sind nur zwei angekommen. Es fehlen die Handschlaufen."},
		{answer, "das dritte Paket liegt laut Paketdienst in der Filiale. Wir haben eine zweite Zustellung beauftragt."},
		{inside, "Wenn es bis Freitag nicht da ist, neu schicken und beim Paketdienst reklamieren."},
		{ask, "Heute kam es, danke."},
	}},
	{subject: "Bestellung {order}: Storno von {n} Ladestationen", lines: []line{
		{ask, "leider verschiebt sich unser Umbau. Können wir die {n} Ladestationen noch stornieren?"},
		{answer, "das geht, sie waren noch nicht gepackt. Die Stornobestätigung hängt an."},
	}},
	{subject: "Bestellung {order}: Farbband passt nicht", lines: []line{
		{ask, "das gelieferte Farbband ist für den alten Drucker und passt nicht in den D50."},
		{answer, "da ist uns ein Fehler unterlaufen. Das richtige ist unterwegs, ein Rücksendeschein liegt bei."},
		{ask, "Ist angekommen und passt."},
	}},
	{subject: "Bestellung {order}: Expresslieferung bis {day}?", lines: []line{
		{ask, "uns sind zwei Geräte ausgefallen. Schaffen Sie eine Lieferung bis {day}?"},
		{answer, "ja, mit Express. Die Mehrkosten betragen 18 Euro, ist das in Ordnung?"},
		{ask, "Ja, bitte."},
		{answer, "ist unterwegs, Zustellung morgen bis 10 Uhr."},
	}},
	{subject: "Bestellung {order}: {n} × Handschlaufe W10", lines: []line{
		{ask, "bitte {n} Handschlaufen für den W10, die Hälfte in L."},
		{answer, "vielen Dank, wird heute gepackt."},
	}},
	{subject: "Bestellung {order}: Sammelbestellung für {week}", lines: []line{
		{ask, "hier unsere Bestellung für die {week}: {n} Akkus, 4 Netzteile, 20 Rollen Etiketten. Bitte in einer Lieferung."},
		{answer, "wir liefern alles zusammen, sobald die Netzteile da sind."},
		{ask, "Wann wird das ungefähr sein?"},
		{answer, "voraussichtlich am {day}."},
		{answer, "die Sendung ist heute gepackt worden."},
	}},
}
