package probe

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
)

// On is the file in the folder of [Profile] that turns profiles on: it holds the name of
// the one that is to be taken.
const On = "on"

// Profile has a profile of the processor taken from the end of the invocation in which
// the file On is found in the folder until the end of the one in which it is gone, or has
// another name. It is in the folder by then, as the name, a dash, the function and ".pprof".
func Profile(dir string) { watched.profile.dir = dir }

type profiler struct {
	dir  string
	to   string // where the profile that is taken goes; "" is none
	data bytes.Buffer
}

// look starts and ends profiles.
func (p *profiler) look(function string) {
	if p.dir == "" {
		return
	}
	to := ""
	if name, err := os.ReadFile(filepath.Join(p.dir, On)); err == nil {
		to = filepath.Join(p.dir, fmt.Sprintf("%s-%s.pprof", name, function))
	}
	if to == p.to {
		return
	}
	if p.to != "" {
		pprof.StopCPUProfile()
		_ = os.WriteFile(p.to, p.data.Bytes(), 0o600) // who waits for it says that it is missing
	}
	if p.to = to; to == "" {
		return
	}
	p.data.Reset()
	// More often than usual: what is measured is short. Starting a profile then says on
	// standard error that the rate is set already.
	runtime.SetCPUProfileRate(hertz)
	if pprof.StartCPUProfile(&p.data) != nil {
		p.to = ""
	}
}

const hertz = 500
