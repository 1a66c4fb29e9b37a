package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// formation is CloudFormation: stacks, and change sets that make and change them.
// Resources are created one after the other, each after those that it names.
type formation struct {
	cloud *cloud
	work  sync.WaitGroup // what goes on after the answer

	mu     sync.Mutex
	stacks []*stack
}

type stack struct {
	ID, Name     string
	Status       string
	Reason       string
	Protected    bool
	Created      time.Time
	Updated      time.Time
	Body         string
	Description  string
	Parameters   map[string]string // as given, defaults included
	Tags         []tag
	Capabilities []string
	RoleARN      string
	Outputs      []outputValue
	Events       []event
	order        []string // of resources, as they were created
	resources    map[string]*resource
	changeSets   []*changeSet
}

type tag struct{ Key, Value string }

type outputValue struct{ Key, Value, Description, Export string }

type event struct {
	ID                               string
	Logical, Physical, Type          string
	Status, Reason                   string
	Time                             time.Time
	ClientRequestToken, ChangeSetARN string
}

type changeSet struct {
	ID, Name    string
	Type        string // CREATE or UPDATE
	Status      string
	Reason      string
	Execution   string
	Description string
	Created     time.Time
	Body        string
	Parameters  map[string]string
	Tags        []tag
	Changes     []change
	Capability  []string
	RoleARN     string
	Import      bool // what has the name of a new resource already is taken over

	template *template
}

type change struct {
	Action, Logical, Physical, Type, Replacement string
}

// resource is a resource of a stack.
type resource struct {
	Stack      *stack
	Logical    string
	Type       string
	Physical   string // what Ref gives
	Status     string
	Reason     string
	Updated    time.Time
	Definition definition
	Properties map[string]any // evaluated
	Attributes map[string]any // those that its creation found out
}

// refused is an error of the caller's, in CloudFormation's words.
type refused struct{ Code, Message string }

func (e *refused) Error() string { return e.Code + ": " + e.Message }

func invalid(format string, args ...any) error {
	return &refused{"ValidationError", fmt.Sprintf(format, args...)}
}

// find returns the stack with the name or ID. A deleted one has an ID only.
func (f *formation) find(name string) (*stack, error) {
	for _, s := range f.stacks {
		if s.ID == name || s.Name == name && s.Status != "DELETE_COMPLETE" {
			return s, nil
		}
	}
	return nil, invalid("Stack with id %s does not exist", name)
}

func (s *stack) changeSet(name string) (*changeSet, error) {
	for _, c := range s.changeSets {
		if c.ID == name || c.Name == name {
			return c, nil
		}
	}
	return nil, &refused{"ChangeSetNotFound", fmt.Sprintf("ChangeSet [%s] does not exist", name)}
}

// note records what happens to the stack, or with r to a resource of it.
func (f *formation) note(s *stack, r *resource, status, reason string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	e := event{ID: random(16), Status: status, Reason: reason, Time: now}
	if r == nil {
		s.Status, s.Reason, s.Updated = status, reason, now
		e.Logical, e.Physical, e.Type = s.Name, s.ID, "AWS::CloudFormation::Stack"
	} else {
		r.Status, r.Reason, r.Updated = status, reason, now
		e.Logical, e.Physical, e.Type = r.Logical, r.Physical, r.Type
	}
	s.Events = append(s.Events, e)
}

