package bench

import (
	"testing"
	"time"
)

func TestShares(t *testing.T) {
	s, err := sharesOf([]byte(`File: ticket-list
Type: cpu
Duration: 1s, Total samples = 210ms (21%)
-----------+-------------------------------------------------------
      40ms   runtime.mallocgc
             github.com/aws/smithy-go/encoding/json.(*Value).String
             github.com/aws/aws-sdk-go-v2/service/dynamodb.(*Client).Query
             postern/shared/dynamo.(*Store).query
             main.handler.listTickets
             postern/shared/lambdahttp.(*adapter).Invoke
             github.com/aws/aws-lambda-go/lambda.handleInvoke
-----------+-------------------------------------------------------
      50ms   postern/shared/ui.Button
             main.listPage
             github.com/aws/aws-lambda-go/lambda.handleInvoke
-----------+-------------------------------------------------------
      10ms   encoding/json.Unmarshal
             github.com/aws/aws-lambda-go/lambda.handleInvoke
             main.main
             runtime.main
-----------+-------------------------------------------------------
      60ms   runtime.gcDrain
             runtime.gcBgMarkWorker
-----------+-------------------------------------------------------
      10ms   syscall.Syscall
             net/http.(*persistConn).writeLoop
-----------+-------------------------------------------------------
     1.04s   runtime.ReadMemStats
             postern/infra/local/bench/probe.(*meter).tell
             github.com/aws/aws-lambda-go/lambda.handleInvoke
`))
	if err != nil {
		t.Fatal(err)
	}
	if want := (shares{postern: 50 * time.Millisecond, sdk: 50 * time.Millisecond, lambda: 10 * time.Millisecond, runtime: 60 * time.Millisecond, probe: 1040 * time.Millisecond}); s != want {
		t.Errorf("%+v, want %+v", s, want)
	}
	if !near(s.handler(), 50.0/110) {
		t.Errorf("%g", s.handler())
	}
	if _, err := sharesOf([]byte("-----------+--\n      much   runtime.main\n")); err == nil {
		t.Error("a time that is none")
	}
	if s, err := sharesOf(nil); err != nil || s.handler() != 0 {
		t.Errorf("of nothing %+v, %v", s, err)
	}
}
