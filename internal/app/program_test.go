package app

import (
	"errors"
	"os"
	"testing"
)

// TestEndlessProgram reads a file that has no size and no end.
func TestEndlessProgram(t *testing.T) {
	const endless = "/dev/zero"
	if _, err := os.Stat(endless); err != nil {
		t.Skipf("no endless file here: %v", err)
	}
	_, err := ReadSource(endless, "")
	if e := (*Error)(nil); !errors.As(err, &e) || e.Reason != NoProgram || e.Hint == "" {
		t.Errorf("got %v", err)
	}
}
