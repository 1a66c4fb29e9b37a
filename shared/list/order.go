package list

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"postern/shared/dynamo"
	"postern/shared/portal"
	"postern/shared/search"
	"postern/shared/web"
)

// Order is what a list is ordered by: a property that the viewer sees.
type Order struct {
	Property string
	Down     bool // the newest, the largest, the last of the alphabet first
}

// Usual is the order of who asks for none.
var Usual = Order{portal.PropLastActivity, true}

// Those that have an index are called otherwise in an address than their properties.
var indexed = map[string]string{portal.PropLastActivity: "last_activity", portal.PropCreated: "created"}

// String is the order as an address says it: "-last_activity".
func (o Order) String() string {
	name := o.Property
	if short, ok := indexed[name]; ok {
		name = short
	}
	if o.Down {
		return "-" + name
	}
	return name
}

func orderOf(text string, s *portal.Settings) (Order, bool) {
	name, down := strings.CutPrefix(text, "-")
	for property, short := range indexed {
		if name == short || name == property {
			return Order{property, down}, true
		}
	}
	_, ok := s.AskedProperty(name)
	return Order{name, down}, ok
}

// Indexed is the store's order, where it has an index for this one.
func (o Order) Indexed() (dynamo.Order, bool) {
	order := dynamo.Order(o.String())
	return order, slices.Contains(dynamo.Orders, order)
}

// Key is a ticket's place in an order, to be kept in place of the ticket.
type Key struct {
	Value string // "" is the last, in either direction
	ID    string
}

// longestKey is how many bytes of a text decide; what is alike so far is ordered by
// creation.
const longestKey = 120

// KeyOf returns what orders tickets as the query asks, with Compare.
func (q Query) KeyOf(r *web.Request) func(portal.Ticket) Key {
	p, _ := r.Settings.AskedProperty(q.Order.Property)
	lang := r.Reader.Lang()
	place := map[string]int{}
	for i, o := range r.Settings.AskChoices(p, lang) {
		value := o.Value
		if p.Name == portal.PropStatus { // which tickets have by what it is called
			value = o.Label[lang]
		}
		place[value] = i
	}
	return func(t portal.Ticket) Key {
		key := Key{ID: t.ID}
		switch p.Name {
		case portal.PropCreated:
			key.Value = t.ID
			return key
		case portal.PropLastActivity:
			key.Value = fmt.Sprintf("%013d#%s", t.Activity.UnixMilli(), t.ID) // as the index has it
			return key
		}
		have := portal.SeenValues(t, p, r.Viewer, r.Settings, lang)
		if len(have) == 0 {
			return key
		}
		first := have[0]
		if i, ok := place[first]; ok && p.Name != portal.PropOwner && p.Type != portal.TypeBoolean {
			key.Value = fmt.Sprintf("%04d", i)
			return key
		}
		switch p.Type {
		case portal.TypeNumber:
			key.Value = numberKey(first)
		case portal.TypeDateTime:
			if at, err := time.Parse(time.RFC3339, first); err == nil {
				key.Value = at.UTC().Format("2006-01-02T15:04:05.000")
			}
		case portal.TypeDate:
			key.Value = first
		default:
			key.Value = search.Fold(first)
		}
		if len(key.Value) > longestKey {
			key.Value = strings.ToValidUTF8(key.Value[:longestKey], "")
		}
		return key
	}
}

// numberKey is a number as a text that orders as numbers do; "" is none.
func numberKey(text string) string {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(n) {
		return ""
	}
	bits := math.Float64bits(n + 0) // -0 is 0
	if n < 0 {
		bits = ^bits
	} else {
		bits |= 1 << 63
	}
	return fmt.Sprintf("%016x", bits)
}

// Compare orders keys as the query asks: those without a value last, those alike by
// creation, the newest first.
func (q Query) Compare(a, b Key) int {
	if (a.Value == "") != (b.Value == "") {
		if a.Value == "" {
			return 1
		}
		return -1
	}
	n := strings.Compare(a.Value, b.Value)
	if q.Order.Down {
		n = -n
	}
	if n != 0 {
		return n
	}
	return strings.Compare(b.ID, a.ID)
}

func zone(r *web.Request) *time.Location {
	if r.Reader.Zone == nil {
		return time.UTC
	}
	return r.Reader.Zone
}
