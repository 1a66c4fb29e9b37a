package functiontest

import (
	"fmt"
	"net/http"
	"testing"
)

// Faults answers a fixture again and again, each time with another of the
// requests to AWS failing, in each way that there is. The answer must then be
// 503, or 500 where the mistake is ours, unless the function can do without, and
// answers with no error: spared tells which request that is, by its place (from
// 0) and what it is.
//
// The handler is a new one each time, so that it reads the portal's settings
// first. Where alone is set, so is the portal: the fixture writes. after may
// say what must hold then; the network works again.
func Faults(t *testing.T, alone bool, fixture string, spared func(n int, c Call) bool, after func(t *testing.T, p *Portal, a Answer, f Fault)) {
	p := New(t)
	healthy := p.Fixture(t, fixture)
	if healthy.Status >= 400 {
		t.Fatalf("%s: %d %s", fixture, healthy.Status, healthy.Body)
	}
	calls := p.Network.Calls()
	if len(calls) == 0 {
		t.Fatalf("%s asks for nothing", fixture)
	}
	for n, call := range calls {
		name := fmt.Sprintf("%s/%d-%s", fixture, n, call.Operation)
		fine := spared != nil && spared(n, call)
		t.Run(name, func(t *testing.T) {
			p := p
			if alone {
				t.Parallel()
				p = New(t)
			}
			// The one that is carried out comes last: the others change nothing.
			for _, fault := range []Fault{Throttled, Unreachable, Denied, Lost} {
				t.Run(fault.String(), func(t *testing.T) {
					p := p
					if alone && fine {
						p = New(t)
					}
					fail(t, p, fixture, n, call, fault, fine, after)
				})
			}
		})
	}
}

// fail answers the fixture while the n-th request to AWS fails.
func fail(t *testing.T, p *Portal, fixture string, n int, call Call, fault Fault, fine bool, after func(*testing.T, *Portal, Answer, Fault)) {
	t.Helper()
	p.Restart(t)
	p.Network.Break(func(i int, _ Call) Fault {
		if i == n {
			return fault
		}
		return None
	})
	a := p.Fixture(t, fixture)
	if got := p.Network.Calls(); len(got) <= n || got[n] != call {
		t.Fatalf("request %d was to be %v of %v; the answer is %d: %v", n, call, got, a.Status, a.Log["error"])
	}
	p.Network.Repair()
	want := http.StatusServiceUnavailable
	if fault == Denied {
		want = http.StatusInternalServerError
	}
	if fine && a.Status >= 400 || !fine && a.Status != want {
		t.Errorf("%d, not %d: %s\n%v", a.Status, want, a.Body, a.Log["error"])
	}
	if a.Log["error"] == nil {
		t.Error("the log does not say what failed")
	}
	if after != nil {
		after(t, p, a, fault)
	}
}

func (f Fault) String() string {
	return [...]string{"none", "throttled", "unreachable", "lost", "denied"}[f]
}
