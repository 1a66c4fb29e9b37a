package sample

import (
	"strconv"
	"time"
)

// orders writes the tickets of the portal bestellungen, count of them.
func (w *writer) orders(count int) {
	d := w.order(OrderTicket, time.Time{}, w.contact(OrdersCustomer), "Bestellung NL-26-4417: 12 × Ladestation L1", stagePicking)
	d.Properties[propOrder] = "NL-26-4417"
	d.Properties[propDelivery] = w.now.Add(5 * day).Format(time.DateOnly)
	d.say(d.Created, d.customer(OrdersCustomer), "Guten Tag,\n\nwir bestellen zwölf Ladestationen L1 als Rahmenauftrag, bitte an die Rampe 3.\n\nViele Grüße\nAnna Brandt")
	d.say(d.Created.Add(3*hour), d.staff(OrdersAgent), "Guten Tag Anna Brandt,\n\nvielen Dank. Die ersten sechs gehen diese Woche raus, die übrigen auf Abruf.\n\nViele Grüße\nTeam Versand")
	d.comment(d.Created.Add(4*hour), OrdersAgent, "Rabatt 15 % laut Rahmenvertrag.")
	d.say(w.ago(2*day), d.customer(OrdersCustomer), "Bitte schicken Sie uns jetzt die übrigen sechs.")
	d.say(w.ago(25*minute), d.staff(OrdersAgent), "Guten Tag Anna Brandt,\n\nsie werden heute gepackt. Der Lieferschein hängt an.\n\nViele Grüße\nTeam Versand",
		d.attach("", "lieferschein.pdf", "application/pdf", pdf("Lieferschein NL-26-4417", "6 x Ladestation L1")))
	d.aside(w.ago(20*minute), d.staff(OrdersAgent), "Nachbestellung beim Zulieferer.")
	d.done()

	d = w.order(OrderStrangerTicket, time.Time{}, w.contact(OrdersStranger), "Bestellung NL-26-4502: 2 × W10 Handrücken", stageReceived)
	d.Properties[propOrder] = "NL-26-4502"
	d.say(d.Created, d.customer(OrdersStranger), "Guten Tag,\n\nbitte zwei W10 in Größe M.\n\nMit freundlichen Grüßen\nOliver Grant")
	d.done()

	requesters := w.requesters(count - len(w.tickets))
	for i, requester := range requesters {
		s := pick(w, orderScenarios)
		created := w.created(i, len(requesters))
		fill, _ := w.fillings(s, &inGerman, created)
		d := w.order("", created, requester, fill.Replace(s.subject), stageReceived)
		d.Properties[propOrder] = fill.Replace("{order}")
		d.Properties[propDelivery] = d.Created.Add(w.between(3*day, 20*day)).Format(time.DateOnly)
		d.Properties[propMargin] = InternalMark + " " + strconv.Itoa(8+w.dice.IntN(30)) + " %"
		complete := d.play(s, &inGerman, fill, requester, "")
		idle := w.now.Sub(d.last())
		if len(d.messages) > 1 {
			d.Stage = stagePicking
		}
		if complete {
			d.Stage = stageShipped
			d.Properties[propParcel] = "https://paket.example/sendung/" + requester.ID[20:] + strconv.Itoa(100_000+w.dice.IntN(900_000))
		}
		if complete && idle > 4*day {
			stage := stageDelivered
			if w.chance(12) {
				stage = stageCancelled
			}
			at := w.office(d.last().Add(w.between(hour, 3*day)))
			if at.After(w.now) {
				at = w.ago(hour)
			}
			d.close(at, d.staff(OrdersAgent), stage)
		}
		d.backstage(&inGerman)
		d.done()
	}
}

func (w *writer) order(id string, created time.Time, requester contact, subject, stage string) *draft {
	d := w.draft(id, created, requester, subject)
	d.Pipeline, d.Stage, d.Inbox, d.Owner = pipeOrders, stage, inboxOrders, OrdersAgent
	return d
}
