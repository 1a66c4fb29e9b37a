package search

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"postern/shared/portal"
)

// The places of a ticket where words are found; a custom property's is
// [PropertyPlace].
const (
	Number    = portal.PropNumber
	Subject   = portal.PropSubject
	Requester = portal.PropRequestedBy
	Messages  = "messages" // of the shown thread
)

const propertyPrefix = "p:"

// PropertyPlace is the place of a custom property.
func PropertyPlace(name string) string { return propertyPrefix + name }

// PropertyOf returns the custom property whose place it is.
func PropertyOf(place string) (name string, ok bool) { return strings.CutPrefix(place, propertyPrefix) }

// Shown returns which places customers may see in the portal.
func Shown(s *portal.Settings) func(place string) bool {
	shown := map[string]bool{Number: true, Subject: true, Requester: true, Messages: true}
	for _, p := range s.ShownProperties() {
		shown[PropertyPlace(p.Name)] = true
	}
	return func(place string) bool { return shown[place] }
}

// Document is what a ticket is found by: the tokens of each place, each once, sorted,
// with a space before, between and behind them.
type Document map[string]string

// maxProperties is how many bytes of a document are for all but messages: enough for
// the longest subject and name, and a few hundred words.
const maxProperties = 2000

// DocumentOf returns what the ticket is found by, in at most size bytes, which are more than
// all but messages have at most: number, subject, requester, short properties, long ones, and
// then as much of the replies' texts as there is space for. Of those the first ones win: they are to come
// newest first.
//
// It holds what customers may never see as well, each in its place: which places they see
// is asked when something is looked for, so that it may change without a change of
// documents. What is in no place is not found by anybody: who owns a ticket is shown as
// the settings say at the moment, and the status has a filter.
func DocumentOf(t portal.Ticket, s *portal.Settings, replies iter.Seq[string], size int) Document {
	d := Document{}
	d.fill(Number, strconv.FormatInt(t.Number, 10), maxProperties)
	d.fill(Subject, t.Subject, maxProperties)
	d.fill(Requester, t.Requester, maxProperties)
	properties := slices.Clone(s.Properties)
	slices.SortStableFunc(properties, func(a, b portal.Property) int {
		return cmp.Compare(rank(a), rank(b))
	})
	for _, p := range properties {
		d.fill(PropertyPlace(p.Name), propertyText(t, p, s), maxProperties)
	}
	d.fillAll(Messages, replies, size)
	return d
}

// rank puts the properties that may be long behind the others.
func rank(p portal.Property) int {
	if p.Type == portal.TypeLongText {
		return 1
	}
	return 0
}

// propertyText is all that the property of the ticket is called when it is shown.
func propertyText(t portal.Ticket, p portal.Property, s *portal.Settings) string {
	var texts []string
	for _, v := range portal.Values(t, p) {
		switch p.Type {
		case portal.TypeBoolean, portal.TypeFile:
		case portal.TypeDateTime:
			if at, err := time.Parse(time.RFC3339, v); err == nil {
				texts = append(texts, at.In(s.Location(portal.Person{})).Format(time.DateOnly))
			}
		case portal.TypeSelect, portal.TypeMultiSelect:
			i := slices.IndexFunc(p.Options, func(o portal.Option) bool { return o.Value == v })
			if i < 0 || len(p.Options[i].Label) == 0 {
				texts = append(texts, v)
				break
			}
			label := p.Options[i].Label
			for _, language := range slices.Sorted(maps.Keys(label)) {
				texts = append(texts, label[language])
			}
		default:
			texts = append(texts, v)
		}
	}
	return strings.Join(texts, "\n")
}

// Size is how many bytes the document has in DynamoDB, at most.
func (d Document) Size() int {
	n := 0
	for place, tokens := range d {
		n += placeSize + len(place) + len(tokens)
	}
	return n
}

// placeSize is what a place has beside its name and its tokens.
const placeSize = 4

func (d Document) fill(place, text string, size int) {
	d.fillAll(place, func(yield func(string) bool) { yield(text) }, size)
}

// fillAll puts the texts' tokens into the place until the document has the size.
func (d Document) fillAll(place string, texts iter.Seq[string], size int) {
	left := size - d.Size() - placeSize - len(place) - 1
	set := map[string]bool{}
	full := false
	for text := range texts {
		scan(text, func(w *word) bool {
			token := w.token()
			if set[token] {
				return true
			}
			if left -= len(token) + 1; left < 0 {
				full = true
				return false
			}
			set[token] = true
			return true
		})
		if full {
			break
		}
	}
	if len(set) > 0 {
		d[place] = " " + strings.Join(slices.Sorted(maps.Keys(set)), " ") + " "
	}
}

// Tokens returns what the ticket is looked up by, each once, sorted.
func (d Document) Tokens() []string {
	set := map[string]bool{}
	for _, tokens := range d {
		for token := range strings.FieldsSeq(tokens) {
			if Significant(token) {
				set[token] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(set))
}

// first returns the first of the place's tokens that the word finds.
func (d Document) first(place, query string) (token string, ok bool) {
	tokens := d[place]
	for at := 0; ; {
		i := strings.Index(tokens[at:], " "+query)
		if i < 0 {
			return "", false
		}
		at += i + 1
		token, _, _ = strings.Cut(tokens[at:], " ")
		if matches(query, token) {
			return token, true
		}
	}
}

// First returns the first token, of the places that are shown, that the significant
// word finds and that the ticket can be looked up by. Of all its postings a ticket is
// found by that one alone, and so once.
func (d Document) First(query string, shown func(place string) bool) (token string, ok bool) {
	for place := range d {
		if !shown(place) {
			continue
		}
		if other, found := d.first(place, query); found && (!ok || other < token) {
			token, ok = other, true
		}
	}
	return token, ok
}

// Matches tells whether each of the words finds something in the places that are shown,
// and in which of them any does, sorted. inMessages says that one of the words finds
// something in messages and nowhere else.
func (d Document) Matches(words []string, shown func(place string) bool) (places []string, inMessages, ok bool) {
	for _, query := range words {
		found, elsewhere := false, false
		for place := range d {
			if !shown(place) {
				continue
			}
			if _, here := d.first(place, query); here {
				found = true
				elsewhere = elsewhere || place != Messages
				if !slices.Contains(places, place) {
					places = append(places, place)
				}
			}
		}
		if !found {
			return nil, false, false
		}
		inMessages = inMessages || !elsewhere
	}
	slices.Sort(places)
	return places, inMessages, true
}
