package main

import (
	"slices"
	"strconv"
	"testing"

	"postern/infra/local/sample"
	"postern/shared/functiontest"
	"postern/shared/portal"
)

func TestProperties(t *testing.T) {
	p := functiontest.New(t)
	before := stored(t, p)
	n := len(before.Properties)
	_, form := afterButton(t, p, "properties", fields(t, p, "properties"), "properties.add")
	at := "properties." + strconv.Itoa(n)
	form.Set(at+".label.de", "Gerätegröße")
	form.Set(at+".label.en", "Size")
	form.Set(at+".type", "select")
	_, form = afterButton(t, p, "properties", form, "refresh")
	_, form = afterButton(t, p, "properties", form, at+".options.add")
	form.Set(at+".options.0.label.de", "Groß")
	_, form = afterButton(t, p, "properties", form, at+".options.add")
	form.Set(at+".options.1.label.de", "Klein")
	form.Set(at+".visible", "on")
	_, form = afterButton(t, p, "properties", form, at+".up")
	if a := send(t, p, "properties", form); a.Status != 303 {
		t.Fatalf("%d: %s", a.Status, functiontest.Text(a.Page(t).Find("form .error, .banner")))
	}
	s := stored(t, p)
	if len(s.Properties) != n+1 || s.Properties[n].Name != before.Properties[n-1].Name {
		t.Fatalf("%+v", s.Properties)
	}
	got := s.Properties[n-1]
	if got.Name != "geraetegroesse" || got.Type != portal.TypeSelect || !got.Visible || len(got.Options) != 2 || got.Options[0].Value != "gross" || got.Options[1].Label["de"] != "Klein" {
		t.Errorf("%+v", got)
	}
	for i, b := range before.Properties[:n-1] {
		if s.Properties[i].Name != b.Name || s.Properties[i].Type != b.Type || len(s.Properties[i].Options) != len(b.Options) || s.Properties[i].Visible != b.Visible {
			t.Errorf("%s has become %+v", b.Name, s.Properties[i])
		}
	}

	// A new name does not change what programs call it, nor its type by a crafted form.
	form = fields(t, p, "properties")
	form.Set("properties."+strconv.Itoa(n-1)+".label.de", "Größe")
	form.Set("properties."+strconv.Itoa(n-1)+".type", "number")
	if a := send(t, p, "properties", form); a.Status != 303 {
		t.Fatal(a.Status)
	}
	if got := stored(t, p).Properties[n-1]; got.Name != "geraetegroesse" || got.Label["de"] != "Größe" || got.Type != portal.TypeSelect {
		t.Errorf("%+v", got)
	}

	// What is used is not archived, and says where it is used; what a form leaves out is
	// not taken away.
	form = fields(t, p, "properties")
	form.Set("properties.0.archived", "on")
	if a := send(t, p, "properties", form); a.Status != 422 || functiontest.Text(a.Page(t).Find(`[id="properties.0.archived-error"]`)) == "" {
		t.Errorf("%d: %s", a.Status, functiontest.Text(a.Page(t).Find("form .error")))
	}
	form = fields(t, p, "properties")
	form["properties.row"] = form["properties.row"][1:]
	if a := send(t, p, "properties", form); a.Status != 422 || len(stored(t, p).Properties) != n+1 {
		t.Errorf("%d, %d properties", a.Status, len(stored(t, p).Properties))
	}
	form = fields(t, p, "properties")
	form.Set("properties."+strconv.Itoa(n-1)+".archived", "on")
	if a := send(t, p, "properties", form); a.Status != 303 || !stored(t, p).Properties[n-1].Archived {
		t.Errorf("%d: %+v", a.Status, stored(t, p).Properties[n-1])
	}
	// In a new order, as the page has it.
	form = fields(t, p, "properties")
	slices.Reverse(form["properties.row"])
	if a := send(t, p, "properties", form); a.Status != 303 || stored(t, p).Properties[0].Name != before.Properties[n-1].Name {
		t.Errorf("%d: %s", a.Status, stored(t, p).Properties[0].Name)
	}
}

