package garble_test

import (
	"errors"
	"fmt"

	"github.com/tacit-mpc/tacit/garble"
)

// A program is checked once and compiled for given constants; its circuit is then run by a protocol, or here in the clear.
func Example() {
	const src = `
const LIMIT: u32 = PARTY_0::LIMIT;

pub fn main(alice: u32, bob: u32) -> (u32, bool) {
    let sum = alice + bob;
    (sum, sum <= LIMIT)
}`
	checked, err := garble.Check("sum.gb", src)
	if err != nil {
		fmt.Print(garble.Render(src, err))
		return
	}
	program, err := checked.Compile("", garble.Consts{"PARTY_0": {"LIMIT": "1000"}})
	if err != nil {
		fmt.Print(garble.Render(src, err))
		return
	}
	run := func(inputs ...string) (string, error) {
		var in [][]bool
		for party, text := range inputs {
			bits, err := program.ParseInput(party, text)
			if err != nil {
				return "", err
			}
			in = append(in, bits)
		}
		out, err := program.Circuit.Eval(in)
		if err != nil {
			return "", err
		}
		return program.FormatOutput(out)
	}
	fmt.Println(run("123", "456u32"))

	_, err = run("4294967295", "1")
	var panicked *garble.PanicError
	if errors.As(err, &panicked) {
		fmt.Print(garble.Render(src, err))
	}
	_, err = run("123", "456i16")
	fmt.Println(err)
	// Output:
	// (579, true) <nil>
	// run-time error: the program panicked: overflow
	//  --> sum.gb:5:15
	//   |
	// 5 |     let sum = alice + bob;
	//   |               ^^^^^^^^^^^
	// 1:1: literal error: expected u32, found a number with the suffix i16
}

// Errors have positions, kinds and hints; Render draws them.
func ExampleRender() {
	const src = `pub fn main(count: u8, price: u16) -> u16 {
    let total = cuont as u16 * price;
    total + count
}`
	_, err := garble.Check("total.gb", src)
	fmt.Print(garble.Render(src, err))
	// Output:
	// type error: there is no variable or constant `cuont`
	//  --> total.gb:2:17
	//   |
	// 2 |     let total = cuont as u16 * price;
	//   |                 ^^^^^
	//   hint: did you mean `count`?
}
