//go:build !linux

package child

import "syscall"

// Elsewhere no signal tells of a parent's death: children notice that their
// standard input or the runtime API is gone.
func dieWithParent(*syscall.SysProcAttr) {}