// scope is what the template's functions see, for the stack's parameters.
func (f *formation) scope(s *stack, t *template, given map[string]string) (*scope, error) {
	c := f.cloud
	in := &scope{
		pseudo: map[string]any{
			"AWS::AccountId": c.account, "AWS::Region": c.region, "AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com",
			"AWS::StackName": s.Name, "AWS::StackId": s.ID, "AWS::NotificationARNs": []any{},
		},
		parameters: map[string]any{},
		mappings:   t.Mappings,
		conditions: t.Conditions,
		dynamic:    c.dynamic,
		imported:   f.imported,
	}
	for name, p := range t.Parameters {
		text, ok := given[name]
		switch {
		case !ok:
			return nil, invalid("Parameters: [%s] must have values", name)
		case len(p.AllowedValues) > 0 && !slices.ContainsFunc(p.AllowedValues, func(v any) bool { return asText(v) == text }):
			return nil, invalid("Parameter '%s' must be one of AllowedValues", name)
		case strings.HasPrefix(p.Type, "AWS::SSM::Parameter::Value<"):
			value, ok := c.parameter(text)
			if !ok {
				return nil, invalid("Unable to fetch parameters [%s] from parameter store for this account.", text)
			}
			in.parameters[name] = value
		case p.Type == "CommaDelimitedList" || strings.HasPrefix(p.Type, "List<"):
			list := []any{}
			for part := range strings.SplitSeq(text, ",") {
				if part != "" {
					list = append(list, strings.TrimSpace(part))
				}
			}
			in.parameters[name] = list
		default:
			in.parameters[name] = text
		}
	}
	if err := in.activate(t); err != nil {
		return nil, invalid("%v", err)
	}
	// Only what is there already has a value.
	existing := func(name string) (*resource, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		if r := s.resources[name]; r != nil && r.Physical != "" {
			return r, nil
		}
		return nil, &pending{name}
	}
	in.ref = func(name string) (any, error) {
		r, err := existing(name)
		if err != nil {
			return nil, err
		}
		return r.Physical, nil
	}
	in.attribute = func(name, attribute string) (any, error) {
		r, err := existing(name)
		if err != nil {
			return nil, err
		}
		return c.attribute(r, attribute)
	}
	return in, nil
}

// pending says that a resource does not exist yet.
type pending struct{ name string }

func (e *pending) Error() string { return "resource " + e.name + " does not exist yet" }

func (f *formation) imported(export string) (any, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range f.stacks {
		for _, o := range s.Outputs {
			if o.Export == export {
				return o.Value, nil
			}
		}
	}
	return nil, saying("No export named %s found.", export)
}

// assert checks the template's rules.
func (in *scope) assert(t *template) error {
	for _, name := range slices.Sorted(maps.Keys(t.Rules)) {
		r := t.Rules[name]
		if r.RuleCondition != nil {
			applies, err := in.truth(r.RuleCondition)
			if err != nil {
				return err
			}
			if !applies {
				continue
			}
		}
		for _, a := range r.Assertions {
			holds, err := in.truth(a.Assert)
			if err != nil {
				return err
			}
			if !holds {
				return invalid("Template validation failed: Rule [%s]: %s", name, a.AssertDescription)
			}
		}
	}
	return nil
}

// plan fills a change set with what it would change, or says why it cannot be.
func (f *formation) plan(s *stack, cs *changeSet) error {
	t, err := parseTemplate(cs.Body)
	if err != nil {
		return invalid("%v", err)
	}
	cs.template = t
	for name, p := range t.Parameters {
		if _, ok := cs.Parameters[name]; !ok && p.Default != nil {
			cs.Parameters[name] = asText(p.Default)
		}
	}
	for name := range cs.Parameters {
		if _, ok := t.Parameters[name]; !ok {
			return invalid("Parameters: [%s] do not exist in the template", name)
		}
	}
	in, err := f.scope(s, t, cs.Parameters)
	if err != nil {
		return err
	}
	if err := in.assert(t); err != nil {
		return err
	}
	names, err := order(t, in)
	if err != nil {
		return invalid("%v", err)
	}
	if err := f.review(t, in, names); err != nil {
		return invalid("%v", err)
	}
	var conflicts []string
	for _, name := range names {
		d, old := t.Resources[name], s.resources[name]
		switch {
		case old == nil:
			add := change{Action: "Add", Logical: name, Type: d.Type}
			if id := f.named(in, d); id != "" && f.cloud.exists(d.Type, id) {
				if add.Action = "Import"; !cs.Import {
					conflicts = append(conflicts, fmt.Sprintf("%s (%s %s already exists)", name, d.Type, id))
				}
			}
			cs.Changes = append(cs.Changes, add)
		case old.Type != d.Type:
			return invalid("Update of resource type is not permitted. The new template modifies resource type of the following resources: [%s]", name)
		case !equal(old.Definition, d) || !maps.Equal(s.Parameters, cs.Parameters) && f.differs(in, old, d):
			cs.Changes = append(cs.Changes, change{Action: "Modify", Logical: name, Physical: old.Physical, Type: d.Type, Replacement: "False"})
		}
	}
	for _, name := range s.order {
		if !in.active[name] {
			cs.Changes = append(cs.Changes, change{Action: "Remove", Logical: name, Physical: s.resources[name].Physical, Type: s.resources[name].Type})
		}
	}
	if len(conflicts) > 0 {
		// CloudFormation checks names since it validates when a change set is made.
		return saying("The following resources cannot be created because their names are taken: %s", strings.Join(conflicts, "; "))
	}
	if len(cs.Changes) == 0 && s.Body == cs.Body && maps.Equal(s.Parameters, cs.Parameters) && slices.Equal(s.Tags, cs.Tags) {
		return saying("The submitted information didn't contain changes. Submit different information to create a change set.")
	}
	return nil
}

