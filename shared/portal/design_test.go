package portal

import (
	"strings"
	"testing"
)

func TestImageNames(t *testing.T) {
	i := NewImage("png", []byte("abc"))
	if i.Name != "ba7816bf8f01cfea414140de5dae2223.png" {
		t.Errorf("name %s", i.Name)
	}
	file := ImageFile("support001", i.Name)
	if id, name, ok := FileImage(file); !ok || id != "support001" || name != i.Name {
		t.Errorf("%s is %s of %s, %v", file, name, id, ok)
	}
	if ImageFile("support001", "") != "" {
		t.Error("no image has an address")
	}
	for _, bad := range []string{"", "image-", "image-support001-", "image-support001-" + i.Name + "x", "image-SUPPORT01-" + i.Name, "image-a-" + i.Name,
		"image-support001-" + strings.TrimSuffix(i.Name, "png") + "gif", "theme-support001-" + i.Name, "image-support001-x-" + i.Name, i.Name} {
		if _, _, ok := FileImage(bad); ok {
			t.Errorf("%q is an image", bad)
		}
	}
}
