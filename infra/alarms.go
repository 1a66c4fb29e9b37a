package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatchactions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssnssubscriptions"
	"github.com/aws/aws-cdk-go/awscdk/v2/interfaces/interfacesawscloudwatch"
	"github.com/aws/jsii-runtime-go"

	"postern/shared/dynamo/schema"
	"postern/shared/routes"
)

// alarm is what somebody should look at. Its name is its heading in RUNBOOKS.md.
type alarm struct {
	name    string // "Errors"
	says    string // what is felt, and by whom
	metric  awscloudwatch.IMetric
	from    float64 // the value that is too much
	periods float64 // of five minutes, one after another
}

func fiveMinutes() awscdk.Duration { return awscdk.Duration_Minutes(jsii.Number(5)) }

// addAlarms watches what a customer would feel, tells the topic, and draws it all
// on one dashboard.
func (s *stack) addAlarms() {
	topic := awssns.NewTopic(s.Stack, jsii.String("Alarms"), &awssns.TopicProps{
		TopicName:  jsii.String(s.name("alarms")),
		EnforceSSL: jsii.Bool(true),
	})
	// A policy of its own, TLS for instance, takes the place of the one that lets
	// alarms of the account publish.
	topic.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Principals: &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(jsii.String("cloudwatch.amazonaws.com"), nil)},
		Actions:    jsii.Strings("sns:Publish"),
		Resources:  &[]*string{topic.TopicArn()},
		Conditions: &map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": s.Account()}},
	}))
	if s.deployment.AlarmMail != "" {
		topic.AddSubscription(awssnssubscriptions.NewEmailSubscription(jsii.String(s.deployment.AlarmMail), nil))
	}
	tell := awscloudwatchactions.NewSnsAction(topic)
	var alarms []interfacesawscloudwatch.IAlarmRef
	for _, a := range s.alarms() {
		it := awscloudwatch.NewAlarm(s.Stack, jsii.String("Alarm-"+strings.ReplaceAll(a.name, " ", "-")), &awscloudwatch.AlarmProps{
			AlarmName:          jsii.String(s.name(strings.ToLower(strings.ReplaceAll(a.name, " ", "-")))),
			AlarmDescription:   jsii.String(fmt.Sprintf("%s See “%s” in infra/RUNBOOKS.md.", a.says, a.name)),
			Metric:             a.metric,
			Threshold:          jsii.Number(a.from),
			ComparisonOperator: awscloudwatch.ComparisonOperator_GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
			EvaluationPeriods:  jsii.Number(a.periods),
			TreatMissingData:   awscloudwatch.TreatMissingData_NOT_BREACHING,
		})
		it.AddAlarmAction(tell)
		it.AddOkAction(tell)
		alarms = append(alarms, it)
	}
	s.addDashboard(alarms)
	s.output("AlarmTopic", "Subscribe to it who should know", topic.TopicArn())
}

func (s *stack) alarms() []alarm {
	all := []alarm{
		{
			name: "Errors", says: "One request in a hundred fails on our side: pages say that something went wrong.",
			metric: expression("IF(errors >= 3, 100 * errors / requests, 0)", "errors, %", map[string]awscloudwatch.IMetric{
				"errors": s.api.MetricServerError(sum()), "requests": s.api.MetricCount(sum()),
			}),
			from: 1, periods: 2,
		}, {
			name: "Slow answers", says: "One answer in a hundred takes three seconds or more.",
			metric: s.latency("p99"), from: 3000, periods: 3,
		}, {
			name: "Throttled functions", says: "Lambda refuses to run functions: this account runs as many at once as it may.",
			metric: metric("AWS/Lambda", "Throttles", "Sum", nil), from: 1, periods: 1,
		}, {
			name: "Throttled tables", says: "DynamoDB refuses requests: answers are late, or say to try again.",
			metric: s.throttles(), from: 10, periods: 2,
		}, {
			name: "Dead letters", says: "Something could not be told by mail, or nobody knows whether it was; or a ticket is not found by what it says, or an export is not made. It waits to be replayed.",
			metric: s.dead.MetricApproximateNumberOfMessagesVisible(&awscloudwatch.MetricOptions{Statistic: jsii.String("Maximum"), Period: fiveMinutes()}),
			from:   1, periods: 1,
		}, {
			name: "Bounced mails", says: "Of the mails of this account, one in twenty is returned: SES stops sending at one in ten.",
			metric: metric("AWS/SES", "Reputation.BounceRate", "Maximum", nil), from: 0.05, periods: 1,
		}, {
			name: "Unwanted mails", says: "One reader in a thousand marks mails as unwanted: SES stops sending at five.",
			metric: metric("AWS/SES", "Reputation.ComplaintRate", "Maximum", nil), from: 0.001, periods: 1,
		},
	}
	for _, function := range consumers() {
		says := "What was written five minutes ago is not told yet."
		switch function {
		case "search-index":
			says = "What was written five minutes ago is not found yet by those who search for it."
		case "export-job":
			says = "A large export that was asked for five minutes ago is not begun yet."
		}
		all = append(all, alarm{
			name: "Late " + function, says: says,
			metric: s.age(function), from: 5 * 60 * 1000, periods: 1,
		})
	}
	return all
}

// consumers returns the functions that streams call, each once.
func consumers() []string {
	var names []string
	for _, stream := range routes.Streams {
		if !slices.Contains(names, stream.Function) {
			names = append(names, stream.Function)
		}
	}
	return names
}

