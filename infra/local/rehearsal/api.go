package rehearsal

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"postern/infra/local/engine"
)

// element is an element of an answer in the Query protocol: text, or further
// elements in order.
type element struct {
	XMLName xml.Name
	Text    string    `xml:",chardata"`
	Inside  []element `xml:",any"`
}

func el(name string, inside ...element) element {
	return element{XMLName: xml.Name{Local: name}, Inside: inside}
}

func text(name, value string) element {
	return element{XMLName: xml.Name{Local: name}, Text: value}
}

func when(name string, t time.Time) element { return text(name, t.UTC().Format(time.RFC3339Nano)) }

// members is a list; each element is named member.
func members[T any](name string, all []T, one func(T) []element) element {
	list := el(name)
	for _, v := range all {
		list.Inside = append(list.Inside, el("member", one(v)...))
	}
	return list
}

// answerQuery answers the services that speak the Query protocol.
func (s *server) answerQuery(w *recorder, r *http.Request) string {
	if err := r.ParseForm(); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return "query"
	}
	action := r.PostForm.Get("Action")
	what := action + " " + r.PostForm.Get("StackName")
	result, err := s.action(r.Context(), action, r.PostForm)
	w.Header().Set("Content-Type", "text/xml")
	var refusal *refused
	switch {
	case errors.As(err, &refusal):
		w.note = refusal.Error()
		w.WriteHeader(http.StatusBadRequest)
		writeXML(w, el("ErrorResponse", el("Error", text("Type", "Sender"), text("Code", refusal.Code), text("Message", refusal.Message)), text("RequestId", random(16))))
	case err != nil:
		w.note = err.Error()
		s.unanswered("%s: %v", action, err)
		w.WriteHeader(http.StatusInternalServerError)
		writeXML(w, el("ErrorResponse", el("Error", text("Type", "Receiver"), text("Code", "InternalFailure"), text("Message", err.Error()))))
	default:
		writeXML(w, el(action+"Response", el(action+"Result", result...), el("ResponseMetadata", text("RequestId", random(16)))))
	}
	return what
}

func writeXML(w io.Writer, e element) {
	_, _ = io.WriteString(w, xml.Header)
	_ = xml.NewEncoder(w).Encode(e)
}

func (s *server) action(ctx context.Context, action string, form url.Values) ([]element, error) {
	f := s.formation
	switch action {
	case "GetCallerIdentity":
		return []element{
			text("Arn", "arn:aws:iam::"+s.cloud.account+":user/rehearsal"), text("UserId", "AIDAREHEARSAL"), text("Account", s.cloud.account),
		}, nil
	case "AssumeRole":
		return s.assume(form)
	case "CreateChangeSet":
		return f.createChangeSet(ctx, form)
	case "ListStacks":
		f.mu.Lock()
		defer f.mu.Unlock()
		return []element{members("StackSummaries", f.stacks, (*stack).describe)}, nil
	case "DescribeStacks":
		if form.Get("StackName") == "" {
			f.mu.Lock()
			defer f.mu.Unlock()
			all := slices.DeleteFunc(slices.Clone(f.stacks), func(s *stack) bool { return s.Status == "DELETE_COMPLETE" })
			return []element{members("Stacks", all, (*stack).describe)}, nil
		}
	case "GetTemplateSummary", "ValidateTemplate":
		if form.Get("StackName") == "" {
			body, err := f.body(ctx, form)
			if err != nil {
				return nil, err
			}
			t, err := parseTemplate(body)
			if err != nil {
				return nil, invalid("%v", err)
			}
			return summary(t), nil
		}
	}
	f.mu.Lock()
	name := form.Get("StackName")
	if arn := form.Get("ChangeSetName"); name == "" && strings.HasPrefix(arn, "arn:") {
		for _, s := range f.stacks {
			if slices.ContainsFunc(s.changeSets, func(c *changeSet) bool { return c.ID == arn }) {
				name = s.ID
			}
		}
	}
	st, err := f.find(name)
	f.mu.Unlock()
	if err != nil {
		if action == "DeleteStack" {
			return nil, nil // as AWS answers
		}
		return nil, err
	}
	return f.onStack(action, st, form)
}

