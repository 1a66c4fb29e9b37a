package rehearsal

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"postern/infra/local/checkout"
	"postern/infra/local/engine"
)

var schemas = sync.OnceValues(func() (*spec, error) {
	root, err := checkout.Root()
	if err != nil {
		return nil, err
	}
	return readSpec(root)
})

// awsTest is a CloudFormation of the test's own, without DynamoDB, S3 or real
// functions.
type awsTest struct {
	*formation
	t     *testing.T
	tries int
}

func newAWS(t *testing.T) *awsTest {
	t.Helper()
	s, err := schemas()
	if err != nil {
		t.Fatal(err)
	}
	c := newCloud()
	c.spec, c.account, c.region = s, account, engine.Region
	return &awsTest{formation: &formation{cloud: c}, t: t}
}

// propose makes a change set and returns it with the stack.
func (a *awsTest) propose(kind, body string, more ...string) (*stack, *changeSet, error) {
	a.t.Helper()
	a.tries++
	form := url.Values{
		"StackName": {"s"}, "ChangeSetName": {fmt.Sprintf("change-%d", a.tries)}, "ChangeSetType": {kind}, "TemplateBody": {body},
	}
	for i := 0; i < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	if _, err := a.createChangeSet(a.t.Context(), form); err != nil {
		return nil, nil, err
	}
	s, err := a.find("s")
	if err != nil {
		a.t.Fatal(err)
	}
	return s, s.changeSets[len(s.changeSets)-1], nil
}

// apply makes a change set and executes it; the stack has to end as told.
func (a *awsTest) apply(kind, body, status string, more ...string) *stack {
	a.t.Helper()
	s, cs, err := a.propose(kind, body, more...)
	if err != nil {
		a.t.Fatal(err)
	}
	if cs.Status != "CREATE_COMPLETE" {
		a.t.Fatalf("the change set is %s: %s", cs.Status, cs.Reason)
	}
	if _, err := a.onStack("ExecuteChangeSet", s, url.Values{"ChangeSetName": {cs.Name}}); err != nil {
		a.t.Fatal(err)
	}
	a.work.Wait()
	if s.Status != status {
		a.t.Fatalf("the stack is %s: %s, want %s", s.Status, s.Reason, status)
	}
	return s
}

func (a *awsTest) delete(s *stack, status string) {
	a.t.Helper()
	if _, err := a.onStack("DeleteStack", s, nil); err != nil {
		a.t.Fatal(err)
	}
	a.work.Wait()
	if s.Status != status {
		a.t.Fatalf("the stack is %s: %s, want %s", s.Status, s.Reason, status)
	}
}

// parameters are those of Systems Manager that are there.
func (a *awsTest) parameters(want string) {
	a.t.Helper()
	if got, _ := json.Marshal(a.cloud.values); string(got) != want {
		a.t.Errorf("there are %s, want %s", got, want)
	}
}

// function is one of the stack's that answers a custom resource's events so.
func (a *awsTest) function(answer func(event map[string]any) map[string]any) *[]map[string]any {
	var seen []map[string]any
	a.cloud.functions["maker"] = &function{close: func() {}, invoke: func(_ context.Context, raw []byte) ([]byte, error) {
		var event map[string]any
		if err := json.Unmarshal(raw, &event); err != nil {
			return nil, err
		}
		seen = append(seen, event)
		said := answer(event)
		if said == nil {
			return nil, nil
		}
		for _, name := range []string{"StackId", "RequestId", "LogicalResourceId"} {
			if _, set := said[name]; !set {
				said[name] = event[name]
			}
		}
		body, err := json.Marshal(said)
		a.cloud.answered(strings.TrimPrefix(asText(event["ResponseURL"]), responsePath), body)
		return nil, err
	}}
	return &seen
}

const made = `"Made": {"Type": "Custom::Made", "Properties": {"ServiceToken": "arn:aws:lambda:r:0:function:maker", "Size": %s}}`

func parameterOf(name, value string, more ...string) string {
	return fmt.Sprintf(`%q: {"Type": "AWS::SSM::Parameter", "Properties": {"Name": "/%s", "Type": "String", "Value": %s}%s}`,
		name, name, value, strings.Join(more, ""))
}

func resources(all ...string) string { return `{"Resources": {` + strings.Join(all, ", ") + `}}` }

const (
	retained       = `, "DeletionPolicy": "Retain"`
	exceptOnCreate = `, "DeletionPolicy": "RetainExceptOnCreate"`
)

