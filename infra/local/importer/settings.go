package importer

import (
	"fmt"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"postern/infra/local/importer/hubspot"
	"postern/shared/dynamo"
	"postern/shared/portal"
)

// targets is what the names in a file of tickets mean in the portal.
type targets struct {
	statuses   map[hubspot.Status]status
	owners     map[string]string // to ids of the staff, "" being nobody
	properties []portal.Property // of the custom columns; zero where one is not imported
	left       []leftOut
}

type status struct {
	pipeline, stage string
	state           portal.State
}

type leftOut struct{ header, why string }

// problems collects what has to be decided by the mapping file.
type problems []string

func (p *problems) add(format string, values ...any) {
	*p = append(*p, fmt.Sprintf(format, values...))
}

func (p problems) err(file string) error {
	if len(p) == 0 {
		return nil
	}
	const most = 20
	lines := slices.Clone(p)
	if len(lines) > most {
		lines = append(lines[:most], fmt.Sprintf("and %d more", len(p)-most))
	}
	return fmt.Errorf("nothing was imported from %s. Decide in a mapping file (-mapping):\n  %s", file, strings.Join(lines, "\n  "))
}

// extend finds what the file names among the settings, and adds what is missing,
// unless it is strict.
func extend(s portal.Settings, file *hubspot.Survey, m hubspot.Mapping, strict bool, now time.Time) (targets, portal.Settings, error) {
	e := extension{s: &s, survey: file, m: m, strict: strict, now: now, t: targets{statuses: map[hubspot.Status]status{}, owners: map[string]string{}}}
	for _, st := range file.Statuses {
		e.status(st)
	}
	for _, name := range file.Owners {
		e.owner(name)
	}
	e.properties()
	return e.t, s, e.wrong.err(file.File.Path)
}

type extension struct {
	s      *portal.Settings
	survey *hubspot.Survey
	m      hubspot.Mapping
	strict bool
	now    time.Time
	t      targets
	wrong  problems
}

func (e *extension) text(name string) portal.Text { return portal.Text{e.s.Language(): name} }

// named tells whether one of the texts, or the id, is the name.
func named(id string, t portal.Text, name string) bool {
	if id == name {
		return true
	}
	for _, s := range t {
		if hubspot.Fold(s) == hubspot.Fold(name) {
			return true
		}
	}
	return false
}

func (e *extension) pipeline(name string) (int, bool) {
	find := func(is func(portal.Pipeline) bool) int { return slices.IndexFunc(e.s.Pipelines, is) }
	if id, ok := e.m.Pipelines[hubspot.Fold(name)]; ok {
		i := find(func(p portal.Pipeline) bool { return p.ID == id })
		if i < 0 {
			e.wrong.add("the pipeline %q is mapped to %q, which the portal does not have", name, id)
		}
		return i, i >= 0
	}
	if name == "" && len(e.s.Pipelines) > 0 {
		return 0, true
	}
	if name == "" {
		name = "Support"
	}
	if i := find(func(p portal.Pipeline) bool { return named(p.ID, p.Name, name) }); i >= 0 {
		return i, true
	}
	if e.strict {
		e.wrong.add("the portal has no pipeline %q: map it under “pipelines”", name)
		return 0, false
	}
	e.s.Pipelines = append(e.s.Pipelines, portal.Pipeline{ID: dynamo.NewID(e.now), Name: e.text(name)})
	return len(e.s.Pipelines) - 1, true
}

func (e *extension) status(st hubspot.Status) {
	i, ok := e.pipeline(st.Pipeline)
	if !ok {
		return
	}
	p := &e.s.Pipelines[i]
	to, mapped := e.m.Stages[hubspot.Fold(st.Pipeline+"/"+st.Stage)]
	if !mapped {
		to, mapped = e.m.Stages[hubspot.Fold(st.Stage)]
	}
	state := portal.Open
	if hubspot.SaysClosed(st.Stage) {
		state = portal.Closed
	}
	if mapped && (to == string(portal.Open) || to == string(portal.Closed)) {
		state, mapped = portal.State(to), false
	}
	j := slices.IndexFunc(p.Stages, func(have portal.Stage) bool {
		if mapped {
			return have.ID == to
		}
		return named(have.ID, have.Name, st.Stage)
	})
	switch {
	case j >= 0:
	case mapped:
		e.wrong.add("the stage %q is mapped to %q, which the pipeline %q does not have", st.Stage, to, p.Name.In())
		return
	case e.strict:
		e.wrong.add("the pipeline %q has no stage %q: map it under “stages”", p.Name.In(), st.Stage)
		return
	default:
		e.keepCloseStage(*p, state)
		p.Stages = append(p.Stages, portal.Stage{ID: dynamo.NewID(e.now), Name: e.text(st.Stage), State: state})
		j = len(p.Stages) - 1
	}
	e.t.statuses[st] = status{p.ID, p.Stages[j].ID, p.Stages[j].State}
}

