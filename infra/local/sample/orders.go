package sample

// orders writes the tickets of the portal bestellungen, count of them.
func (w *writer) orders(count int) {
	d := w.draft(OrderTicket, w.now, w.contact(OrdersCustomer), "Bestellung NL-26-4417: 12 × Ladestation L1")
	d.Pipeline, d.Stage, d.Inbox, d.Owner = pipeOrders, stagePicking, inboxOrders, OrdersAgent
	d.say(d.Created, d.customer(OrdersCustomer), "Guten Tag,\n\nwir bestellen zwölf Ladestationen L1, bitte an die Rampe 3.\n\nAnna Brandt")
	d.say(w.ago(6*day), d.staff(OrdersAgent), "Guten Tag,\n\nvielen Dank. Die Ware wird gepackt.\n\nTeam Versand")
	d.done()
	d = w.draft(OrderStrangerTicket, w.now, w.contact(OrdersStranger), "Bestellung NL-26-4502: 2 × W10 Handrücken")
	d.Pipeline, d.Stage, d.Inbox, d.Owner = pipeOrders, stageReceived, inboxOrders, OrdersAgent
	d.say(d.Created, d.customer(OrdersStranger), "Guten Tag,\n\nbitte zwei W10 in Größe M.\n\nOliver Grant")
	d.done()
}
