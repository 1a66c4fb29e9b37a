package functiontest

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Want is what a fixture is answered with.
type Want struct {
	Before func(t *testing.T, p *Portal) // makes the portal ready; nil where it is
	Status int
	// Header are headers and their values; {portal} stands for the slug, and ""
	// for a header that is not there.
	Header map[string]string
	Lang   string // of a page
	// See are texts by selector: what the selector finds, all of it together,
	// contains the text; "" wants nothing to be found.
	See map[string]string
	// Detail is the problem's, and Fields those at fault.
	Detail string
	Fields []string
	// Check is whatever else there is to say.
	Check func(t *testing.T, p *Portal, a Answer)
}

// Fixtures answers all fixtures of the function. Each must be wanted, and each
// that is wanted must be there. Where alone is set, the function writes: each
// that is not refused gets a portal of its own.
func Fixtures(t *testing.T, alone bool, wants map[string]Want) {
	files, err := filepath.Glob(filepath.Join(Events(), "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range files {
		names = append(names, strings.TrimSuffix(filepath.Base(f), ".json"))
	}
	if wanted := slices.Sorted(maps.Keys(wants)); !slices.Equal(wanted, slices.Sorted(slices.Values(names))) {
		t.Errorf("events/%s holds %q, wanted are %q", function.name, names, wanted)
	}
	shared := New(t)
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			p, want := shared, wants[name]
			if alone && want.Status < 400 {
				t.Parallel()
				p = New(t)
			}
			if want.Before != nil {
				want.Before(t, p)
			}
			p.Fixture(t, name).Is(t, p, want)
		})
	}
}

// Is fails the test where the answer is not what is wanted.
func (a Answer) Is(t *testing.T, p *Portal, w Want) {
	t.Helper()
	if a.Status != w.Status {
		t.Fatalf("%s %s: %d, not %d: %s\n%v", a.Method, a.Path, a.Status, w.Status, a.Body, a.Log["error"])
	}
	for name, want := range w.Header {
		want = strings.ReplaceAll(want, "{portal}", p.Slug)
		if got := a.Header.Get(name); got != want {
			t.Errorf("%s is %q, not %q", name, got, want)
		}
	}
	if w.Lang != "" {
		if got, _ := a.Page(t).Find("html").Attr("lang"); got != w.Lang {
			t.Errorf("the page is in %q, not %q", got, w.Lang)
		}
	}
	for selector, want := range w.See {
		want = strings.ReplaceAll(want, "{portal}", p.Slug)
		found := a.Page(t).Find(selector)
		switch got := Text(found); {
		case want == "" && found.Length() > 0:
			t.Errorf("there is a %s: %q", selector, got)
		case want != "" && !strings.Contains(got, want):
			t.Errorf("%s is %q, not %q", selector, got, want)
		}
	}
	if w.Detail != "" {
		if got := a.Problem(t).Detail; got != w.Detail {
			t.Errorf("the problem is %q, not %q", got, w.Detail)
		}
	}
	if w.Fields != nil {
		if got := a.Problem(t).Fields(); !slices.Equal(got, w.Fields) {
			t.Errorf("at fault are %q, not %q", got, w.Fields)
		}
	}
	if w.Check != nil {
		w.Check(t, p, a)
	}
}
