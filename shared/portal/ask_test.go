package portal

import (
	"strings"
	"testing"
	"time"
)

func TestPeriods(t *testing.T) {
	at := time.Date(2028, 3, 1, 0, 30, 0, 0, time.UTC) // the day after a leap day
	for p, want := range map[Period]string{
		Today: "2028-03-01 2028-03-01", Yesterday: "2028-02-29 2028-02-29", Last7Days: "2028-02-24 2028-03-01",
		Last30Days: "2028-02-01 2028-03-01", Last90Days: "2027-12-03 2028-03-01", ThisMonth: "2028-03-01 2028-03-01",
		LastMonth: "2028-02-01 2028-02-29", ThisYear: "2028-01-01 2028-03-01", LastYear: "2027-01-01 2027-12-31", "ever": " ",
	} {
		if first, last := p.Days(at); first+" "+last != want {
			t.Errorf("%s is %s %s, not %s", p, first, last, want)
		}
	}
	for _, p := range Periods {
		if first, last := p.Days(at); first == "" || first > last {
			t.Errorf("%s is %q to %q", p, first, last)
		}
	}
}

// asking is a portal with something of every type.
func asking(change ...func(*Settings)) *Settings {
	s := settings(func(s *Settings) {
		s.CustomStages = true
		s.Staff = append(s.Staff,
			Staff{ID: "anton00001", First: "Anna", Last: "Anton", Role: Agent}, Staff{ID: "bert000001", First: "Bert", Last: "Beck", Role: Agent})
		s.Pipelines = append(s.Pipelines, Pipeline{ID: "repair", Stages: []Stage{
			{ID: "arrived", Name: Text{"en": "New", "de": "Eingetroffen"}, State: Open},   // called as another's first stage
			{ID: "new", Name: Text{"en": "On the bench", "de": "In Arbeit"}, State: Open}, // another's id
		}})
		s.Properties = []Property{
			{Name: "product", Type: TypeText, Visible: true}, {Name: "secret", Type: TypeText},
			{Name: "old", Type: TypeText, Visible: true, Archived: true}, {Name: "story", Type: TypeLongText, Visible: true},
			{Name: "scan", Type: TypeFile, Visible: true}, {Name: "amount", Type: TypeNumber, Visible: true},
			{Name: "due", Type: TypeDate, Visible: true}, {Name: "callback", Type: TypeBoolean, Visible: true},
			{Name: "parts", Type: TypeMultiSelect, Visible: true, Options: []Option{{Value: "leg"}, {Value: "back"}}},
		}
	})
	for _, c := range change {
		c(s)
	}
	return s
}

func TestAskedProperties(t *testing.T) {
	names := func(s *Settings) string {
		var all []string
		for _, p := range s.AskedProperties() {
			all = append(all, p.Name)
		}
		return strings.Join(all, " ")
	}
	if got, want := names(asking()), "number subject requested_by owner created_at last_activity_at status priority product amount due callback parts"; got != want {
		t.Errorf("%s, not %s", got, want)
	}
	if got := names(asking(func(s *Settings) { s.CustomStages = false })); strings.Contains(got, "status") {
		t.Errorf("where there are no stages: %s", got)
	}
	if p, ok := asking().AskedProperty(PropPriority); !ok || len(p.Options) != 4 {
		t.Errorf("priority %+v", p)
	}
}

