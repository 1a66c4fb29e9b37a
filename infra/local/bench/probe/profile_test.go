package probe

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// A profile is there once its name is gone, or another takes its place, and not before.
func TestProfile(t *testing.T) {
	dir := t.TempDir()
	p := profiler{dir: dir}
	files := func() (names []string) {
		found, err := filepath.Glob(filepath.Join(dir, "*.pprof"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			data, err := os.ReadFile(f)
			if err != nil || !bytes.HasPrefix(data, []byte{0x1f, 0x8b}) { // gzip, as pprof writes it
				t.Errorf("%s: %d bytes, %v", f, len(data), err)
			}
			names = append(names, filepath.Base(f))
		}
		return names
	}
	on := filepath.Join(dir, On)
	for i, step := range []struct {
		name string
		want []string
	}{
		{"", nil}, {"a", nil}, {"a", nil}, {"b", []string{"a-home.pprof"}}, {"", []string{"a-home.pprof", "b-home.pprof"}}, {"", []string{"a-home.pprof", "b-home.pprof"}},
	} {
		err := os.WriteFile(on, []byte(step.name), 0o600)
		if step.name == "" {
			err = os.Remove(on)
		}
		if err != nil {
			t.Fatal(err)
		}
		p.look("home")
		if got := files(); !slices.Equal(got, step.want) {
			t.Errorf("step %d: %v, want %v", i, got, step.want)
		}
	}
	if err := os.WriteFile(on, []byte("c"), 0o600); err != nil {
		t.Fatal(err)
	}
	(&profiler{}).look("home") // without a folder nothing is looked at
}