func (s *stack) latency(statistic string) awscloudwatch.IMetric {
	return s.api.MetricLatency(&awscloudwatch.MetricOptions{Statistic: jsii.String(statistic), Period: fiveMinutes(), Label: jsii.String(statistic + ", ms")})
}

// age is how old the oldest record is that the function read from its stream, ms.
func (s *stack) age(function string) awscloudwatch.IMetric {
	return s.functions[function].Metric(jsii.String("IteratorAge"), &awscloudwatch.MetricOptions{Statistic: jsii.String("Maximum"), Period: fiveMinutes()})
}

// throttles adds up what the tables refuse that requests read and write.
func (s *stack) throttles() awscloudwatch.IMetric {
	metrics := map[string]awscloudwatch.IMetric{}
	var names []string
	// An alarm takes ten metrics.
	for _, table := range []string{schema.Tickets, schema.Lists, schema.People, schema.Sessions, schema.Settings} {
		for _, kind := range []string{"Read", "Write"} {
			name := table + kind
			names = append(names, "FILL("+name+", 0)")
			metrics[name] = metric("AWS/DynamoDB", kind+"ThrottleEvents", "Sum", map[string]*string{"TableName": s.tables[table].TableName()})
		}
	}
	return expression(strings.Join(names, " + "), "throttled", metrics)
}

func metric(namespace, name, statistic string, dimensions map[string]*string) awscloudwatch.IMetric {
	props := &awscloudwatch.MetricProps{
		Namespace: jsii.String(namespace), MetricName: jsii.String(name), Statistic: jsii.String(statistic), Period: fiveMinutes(),
	}
	if dimensions != nil {
		props.DimensionsMap = &dimensions
	}
	return awscloudwatch.NewMetric(props)
}

func sum() *awscloudwatch.MetricOptions {
	return &awscloudwatch.MetricOptions{Statistic: jsii.String("Sum"), Period: fiveMinutes()}
}

func expression(text, label string, metrics map[string]awscloudwatch.IMetric) awscloudwatch.IMetric {
	return awscloudwatch.NewMathExpression(&awscloudwatch.MathExpressionProps{
		Expression: jsii.String(text), Label: jsii.String(label), UsingMetrics: &metrics, Period: fiveMinutes(),
	})
}

// addDashboard draws the alarms, and what explains them.
func (s *stack) addDashboard(alarms []interfacesawscloudwatch.IAlarmRef) {
	graph := func(title string, metrics ...awscloudwatch.IMetric) awscloudwatch.IWidget {
		return awscloudwatch.NewGraphWidget(&awscloudwatch.GraphWidgetProps{
			Title: jsii.String(title), Left: &metrics, Width: jsii.Number(8), Height: jsii.Number(6), LiveData: jsii.Bool(true),
		})
	}
	row := func(widgets ...awscloudwatch.IWidget) *[]awscloudwatch.IWidget { return &widgets }
	functions := func(name, statistic string) awscloudwatch.IMetric {
		return expression(fmt.Sprintf(`SEARCH('{AWS/Lambda,FunctionName} MetricName="%s" "%s"', '%s', 300)`, name, s.name(""), statistic), "", nil)
	}
	tables := func(name string) awscloudwatch.IMetric {
		return expression(fmt.Sprintf(`SEARCH('{AWS/DynamoDB,TableName} MetricName="%s" "%s"', 'Sum', 300)`, name, s.name("")), "", nil)
	}
	age := []awscloudwatch.IMetric{}
	for _, function := range consumers() {
		age = append(age, s.age(function))
	}
	awscloudwatch.NewDashboard(s.Stack, jsii.String("Dashboard"), &awscloudwatch.DashboardProps{
		DashboardName: jsii.String(s.deployment.StackName),
		Widgets: &[]*[]awscloudwatch.IWidget{
			row(awscloudwatch.NewAlarmStatusWidget(&awscloudwatch.AlarmStatusWidgetProps{
				Title: jsii.String("What to look at (infra/RUNBOOKS.md)"), Alarms: &alarms, Width: jsii.Number(24), Height: jsii.Number(3),
			})),
			row(graph("Requests", s.api.MetricCount(sum())),
				graph("Errors: theirs (4xx), ours (5xx)", s.api.MetricClientError(sum()), s.api.MetricServerError(sum())),
				graph("Until answered, ms", s.latency("p50"), s.latency("p99"))),
			row(graph("Functions: duration, p99, ms", functions("Duration", "p99")),
				graph("Functions: errors", functions("Errors", "Sum")),
				graph("Functions: at once", functions("ConcurrentExecutions", "Maximum"))),
			row(graph("Tables: read units", tables("ConsumedReadCapacityUnits")),
				graph("Tables: write units", tables("ConsumedWriteCapacityUnits")),
				graph("Tables: throttled", s.throttles())),
			row(graph("Mails of this account", metric("AWS/SES", "Send", "Sum", nil), metric("AWS/SES", "Bounce", "Sum", nil), metric("AWS/SES", "Complaint", "Sum", nil)),
				graph("Behind the stream, ms", age...),
				graph("Dead letters", s.dead.MetricApproximateNumberOfMessagesVisible(&awscloudwatch.MetricOptions{Statistic: jsii.String("Maximum"), Period: fiveMinutes()}))),
		},
	})
}
