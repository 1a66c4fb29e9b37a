package messages

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The portal's own word for tickets is whatever its admin says: no sentence has the
// language's, and none has an article or an ending that would have to agree with it.
func TestSentencesTakeAnyWord(t *testing.T) {
	for lang, tt := range map[string]struct {
		texts  map[string]string
		broken *regexp.Regexp
	}{
		// Articles and what is declined like them before the singular, whose gender nobody
		// knows, and the dative before the plural, which has an ending there: "von Vorgängen".
		"de": {texts(t, de), regexp.MustCompile(`(?i)\b(der|die|das|den|dem|des|\p{L}*ein\p{L}*|dies\p{L}*|jed\p{L}*|ihr\p{L}*|solch\p{L}*|neu\p{L}+) \{ticket\}` +
			`|\b(aus|außer|bei|mit|nach|seit|von|zu|zum|zur|in|an|auf|unter|vor|zwischen|den|Ihren|Ihrer|Ihres|dieser|allen|vielen) \{tickets\}`)},
		// "a" or "an" depends on how the word begins.
		"en": {texts(t, en), regexp.MustCompile(`(?i)\ban? \{tickets?\}`)},
	} {
		literal := regexp.MustCompile(`(?i)\bticket|\{\p{L}*ticket\p{L}*\}\p{L}`)
		for _, key := range slices.Sorted(maps.Keys(tt.texts)) {
			text := tt.texts[key]
			if without := regexp.MustCompile(`\{[Tt]ickets?\}`).ReplaceAllString(text, ""); literal.MatchString(without) {
				t.Errorf("%s in %s has the word itself: %q", key, lang, text)
			}
			if found := tt.broken.FindString(text); found != "" {
				t.Errorf("%s in %s breaks with another word at %q: %q", key, lang, found, text)
			}
			if at := strings.Index(text, "{Ticket"); at > 0 && !regexp.MustCompile(`[.:!?„“(] ?$`).MatchString(text[:at]) {
				t.Errorf("%s in %s has a capital inside a sentence: %q", key, lang, text)
			}
		}
	}
}

func TestWords(t *testing.T) {
	for lang, want := range map[string]Words{"de": {"Ticket", "Tickets"}, "en": {"ticket", "tickets"}} {
		if got := For(lang).Words(); got != want {
			t.Errorf("%s: %+v", lang, got)
		}
		if got := For(lang).Rename(Words{}).Words(); got != want {
			t.Errorf("%s, renamed to nothing: %+v", lang, got)
		}
		own := Words{"äußerung", "äußerungen"}
		if got := For(lang).Rename(own); got.Words() != own || got.T("frame.tickets") != "Äußerungen" {
			t.Errorf("%s: %+v, %q", lang, got.Words(), got.T("frame.tickets"))
		}
	}
}
