package app

import (
	"context"
	"testing"
)

// Whatever the oracle says, the protocol says: values, panics, and who learns them.
func TestLocalIsEval(t *testing.T) {
	const source = `pub fn main(a: i16, b: (bool, u8), c: [u8; 2]) -> (i16, bool, [u8; 2]) {
    (a * 3i16, b.0 && c[0] > b.1, [c[0] + b.1, c[1]])
}
`
	for _, inputs := range [][]string{
		{"-5", "(true, 3)", "[4, 5]"},
		{"20000", "(true, 3)", "[4, 5]"}, // overflow
		{"0", "(false, 250)", "[10, 0]"}, // overflow elsewhere
	} {
		want, wantErr := Eval(garbleSource(source), nil, inputs)
		got, err := Local(t.Context(), LocalConfig{Source: garbleSource(source), Inputs: inputs, Outputs: []int{1, 2}, Evaluator: 2})
		switch {
		case wantErr != nil:
			if err == nil || err.Error() != wantErr.Error() || reasonOf(err) != Panicked {
				t.Errorf("%v: got %v, want %v", inputs, err, wantErr)
			}
		case err != nil:
			t.Errorf("%v: %v", inputs, err)
		case got.Value != want.Value || got.Type != want.Type || got.Party != 1 || !got.Learned:
			t.Errorf("%v: got %+v, want %+v", inputs, got, want)
		}
	}
}

func TestLocalInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Local(ctx, LocalConfig{Source: garbleSource(addTwo), Inputs: []string{"1", "2"}})
	if reasonOf(err) != Interrupted {
		t.Errorf("got %v", err)
	}
}

// A party without an input is not asked for one.
func TestNoInputToGive(t *testing.T) {
	got, err := Local(t.Context(), LocalConfig{Source: garbleSource("pub fn main(a: u8, b: ()) -> u8 { a }\n"), Inputs: []string{"7", "()"}})
	if err != nil || got.Value != "7" {
		t.Errorf("got %+v, %v", got, err)
	}
}
