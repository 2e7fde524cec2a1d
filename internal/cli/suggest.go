package cli

// closest returns the candidate that needs the fewest edits to become word, if these are few.
func closest(word string, candidates []string) (best string, ok bool) {
	least := 3
	for _, c := range candidates {
		if d := edits(word, c); d < least && d < len(c) {
			best, least, ok = c, d, true
		}
	}
	return best, ok
}

// edits is the number of insertions, deletions, substitutions and swaps of neighbours between two words (optimal string
// alignment).
func edits(a, b string) int {
	if len(a) > 40 {
		return len(a)
	}
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