// review looks at all that can be known before anything is made: types,
// properties' names, attributes that others ask for, and names used twice.
func (f *formation) review(t *template, in *scope, names []string) error {
	var faults []error
	taken := map[string]string{}
	for _, name := range names {
		d := t.Resources[name]
		kind, err := f.cloud.spec.typeOf(d.Type)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		if kind == nil {
			continue
		}
		for _, p := range slices.Sorted(maps.Keys(d.Properties)) {
			if _, ok := kind.Properties[p]; !ok {
				faults = append(faults, fmt.Errorf("%s: Properties validation failed: extraneous key [%s] is not permitted in %s", name, p, d.Type))
			}
		}
		if id := f.named(in, d); id != "" {
			key := d.Type + " " + id
			if other := taken[key]; other != "" {
				faults = append(faults, fmt.Errorf("%s and %s are both %s", other, name, key))
			}
			taken[key] = name
		}
	}
	return errors.Join(faults...)
}

// named is the name that the definition itself gives the resource, or "".
func (f *formation) named(in *scope, d definition) string {
	property := f.cloud.nameProperty(d.Type)
	raw, ok := d.Properties[property]
	if !ok {
		return ""
	}
	text, err := in.text(property, raw)
	if err != nil {
		return "" // It hangs on a resource to come, so that it is new.
	}
	return text
}

// differs tells whether the definition evaluates to other properties than the
// resource has.
func (f *formation) differs(in *scope, r *resource, d definition) bool {
	properties, err := in.properties(d.Properties)
	return err != nil || !equal(r.Properties, properties)
}

// execute makes or changes the stack. It returns at once.
func (f *formation) execute(s *stack, cs *changeSet) {
	verb := "UPDATE"
	if s.Status == "REVIEW_IN_PROGRESS" {
		verb = "CREATE"
	}
	f.note(s, nil, verb+"_IN_PROGRESS", "User Initiated")
	f.work.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
		defer cancel()
		u := &update{formation: f, stack: s, changes: cs, verb: verb}
		err := u.apply(ctx)
		if err == nil {
			f.note(s, nil, verb+"_COMPLETE", "")
			return
		}
		rollback := "ROLLBACK"
		if verb == "UPDATE" {
			rollback = "UPDATE_ROLLBACK"
		}
		f.note(s, nil, rollback+"_IN_PROGRESS", err.Error())
		if failed := u.undo(ctx); failed != nil {
			f.note(s, nil, rollback+"_FAILED", failed.Error())
			return
		}
		f.note(s, nil, rollback+"_COMPLETE", "")
	})
}

// update is one execution of a change set.
type update struct {
	*formation
	stack   *stack
	changes *changeSet
	verb    string
	undone  []func(context.Context) error // what takes back what was done, last first
	cleanup []func(context.Context)       // what waits for success: deletions
}