func TestStack(t *testing.T) {
	a := newAWS(t)
	body := `{
		"Parameters": {"Number": {"Type": "String", "Default": "1"}},
		"Resources": {
			` + parameterOf("Role", `{"Fn::GetAtt": ["Writer", "Arn"]}`) + `,
			"Writer": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {}}},
			` + parameterOf("Version", `{"Ref": "Number"}`) + `
		},
		"Outputs": {"Role": {"Value": {"Ref": "Writer"}}}
	}`
	s := a.apply("CREATE", body, "CREATE_COMPLETE")
	role := s.Outputs[0].Value
	if !strings.HasPrefix(role, "s-Writer-") || a.cloud.values["/Role"] != "arn:aws:iam::"+account+":role/"+role {
		t.Errorf("%q, %v", role, a.cloud.values)
	}

	_, cs, err := a.propose("UPDATE", body)
	if err != nil || cs.Status != "FAILED" || !strings.Contains(cs.Reason, "didn't contain changes") {
		t.Errorf("the same again: %+v, %v", cs, err)
	}
	s = a.apply("UPDATE", body, "UPDATE_COMPLETE", "Parameters.member.1.ParameterKey", "Number", "Parameters.member.1.ParameterValue", "2")
	if a.cloud.values["/Version"] != "2" || s.Outputs[0].Value != role {
		t.Errorf("another parameter: %v", a.cloud.values)
	}
	s = a.apply("UPDATE", resources(parameterOf("Version", `"3"`)), "UPDATE_COMPLETE")
	a.parameters(`{"/Version":"3"}`)
	a.delete(s, "DELETE_COMPLETE")
	a.parameters(`{}`)
}

// Another name makes another resource, and the old one goes once all is well.
func TestReplacement(t *testing.T) {
	a := newAWS(t)
	a.apply("CREATE", resources(parameterOf("Old", `"1"`)), "CREATE_COMPLETE")
	a.apply("UPDATE", strings.Replace(resources(parameterOf("Old", `"1"`)), `"/Old"`, `"/New"`, 1), "UPDATE_COMPLETE")
	a.parameters(`{"/New":"1"}`)
}

func TestRefusedTemplates(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"type":          {resources(`"X": {"Type": "AWS::Nothing::AtAll"}`), "Unrecognized resource types: [AWS::Nothing::AtAll]"},
		"property":      {resources(`"X": {"Type": "AWS::SQS::Queue", "Properties": {"Colour": "red"}}`), "extraneous key [Colour]"},
		"reference":     {resources(parameterOf("X", `{"Ref": "Nowhere"}`)), "Unresolved resource dependencies [Nowhere]"},
		"circle":        {resources(parameterOf("X", `{"Ref": "Y"}`), parameterOf("Y", `{"Ref": "X"}`)), "Circular dependency between resources: [X, Y]"},
		"name twice":    {resources(parameterOf("X", `"1"`), strings.Replace(parameterOf("X", `"1"`), `"X"`, `"Y"`, 1)), "X and Y are both AWS::SSM::Parameter /X"},
		"no parameters": {`{"Parameters": {"P": {"Type": "String"}}, "Resources": {` + parameterOf("X", `{"Ref": "P"}`) + `}}`, "Parameters: [P] must have values"},
		"bootstrap":     {`{"Parameters": {"P": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/absent"}}, "Resources": {` + parameterOf("X", `"1"`) + `}}`, "Unable to fetch parameters [/absent]"},
		"rule": {`{"Rules": {"R": {"Assertions": [{"Assert": {"Fn::Equals": [1, 2]}, "AssertDescription": "no"}]}}, "Resources": {` + parameterOf("X", `"1"`) + `}}`,
			"Rule [R]: no"},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAWS(t)
			if _, cs, err := a.propose("CREATE", c.body); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%+v, %v, want an error with %q", cs, err, c.want)
			}
		})
	}
}

