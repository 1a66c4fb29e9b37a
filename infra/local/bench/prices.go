package bench

// List prices in us-east-1, on demand, USD without tax and free tier, as they
// stood in 2025 (aws.amazon.com/lambda/pricing, /api-gateway/pricing,
// /dynamodb/pricing/on-demand, /cloudwatch/pricing, /ec2/pricing/on-demand for
// traffic). Nothing fetches them: look them up before relying on a sum.
const (
	lambdaMillion  = 0.20
	lambdaGBSecond = 0.0000133334 // arm64
	httpAPIMillion = 1.00         // up to 300 million a month, 512 KB each
	readMillion    = 0.125        // DynamoDB read request units
	writeMillion   = 0.625
	logGB          = 0.50
	trafficGB      = 0.09
	functionMemory = 0.5 // GB
	logLineBytes   = 500
)

// Price is one item of what a million list views cost.
type Price struct {
	Name string  `json:"name"`
	USD  float64 `json:"usd"`
}

// prices itemises a million views of the company's list, page alone: the
// browser keeps scripts and styles.
func prices(r Report) []Price {
	var list Request
	for _, q := range r.Requests {
		if q.Name == "list, company's" {
			list = q // of the largest company
		}
	}
	// Lambda bills the time of the invocation, in milliseconds; what the gateway
	// here adds is in it, and the way to DynamoDB in AWS is longer: 5 ms a trip.
	ms := list.P50 + 5*float64(list.Trips)
	items := []Price{
		{"API Gateway (HTTP API)", httpAPIMillion},
		{"Lambda, requests", lambdaMillion},
		{"Lambda, time", 1e6 * ms / 1000 * functionMemory * lambdaGBSecond},
		{"DynamoDB, reads", list.Read * readMillion},
		{"DynamoDB, writes", list.Write * writeMillion},
		{"CloudWatch, log", 1e6 * logLineBytes / 1e9 * logGB},
		{"traffic", 1e6 * float64(list.Bytes+1000) / 1e9 * trafficGB},
	}
	sum := 0.0
	for _, p := range items {
		sum += p.USD
	}
	return append(items, Price{"sum", sum})
}