func (u *update) apply(ctx context.Context) error {
	s, cs := u.stack, u.changes
	in, err := u.scope(s, cs.template, cs.Parameters)
	if err != nil {
		return err
	}
	names, err := order(cs.template, in)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := u.one(ctx, in, name); err != nil {
			return saying("The following resource(s) failed to %s: [%s]. %w", strings.ToLower(u.verb), name, err)
		}
	}
	outputs, err := u.outputs(in)
	if err != nil {
		return err
	}
	u.mu.Lock()
	gone := slices.DeleteFunc(slices.Clone(s.order), func(name string) bool { return in.active[name] })
	s.Body, s.Parameters, s.Tags, s.Capabilities, s.RoleARN = cs.Body, cs.Parameters, cs.Tags, cs.Capability, cs.RoleARN
	s.Description, s.Outputs, s.order = cs.template.Description, outputs, names
	u.mu.Unlock()
	for _, clean := range u.cleanup {
		clean(ctx)
	}
	slices.Reverse(gone)
	for _, name := range gone {
		u.mu.Lock()
		r := s.resources[name]
		delete(s.resources, name)
		u.mu.Unlock()
		// As in AWS, a deletion that fails now does not bring the update down.
		_ = u.remove(ctx, r, asText(r.Definition.DeletionPolicy))
	}
	return nil
}

// one brings one resource to what the template says.
func (u *update) one(ctx context.Context, in *scope, name string) error {
	d := u.changes.template.Resources[name]
	properties, err := in.properties(d.Properties)
	r := &resource{Stack: u.stack, Logical: name, Type: d.Type, Definition: d, Properties: properties, Attributes: map[string]any{}}
	if err == nil {
		err = u.cloud.spec.check(d.Type, properties)
	}
	if err != nil {
		u.note(u.stack, r, u.verb+"_FAILED", err.Error())
		return err
	}
	u.mu.Lock()
	old := u.stack.resources[name]
	u.mu.Unlock()
	if old == nil && slices.ContainsFunc(u.changes.Changes, func(c change) bool { return c.Logical == name && c.Action == "Import" }) {
		return u.adopt(ctx, r)
	}
	if old == nil {
		return u.create(ctx, r)
	}
	if equal(old.Properties, r.Properties) {
		u.mu.Lock()
		before := old.Definition
		old.Definition = d
		u.mu.Unlock()
		u.undone = append(u.undone, func(context.Context) error {
			u.mu.Lock()
			defer u.mu.Unlock()
			old.Definition = before
			return nil
		})
		return nil
	}
	if kind := u.cloud.spec.resources[d.Type]; kind != nil {
		if changed := kind.replaced(old.Properties, r.Properties); len(changed) > 0 {
			return u.replace(ctx, old, r, changed)
		}
	}
	return u.change(ctx, old, r)
}

func (u *update) create(ctx context.Context, r *resource) error {
	u.note(u.stack, r, "CREATE_IN_PROGRESS", "")
	if err := u.cloud.create(ctx, r); err != nil {
		u.note(u.stack, r, "CREATE_FAILED", err.Error())
		return err
	}
	u.put(r)
	u.note(u.stack, r, "CREATE_COMPLETE", "")
	u.undone = append(u.undone, func(ctx context.Context) error {
		u.mu.Lock()
		delete(u.stack.resources, r.Logical)
		u.mu.Unlock()
		// A resource that is to be retained stays after a failed creation too,
		// unless its policy is RetainExceptOnCreate.
		policy := asText(r.Definition.DeletionPolicy)
		if policy == "RetainExceptOnCreate" {
			policy = "Delete"
		}
		return u.remove(ctx, r, policy)
	})
	return nil
}

// adopt takes over a resource that is there. If the stack comes to nothing, the
// resource is left to itself again.
func (u *update) adopt(ctx context.Context, r *resource) error {
	u.note(u.stack, r, "IMPORT_IN_PROGRESS", "")
	if err := u.cloud.adopt(ctx, r); err != nil {
		u.note(u.stack, r, "IMPORT_FAILED", err.Error())
		return err
	}
	u.put(r)
	u.note(u.stack, r, "IMPORT_COMPLETE", "")
	u.undone = append(u.undone, func(ctx context.Context) error {
		u.mu.Lock()
		delete(u.stack.resources, r.Logical)
		u.mu.Unlock()
		return u.remove(ctx, r, "Retain")
	})
	return nil
}

func (u *update) put(r *resource) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.stack.resources[r.Logical] = r
}