// What is found out only while resources are made rolls all of them back.
func TestRollback(t *testing.T) {
	for name, c := range map[string]struct{ bad, want string }{
		"attribute": {`"Z": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Fn::GetAtt": ["A", "Colour"]}}}`, "Requested attribute Colour does not exist in schema for AWS::SSM::Parameter"},
		"required":  {`"Z": {"Type": "AWS::IAM::Role"}`, "required key [AssumeRolePolicyDocument] not found"},
		"kind":      {`"Z": {"Type": "AWS::SQS::Queue", "Properties": {"DelaySeconds": "soon"}}`, "#/DelaySeconds: expected integer"},
		"nested":    {`"Z": {"Type": "AWS::S3::Bucket", "Properties": {"CorsConfiguration": {"CorsRules": [{"Colour": 1}]}}}`, "#/CorsConfiguration/CorsRules/0: extraneous key [Colour]"},
		"secret":    {`"Z": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "{{resolve:secretsmanager:absent}}"}}`, "can't find the specified secret"},
		"function":  {fmt.Sprintf(made, "1"), "no function runs here by this name: maker"},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAWS(t)
			s := a.apply("CREATE", resources(parameterOf("A", `"1"`), parameterOf("Kept", `"1"`, retained), parameterOf("Gone", `"1"`, exceptOnCreate), c.bad), "ROLLBACK_COMPLETE")
			a.parameters(`{"/Kept":"1"}`)
			if i := slices.IndexFunc(s.Events, func(e event) bool { return e.Status == "CREATE_FAILED" && strings.Contains(e.Reason, c.want) }); i < 0 {
				t.Errorf("no event says %q: %+v", c.want, s.Events)
			}
			if _, _, err := a.propose("UPDATE", resources(parameterOf("A", `"1"`))); err == nil || !strings.Contains(err.Error(), "can not be updated") {
				t.Errorf("updated after that: %v", err)
			}
		})
	}
}

func TestUpdateRollback(t *testing.T) {
	a := newAWS(t)
	a.apply("CREATE", resources(parameterOf("A", `"1"`), parameterOf("B", `"1"`)), "CREATE_COMPLETE")
	s := a.apply("UPDATE", resources(parameterOf("A", `"2"`), parameterOf("C", `"2"`), `"Z": {"Type": "AWS::IAM::Role"}`), "UPDATE_ROLLBACK_COMPLETE")
	a.parameters(`{"/A":"1","/B":"1"}`)
	if len(s.resources) != 2 {
		t.Errorf("the stack has %v", s.resources)
	}
	a.apply("UPDATE", resources(parameterOf("A", `"3"`)), "UPDATE_COMPLETE")
	a.parameters(`{"/A":"3"}`)
}

// What a deleted stack leaves is in the way of the next, unless that takes it over.
func TestRetained(t *testing.T) {
	a := newAWS(t)
	body := resources(parameterOf("A", `"1"`), parameterOf("Kept", `"1"`, exceptOnCreate))
	a.delete(a.apply("CREATE", body, "CREATE_COMPLETE"), "DELETE_COMPLETE")
	a.parameters(`{"/Kept":"1"}`)
	if len(a.cloud.retained) != 1 {
		t.Errorf("retained: %v", a.cloud.retained)
	}

	s, cs, err := a.propose("CREATE", body)
	if err != nil || cs.Status != "FAILED" || !strings.Contains(cs.Reason, "Kept (AWS::SSM::Parameter /Kept already exists)") {
		t.Fatalf("%+v, %v", cs, err)
	}
	if _, err := a.onStack("ExecuteChangeSet", s, url.Values{"ChangeSetName": {cs.Name}}); err == nil {
		t.Error("a failed change set was executed")
	}
	a.delete(s, "DELETE_COMPLETE")
	s = a.apply("CREATE", body, "CREATE_COMPLETE", "ImportExistingResources", "true")
	a.parameters(`{"/A":"1","/Kept":"1"}`)
	if s.resources["Kept"].Status != "IMPORT_COMPLETE" || len(a.cloud.retained) != 0 {
		t.Errorf("%+v, retained %v", s.resources["Kept"], a.cloud.retained)
	}
}

func TestCustomResource(t *testing.T) {
	a := newAWS(t)
	physical := "one"
	seen := a.function(func(map[string]any) map[string]any {
		return map[string]any{"Status": "SUCCESS", "PhysicalResourceId": physical, "Data": map[string]any{"URL": "https://x"}}
	})
	s := a.apply("CREATE", resources(fmt.Sprintf(made, "1"), parameterOf("A", `{"Fn::GetAtt": ["Made", "URL"]}`), parameterOf("B", `{"Ref": "Made"}`)), "CREATE_COMPLETE")
	a.parameters(`{"/A":"https://x","/B":"one"}`)
	physical = "two"
	a.apply("UPDATE", resources(fmt.Sprintf(made, "true")), "UPDATE_COMPLETE")
	a.delete(s, "DELETE_COMPLETE")

	var told []string
	for _, e := range *seen {
		old, _ := e["OldResourceProperties"].(map[string]any)
		told = append(told, fmt.Sprint(e["RequestType"], " ", e["PhysicalResourceId"], " ", e["ResourceProperties"].(map[string]any)["Size"], " ", old["Size"]))
	}
	// CloudFormation makes text of what is a number or a boolean.
	want := []string{"Create <nil> 1 <nil>", "Update one true 1", "Delete one 1 <nil>", "Delete two true <nil>"}
	if !slices.Equal(told, want) {
		t.Errorf("it was told %q, want %q", told, want)
	}
}