func TestAskCheck(t *testing.T) {
	many := make([]string, MaxAskValues+1)
	for i := range many {
		many[i] = "high"
	}
	for name, tt := range map[string]struct {
		ask       Ask
		part, key string
	}{
		"hidden":            {Ask{Property: "secret", Op: OpContains, Values: []string{"x"}}, "", "list.error.filterProperty"},
		"archived":          {Ask{Property: "old", Op: OpContains, Values: []string{"x"}}, "", "list.error.filterProperty"},
		"unknown":           {Ask{Property: "nothing", Op: OpSet}, "", "list.error.filterProperty"},
		"the team's":        {Ask{Property: PropInbox, Op: OpSet}, "", "list.error.filterProperty"},
		"long text":         {Ask{Property: "story", Op: OpContains, Values: []string{"x"}}, "", "list.error.filterProperty"},
		"no operator":       {Ask{Property: "product", Values: []string{"x"}}, "op", "list.error.filterOp"},
		"another type's":    {Ask{Property: "product", Op: OpBetween, From: "1"}, "op", "list.error.filterOp"},
		"a list's":          {Ask{Property: "callback", Op: OpContains, Values: []string{"t"}}, "op", "list.error.filterOp"},
		"a text":            {Ask{Property: "product", Op: OpContains, Values: []string{"x"}}, "", ""},
		"two texts":         {Ask{Property: "product", Op: OpContains, Values: []string{"x", "y"}}, "", "list.error.filterText"},
		"long":              {Ask{Property: "product", Op: OpIs, Values: []string{strings.Repeat("ü", 201)}}, "", "list.error.filterText"},
		"as long as may be": {Ask{Property: "product", Op: OpIs, Values: []string{strings.Repeat("ü", 200)}}, "", ""},
		"nothing":           {Ask{Property: "product", Op: OpContains}, "", "list.error.filterNothing"},
		"set":               {Ask{Property: "product", Op: OpSet}, "", ""},
		"choices":           {Ask{Property: PropPriority, Op: OpAnyOf, Values: []string{"high", "low"}}, "", ""},
		"no choice":         {Ask{Property: PropPriority, Op: OpAnyOf, Values: []string{"high", "highest"}}, "", "list.error.filterValue"},
		"too many":          {Ask{Property: PropPriority, Op: OpAnyOf, Values: many}, "", "list.error.filterMany"},
		"an owner":          {Ask{Property: PropOwner, Op: OpIsNot, Values: []string{"Bert"}}, "", ""},
		"an owner's id":     {Ask{Property: PropOwner, Op: OpAnyOf, Values: []string{anna}}, "", "list.error.filterValue"},
		"a stage":           {Ask{Property: PropStatus, Op: OpAnyOf, Values: []string{"done"}}, "", ""},
		"another's stage":   {Ask{Property: PropStatus, Op: OpAnyOf, Values: []string{"repair.new"}}, "", ""},
		"no stage":          {Ask{Property: PropStatus, Op: OpAnyOf, Values: []string{"repair.done"}}, "", "list.error.filterValue"},
		"a yes":             {Ask{Property: "callback", Op: OpAnyOf, Values: []string{"true"}}, "", ""},
		"numbers":           {Ask{Property: "amount", Op: OpBetween, From: "-1.5", To: "2e3"}, "", ""},
		"one end":           {Ask{Property: "amount", Op: OpBetween, To: "2"}, "", ""},
		"hexadecimal":       {Ask{Property: "amount", Op: OpBetween, From: "0x10"}, "from", "list.error.filterNumber"},
		"no number":         {Ask{Property: "amount", Op: OpBetween, From: "1", To: "two"}, "to", "list.error.filterNumber"},
		"backwards":         {Ask{Property: "amount", Op: OpBetween, From: "10", To: "9"}, "to", "list.error.filterRange"},
		"days":              {Ask{Property: PropCreated, Op: OpBetween, From: "2026-01-01", To: "2026-01-01"}, "", ""},
		"no day":            {Ask{Property: PropCreated, Op: OpBetween, From: "2026-02-30"}, "from", "list.error.filterDate"},
		"a moment":          {Ask{Property: PropCreated, Op: OpBetween, To: "2026-02-03T04:05:06Z"}, "to", "list.error.filterDate"},
		"days backwards":    {Ask{Property: PropCreated, Op: OpBetween, From: "2026-02-02", To: "2026-02-01"}, "to", "list.error.filterRange"},
		"dates backwards":   {Ask{Property: "due", Op: OpBetween, From: "2026-02-02", To: "2026-02-01"}, "to", "list.error.filterRange"},
		"no end":            {Ask{Property: "due", Op: OpBetween}, "from", "list.error.filterNothing"},
		"a period":          {Ask{Property: "due", Op: OpBetween, In: LastMonth}, "", ""},
		"no period":         {Ask{Property: "due", Op: OpBetween, In: "ever"}, "in", "list.error.filterPeriod"},
		"period of numbers": {Ask{Property: "amount", Op: OpBetween, In: Today}, "in", "list.error.filterPeriod"},
		"period and range":  {Ask{Property: "due", Op: OpBetween, In: Today, From: "2026-01-01"}, "in", "list.error.filterPeriod"},
	} {
		t.Run(name, func(t *testing.T) {
			s := asking()
			part, key, _ := tt.ask.Check(s, "en")
			if part != tt.part || key != tt.key {
				t.Errorf("%q %q, not %q %q", part, key, tt.part, tt.key)
			}
			if key != "" && Asked([]Ask{tt.ask}, viewer(), s, "en", now)(ticket()) {
				t.Error("it is refused, and matches")
			}
		})
	}
}

