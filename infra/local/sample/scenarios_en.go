package sample

var english = []scenario{
	{product: "ns200", subject: "Scanner {serial} reboots when it leaves the cradle", fault: true, lines: []line{
		{ask, "one of our S200 units, {serial}, reboots every time someone lifts it off the cradle. It's fine when it comes out slowly."},
		{answer, "that sounds like a worn battery contact. Could you clean the three gold pins with a dry cloth and try again?"},
		{ask, "Cleaned them, and it has behaved for a whole shift now."},
		{answer, "Great. If it comes back, we'll swap the cradle for you."},
	}},
	{product: "lagerblick", subject: "Stock report shows yesterday's figures", fault: true, lines: []line{
		{ask, "the stock report that goes out at 7 am shows yesterday's figures since {day}. The screen itself is correct."},
		{answer, "thanks for spotting it. Did anyone change the report's time zone recently?"},
		{other, "That was me. I set it to UTC so that it matches the finance system."},
		{answer, "That explains it: the report now runs before the night's bookings are in. I've moved it to 7 am UTC for you."},
		{ask, "Today's report is right. Thank you."},
	}},
	{product: "lagerblick", subject: "Can't add a second delivery address to {article}", lines: []line{
		{ask, "we'd like {article} to ship from two sites, but the form only takes one address. What are we missing?"},
		{answer, "you'll need the Sites module for that. It's included in your plan but not switched on. Shall I do that for you?"},
		{ask, "Yes please."},
		{answer, "Done. You'll find Sites in the menu once you sign in again."},
	}},
	{product: "nd50", subject: "D50 prints the first label blank", fault: true, lines: []line{
		{ask, "after every pause the D50 pushes out one blank label before it prints. It's a waste of about {n} labels an hour."},
		{answer, "please turn off Tear-off under Settings, Media. The printer then no longer feeds ahead."},
		{ask, "That did the trick."},
	}},
	{product: "nw10", subject: "Screen too dim outdoors", lines: []line{
		{ask, "our yard team can hardly read the W10 in sunlight, even at full brightness. Is there an outdoor mode?"},
		{answer, "there is: Settings, Display, Sunlight. It raises contrast and makes the text larger, at the price of about an hour of battery."},
		{ask, "Much better. Can we set that for the yard's devices only?"},
		{answer, "Yes, with a template. I've made one called Yard and assigned your {n} devices to it."},
	}},
	{product: "ns400", subject: "Freezer units lose time sync", fault: true, lines: []line{
		{ask, "the S400 units in the freezer drift by several minutes a week, so picks appear in the wrong order."},
		{inside, "Clock chip drifts below −25 °C, known since the first series."},
		{answer, "the clock drifts in the cold and corrects itself on the network. Do the freezer units have Wi-Fi inside?"},
		{ask, "Not all the way to the back."},
		{answer, "Then I'd suggest syncing on the way out: we can have the device check the time at every dock. I've switched that on."},
		{ask, "A week in, and not a single pick out of order."},
	}},
	{product: "", subject: "Quote for {n} more licences", lines: []line{
		{ask, "we're opening another site and need {n} more licences from next month. Could you send a quote?"},
		{answer, "happy to. The quote is attached and valid for 30 days."},
		{ask, "Thanks, purchasing will be in touch. Can the new ones end on the same date as our current ones?"},
		{answer, "Yes, we'll charge the first year pro rata."},
		{ask, "Order's on its way."},
	}},
	{product: "lagerblick", subject: "API returns 429 during the nightly sync", fault: true, lines: []line{
		{ask, "our nightly sync gets 429 from /v2/items after about a thousand calls. What's the limit?"},
		{answer, "it's 10 requests a second. You can ask for 200 items at once, which brings your thousand calls down to a handful."},
		{other, "We now page with 200 at a time and honour Retry-After. The sync takes forty seconds instead of an hour."},
		{answer, "That's what we like to hear."},
	}},
	{product: "lagerblick", subject: "Please remove a leaver's access", lines: []line{
		{ask, "a colleague left on {day}. Please remove their access to Lagerblick but keep the history."},
		{answer, "done. Their bookings stay under their name, and they can no longer sign in. You can do this yourself under Administration, People, Deactivate."},
		{ask, "Good to know, thanks."},
	}},
	{product: "ns200", subject: "Update to {version} failed on {n} devices", fault: true, lines: []line{
		{ask, "last night's update to {version} failed on {n} of our devices. They show \"Not enough space\"."},
		{answer, "those devices keep old voice recordings. Would you mind if we deleted everything older than a month?"},
		{ask, "Please go ahead."},
		{answer, "They've got room now, and the update is scheduled for tonight."},
		{ask, "All updated."},
	}},
	{product: "nl1", subject: "Charger hums loudly", fault: true, lines: []line{
		{ask, "one of the chargers has started to hum so loudly that people complain. Is that dangerous?"},
		{answer, "it isn't dangerous, but please unplug it anyway: the fan's bearing is worn. I'll send a replacement today."},
		{ask, "The replacement is quiet as a mouse. Do you want the old one back?"},
		{answer, "No need, you can recycle it."},
	}},
	{product: "", subject: "Who do we call at weekends?", lines: []line{
		{ask, "we run seven days a week now. Is there a number for Saturdays and Sundays?"},
		{answer, "with the Plus plan you can call us from 6 am to 10 pm every day. On your current plan it's Monday to Friday."},
		{ask, "What would the change cost for {n} devices?"},
		{inside, "Upsell with the November discount if they sign by the end of the quarter."},
		{answer, "I've attached the two plans side by side."},
	}},
	{product: "lagerblick", subject: "Wrong currency on returns", fault: true, lines: []line{
		{ask, "returns from Ireland show pounds although we ship in euros there. The original orders are right."},
		{answer, "returns take the site's currency, not the order's. That's a mistake on our side, and we'll fix it with {version}."},
		{ask, "Is there anything we can do until then?"},
		{answer, "You can set the currency by hand under Edit, Amounts. It then stays."},
		{answer, "{version} is live for you, and new returns take the order's currency."},
		{ask, "Confirmed."},
	}},
	{product: "lagerblick", subject: "Two people can pick the same order", fault: true, lines: []line{
		{ask, "twice this week two people picked the same order at the same time. Isn't an order locked when somebody starts?"},
		{answer, "it is, unless \"Shared picking\" is on. It was switched on for your site on {day}."},
		{other, "I turned it on by accident while looking for something else. Sorry, everyone."},
		{ask, "Mystery solved. It's off again."},
	}},
	{product: "nd50", subject: "Which ribbon for freezer labels?", lines: []line{
		{ask, "our labels fall off below −20 °C. Which ribbon and label do you recommend?"},
		{answer, "resin ribbon NL-R40 with the freezer label NL-F100. They hold down to −40 °C if they're applied above freezing."},
		{ask, "Ordered. Thanks for the quick answer."},
	}},
	{product: "nw10", subject: "Left-handed mount for W10", lines: []line{
		{ask, "about a third of our pickers are left-handed. Is there a mirrored mount for the W10?"},
		{answer, "yes, NL-W10-L. The screen turns by itself once the mount is attached."},
		{ask, "Wonderful, we'll take {n}."},
		{answer, "They're on their way."},
	}},
	{product: "ns200", subject: "Trigger needs two presses", fault: true, lines: []line{
		{ask, "on {serial} the trigger only works on the second press. Cleaning didn't help."},
		{answer, "the switch has probably reached its end. Shall we repair it, or would you like to swap it under your service plan?"},
		{ask, "A swap, please. We can't spare it."},
		{answer, "A replacement goes out today. Please return the old one in the same box."},
	}},
	{product: "lagerblick", subject: "Security questionnaire for our auditors", lines: []line{
		{ask, "our auditors have sent a questionnaire of {n} pages about our suppliers. Could somebody fill in your part?"},
		{answer, "of course. Most of it is in our security overview, which is attached. I'll fill in the rest by {day}."},
		{answer, "here's the completed questionnaire."},
		{ask, "The auditors are happy. Thank you for the effort."},
	}},
	{product: "lagerblick", subject: "Dashboard is empty in Firefox", fault: true, lines: []line{
		{ask, "the dashboard stays empty in Firefox, while it works in Chrome."},
		{answer, "do you use an extension that blocks content? Ours loads its charts from charts.nordlicht.example."},
		{ask, "That was it. I've allowed the address."},
	}},
	{product: "", subject: "Change of billing address", lines: []line{
		{ask, "we've moved. Please send invoices to our new address from now on: 4 Canal Wharf."},
		{answer, "changed from the next invoice on. Would you like the last one again with the new address?"},
		{ask, "No, that's fine."},
	}},
}

var englishRepairs = []scenario{
	{product: "ns200", subject: "Repair {serial}: cracked window", lines: []line{
		{ask, "the scan window is cracked after a fall. It still reads, but only close up. We're sending it in today."},
		{answer, "it has arrived. We'll replace the window this week."},
		{answer, "the window is replaced and the device is on its way back."},
		{ask, "Back in service, thank you."},
	}},
	{product: "nd50", subject: "Repair D50 {serial}: error E7", lines: []line{
		{ask, "the printer shows E7 and nothing else. We've tried everything in the manual."},
		{answer, "E7 is the power board. Here's the quote for a new one."},
		{ask, "That's nearly the price of a new printer. We'll leave it."},
		{inside, "Offer a refurbished unit."},
		{answer, "We understand. We could offer a refurbished D50 with a year of warranty for half the price."},
	}},
	{product: "nw10", subject: "Repair {serial}: no sound", lines: []line{
		{ask, "the speaker is silent, so the picker misses every warning."},
		{answer, "it's a loose cable, and the repair is covered. You'll have it back by {day}."},
		{ask, "Loud and clear."},
	}},
}