// keepCloseStage lets closing lead where it has led to, before the pipeline gets
// a second closed stage.
func (e *extension) keepCloseStage(p portal.Pipeline, state portal.State) {
	i := slices.IndexFunc(p.Stages, func(st portal.Stage) bool { return st.State == portal.Closed && !st.Archived })
	if state != portal.Closed || i < 0 || e.s.CloseStage[p.ID] != "" {
		return
	}
	if e.s.CloseStage == nil {
		e.s.CloseStage = map[string]string{}
	}
	e.s.CloseStage[p.ID] = p.Stages[i].ID
}

// Owners as HubSpot writes them: "Jane Doe", "jane@example.com", "Jane Doe
// (jane@example.com)", and "Jane Doe (Deactivated User)" for who has left.
var (
	inBrackets  = regexp.MustCompile(`^(.*?)\s*[(<]\s*([^()<>\s]+@[^()<>\s]+)\s*[)>]$`)
	deactivated = regexp.MustCompile(`(?i)\s*\((deactivated user|deaktivierter benutzer|deactivated|deaktiviert|removed user)\)\s*$`)
)

// owner finds a member of the staff. One whom the portal does not know is added
// without a role: customers see the name that they have always seen, but nobody
// can sign in as them, assign them a ticket or send them a mail. Were they left
// out, the tickets would look as if nobody had ever answered them.
func (e *extension) owner(name string) {
	wanted := name
	to, mapped := e.m.Owners[hubspot.Fold(name)]
	if mapped {
		if to == "" {
			e.t.owners[name] = ""
			return
		}
		wanted = to
	}
	full := strings.TrimSpace(deactivated.ReplaceAllString(wanted, ""))
	address := ""
	if m := inBrackets.FindStringSubmatch(full); m != nil {
		full, address = m[1], m[2]
	} else if a, err := mail.ParseAddress(full); err == nil && a.Address == full {
		full, address = "", full
	}
	var found []portal.Staff
	for _, st := range e.s.Staff {
		if st.ID == wanted || address != "" && strings.EqualFold(st.Email, address) ||
			full != "" && hubspot.Fold(portal.FullName(st.First, st.Last)) == hubspot.Fold(full) {
			found = append(found, st)
		}
	}
	// Who is of the team now comes before who was added without a role.
	if team := slices.DeleteFunc(slices.Clone(found), func(st portal.Staff) bool { return !st.Role.Team() }); len(team) > 0 {
		found = team
	}
	if exact := slices.DeleteFunc(slices.Clone(found), func(st portal.Staff) bool {
		return st.ID != wanted && (address == "" || !strings.EqualFold(st.Email, address))
	}); len(exact) > 0 {
		found = exact
	}
	switch {
	case len(found) == 1:
		e.t.owners[name] = found[0].ID
	case len(found) > 1:
		e.wrong.add("the owner %q may be one of %d members of the staff: map the name to an address or an id under “owners”", name, len(found))
	case mapped:
		e.wrong.add("the owner %q is mapped to %q, who is not of the staff", name, to)
	case e.strict:
		e.wrong.add("there is no member of the staff %q: map the name under “owners”, to \"\" for nobody", name)
	default:
		st := portal.Staff{ID: dynamo.NewID(e.now), Email: strings.ToLower(address)}
		words := strings.Fields(full)
		if n := len(words); n > 1 {
			st.First, st.Last = strings.Join(words[:n-1], " "), words[n-1]
		} else {
			st.First = full
		}
		e.s.Staff = append(e.s.Staff, st)
		e.t.owners[name] = st.ID
	}
}

// listBudget is how many bytes of new properties a ticket's list entry has room
// for within 4 KB, beside its subject and audiences.
const listBudget = 2_200

func (e *extension) properties() {
	columns := e.survey.Columns.Custom
	e.t.properties = make([]portal.Property, len(columns))
	types := e.types()
	for i, c := range columns {
		leave := func(why string) { e.t.left = append(e.t.left, leftOut{c.Header, why}) }
		p, ok := e.property(c)
		switch {
		case ok && p.Archived && c.Property == "":
			leave("the portal has archived the property")
			continue
		case ok && p.Archived:
			e.wrong.add("the column %q is mapped to the property %s, which is archived", c.Header, p.Name)
			continue
		case ok && p.Type == portal.TypeFile:
			leave("it would have to hold files")
			continue
		case ok:
		case types[i] == "":
			leave("it is empty")
			continue
		case e.strict:
			e.wrong.add("there is no property for the column %q: map it under “columns” to property:NAME, or ignore", c.Header)
			continue
		default:
			p = portal.Property{Name: c.Property, Label: e.text(c.Header), Type: types[i]}
			if p.Name == "" {
				p.Name = e.freeName(c.Header)
			}
			if _, standard := (&portal.Settings{}).Property(p.Name); standard {
				e.wrong.add("the column %q is mapped to the property %s, which tickets have anyway: map it to a field", c.Header, p.Name)
				continue
			}
			e.s.Properties = append(e.s.Properties, p)
		}
		if slices.ContainsFunc(e.t.properties[:i], func(other portal.Property) bool { return other.Name == p.Name }) {
			e.wrong.add("the column %q is mapped to the property %s, which another column is already", c.Header, p.Name)
			continue
		}
		e.t.properties[i] = p
	}
}