func TestAsked(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	of := func(property string, op Op, values ...string) Ask {
		return Ask{Property: property, Op: op, Values: values}
	}
	between := func(property, from, to string) Ask {
		return Ask{Property: property, Op: OpBetween, From: from, To: to}
	}
	has := func(pairs ...string) func(*Ticket) {
		return func(t *Ticket) {
			for i := 0; i < len(pairs); i += 2 {
				t.Properties[pairs[i]] = pairs[i+1]
			}
		}
	}
	owner := func(id string) func(*Ticket) { return func(t *Ticket) { t.Owner = id } }
	stage := func(pipeline, stage string) func(*Ticket) {
		return func(t *Ticket) { t.Pipeline, t.Stage = pipeline, stage }
	}
	created := func(at time.Time) func(*Ticket) { return func(t *Ticket) { t.Created = at } }
	midnight := time.Date(2026, 3, 14, 0, 0, 0, 0, berlin)
	for name, tt := range map[string]struct {
		ask    Ask
		ticket func(*Ticket)
		want   bool
	}{
		"contains, whatever the case":  {of("product", OpContains, "CHA"), nil, true},
		"contains not":                 {of("product", OpContains, "table"), nil, false},
		"none of":                      {of(PropPriority, OpIsNot, "low", "medium"), func(t *Ticket) { t.Priority = "high" }, true},
		"one of none of":               {of(PropPriority, OpIsNot, "low", "medium"), func(t *Ticket) { t.Priority = "medium" }, false},
		"none of, where there is none": {of(PropPriority, OpIsNot, "low", "medium"), nil, true},
		"any of":                       {of("parts", OpAnyOf, "leg"), has("parts", "back;leg"), true},
		"empty":                        {of("parts", OpEmpty), nil, true},
		"set":                          {of("parts", OpSet), nil, false},
		"a number":                     {between(PropNumber, "1001", "1001"), nil, true},
		"up to":                        {between("amount", "", "9.5"), has("amount", "9.50"), true},
		"above":                        {between("amount", "10", ""), has("amount", "9.5"), false},
		"a range of what is not set":   {between("amount", "", "10"), nil, false},
		"a day":                        {between("due", "2026-05-01", "2026-05-31"), has("due", "2026-05-31"), true},
		"the day before":               {between("due", "2026-05-01", "2026-05-31"), has("due", "2026-04-30"), false},
		"the reader's day":             {between(PropCreated, "2026-03-14", "2026-03-14"), created(midnight), true},
		"its last moment":              {between(PropCreated, "2026-03-14", "2026-03-14"), created(midnight.AddDate(0, 0, 1).Add(-time.Second)), true},
		"before the reader's day":      {between(PropCreated, "2026-03-14", "2026-03-14"), created(midnight.Add(-time.Second)), false},
		"behind it":                    {between(PropCreated, "2026-03-14", "2026-03-14"), created(midnight.AddDate(0, 0, 1)), false},
		"to the end of time":           {between(PropCreated, "2026-03-14", "9999-12-31"), created(midnight), true},
		"today":                        {Ask{Property: PropCreated, Op: OpBetween, In: Today}, created(midnight), true},
		"not yesterday":                {Ask{Property: PropCreated, Op: OpBetween, In: Yesterday}, created(midnight), false},
		"who is shown as the owner":    {of(PropOwner, OpAnyOf, "Bert"), owner("bert000001"), true},
		"who is shown alike":           {of(PropOwner, OpAnyOf, "Anna"), owner("anton00001"), true},
		"nobody":                       {of(PropOwner, OpEmpty), owner(""), true},
		"a stage":                      {of(PropStatus, OpAnyOf, "waiting"), stage("sales", "waiting"), true},
		"a stage that is called alike": {of(PropStatus, OpAnyOf, "new"), stage("repair", "arrived"), true},
		"the id of another's":          {of(PropStatus, OpAnyOf, "new"), stage("repair", "new"), false},
		"another's stage by its id":    {of(PropStatus, OpAnyOf, "repair.new"), stage("repair", "new"), true},
		"not that stage":               {of(PropStatus, OpIsNot, "repair.new"), stage("sales", "new"), true},
		"by one's own name as it is":   {of(PropRequestedBy, OpContains, "clara"), func(t *Ticket) { t.Requester = "C. Maiden" }, true},
		"not by what it was":           {of(PropRequestedBy, OpContains, "maiden"), func(t *Ticket) { t.Requester = "C. Maiden" }, false},
		"another's name as it was":     {of(PropRequestedBy, OpContains, "colin"), func(t *Ticket) { t.Contacts, t.Requester = []string{colin}, "Colin Close" }, true},
		"a value that is not escaped":  {of("product", OpContains, ".*"), nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			one := ticket()
			if tt.ticket != nil {
				tt.ticket(&one)
			}
			if got := Asked([]Ask{tt.ask}, viewer(), asking(), "en", now.In(berlin))(one); got != tt.want {
				t.Errorf("%v", got)
			}
		})
	}
	if both := Asked([]Ask{of("product", OpContains, "chair"), of(PropPriority, OpSet)}, viewer(), asking(), "en", now); both(ticket()) {
		t.Error("one of two asks is enough")
	}
}

// What the portal does not tell apart, filters do not either.
func TestAskedTellsNobodyApart(t *testing.T) {
	s := asking(func(s *Settings) { s.OwnerName, s.OwnerAlias = OwnerAliased, "Support" })
	owners, _ := s.AskedProperty(PropOwner)
	if choices := s.AskChoices(owners, "en"); len(choices) != 1 || choices[0].Value != "Support" {
		t.Errorf("%+v", choices)
	}
	asked := Asked([]Ask{{Property: PropOwner, Op: OpAnyOf, Values: []string{"Support"}}}, viewer(), s, "en", now)
	for _, id := range []string{anna, "bert000001", "gone000001"} {
		if !asked(ticket(func(t *Ticket) { t.Owner = id })) {
			t.Errorf("%s is told apart", id)
		}
	}
	stages, _ := s.AskedProperty(PropStatus)
	for lang, want := range map[string]string{"en": "new waiting done repair.new", "de": "new waiting done arrived repair.new"} {
		var got []string
		for _, o := range s.AskChoices(stages, lang) {
			got = append(got, o.Value)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %q, not %s", lang, got, want)
		}
	}
}
