package ui

import (
	"context"
	"strings"

	"github.com/a-h/templ"
)

// CardWords are what a card says first.
type CardWords struct {
	Title string
	Text  string // its lines are paragraphs; may be empty
	// The languages of the two, where they are not the page's.
	TitleLang, TextLang string
}

// SystemPreview is a card as visitors would see it, for who sets the portal up.
type SystemPreview struct {
	Reader Reader // of the bar; the page's own may be another
	Reason string // why nothing can be sent
	Back   string // href that ends the preview
	// Ways to what else can be previewed; one of each is current.
	Pages, Templates, Languages []NavItem
}

// Paragraphs are the lines of a plain text that say something.
func Paragraphs(text string) []string {
	var all []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			all = append(all, line)
		}
	}
	return all
}

func said(lang string) templ.Attributes {
	if lang == "" {
		return nil
	}
	return templ.Attributes{"lang": lang}
}

func cardClass(f Frame) string {
	switch f.Template {
	case "split", "plain":
		return "card-page card-" + f.Template
	}
	return "card-page"
}

type harmlessKey struct{}

// harmless is the context of components that are shown and do nothing: a Form is
// none, and a Button that would send it is disabled with the reason.
func harmless(ctx context.Context, reason string) context.Context {
	return context.WithValue(ctx, harmlessKey{}, reason)
}

// unsent is why forms send nothing here, "" where they do.
func unsent(ctx context.Context) string {
	reason, _ := ctx.Value(harmlessKey{}).(string)
	return reason
}