func (u *update) replace(ctx context.Context, old, r *resource, changed []string) error {
	if p := u.cloud.nameProperty(r.Type); p != "" && r.Properties[p] != nil && equal(r.Properties[p], old.Properties[p]) {
		err := saying("CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename %s and update the stack again (changed: %s).",
			asText(r.Properties[p]), strings.Join(changed, ", "))
		u.note(u.stack, r, "UPDATE_FAILED", err.Error())
		return err
	}
	u.undone = append(u.undone, func(context.Context) error { u.put(old); return nil })
	if err := u.create(ctx, r); err != nil {
		return err
	}
	u.cleanup = append(u.cleanup, func(ctx context.Context) {
		_ = u.remove(ctx, old, asText(r.Definition.UpdateReplacePolicy))
	})
	return nil
}

func (u *update) change(ctx context.Context, old, r *resource) error {
	r.Physical = old.Physical
	maps.Copy(r.Attributes, old.Attributes)
	u.note(u.stack, r, "UPDATE_IN_PROGRESS", "")
	if err := u.cloud.update(ctx, old, r); err != nil {
		u.note(u.stack, r, "UPDATE_FAILED", err.Error())
		return err
	}
	u.put(r)
	u.note(u.stack, r, "UPDATE_COMPLETE", "")
	if r.Physical != old.Physical { // a custom resource's function named another
		u.cleanup = append(u.cleanup, func(ctx context.Context) { _ = u.remove(ctx, old, "") })
	}
	u.undone = append(u.undone, func(ctx context.Context) error {
		back := *old
		if err := u.cloud.update(ctx, r, &back); err != nil {
			u.note(u.stack, r, "UPDATE_FAILED", err.Error())
			return err
		}
		u.put(&back)
		u.note(u.stack, &back, "UPDATE_COMPLETE", "")
		return nil
	})
	return nil
}

// remove deletes a resource, or leaves it to itself where the policy says so.
func (f *formation) remove(ctx context.Context, r *resource, policy string) error {
	if policy == "Retain" || policy == "RetainExceptOnCreate" {
		f.note(r.Stack, r, "DELETE_SKIPPED", "")
		f.cloud.retain(r)
		return nil
	}
	f.note(r.Stack, r, "DELETE_IN_PROGRESS", "")
	if err := f.cloud.remove(ctx, r); err != nil {
		f.note(r.Stack, r, "DELETE_FAILED", err.Error())
		return err
	}
	f.note(r.Stack, r, "DELETE_COMPLETE", "")
	return nil
}

func (u *update) undo(ctx context.Context) error {
	var faults []error
	for _, back := range slices.Backward(u.undone) {
		faults = append(faults, back(ctx))
	}
	return errors.Join(faults...)
}

func (u *update) outputs(in *scope) ([]outputValue, error) {
	var all []outputValue
	for _, name := range slices.Sorted(maps.Keys(u.changes.template.Outputs)) {
		o := u.changes.template.Outputs[name]
		holds, err := in.holds(o.Condition)
		if err != nil {
			return nil, err
		}
		if !holds {
			continue
		}
		value, err := in.text("Outputs."+name, o.Value)
		if err != nil {
			return nil, saying("Output %s: %w", name, err)
		}
		out := outputValue{Key: name, Value: value, Description: o.Description}
		if o.Export != nil {
			if out.Export, err = in.text("Export", o.Export.Name); err != nil {
				return nil, err
			}
		}
		all = append(all, out)
	}
	return all, nil
}

// drop deletes a stack. It returns at once.
func (f *formation) drop(s *stack) {
	f.note(s, nil, "DELETE_IN_PROGRESS", "User Initiated")
	f.work.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
		defer cancel()
		var failed []string
		f.mu.Lock()
		names := slices.Clone(s.order)
		f.mu.Unlock()
		for _, name := range slices.Backward(names) {
			f.mu.Lock()
			r := s.resources[name]
			f.mu.Unlock()
			if r == nil || r.Status == "DELETE_COMPLETE" {
				continue
			}
			if err := f.remove(ctx, r, asText(r.Definition.DeletionPolicy)); err != nil {
				failed = append(failed, name)
			}
		}
		if len(failed) > 0 {
			f.note(s, nil, "DELETE_FAILED", fmt.Sprintf("The following resource(s) failed to delete: [%s].", strings.Join(failed, ", ")))
			return
		}
		f.note(s, nil, "DELETE_COMPLETE", "")
	})
}