func TestPipelines(t *testing.T) {
	p := functiontest.New(t)
	before := stored(t, p)
	_, form := afterButton(t, p, "pipelines", fields(t, p, "pipelines"), "pipelines.0.stages.add")
	at := "pipelines.0.stages." + strconv.Itoa(len(before.Pipelines[0].Stages))
	form.Set(at+".name.de", "Wartet auf Lieferung")
	form.Set(at+".name.en", "Waiting for delivery")
	_, form = afterButton(t, p, "pipelines", form, at+".up")
	_, form = afterButton(t, p, "pipelines", form, "pipelines.add")
	form.Set("pipelines.2.name.de", "Verkauf")
	form.Set("pipelines.2.stages.0.name.de", "Offen")
	form.Set("pipelines.2.stages.1.name.de", "Zu")
	if a := send(t, p, "pipelines", form); a.Status != 303 {
		t.Fatalf("%d: %s", a.Status, functiontest.Text(a.Page(t).Find("form .error, .banner")))
	}
	s := stored(t, p)
	stages := s.Pipelines[0].Stages
	if len(s.Pipelines) != 3 || len(stages) != len(before.Pipelines[0].Stages)+1 || stages[len(stages)-2].Name["de"] != "Wartet auf Lieferung" ||
		stages[len(stages)-2].State != portal.Open || s.Pipelines[2].Stages[1].State != portal.Closed || !portal.ValidID(s.Pipelines[2].ID) {
		t.Errorf("%+v", s.Pipelines)
	}
	for i, st := range before.Pipelines[0].Stages[:len(before.Pipelines[0].Stages)-1] {
		if stages[i].ID != st.ID || stages[i].State != st.State {
			t.Errorf("%s has become %+v", st.ID, stages[i])
		}
	}
	form = fields(t, p, "pipelines")
	for _, row := range form["pipelines.1.stages.row"] {
		form.Set("pipelines.1.stages."+row+".archived", "on")
	}
	if a := send(t, p, "pipelines", form); a.Status != 422 || a.Page(t).Find(".bad").Length() == 0 {
		t.Errorf("%d: %s", a.Status, functiontest.Text(a.Page(t).Find("form")))
	}
}

func TestInboxes(t *testing.T) {
	p := functiontest.New(t)
	n := len(p.Settings.Inboxes)
	_, form := afterButton(t, p, "inboxes", fields(t, p, "inboxes"), "inboxes.add")
	at := "inboxes." + strconv.Itoa(n)
	form.Set(at+".name", "Verkauf")
	form.Set(at+".email", "kein")
	if a := send(t, p, "inboxes", form); a.Status != 422 || functiontest.Text(a.Page(t).Find(`[id="`+at+`.email-error"]`)) == "" || formOf(t, a).Get(at+".name") != "Verkauf" {
		t.Errorf("%d: %s", a.Status, functiontest.Text(a.Page(t).Find("form .error")))
	}
	form.Set(at+".email", "verkauf@nordlicht.example")
	form.Add(at+".members", sample.Agent)
	if a := send(t, p, "inboxes", form); a.Status != 303 {
		t.Fatalf("%d: %s", a.Status, functiontest.Text(a.Page(t).Find("form .error, .banner")))
	}
	got := stored(t, p).Inboxes
	if len(got) != n+1 || got[n].Name != "Verkauf" || !portal.ValidID(got[n].ID) || !slices.Equal(got[n].Members, []string{sample.Agent}) || got[0].ID != p.Settings.Inboxes[0].ID {
		t.Errorf("%+v", got)
	}
}

// Lists are compared with what they were as well: who comes second is shown what the
// first has made of them, and what was comes back whole.
func TestDataOfTwoAdmins(t *testing.T) {
	p := functiontest.New(t)
	mine, theirs := fields(t, p, "inboxes"), fields(t, p, "inboxes")
	theirs.Set("inboxes.0.name", "Theirs")
	if a := send(t, p, "inboxes", theirs); a.Status != 303 {
		t.Fatal(a.Status)
	}
	pipelines := fields(t, p, "pipelines", "_version", "1", "pipelines.0.name.de", "Anfragen")
	if a := send(t, p, "pipelines", pipelines); a.Status != 303 || stored(t, p).Inboxes[0].Name != "Theirs" {
		t.Errorf("%d: %+v", a.Status, stored(t, p).Inboxes)
	}
	mine.Set("inboxes.0.name", "Mine")
	a := send(t, p, "inboxes", mine)
	if a.Status != 409 || stored(t, p).Inboxes[0].Name != "Theirs" || formOf(t, a).Get("inboxes.0.name") != "Mine" {
		t.Fatalf("%d: %+v", a.Status, stored(t, p).Inboxes)
	}
	former := p.Do(t, functiontest.Request{As: "admin", URL: "/{portal}/settings/inboxes?version=1"})
	if got := formOf(t, former); got.Get("inboxes.0.name") != p.Settings.Inboxes[0].Name || len(got["inboxes.row"]) != len(p.Settings.Inboxes) {
		t.Errorf("%v", got)
	}
	// A form of a version that nobody knows any more overwrites nothing either.
	mine.Set("_version", "99")
	if a := send(t, p, "inboxes", mine); a.Status != 409 || stored(t, p).Inboxes[0].Name != "Theirs" {
		t.Errorf("%d: %+v", a.Status, stored(t, p).Inboxes)
	}
}
