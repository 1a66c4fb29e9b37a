package main

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Every alarm tells the topic, both ways, and has its heading in RUNBOOKS.md.
func testAlarms(t *testing.T, tmpl template) {
	runbooks, err := os.ReadFile("RUNBOOKS.md")
	if err != nil {
		t.Fatal(err)
	}
	topic := "${" + single(t, tmpl, "AWS::SNS::Topic") + "}"
	heading := regexp.MustCompile(`See “(.+)” in infra/RUNBOOKS\.md\.$`)
	var got []string
	for _, a := range only[struct {
		AlarmName, AlarmDescription string
		AlarmActions, OKActions     []any
		TreatMissingData            string
		Threshold                   float64
		EvaluationPeriods           int
		Metrics                     []struct{ MetricStat struct{ Period int } }
	}](t, tmpl, "AWS::CloudWatch::Alarm") {
		got = append(got, fmt.Sprintf("%s %g %d", strings.TrimPrefix(a.AlarmName, "postern-"), a.Threshold, a.EvaluationPeriods))
		if !slices.Equal(texts(a.AlarmActions), []string{topic}) || !slices.Equal(texts(a.OKActions), []string{topic}) || a.TreatMissingData != "notBreaching" {
			t.Errorf("%s: %+v", a.AlarmName, a)
		}
		if len(a.Metrics) > 11 { // ten, and the expression of them
			t.Errorf("%s is made of %d metrics", a.AlarmName, len(a.Metrics))
		}
		h := heading.FindStringSubmatch(a.AlarmDescription)
		if h == nil || !strings.Contains(string(runbooks), "\n### "+h[1]+"\n") {
			t.Errorf("RUNBOOKS.md has no heading for: %s", a.AlarmDescription)
		}
	}
	want := []string{
		"bounced-mails 0.05 1", "dead-letters 1 1", "errors 1 2", "slow-answers 3000 3",
		"throttled-functions 1 1", "throttled-tables 10 2", "unwanted-mails 0.001 1",
	}
	for _, function := range consumers() {
		want = append(want, "late-"+function+" 300000 1")
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("alarms %q, want %q", got, want)
	}
	for _, p := range only[struct{ PolicyDocument document }](t, tmpl, "AWS::SNS::TopicPolicy") {
		var allows, denies []string
		for _, s := range p.PolicyDocument.Statement {
			line := fmt.Sprint(s.Principal, " ", text(s.Action), " ", s.Condition)
			if s.Effect == "Deny" {
				denies = append(denies, line)
			} else {
				allows = append(allows, line)
			}
		}
		if !slices.Equal(denies, []string{"* sns:Publish map[Bool:map[aws:SecureTransport:false]]"}) ||
			!slices.Equal(allows, []string{"map[Service:cloudwatch.amazonaws.com] sns:Publish map[StringEquals:map[aws:SourceAccount:map[Ref:AWS::AccountId]]]"}) {
			t.Errorf("the topic allows %q and denies %q", allows, denies)
		}
	}
}

func TestAlarmMail(t *testing.T) {
	tmpl := synthesise(t, map[string]any{"alarmMail": "ops@example.com"})
	for _, s := range only[struct {
		Protocol, Endpoint string
		TopicArn           any
	}](t, tmpl, "AWS::SNS::Subscription") {
		if s.Protocol != "email" || s.Endpoint != "ops@example.com" || text(s.TopicArn) != "${"+single(t, tmpl, "AWS::SNS::Topic")+"}" {
			t.Errorf("%+v", s)
		}
		return
	}
	t.Error("nobody is told")
}

// The dashboard shows what the runbooks name, and is JSON once CloudFormation has
// put in what it knows.
func testDashboard(t *testing.T, tmpl template) {
	for _, d := range only[struct {
		DashboardName string
		DashboardBody any
	}](t, tmpl, "AWS::CloudWatch::Dashboard") {
		var body struct {
			Widgets []struct {
				Type       string
				Properties struct{ Title string }
			}
		}
		if err := json.Unmarshal([]byte(text(d.DashboardBody)), &body); err != nil {
			t.Fatal(err)
		}
		var titles []string
		for _, w := range body.Widgets {
			titles = append(titles, w.Properties.Title)
		}
		if d.DashboardName != "postern" || len(titles) != 13 || slices.Contains(titles, "") {
			t.Errorf("%s shows %q", d.DashboardName, titles)
		}
	}
}
