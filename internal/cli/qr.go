package cli

import (
	"strings"

	"rsc.io/qr"
)

// drawQR draws a word as a QR code of half blocks, dark on light whatever the terminal's colours, with its quiet zone. Tickets
// are case-insensitive, and capitals make smaller codes.
func drawQR(word string) []string {
	code, err := qr.Encode(strings.ToUpper(word), qr.L)
	if err != nil {
		return []string{"too long for a QR code"}
	}
	const quiet = 4
	var lines []string
	for y := -quiet; y < code.Size+quiet; y += 2 {
		var b strings.Builder
		b.WriteString("\x1b[30;107m")
		for x := -quiet; x < code.Size+quiet; x++ {
			top, bottom := code.Black(x, y), code.Black(x, y+1)
			switch {
			case top && bottom:
				b.WriteRune('█')
			case top:
				b.WriteRune('▀')
			case bottom:
				b.WriteRune('▄')
			default:
				b.WriteRune(' ')
			}
		}
		b.WriteString("\x1b[0m")
		lines = append(lines, b.String())
	}
	return lines
}