// property finds the portal's own for the column.
func (e *extension) property(c hubspot.Custom) (portal.Property, bool) {
	i := slices.IndexFunc(e.s.Properties, func(p portal.Property) bool {
		if c.Property != "" {
			return p.Name == c.Property
		}
		return named(p.Name, p.Label, c.Header)
	})
	if i < 0 {
		return portal.Property{}, false
	}
	return e.s.Properties[i], true
}

// types are what new properties for the columns would be. Where all short texts
// together would make list entries too long, the longest become long texts, which
// lists leave out.
func (e *extension) types() []portal.PropertyType {
	types := make([]portal.PropertyType, len(e.survey.Contents))
	sum := 0
	for i, c := range e.survey.Contents {
		types[i] = map[hubspot.Content]portal.PropertyType{
			hubspot.Number: portal.TypeNumber, hubspot.Date: portal.TypeDate, hubspot.DateTime: portal.TypeDateTime,
			hubspot.Text: portal.TypeText, hubspot.LongText: portal.TypeLongText,
		}[c]
		if _, ok := e.property(e.survey.Columns.Custom[i]); !ok && c != hubspot.LongText {
			sum += e.bytes(i)
		}
	}
	for sum > listBudget {
		longest := -1
		for i := range types {
			_, have := e.property(e.survey.Columns.Custom[i])
			if types[i] == portal.TypeText && !have && (longest < 0 || e.bytes(i) > e.bytes(longest)) {
				longest = i
			}
		}
		if longest < 0 {
			break
		}
		types[longest] = portal.TypeLongText
		sum -= e.bytes(longest)
	}
	return types
}

func (e *extension) bytes(i int) int {
	if e.survey.Contents[i] == hubspot.Empty {
		return 0
	}
	return e.survey.Longest[i] + min(len(e.survey.Columns.Custom[i].Header), maxPropertyName)
}

const maxPropertyName = 40

// freeName makes the name of a property of a column's header.
func (e *extension) freeName(header string) string {
	replaced := strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "ß", "ss").Replace(strings.ToLower(header))
	var b strings.Builder
	for _, r := range norm.NFD.String(replaced) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			b.WriteRune(r)
		case unicode.Is(unicode.Mn, r):
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "_"):
			b.WriteByte('_')
		}
	}
	name := b.String()
	name = strings.TrimRight(name[:min(len(name), maxPropertyName)], "_")
	if name == "" || name[0] >= '0' && name[0] <= '9' {
		name = strings.TrimRight("column_"+name, "_")
	}
	free := name
	for n := 2; ; n++ {
		if _, taken := e.s.Property(free); !taken {
			return free
		}
		free = fmt.Sprintf("%s_%d", name, n)
	}
}

// added says what an import has added to the settings.
func added(before, after *portal.Settings) []string {
	var lines []string
	list := func(what string, names []string) {
		if len(names) > 0 {
			lines = append(lines, fmt.Sprintf("New in the portal, %s: %s.", what, strings.Join(names, ", ")))
		}
	}
	var pipelines, stages, staff, properties []string
	for _, p := range after.Pipelines {
		old, known := before.Pipeline(p.ID)
		if !known {
			pipelines = append(pipelines, p.Name.In(after.Languages...))
		}
		for _, st := range p.Stages {
			if _, known := old.Stage(st.ID); !known {
				stages = append(stages, fmt.Sprintf("%s (%s)", st.Name.In(after.Languages...), st.State))
			}
		}
	}
	for _, st := range after.Staff {
		if _, known := before.Member(st.ID); !known {
			staff = append(staff, st.Name())
		}
	}
	for _, p := range after.Properties {
		if _, known := before.Property(p.Name); !known {
			properties = append(properties, fmt.Sprintf("%s (%s)", p.Name, p.Type))
		}
	}
	list("pipelines", pipelines)
	list("stages, with their states", stages)
	list("owners, who can't sign in and are sent no mail", staff)
	list("properties, which customers don't see", properties)
	return lines
}