func TestCustomResourceFails(t *testing.T) {
	for name, c := range map[string]struct {
		answer map[string]any
		want   string
	}{
		"says so":        {map[string]any{"Status": "FAILED", "Reason": "no table", "PhysicalResourceId": "x"}, "Message returned: no table"},
		"says nothing":   {nil, "it ended without an answer"},
		"no status":      {map[string]any{"PhysicalResourceId": "x"}, "Invalid Status"},
		"no id":          {map[string]any{"Status": "SUCCESS"}, "Invalid PhysicalResourceId"},
		"another's":      {map[string]any{"Status": "SUCCESS", "PhysicalResourceId": "x", "RequestId": "other"}, "does not repeat"},
		"lacks the data": {map[string]any{"Status": "SUCCESS", "PhysicalResourceId": "x"}, "Vendor response doesn't contain URL attribute"},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAWS(t)
			a.function(func(event map[string]any) map[string]any {
				if event["RequestType"] == "Delete" {
					return map[string]any{"Status": "SUCCESS", "PhysicalResourceId": event["PhysicalResourceId"]}
				}
				return c.answer
			})
			s := a.apply("CREATE", resources(parameterOf("A", `"1"`), fmt.Sprintf(made, "1"), parameterOf("Z", `{"Fn::GetAtt": ["Made", "URL"]}`)), "ROLLBACK_COMPLETE")
			if !strings.Contains(s.Events[slices.IndexFunc(s.Events, func(e event) bool { return e.Status == "ROLLBACK_IN_PROGRESS" })].Reason, c.want) {
				t.Errorf("no event says %q: %+v", c.want, s.Events)
			}
			a.parameters(`{}`)
		})
	}
}

func TestGeneratedSecret(t *testing.T) {
	r := &resource{Properties: map[string]any{"GenerateSecretString": map[string]any{
		"SecretStringTemplate": `{"user":"u"}`, "GenerateStringKey": "password", "PasswordLength": 40.0,
		"ExcludePunctuation": true, "ExcludeUppercase": true, "ExcludeNumbers": true, "ExcludeCharacters": "abcdefghijklmnopqrstuvw",
	}}}
	value, err := r.secretValue()
	var got struct{ User, Password string }
	if err != nil || json.Unmarshal([]byte(value), &got) != nil || got.User != "u" || len(got.Password) != 40 || strings.Trim(got.Password, "xyz") != "" {
		t.Errorf("%q, %v", value, err)
	}
	r.Properties["GenerateSecretString"].(map[string]any)["ExcludeLowercase"] = true
	if value, err := r.secretValue(); err == nil {
		t.Errorf("made of nothing: %q", value)
	}
}

func TestPermission(t *testing.T) {
	c := newCloud()
	c.account, c.region = account, engine.Region
	const function = "arn:aws:lambda:eu-central-1:000000000000:function:home"
	permit := func(properties map[string]any) {
		c.living = []*resource{{Type: "AWS::Lambda::Permission", Properties: properties}}
	}
	arn := "arn:aws:execute-api:eu-central-1:000000000000:api/"
	for _, p := range []struct {
		name, principal, source, key string
		ok                           bool
	}{
		{function, "apigateway.amazonaws.com", arn + "*/*/*", "GET /{portal}", true},
		{"home", "apigateway.amazonaws.com", arn + "*/*/*", "GET /", true},
		{function, "apigateway.amazonaws.com", arn + "*/*/*", "$default", false},
		{function, "apigateway.amazonaws.com", arn + "*/$default", "$default", true},
		{function, "events.amazonaws.com", arn + "*", "GET /", false},
		{"inbox", "apigateway.amazonaws.com", arn + "*", "GET /", false},
		{function, "apigateway.amazonaws.com", strings.Replace(arn, ":api/", ":other/", 1) + "*", "GET /", false},
	} {
		permit(map[string]any{"FunctionName": p.name, "Principal": p.principal, "SourceArn": p.source, "Action": "lambda:InvokeFunction"})
		if err := c.permitted(function, "api", p.key); (err == nil) != p.ok {
			t.Errorf("%+v: %v", p, err)
		}
	}
}
