// Package child runs the processes that the local stack is made of. None of them
// outlives the process that started it, however that one ends.
package child

import (
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"
)

type start struct {
	cmd  *exec.Cmd
	done chan error
}

// Linux sends the parent-death signal when the thread that forked ends, not the
// process, so that all children are forked from one thread that never ends.
var starts = sync.OnceValue(func() chan<- start {
	c := make(chan start)
	go func() {
		runtime.LockOSThread()
		for s := range c {
			s.done <- s.cmd.Start()
		}
	}()
	return c
})

// Start starts the command in a process group of its own, so that Ctrl-C in a
// terminal reaches the parent alone, which then stops its children in order.
func Start(cmd *exec.Cmd) error {
	attr := &syscall.SysProcAttr{Setpgid: true}
	dieWithParent(attr)
	cmd.SysProcAttr = attr
	done := make(chan error, 1)
	starts() <- start{cmd, done}
	return <-done
}

// Stop asks the command's process group to end and, if exited is not closed
// within the grace, kills it. The caller closes exited once Wait has returned.
// A process held by SIGSTOP is continued, so that it can obey.
func Stop(cmd *exec.Cmd, grace time.Duration, exited <-chan struct{}) {
	Signal(cmd, syscall.SIGTERM)
	Signal(cmd, syscall.SIGCONT)
	t := time.NewTimer(grace)
	defer t.Stop()
	select {
	case <-exited:
		return
	case <-t.C:
	}
	Signal(cmd, syscall.SIGKILL)
	<-exited
}

// Signal sends the signal to the command's process group. Errors are dropped:
// the only one possible is that the group has ended.
func Signal(cmd *exec.Cmd, sig syscall.Signal) {
	_ = syscall.Kill(-cmd.Process.Pid, sig)
}