// assume takes any role that a stack has made: whether it may be assumed is
// IAM's to judge.
func (s *server) assume(form url.Values) ([]element, error) {
	arn := form.Get("RoleArn")
	name := arn[strings.LastIndex(arn, "/")+1:]
	if !slices.ContainsFunc(s.cloud.of("AWS::IAM::Role"), func(r *resource) bool { return r.Physical == name }) {
		return nil, &refused{"AccessDenied", fmt.Sprintf("User is not authorized to perform: sts:AssumeRole on resource: %s", arn)}
	}
	return []element{
		el("Credentials", text("AccessKeyId", engine.AccessKey), text("SecretAccessKey", engine.SecretKey),
			// Without a session token, which versitygw would refuse.
			when("Expiration", time.Now().Add(time.Hour))),
		el("AssumedRoleUser", text("AssumedRoleId", "AROAREHEARSAL:"+form.Get("RoleSessionName")),
			text("Arn", "arn:aws:sts::"+s.cloud.account+":assumed-role/"+name+"/"+form.Get("RoleSessionName"))),
	}, nil
}

// onStack answers what is asked of one stack.
func (f *formation) onStack(action string, s *stack, form url.Values) ([]element, error) {
	switch action {
	case "DescribeChangeSet", "ExecuteChangeSet", "DeleteChangeSet":
		return f.onChangeSet(action, s, form)
	case "DeleteStack":
		if s.Protected {
			return nil, invalid("Stack [%s] cannot be deleted while TerminationProtection is enabled", s.Name)
		}
		if s.Status == "REVIEW_IN_PROGRESS" {
			f.note(s, nil, "DELETE_COMPLETE", "")
			return nil, nil
		}
		f.drop(s)
		return nil, nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	switch action {
	case "DescribeStacks":
		return []element{el("Stacks", el("member", s.describe()...))}, nil
	case "DescribeStackEvents":
		newest := slices.Clone(s.Events)
		slices.Reverse(newest)
		return []element{members("StackEvents", newest, s.describeEvent)}, nil
	case "DescribeEvents":
		failed := form.Get("Filters.FailedEvents") == "true"
		return []element{members("OperationEvents", nil, func(e event) []element { _ = failed; return nil })}, nil
	case "ListStackResources", "DescribeStackResources", "DescribeStackResource":
		return f.describeResources(action, s, form)
	case "GetTemplate":
		return []element{text("TemplateBody", s.Body)}, nil
	case "GetTemplateSummary":
		t, err := parseTemplate(s.Body)
		if err != nil {
			return nil, invalid("%v", err)
		}
		return summary(t), nil
	case "UpdateTerminationProtection":
		s.Protected = form.Get("EnableTerminationProtection") == "true"
		return []element{text("StackId", s.ID)}, nil
	}
	return nil, errors.New("the rehearsal does not know this operation")
}

func summary(t *template) []element {
	var names []string
	for name := range t.Parameters {
		names = append(names, name)
	}
	slices.Sort(names)
	return []element{members("Parameters", names, func(name string) []element {
		return []element{text("ParameterKey", name), text("DefaultValue", asText(t.Parameters[name].Default)), text("ParameterType", t.Parameters[name].Type)}
	}), text("Description", t.Description)}
}

func (f *formation) describeResources(action string, s *stack, form url.Values) ([]element, error) {
	list, one := "StackResources", func(name string) []element {
		r := s.resources[name]
		return []element{
			text("StackName", s.Name), text("StackId", s.ID), text("LogicalResourceId", name), text("PhysicalResourceId", r.Physical),
			text("ResourceType", r.Type), text("ResourceStatus", r.Status), when("LastUpdatedTimestamp", r.Updated), when("Timestamp", r.Updated),
		}
	}
	var names []string
	for name := range s.resources {
		if wanted := form.Get("LogicalResourceId"); wanted == "" || wanted == name {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	switch action {
	case "ListStackResources":
		list = "StackResourceSummaries"
	case "DescribeStackResource":
		if len(names) != 1 {
			return nil, invalid("Resource %s does not exist for stack %s", form.Get("LogicalResourceId"), s.Name)
		}
		return []element{el("StackResourceDetail", one(names[0])...)}, nil
	}
	return []element{members(list, names, one)}, nil
}

func (s *stack) describe() []element {
	all := []element{
		text("StackId", s.ID), text("StackName", s.Name), text("StackStatus", s.Status), when("CreationTime", s.Created),
		text("EnableTerminationProtection", strconv.FormatBool(s.Protected)), text("DisableRollback", "false"),
		members("Outputs", s.Outputs, func(o outputValue) []element {
			out := []element{text("OutputKey", o.Key), text("OutputValue", o.Value)}
			if o.Description != "" {
				out = append(out, text("Description", o.Description))
			}
			if o.Export != "" {
				out = append(out, text("ExportName", o.Export))
			}
			return out
		}),
		members("Parameters", sortedKeys(s.Parameters), func(name string) []element {
			return []element{text("ParameterKey", name), text("ParameterValue", s.Parameters[name])}
		}),
		members("Tags", s.Tags, describeTag),
		el("Capabilities"),
	}
	for _, c := range s.Capabilities {
		all[len(all)-1].Inside = append(all[len(all)-1].Inside, text("member", c))
	}
	if s.Reason != "" {
		all = append(all, text("StackStatusReason", s.Reason))
	}
	if s.RoleARN != "" {
		all = append(all, text("RoleARN", s.RoleARN))
	}
	if s.Description != "" {
		all = append(all, text("Description", s.Description))
	}
	return all
}

func describeTag(t tag) []element { return []element{text("Key", t.Key), text("Value", t.Value)} }

func (s *stack) describeEvent(e event) []element {
	all := []element{
		text("EventId", e.ID), text("StackId", s.ID), text("StackName", s.Name), text("LogicalResourceId", e.Logical),
		text("PhysicalResourceId", e.Physical), text("ResourceType", e.Type), text("ResourceStatus", e.Status), when("Timestamp", e.Time),
	}
	if e.Reason != "" {
		all = append(all, text("ResourceStatusReason", e.Reason))
	}
	return all
}

func sortedKeys(m map[string]string) []string {
	var names []string
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// body is the template that the call sends, itself or by its place in S3.
func (f *formation) body(ctx context.Context, form url.Values) (string, error) {
	if body := form.Get("TemplateBody"); body != "" {
		if len(body) > 51_200 {
			return "", invalid("1 validation error detected: Value at 'templateBody' failed to satisfy constraint: Member must have length less than or equal to 51200")
		}
		return body, nil
	}
	at, err := url.Parse(form.Get("TemplateURL"))
	if err != nil || form.Get("TemplateURL") == "" {
		return "", invalid("Either Template URL or Template Body must be specified.")
	}
	// https://BUCKET.s3.REGION.amazonaws.com/KEY, or BUCKET first in the path.
	bucket, key := "", strings.TrimPrefix(at.Path, "/")
	if before, _, ok := strings.Cut(at.Host, ".s3."); ok {
		bucket = before
	} else {
		bucket, key, _ = strings.Cut(key, "/")
	}
	content, err := f.cloud.object(ctx, bucket, key)
	if err != nil {
		return "", invalid("S3 error: %v", err)
	}
	return string(content), nil
}

// list reads the fields of the form's list: name.member.1.field and so on.
func list(form url.Values, name string, fields ...string) [][]string {
	var all [][]string
	for i := 1; ; i++ {
		at := fmt.Sprintf("%s.member.%d", name, i)
		var one []string
		present := false
		for _, field := range fields {
			key := at
			if field != "" {
				key += "." + field
			}
			present = present || form.Has(key)
			one = append(one, form.Get(key))
		}
		if !present {
			return all
		}
		all = append(all, one)
	}
}

func (f *formation) createChangeSet(ctx context.Context, form url.Values) ([]element, error) {
	name, kind := form.Get("StackName"), form.Get("ChangeSetType")
	f.mu.Lock()
	s, err := f.find(name)
	f.mu.Unlock()
	body := ""
	if form.Get("UsePreviousTemplate") != "true" {
		var err error
		if body, err = f.body(ctx, form); err != nil {
			return nil, err
		}
	} else if err == nil {
		body = s.Body
	}
	f.mu.Lock()
	switch {
	case err != nil && kind == "CREATE":
		s = &stack{
			ID: fmt.Sprintf("arn:aws:cloudformation:%s:%s:stack/%s/%s", f.cloud.region, f.cloud.account, name, random(32)), Name: name,
			Status: "REVIEW_IN_PROGRESS", Created: time.Now(), resources: map[string]*resource{}, Parameters: map[string]string{},
		}
		f.stacks = append(f.stacks, s)
	case err != nil:
		f.mu.Unlock()
		return nil, err
	case kind == "CREATE" && s.Status != "REVIEW_IN_PROGRESS":
		f.mu.Unlock()
		return nil, &refused{"AlreadyExistsException", fmt.Sprintf("Stack [%s] already exists", name)}
	case kind == "UPDATE" && (strings.HasSuffix(s.Status, "_IN_PROGRESS") || strings.HasSuffix(s.Status, "_FAILED") || s.Status == "ROLLBACK_COMPLETE"):
		f.mu.Unlock()
		return nil, invalid("Stack:%s is in %s state and can not be updated.", s.ID, s.Status)
	}
	f.mu.Unlock()
	cs := &changeSet{
		ID:   fmt.Sprintf("arn:aws:cloudformation:%s:%s:changeSet/%s/%s", f.cloud.region, f.cloud.account, form.Get("ChangeSetName"), random(32)),
		Name: form.Get("ChangeSetName"), Type: kind, Description: form.Get("Description"), Created: time.Now(),
		Body: body, Parameters: map[string]string{}, RoleARN: form.Get("RoleARN"), Status: "CREATE_COMPLETE", Execution: "AVAILABLE",
		Import: form.Get("ImportExistingResources") == "true",
	}
	for _, p := range list(form, "Parameters", "ParameterKey", "ParameterValue", "UsePreviousValue") {
		if p[2] == "true" {
			p[1] = s.Parameters[p[0]]
		}
		cs.Parameters[p[0]] = p[1]
	}
	for _, t := range list(form, "Tags", "Key", "Value") {
		cs.Tags = append(cs.Tags, tag{t[0], t[1]})
	}
	for _, c := range list(form, "Capabilities", "") {
		cs.Capability = append(cs.Capability, c[0])
	}
	err = f.plan(s, cs)
	var refusal *refused
	if errors.As(err, &refusal) {
		return nil, err
	}
	if err != nil {
		cs.Status, cs.Reason, cs.Execution = "FAILED", err.Error(), "UNAVAILABLE"
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	s.changeSets = append(s.changeSets, cs)
	return []element{text("Id", cs.ID), text("StackId", s.ID)}, nil
}

func (f *formation) onChangeSet(action string, s *stack, form url.Values) ([]element, error) {
	f.mu.Lock()
	cs, err := s.changeSet(form.Get("ChangeSetName"))
	if err != nil {
		f.mu.Unlock()
		if action == "DeleteChangeSet" {
			return nil, nil
		}
		return nil, err
	}
	switch action {
	case "DescribeChangeSet":
		defer f.mu.Unlock()
		return cs.describe(s), nil
	case "DeleteChangeSet":
		defer f.mu.Unlock()
		s.changeSets = slices.DeleteFunc(s.changeSets, func(c *changeSet) bool { return c == cs })
		return nil, nil
	}
	if cs.Execution != "AVAILABLE" {
		f.mu.Unlock()
		return nil, &refused{"InvalidChangeSetStatus", fmt.Sprintf("ChangeSet [%s] cannot be executed in its current status of [%s]", cs.ID, cs.Status)}
	}
	cs.Execution = "EXECUTE_COMPLETE"
	s.changeSets = nil // They are of the template before.
	f.mu.Unlock()
	f.execute(s, cs)
	return nil, nil
}

func (cs *changeSet) describe(s *stack) []element {
	all := []element{
		text("ChangeSetName", cs.Name), text("ChangeSetId", cs.ID), text("StackId", s.ID), text("StackName", s.Name),
		text("Status", cs.Status), text("ExecutionStatus", cs.Execution), when("CreationTime", cs.Created),
		members("Changes", cs.Changes, func(c change) []element {
			change := el("ResourceChange", text("Action", c.Action), text("LogicalResourceId", c.Logical), text("ResourceType", c.Type))
			if c.Physical != "" {
				change.Inside = append(change.Inside, text("PhysicalResourceId", c.Physical))
			}
			if c.Replacement != "" {
				change.Inside = append(change.Inside, text("Replacement", c.Replacement))
			}
			return []element{text("Type", "Resource"), change}
		}),
		members("Tags", cs.Tags, describeTag),
		members("Parameters", sortedKeys(cs.Parameters), func(name string) []element {
			return []element{text("ParameterKey", name), text("ParameterValue", cs.Parameters[name])}
		}),
	}
	if cs.Reason != "" {
		all = append(all, text("StatusReason", cs.Reason))
	}
	return all
}
